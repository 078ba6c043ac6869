//! What the articles tell, seen in a world. Runs natively and in WebAssembly.

use lockstep_core::config::{Config, Era};
use lockstep_core::replication::psync::{FullReason, Outcome};
use lockstep_core::replication::state::ReplState;
use lockstep_core::trace::Event;
use lockstep_sim::check::Checkers;
use lockstep_sim::scenarios::{self, MASTER, REPLICA_A, REPLICA_B, act_after, all_online, until};
use lockstep_sim::view::{ConsoleText, LiveView, Power};
use lockstep_sim::{
    Cause, Cut, Grain, Intervention, MessageKind, NodeId, Setup, Stop, Timeline, World, narrate,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

fn live(world: &World, node: NodeId) -> LiveView {
    world.node(node).and_then(|n| n.live).expect("the node is up")
}

fn say(t: &mut Timeline, ms: u64, node: NodeId, line: &str) {
    act_after(t, ms, Intervention::Console { node, line: line.to_owned() });
}

/// What a console has shown after the last line typed.
fn answer(t: &Timeline, node: NodeId) -> String {
    match t.world().console(node).last().map(|line| line.what.clone()) {
        Some(ConsoleText::Reply(text) | ConsoleText::Notice(text)) => text,
        other => panic!("no answer: {other:?}"),
    }
}

/// All decisions about a `PSYNC` after an index, as master and outcome.
fn decisions(t: &Timeline, after: u64) -> Vec<(NodeId, Outcome)> {
    let effects = t.steps().iter().filter(|s| s.index > after).flat_map(|s| &s.effects);
    effects
        .filter_map(|e| match &e.event {
            Event::PsyncDecided { verdict, .. } => Some((e.node, verdict.outcome.clone())),
            _ => None,
        })
        .collect()
}

/// The commands and answers that arrived between two nodes, without their stream and ACKs.
fn conversation(t: &Timeline, replica: NodeId) -> Vec<String> {
    let talk = |kind| matches!(kind, MessageKind::Handshake | MessageKind::Reply);
    t.steps()
        .iter()
        .filter_map(|s| match &s.cause {
            Cause::Delivered(m) => Some(m),
            _ => None,
        })
        .filter(|m| talk(m.kind))
        .filter(|m| m.from.node() == Some(replica) || m.to.node() == Some(replica))
        .map(|m| m.label(200))
        .collect()
}

fn together(t: &Timeline) -> bool {
    let world = t.world();
    let up: Vec<NodeId> =
        world.nodes().iter().filter(|n| n.power == Power::Up).map(|n| n.id).collect();
    let places: Vec<_> = up
        .iter()
        .map(|&id| (live(world, id).replid, live(world, id).offset, world.digest(id)))
        .collect();
    all_online(world) && places.iter().all(|p| *p == places[0])
}

#[test]
fn the_handshake_is_the_articles_handshake() {
    let mut t = scenarios::handshake();
    assert!(scenarios::until_online(&mut t));
    let replid = live(t.world(), MASTER).replid;
    assert_eq!(
        conversation(&t, REPLICA_A),
        [
            "PING",
            "+PONG",
            "REPLCONF listening-port 6381",
            "REPLCONF capa eof capa psync2",
            "+OK",
            "+OK",
            "PSYNC ? -1",
            &format!("+FULLRESYNC {replid} 0"),
        ]
    );
    assert!(until(&mut t, together), "and everybody holds the same keys");
    assert_eq!(live(t.world(), REPLICA_B).keys, 5);
}

#[test]
fn one_snapshot_serves_replicas_that_ask_together() {
    let mut t = scenarios::handshake();
    assert!(scenarios::until_online(&mut t));
    let started = |e: &&lockstep_sim::Effect| matches!(e.event, Event::SnapshotStarted { .. });
    assert_eq!(t.steps().iter().flat_map(|s| &s.effects).filter(started).count(), 1);
}

#[test]
fn the_first_screen_shows_a_psync_for_the_next_byte_on_its_way() {
    let t = scenarios::first_light();
    let b = live(t.world(), REPLICA_B);
    assert_eq!(b.master.unwrap().state, ReplState::ReceivePsyncReply);
    let flights = t.world().in_flight();
    let psync = flights.iter().find(|f| f.message.kind == MessageKind::Handshake).unwrap();
    let words = psync.message.command();
    assert_eq!(words[1], b.replid.as_bytes());
    assert_eq!(words[2], (b.offset + 1).to_string().as_bytes());
    assert!(live(t.world(), MASTER).offset > b.offset, "the master went on writing");
}

#[test]
fn after_the_cut_a_partial_resync_sends_exactly_what_was_missed() {
    let mut t = scenarios::first_light();
    let (start, missed_from) = (t.cursor(), live(t.world(), REPLICA_B).offset);
    assert!(until(&mut t, |t| !decisions(t, start).is_empty()));
    let produced = live(t.world(), MASTER).offset;
    let sent = Outcome::Continue {
        from: missed_from + 1,
        bytes: produced - missed_from,
        by_replid2: false,
    };
    assert_eq!(decisions(&t, start), [(MASTER, sent)]);
    let sentence = narrate::narrate(t.current().unwrap()).to_string();
    assert!(sentence.starts_with("node 1 decides: partial. 127.0.0.1:6382 wants byte"));
    assert!(until(&mut t, together));
}

#[test]
fn a_backlog_too_small_makes_it_a_full_resync_that_says_by_how_much() {
    let mut t = scenarios::first_light();
    t.seek(0);
    scenarios::until_online(&mut t);
    let (a, b) = (MASTER, REPLICA_B);
    t.act(Intervention::CutLink { a, b, cut: Cut::Reset });
    for i in 0..5 {
        say(&mut t, 50, MASTER, &format!("SET big:{i} {}", "x".repeat(8_000)));
    }
    let start = t.cursor();
    act_after(&mut t, 500, Intervention::RestoreLink { a, b });
    assert!(until(&mut t, |t| !decisions(t, start).is_empty()));
    let (_, outcome) = decisions(&t, start).remove(0);
    let Outcome::FullResync { why: FullReason::BeforeBacklog { missing, sufficient_size } } =
        outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(missing > 0 && sufficient_size > Some(40_000), "{missing} {sufficient_size:?}");
    assert!(until(&mut t, together));
}

#[test]
fn a_promoted_replica_takes_its_sibling_over_without_a_full_resync() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    say(&mut t, 100, MASTER, "SET name chaoge");
    t.forward(Grain::Event);
    assert!(until(&mut t, together));
    act_after(&mut t, 100, Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    scenarios::pass(&mut t, 500);
    let link = live(t.world(), REPLICA_A).master.unwrap();
    assert!(link.down_seconds.is_some() && link.cached_master.is_some(), "{link:?}");
    let old = live(t.world(), REPLICA_A);
    let start = t.cursor();
    say(&mut t, 500, REPLICA_A, "SLAVEOF NO ONE");
    say(&mut t, 500, REPLICA_B, "SLAVEOF 127.0.0.1 6381");
    assert!(until(&mut t, together));
    let new = live(t.world(), REPLICA_A);
    assert_eq!(new.replid2, Some(old.replid));
    assert_eq!(new.second_replid_offset, old.offset as i64 + 1);
    let by_id2 = Outcome::Continue { from: old.offset + 1, bytes: 0, by_replid2: true };
    assert_eq!(decisions(&t, start), [(REPLICA_A, by_id2)]);
    say(&mut t, 100, REPLICA_B, "GET name");
    scenarios::pass(&mut t, 100);
    assert_eq!(answer(&t, REPLICA_B), "\"chaoge\"");
}

/// How a scenario ends: who decided what about the request that is on its way, once all is well.
fn ending(t: &mut Timeline) -> Vec<(NodeId, bool)> {
    let start = t.cursor();
    let mut checkers = Checkers::new();
    let same = |t: &Timeline| {
        let nodes = t.world().nodes();
        let mut up = nodes.iter().filter(|n| n.power == Power::Up).map(|n| t.world().digest(n.id));
        let first = up.next();
        up.all(|digest| Some(digest) == first)
    };
    while decisions(t, start).is_empty() || !all_online(t.world()) || !same(t) {
        assert!(t.forward(Grain::Event) && t.cursor() < start + 5_000, "it comes to an end");
        let step = t.current().expect("a step").clone();
        checkers.check(t.world(), &step).expect("what must hold holds");
        assert!(!narrate::narrate(&step).to_string().is_empty());
    }
    let partial =
        |(node, outcome): (NodeId, Outcome)| (node, matches!(outcome, Outcome::Continue { .. }));
    decisions(t, start).into_iter().map(partial).collect()
}

#[test]
fn the_same_cut_ends_differently_in_each_era() {
    for era in Era::ALL {
        let mut t = scenarios::cut_in(era);
        assert_eq!(ending(&mut t), [(MASTER, era.has_psync())], "{era:?}");
        assert_eq!(live(t.world(), MASTER).keys, live(t.world(), REPLICA_B).keys, "{era:?}");
    }
}

#[test]
fn the_same_promotion_ends_differently_in_each_era() {
    for era in Era::ALL {
        let mut t = scenarios::promotion_in(era);
        assert_eq!(ending(&mut t), [(REPLICA_A, era.has_psync2())], "{era:?}");
        say(&mut t, 100, REPLICA_B, "GET name");
        scenarios::pass(&mut t, 100);
        assert_eq!(answer(&t, REPLICA_B), "\"chaoge\"", "{era:?}");
    }
}

#[test]
fn a_silent_cut_that_ends_in_time_costs_no_resync() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    let start = t.cursor();
    let (a, b) = (MASTER, REPLICA_A);
    t.act(Intervention::CutLink { a, b, cut: Cut::Silent });
    say(&mut t, 100, MASTER, "SET name chaoge");
    scenarios::pass(&mut t, 3_000);
    assert!(live(t.world(), REPLICA_A).offset < live(t.world(), REPLICA_B).offset);
    assert!(t.world().in_flight().iter().any(|f| f.held_since.is_some()));
    act_after(&mut t, 100, Intervention::RestoreLink { a, b });
    assert!(until(&mut t, together));
    assert_eq!(decisions(&t, start), []);
}

