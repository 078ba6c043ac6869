//! Replies parsed into a tree.
//!
//! For those who look at what a node says (console, inspector, simulated clients), not for the
//! node's own work. Any RESP2 or RESP3 value is read; since a command is an array of bulk strings,
//! commands are read too.
//!
//! # Invariants
//!
//! * Bytes are scanned once, however many pieces they arrive in; the tree is built when its last
//!   byte is there. What is announced allocates nothing.
//! * Depth, count and length have limits.

use crate::num::double;
use crate::num::parse_i64;
use std::fmt;

/// A reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `+text`
    Simple(Vec<u8>),
    /// `-text`, or `!` with a length.
    Error(Vec<u8>),
    /// `:number`
    Int(i64),
    /// `$` with a length.
    Bulk(Vec<u8>),
    /// `_`, `$-1` or `*-1`.
    Null,
    /// `*` with a count.
    Array(Vec<Value>),
    /// `%` with a count of pairs.
    Map(Vec<(Value, Value)>),
    /// `~` with a count.
    Set(Vec<Value>),
    /// `>` with a count.
    Push(Vec<Value>),
    /// `,number`
    Double(f64),
    /// `#t` or `#f`
    Bool(bool),
    /// `(digits`
    BigNumber(Vec<u8>),
    /// `=` with a length.
    Verbatim {
        /// Three letters, `txt` or `mkd`.
        format: [u8; 3],
        /// The text.
        text: Vec<u8>,
    },
    /// `|` with a count of pairs, about the value that follows them.
    Attributed {
        /// The pairs.
        attributes: Vec<(Value, Value)>,
        /// What they are about.
        value: Box<Value>,
    },
}

impl Value {
    /// The bytes of a string of any kind.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(text) | Self::Bulk(text) | Self::Verbatim { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The elements of an array, set or push message.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Self::Array(values) | Self::Set(values) | Self::Push(values) => Some(values),
            _ => None,
        }
    }

    /// The text of an error.
    pub fn as_error(&self) -> Option<&[u8]> {
        match self {
            Self::Error(text) => Some(text),
            _ => None,
        }
    }
}

/// What bytes may ask of a [`Decoder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Levels of arrays inside arrays.
    pub depth_max: usize,
    /// Values in one reply, the inner ones included.
    pub values_max: u64,
    /// Bytes of one string.
    pub bulk_max: u64,
    /// Bytes of one line.
    pub line_max: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            depth_max: 64,
            values_max: 16 * 1024 * 1024,
            bulk_max: 512 * 1024 * 1024,
            line_max: super::parser::LINE_MAX_BYTES,
        }
    }
}

/// Bytes that are not a reply, or pass a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Offset of the value in question, from the reply's first byte.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not RESP: {} (at byte {} of the reply)", self.what, self.offset)
    }
}

impl std::error::Error for DecodeError {}

/// Decodes what is complete at the start of `buf`, with the default limits, and says how many bytes
/// it took.
///
/// # Errors
/// The bytes are not RESP, or pass a limit.
pub fn decode(buf: &[u8]) -> Result<Option<(Value, usize)>, DecodeError> {
    Decoder::default().decode(buf)
}

/// Finds replies in what a connection received.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    limits: DecodeLimits,
    /// Where to go on scanning: the start of a value.
    at: usize,
    /// Up to where that value's line was scanned.
    scanned: usize,
    /// How many bytes there must be before it is worth going on.
    need: usize,
    /// For each level that was entered, how many values it still has to come.
    left: Vec<u64>,
    values: u64,
}

/// The first line of a value.
enum Head {
    /// All there is.
    Line,
    /// A string of so many bytes, after which comes CRLF.
    Blob(usize),
    /// So many values.
    Aggregate(u64),
    /// Nothing, in the form of a string or array.
    Null,
}

