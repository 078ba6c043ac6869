//! Data of every type and encoding, and random writes to go on with.

use crate::resp::Client;
use crate::rng::Rng;

/// A command and its arguments.
pub type Command = Vec<Vec<u8>>;

/// Databases the data is spread over.
pub const DATABASES: usize = 4;

/// Builds a command from its words.
pub fn command<A: AsRef<[u8]>>(words: &[A]) -> Command {
    words.iter().map(|word| word.as_ref().to_vec()).collect()
}

/// Commands sent to one server in large batches.
#[derive(Debug)]
pub struct Batch<'a> {
    client: &'a mut Client,
    waiting: Vec<Command>,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub fn new(client: &'a mut Client) -> Self {
        Self { client, waiting: Vec::new() }
    }

    /// Adds a command; sends what has gathered from time to time.
    pub fn push(&mut self, command: Command) {
        self.waiting.push(command);
        if self.waiting.len() >= 500 {
            self.flush();
        }
    }

    /// Adds a command given by its words.
    pub fn words<A: AsRef<[u8]>>(&mut self, words: &[A]) {
        self.push(command(words));
    }

    /// Sends what has gathered.
    ///
    /// # Panics
    /// If the server answers with an error: this data is valid everywhere.
    pub fn flush(&mut self) {
        for (reply, sent) in self.client.pipeline(&self.waiting).iter().zip(&self.waiting) {
            assert!(!reply.is_error(), "{}: {reply:?}", shown(sent));
        }
        self.waiting.clear();
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.flush();
        }
    }
}

/// A command for people to read.
#[must_use]
pub fn shown(command: &Command) -> String {
    let words: Vec<String> = command
        .iter()
        .map(|word| {
            let text = word.escape_ascii().to_string();
            let long = text.len() > 60;
            if long { format!("{}... ({} bytes)", &text[..40], word.len()) } else { text }
        })
        .collect();
    words.join(" ")
}

/// Fills a server with about `keys` keys: every type in every encoding of Redis 7.0, binary keys
/// and values, expiries, spread over [`DATABASES`] databases. Ends in database 0.
pub fn fill(client: &mut Client, rng: &mut Rng, keys: usize) {
    let mut batch = Batch::new(client);
    for db in 0..DATABASES {
        batch.words(&["SELECT", &db.to_string()]);
        corners(&mut batch, rng);
        for index in 0..keys / DATABASES {
            batch.push(ordinary(rng, index));
        }
    }
    batch.words(&["SELECT", "0"]);
}

/// One key of each encoding and of each limit between two encodings.
fn corners(batch: &mut Batch<'_>, rng: &mut Rng) {
    let texts: &[&[u8]] = &[
        b"",
        b"0",
        b"-1",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"9223372036854775808",
        b"007",
        b"+1",
        b"1.5",
        b"exactly forty-four bytes, the longest embstr.",
        b"forty-five bytes, which makes it a raw string",
        b"\x00\xff\r\n\x80",
    ];
    for (index, text) in texts.iter().enumerate() {
        batch.words(&[b"SET", format!("text:{index}").as_bytes(), text]);
    }
    batch.words(&[b"SET".as_slice(), b"\x00binary\r\nkey\xff", b"value"]);
    batch.words(&[b"SET".as_slice(), b"", b"the empty key"]);
    for len in [63, 64, 16_383, 16_384, 100_000] {
        batch.words(&[b"SET", format!("repeating:{len}").as_bytes(), &b"abc".repeat(len)[..len]]);
        batch.words(&[b"SET", format!("noise:{len}").as_bytes(), &rng.bytes(len)]);
    }
    for (name, limit) in [("i16", 1_i64 << 15), ("i32", 1 << 31), ("i64", i64::MAX)] {
        let key = format!("set:{name}");
        for value in [0, 1, -1, limit - 1, -limit] {
            batch.words(&["SADD", &key, &value.to_string()]);
        }
    }
    for size in [1, 128, 129, 512, 513, 2000] {
        collections(batch, rng, size);
    }
    // One element past the limit of bytes turns the packed encodings into the others.
    for len in [64, 65, 9000] {
        let value = rng.bytes(len);
        batch.words(&[b"HSET", format!("hash:len:{len}").as_bytes(), b"field", &value]);
        batch.words(&[b"ZADD", format!("zset:len:{len}").as_bytes(), b"1.5", &value]);
        batch.words(&[b"RPUSH", format!("list:len:{len}").as_bytes(), b"first", &value]);
        batch.words(&[b"SADD", format!("set:len:{len}").as_bytes(), &value]);
    }
    for (index, score) in
        ["inf", "-inf", "0", "-0.0", "3.0000000000000004", "1e300", "5e-324", "17"]
            .iter()
            .enumerate()
    {
        batch.words(&["ZADD", "zset:scores", score, &format!("member:{index}")]);
    }
    for unit in 1..=6_u64 {
        let seconds = 10_u64.pow(unit as u32) * 50;
        batch.words(&["SET", &format!("expires:{unit}"), "x", "EX", &seconds.to_string()]);
    }
}