#[test]
fn a_silent_cut_that_lasts_is_noticed_by_the_timeouts_of_both_ends() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    let (a, b) = (MASTER, REPLICA_A);
    t.act(Intervention::CutLink { a, b, cut: Cut::Silent });
    scenarios::pass(&mut t, 70_000);
    assert!(live(t.world(), MASTER).replicas.iter().all(|r| r.node == Some(REPLICA_B)));
    assert_ne!(live(t.world(), REPLICA_A).master.unwrap().state, ReplState::Connected);
    let told: Vec<_> = t.steps().iter().map(|step| narrate::narrate(step)).collect();
    let gave_up = told.iter().filter(|sentence| sentence.key == narrate::Key::ClosedTimeout);
    assert_eq!(gave_up.count(), 2, "each end's is told, whatever else its timer did");
    let start = t.cursor();
    act_after(&mut t, 100, Intervention::RestoreLink { a, b });
    assert!(until(&mut t, together));
    let partial = |d: &(NodeId, Outcome)| matches!(d.1, Outcome::Continue { .. });
    assert!(decisions(&t, start).iter().all(partial));
}

#[test]
fn a_saved_master_that_restarts_keeps_its_keys_and_its_replicas_come_back() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    say(&mut t, 100, MASTER, "SAVE");
    scenarios::pass(&mut t, 100);
    assert_eq!(answer(&t, MASTER), "OK");
    assert_eq!(t.world().node(MASTER).unwrap().files[0].0, "dump.rdb");
    act_after(&mut t, 100, Intervention::StopNode { node: MASTER, stop: Stop::Graceful });
    assert_eq!(t.world().node(MASTER).unwrap().power, Power::Down);
    act_after(&mut t, 2_000, Intervention::StartNode { node: MASTER });
    assert_eq!(live(t.world(), MASTER).keys, 5);
    t.forward(Grain::Transition);
    assert!(until(&mut t, |t| together(t) && live(t.world(), MASTER).replicas.len() == 2));
    assert_eq!(live(t.world(), REPLICA_B).keys, 5);
}

