//! The words that operators and tools look for: every error and every log line of replication that
//! Redis is known by is reached, with the same level, with redis-server (which proves the text)
//! and with lockstep.

use std::thread::sleep;
use std::time::Duration;

use lockstep_tests::resp::Value;
use lockstep_tests::server::Kind::{self, Lockstep, Redis};
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::wait_for;
use lockstep_tests::wire::{RawMaster, RawReplica, Transcript};

/// How long a line may take to be logged.
const PATIENCE: Duration = Duration::from_secs(20);
const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const NEXT_ID: &str = "76543210fedcba9876543210fedcba9876543210";
const EMPTY_RDB: &[u8] = b"REDIS0010\xff\0\0\0\0\0\0\0\0";
/// Nobody listens there.
const NOBODY: &str = "127.0.0.1 1";

/// A text with `%s` and `%lld` where anything may stand matches a whole line.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split("%s").flat_map(|part| part.split("%lld")).collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return pattern == text;
    }
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn patterns_match_whole_lines() {
    assert!(matches("a %s b %lld.", "a one b 2."));
    assert!(matches("plain", "plain") && !matches("plain", "plain "));
    assert!(!matches("a %s b", "xa 1 b") && !matches("a %s b", "a 1 b."));
}

/// Level and text of each log line: `PID:ROLE DATE TIME LEVEL TEXT`.
fn lines(server: &Server) -> Vec<(String, String)> {
    let log = server.log();
    let split = |line: &str| {
        let mut words = line.splitn(7, ' ').skip(5);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    log.lines().filter_map(split).collect()
}

/// Waits until a line was logged.
fn wait_line(server: &Server, level: &str, pattern: &str) {
    wait_for(&format!("{:?} to log {level} {pattern}", server.kind), PATIENCE, || {
        let all = lines(server);
        if all.iter().any(|(l, text)| l == level && matches(pattern, text)) {
            return Ok(());
        }
        Err(all.iter().map(|(l, text)| format!("{l} {text}\n")).collect::<String>())
    });
}

fn introduce(server: &Server) -> RawReplica {
    RawReplica::introduce(server, &["eof", "psync2"], &mut Transcript::default())
}

fn ask(replica: &mut RawReplica, words: &[&str]) {
    replica.ask(words, &mut Transcript::default());
}

/// Replicas come to a master with every kind of request.
fn a_master_and_what_is_asked_of_it(kind: Kind) {
    let server = Launch::new(kind).set("repl-ping-replica-period", "3600").start();
    let mut first = introduce(&server);
    first.full(&["PSYNC", "?", "-1"], &mut Transcript::default());
    first.ack();
    wait_line(&server, "*", "Replica %s asks for synchronization");
    wait_line(&server, "*", "Full resync requested by replica %s");
    wait_line(&server, "*", "Synchronization with replica %s succeeded");
    let id = server.info("replication").text("master_replid").to_owned();
    ask(&mut introduce(&server), &["PSYNC", ID, "1"]);
    wait_line(
        &server,
        "*",
        &format!(
            "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for \
             '{ID}', my replication IDs are '{id}' and '{}')",
            "0".repeat(40)
        ),
    );
    ask(&mut introduce(&server), &["PSYNC", &id, "99999"]);
    wait_line(
        &server,
        "*",
        "Unable to partial resync with replica %s for lack of backlog (Replica request was: \
         99999).",
    );
    wait_line(
        &server,
        "#",
        "Warning: replica %s tried to PSYNC with an offset that is greater than the master \
         replication offset.",
    );
    let next = (server.info("replication").number("master_repl_offset") + 1).to_string();
    ask(&mut introduce(&server), &["PSYNC", &id, &next]);
    wait_line(
        &server,
        "*",
        &format!(
            "Partial resynchronization request from %s accepted. Sending 0 bytes of backlog \
             starting from offset {next}."
        ),
    );
    wait_line(&server, "#", "Connection with replica %s lost.");
    // The first one has said nothing since.
    assert!(server.client().run("CONFIG SET repl-timeout 2").is_ok());
    wait_line(&server, "#", "Disconnecting timedout replica (streaming sync): %s");
}

/// A replica whose master does all that masters do.
fn a_replica_and_what_its_master_does(kind: Kind) {
    let master = RawMaster::new();
    let server = Launch::new(kind).set("replicaof", format!("127.0.0.1 {}", master.port)).start();
    let be_patient = |seconds: u32| {
        let line = format!("CONFIG SET repl-timeout {seconds}");
        assert!(server.client().run(&line).is_ok());
    };
    let log = &mut Transcript::default();
    let payload = [format!("${}\r\n", EMPTY_RDB.len()).as_bytes(), EMPTY_RDB].concat();
    let mut link = master.accept();
    link.shake_hands(log);
    wait_line(&server, "*", "Partial resynchronization not possible (no cached master)");
    link.say(format!("+FULLRESYNC {ID} 1000\r\n"), log);
    link.say(&payload, log);
    for line in [
        format!("Connecting to MASTER 127.0.0.1:{}", master.port),
        "MASTER <-> REPLICA sync started".into(),
        "Non blocking connect for SYNC fired the event.".into(),
        "Master replied to PING, replication can continue...".into(),
        format!("Full resync from master: {ID}:1000"),
        "MASTER <-> REPLICA sync: Flushing old data".into(),
        "MASTER <-> REPLICA sync: Loading DB in memory".into(),
        "MASTER <-> REPLICA sync: Finished with success".into(),
    ] {
        wait_line(&server, "*", &line);
    }
    wait_line(&server, "#", "RDB file was saved with checksum disabled: no check performed.");
    // It says nothing for longer than repl-timeout.
    be_patient(2);
    wait_line(&server, "#", "MASTER timeout: no data nor PING received...");
    be_patient(60);
    wait_line(&server, "#", "Connection with master lost.");
    wait_line(&server, "*", "Caching the disconnected master state.");
    drop(link);
    let mut link = master.accept();
    link.shake_hands(log);
    wait_line(&server, "*", &format!("Trying a partial resynchronization (request {ID}:1001)."));
    link.say(format!("+CONTINUE {NEXT_ID}\r\n"), log);
    wait_line(&server, "*", "Successful partial resynchronization with master.");
    let accepted = "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.";
    wait_line(&server, "*", accepted);
    wait_line(&server, "#", &format!("Master replication ID changed to {NEXT_ID}"));
    // Promoted, and asked for more of the old history than there is.
    assert!(server.client().run("REPLICAOF NO ONE").is_ok());
    let now = server.info("replication").text("master_replid").to_owned();
    wait_line(
        &server,
        "#",
        &format!(
            "Setting secondary replication ID to {NEXT_ID}, valid up to offset: 1001. New \
             replication ID is {now}"
        ),
    );
    wait_line(&server, "*", "MASTER MODE enabled (user request from '%s')");
    ask(&mut introduce(&server), &["PSYNC", NEXT_ID, "5000"]);
    wait_line(
        &server,
        "*",
        "Partial resynchronization not accepted: Requested offset for second ID was 5000, but I \
         can reply up to 1001",
    );
    assert!(server.client().run(&format!("REPLICAOF {NOBODY}")).is_ok());
    wait_line(&server, "*", "REPLICAOF 127.0.0.1:1 enabled (user request from '%s')");
    wait_line(&server, "#", "Error condition on socket for SYNC: Connection refused");
    wait_line(
        &server,
        "*",
        "Before turning into a replica, using my own master parameters to synthesize a cached \
         master: I may be able to synchronize with the new master with just a partial transfer.",
    );
}

/// A handshake that fails in each of its steps.
fn a_replica_and_masters_that_refuse(kind: Kind) {
    let master = RawMaster::new();
    let server = Launch::new(kind)
        .set("replicaof", format!("127.0.0.1 {}", master.port))
        .set("masterauth", "secret")
        .start();
    let log = &mut Transcript::default();
    let mut link = master.accept();
    link.hear(log);
    link.say("-ERR operation not allowed\r\n", log);
    wait_line(&server, "#", "Error reply to PING from master: '-ERR operation not allowed'");
    let mut link = master.accept();
    link.hear(log);
    link.say("+PONG\r\n", log);
    link.hear(log);
    link.say("-WRONGPASS no\r\n", log);
    wait_line(&server, "#", "Unable to AUTH to MASTER: -WRONGPASS no");
    let mut link = master.accept();
    link.hear(log);
    link.say("+PONG\r\n", log);
    for _ in 0..3 {
        link.hear(log);
    }
    link.say("+OK\r\n-ERR a\r\n-ERR b\r\n", log);
    link.hear(log);
    for line in [
        "(Non critical) Master does not understand REPLCONF listening-port: -ERR a",
        "(Non critical) Master does not understand REPLCONF capa: -ERR b",
    ] {
        wait_line(&server, "*", line);
    }
    link.say("-NOMASTERLINK later\r\n", log);
    wait_line(
        &server,
        "*",
        "Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK later",
    );
    let mut link = master.accept();
    link.shake_hands(log);
    link.say("hello\r\n", log);
    wait_line(&server, "#", "Unexpected reply to PSYNC from master: hello");
    wait_line(&server, "*", "Retrying with SYNC...");
    link.hear(log);
    link.say("-ERR no\r\n", log);
    let mut link = master.accept();
    link.shake_hands(log);
    link.say("-ERR unknown command\r\n", log);
    wait_line(
        &server,
        "*",
        "Master does not support PSYNC or is in error state (reply: -ERR unknown command)",
    );
    wait_line(&server, "*", "Retrying with SYNC...");
    link.say("-ERR no\r\n", log);
    wait_line(&server, "#", "MASTER aborted replication with an error: ERR no");
    let mut link = master.accept();
    link.shake_hands(log);
    link.say(format!("+FULLRESYNC {ID} 1\r\nrubbish\r\n"), log);
    wait_line(
        &server,
        "#",
        "Bad protocol from MASTER, the first byte is not '$' (we received 'rubbish'), are you \
         sure the host and port are right?",
    );
    let mut link = master.accept();
    link.shake_hands(log);
    link.say("+FULLRESYNC short 1\r\n", log);
    wait_line(&server, "#", "Master replied with wrong +FULLRESYNC syntax.");
}

/// A replica that does not read.
fn a_replica_over_its_limit(kind: Kind) {
    let line = match kind {
        // Redis's cron, which says it otherwise, may be the first to see it.
        Redis => "Client %s for overcoming of output buffer limits.",
        Lockstep => "Client %s scheduled to be closed ASAP for overcoming of output buffer limits.",
    };
    wait_line(&not_read_by_its_replica(kind, "replica 4mb 0 0").0, "#", line);
}

/// A replica that stops reading, and a master that has nothing more to say.
fn a_replica_over_its_soft_limit(kind: Kind) {
    let line = "Client %s closed for overcoming of output buffer limits.";
    wait_line(&not_read_by_its_replica(kind, "replica 0 1mb 1").0, "#", line);
}

/// A master with this limit that has sent 40 MB to a replica which reads none of it.
fn not_read_by_its_replica(kind: Kind, limit: &str) -> (Server, RawReplica) {
    let server = Launch::new(kind)
        .set("client-output-buffer-limit", limit)
        .set("repl-backlog-size", "1mb")
        .start();
    let mut replica = introduce(&server);
    replica.full(&["PSYNC", "?", "-1"], &mut Transcript::default());
    replica.ack();
    let value = "x".repeat(500_000);
    let mut client = server.client();
    for _ in 0..80 {
        assert!(client.call(&["SET", "k", &value]).is_ok());
    }
    (server, replica)
}

/// Silence for longer than `repl-timeout`: the replica dials again at once.
fn a_replica_of_a_silent_master(kind: Kind) {
    let master = RawMaster::new();
    let server = Launch::new(kind).set("replicaof", format!("127.0.0.1 {}", master.port)).start();
    let be_patient = |seconds: u32| {
        let line = format!("CONFIG SET repl-timeout {seconds}");
        assert!(server.client().run(&line).is_ok());
    };
    let _mute = master.accept();
    be_patient(1);
    wait_line(&server, "#", "Timeout connecting to the MASTER...");
    let again = format!("Reconnecting to MASTER 127.0.0.1:{} after failure", master.port);
    wait_line(&server, "*", &again);
    be_patient(60);
    // It may have lost its patience with more than one connection by then.
    let log = &mut Transcript::default();
    let mut link = master.accept();
    while !link.is_introduced(log) {
        link = master.accept();
    }
    link.say(format!("+FULLRESYNC {ID} 1\r\n$100\r\nREDIS0010"), log);
    wait_line(&server, "*", "MASTER <-> REPLICA sync: receiving %s bytes from master %s");
    be_patient(1);
    wait_line(
        &server,
        "#",
        "Timeout receiving bulk data from MASTER... If the problem persists try to set the \
         'repl-timeout' parameter in redis.conf to a larger value.",
    );
    let _again = master.accept();
}

#[test]
fn every_log_line_is_reached() {
    std::thread::scope(|scope| {
        for kind in [Redis, Lockstep] {
            scope.spawn(move || a_master_and_what_is_asked_of_it(kind));
            scope.spawn(move || a_replica_and_what_its_master_does(kind));
            scope.spawn(move || a_replica_and_masters_that_refuse(kind));
            scope.spawn(move || a_replica_over_its_limit(kind));
            scope.spawn(move || a_replica_over_its_soft_limit(kind));
            scope.spawn(move || a_replica_of_a_silent_master(kind));
        }
    });
}

/// A situation, and what is answered in it.
struct Refusal {
    reach: fn(Kind) -> Value,
    text: &'static str,
}

fn astray(kind: Kind) -> Launch {
    Launch::new(kind).set("replicaof", NOBODY)
}

fn with_replica(kind: Kind) -> (Server, RawReplica) {
    let server = Launch::new(kind).start();
    let mut replica = introduce(&server);
    replica.full(&["PSYNC", "?", "-1"], &mut Transcript::default());
    replica.ack();
    wait_for("the replica to be online", PATIENCE, || {
        let info = server.info("replication");
        let online = info.replica(0).is_some_and(|slave| slave["state"] == "online");
        if online { Ok(()) } else { Err(format!("{info:?}")) }
    });
    (server, replica)
}

/// Asks a master in the middle of a failover.
fn while_failing_over(kind: Kind, line: &str) -> Value {
    let (server, _replica) = with_replica(kind);
    let mut client = server.client();
    assert!(client.run("SET a 1").is_ok());
    // The replica never acknowledges that: the failover waits for it.
    let begun = client.run("FAILOVER TIMEOUT 20000");
    if begun.is_ok() { server.client().run(line) } else { begun }
}

/// A server that loads a dump slowly, asked at once.
fn asked_while_loading(kind: Kind) -> Value {
    let source = Server::redis();
    assert!(source.client().run("DEBUG POPULATE 20000").is_ok());
    assert!(source.client().run("SAVE").is_ok());
    let dump = std::fs::read(source.path("dump.rdb")).expect("the dump");
    let server = Launch::new(kind)
        .file("dump.rdb", &dump)
        .set("key-load-delay", "1000")
        .set("loading-process-events-interval-bytes", "1024")
        .start_at_once();
    wait_for("an answer while loading", PATIENCE, || {
        let mut client =
            lockstep_tests::resp::Client::connect(server.port).map_err(|e| e.to_string())?;
        client.try_call(&["GET", "key:1"]).map_err(|e| e.to_string())
    })
}

const REFUSALS: &[Refusal] = &[
    Refusal {
        reach: |kind| astray(kind).start().client().run("PSYNC ? -1"),
        text: "NOMASTERLINK Can't SYNC while not connected with my master",
    },
    Refusal {
        reach: |kind| astray(kind).start().client().run("SYNC"),
        text: "NOMASTERLINK Can't SYNC while not connected with my master",
    },
    Refusal {
        reach: |kind| while_failing_over(kind, "PSYNC ? -1"),
        text: "NOMASTERLINK Can't SYNC while failing over",
    },
    Refusal {
        reach: |kind| {
            let server = astray(kind).set("replica-serve-stale-data", "no").start();
            server.client().run("GET a")
        },
        text: "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    },
    Refusal {
        reach: |kind| astray(kind).start().client().run("SET a 1"),
        text: "READONLY You can't write against a read only replica.",
    },
    Refusal {
        reach: |kind| {
            let server = Launch::new(kind).set("min-replicas-to-write", "1").start();
            server.client().run("SET a 1")
        },
        text: "NOREPLICAS Not enough good replicas to write.",
    },
    Refusal { reach: asked_while_loading, text: "LOADING Redis is loading the dataset in memory" },
    Refusal {
        reach: |kind| astray(kind).start().client().run("WAIT 1 100"),
        text: "ERR WAIT cannot be used with replica instances. Please also note that since Redis \
               4.0 if a replica is configured to be writable (which is not the default) writes to \
               replicas are just local and are not propagated.",
    },
    Refusal {
        reach: |kind| Launch::new(kind).start().client().run("REPLCONF foo bar"),
        text: "ERR Unrecognized REPLCONF option: foo",
    },
    Refusal {
        reach: |kind| with_replica(kind).0.client().run("FAILOVER TO 127.0.0.1 1"),
        text: "ERR FAILOVER target HOST and PORT is not a replica.",
    },
    Refusal {
        reach: |kind| Launch::new(kind).start().client().run("FAILOVER"),
        text: "ERR FAILOVER requires connected replicas.",
    },
    Refusal {
        reach: |kind| astray(kind).start().client().run("FAILOVER"),
        text: "ERR FAILOVER is not valid when server is a replica.",
    },
    Refusal {
        reach: |kind| Launch::new(kind).start().client().run("FAILOVER ABORT"),
        text: "ERR No failover in progress.",
    },
    Refusal {
        reach: |kind| while_failing_over(kind, "FAILOVER"),
        text: "ERR FAILOVER already in progress.",
    },
    Refusal {
        reach: |kind| while_failing_over(kind, "REPLICAOF 127.0.0.1 1"),
        text: "ERR REPLICAOF not allowed while failing over.",
    },
    Refusal {
        reach: |kind| with_replica(kind).0.client().run("FAILOVER FORCE"),
        text: "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
    },
    Refusal {
        reach: |kind| with_replica(kind).0.client().run("FAILOVER TIMEOUT 0"),
        text: "ERR FAILOVER timeout must be greater than 0",
    },
    Refusal {
        reach: |kind| {
            let server = astray(kind).start();
            sleep(Duration::from_millis(50));
            server.client().run(&format!("REPLICAOF {NOBODY}"))
        },
        text: "OK Already connected to specified master",
    },
    Refusal {
        reach: |kind| {
            let server = Launch::new(kind).start();
            let mut client = server.client();
            client.send(b"PING\r\nSYNC\r\n").expect("sent");
            assert_eq!(client.receive().expect("a reply").text(), "PONG");
            client.receive().expect("a reply")
        },
        text: "ERR SYNC and PSYNC are invalid with pending output",
    },
];

#[test]
fn every_error_is_reached() {
    let mut wrong = Vec::new();
    for refusal in REFUSALS {
        for kind in [Redis, Lockstep] {
            let reply = (refusal.reach)(kind);
            if reply.bytes() != Some(refusal.text.as_bytes()) {
                wrong.push(format!("{kind:?}: {reply:?}\n    is not {}", refusal.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
