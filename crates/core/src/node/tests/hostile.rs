//! Peers that break every rule: what is held stays, the link ends with a line in the log, nothing
//! panics, and memory stays bounded.

use proptest::prelude::*;

use super::{End, IMPOSTOR_PORT, Net};
use crate::replication::state::ReplState;

const ID: &str = "0123456789012345678901234567890123456789";

/// A replica with data whose master is the test.
struct Victim {
    net: Net,
    client: End,
    digest: String,
}

impl Victim {
    fn new() -> Self {
        let mut net = Net::new();
        let host = net.node(|config| config.repl_timeout = 10);
        let client = net.client(host);
        net.run(client, "MSET precious data more 1");
        net.run(client, "RPUSH list a b c");
        let digest = net.run(client, "DEBUG DIGEST");
        net.run(client, &format!("REPLICAOF 127.0.0.1 {IMPOSTOR_PORT}"));
        Self { net, client, digest }
    }

    /// The link, if there is one.
    fn link(&self) -> Option<End> {
        self.net.at(0).link()?.conn.map(|conn| (0, conn))
    }

    /// What the master says, all at once. What is left of the link afterwards is the test's.
    fn hears(&mut self, bytes: &[u8]) {
        if let Some(link) = self.link() {
            self.net.raw(link, bytes);
        }
    }

    fn state(&self) -> ReplState {
        self.net.at(0).link().expect("a replica").state
    }

    /// Nothing was lost, and the last warning is this one.
    fn is_unharmed(&mut self, what: &str) {
        assert_eq!(self.net.run(self.client, "DEBUG DIGEST"), self.digest, "{what}");
    }

    /// The link was ended, with a line that contains these words.
    fn has_hung_up(&mut self, words: &str, what: &str) {
        assert_ne!(self.state(), ReplState::Connected, "{what}");
        let log = self.net.log(0);
        assert!(log.iter().any(|line| line.contains(words)), "{what}: {log:#?}");
        self.is_unharmed(what);
    }
}

/// What a master has said, up to the phase in which it goes wrong.
const PHASES: [(&str, &str); 5] = [
    ("ping", ""),
    ("replconf", "+PONG\r\n"),
    ("psync", "+PONG\r\n+OK\r\n+OK\r\n"),
    ("header", "+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC 0123456789012345678901234567890123456789 7\r\n"),
    (
        "payload",
        "+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC 0123456789012345678901234567890123456789 7\r\n\
         $EOF:0123456789012345678901234567890123456789\r\n",
    ),
];

#[test]
fn garbage_in_any_phase_costs_nothing() {
    let line = vec![b'a'; 200_000];
    let noise: Vec<u8> =
        (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let garbage: [&[u8]; 8] = [
        &line,
        &noise,
        b"\0\0\0\0\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n",
        b"+CONTINUE\r\n",
        b"$-5\r\n$99999999999999999999\r\n",
        b"-ERR no\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n",
    ];
    for (phase, so_far) in PHASES {
        for (number, bytes) in garbage.iter().enumerate() {
            for piece in [1, 7, usize::MAX] {
                let what = format!("{phase}, garbage {number}, pieces of {piece}");
                let mut victim = Victim::new();
                victim.hears(so_far.as_bytes());
                victim.net.piece = piece;
                victim.hears(bytes);
                victim.is_unharmed(&what);
                // What is not refused at once is given up in time.
                victim.net.pass_ms(12_000);
                victim.is_unharmed(&what);
                assert_ne!(victim.state(), ReplState::Connected, "{what}");
                let log = victim.net.log(0);
                let ended = log.iter().filter(|l| l.contains("sync started")).count() > 1;
                assert!(ended, "{what}: {log:#?}");
            }
        }
    }
}

#[test]
fn lines_without_end_are_cut_short() {
    for (phase, so_far) in &PHASES[..4] {
        let mut victim = Victim::new();
        victim.hears(so_far.as_bytes());
        let link = victim.link().expect("connected");
        for _ in 0..100 {
            victim.net.raw(link, &[b'x'; 100]);
        }
        victim.has_hung_up("line too long", phase);
    }
}

/// A snapshot of every type, as a master sends it.
fn snapshot() -> Vec<u8> {
    let mut net = Net::new();
    let host = net.node(|_| {});
    let client = net.client(host);
    for command in [
        "SET string value",
        "SET long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "RPUSH list a 1 bb",
        "HSET hash field value",
        "SADD set x y",
        "SADD numbers 1 300",
        "ZADD zset 1.5 a 3 c",
        "SET mortal x PX 500000",
        "SAVE",
    ] {
        net.run(client, command);
    }
    net.file(host, "dump.rdb").expect("saved").to_vec()
}

fn sized(rdb: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", rdb.len()).as_bytes(), rdb].concat()
}

fn marked(rdb: &[u8]) -> Vec<u8> {
    [format!("$EOF:{ID}\r\n").as_bytes(), rdb, ID.as_bytes()].concat()
}

#[test]
fn a_snapshot_damaged_at_any_byte_is_refused() {
    let good = snapshot();
    let mut whole = Victim::new();
    whole.hears([PHASES[3].1.as_bytes(), &marked(&good)].concat().as_slice());
    assert_eq!(whole.state(), ReplState::Connected, "the undamaged one is taken");
    for at in 0..good.len() {
        for (flip, framing) in [(0x01, sized as fn(&[u8]) -> _), (0x80, marked), (0xff, marked)] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            let mut victim = Victim::new();
            victim.hears(&[PHASES[3].1.as_bytes(), &framing(&bad)].concat());
            let what = format!("byte {at} with {flip:#x}");
            victim.is_unharmed(&what);
            assert_ne!(victim.state(), ReplState::Connected, "{what}");
        }
    }
}

