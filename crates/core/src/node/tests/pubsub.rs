//! Clients that listen to channels, and clients that watch.

use super::{Net, clients, told};

/// What was told, one protocol line after the other, without lengths.
fn words(text: &str) -> String {
    let lines = text.split(r"\r\n").filter(|line| !line.starts_with('$') && !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

fn pair(net: &mut Net) -> (usize, usize) {
    let (master, replica) = (net.node(|_| {}), net.node(|_| {}));
    let admin = net.client(replica);
    net.run(admin, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    (master, replica)
}

#[test]
fn messages_reach_who_listens_to_the_channel_or_to_a_pattern() {
    let (mut net, [a, b]) = clients();
    assert_eq!(
        net.run(a, "SUBSCRIBE ch ch2"),
        r"*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$3\r\nch2\r\n:2\r\n"
    );
    assert_eq!(words(&net.run(a, "PSUBSCRIBE c* ?h")), "*3 psubscribe c* :3 *3 psubscribe ?h :4");
    assert_eq!(words(&net.run(a, "SSUBSCRIBE sh")), "*3 ssubscribe sh :1");
    assert_eq!(net.run(b, "PUBLISH ch hi"), r":3\r\n");
    assert_eq!(
        words(&told(&mut net, a)),
        "*3 message ch hi *4 pmessage ?h ch hi *4 pmessage c* ch hi"
    );
    assert_eq!(net.run(b, "SPUBLISH sh x"), r":1\r\n");
    assert_eq!(words(&told(&mut net, a)), "*3 smessage sh x");
    assert_eq!(net.run(b, "PUBLISH shard x"), r":0\r\n");
    assert_eq!(words(&net.run(b, "PUBSUB CHANNELS")), "*2 ch ch2");
    assert_eq!(words(&net.run(b, "PUBSUB CHANNELS *2")), "*1 ch2");
    assert_eq!(words(&net.run(b, "PUBSUB NUMSUB ch no")), "*4 ch :1 no :0");
    assert_eq!(net.run(b, "PUBSUB NUMPAT"), r":2\r\n");
    assert_eq!(words(&net.run(b, "PUBSUB SHARDNUMSUB sh")), "*2 sh :1");
    let stats = net.run(b, "INFO stats");
    assert!(stats.contains(r"pubsub_channels:2\r\npubsub_patterns:2\r\npubsubshard_channels:1"));
    assert!(net.run(b, "CLIENT LIST TYPE pubsub").contains("flags=P db=0 sub=2 psub=2 ssub=1 "));
}

#[test]
fn who_listens_in_resp2_may_do_little_else_and_in_resp3_everything() {
    let (mut net, [a, b]) = clients();
    net.run(a, "SUBSCRIBE x");
    assert_eq!(
        net.run(a, "GET k"),
        r"-ERR Can\'t execute \'get\': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n"
    );
    assert!(net.run(a, "CLIENT LIST").starts_with(r"-ERR Can\'t execute \'client|list\':"));
    assert_eq!(net.run(a, "PING"), r"*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    assert_eq!(net.run(a, "PING m"), r"*2\r\n$4\r\npong\r\n$1\r\nm\r\n");
    assert_eq!(net.run(a, "RESET"), r"+RESET\r\n");
    assert_eq!(net.run(b, "PUBLISH x 1"), r":0\r\n");
    net.run(a, "HELLO 3");
    assert_eq!(net.run(a, "SUBSCRIBE x"), r">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n");
    assert_eq!(net.run(a, "PING"), r"+PONG\r\n");
    assert_eq!(net.run(a, "PUBLISH x me"), r">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nme\r\n:1\r\n");
}

#[test]
fn to_leave_all_channels_names_each_or_none() {
    let (mut net, [a]) = clients();
    net.run(a, "SUBSCRIBE x y");
    assert_eq!(words(&net.run(a, "UNSUBSCRIBE nope")), "*3 unsubscribe nope :2");
    assert_eq!(words(&net.run(a, "UNSUBSCRIBE")), "*3 unsubscribe x :1 *3 unsubscribe y :0");
    assert_eq!(net.run(a, "UNSUBSCRIBE"), r"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
    assert_eq!(net.run(a, "GET k"), r"$-1\r\n");
}

#[test]
fn pushes_come_even_to_a_client_that_wants_no_replies() {
    let (mut net, [a, b]) = clients();
    net.run(a, "CLIENT REPLY OFF");
    assert_eq!(words(&net.run(a, "SUBSCRIBE x")), "*3 subscribe x :1");
    net.run(b, "PUBLISH x 1");
    assert_eq!(words(&told(&mut net, a)), "*3 message x 1");
    assert_eq!(net.run(a, "PING"), "");
}

#[test]
fn who_listens_on_a_replica_hears_what_is_said_on_its_master() {
    let mut net = Net::new();
    let (master, replica) = pair(&mut net);
    let (listener, speaker) = (net.client(replica), net.client(master));
    net.run(listener, "SUBSCRIBE news");
    assert_eq!(net.run(speaker, "PUBLISH news one"), r":0\r\n");
    assert_eq!(words(&told(&mut net, listener)), "*3 message news one");
    let offset = net.at(replica).master_repl_offset();
    let local = net.client(replica);
    assert_eq!(net.run(local, "PUBLISH news two"), r":1\r\n");
    assert_eq!(words(&told(&mut net, listener)), "*3 message news two");
    assert_eq!(net.at(replica).master_repl_offset(), offset, "a replica's word goes no further");
    for line in ["MULTI", "PUBLISH news 3", "SET k v", "EXEC"] {
        net.run(speaker, line);
    }
    assert_eq!(words(&told(&mut net, listener)), "*3 message news 3");
    assert_eq!(net.at(replica).master_repl_offset(), net.at(master).master_repl_offset());
}

#[test]
fn a_listener_that_does_not_read_is_dropped_at_its_limit() {
    let mut net = Net::new();
    let node = net.node(|c| c.output_limit_pubsub.hard = 40_000);
    let (a, b) = (net.client(node), net.client(node));
    net.run(a, "SUBSCRIBE x");
    net.stalled.insert(a);
    let message = format!("PUBLISH x {}", "m".repeat(10_000));
    for _ in 0..3 {
        assert_eq!(net.run(b, &message), r":1\r\n");
    }
    net.run(b, &message);
    assert!(!net.is_open(a));
    assert_eq!(net.run(b, &message), r":0\r\n");
    let log = net.log(node).join("\n");
    assert!(log.contains("scheduled to be closed ASAP for overcoming of output buffer limits."));
}

#[test]
fn a_monitor_sees_what_ran_but_no_secrets_and_no_administration() {
    let (mut net, [m, a]) = clients();
    assert_eq!(net.run(m, "MONITOR"), r"+OK\r\n");
    assert_eq!(net.run(m, "MONITOR"), "");
    for line in ["AUTH u p", "HELLO 2 AUTH default p", "CONFIG GET x", "CLIENT LIST", "SELECT 2"] {
        net.run(a, line);
    }
    for line in ["MULTI", "SET k v", "EXEC", "GET", "NOSUCH", "BLPOP no 0.01"] {
        net.run(a, line);
    }
    net.raw(a, b"*2\r\n$3\r\nGET\r\n$5\r\n\"\\\r\n\x01\r\n");
    let seen = String::from_utf8(net.received(m)).unwrap();
    let shown: Vec<_> = seen.lines().filter_map(|line| line.split_once("] ")).collect();
    let commands: Vec<_> = shown.iter().map(|(_, command)| *command).collect();
    assert_eq!(
        commands,
        [
            r#""AUTH" "(redacted)" "(redacted)""#,
            r#""HELLO" "2" "AUTH" "(redacted)" "(redacted)""#,
            r#""SELECT" "2""#,
            r#""MULTI""#,
            r#""SET" "k" "v""#,
            r#""EXEC""#,
            r#""BLPOP" "no" "0.01""#,
        ]
    );
    assert!(shown[0].0.starts_with("+1700000000.000000 [0 127.0.0.1:"));
    assert!(shown[2].0.contains(" [2 "));
    net.pass_ms(10);
    net.run(a, "PING");
    let seen = String::from_utf8(net.received(m)).unwrap();
    assert!(
        seen.starts_with("+1700000000.010000 [2 127.0.0.1:50000] \"GET\" \"\\\"\\\\\\r\\n\\x01\"")
    );
    net.now.micros = 7;
    assert_eq!(net.run(a, "TIME"), r"*2\r\n$10\r\n1700000000\r\n$5\r\n10007\r\n");
    assert!(net.received(m).starts_with(b"+1700000000.010007 [2 "));
    assert!(net.run(m, "GET k").starts_with("-ERR Replica can"));
    assert!(net.run(a, "CLIENT LIST").contains("flags=O "));
    assert_eq!(net.run(m, "RESET"), r"+RESET\r\n");
    assert_eq!(net.run(m, "GET k"), r"$-1\r\n");
}

#[test]
fn a_replicas_monitor_sees_what_its_master_sends() {
    let mut net = Net::new();
    let (master, replica) = pair(&mut net);
    let (monitor, writer) = (net.client(replica), net.client(master));
    net.run(monitor, "MONITOR");
    for line in ["SELECT 1", "MULTI", "SET a 1", "PUBLISH x y", "EXEC"] {
        net.run(writer, line);
    }
    let seen = String::from_utf8(net.received(monitor)).unwrap();
    let shown: Vec<_> = seen.lines().filter_map(|l| Some(l.split_once(' ')?.1)).collect();
    assert_eq!(
        shown,
        [
            r#"[1 127.0.0.1:6380] "SELECT" "1""#,
            r#"[1 127.0.0.1:6380] "MULTI""#,
            r#"[1 127.0.0.1:6380] "SET" "a" "1""#,
            r#"[1 127.0.0.1:6380] "PUBLISH" "x" "y""#,
            r#"[1 127.0.0.1:6380] "EXEC""#,
        ]
    );
}

#[test]
fn idle_clients_are_closed_but_not_those_who_wait_listen_or_watch() {
    let mut net = Net::new();
    let node = net.node(|c| c.timeout = 5);
    let [idle, waits, listens, watches] = [(); 4].map(|()| net.client(node));
    net.run(waits, "BLPOP k 0");
    net.run(listens, "SUBSCRIBE x");
    net.run(watches, "MONITOR");
    net.pass_ms(8_000);
    let open = [idle, waits, listens, watches].map(|client| net.is_open(client));
    assert_eq!(open, [false, true, true, true]);
}
