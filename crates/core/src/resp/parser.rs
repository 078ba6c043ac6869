//! The resumable parser of commands.
//!
//! # Invariants
//!
//! * No byte of a bulk is looked at before all of it is there, and none is looked at twice: a
//!   gigabyte that arrives in small pieces costs as much as one that arrives at once.
//! * An announced count or length allocates nothing; memory follows the bytes that arrived.
//! * What is refused, and in which words, is what redis-server 7.0.15 refuses.

use super::reply::Reply;
use super::request::{Range32, encode};
use super::split::split_words;
use crate::num::parse_i64;
use std::fmt;

/// Longest line (inline command, or header of a multibulk or bulk): Redis's
/// `PROTO_INLINE_MAX_SIZE`.
pub const LINE_MAX_BYTES: usize = 64 * 1024;
/// Most arguments of a command: Redis 7.0 takes any positive C `int`.
pub const ARGS_MAX: i64 = i32::MAX as i64;
/// Most arguments of a client that has to authenticate first.
pub const ARGS_MAX_UNAUTHENTICATED: i64 = 10;
/// Longest argument of a client that has to authenticate first.
pub const BULK_MAX_UNAUTHENTICATED: i64 = 16 * 1024;
/// Partial commands keep the ranges found so far; room for more than this is given back.
const PENDING_KEEP: usize = 1024;

/// What a client may announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `proto-max-bulk-len` in bytes. Redis does not apply it to a replica's master.
    pub bulk_max: u64,
    /// Whether the client still has to authenticate.
    pub unauthenticated: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bulk_max: 512 * 1024 * 1024, unauthenticated: false }
    }
}

/// A complete command at the start of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parsed {
    /// Bytes of the buffer that it takes.
    pub consumed: usize,
    /// How many arguments it has, its name included; as many ranges were appended. 0 for an empty
    /// command (`*0`, `*-1`, an empty line), which Redis passes over in silence.
    pub args: usize,
    /// Whether it was typed as a line.
    pub inline: bool,
    /// Whether the buffer's own bytes are not the command's canonical RESP (a line, or a multibulk
    /// whose line ends are not CRLF). The ranges then refer to [`RequestParser::scratch`].
    pub in_scratch: bool,
}

/// What a peer sent is not a command. The connection is closed after the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line without end.
    BigInline,
    /// A line with a quote that is not closed.
    UnbalancedQuotes,
    /// A multibulk header without end.
    BigMultibulkCount,
    /// A bulk header without end.
    BigBulkCount,
    /// The number of arguments is not a number, or too large.
    MultibulkLength,
    /// Too many arguments for a client that has to authenticate.
    UnauthenticatedMultibulkLength,
    /// The length of an argument is not a number, negative, or too large.
    BulkLength,
    /// Too long an argument for a client that has to authenticate.
    UnauthenticatedBulkLength,
    /// An argument does not begin with `$` but with this byte.
    ExpectedDollar(u8),
}

impl ProtocolError {
    /// The error reply.
    pub fn reply(&self, reply: &mut Reply) {
        let mut text = b"ERR Protocol error: ".to_vec();
        match self {
            Self::ExpectedDollar(got) => {
                text.extend_from_slice(b"expected '$', got '");
                text.push(*got);
                text.push(b'\'');
            }
            _ => text.extend_from_slice(self.what().as_bytes()),
        }
        reply.error_bytes(&text);
    }

    fn what(&self) -> &'static str {
        match self {
            Self::BigInline => "too big inline request",
            Self::UnbalancedQuotes => "unbalanced quotes in request",
            Self::BigMultibulkCount => "too big mbulk count string",
            Self::BigBulkCount => "too big bulk count string",
            Self::MultibulkLength => "invalid multibulk length",
            Self::UnauthenticatedMultibulkLength => "unauthenticated multibulk length",
            Self::BulkLength => "invalid bulk length",
            Self::UnauthenticatedBulkLength => "unauthenticated bulk length",
            Self::ExpectedDollar(_) => "expected $ but got something else",
        }
    }
}

/// As in Redis's log, without `Protocol error` in front.
impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}

impl std::error::Error for ProtocolError {}