#[test]
fn a_snapshot_cut_short_anywhere_is_refused() {
    let good = snapshot();
    for (framing, name) in [(sized as fn(&[u8]) -> _, "sized"), (marked, "marked")] {
        let stream: Vec<u8> = framing(&good);
        for end in 0..stream.len() {
            let mut victim = Victim::new();
            victim.hears(&[PHASES[3].1.as_bytes(), &stream[..end]].concat());
            let link = victim.link().expect("still connected");
            victim.net.hosts[0].node.handle_close(victim.net.now, link.1);
            victim.has_hung_up("I/O error trying to sync with MASTER: connection lost", name);
        }
    }
}

#[test]
fn a_wrong_mark_and_a_wrong_length_are_refused() {
    let good = snapshot();
    let mut wrong = marked(&good);
    *wrong.last_mut().expect("a mark") ^= 1;
    let mut victim = Victim::new();
    victim.hears(&[PHASES[3].1.as_bytes(), &wrong].concat());
    victim.has_hung_up("Replication stream EOF marker is broken", "the mark");
    let short = [format!("${}\r\n", good.len() - 3).as_bytes(), &good].concat();
    let mut victim = Victim::new();
    victim.hears(&[PHASES[3].1.as_bytes(), &short].concat());
    victim.has_hung_up("the RDB is longer than the length announced", "the length");
}

#[test]
fn versions_and_types_that_cannot_be_read_are_named_and_cost_nothing() {
    let stream_type = b"REDIS0010\x0f\x03key".as_slice();
    for (rdb, words) in [(b"REDIS0099\xff".as_slice(), "RDB version 99"), (stream_type, "a stream")]
    {
        let mut victim = Victim::new();
        victim.hears(&[PHASES[3].1.as_bytes(), &marked(rdb)].concat());
        victim.has_hung_up(words, words);
    }
}

/// A replica that has its master's dataset and follows its stream.
fn following() -> Victim {
    let mut victim = Victim::new();
    victim.hears(&[PHASES[3].1.as_bytes(), &marked(&snapshot())].concat());
    assert_eq!(victim.state(), ReplState::Connected);
    victim.digest = victim.net.run(victim.client, "DEBUG DIGEST");
    victim
}

