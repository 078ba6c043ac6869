//! A RESP client for tests: blocking, exact, and independent of the parser it tests.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a reply may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A reply, with every distinction the protocol makes.
#[derive(Clone, PartialEq, PartialOrd)]
pub enum Value {
    /// `+`
    Simple(Vec<u8>),
    /// `-`
    Error(Vec<u8>),
    /// `:`
    Int(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `$-1`
    NilBulk,
    /// `*`
    Array(Vec<Value>),
    /// `*-1`
    NilArray,
    /// `_`
    Null,
    /// `#`
    Bool(bool),
    /// `,` with the text as sent.
    Double(String),
    /// `(`
    Big(String),
    /// `=` with its three letters and colon.
    Verbatim(Vec<u8>),
    /// `%`, keys and values in turn.
    Map(Vec<Value>),
    /// `~`
    Set(Vec<Value>),
    /// `>`
    Push(Vec<Value>),
}

impl Value {
    /// The bytes of a string, simple or bulk or verbatim; an error's text too.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(b) | Self::Error(b) | Self::Bulk(b) | Self::Verbatim(b) => Some(b),
            _ => None,
        }
    }

    /// The text of a string.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.bytes().unwrap_or_else(|| panic!("expected a string: {self:?}"));
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The number.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("expected an integer: {other:?}"),
        }
    }

    /// The elements of an array, a set, a map (flat) or a push.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Map(items) | Self::Push(items) => items,
            other => panic!("expected an array: {other:?}"),
        }
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// Whether it is `+OK`.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Simple(text) if text == b"OK")
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |b: &[u8]| b.escape_ascii().to_string();
        match self {
            Self::Simple(b) => write!(f, "+{}", text(b)),
            Self::Error(b) => write!(f, "-{}", text(b)),
            Self::Int(n) => write!(f, ":{n}"),
            Self::Bulk(b) => write!(f, "\"{}\"", text(b)),
            Self::NilBulk => f.write_str("$-1"),
            Self::NilArray => f.write_str("*-1"),
            Self::Null => f.write_str("_"),
            Self::Bool(b) => write!(f, "#{b}"),
            Self::Double(d) => write!(f, ",{d}"),
            Self::Big(b) => write!(f, "({b}"),
            Self::Verbatim(b) => write!(f, "=\"{}\"", text(b)),
            Self::Array(items) => f.debug_list().entries(items).finish(),
            Self::Map(items) => write!(f, "%{items:?}"),
            Self::Set(items) => write!(f, "~{items:?}"),
            Self::Push(items) => write!(f, ">{items:?}"),
        }
    }
}

/// A command as RESP: an array of bulk strings.
pub fn encode<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        let arg = arg.as_ref();
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a port of this machine.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let reader = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
        Ok(Self { stream, reader })
    }

    /// Runs one command.
    ///
    /// # Panics
    /// If the connection breaks.
    pub fn call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Value {
        self.try_call(args).unwrap_or_else(|error| {
            let shown: Vec<String> =
                args.iter().map(|a| a.as_ref().escape_ascii().to_string()).collect();
            panic!("{}: {error}", shown.join(" "))
        })
    }

    /// Runs one command.
    ///
    /// # Errors
    /// The connection broke, or the reply is not RESP.
    pub fn try_call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> io::Result<Value> {
        self.send(&encode(args))?;
        self.receive()
    }

    /// Runs one command given as words between spaces.
    ///
    /// # Panics
    /// If the connection breaks.
    pub fn run(&mut self, line: &str) -> Value {
        self.call(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs many commands in one write and returns their replies.
    ///
    /// # Panics
    /// If the connection breaks.
    pub fn pipeline(&mut self, commands: &[Vec<Vec<u8>>]) -> Vec<Value> {
        let bytes: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
        self.send(&bytes).unwrap_or_else(|e| panic!("pipeline: {e}"));
        let replies = commands.iter().map(|_| self.receive());
        replies.collect::<io::Result<_>>().unwrap_or_else(|e| panic!("pipeline: {e}"))
    }

    /// Sends raw bytes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads one reply.
    ///
    /// # Errors
    /// The connection broke, or the reply is not RESP.
    pub fn receive(&mut self) -> io::Result<Value> {
        let line = self.line()?;
        let bad = |what: &str| {
            let text = format!("{what}: {}", line.escape_ascii());
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        let Some((kind, rest)) = line.split_first() else { return Err(bad("empty reply")) };
        let text = || String::from_utf8_lossy(rest).into_owned();
        let number = || text().parse::<i64>().map_err(|_| bad("not a number"));
        Ok(match kind {
            b'+' => Value::Simple(rest.to_vec()),
            b'-' => Value::Error(rest.to_vec()),
            b':' => Value::Int(number()?),
            b'_' => Value::Null,
            b'#' => Value::Bool(rest == b"t"),
            b',' => Value::Double(text()),
            b'(' => Value::Big(text()),
            b'$' if rest == b"-1" => Value::NilBulk,
            b'*' if rest == b"-1" => Value::NilArray,
            b'$' => Value::Bulk(self.blob(number()?)?),
            b'=' => Value::Verbatim(self.blob(number()?)?),
            b'*' => Value::Array(self.list(number()?)?),
            b'~' => Value::Set(self.list(number()?)?),
            b'>' => Value::Push(self.list(number()?)?),
            b'%' => Value::Map(self.list(number()? * 2)?),
            _ => return Err(bad("unknown type of reply")),
        })
    }

    /// Reads a line and cuts its ending off.
    ///
    /// # Errors
    /// The connection broke.
    pub fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed"));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }

    /// Reads a line with its ending.
    ///
    /// # Errors
    /// The connection broke.
    pub fn raw_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed"));
        }
        Ok(line)
    }

    /// Reads exactly so many raw bytes.
    ///
    /// # Errors
    /// The connection broke before.
    pub fn exact(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether the server has closed the connection (after it has sent nothing more).
    pub fn closed(&mut self) -> bool {
        match self.reader.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// How long a reply may take from now on.
    ///
    /// # Panics
    /// If the system refuses it.
    pub fn patience(&mut self, limit: Duration) {
        self.stream.set_read_timeout(Some(limit)).expect("a read timeout");
    }

    fn blob(&mut self, len: i64) -> io::Result<Vec<u8>> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let mut bytes = self.exact(len + 2)?;
        if bytes.split_off(len) != b"\r\n" {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a bulk without its end"));
        }
        Ok(bytes)
    }

    fn list(&mut self, len: i64) -> io::Result<Vec<Value>> {
        (0..len).map(|_| self.receive()).collect()
    }
}
