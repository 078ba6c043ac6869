//! What it means that two nodes hold the same: checks for replication tests, and a writer that
//! keeps the master busy.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::dataset::{DATABASES, random_write, shown};
use crate::resp::{Value, encode};
use crate::rng::Rng;
use crate::server::Server;
use crate::wait_for;

/// How long a replica may take to catch up on a busy machine.
const CATCH_UP: Duration = Duration::from_secs(90);
/// How long a master may say nothing at all.
const SILENCE: Duration = Duration::from_secs(180);

/// Waits until the replica's link is up and the master lists it as online.
///
/// # Panics
/// If that does not come.
pub fn wait_online(master: &Server, replica: &Server) {
    wait_for("the link to be up", CATCH_UP, || {
        let info = replica.info("replication");
        if info.get("master_link_status") != Some("up") {
            return Err(format!("replica: {info:?}"));
        }
        let info = master.info("replication");
        let port = replica.port.to_string();
        let slave = (0..8).filter_map(|n| info.replica(n)).find(|slave| slave["port"] == port);
        match slave {
            Some(slave) if slave["state"] == "online" => Ok(()),
            _ => Err(format!("master: {info:?}")),
        }
    });
}

/// Waits until offset, history, data and `INFO keyspace` of both are equal.
///
/// Both change while one looks (pings, keys that expire), so both are read until they agree.
///
/// # Panics
/// If they never do.
pub fn assert_same(master: &Server, replica: &Server) {
    wait_online(master, replica);
    delete_expired(master);
    let mut left = CATCH_UP.as_secs() * 4;
    wait_for("master and replica to be equal", CATCH_UP, || {
        let state = |server: &Server| {
            let info = server.info("replication");
            let replid = info.text("master_replid").to_owned();
            (replid, info.number("master_repl_offset"), keyspace(server))
        };
        let (before, after) = (state(master), state(replica));
        if before != after {
            return Err(format!("{before:?}\n   is not {after:?}"));
        }
        let (digest, other) = (master.digest(), replica.digest());
        if digest == other {
            return Ok(());
        }
        let after = state(replica);
        left = left.saturating_sub(1);
        let seen = format!("{before:?} {digest}\n   is not {after:?} {other}");
        // Equal offsets and different data will not mend themselves: say which keys they are.
        let hopeless =
            before == after && state(master) == before && left + 6 < CATCH_UP.as_secs() * 4;
        assert!(!hopeless, "{seen}\n{}", differences(master, replica).join("\n"));
        Err(seen)
    });
}

/// The first keys that are not the same on both.
fn differences(master: &Server, replica: &Server) -> Vec<String> {
    let (mut one, mut other) = (master.client(), replica.client());
    let mut found = Vec::new();
    for db in 0..DATABASES {
        let select = format!("SELECT {db}");
        assert!(one.run(&select).is_ok() && other.run(&select).is_ok());
        let mut keys: Vec<Value> = one.run("KEYS *").items().to_vec();
        keys.extend_from_slice(other.run("KEYS *").items());
        for key in keys {
            let name = key.bytes().unwrap_or_default();
            let digest: [&[u8]; 3] = [b"DEBUG", b"DIGEST-VALUE", name];
            let time: [&[u8]; 2] = [b"PEXPIRETIME", name];
            let pair = (one.call(&digest), one.call(&time));
            let same = (other.call(&digest), other.call(&time));
            if pair != same && found.len() < 8 {
                let object: [&[u8]; 3] = [b"OBJECT", b"ENCODING", name];
                let (enc, enc2) = (one.call(&object), other.call(&object));
                found.push(format!("db{db} {key:?}: {enc:?} {pair:?}, {enc2:?} {same:?}"));
            }
        }
    }
    found
}

/// Makes a master delete what has expired, as SCAN does. Redis's own search for such keys is lazy:
/// for a minute it would delete one here and one there, between two digests.
fn delete_expired(master: &Server) {
    let mut client = master.client();
    for db in 0..DATABASES {
        assert!(client.run(&format!("SELECT {db}")).is_ok());
        let mut cursor = "0".to_owned();
        loop {
            cursor = client.run(&format!("SCAN {cursor} COUNT 2000")).items()[0].text();
            if cursor == "0" {
                break;
            }
        }
    }
}

/// Keys and expires of each database.
fn keyspace(server: &Server) -> Vec<(String, String)> {
    let text = server.client().call(&["INFO", "keyspace"]).text();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    // avg_ttl is an estimate of each node's own.
    let parts = lines.map(|(db, fields)| {
        let fields = fields.split(',').filter(|field| !field.starts_with("avg_ttl"));
        (db.to_owned(), fields.collect::<Vec<_>>().join(","))
    });
    parts.collect()
}

/// Somebody who writes to a server until told to stop.
#[derive(Debug)]
pub struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts to write, in batches, to `keys` keys of each type.
    ///
    /// # Panics
    /// (The thread) if the server breaks the connection or answers with an unexpected error.
    #[must_use]
    pub fn start(server: &Server, seed: u64, keys: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicU64::new(0));
        let mut client = server.client();
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&written));
        let thread = std::thread::spawn(move || {
            let mut rng = Rng::new(seed);
            while !stopped.load(Ordering::Relaxed) {
                let size = 1 + rng.below(60);
                let batch: Vec<_> = (0..size).flat_map(|_| random_write(&mut rng, keys)).collect();
                for (reply, sent) in client.pipeline(&batch).iter().zip(&batch) {
                    assert!(expected(reply), "{}: {reply:?}", shown(sent));
                }
                count.fetch_add(batch.len() as u64, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self { stop, written, thread: Some(thread) }
    }

    /// Waits until it has written so many commands more.
    ///
    /// # Panics
    /// If it does not.
    pub fn wait_more(&self, commands: u64) {
        let target = self.written.load(Ordering::Relaxed) + commands;
        wait_for("the writer", CATCH_UP, || {
            let now = self.written.load(Ordering::Relaxed);
            if now >= target { Ok(()) } else { Err(format!("{now} of {target}")) }
        });
    }

    /// Stops it and returns how many commands it has written.
    ///
    /// # Panics
    /// If it had failed.
    pub fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("not stopped before");
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Errors that a random write may meet.
fn expected(reply: &Value) -> bool {
    const ERRORS: &[&str] = &[
        "WRONGTYPE",
        "ERR no such key",
        "ERR value is not an integer",
        "ERR value is not a valid float",
        "ERR increment or decrement would overflow",
        "ERR hash value is not",
        "ERR increment would produce NaN or Infinity",
    ];
    match reply {
        Value::Error(text) => ERRORS.iter().any(|error| text.starts_with(error.as_bytes())),
        Value::Array(items) => items.iter().all(expected),
        _ => true,
    }
}

/// Connects as a replica and asks for a full resynchronisation when all have come to `ready`; takes
/// everything, keeps nothing, counts the bytes. Ends with the connection.
///
/// # Errors
/// The connection's, or silence for three minutes.
pub fn sink(port: u16, ready: &Barrier, taken: &AtomicU64) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.write_all(&encode(&["REPLCONF", "capa", "eof", "capa", "psync2"]))?;
    stream.read_exact(&mut [0; 5])?;
    ready.wait();
    stream.write_all(&encode(&["PSYNC", "?", "-1"]))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            len => taken.fetch_add(len as u64, Ordering::Relaxed),
        };
    }
}