impl Decoder {
    /// A decoder with limits of its own.
    pub fn new(limits: DecodeLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Looks for the reply at the start of `buf`. `None` if it is not complete: call again with the
    /// same bytes and more. Otherwise also how many bytes it took.
    ///
    /// # Errors
    /// The bytes are not RESP, or pass a limit. The decoder is of no further use then.
    pub fn decode(&mut self, buf: &[u8]) -> Result<Option<(Value, usize)>, DecodeError> {
        if !self.scan(buf)? {
            return Ok(None);
        }
        let len = self.at;
        *self = Self::new(self.limits);
        let mut builder = Builder { buf: &buf[..len], at: 0 };
        Ok(Some((builder.value(), len)))
    }

    /// Goes on until the reply is complete (true) or the bytes end (false).
    fn scan(&mut self, buf: &[u8]) -> Result<bool, DecodeError> {
        if buf.len() < self.need {
            return Ok(false);
        }
        loop {
            let Some(line_end) = self.line_end(buf)? else { return Ok(false) };
            let line = &buf[self.at..line_end];
            let after = line_end + 2;
            let next = match head(line, &self.limits).map_err(|what| self.error(what))? {
                Head::Blob(len) => {
                    let end = after + len;
                    if buf.len() < end + 2 {
                        self.need = end + 2;
                        return Ok(false);
                    }
                    if &buf[end..end + 2] != b"\r\n" {
                        return Err(self.error("a string does not end where it said"));
                    }
                    end + 2
                }
                Head::Aggregate(count) => {
                    self.enter(count, line[0])?;
                    after
                }
                Head::Line | Head::Null => after,
            };
            self.at = next;
            self.scanned = next;
            self.need = 0;
            self.values += 1;
            if self.values > self.limits.values_max {
                return Err(self.error("too many values"));
            }
            if self.leave() {
                return Ok(true);
            }
        }
    }

    /// Goes down into an aggregate.
    fn enter(&mut self, count: u64, kind: u8) -> Result<(), DecodeError> {
        if self.left.len() >= self.limits.depth_max {
            return Err(self.error("too many levels"));
        }
        let each = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
        let values = count.saturating_mul(each) + u64::from(kind == b'|');
        if values > self.limits.values_max - self.values.min(self.limits.values_max) {
            return Err(self.error("too many values"));
        }
        // One more for the aggregate itself, which `leave` takes off.
        self.left.push(values + 1);
        Ok(())
    }

    /// A value is complete; so are the levels that it completes. True if that was the last.
    fn leave(&mut self) -> bool {
        while let Some(left) = self.left.last_mut() {
            *left -= 1;
            if *left > 0 {
                return false;
            }
            self.left.pop();
        }
        true
    }

    /// Where the line that begins at `at` ends, before its CRLF.
    fn line_end(&mut self, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        let from = self.scanned.max(self.at);
        let Some(cr) = buf[from..].iter().position(|byte| *byte == b'\r') else {
            self.scanned = buf.len();
            if buf.len() - self.at > self.limits.line_max {
                return Err(self.error("a line without end"));
            }
            return Ok(None);
        };
        self.scanned = from + cr;
        match buf.get(from + cr + 1) {
            None => Ok(None),
            Some(b'\n') if from + cr > self.at => Ok(Some(from + cr)),
            Some(b'\n') => Err(self.error("an empty line")),
            Some(_) => Err(self.error("a line that does not end in CRLF")),
        }
    }

    fn error(&self, what: impl Into<String>) -> DecodeError {
        DecodeError { offset: self.at, what: what.into() }
    }
}

/// What the line says, if it says something.
fn head(line: &[u8], limits: &DecodeLimits) -> Result<Head, String> {
    let (kind, text) = (line[0], &line[1..]);
    let wrong = |what: &str| Err(format!("{what} \"{}\"", text.escape_ascii()));
    match kind {
        b'+' | b'-' => Ok(Head::Line),
        b':' if parse_i64(text).is_none() => wrong("not an integer:"),
        b',' if double::parse(text).is_none() => wrong("not a double:"),
        b'#' if text != b"t" && text != b"f" => wrong("not a boolean:"),
        b'_' if !text.is_empty() => wrong("not a null:"),
        b'(' if !is_big_number(text) => wrong("not a number:"),
        b':' | b',' | b'#' | b'_' | b'(' => Ok(Head::Line),
        b'$' | b'*' if text == b"-1" => Ok(Head::Null),
        b'$' | b'!' | b'=' => match parse_i64(text).map(u64::try_from) {
            Some(Ok(len)) if len > limits.bulk_max => wrong("too long a string:"),
            Some(Ok(len)) if kind == b'=' && len < 4 => wrong("too short a verbatim string:"),
            Some(Ok(len)) => Ok(Head::Blob(len as usize)),
            _ => wrong("not a length:"),
        },
        b'*' | b'%' | b'~' | b'>' | b'|' => match parse_i64(text).map(u64::try_from) {
            Some(Ok(count)) => Ok(Head::Aggregate(count)),
            _ => wrong("not a count:"),
        },
        other => Err(format!("no value begins with '{}'", other.escape_ascii())),
    }
}

fn is_big_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Builds the tree of bytes that were scanned.
struct Builder<'a> {
    buf: &'a [u8],
    at: usize,
}