#[test]
fn commands_that_cannot_run_are_reported_and_counted() {
    let errors: [(&[u8], &str); 8] = [
        (b"*1\r\n$3\r\nSET\r\n", "wrong number of arguments for 'set' command"),
        (b"*1\r\n$5\r\nLPUSH\r\n", "wrong number of arguments for 'lpush' command"),
        (b"*2\r\n$7\r\nnonsens\r\n$1\r\nx\r\n", "unknown command 'nonsens'"),
        (b"*2\r\n$4\r\nINCR\r\n$6\r\nstring\r\n", "value is not an integer"),
        (b"*3\r\n$5\r\nLPUSH\r\n$6\r\nstring\r\n$1\r\na\r\n", "WRONGTYPE"),
        (b"*1\r\n$4\r\nEXEC\r\n", "EXEC without MULTI"),
        (b"*1\r\n$7\r\nDISCARD\r\n", "DISCARD without MULTI"),
        (b"*2\r\n$6\r\nSELECT\r\n$3\r\n999\r\n", "DB index is out of range"),
    ];
    let mut victim = following();
    let mut offset = victim.net.at(0).master_repl_offset();
    for (command, words) in errors {
        victim.hears(command);
        offset += command.len() as u64;
        assert_eq!(victim.net.at(0).master_repl_offset(), offset, "{words}");
        let log = victim.net.log(0);
        let line = log.last().expect("a line");
        assert!(line.starts_with("== CRITICAL ==") && line.contains(words), "{words}: {line}");
    }
    assert_eq!(victim.state(), ReplState::Connected);
    victim.is_unharmed("errors");
}

#[test]
fn an_unbalanced_multi_is_applied_at_its_end_and_not_before() {
    let mut victim = following();
    let offset = victim.net.at(0).master_repl_offset();
    let set = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n";
    let multi = b"*1\r\n$5\r\nMULTI\r\n";
    victim.hears(&[multi.as_slice(), set, multi].concat());
    victim.is_unharmed("MULTI has not ended");
    assert_eq!(victim.net.at(0).master_repl_offset(), offset);
    // The link breaks: what it left unfinished never was, and the offset says so.
    let link = victim.link().expect("connected");
    victim.net.hosts[0].node.handle_close(victim.net.now, link.1);
    victim.is_unharmed("the link broke inside MULTI");
    assert_eq!(victim.net.at(0).link().and_then(|l| l.cached_master).expect("kept").1, offset + 1);
    let mut victim = following();
    victim.hears(&[multi.as_slice(), set, multi, b"*1\r\n$4\r\nEXEC\r\n"].concat());
    assert_eq!(victim.net.run(victim.client, "GET a"), r"$1\r\nb\r\n");
    assert!(victim.net.log(0).iter().any(|line| line.contains("MULTI calls can not be nested")));
}

#[test]
fn what_is_no_stream_ends_the_link_for_good() {
    let flood = vec![b'a'; 100_000];
    let cases: [(&[u8], &str); 5] = [
        (b"garbage\r\n", "Receiving inline protocol from master"),
        (b"*1\r\n:5\r\n", "Protocol error from master"),
        (b"*-9999999999999999999\r\n", "Protocol error from master"),
        (b"*2\r\n$3\r\nGET\r\n$-7\r\n", "Protocol error from master"),
        (&flood, "Protocol error from master"),
    ];
    for (bytes, words) in cases {
        let mut victim = following();
        victim.hears(bytes);
        victim.has_hung_up(words, words);
        let cached = victim.net.at(0).link().expect("a replica").cached_master;
        assert_eq!(cached, None, "{words}: nothing is left to continue from");
    }
}

// Replicas.

/// A connection to a master that has become its replica.
fn false_replica(net: &mut Net) -> End {
    let conn = net.client(0);
    net.raw(conn, b"REPLCONF capa eof capa psync2\r\n");
    net.raw(conn, b"PSYNC ? -1\r\n");
    net.pass_ms(1_500);
    conn
}

fn master() -> Net {
    let mut net = Net::new();
    let host = net.node(|config| config.repl_timeout = 10);
    let client = net.client(host);
    net.run(client, "SET precious data");
    net
}

#[test]
fn acknowledgements_of_what_never_was_end_the_link() {
    for offset in ["1000000", "-1", "9223372036854775807", "99999999999999999999", "x\u{1}y", ""] {
        let mut net = master();
        let replica = false_replica(&mut net);
        assert!(net.is_open(replica), "{offset}");
        let bytes =
            format!("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n${}\r\n{offset}\r\n", offset.len());
        net.raw(replica, bytes.as_bytes());
        net.pass_ms(100);
        assert!(net.at(0).replicas().is_empty(), "{offset}");
        assert!(net.log(0).iter().any(|l| l.contains("acknowledged offset")), "{offset}");
    }
    // A client that is no replica may say what it likes.
    let mut net = master();
    let client = net.client(0);
    assert_eq!(net.run(client, "REPLCONF ACK 1000000"), "");
    assert_eq!(net.run(client, "PING"), r"+PONG\r\n");
}