/// Finds commands in what a connection received.
#[derive(Debug, Clone, Default, Hash)]
pub struct RequestParser {
    /// Arguments still to come; 0 between commands.
    left: u32,
    /// Length of the argument under way, once its header was read.
    bulk: Option<u32>,
    /// Where to go on, from the command's first byte.
    at: usize,
    /// Up to where a line's end was looked for.
    scanned: usize,
    /// A line end was not CRLF.
    odd: bool,
    /// Ranges of a command that is not complete.
    pending: Vec<Range32>,
    scratch: Vec<u8>,
}

impl RequestParser {
    /// A parser at the start of a command.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a command has been begun and is not complete. (A header that is not complete does
    /// not count.)
    pub fn is_inside(&self) -> bool {
        self.left > 0
    }

    /// How many bytes of the command, from its first one, must be there before it can be worth
    /// calling [`RequestParser::parse`] again; 0 if any byte may do.
    pub fn wants(&self) -> usize {
        self.bulk.map_or(0, |bulk| self.at + bulk as usize + 2)
    }

    /// The canonical RESP of the last command with [`Parsed::in_scratch`], to which its ranges
    /// refer.
    pub fn scratch(&self) -> &[u8] {
        &self.scratch
    }

    /// The canonical RESP of a command just found in `buf`: what its ranges refer to, and what can
    /// be propagated.
    pub fn command<'a>(&'a self, buf: &'a [u8], parsed: &Parsed) -> &'a [u8] {
        if parsed.in_scratch { &self.scratch } else { &buf[..parsed.consumed] }
    }

    /// Forgets a command under way.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Looks for the command at the start of `buf`. `None` if it is not complete: call again with
    /// the same bytes and more. The ranges of a complete one are appended to `ranges`, relative to
    /// its first byte; nothing is appended otherwise.
    ///
    /// # Errors
    /// The bytes are not a command, or announce more than `limits` allow. The parser is of no
    /// further use then.
    #[inline]
    pub fn parse(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        ranges: &mut Vec<Range32>,
    ) -> Result<Option<Parsed>, ProtocolError> {
        if self.left > 0 {
            return self.resume(buf, limits, ranges);
        }
        match buf.first() {
            None => Ok(None),
            Some(b'*') => self.multibulk(buf, limits, ranges),
            Some(_) => self.inline(buf, ranges),
        }
    }