#[test]
fn a_key_that_expired_while_the_master_was_down_is_deleted_on_the_replicas_too() {
    // Found by the search: the replicas went on by a partial resync, and kept the key.
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    say(&mut t, 100, MASTER, "SET session chaoge EX 3");
    scenarios::pass(&mut t, 200);
    say(&mut t, 0, MASTER, "SAVE");
    // Time for the replicas' ACKs: a shutdown that has to ask for them writes on after the file.
    scenarios::pass(&mut t, 1_200);
    act_after(&mut t, 100, Intervention::StopNode { node: MASTER, stop: Stop::Graceful });
    let start = t.cursor();
    act_after(&mut t, 5_000, Intervention::StartNode { node: MASTER });
    assert!(until(&mut t, |t| together(t) && live(t.world(), MASTER).replicas.len() == 2));
    let by_id2 = |d: &(NodeId, Outcome)| matches!(d.1, Outcome::Continue { by_replid2: true, .. });
    assert!(decisions(&t, start).iter().all(by_id2), "{:?}", decisions(&t, start));
    assert_eq!(live(t.world(), REPLICA_A).keys, 5);
}

#[test]
fn an_unsaved_master_that_restarts_empties_its_replicas() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    act_after(&mut t, 100, Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    act_after(&mut t, 100, Intervention::StartNode { node: MASTER });
    t.forward(Grain::Transition);
    assert!(until(&mut t, |t| together(t) && live(t.world(), MASTER).replicas.len() == 2));
    assert_eq!(live(t.world(), REPLICA_A).keys, 0, "the articles warn of this");
}

