//! Decisions explain themselves: in the log, and by `LOCKSTEP PSYNC`.

use super::{End, Net};

/// What `LOCKSTEP PSYNC` says of the latest decision: field and value, in turn.
fn latest(net: &mut Net, client: End) -> Vec<String> {
    let reply = net.run(client, "LOCKSTEP PSYNC 1");
    let parts = reply.split(r"\r\n").skip(2);
    parts.filter(|part| !part.starts_with('$') || *part == "$-1").map(str::to_owned).collect()
}

fn value(fields: &[String], name: &str) -> String {
    let at = fields.iter().position(|field| field == name).expect("the field is there");
    fields[at + 1].clone()
}

fn master_and_replica(net: &mut Net) -> (usize, usize) {
    let master = net.node(|config| {
        config.repl_backlog_size = 100;
        config.repl_backlog_ttl = 5;
    });
    let replica = net.node(|config| config.replicaof = Some(("127.0.0.1".into(), 6380)));
    net.pass_ms(3_000);
    (master, replica)
}

#[test]
fn a_backlog_too_small_is_explained_on_both_sides() {
    let mut net = Net::new();
    let (master, replica) = master_and_replica(&mut net);
    let (writer, reader) = (net.client(master), net.client(replica));
    net.cut(replica, master);
    net.run(writer, &format!("SET key {}", "x".repeat(300)));
    net.pass_ms(2_000);
    let said = latest(&mut net, writer);
    assert_eq!(value(&said, "side"), "master");
    assert_eq!(value(&said, "peer"), "127.0.0.1:6381");
    assert_eq!(value(&said, "verdict"), "full");
    assert_eq!(value(&said, "condition"), "before-backlog");
    let number = |name: &str| -> u64 {
        value(&said, name).trim_start_matches(':').parse().expect("a number")
    };
    let (missing, enough) = (number("bytes"), number("sufficient-backlog-size"));
    assert_eq!(enough, missing + 100);
    let text = value(&said, "explanation");
    let words = format!("{missing} bytes are missing. A repl-backlog-size of {enough} would have");
    assert!(text.contains(&words), "{text}");
    let line = format!("PSYNC of replica 127.0.0.1:6381 explained: {text}");
    let log = net.log(master);
    let at = log.iter().position(|l| *l == line).expect("the explanation is in the log");
    assert!(log[at - 1].starts_with("Unable to partial resync with replica"), "{}", log[at - 1]);
    let said = latest(&mut net, reader);
    assert_eq!(value(&said, "side"), "replica");
    assert_eq!(value(&said, "peer"), "127.0.0.1:6380");
    assert_eq!(value(&said, "condition"), "not-in-backlog");
    assert!(value(&said, "explanation").contains("but not the bytes"), "{said:?}");
}

#[test]
fn a_replica_says_why_it_had_nothing_to_go_on_with() {
    let mut net = Net::new();
    let (master, replica) = master_and_replica(&mut net);
    let reader = net.client(replica);
    let said = latest(&mut net, reader);
    assert_eq!(value(&said, "condition"), "no-cached-master");
    assert!(value(&said, "explanation").contains("this node has just started"), "{said:?}");
    let line = "PSYNC to the master explained: This node asked for everything, because this node \
                has just started, and has loaded no replication id from an RDB file.";
    assert!(net.log(replica).iter().any(|logged| logged == line));
    // An inline command is no part of a stream: what follows cannot be trusted.
    let conn = net.at(replica).link().and_then(|link| link.conn).expect("connected");
    net.raw((replica, conn), b"garbage\r\n");
    net.pass_ms(2_000);
    let said = latest(&mut net, reader);
    assert!(value(&said, "explanation").contains("protocol error"), "{said:?}");
    let writer = net.client(master);
    let said = latest(&mut net, writer);
    assert_eq!(value(&said, "request"), "PSYNC ? -1");
    assert_eq!(value(&said, "condition"), "no-history");
}

#[test]
fn an_id_given_up_with_the_backlog_is_recognised() {
    let mut net = Net::new();
    let (master, replica) = master_and_replica(&mut net);
    let id = net.at(master).history().replid;
    let reader = net.client(replica);
    net.run(reader, "REPLICAOF NO ONE");
    net.pass_ms(8_000);
    let client = net.client(master);
    let reply = net.run(client, &format!("LOCKSTEP PSYNC CHECK {id} 1"));
    assert!(reply.contains("until repl-backlog-ttl ran out without a replica"), "{reply}");
    let reply = net.run(client, "LOCKSTEP PSYNC CHECK nonsense 1");
    assert!(reply.contains("has not had that id since it started"), "{reply}");
    assert_eq!(net.run(client, "LOCKSTEP PSYNC CHECK nonsense x"), NOT_AN_INTEGER);
}

const NOT_AN_INTEGER: &str = r"-ERR value is not an integer or out of range\r\n";

#[test]
fn the_check_decides_as_a_request_would() {
    let mut net = Net::new();
    let (master, replica) = master_and_replica(&mut net);
    let client = net.client(master);
    net.run(client, "SET a 1");
    let (id, next) = (net.at(master).history().replid, net.at(master).master_repl_offset() + 1);
    let before = net.at(master).sync_counts();
    for (offset, word) in [(next, "partial"), (next - 1, "partial"), (next + 1, "full")] {
        let reply = net.run(client, &format!("LOCKSTEP PSYNC CHECK {id} {offset}"));
        assert!(reply.starts_with("*26"), "{reply}");
        assert!(reply.contains(&format!(r"verdict\r\n${}\r\n{word}\r\n", word.len())), "{reply}");
    }
    assert_eq!(net.at(master).sync_counts(), before);
    // A replica that has lost its master would decide nothing.
    net.hosts[master].exited = true;
    net.cut(replica, master);
    let reader = net.client(replica);
    let reply = net.run(reader, &format!("LOCKSTEP PSYNC CHECK {id} 1"));
    assert!(reply.starts_with("-NOMASTERLINK"), "{reply}");
}

#[test]
fn decisions_are_maps_and_only_the_latest_are_remembered() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let client = net.client(master);
    for _ in 0..100 {
        let replica = net.client(master);
        net.raw(replica, format!("PSYNC {} 1\r\n", "x".repeat(5_000)).as_bytes());
    }
    net.run(client, "HELLO 3");
    let reply = net.run(client, "LOCKSTEP PSYNC -1");
    assert!(reply.starts_with(r"*64\r\n%17\r\n"), "{}", &reply[..60]);
    assert_eq!(reply.matches("replid-mismatch").count(), 64);
    assert!(reply.len() < 64 * 3_000, "{}", reply.len());
    assert_eq!(net.run(client, "LOCKSTEP PSYNC 0"), r"*0\r\n");
    assert!(net.run(client, "LOCKSTEP PSYNC -2").starts_with("-ERR"));
    assert_eq!(net.run(client, "LOCKSTEP PSYNC RESET"), r"+OK\r\n");
    assert_eq!(net.run(client, "LOCKSTEP PSYNC"), r"*0\r\n");
    assert!(net.run(client, "LOCKSTEP NONSENSE").starts_with("-ERR unknown subcommand"));
    assert!(net.run(client, "LOCKSTEP HELP").contains("PSYNC CHECK"));
}
