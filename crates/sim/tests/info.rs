//! What views show is what the nodes themselves say, at every step.

use lockstep_core::id::ConnId;
use lockstep_core::node::{Node, Origin};
use lockstep_core::replication::state::ReplState;
use lockstep_core::resp::request::encode;
use lockstep_core::time::Now;
use lockstep_core::trace::Recorder;
use lockstep_sim::view::{LiveView, Role};
use lockstep_sim::{Cut, Grain, Intervention, NodeId, Stop, Timeline, scenarios};

/// What a copy of a node answers to `INFO <section>`.
fn info(node: &Node<Recorder>, now: Now, section: &str) -> String {
    let mut copy = node.clone();
    let conn = ConnId { index: 9_999, generation: 1 };
    let (peer, local) = ("127.0.0.1:1".to_owned(), "127.0.0.1:2".to_owned());
    copy.handle_open(now, conn, Origin::Accepted { peer, local });
    let mut bytes = Vec::new();
    encode(&mut bytes, &[b"INFO", section.as_bytes()]);
    copy.handle_input(now, conn, &bytes);
    let mut answer = Vec::new();
    for part in copy.outgoing(conn).slices() {
        answer.extend_from_slice(part);
    }
    let text = String::from_utf8(answer).expect("text");
    text.split_once("\r\n").expect("a bulk").1.to_owned()
}

/// The value of a field.
fn field<'a>(info: &'a [(String, String)], name: &str) -> &'a str {
    info.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// The cards and tables of the page against `INFO`.
fn equals(live: &LiveView, info: &[(String, String)]) {
    let is = |name: &str, value: &dyn ToString| {
        assert_eq!(field(info, name), value.to_string(), "{name}: {info:?}");
    };
    is("role", &if live.role == Role::Master { "master" } else { "slave" });
    is("master_replid", &live.replid);
    let replid2 = live.replid2.map_or("0".repeat(40), |id| id.to_string());
    is("master_replid2", &replid2);
    is("master_repl_offset", &live.offset);
    is("second_repl_offset", &live.second_replid_offset);
    is("repl_backlog_active", &u8::from(live.backlog.is_some()));
    if let Some(backlog) = live.backlog {
        is("repl_backlog_size", &backlog.size);
        is("repl_backlog_first_byte_offset", &backlog.first_byte_offset);
        is("repl_backlog_histlen", &backlog.histlen);
    }
    is("connected_slaves", &live.replicas.len());
    for (index, replica) in live.replicas.iter().enumerate() {
        let shown = field(info, &format!("slave{index}")).to_owned() + ",";
        let (state, offset) = (replica.state.info_name(), replica.ack_offset);
        assert!(shown.contains(&format!("state={state},offset={offset},")), "{shown}");
        if state == "online" {
            assert!(shown.contains(&format!(",lag={},", replica.lag_seconds)), "{shown}");
        }
    }
    let Some(master) = &live.master else { return };
    let up = master.state == ReplState::Connected;
    is("master_port", &master.port);
    is("master_link_status", &if up { "up" } else { "down" });
    is("master_sync_in_progress", &u8::from(master.state == ReplState::Transfer));
    if up {
        is("master_last_io_seconds_ago", &master.last_io_seconds);
    } else {
        let down = master.down_seconds.map_or(-1, |seconds| seconds as i64);
        is("master_link_down_since_seconds", &down);
    }
}

/// Compares every node of every step.
fn check(timeline: &mut Timeline, steps: u32) -> u32 {
    let mut checked = 0;
    for _ in 0..steps {
        if !timeline.forward(Grain::Event) {
            break;
        }
        let world = timeline.world();
        for view in world.nodes() {
            let (Some(node), Some(live)) = (world.core(view.id), &view.live) else { continue };
            let shown = world.replication_info(view.id);
            equals(live, &shown);
            let now = world.clock_of(view.id).expect("it is there");
            let text = info(node, now, "replication");
            let said: Vec<_> = text.lines().filter_map(|line| line.split_once(':')).collect();
            let shown: Vec<_> = shown.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(shown, said);
            checked += 1;
        }
    }
    checked
}

#[test]
fn what_is_shown_is_what_info_says_at_every_step() {
    let act = |t: &mut Timeline, what| {
        t.act(what);
    };
    let say = |node, line: &str| Intervention::Console { node: NodeId(node), line: line.into() };
    let mut t = scenarios::first_light();
    t.seek(0);
    let mut checked = check(&mut t, 150);
    act(&mut t, say(0, "SET name chaoge"));
    act(&mut t, Intervention::CutLink { a: NodeId(0), b: NodeId(2), cut: Cut::Reset });
    checked += check(&mut t, 150);
    act(&mut t, Intervention::RestoreLink { a: NodeId(0), b: NodeId(2) });
    act(&mut t, Intervention::StopNode { node: NodeId(0), stop: Stop::Crash });
    checked += check(&mut t, 100);
    act(&mut t, say(1, "REPLICAOF NO ONE"));
    act(&mut t, say(2, "REPLICAOF 127.0.0.1 6381"));
    checked += check(&mut t, 200);
    act(&mut t, Intervention::StartNode { node: NodeId(0) });
    act(&mut t, say(0, "REPLICAOF 127.0.0.1 6381"));
    checked += check(&mut t, 200);
    assert!(checked > 1_500, "{checked} views");
}

#[test]
fn keys_are_shown_with_type_value_and_time_to_live() {
    let mut t = scenarios::first_light();
    let say = |line: &str| Intervention::Console { node: NodeId(0), line: line.into() };
    for line in
        ["FLUSHALL", "SET s text", "RPUSH l 1 two", "HSET h f v", "SADD t x", "ZADD z 1.5 m"]
    {
        t.act(say(line));
    }
    t.act(say("SELECT 2"));
    t.act(say("SET volatile x PX 60000"));
    for _ in 0..20 {
        t.forward(Grain::Event);
    }
    let keys = t.world().keys(NodeId(0), 10);
    let lines: Vec<String> =
        keys.iter().map(|k| format!("{} {} {} {}", k.db, k.key, k.kind, k.value)).collect();
    assert_eq!(
        lines,
        [
            "0 h hash f: v",
            "0 l list 1, two",
            "0 s string text",
            "0 t set x",
            "0 z zset m: 1.5",
            "2 volatile string x",
        ]
    );
    assert!(keys[5].expires_at_ms.is_some() && !keys[5].expired);
    assert_eq!(t.world().keys(NodeId(0), 2).len(), 2);
}