#[test]
fn a_replica_of_a_replica_gets_the_masters_bytes() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    t.act(Intervention::AddReplica { of: REPLICA_B });
    assert!(until(&mut t, |t| together(t) && live(t.world(), REPLICA_B).replicas.len() == 1));
    say(&mut t, 100, MASTER, "SET name chaoge");
    scenarios::pass(&mut t, 1_500);
    let leaf = live(t.world(), NodeId(3));
    assert_eq!((leaf.replid, leaf.keys), (live(t.world(), MASTER).replid, 6));
    assert!(together(&t));
}

#[test]
fn a_replica_that_asks_after_a_disk_based_resync_gets_one_too() {
    // Found by the search: the first snapshot was never over, and the second replica waited.
    let disk =
        |port, master| Config { repl_diskless_sync: false, ..scenarios::config(port, master) };
    let mut t = Timeline::new(World::new(Setup {
        seed: 1,
        unix_ms: 1_767_254_400_000,
        nodes: vec![disk(6380, None), disk(6381, Some(6380))],
        latency_us: 10_000,
        bandwidth: 0,
        stagger_us: 0,
        preload: vec!["SET name chaoge".into()],
        rdb: None,
    }));
    assert!(until(&mut t, |t| together(t) && live(t.world(), MASTER).replicas.len() == 1));
    act_after(&mut t, 500, Intervention::AddReplica { of: MASTER });
    assert!(until(&mut t, |t| together(t) && live(t.world(), MASTER).replicas.len() == 2));
    assert_eq!(live(t.world(), REPLICA_B).keys, 1);
}

#[test]
fn consoles_speak_as_redis_cli() {
    let mut t = scenarios::handshake();
    assert!(until(&mut t, together));
    for (node, line, expected) in [
        (MASTER, "get greeting", "\"hello\""),
        (MASTER, "lrange queue 0 1", "1) \"first\"\n2) \"second\""),
        (MASTER, "get nothing", "(nil)"),
        (MASTER, "incr greeting", "(error) ERR value is not an integer or out of range"),
        (MASTER, "get \"open", "Invalid argument(s)"),
        (REPLICA_A, "set a b", "(error) READONLY You can't write against a read only replica."),
    ] {
        say(&mut t, 10, node, line);
        scenarios::pass(&mut t, 10);
        assert_eq!(answer(&t, node), expected, "{line}");
    }
    act_after(&mut t, 10, Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    say(&mut t, 10, MASTER, "ping");
    assert_eq!(
        answer(&t, MASTER),
        "Could not connect to Redis at 127.0.0.1:6380: Connection refused"
    );
}

#[test]
fn every_step_of_every_story_has_a_sentence_and_violates_nothing() {
    let mut t = scenarios::first_light();
    assert!(until(&mut t, together));
    t.seek(0);
    let mut checkers = Checkers::new();
    while t.cursor() < t.len() && t.forward(Grain::Event) {
        let step = t.current().unwrap().clone();
        checkers.check(t.world(), &step).unwrap();
        for sentence in narrate::details(&step) {
            let text = sentence.to_string();
            assert!(text.ends_with('.') || text.contains(": ") || text.ends_with('?'), "{text}");
            assert!(!text.contains('{'), "an argument is missing: {text}");
        }
    }
}

#[test]
fn a_console_that_waits_is_answered_later_and_one_that_listens_hears() {
    let mut t = scenarios::handshake();
    assert!(scenarios::until_online(&mut t));
    say(&mut t, 100, REPLICA_A, "SUBSCRIBE news");
    say(&mut t, 100, MASTER, "PUBLISH news hello");
    scenarios::pass(&mut t, 500);
    assert_eq!(answer(&t, MASTER), "(integer) 0", "nobody listens on the master itself");
    assert_eq!(answer(&t, REPLICA_A), "1) \"message\"\n2) \"news\"\n3) \"hello\"");

    say(&mut t, 0, MASTER, "WAIT 3 2000");
    scenarios::pass(&mut t, 1_000);
    assert!(t.world().console_is_blocked(MASTER));
    let last = t.world().console(MASTER).last().map(|line| line.what.clone());
    assert_eq!(last, Some(ConsoleText::Typed("WAIT 3 2000".into())), "no answer yet");
    scenarios::pass(&mut t, 2_000);
    assert!(!t.world().console_is_blocked(MASTER));
    assert_eq!(answer(&t, MASTER), "(integer) 2");
    let said: Vec<_> =
        t.steps().iter().flat_map(|s| narrate::details(s)).map(|s| s.to_string()).collect();
    assert!(
        said.iter().any(|s| s.contains("lets a client wait until 3 replicas have acknowledged")),
        "{said:?}"
    );
}
