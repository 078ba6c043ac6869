//! The writer of replies.

const CRLF: &[u8] = b"\r\n";

/// Replies to one client, in its protocol version, appended to one buffer.
///
/// The buffer belongs to the connection, so a reply costs no allocation. Methods that RESP2 does
/// not know fall back to what Redis sends to RESP2 clients (a map becomes a flat array, a double a
/// bulk string, and so on).
#[derive(Debug, Clone, Default)]
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
        let text = format_double(value);
        if self.resp3 {
            self.buf.push(b',');
            self.buf.extend_from_slice(text.as_bytes());
            self.buf.extend_from_slice(CRLF);
        } else {
            self.bulk(text.as_bytes());
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

/// Room for the decimal digits of an `i64`.
#[derive(Debug, Clone, Copy)]
pub struct IntBuf([u8; 20]);

impl Default for IntBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl IntBuf {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self([0; 20])
    }

    /// `value` in decimal.
    pub fn format(&mut self, value: i64) -> &[u8] {
        let mut rest = value.unsigned_abs();
        let mut at = self.0.len();
        loop {
            at -= 1;
            self.0[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            self.0[at] = b'-';
        }
        &self.0[at..]
    }
}

/// A double as Redis 7.0 writes it in replies (`%.17g`, `inf`, `-inf`, `nan`).
pub fn format_double(value: f64) -> String {
    // Replaced by the exact rules of `addReplyDouble` in this module's owner's hands.
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".into() } else { "-inf".into() }
    } else {
        format!("{value}")
    }
}
