//! Consoles and raw connections, as people use them.

use lockstep_core::resp::decode::{Value, decode};
use lockstep_sim::view::ConsoleText;
use lockstep_sim::{Intervention, MessageKind, NodeId, World, console, scenarios};

const NODE: NodeId = NodeId(0);

/// What redis-cli says after it has sent SYNC.
const ENTERS: &str = "Entering replica output mode...  (press Ctrl-C to quit)";

/// A world in which the replicas are in step with their master.
fn world() -> World {
    let mut timeline = scenarios::first_light();
    timeline.seek(0);
    let mut world = timeline.world().clone();
    run(&mut world, 4_000);
    world
}

fn run(world: &mut World, ms: u64) {
    let end = world.now() + ms * 1_000;
    while world.next_event_at().is_some_and(|at| at <= end) {
        world.step();
    }
}

fn say(world: &mut World, line: &str) -> String {
    let before = world.console(NODE).len();
    world.intervene(Intervention::Console { node: NODE, line: line.into() });
    run(world, 5);
    let lines = world.console(NODE);
    let texts = lines[before.min(lines.len())..].iter().filter_map(|line| match &line.what {
        ConsoleText::Reply(text) | ConsoleText::Notice(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn raw(world: &mut World, line: &str) -> Vec<(MessageKind, Vec<u8>)> {
    let before = world.telnet(NODE).len();
    world.intervene(Intervention::Telnet { node: NODE, line: line.into() });
    run(world, 200);
    let lines = world.telnet(NODE);
    let raw = lines[before..].iter().filter_map(|line| match &line.what {
        ConsoleText::Raw(message) => Some((message.kind, message.bytes.clone())),
        _ => None,
    });
    raw.collect()
}

#[test]
fn a_console_keeps_its_database_and_its_transaction() {
    let mut w = world();
    let address = w.node(NODE).expect("it is there").address;
    assert_eq!(w.prompt(NODE), format!("{address}> "));
    assert_eq!(say(&mut w, "SELECT 3"), "OK");
    assert_eq!(w.prompt(NODE), format!("{address}[3]> "));
    say(&mut w, "MULTI");
    assert_eq!(say(&mut w, "SET in tx"), "QUEUED");
    assert_eq!(w.prompt(NODE), format!("{address}[3](TX)> "));
    assert_eq!(say(&mut w, "EXEC"), "1) OK");
    assert_eq!(w.prompt(NODE), format!("{address}[3]> "));
}

#[test]
fn a_console_that_connects_anew_selects_its_database_again() {
    let mut w = world();
    say(&mut w, "SELECT 3");
    say(&mut w, "SET there 1");
    say(&mut w, "SAVE");
    w.intervene(Intervention::StopNode { node: NODE, stop: lockstep_sim::Stop::Crash });
    run(&mut w, 10);
    assert!(say(&mut w, "GET there").contains("Connection refused"));
    assert_eq!(w.prompt(NODE), "not connected> ");
    w.intervene(Intervention::StartNode { node: NODE });
    run(&mut w, 10);
    assert_eq!(say(&mut w, "GET there"), "\"1\"");
    assert!(w.prompt(NODE).ends_with("[3]> "), "{}", w.prompt(NODE));
}

#[test]
fn ctrl_c_frees_a_console_that_waits() {
    let mut w = world();
    say(&mut w, "BLPOP nothing 0");
    assert!(w.console_is_blocked(NODE));
    say(&mut w, "PING");
    assert_eq!(say(&mut w, console::INTERRUPT), "^C");
    assert!(!w.console_is_blocked(NODE));
    assert_eq!(say(&mut w, "PING"), "PONG");
    let list = say(&mut w, "CLIENT LIST TYPE normal");
    assert_eq!(list.lines().count(), 1, "the old connection is gone: {list}");
}

#[test]
fn hello_3_changes_how_replies_look() {
    let mut w = world();
    say(&mut w, "HSET h f v");
    assert_eq!(say(&mut w, "HGETALL h"), "1) \"f\"\n2) \"v\"");
    assert!(say(&mut w, "HELLO 3").starts_with("1# \"server\" => \"redis\"\n"));
    assert_eq!(say(&mut w, "HGETALL h"), "1# \"f\" => \"v\"");
    assert!(say(&mut w, "INFO replication").starts_with("# Replication\nrole:master"));
}

#[test]
fn what_a_monitor_and_a_subscriber_hear_appears_by_itself() {
    let mut w = world();
    assert_eq!(say(&mut w, "MONITOR"), "OK");
    raw(&mut w, "SET seen 1");
    let last = w.console(NODE).pop().expect("a line");
    let ConsoleText::Reply(text) = &last.what else { panic!("a reply") };
    assert!(text.ends_with("\"SET\" \"seen\" \"1\""), "{text}");
    say(&mut w, console::INTERRUPT);
    let answer = say(&mut w, "SUBSCRIBE a b");
    assert!(answer.starts_with("Reading messages... (press Ctrl-C to quit)\n1) \"subscribe\""));
    raw(&mut w, "PUBLISH b hello");
    let last = w.console(NODE).pop().expect("a line");
    let heard = ConsoleText::Reply("1) \"message\"\n2) \"b\"\n3) \"hello\"".into());
    assert_eq!(last.what, heard);
}

#[test]
fn psync_typed_by_hand_is_answered_with_the_snapshot_and_the_stream() {
    let mut w = world();
    assert_eq!(raw(&mut w, "PING"), [(MessageKind::Response, b"+PONG\r\n".to_vec())]);
    let answer = raw(&mut w, "PSYNC ? -1");
    let kinds: Vec<MessageKind> = answer.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds[0], MessageKind::Reply);
    assert!(answer[0].1.starts_with(b"+FULLRESYNC "));
    let header = kinds.iter().position(|&kind| kind == MessageKind::RdbHeader).expect("a header");
    assert!(answer[header + 1].1.starts_with(b"REDIS"));
    say(&mut w, "SET after 1");
    let stream = raw(&mut w, "");
    assert!(stream.iter().all(|(kind, _)| *kind != MessageKind::Error), "{stream:?}");
    let heard = w.telnet(NODE).iter().any(|line| {
        matches!(&line.what, ConsoleText::Raw(m) if m.bytes.ends_with(b"SET\r\n$5\r\nafter\r\n$1\r\n1\r\n"))
    });
    assert!(heard, "the stream arrives as it is");
    raw(&mut w, console::INTERRUPT);
    let replicas = w.node(NODE).and_then(|node| node.live).expect("it runs").replicas.len();
    assert_eq!(replicas, 2, "the connection by hand is a replica no more");
}

#[test]
fn what_tab_offers_is_what_the_node_knows() {
    let mut w = world();
    let mut list = Vec::new();
    w.intervene(Intervention::Telnet { node: NODE, line: "COMMAND LIST".into() });
    run(&mut w, 50);
    for line in w.telnet(NODE) {
        if let ConsoleText::Raw(message) = &line.what {
            list.extend_from_slice(&message.bytes);
        }
    }
    let Ok(Some((Value::Array(names), _))) = decode(&list) else { panic!("a list") };
    let mut names: Vec<String> = names
        .iter()
        .map(|name| String::from_utf8_lossy(name.as_bytes().expect("a name")).to_uppercase())
        .map(|name| name.replace('|', " "))
        .collect();
    names.sort();
    assert_eq!(console::assist::commands(), names);
}

#[test]
fn sync_makes_a_console_a_replica_that_prints_the_stream() {
    let mut w = world();
    assert_eq!(say(&mut w, "SYNC").lines().next(), Some(ENTERS));
    run(&mut w, 12_000);
    w.intervene(Intervention::Telnet { node: NODE, line: "SET b 2".into() });
    run(&mut w, 500);
    let lines = w.console(NODE);
    let texts = lines.iter().filter_map(|line| match &line.what {
        ConsoleText::Reply(text) | ConsoleText::Notice(text) => Some(text.as_str()),
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    let (before, after) = text.split_once("SYNC with master, discarding ").expect("a snapshot");
    assert!(before.ends_with(&format!("{ENTERS}\n")), "{text}");
    let (size, after) = after.split_once(" bytes of bulk transfer...\n").expect("its size");
    assert!(size.parse::<u64>().is_ok_and(|size| size > 100), "{text}");
    assert!(after.starts_with("SYNC done. Logging commands from master.\n"), "{text}");
    assert!(after.contains("\"SELECT\",\"0\"\n"), "{text}");
    assert!(after.ends_with("\"SET\",\"b\",\"2\""), "{text}");
}

#[test]
fn help_needs_no_server() {
    let mut w = world();
    let before = w.in_flight().len();
    let text = say(&mut w, "help psync");
    assert!(text.starts_with("  PSYNC replicationid offset\n  summary: "), "{text}");
    assert_eq!(w.in_flight().len(), before);
}
