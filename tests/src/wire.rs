//! Raw peers: a replica and a master made of nothing but bytes, who write down what the other side
//! sends. The same peer talks to redis-server and to lockstep, and what it wrote down is compared.
//!
//! What differs from run to run is masked where it stands: ids, and times near the present.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::resp::{Client, encode};
use crate::server::{Kind, Server};
use crate::wait_for;

/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Unix milliseconds.
///
/// # Panics
/// Before 1970.
#[must_use]
pub fn unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    now.as_millis() as i64
}

/// Text with ids of 40 hexadecimal digits masked.
#[must_use]
pub fn mask_ids(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() || ('a'..='f').contains(&c) {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() == 40 { "<id>" } else { &run });
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// A word with a time in milliseconds near the present replaced by its distance, in thousands of
/// seconds: times to live in scripts are multiples of that.
fn mask_time(word: &str) -> String {
    match word.parse::<i64>() {
        Ok(at) if (at - unix_ms()).abs() < 5_000_000_000 => {
            let thousands = (at - unix_ms() + 500_000).div_euclid(1_000_000);
            format!("<now+{thousands}000s>")
        }
        _ => word.to_owned(),
    }
}

/// Bytes of a stream as text: one command per line, times masked.
///
/// # Panics
/// If these are not whole commands in the one way that RESP writes them, or lone newlines.
#[must_use]
pub fn commands(bytes: &[u8]) -> Vec<String> {
    let mut rest = bytes;
    let mut lines = Vec::new();
    while !rest.is_empty() {
        if rest[0] == b'\n' {
            lines.push("(newline)".to_owned());
            rest = &rest[1..];
            continue;
        }
        let mut reader = BufReader::new(rest);
        let words = read_command(&mut reader)
            .unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()));
        let raw = encode(&words);
        assert!(rest.starts_with(&raw), "not as RESP writes it: {}", rest.escape_ascii());
        rest = &rest[raw.len()..];
        let words = words.iter().map(|word| mask_time(&word.escape_ascii().to_string()));
        lines.push(words.collect::<Vec<_>>().join(" "));
    }
    lines
}

