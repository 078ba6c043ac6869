//! The same session on real servers over TCP and in the simulator leaves traces that say the same.

use std::process::Command;
use std::time::Duration;

use lockstep_sim::scenarios::{all_online, config};
use lockstep_sim::trace::{Filter, Reader, Session, compare, tell, write_step, write_world_header};
use lockstep_sim::{Intervention, NodeId, Setup, World};
use lockstep_tests::server::{Kind, Launch, Server, lockstep};
use lockstep_tests::sync::wait_online;
use lockstep_tests::wait_for;

/// What is typed at the master: before its replica's connection is cut, and after.
const BEFORE: [&str; 4] = ["SET k v", "LPUSH l a b", "SELECT 1", "INCR n"];
const CUT: &str = "CLIENT KILL TYPE replica";
const AFTER: [&str; 2] = ["SET late 1", "SPOP missing"];

/// A server configured like the simulated ones: nothing joins the stream by the clock.
fn launch() -> Launch {
    let launch = Launch::new(Kind::Lockstep).arg("--trace").arg("trace");
    launch.set("repl-ping-replica-period", 3_600).set("repl-backlog-size", "1mb")
}

fn wait_equal_offsets(master: &Server, replica: &Server) {
    wait_online(master, replica);
    wait_for("equal offsets", Duration::from_secs(10), || {
        let offset = |server: &Server| server.info("replication").number("master_repl_offset");
        let (a, b) = (offset(master), offset(replica));
        if a == b { Ok(()) } else { Err(format!("{a} and {b}")) }
    });
}

/// The session on two servers; their traces.
fn on_servers() -> Vec<String> {
    let mut master = launch().start();
    let mut replica = launch().start();
    let follow = format!("REPLICAOF 127.0.0.1 {}", master.port);
    assert!(replica.client().run(&follow).is_ok());
    wait_equal_offsets(&master, &replica);
    let mut client = master.client();
    BEFORE.iter().for_each(|line| assert!(!client.run(line).is_error(), "{line}"));
    wait_equal_offsets(&master, &replica);
    assert_eq!(client.run(CUT).int(), 1);
    wait_for("a partial resynchronisation", Duration::from_secs(20), || {
        let partial = master.info("stats").number("sync_partial_ok");
        if partial == 1 { Ok(()) } else { Err(partial.to_string()) }
    });
    AFTER.iter().for_each(|line| assert!(!client.run(line).is_error(), "{line}"));
    wait_equal_offsets(&master, &replica);
    // Lines wait for a second at most. A server that is killed writes no more of them.
    let traces = [&master, &replica].map(|server| {
        let read = || std::fs::read_to_string(server.path("trace")).expect("what was asked for");
        // Each acknowledges, or is told, once a second: what is after that was written after all.
        wait_for("the whole trace", Duration::from_secs(20), || {
            let text = read();
            let rest = text.rsplit_once("late").map_or("", |(_, rest)| rest);
            let seen = rest.matches("kind=ack").count();
            if seen >= 3 { Ok(text) } else { Err(format!("{seen} acknowledgements")) }
        })
    });
    master.stop();
    replica.stop();
    traces.into()
}

/// The session in the simulator; its trace.
fn in_a_world() -> String {
    let config = |port| {
        let mut config = config(port, None);
        config.repl_diskless_sync_delay = 0;
        config.repl_ping_replica_period = 3_600;
        config.repl_backlog_size = 1024 * 1024;
        config
    };
    let mut world = World::new(Setup {
        seed: 5,
        unix_ms: 1_767_254_400_000,
        nodes: vec![config(6380), config(6381)],
        latency_us: 1_000,
        bandwidth: 0,
        stagger_us: 100_000,
        preload: Vec::new(),
        rdb: None,
    });
    let mut text = String::new();
    write_world_header(&mut text, &world);
    let mut say = |node: u32, line: &str| {
        let what = Intervention::Console { node: NodeId(node), line: line.to_owned() };
        write_step(&mut text, &world.intervene(what));
        let end = world.now().plus_ms(3_000);
        while !all_online(&world) || world.now() < end {
            write_step(&mut text, &world.step().expect("there are timers"));
        }
    };
    say(1, "REPLICAOF 127.0.0.1 6380");
    BEFORE.iter().chain([&CUT]).chain(&AFTER).for_each(|line| say(0, line));
    text
}