impl Builder<'_> {
    fn value(&mut self) -> Value {
        let rest = &self.buf[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\r').unwrap_or(rest.len());
        let (kind, text) = (rest[0], &rest[1..len]);
        self.at += len + 2;
        let number = parse_i64(text);
        match kind {
            b'+' => Value::Simple(text.to_vec()),
            b'-' => Value::Error(text.to_vec()),
            b':' => Value::Int(number.unwrap_or(0)),
            b',' => Value::Double(double::parse(text).unwrap_or(f64::NAN)),
            b'#' => Value::Bool(text == b"t"),
            b'(' => Value::BigNumber(text.to_vec()),
            b'$' | b'*' if number == Some(-1) => Value::Null,
            b'_' => Value::Null,
            _ => self.sized(kind, number.unwrap_or(0) as usize),
        }
    }

    /// A value of an announced size, which the scan has found to be there.
    fn sized(&mut self, kind: u8, size: usize) -> Value {
        match kind {
            b'$' => Value::Bulk(self.blob(size)),
            b'!' => Value::Error(self.blob(size)),
            b'=' => {
                let mut text = self.blob(size);
                let format = [text[0], text[1], text[2]];
                text.drain(..4);
                Value::Verbatim { format, text }
            }
            b'%' => Value::Map(self.pairs(size)),
            b'|' => {
                let attributes = self.pairs(size);
                Value::Attributed { attributes, value: Box::new(self.value()) }
            }
            b'~' => Value::Set(self.values(size)),
            b'>' => Value::Push(self.values(size)),
            _ => Value::Array(self.values(size)),
        }
    }

    fn blob(&mut self, len: usize) -> Vec<u8> {
        let blob = self.buf[self.at..self.at + len].to_vec();
        self.at += len + 2;
        blob
    }

    fn values(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.value()).collect()
    }

    fn pairs(&mut self, count: usize) -> Vec<(Value, Value)> {
        (0..count).map(|_| (self.value(), self.value())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Reply;
    use proptest::prelude::*;

    fn one(input: &[u8]) -> Value {
        let (value, len) = decode(input).unwrap().expect("complete");
        assert_eq!(len, input.len());
        value
    }

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.as_bytes().to_vec())
    }

    #[test]
    fn every_kind_of_value() {
        for (input, value) in [
            (&b"+OK\r\n"[..], Value::Simple(b"OK".to_vec())),
            (b"+\r\n", Value::Simple(Vec::new())),
            (b"-ERR no\r\n", Value::Error(b"ERR no".to_vec())),
            (b"!6\r\nERR no\r\n", Value::Error(b"ERR no".to_vec())),
            (b":-7\r\n", Value::Int(-7)),
            (b"$4\r\na\r\nb\r\n", bulk("a\r\nb")),
            (b"$0\r\n\r\n", bulk("")),
            (b"$-1\r\n", Value::Null),
            (b"*-1\r\n", Value::Null),
            (b"_\r\n", Value::Null),
            (b"*0\r\n", Value::Array(vec![])),
            (
                b"*2\r\n*1\r\n:1\r\n$1\r\nx\r\n",
                Value::Array(vec![Value::Array(vec![Value::Int(1)]), bulk("x")]),
            ),
            (
                b"%1\r\n+k\r\n*0\r\n",
                Value::Map(vec![(Value::Simple(b"k".to_vec()), Value::Array(vec![]))]),
            ),
            (b"~1\r\n#t\r\n", Value::Set(vec![Value::Bool(true)])),
            (b">1\r\n#f\r\n", Value::Push(vec![Value::Bool(false)])),
            (b",-inf\r\n", Value::Double(f64::NEG_INFINITY)),
            (b",1.5e+3\r\n", Value::Double(1500.0)),
            (b"(-123456789012345678901\r\n", Value::BigNumber(b"-123456789012345678901".to_vec())),
            (b"=6\r\ntxt:ab\r\n", Value::Verbatim { format: *b"txt", text: b"ab".to_vec() }),
            (
                b"|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n",
                Value::Attributed {
                    attributes: vec![(Value::Simple(b"ttl".to_vec()), Value::Int(3))],
                    value: Box::new(bulk("x")),
                },
            ),
        ] {
            assert_eq!(one(input), value, "{}", input.escape_ascii());
            for len in 0..input.len() {
                assert_eq!(decode(&input[..len]), Ok(None), "{} cut", input.escape_ascii());
            }
        }
    }

    #[test]
    fn what_is_not_resp() {
        for (input, what) in [
            (&b"PING\r\n"[..], "no value begins with 'P'"),
            (b"\r\n", "an empty line"),
            (b":1x\r\n", "not an integer: \"1x\""),
            (b":\r\n", "not an integer: \"\""),
            (b",abc\r\n", "not a double: \"abc\""),
            (b"#x\r\n", "not a boolean: \"x\""),
            (b"_x\r\n", "not a null: \"x\""),
            (b"(1.5\r\n", "not a number: \"1.5\""),
            (b"$-2\r\n", "not a length: \"-2\""),
            (b"$?\r\n", "not a length: \"?\""),
            (b"%-1\r\n", "not a count: \"-1\""),
            (b"=3\r\nabc\r\n", "too short a verbatim string: \"3\""),
            (b"$536870913\r\n", "too long a string: \"536870913\""),
            (b"*9223372036854775807\r\n", "too many values"),
            (b"%9223372036854775807\r\n", "too many values"),
            (b"$1\r\nabc\r\n", "a string does not end where it said"),
            (b"+a\rb\r\n", "a line that does not end in CRLF"),
        ] {
            assert_eq!(decode(input).unwrap_err().what, what);
        }
        let error = decode(b"*2\r\n:1\r\n?\r\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "not RESP: no value begins with '?' (at byte 8 of the reply)"
        );
    }

    #[test]
    fn limits_hold() {
        let deep = b"*1\r\n".repeat(65);
        assert_eq!(decode(&deep).unwrap_err().what, "too many levels");
        assert_eq!(decode(&deep[..64 * 4]), Ok(None));
        let limits = DecodeLimits { values_max: 3, line_max: 8, ..DecodeLimits::default() };
        let what = |input: &[u8]| Decoder::new(limits).decode(input).unwrap_err().what;
        assert_eq!(what(b"*4\r\n"), "too many values");
        assert_eq!(what(b"*2\r\n*1\r\n:1\r\n:2\r\n"), "too many values");
        assert_eq!(what(b"+123456789"), "a line without end");
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = || prop::collection::vec(any::<u8>(), 0..12);
        let line = || "[ -~]{0,12}".prop_map(String::into_bytes);
        let leaf = prop_oneof![
            line().prop_map(Value::Simple),
            line().prop_map(Value::Error),
            any::<i64>().prop_map(Value::Int),
            text().prop_map(Value::Bulk),
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            prop::num::f64::NORMAL.prop_map(Value::Double),
            text().prop_map(|text| Value::Verbatim { format: *b"txt", text }),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            let values = || prop::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                values().prop_map(Value::Array),
                values().prop_map(Value::Set),
                values().prop_map(Value::Push),
                prop::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(Value::Map),
            ]
        })
    }

    fn write(reply: &mut Reply, value: &Value) {
        match value {
            Value::Simple(text) => reply.simple(std::str::from_utf8(text).unwrap()),
            Value::Error(text) => reply.error_bytes(text),
            Value::Int(value) => reply.int(*value),
            Value::Bulk(bytes) => reply.bulk(bytes),
            Value::Null => reply.null(),
            Value::Double(value) => reply.double(*value),
            Value::Bool(value) => reply.bool(*value),
            Value::Verbatim { text, .. } => reply.verbatim("txt", text),
            Value::Array(values) => reply.array(values.len()),
            Value::Set(values) => reply.set(values.len()),
            Value::Push(values) => reply.push(values.len()),
            Value::Map(pairs) => {
                reply.map(pairs.len());
                pairs.iter().for_each(|(key, value)| {
                    write(reply, key);
                    write(reply, value);
                });
            }
            Value::BigNumber(_) | Value::Attributed { .. } => unreachable!("not written by Reply"),
        }
        for value in value.as_slice().unwrap_or_default() {
            write(reply, value);
        }
    }

    proptest! {
        #[test]
        fn what_reply_writes_is_decoded(values in prop::collection::vec(value(), 1..4)) {
            let mut reply = Reply::new();
            reply.set_resp3(true);
            values.iter().for_each(|value| write(&mut reply, value));
            let (mut decoder, mut start, mut found) = (Decoder::default(), 0, Vec::new());
            for end in 0..=reply.bytes().len() {
                if let Some((value, len)) = decoder.decode(&reply.bytes()[start..end]).unwrap() {
                    start += len;
                    prop_assert_eq!(start, end, "a reply is complete with its last byte");
                    found.push(value);
                }
            }
            prop_assert_eq!(found, values);
        }

        #[test]
        fn any_bytes_are_refused_or_decoded(input in prop::collection::vec(prop_oneof![
            Just(b'*'), Just(b'$'), Just(b'%'), Just(b'|'), Just(b'\r'), Just(b'\n'), Just(b'1'),
            Just(b'='), any::<u8>(),
        ], 0..50)) {
            if let Ok(Some((_, len))) = decode(&input) {
                prop_assert!(len <= input.len());
            }
        }
    }
}