/// Reads one command: an array of bulk strings.
fn read_command(reader: &mut impl BufRead) -> io::Result<Vec<Vec<u8>>> {
    let number = |reader: &mut dyn BufRead, sign: u8| {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        let text = line.strip_suffix(b"\r\n").and_then(|l| l.strip_prefix(&[sign]));
        let number = text.and_then(|t| std::str::from_utf8(t).ok()?.parse::<usize>().ok());
        number.ok_or_else(|| {
            let kind = if line.is_empty() {
                io::ErrorKind::UnexpectedEof
            } else {
                io::ErrorKind::InvalidData
            };
            io::Error::new(kind, format!("no command: {}", line.escape_ascii()))
        })
    };
    let count = number(reader, b'*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; number(reader, b'$')? + 2];
        reader.read_exact(&mut word)?;
        word.truncate(word.len() - 2);
        words.push(word);
    }
    Ok(words)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// What happened, line by line.
#[derive(Debug, Default)]
pub struct Transcript(pub Vec<String>);

impl Transcript {
    /// Writes a line down; ids in it are masked.
    pub fn note(&mut self, who: &str, text: &str) {
        self.0.push(format!("{who} {}", mask_ids(text)));
    }

    /// Writes commands down.
    pub fn stream(&mut self, who: &str, bytes: &[u8]) {
        for line in commands(bytes) {
            self.note(who, &line);
        }
    }

    /// Compares with another one, line by line.
    ///
    /// # Panics
    /// If they differ: with all differences and some lines before each.
    pub fn assert_equals(&self, expected: &Self) {
        let mut wrong = String::new();
        let longest = self.0.len().max(expected.0.len());
        let mut shown = 0;
        for at in 0..longest {
            let (ours, theirs) = (self.0.get(at), expected.0.get(at));
            if ours == theirs {
                continue;
            }
            for line in &expected.0
                [at.saturating_sub(3).max(shown).min(expected.0.len())..at.min(expected.0.len())]
            {
                wrong.push_str(&format!("      {line}\n"));
            }
            let text = |line: Option<&String>| line.map_or("(nothing)".to_owned(), Clone::clone);
            wrong.push_str(&format!("redis {}\nhere  {}\n", text(theirs), text(ours)));
            shown = at + 1;
            // A line more or less shifts all that follow.
            if self.0.len() != expected.0.len() && wrong.len() > 3000 {
                break;
            }
        }
        assert!(wrong.is_empty(), "the transcripts differ\n{wrong}");
    }
}

/// Runs something with both servers and compares what was written down.
///
/// # Panics
/// If it differs.
pub fn compare(run: impl Fn(Kind) -> Transcript) {
    let expected = run(Kind::Redis);
    run(Kind::Lockstep).assert_equals(&expected);
    assert!(expected.0.len() > 3, "{expected:?}");
}

/// A replica: it asks for the data, acknowledges what it gets, and writes it all down.
#[derive(Debug)]
pub struct RawReplica {
    client: Client,
    /// Where the stream is: its last byte that was read.
    pub offset: u64,
}

impl RawReplica {
    /// A connection that says what a replica says before `PSYNC`, with these words of `capa`.
    pub fn introduce(server: &Server, capa: &[&str], log: &mut Transcript) -> Self {
        Self::introduce_at(server, 7777, capa, log)
    }

    /// As [`RawReplica::introduce`], for one that can be found on this port of this machine.
    pub fn introduce_at(server: &Server, at: u16, capa: &[&str], log: &mut Transcript) -> Self {
        let mut replica = Self { client: server.client(), offset: 0 };
        replica.client.patience(PATIENCE);
        let capa: Vec<&str> = capa.iter().flat_map(|word| ["capa", word]).collect();
        let capa = [&["REPLCONF"], capa.as_slice()].concat();
        let ip = if at == 7777 { "127.0.0.9" } else { "127.0.0.1" };
        let at = at.to_string();
        let port: &[&str] = &["REPLCONF", "listening-port", &at];
        for command in [&["PING"], port, &["REPLCONF", "ip-address", ip], &capa] {
            replica.ask(command, log);
        }
        for line in &mut log.0 {
            *line = line.replace(&at, "<port>");
        }
        replica
    }

    /// Sends a command and writes down the line that comes back.
    pub fn ask(&mut self, command: &[&str], log: &mut Transcript) -> String {
        self.client.send(&encode(command)).expect("sent");
        log.note(">", &command.join(" "));
        let line = self.line();
        // How long a snapshot is depends on the values of its aux fields.
        log.note("<", if line.starts_with('$') { "$<len>" } else { &line });
        line
    }

    /// A line that is not a lone newline, with its ending.
    fn line(&mut self) -> String {
        loop {
            let line = self.client.raw_line().expect("a line");
            if line != b"\n" {
                return line.escape_ascii().to_string();
            }
        }
    }

    /// Asks for the data and takes the snapshot, in whatever way it comes. Returns the RDB.
    pub fn full(&mut self, psync: &[&str], log: &mut Transcript) -> Vec<u8> {
        let reply = self.ask(psync, log);
        if psync[0] != "SYNC" {
            let words: Vec<&str> = reply.trim_end_matches("\\r\\n").split(' ').collect();
            assert_eq!(words[0], "+FULLRESYNC", "{reply}");
            self.offset = words[2].parse().expect("an offset");
        }
        if psync[0] == "SYNC" { self.after_header(&reply, false, log) } else { self.snapshot(log) }
    }

    /// Takes the snapshot that follows the answer to `PSYNC`. Returns the RDB.
    pub fn snapshot(&mut self, log: &mut Transcript) -> Vec<u8> {
        let header = self.line();
        self.after_header(&header, true, log)
    }

    fn after_header(&mut self, header: &str, noted: bool, log: &mut Transcript) -> Vec<u8> {
        let header = header.trim_end_matches("\\r\\n");
        if let Some(mark) = header.strip_prefix("$EOF:") {
            log.note("<", &format!("$EOF:{mark}"));
            let mut rdb = self.client.exact(40).expect("the snapshot");
            while !rdb.ends_with(mark.as_bytes()) {
                rdb.push(self.client.exact(1).expect("the snapshot")[0]);
            }
            rdb.truncate(rdb.len() - 40);
            return rdb;
        }
        if noted {
            log.note("<", "$<len>");
        }
        let len = header.strip_prefix('$').and_then(|n| n.parse().ok());
        self.client.exact(len.expect("a length")).expect("the snapshot")
    }

    /// Acknowledges what was read.
    pub fn ack(&mut self) {
        let offset = self.offset.to_string();
        self.client.send(&encode(&["REPLCONF", "ACK", &offset])).expect("sent");
    }

    /// Writes down the stream up to where the master says it is.
    pub fn catch_up(&mut self, server: &Server, log: &mut Transcript) {
        let end = server.info("replication").number("master_repl_offset") as u64;
        self.take(end - self.offset, log);
    }

    /// Writes down so many bytes of the stream, which must be whole commands.
    pub fn take(&mut self, len: u64, log: &mut Transcript) {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < len {
            let byte = self.byte();
            // A keepalive of the transfer may still be on its way; it is not counted.
            if byte != b'\n' || !bytes.is_empty() {
                bytes.push(byte);
            }
        }
        self.offset += len;
        log.stream("~", &bytes);
    }

    /// A byte of the stream. Redis holds the stream back until it hears an ACK, and does not hear
    /// those that come before it has noticed itself that the snapshot is sent: they are repeated.
    fn byte(&mut self) -> u8 {
        self.client.patience(Duration::from_millis(200));
        for _ in 0..500 {
            match self.client.exact(1) {
                Ok(byte) => return byte[0],
                Err(error) if is_timeout(&error) => self.ack(),
                Err(error) => panic!("the stream: {error}"),
            }
        }
        panic!("the stream does not come")
    }

    /// Whether the other side has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        self.client.patience(PATIENCE);
        loop {
            match self.client.exact(1) {
                Ok(_) => {}
                Err(error) => {
                    return !is_timeout(&error);
                }
            }
        }
    }
}