/// A list, a set of numbers, a set of texts, a hash and a sorted set of `size` elements each.
fn collections(batch: &mut Batch<'_>, rng: &mut Rng, size: usize) {
    for index in 0..size {
        let number = rng.between(-70_000, 70_000).to_string();
        let text = format!("member {index} {number}");
        batch.words(&[
            "RPUSH",
            &format!("list:{size}"),
            if index % 3 == 0 { &number } else { &text },
        ]);
        batch.words(&["SADD", &format!("set:numbers:{size}"), &number]);
        batch.words(&["SADD", &format!("set:texts:{size}"), &text]);
        batch.words(&["HSET", &format!("hash:{size}"), &text, &number]);
        let score = format!("{number}.{}", index % 10);
        batch.words(&["ZADD", &format!("zset:{size}"), &score, &text]);
    }
}

/// A small key of a random type, as most keys are.
fn ordinary(rng: &mut Rng, index: usize) -> Command {
    let key = format!("key:{index}");
    let len = rng.below(40);
    let value = rng.bytes(len);
    let number = rng.between(-1_000_000, 1_000_000).to_string();
    match rng.below(10) {
        0 => command(&[b"RPUSH", key.as_bytes(), &value, number.as_bytes(), b"x"]),
        1 => command(&[b"SADD", key.as_bytes(), &value, number.as_bytes()]),
        2 => command(&["SADD", &key, &number, "1", "2"]),
        3 => command(&[b"HSET", key.as_bytes(), b"f", &value, b"n", number.as_bytes()]),
        4 => command(&[b"ZADD", key.as_bytes(), number.as_bytes(), &value, b"0.5", b"half"]),
        5 => command(&["SET", &key, &number]),
        6 => command(&[b"SET", key.as_bytes(), &value, b"EX", b"5000"]),
        _ => command(&[b"SET", key.as_bytes(), &value]),
    }
}

/// A random write to keys that [`fill`] made or that are new, valid for whatever type the key has:
/// `WRONGTYPE` is a possible answer. One command, or a transaction of several.
pub fn random_write(rng: &mut Rng, keys: usize) -> Vec<Command> {
    if rng.one_in(20) {
        let mut transaction = vec![command(&["MULTI"])];
        for _ in 0..rng.below(6) {
            transaction.push(single_write(rng, keys));
        }
        transaction.push(command(&["EXEC"]));
        return transaction;
    }
    if rng.one_in(50) {
        return vec![command(&["SELECT", &rng.below(DATABASES).to_string()])];
    }
    vec![single_write(rng, keys)]
}

fn single_write(rng: &mut Rng, keys: usize) -> Command {
    let family = *rng.pick(&["key", "s", "l", "t", "h", "z"]);
    let key = format!("{family}:{}", rng.below(keys));
    let other = format!("{family}:{}", rng.below(keys));
    let len = rng.below(60);
    let text = String::from_utf8(rng.bytes(len).iter().map(|b| b'a' + b % 26).collect());
    let text = text.expect("letters");
    let number = rng.between(-200, 200).to_string();
    let member = format!("m{}", rng.below(150));
    let words: Vec<&str> = match (family, rng.below(8)) {
        (_, 0) => vec!["PEXPIRE", &key, "40"],
        (_, 1) if rng.one_in(3) => vec!["DEL", &key, &other],
        (_, 2) if rng.one_in(3) => vec!["EXPIRE", &key, "1000"],
        (_, 3) if rng.one_in(4) => vec!["RENAME", &key, &other],
        ("key" | "s", 1) => vec!["SET", &key, &text, "PX", "30"],
        ("key" | "s", 2) => vec!["APPEND", &key, &text],
        ("key" | "s", 3) => vec!["INCRBY", &key, &number],
        ("key" | "s", 4) => vec!["INCRBYFLOAT", &key, "0.1"],
        ("key" | "s", 5) => vec!["GETDEL", &key],
        ("key" | "s", 6) => vec!["SETRANGE", &key, "5", &text],
        ("key" | "s", _) => vec!["SET", &key, &number],
        ("l", 1) => vec!["LPUSH", &key, &text, &number, &member],
        ("l", 2) => vec!["RPOP", &key, "2"],
        ("l", 3) => vec!["LMOVE", &key, &other, "LEFT", "RIGHT"],
        ("l", 4) => vec!["LREM", &key, "0", &member],
        ("l", 5) => vec!["LTRIM", &key, "0", "500"],
        ("l", _) => vec!["RPUSH", &key, &text],
        ("t", 1) => vec!["SREM", &key, &number, &member],
        ("t", 2) => vec!["SPOP", &key],
        ("t", 3) => vec!["SPOP", &key, "3"],
        ("t", 4) => vec!["SUNIONSTORE", &key, &key, &other],
        ("t", 5) => vec!["SADD", &key, &member],
        ("t", _) => vec!["SADD", &key, &number],
        ("h", 1) => vec!["HDEL", &key, &member],
        ("h", 2) => vec!["HINCRBY", &key, "n", &number],
        ("h", 3) => vec!["HINCRBYFLOAT", &key, "f", "1.25"],
        ("h", _) => vec!["HSET", &key, &member, &text],
        (_, 1) => vec!["ZREM", &key, &member],
        (_, 2) => vec!["ZINCRBY", &key, "1.5", &member],
        (_, 3) => vec!["ZPOPMIN", &key, "2"],
        (_, 4) => vec!["ZUNIONSTORE", &key, "2", &key, &other],
        (_, _) => vec!["ZADD", &key, &number, &member],
    };
    command(&words)
}