#[test]
fn absurd_requests_are_answered_with_a_full_resync_or_an_error() {
    let mut net = master();
    let id = net.at(0).history().replid;
    for offset in [i64::MIN, -1, 0, 1 << 62, i64::MAX] {
        let conn = net.client(0);
        let got = net.raw(conn, format!("PSYNC {id} {offset}\r\n").as_bytes());
        assert!(got.contains("+FULLRESYNC"), "{offset}: {got}");
    }
    for bad in ["PSYNC", "PSYNC ?", "PSYNC ? x", "PSYNC ? 99999999999999999999"] {
        let conn = net.client(0);
        assert!(net.raw(conn, format!("{bad}\r\n").as_bytes()).starts_with("-ERR"), "{bad}");
    }
    let conn = net.client(0);
    net.raw(conn, b"SYNC\r\nSYNC\r\nSYNC\r\n");
    net.pass_ms(1_100);
    assert_eq!(net.received(conn).windows(5).filter(|w| *w == b"REDIS").count(), 1);
}

#[test]
fn a_replica_that_gives_commands_is_shown_the_door() {
    for command in ["SET a 1", "GET precious", "FLUSHALL", "PING", "DEBUG JMAP", "nonsense"] {
        let mut net = master();
        let replica = false_replica(&mut net);
        net.run(replica, command);
        assert!(net.at(0).replicas().is_empty(), "{command}");
        assert!(net.log(0).iter().any(|line| line.contains("disconnecting it")), "{command}");
    }
}

fn stream_piece() -> impl Strategy<Value = Vec<u8>> {
    let command = prop::collection::vec("[a-z0-9 -]{0,6}", 0..5);
    let names = prop::sample::select(vec![
        "set",
        "del",
        "lpush",
        "zadd",
        "hset",
        "sadd",
        "multi",
        "exec",
        "discard",
        "select",
        "flushall",
        "swapdb",
        "ping",
        "replconf",
        "sort",
        "lmpop",
        "spop",
        "expire",
        "setrange",
        "setbit",
        "zinterstore",
        "copy",
        "restore",
        "watch",
        "publish",
        "psync",
        "sync",
        "shutdown",
        "debug",
        "config",
        "blpop",
        "wait",
        "failover",
        "client",
        "getex",
    ]);
    let known = (names, command).prop_map(|(name, args)| {
        let words: Vec<&[u8]> = std::iter::once(name)
            .chain(args.iter().map(String::as_str))
            .map(str::as_bytes)
            .collect();
        let mut bytes = Vec::new();
        crate::resp::request::encode(&mut bytes, &words);
        bytes
    });
    prop_oneof![8 => known, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever a master streams: no panic, clients are served, and no offset goes back.
    #[test]
    fn any_stream_is_survived(
        pieces in prop::collection::vec(stream_piece(), 0..30),
        cut in 1..50_usize,
    ) {
        let mut victim = following();
        victim.net.piece = cut;
        for piece in pieces {
            let before = victim.net.at(0).master_repl_offset();
            victim.hears(&piece);
            prop_assert!(victim.net.at(0).master_repl_offset() >= before);
        }
        victim.net.pass_ms(2_000);
        victim.net.piece = usize::MAX;
        prop_assert_eq!(victim.net.run(victim.client, "ECHO served"), r"$6\r\nserved\r\n");
    }

    /// Whatever a replica sends: no panic, and clients are served.
    #[test]
    fn any_replica_is_survived(
        pieces in prop::collection::vec(stream_piece(), 0..20),
        cut in 1..50_usize,
    ) {
        let mut net = master();
        let replica = false_replica(&mut net);
        net.piece = cut;
        for piece in pieces {
            net.raw(replica, &piece);
        }
        net.piece = usize::MAX;
        let client = net.client(0);
        prop_assert_eq!(net.run(client, "GET precious"), r"$4\r\ndata\r\n");
    }
}