/// A master: it listens, and for each connection says what it is told to.
#[derive(Debug)]
pub struct RawMaster {
    listener: TcpListener,
    /// Where a replica finds it.
    pub port: u16,
}

impl RawMaster {
    /// A master on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a mode");
        let port = listener.local_addr().expect("an address").port();
        Self { listener, port }
    }

    /// The next connection.
    ///
    /// # Panics
    /// If none comes.
    pub fn accept(&self) -> Link {
        let stream = wait_for("a replica to connect", PATIENCE, || {
            self.listener.accept().map_err(|e| e.to_string())
        });
        let stream = stream.0;
        stream.set_nonblocking(false).expect("a mode");
        stream.set_nodelay(true).expect("a mode");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let reader = BufReader::new(stream.try_clone().expect("a handle"));
        Link { stream, reader }
    }
}

impl Default for RawMaster {
    fn default() -> Self {
        Self::new()
    }
}

/// A replica's connection to the raw master.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Link {
    /// Says something.
    ///
    /// # Panics
    /// If the replica is gone.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>, log: &mut Transcript) {
        let bytes = bytes.as_ref();
        let text = bytes.escape_ascii().to_string();
        log.note("<", &text);
        self.stream.write_all(bytes).expect("the replica listens");
    }

    /// Says something that is not written down: a snapshot.
    ///
    /// # Panics
    /// If the replica is gone.
    pub fn send(&mut self, bytes: &[u8], log: &mut Transcript) {
        log.note("<", "(snapshot)");
        self.stream.write_all(bytes).expect("the replica listens");
    }

    /// Writes down the next command of the replica, byte by byte checked. `ACK`s that only repeat
    /// the last one are passed over: how many there are is a matter of time.
    ///
    /// # Panics
    /// If none comes.
    pub fn hear(&mut self, log: &mut Transcript) -> String {
        loop {
            let line = self.next();
            let heard = format!("> {}", mask_ids(&line));
            let ack = line.starts_with("REPLCONF ACK");
            let last = log.0.iter().rev().find(|line| line.starts_with('>'));
            if !(ack && last == Some(&heard)) {
                log.0.push(heard);
                return line;
            }
        }
    }

    /// Writes down the replica's `ACK` of this offset. Between, it acknowledges once a second
    /// whatever it has come to: that is a matter of time, and passed over.
    ///
    /// # Panics
    /// If nothing comes.
    pub fn hear_ack(&mut self, offset: u64, log: &mut Transcript) {
        loop {
            let line = self.next();
            if line == format!("REPLCONF ACK {offset}") || !line.starts_with("REPLCONF ACK ") {
                return log.note(">", &line);
            }
        }
    }

    fn next(&mut self) -> String {
        self.skip_newlines();
        let inline = self.reader.fill_buf().is_ok_and(|b| !b.is_empty() && b[0] != b'*');
        if inline {
            let mut line = Vec::new();
            self.reader.read_until(b'\n', &mut line).expect("a line");
            return format!("inline {}", line.escape_ascii());
        }
        match read_command(&mut self.reader) {
            Ok(words) => commands(&encode(&words)).remove(0),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => "(closed)".into(),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => "(closed)".into(),
            Err(error) => panic!("waiting for the replica: {error}; {:?}", self.reader.buffer()),
        }
    }

    /// Waits until the replica closes the connection. What it acknowledges before is a matter of
    /// time; anything else is written down.
    pub fn ends(&mut self, log: &mut Transcript) {
        loop {
            let line = self.next();
            if !line.starts_with("REPLCONF ACK") {
                log.note(">", &line);
            }
            if line == "(closed)" {
                return;
            }
        }
    }

    /// Says nothing more, and waits until the replica has closed the connection as well.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn hang_up(mut self, log: &mut Transcript) {
        log.note("<", "(closed)");
        self.stream.shutdown(Shutdown::Write).expect("it is open");
        self.ends(log);
    }

    /// The whole handshake with `+PONG` and `+OK`; ends when `PSYNC` was heard.
    ///
    /// # Panics
    /// If the replica goes before.
    pub fn shake_hands(&mut self, log: &mut Transcript) {
        assert!(self.is_introduced(log), "the replica went: {:?}", log.0);
    }

    /// As [`Link::shake_hands`]; `false` if the replica closes the connection before.
    pub fn is_introduced(&mut self, log: &mut Transcript) -> bool {
        loop {
            let line = self.hear(log);
            let reply = match line.split(' ').next() {
                Some("PING") => "+PONG\r\n",
                Some("PSYNC") => return true,
                Some("(closed)") => return false,
                _ => "+OK\r\n",
            };
            log.note("<", &reply.as_bytes().escape_ascii().to_string());
            // That it has gone is heard next.
            let _ = self.stream.write_all(reply.as_bytes());
        }
    }

    /// Redis says newlines while it empties its databases and loads, to be known alive.
    fn skip_newlines(&mut self) {
        while self.reader.fill_buf().is_ok_and(|bytes| bytes.first() == Some(&b'\n')) {
            self.reader.consume(1);
        }
    }

    /// Whether nothing but newlines is heard for so long.
    ///
    /// # Panics
    /// If the system refuses the timeout.
    pub fn silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a timeout");
        self.skip_newlines();
        let silent = self.reader.fill_buf().is_err_and(|error| is_timeout(&error));
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        silent
    }
}

/// An RDB taken apart as far as masking needs it: its header, the names of its aux fields, and
/// what follows them up to the checksum.
#[must_use]
pub fn rdb_parts(rdb: &[u8]) -> (String, Vec<String>, Vec<u8>) {
    let header = rdb[..9].escape_ascii().to_string();
    let mut names = Vec::new();
    let mut rest = &rdb[9..];
    while rest.first() == Some(&0xfa) {
        let (name, after) = rdb_string(&rest[1..]);
        names.push(name);
        rest = rdb_string(after).1;
    }
    (header, names, rest[..rest.len() - 8].to_vec())
}

/// A string of an aux field: short, or an integer.
fn rdb_string(bytes: &[u8]) -> (String, &[u8]) {
    let skip = match bytes[0] {
        0xc0 => 2,
        0xc1 => 3,
        0xc2 => 5,
        // Compressed: both lengths are short.
        0xc3 => 3 + usize::from(bytes[1]),
        len @ 0..=63 => {
            let end = 1 + usize::from(len);
            return (bytes[1..end].escape_ascii().to_string(), &bytes[end..]);
        }
        other => panic!("an aux field's length {other:#x}"),
    };
    (String::new(), &bytes[skip..])
}
