//! `CLIENT LIST`: clients in every state, line by line as redis-server shows them. What depends on
//! how memory is laid out is compared in its meaning and order of magnitude.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use lockstep_tests::resp::{Client, encode};
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::sync::wait_online;
use lockstep_tests::wait_for;

type Line = BTreeMap<String, String>;

/// The clients with a name, in the order of the list.
fn list(client: &mut Client) -> Vec<Line> {
    let text = client.run("CLIENT LIST").text();
    let line = |line: &str| -> Line {
        let pairs = line.split(' ').filter_map(|field| field.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    text.lines().map(line).filter(|line| !line["name"].is_empty()).collect()
}

fn number(line: &Line, field: &str) -> i64 {
    line[field].parse().unwrap_or_else(|_| panic!("{field}={}", line[field]))
}

/// A client with a name.
fn named(server: &Server, name: &str) -> Client {
    let mut client = server.client();
    assert!(client.call(&["CLIENT", "SETNAME", name]).is_ok());
    client
}

fn wait_all(caller: &mut Client, ready: impl Fn(&[Line]) -> bool) -> Vec<Line> {
    wait_for("the clients to be so far", Duration::from_secs(20), || {
        let lines = list(caller);
        if ready(&lines) { Ok(lines) } else { Err(format!("{lines:?}")) }
    })
}

/// One client in each state.
fn everybody(kind: Kind) -> Vec<Line> {
    let launch = Launch::new(kind).set("unixsocket", "socket");
    let server = launch.start();
    let mut caller = named(&server, "caller");
    let mut idle = named(&server, "idle");
    idle.run("SELECT 7");
    let mut listener = named(&server, "listener");
    for line in ["SUBSCRIBE a", "PSUBSCRIBE b* c*", "SSUBSCRIBE d"] {
        listener.run(line);
    }
    let mut queueing = named(&server, "queueing");
    for line in ["MULTI", "SET some thing", "GET some"] {
        queueing.run(line);
    }
    let mut waiting = named(&server, "waiting");
    waiting.send(&encode(&["BLPOP", "nothing", "more", "0"])).expect("sent");
    let mut monitor = named(&server, "monitor");
    monitor.run("MONITOR");
    let mut watching = named(&server, "watching");
    watching.run("WATCH some");
    let mut beaten = named(&server, "beaten");
    beaten.run("WATCH other");
    beaten.run("MULTI");
    assert!(caller.run("SET other 1").is_ok());
    let mut modern = named(&server, "modern");
    modern.run("HELLO 3");
    modern.run("CLIENT NO-EVICT ON");
    let mut unfinished = named(&server, "unfinished");
    unfinished.send(b"*2\r\n$4\r\nECHO\r\n$100000\r\n").expect("sent");
    unfinished.send(&[b'x'; 50_000]).expect("sent");
    let mut local = UnixStream::connect(server.path("socket")).expect("a socket");
    local.write_all(b"CLIENT SETNAME local\r\n").expect("sent");
    local.read_exact(&mut [0; 5]).expect("+OK");
    let mut lines = wait_all(&mut caller, |lines| {
        let of = |name: &str| lines.iter().find(|line| line["name"] == name);
        let flags = |name: &str| of(name).map(|line| line["flags"].clone());
        let read = of("unfinished").map_or(0, |line| number(line, "qbuf"));
        flags("waiting") == Some("b".into()) && read >= 50_000
    });
    lines.sort_by_key(|line| line["name"].clone());
    lines
}

#[test]
fn clients_in_every_state_are_shown_alike() {
    let [expected, actual] = [Kind::Redis, Kind::Lockstep].map(everybody);
    let same = [
        "name",
        "flags",
        "db",
        "sub",
        "psub",
        "ssub",
        "multi",
        "obl",
        "oll",
        "omem",
        "events",
        "cmd",
        "user",
        "redir",
        "resp",
        "multi-mem",
    ];
    assert_eq!(expected.len(), actual.len());
    for (redis, lockstep) in expected.iter().zip(&actual) {
        let names = |line: &Line| line.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(lockstep), names(redis));
        for field in same {
            let about = (&redis["name"], field);
            assert_eq!((about, &lockstep[field]), (about, &redis[field]), "lockstep, redis");
        }
        // How long the scene took to be set is a matter of the machine.
        for field in ["age", "idle"] {
            assert!((0..60).contains(&number(lockstep, field)), "{field}: {lockstep:?}");
        }
        // Redis has parsed a part of the unfinished command.
        let name = redis["name"].as_str();
        if name == "unfinished" {
            let (one, other) = (number(lockstep, "qbuf"), number(redis, "qbuf"));
            assert!((one - other).abs() < 64, "{one} {other}");
        } else {
            for field in ["qbuf", "argv-mem"] {
                assert_eq!(lockstep[field], redis[field], "{name}: {field}");
            }
        }
        // Redis gives every client buffers of its own.
        assert!(number(lockstep, "tot-mem") > number(lockstep, "qbuf"), "{lockstep:?}");
        assert!(number(lockstep, "tot-mem") <= number(redis, "tot-mem"), "{lockstep:?}");
    }
    let local = actual.iter().find(|line| line["name"] == "local").expect("it was shown");
    assert!(local["addr"].ends_with("socket:0"), "{local:?}");
}

/// The fields of a client's own line.
fn own_line(kind: Kind) -> Line {
    let server = Launch::new(kind).start();
    let mut caller = named(&server, "caller");
    let text = caller.run("CLIENT INFO").text();
    let pairs = text.trim_end().split(' ').filter_map(|field| field.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_client_s_own_line_shows_the_command_in_its_buffer() {
    let [redis, lockstep] = [Kind::Redis, Kind::Lockstep].map(own_line);
    for field in ["qbuf", "argv-mem", "cmd", "flags", "id"] {
        assert_eq!(lockstep[field], redis[field], "{field}");
    }
}

/// What waits for a client that does not read.
fn unread(kind: Kind) -> Line {
    let server = Launch::new(kind).start();
    let mut caller = named(&server, "caller");
    assert!(caller.call(&["SET", "big", &"x".repeat(1_000_000)]).is_ok());
    let mut deaf = named(&server, "deaf");
    deaf.send(&b"GET big\r\n".repeat(40)).expect("sent");
    let lines = wait_all(&mut caller, |lines| {
        let deaf = lines.iter().find(|line| line["name"] == "deaf");
        deaf.is_some_and(|line| number(line, "omem") > 20_000_000 && line["events"] == "rw")
    });
    lines.into_iter().find(|line| line["name"] == "deaf").expect("it was shown")
}

#[test]
fn what_waits_for_a_client_that_does_not_read_is_shown() {
    let [redis, lockstep] = [Kind::Redis, Kind::Lockstep].map(unread);
    for field in ["events", "cmd", "flags", "obl"] {
        assert_eq!(lockstep[field], redis[field], "{field}");
    }
    for field in ["omem", "tot-mem"] {
        let (one, other) = (number(&lockstep, field), number(&redis, field));
        assert!(one > other / 2 && one < other * 2, "{field}: {one}, redis {other}");
    }
    assert!(number(&lockstep, "oll") > 0);
}

/// The lines of a link, as the master and as the replica shows it.
fn both_ends(kind: Kind) -> [Line; 2] {
    let master = Launch::new(kind).start();
    let replica = Launch::new(kind).replica_of(&master).start();
    wait_online(&master, &replica);
    let line = |server: &Server, kind: &str| {
        let text = server.client().run(&format!("CLIENT LIST TYPE {kind}")).text();
        let pairs = text.trim_end().split(' ').filter_map(|field| field.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    [line(&master, "replica"), line(&replica, "master")]
}

#[test]
fn both_ends_of_a_link_are_shown_alike() {
    let [redis, lockstep] = [Kind::Redis, Kind::Lockstep].map(both_ends);
    for (lockstep, redis) in lockstep.iter().zip(&redis) {
        for field in ["flags", "db", "multi", "obl", "oll", "events", "cmd", "user", "resp"] {
            assert_eq!(lockstep[field], redis[field], "{field} of {redis:?}");
        }
    }
}
