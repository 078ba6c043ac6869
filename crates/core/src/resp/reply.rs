//! The writer of replies.

pub use super::number::format_double;
use super::number::write_double;
pub use crate::num::IntBuf;

const CRLF: &[u8] = b"\r\n";

/// Replies to one client, in its protocol version, appended to one buffer.
///
/// The buffer belongs to the connection, so a reply costs no allocation. Methods that RESP2 does
/// not know fall back to what Redis sends to RESP2 clients (a map becomes a flat array, a double a
/// bulk string, and so on).
#[derive(Debug, Clone, Default, Hash)]
pub struct Reply {
    buf: Vec<u8>,
    resp3: bool,
}

impl Reply {
    /// An empty writer that speaks RESP2 until told otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches between RESP2 and RESP3 (`HELLO`).
    pub fn set_resp3(&mut self, resp3: bool) {
        self.resp3 = resp3;
    }

    /// Whether this client speaks RESP3.
    pub fn resp3(&self) -> bool {
        self.resp3
    }

    /// The bytes written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.buf
    }

    /// Memory held for replies.
    pub fn capacity(&self) -> usize {
        self.buf.capacity()
    }

    /// The buffer itself, for drivers of this writer (drain after sending, splice raw replies).
    pub fn buffer_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buf
    }

    /// `+text`
    pub fn simple(&mut self, text: &str) {
        self.buf.push(b'+');
        self.buf.extend_from_slice(text.as_bytes());
        self.buf.extend_from_slice(CRLF);
    }

    /// `+OK`
    pub fn ok(&mut self) {
        self.buf.extend_from_slice(b"+OK\r\n");
    }

    /// `-text`; the text starts with its code (`ERR`, `WRONGTYPE`...). Line breaks inside become
    /// spaces, as in Redis, since they would end the reply.
    pub fn error(&mut self, text: &str) {
        self.error_bytes(text.as_bytes());
    }

    /// As [`Reply::error`], for a text that quotes bytes of a client.
    pub fn error_bytes(&mut self, text: &[u8]) {
        self.buf.push(b'-');
        self.buf.extend(text.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
        self.buf.extend_from_slice(CRLF);
    }

    /// `:value`
    pub fn int(&mut self, value: i64) {
        match value {
            0 => self.buf.extend_from_slice(b":0\r\n"),
            1 => self.buf.extend_from_slice(b":1\r\n"),
            _ => self.prefixed(b':', value),
        }
    }

    /// A count, as an integer.
    pub fn count(&mut self, value: usize) {
        self.int(value as i64);
    }

    /// `$len`, the bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.buf.reserve(bytes.len() + 24);
        self.prefixed(b'$', bytes.len() as i64);
        self.buf.extend_from_slice(bytes);
        self.buf.extend_from_slice(CRLF);
    }

    /// An integer as a bulk string.
    pub fn bulk_int(&mut self, value: i64) {
        let mut digits = IntBuf::new();
        let text = digits.format(value);
        self.prefixed(b'$', text.len() as i64);
        self.buf.extend_from_slice(text);
        self.buf.extend_from_slice(CRLF);
    }

    /// Null: `_` or, in RESP2, `$-1`.
    pub fn null(&mut self) {
        self.buf.extend_from_slice(if self.resp3 { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// Null where an array was expected: `_` or, in RESP2, `*-1`.
    pub fn null_array(&mut self) {
        self.buf.extend_from_slice(if self.resp3 { b"_\r\n" } else { b"*-1\r\n" });
    }

    /// Header of an array of `len` elements, which the caller writes next.
    pub fn array(&mut self, len: usize) {
        self.prefixed(b'*', len as i64);
    }

    /// Header of a map of `len` pairs: `%len` or, in RESP2, an array of twice as many.
    pub fn map(&mut self, len: usize) {
        if self.resp3 {
            self.prefixed(b'%', len as i64);
        } else {
            self.prefixed(b'*', 2 * len as i64);
        }
    }

    /// Header of a set: `~len` or, in RESP2, an array.
    pub fn set(&mut self, len: usize) {
        self.prefixed(if self.resp3 { b'~' } else { b'*' }, len as i64);
    }

    /// Header of a push message: `>len` or, in RESP2, an array.
    pub fn push(&mut self, len: usize) {
        self.prefixed(if self.resp3 { b'>' } else { b'*' }, len as i64);
    }

    /// A boolean: `#t`/`#f` or, in RESP2, 1/0.
    pub fn bool(&mut self, value: bool) {
        match (self.resp3, value) {
            (true, true) => self.buf.extend_from_slice(b"#t\r\n"),
            (true, false) => self.buf.extend_from_slice(b"#f\r\n"),
            (false, _) => self.int(i64::from(value)),
        }
    }

    /// A double: `,value` or, in RESP2, a bulk string. Formatted as Redis does, see
    /// [`format_double`].
    pub fn double(&mut self, value: f64) {
        if self.resp3 {
            self.buf.push(b',');
            write_double(&mut self.buf, value);
            self.buf.extend_from_slice(CRLF);
        } else {
            // Its length has one digit or two: written once it is known.
            let start = self.buf.len();
            self.buf.extend_from_slice(b"$00\r\n");
            write_double(&mut self.buf, value);
            let len = (self.buf.len() - start - 5) as u8;
            if len < 10 {
                self.buf[start + 1] = b'0' + len;
                self.buf.remove(start + 2);
            } else {
                self.buf[start + 1..start + 3].copy_from_slice(&[b'0' + len / 10, b'0' + len % 10]);
            }
            self.buf.extend_from_slice(CRLF);
        }
    }

    /// A verbatim string: `=len` with a three-letter format or, in RESP2, a bulk string.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        debug_assert_eq!(format.len(), 3, "a verbatim string's format has three letters");
        if !self.resp3 {
            return self.bulk(text);
        }
        self.prefixed(b'=', text.len() as i64 + 4);
        self.buf.extend_from_slice(format.as_bytes());
        self.buf.push(b':');
        self.buf.extend_from_slice(text);
        self.buf.extend_from_slice(CRLF);
    }

    fn prefixed(&mut self, prefix: u8, value: i64) {
        let mut digits = IntBuf::new();
        self.buf.push(prefix);
        self.buf.extend_from_slice(digits.format(value));
        self.buf.extend_from_slice(CRLF);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written, for a client of each version.
    fn both(write: impl Fn(&mut Reply)) -> [String; 2] {
        [false, true].map(|resp3| {
            let mut reply = Reply::new();
            reply.set_resp3(resp3);
            write(&mut reply);
            reply.bytes().escape_ascii().to_string()
        })
    }

    #[test]
    fn each_version_has_its_forms() {
        let both = |write: fn(&mut Reply)| both(write);
        assert_eq!(both(|r| r.null()), [r"$-1\r\n", r"_\r\n"]);
        assert_eq!(both(|r| r.null_array()), [r"*-1\r\n", r"_\r\n"]);
        assert_eq!(both(|r| r.map(2)), [r"*4\r\n", r"%2\r\n"]);
        assert_eq!(both(|r| r.set(2)), [r"*2\r\n", r"~2\r\n"]);
        assert_eq!(both(|r| r.push(2)), [r"*2\r\n", r">2\r\n"]);
        assert_eq!(both(|r| r.bool(true)), [r":1\r\n", r"#t\r\n"]);
        assert_eq!(both(|r| r.bool(false)), [r":0\r\n", r"#f\r\n"]);
        assert_eq!(both(|r| r.double(1.5)), [r"$3\r\n1.5\r\n", r",1.5\r\n"]);
        assert_eq!(
            both(|r| r.double(1234567890.0)),
            [r"$10\r\n1234567890\r\n", r",1234567890\r\n",]
        );
        assert_eq!(both(|r| r.double(f64::NEG_INFINITY)), [r"$4\r\n-inf\r\n", r",-inf\r\n"]);
        assert_eq!(both(|r| r.verbatim("txt", b"ab")), [r"$2\r\nab\r\n", r"=6\r\ntxt:ab\r\n"]);
    }

    #[test]
    fn what_both_versions_share() {
        let one = |write: fn(&mut Reply)| {
            let [two, three] = both(write);
            assert_eq!(two, three);
            two
        };
        assert_eq!(one(|r| r.ok()), r"+OK\r\n");
        assert_eq!(one(|r| r.simple("PONG")), r"+PONG\r\n");
        assert_eq!(one(|r| r.error("ERR a\r\nb")), r"-ERR a  b\r\n");
        assert_eq!(one(|r| r.int(i64::MIN)), r":-9223372036854775808\r\n");
        assert_eq!(one(|r| r.count(12)), r":12\r\n");
        assert_eq!(one(|r| r.bulk(b"")), r"$0\r\n\r\n");
        assert_eq!(one(|r| r.bulk_int(-7)), r"$2\r\n-7\r\n");
        assert_eq!(one(|r| r.array(0)), r"*0\r\n");
    }
}