fn session(texts: &[&str]) -> Session {
    let parts = texts.iter().map(|text| {
        let mut reader = Reader::new();
        let read = |line| reader.read(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let records = text.lines().filter_map(read).collect();
        (reader, records)
    });
    Session::join(parts.collect())
}

#[test]
fn a_session_over_tcp_and_one_in_the_simulator_leave_the_same_trace() {
    let (real, simulated) = (on_servers(), in_a_world());
    let real = session(&real.iter().map(String::as_str).collect::<Vec<_>>());
    let comparison = compare(&real, &session(&[&simulated]));
    assert_eq!(comparison.departure, None, "{:#?}", comparison.departure);
    // The handshake twice, the transfer, the states of both ends, the stream twice.
    assert!(comparison.equal > 60, "only {} records were compared", comparison.equal);

    let plant = |line: &str| match line.contains(" n0 fed ") {
        true => format!("{}\n", line.replace("late", "last")),
        false => format!("{line}\n"),
    };
    let planted: String = simulated.lines().map(plant).collect();
    assert_ne!(planted, simulated);
    let departure = compare(&real, &session(&[&planted])).departure.expect("a planted difference");
    assert!(departure.of.starts_with("n0"), "{departure:?}");
    assert!(departure.left[0].contains("late") && departure.right[0].contains("last"));

    let mut sentences = String::new();
    tell(&real, |line| sentences.push_str(&format!("{line}\n")));
    for told in ["n1 asks n0 to go on with history", "n0 decides: partial. ", "n1 applies "] {
        assert!(sentences.contains(told), "{told}\n{sentences}");
    }
    let kinds = vec!["psync-decided".to_owned()];
    let filter = Filter { places: vec!["n0".into()], kinds, ..Filter::default() };
    let decided = real.records.iter().filter(|record| filter.wants(&real, record)).count();
    assert_eq!(decided, 2, "one full resynchronisation, one partial");
}

#[test]
fn the_command_line_prints_filters_and_compares_traces() {
    let dir = lockstep_tests::temp::TempDir::new();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let simulated = in_a_world();
    std::fs::write(path("a"), &simulated).expect("a file");
    std::fs::write(path("b"), simulated.replacen("kind=handshake", "kind=reply", 1))
        .expect("a file");
    std::fs::write(path("c"), simulated.replacen(" send ", " sned ", 1)).expect("a file");
    let run = |args: &[&str]| {
        let output = Command::new(lockstep()).arg("trace").args(args).output().expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("text"))
    };
    let (code, text) = run(&["diff", &path("a"), &path("a")]);
    assert!(code == Some(0) && text.starts_with("Nothing differs: "), "{text}");
    let (code, text) = run(&["diff", &path("a"), &path("b")]);
    assert!(code == Some(1) && text.contains("\n< ") && text.contains("\n> "), "{text}");
    let (code, text) = run(&["print", &path("c")]);
    let line = 1 + simulated.lines().position(|line| line.contains(" send ")).expect("one");
    let expected = format!("/c, line {line}: sned: there is no such kind of line\n");
    assert!(code == Some(2) && text.ends_with(&expected), "{text}");
    let (code, text) = run(&["filter", "--kind", "fed", "--offsets", "1..30", &path("a")]);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(code == Some(0) && !lines.is_empty(), "{text}");
    assert!(lines.iter().all(|line| line.contains(" fed from=")), "{text}");
    let (code, text) = run(&["filter", "--kind", "fet", &path("a")]);
    assert!(
        code == Some(2) && text.contains("no line has the kind fet: there are recv,"),
        "{text}"
    );
    let (code, text) = run(&["print", "--node", "127.0.0.1:6381", "--to", "1", &path("a")]);
    assert!(
        code == Some(0) && !text.contains("n1 asks n0") && text.contains("n0 answers n1"),
        "{text}"
    );
}