    #[inline]
    fn multibulk(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        ranges: &mut Vec<Range32>,
    ) -> Result<Option<Parsed>, ProtocolError> {
        let count = match short_number(buf, 0) {
            Some((count, at)) => {
                self.at = at;
                i64::from(count)
            }
            None => match self.slow_header(buf, ProtocolError::BigMultibulkCount)? {
                None => return Ok(None),
                Some(count) => count.ok_or(ProtocolError::MultibulkLength)?,
            },
        };
        if count > ARGS_MAX {
            return Err(ProtocolError::MultibulkLength);
        }
        if count > ARGS_MAX_UNAUTHENTICATED && limits.unauthenticated {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        if count <= 0 {
            let consumed = self.at;
            self.restart();
            return Ok(Some(Parsed { consumed, args: 0, inline: false, in_scratch: false }));
        }
        self.left = count as u32;
        let before = ranges.len();
        if self.bulks(buf, limits, ranges)? {
            return Ok(Some(self.complete(buf, ranges, before)));
        }
        self.pending.extend(ranges.drain(before..));
        Ok(None)
    }

    #[cold]
    fn resume(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        ranges: &mut Vec<Range32>,
    ) -> Result<Option<Parsed>, ProtocolError> {
        if buf.len() < self.wants() {
            return Ok(None);
        }
        let mut pending = std::mem::take(&mut self.pending);
        let complete = self.bulks(buf, limits, &mut pending);
        self.pending = pending;
        if !complete? {
            return Ok(None);
        }
        let before = ranges.len();
        ranges.append(&mut self.pending);
        self.pending.shrink_to(PENDING_KEEP);
        Ok(Some(self.complete(buf, ranges, before)))
    }

    /// Reads arguments until there is none left (true) or the bytes end (false).
    #[inline]
    fn bulks(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        ranges: &mut Vec<Range32>,
    ) -> Result<bool, ProtocolError> {
        if self.bulk.is_none() {
            self.usual_bulks(buf, limits, ranges);
        }
        while self.left > 0 {
            let len = match self.bulk {
                Some(len) => len as usize,
                None => match self.bulk_header(buf, limits)? {
                    Some(len) => len as usize,
                    None => return Ok(false),
                },
            };
            let end = self.at + len;
            let Some(after) = buf.get(end..end + 2) else {
                self.bulk = Some(len as u32);
                return Ok(false);
            };
            self.odd |= after != b"\r\n";
            ranges.push(Range32 { start: self.at as u32, end: end as u32 });
            self.at = end + 2;
            self.bulk = None;
            self.left -= 1;
        }
        Ok(true)
    }

    /// Reads the arguments that are short, complete and in the usual form, which is nearly all of
    /// them, with its state in registers. What stops it is left to the careful way.
    #[inline]
    fn usual_bulks(&mut self, buf: &[u8], limits: &Limits, ranges: &mut Vec<Range32>) {
        let (mut at, mut left) = (self.at, self.left);
        let len_max = (limits.bulk_max as usize).min(BULK_MAX_UNAUTHENTICATED as usize);
        while left > 0 {
            let Some((len, start)) = usual_length(buf, at) else { break };
            let end = start + len;
            if len > len_max || buf.get(end..end + 2) != Some(b"\r\n") {
                break;
            }
            ranges.push(Range32 { start: start as u32, end: end as u32 });
            at = end + 2;
            left -= 1;
        }
        (self.at, self.left) = (at, left);
    }

    #[inline]
    fn bulk_header(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<u32>, ProtocolError> {
        let start = self.at;
        let len = match short_number(buf, start) {
            Some((len, at)) if buf[start] == b'$' => {
                self.at = at;
                i64::from(len)
            }
            _ => match self.slow_header(buf, ProtocolError::BigBulkCount)? {
                None => return Ok(None),
                Some(_) if buf[start] != b'$' => {
                    return Err(ProtocolError::ExpectedDollar(buf[start]));
                }
                Some(len) => len.ok_or(ProtocolError::BulkLength)?,
            },
        };
        if len < 0 || len as u64 > limits.bulk_max {
            return Err(ProtocolError::BulkLength);
        }
        if len > BULK_MAX_UNAUTHENTICATED && limits.unauthenticated {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        // Ranges have 32 bits.
        if self.at as u64 + len as u64 + 2 > u64::from(u32::MAX) {
            return Err(ProtocolError::BulkLength);
        }
        Ok(Some(len as u32))
    }

    /// A header in any form: its number (`None` inside if it is not one), or `None` if its line
    /// has not ended. As Redis does, it takes CR and whatever byte follows as the line's end.
    #[cold]
    fn slow_header(
        &mut self,
        buf: &[u8],
        too_big: ProtocolError,
    ) -> Result<Option<Option<i64>>, ProtocolError> {
        let from = self.scanned.max(self.at);
        let Some(cr) = buf[from..].iter().position(|byte| *byte == b'\r') else {
            self.scanned = buf.len();
            if buf.len() - self.at > LINE_MAX_BYTES {
                return Err(too_big);
            }
            return Ok(None);
        };
        let cr = from + cr;
        self.scanned = cr;
        let Some(after) = buf.get(cr + 1) else { return Ok(None) };
        self.odd |= *after != b'\n';
        let number = buf.get(self.at + 1..cr).and_then(parse_i64);
        self.at = cr + 2;
        Ok(Some(number))
    }

    fn inline(
        &mut self,
        buf: &[u8],
        ranges: &mut Vec<Range32>,
    ) -> Result<Option<Parsed>, ProtocolError> {
        let Some(lf) = buf[self.scanned..].iter().position(|byte| *byte == b'\n') else {
            self.scanned = buf.len();
            if buf.len() > LINE_MAX_BYTES {
                return Err(ProtocolError::BigInline);
            }
            return Ok(None);
        };
        let lf = self.scanned + lf;
        let line = buf[..lf].strip_suffix(b"\r").unwrap_or(&buf[..lf]);
        let words = split_words(line).ok_or(ProtocolError::UnbalancedQuotes)?;
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        self.restart();
        self.rewrite(&words, ranges);
        let args = words.len();
        Ok(Some(Parsed { consumed: lf + 1, args, inline: true, in_scratch: args > 0 }))
    }

    /// Puts a command's canonical RESP into the scratch buffer and its ranges after the others.
    fn rewrite(&mut self, words: &[&[u8]], ranges: &mut Vec<Range32>) {
        self.scratch.clear();
        if words.is_empty() {
            return;
        }
        encode(&mut self.scratch, words);
        // The ranges follow from the lengths, counted from the end, where no header is variable.
        let (mut end, before) = (self.scratch.len(), ranges.len());
        for word in words.iter().rev() {
            end -= 2;
            let start = end - word.len();
            ranges.push(Range32 { start: start as u32, end: end as u32 });
            end = start - 3 - decimal_digits(word.len());
        }
        ranges[before..].reverse();
    }

    #[inline]
    fn complete(&mut self, buf: &[u8], ranges: &mut Vec<Range32>, before: usize) -> Parsed {
        let consumed = self.at;
        let in_scratch = self.odd;
        self.restart();
        let args = ranges.len() - before;
        if in_scratch {
            let old: Vec<Range32> = ranges.drain(before..).collect();
            let words: Vec<&[u8]> =
                old.iter().map(|range| &buf[range.start as usize..range.end as usize]).collect();
            self.rewrite(&words, ranges);
        }
        Parsed { consumed, args, inline: false, in_scratch }
    }

    #[inline]
    fn restart(&mut self) {
        self.left = 0;
        self.bulk = None;
        self.at = 0;
        self.scanned = 0;
        self.odd = false;
    }
}

/// The number of a header at `at`, and where its line ends, if it is in the usual form: up to nine
/// digits without a leading zero, CR, LF, all there. The first byte is the caller's to check.
#[inline]
fn short_number(buf: &[u8], at: usize) -> Option<(u32, usize)> {
    let tail = buf.get(at + 1..)?;
    let first = tail.first()?.wrapping_sub(b'0');
    if first > 9 {
        return None;
    }
    let mut value = u32::from(first);
    for (index, &byte) in tail.iter().enumerate().skip(1).take(9) {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
            continue;
        }
        let zero_in_front = first == 0 && index > 1;
        let usual = byte == b'\r' && tail.get(index + 1) == Some(&b'\n') && !zero_in_front;
        return usual.then_some((value, at + index + 3));
    }
    None
}

/// The length of a bulk whose header at `at` has one, two or three digits, and where it begins.
#[inline]
fn usual_length(buf: &[u8], at: usize) -> Option<(usize, usize)> {
    let digit = |byte: u8| usize::from(byte.wrapping_sub(b'0'));
    match *buf.get(at..)? {
        [b'$', a @ b'0'..=b'9', b'\r', b'\n', ..] => Some((digit(a), at + 4)),
        [b'$', a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', b'\n', ..] => {
            Some((digit(a) * 10 + digit(b), at + 5))
        }
        [b'$', a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b'\r', b'\n', ..] => {
            Some((digit(a) * 100 + digit(b) * 10 + digit(c), at + 6))
        }
        _ => None,
    }
}

fn decimal_digits(value: usize) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Args;
    use proptest::prelude::*;

    /// The commands in `input`, fed in pieces that end at `cuts`.
    fn commands(
        input: &[u8],
        cuts: &[usize],
        limits: &Limits,
    ) -> (Vec<Vec<Vec<u8>>>, Result<usize, ProtocolError>) {
        let (mut parser, mut start, mut found) = (RequestParser::new(), 0, Vec::new());
        for &end in cuts.iter().chain([&input.len()]) {
            loop {
                let mut ranges = vec![Range32::default()];
                let buf = &input[start..end];
                let parsed = match parser.parse(buf, limits, &mut ranges) {
                    Err(error) => return (found, Err(error)),
                    Ok(None) => {
                        assert_eq!(ranges.len(), 1, "ranges of an incomplete command leaked");
                        break;
                    }
                    Ok(Some(parsed)) => parsed,
                };
                assert_eq!(ranges.len(), 1 + parsed.args);
                let bytes = parser.command(buf, &parsed);
                let args = Args::new(bytes, &ranges[1..]);
                let args: Vec<Vec<u8>> = args.from(0).map(<[u8]>::to_vec).collect();
                if parsed.args > 0 {
                    let mut canonical = Vec::new();
                    encode(&mut canonical, &args.iter().map(Vec::as_slice).collect::<Vec<_>>());
                    assert_eq!(bytes, canonical, "the command's bytes are its canonical RESP");
                    found.push(args);
                }
                start += parsed.consumed;
            }
        }
        (found, Ok(start))
    }

    fn one(input: &[u8]) -> Result<Vec<String>, String> {
        let (found, end) = commands(input, &[], &Limits::default());
        let end = end.map_err(|error| {
            let mut reply = Reply::new();
            error.reply(&mut reply);
            String::from_utf8_lossy(reply.bytes()).trim_end().to_string()
        })?;
        assert_eq!(end, input.len(), "not all was consumed");
        let words = found.concat();
        Ok(words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect())
    }

    #[test]
    fn commands_as_redis_takes_them() {
        // Each was sent to redis-server 7.0.15.
        for (input, words) in [
            (&b"*1\r\n$4\r\nPING\r\n"[..], &["PING"][..]),
            (b"*-5\r\nPING\r\n", &["PING"]),
            (b"*0\r\nPING\r\n", &["PING"]),
            (b"*1\r\n$4\r\nPINGxx", &["PING"]),
            (b"*1\rx$4\rxPINGxxPING\r\n", &["PING", "PING"]),
            (b"ECHO \"a\\x41\\n\\q\"\n", &["ECHO", "aA\nq"]),
            (b"ECHO a\"b c\"\n", &["ECHO", "ab c"]),
            (b"ECHO 'a\\'b'\n", &["ECHO", "a'b"]),
            (b"  \r\n\n\r\nPING\r\n", &["PING"]),
            (b"PING\r\r\n", &["PING"]),
            (b"ECHO \"\"\r\n", &["ECHO", ""]),
            (b"*1\r\n$0\r\n\r\n", &[""]),
            (b"*2\r\n$4\r\nECHO\r\n$10\r\n0123456789\r\n", &["ECHO", "0123456789"]),
        ] {
            assert_eq!(one(input).unwrap(), words, "{:?}", input.escape_ascii().to_string());
        }
    }

    #[test]
    fn errors_are_those_of_redis() {
        // Each was sent to redis-server 7.0.15.
        let long = |prefix: &[u8]| [prefix, &[b'1'; 65_537][..]].concat();
        for (input, text) in [
            (b"*2147483648\r\n".to_vec(), "invalid multibulk length"),
            (b"*9223372036854775808\r\n".to_vec(), "invalid multibulk length"),
            (b"*01\r\n".to_vec(), "invalid multibulk length"),
            (b"*\r\n".to_vec(), "invalid multibulk length"),
            (b"*+1\r\n".to_vec(), "invalid multibulk length"),
            (b"*-0\r\n".to_vec(), "invalid multibulk length"),
            (b"* 1\r\n".to_vec(), "invalid multibulk length"),
            (b"*a\r\n".to_vec(), "invalid multibulk length"),
            (b"*1xx$4\r\nPING\r\n".to_vec(), "invalid multibulk length"),
            (b"*3\nSET a\r\n".to_vec(), "invalid multibulk length"),
            (b"*1\r\n:3\r\n".to_vec(), "expected '$', got ':'"),
            (b"*1\r\n\r\n".to_vec(), "expected '$', got ' '"),
            (b"*1\r\n$-1\r\n".to_vec(), "invalid bulk length"),
            (b"*1\r\n$04\r\nPING\r\n".to_vec(), "invalid bulk length"),
            (b"*1\r\n$536870913\r\n".to_vec(), "invalid bulk length"),
            (b"*1\r\n$10000000000\r\n".to_vec(), "invalid bulk length"),
            (b"*1\r\n$\r\n".to_vec(), "invalid bulk length"),
            (b"*1\r\n$+4\r\nPING\r\n".to_vec(), "invalid bulk length"),
            (b"PING \"a\r\n".to_vec(), "unbalanced quotes in request"),
            (b"ECHO 'a'b\r\n".to_vec(), "unbalanced quotes in request"),
            (long(b""), "too big inline request"),
            (long(b"*"), "too big mbulk count string"),
            (long(b"*1\r\n$"), "too big bulk count string"),
        ] {
            assert_eq!(one(&input).unwrap_err(), format!("-ERR Protocol error: {text}"));
        }
        let mut reply = Reply::new();
        ProtocolError::ExpectedDollar(0xe9).reply(&mut reply);
        assert_eq!(reply.bytes(), b"-ERR Protocol error: expected '$', got '\xe9'\r\n");
    }

    #[test]
    fn who_has_to_authenticate_may_say_less() {
        let limits = Limits { unauthenticated: true, ..Limits::default() };
        let error = |input: &[u8]| commands(input, &[], &limits).1.unwrap_err();
        assert_eq!(error(b"*11\r\n"), ProtocolError::UnauthenticatedMultibulkLength);
        assert_eq!(error(b"*1\r\n$16385\r\n"), ProtocolError::UnauthenticatedBulkLength);
        let (_, end) = commands(b"*10\r\n$16384\r\n", &[], &limits);
        assert_eq!(end, Ok(0));
    }

    #[test]
    fn announcements_allocate_nothing() {
        let (mut parser, mut ranges) = (RequestParser::new(), Vec::new());
        let input = b"*2147483647\r\n$536870912\r\nabc";
        assert_eq!(parser.parse(input, &Limits::default(), &mut ranges), Ok(None));
        assert_eq!((ranges.capacity(), parser.pending.capacity()), (0, 0));
        assert_eq!(parser.wants(), 26 - 1 + 536_870_912 + 2);
        let master = Limits { bulk_max: u64::MAX, unauthenticated: false };
        let error = RequestParser::new().parse(b"*1\r\n$4294967295\r\n", &master, &mut ranges);
        assert_eq!(error, Err(ProtocolError::BulkLength));
    }

    #[test]
    fn a_command_that_arrives_byte_by_byte() {
        let input = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\nset a 'b c'\r\n\
            *1\rx$4\r\nQUITyy";
        let every: Vec<usize> = (0..input.len()).collect();
        let (found, end) = commands(input, &every, &Limits::default());
        assert_eq!(end, Ok(input.len()));
        assert_eq!(found.len(), 3);
        assert_eq!(found[0][2], b"hello\r\nworld");
        assert_eq!(found[1][2], b"b c");
        assert_eq!(found[2][0], b"QUIT");
    }

    #[test]
    fn many_arguments_in_many_pieces() {
        let words = vec![&b"word"[..]; 20_000];
        let mut input = Vec::new();
        encode(&mut input, &words);
        let cuts: Vec<usize> = (0..input.len()).step_by(100).collect();
        let (found, _) = commands(&input, &cuts, &Limits::default());
        assert_eq!(found, [words]);
    }

    proptest! {
        #[test]
        fn segmentation_does_not_matter(
            commands_in in prop::collection::vec(
                prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5), 0..5,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let mut input = Vec::new();
            for command in &commands_in {
                encode(&mut input, &command.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
            cuts.sort_unstable();
            let (found, end) = commands(&input, &cuts, &Limits::default());
            prop_assert_eq!(end, Ok(input.len()));
            prop_assert_eq!(found, commands_in);
        }

        #[test]
        fn any_bytes_are_parsed_alike_whole_and_in_pieces(
            input in prop::collection::vec(prop_oneof![
                Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'0'),
                Just(b'2'),
                Just(b'"'), Just(b'a'), Just(b' '), any::<u8>(),
            ], 0..60),
        ) {
            let every: Vec<usize> = (0..input.len()).collect();
            let limits = Limits::default();
            let whole = commands(&input, &[], &limits);
            prop_assert_eq!(whole, commands(&input, &every, &limits));
        }
    }
}
