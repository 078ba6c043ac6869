//! What the stream says for what clients said: the same script for redis-server and for lockstep, a
//! raw replica attached to each, and every byte compared. Only times may differ.

use std::time::Duration;

use lockstep_tests::server::Kind;
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::wire::{RawReplica, Transcript, compare};

/// A master without pings of its own: they come when they come.
fn quiet(kind: Kind) -> Launch {
    Launch::new(kind).set("repl-ping-replica-period", "3600")
}

/// Runs a script: a command per line, after which `~ ms` lets time pass before one looks at what
/// the stream said; `b` sends on a second connection without waiting for the reply, `r` reads that;
/// `-` runs without writing the reply down, whose order is nobody's promise. After each line comes
/// what the stream said.
fn script(server: &Server, text: &str) -> Transcript {
    let mut log = Transcript::default();
    let mut quiet = Transcript::default();
    let mut replica = RawReplica::introduce(server, &["eof", "psync2"], &mut quiet);
    replica.full(&["PSYNC", "?", "-1"], &mut quiet);
    replica.ack();
    let (mut client, mut other) = (server.client(), server.client());
    other.patience(Duration::from_secs(60));
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        log.note("", line.strip_prefix("- ").unwrap_or(line));
        let (line, pause) = line.split_once(" ~ ").unwrap_or((line, "0"));
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "b" => {
                let words: Vec<&str> = rest.split(' ').collect();
                other.send(&lockstep_tests::resp::encode(&words)).expect("sent");
                // It has arrived: before a server waits again, it reads from everybody.
                for _ in 0..3 {
                    assert_eq!(client.run("PING").text(), "PONG");
                }
            }
            "r" => log.note("<", &format!("{:?}", other.receive().expect("a reply"))),
            "-" => assert!(!client.run(rest).is_error(), "{line}"),
            _ => {
                let reply = client.run(line);
                log.note("<", &format!("{reply:?}"));
            }
        }
        std::thread::sleep(Duration::from_millis(pause.parse().expect("milliseconds")));
        replica.catch_up(server, &mut log);
    }
    // Redis sends its first ping at start, if somebody is there by then.
    log.0.retain(|line| line != "~ ping");
    log
}

fn compare_script(text: &str) {
    compare(|kind| script(&quiet(kind).start(), text));
}

#[test]
fn strings_in_the_stream() {
    compare_script(include_str!("stream/strings.txt"));
}

#[test]
fn expiry_in_the_stream() {
    compare_script(include_str!("stream/expiry.txt"));
}

#[test]
fn lists_in_the_stream() {
    compare_script(include_str!("stream/lists.txt"));
}

#[test]
fn sets_in_the_stream() {
    compare_script(include_str!("stream/sets.txt"));
}

/// Which members SPOP takes is chance; that each is removed by an SREM of its own, all of them in a
/// transaction, is not.
#[test]
fn spop_of_several_members_in_the_stream() {
    compare(|kind| {
        let server = quiet(kind).start();
        let mut log = script(
            &server,
            "
            - SADD s m1 m2 m3 m4 m5 m6 m7 m8 m9
            - SPOP s
            - SPOP s 2
            - SPOP s 5
            - SADD n 1 2 3 4 5 6 7 8 9
            - SPOP n 3
            MULTI
            - SPOP n 2
            - SPOP n
            - EXEC
            ",
        );
        for line in &mut log.0 {
            let chance = line.starts_with("~ SREM");
            if let Some((start, _)) = line.rsplit_once(' ').filter(|_| chance) {
                *line = format!("{start} <member>");
            }
        }
        log
    });
}

#[test]
fn hashes_and_sorted_sets_in_the_stream() {
    compare_script(include_str!("stream/hashes-and-sorted-sets.txt"));
}

#[test]
fn keys_and_databases_in_the_stream() {
    compare_script(include_str!("stream/keys-and-databases.txt"));
}

#[test]
fn transactions_in_the_stream() {
    compare_script(include_str!("stream/transactions.txt"));
}

#[test]
fn restore_in_the_stream() {
    compare(|kind| {
        let server = quiet(kind).start();
        let mut log = Transcript::default();
        let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
        replica.full(&["PSYNC", "?", "-1"], &mut log);
        replica.ack();
        let mut client = server.client();
        assert!(client.run("SET from value").is_ok());
        let dump = client.run("DUMP from");
        let dump = dump.bytes().expect("a payload").to_vec();
        let mut restore = |key: &str, ttl: &str, option: &str| {
            let mut words: Vec<&[u8]> = vec![b"RESTORE", key.as_bytes(), ttl.as_bytes(), &dump];
            words.extend(option.split_whitespace().map(str::as_bytes));
            log.note("<", &format!("RESTORE {ttl} {option}: {:?}", client.call(&words)));
            replica.catch_up(&server, &mut log);
        };
        for (key, ttl, option) in [
            ("a", "0", ""),
            ("b", "1000000000", ""),
            ("a", "0", "REPLACE"),
            ("c", "9000000000123", "ABSTTL"),
            ("d", "1", "ABSTTL"),
            ("a", "1", "ABSTTL REPLACE"),
            ("b", "1", "ABSTTL"),
        ] {
            restore(key, ttl, option);
        }
        assert!(server.client().run("CONFIG SET lazyfree-lazy-server-del yes").is_ok());
        restore("b", "1", "ABSTTL REPLACE");
        log
    });
}

#[test]
fn blocking_commands_in_the_stream() {
    compare_script(include_str!("stream/blocking-commands.txt"));
}

#[test]
fn published_messages_and_wait_in_the_stream() {
    compare_script(include_str!("stream/published-messages-and-wait.txt"));
}

/// PING comes each `repl-ping-replica-period`, and selects no database.
#[test]
fn pings_in_the_stream() {
    compare(|kind| {
        let server = Launch::new(kind).set("repl-ping-replica-period", "1").start();
        let mut log = Transcript::default();
        let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
        replica.full(&["PSYNC", "?", "-1"], &mut log);
        replica.ack();
        replica.take(14, &mut log);
        replica.take(14, &mut log);
        assert!(server.client().run("SET a 1").is_ok());
        replica.take(23 + 27, &mut log);
        replica.take(14, &mut log);
        log
    });
}
