//! Every fault that a world knows, and what nodes make of it. Runs natively and in WebAssembly.

use lockstep_core::replication::psync::Outcome;
use lockstep_core::replication::state::ReplState;
use lockstep_core::rng::Rng;
use lockstep_core::trace::Event;
use lockstep_sim::scenarios::{self, MASTER, REPLICA_A, REPLICA_B, act_after, all_online, until};
use lockstep_sim::view::{ClientKind, ConsoleText, LiveView, Power};
use lockstep_sim::{
    Cause, ClientId, Cut, DiskFault, Effect, Grain, Impossible, Intervention, MessageId,
    MessageKind, NODES_MAX, NodeId, Note, Stop, Timeline, World, narrate,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const TO_A: (NodeId, NodeId) = (MASTER, REPLICA_A);

fn online() -> Timeline {
    let mut t = scenarios::handshake();
    assert!(scenarios::until_online(&mut t));
    scenarios::pass(&mut t, 500);
    t
}

fn live(world: &World, node: NodeId) -> LiveView {
    world.node(node).and_then(|n| n.live).expect("the node is up")
}

fn say(t: &mut Timeline, ms: u64, node: NodeId, line: &str) {
    act_after(t, ms, Intervention::Console { node, line: line.to_owned() });
}

/// What a node answers to a line.
fn ask(t: &mut Timeline, node: NodeId, line: &str) -> String {
    say(t, 1, node, line);
    scenarios::pass(t, 50);
    match t.world().console(node).last().map(|line| line.what.clone()) {
        Some(ConsoleText::Reply(text) | ConsoleText::Notice(text)) => text,
        other => panic!("no answer: {other:?}"),
    }
}

/// Whether a node has logged such a line since an index.
fn logged(t: &Timeline, after: u64, node: NodeId, what: &str) -> bool {
    let hit = |e: &Effect| match &e.event {
        Event::Log(_, text) => e.node == node && text.contains(what),
        _ => false,
    };
    t.steps().iter().filter(|s| s.index > after).any(|s| s.effects.iter().any(hit))
}

fn together(t: &Timeline) -> bool {
    let world = t.world();
    let place = |id: NodeId| (live(world, id).replid, live(world, id).offset, world.digest(id));
    all_online(world) && world.node_ids().all(|id| place(id) == place(MASTER))
}

fn decisions(t: &Timeline, after: u64) -> Vec<Outcome> {
    let effects = t.steps().iter().filter(|s| s.index > after).flat_map(|s| &s.effects);
    let outcome = |e: &Effect| match &e.event {
        Event::PsyncDecided { verdict, .. } => Some(verdict.outcome.clone()),
        _ => None,
    };
    effects.filter_map(outcome).collect()
}

fn state(t: &Timeline, node: NodeId) -> ReplState {
    live(t.world(), node).master.expect("it is a replica").state
}

/// What acting comes to.
fn note(t: &mut Timeline, what: Intervention) -> Option<Note> {
    t.act(what).note.as_deref().cloned()
}

/// The first message on its way that is of a kind, to a node.
fn on_its_way(t: &Timeline, kind: MessageKind, to: NodeId) -> Option<MessageId> {
    let flights = t.world().in_flight();
    let found = flights.iter().find(|f| f.message.kind == kind && f.message.to.node() == Some(to));
    found.map(|f| f.message.id)
}

#[test]
fn an_uneven_link_changes_the_times_of_messages_and_never_their_order() {
    let mut t = online();
    let (a, b) = TO_A;
    t.act(Intervention::SetJitter { a, b, jitter_us: 150_000 });
    t.act(Intervention::Traffic { node: MASTER, every_ms: 10 });
    let start = t.cursor();
    scenarios::pass(&mut t, 3_000);
    let arrivals = |t: &Timeline, to: NodeId| -> Vec<(u64, u64)> {
        let here = t.steps().iter().filter(|s| s.index > start);
        here.filter_map(|s| match &s.cause {
            Cause::Delivered(m) if m.kind == MessageKind::Stream && m.to.node() == Some(to) => {
                Some((m.stream.unwrap().from, s.at.0 - m.sent_at.0))
            }
            _ => None,
        })
        .collect()
    };
    let (uneven, even) = (arrivals(&t, REPLICA_A), arrivals(&t, REPLICA_B));
    assert!(uneven.is_sorted_by_key(|(offset, _)| *offset), "bytes come in their order");
    let spread = |times: &[(u64, u64)]| {
        let took = times.iter().map(|(_, took)| *took);
        took.clone().max().unwrap() - took.min().unwrap()
    };
    assert!(spread(&uneven) > 60_000 && spread(&even) < 20_000);
    t.act(Intervention::Traffic { node: MASTER, every_ms: 0 });
    assert!(until(&mut t, together));
}

#[test]
fn a_link_that_carries_random_pieces_carries_the_same_bytes() {
    let mut t = scenarios::handshake();
    for b in [REPLICA_A, REPLICA_B] {
        t.act(Intervention::SetSegments { a: MASTER, b, random: true });
    }
    t.act(Intervention::Traffic { node: MASTER, every_ms: 50 });
    scenarios::pass(&mut t, 6_000);
    t.act(Intervention::Traffic { node: MASTER, every_ms: 0 });
    assert!(until(&mut t, together));
    let parts = t.steps().iter().filter(|s| match &s.cause {
        Cause::Delivered(m) => !m.complete && m.from.node().is_some() && m.to.node().is_some(),
        _ => false,
    });
    assert!(parts.count() > 50, "messages came in pieces");
    assert!(decisions(&t, 0).iter().all(|d| matches!(d, Outcome::FullResync { .. })));
    assert_eq!(decisions(&t, 0).len(), 2, "and nobody lost a connection over it");
}

#[test]
fn stepping_by_segment_stops_inside_a_message_and_by_delivery_at_its_end() {
    let mut t = online();
    say(&mut t, 1, MASTER, &format!("SET big {}", "x".repeat(4_000)));
    let mut stops = [0; 2];
    for (grain, stops) in [Grain::Segment, Grain::Delivery].into_iter().zip(&mut stops) {
        let mut walk = t.clone();
        let end = t.world().now().plus_ms(200);
        while walk.forward(grain) && walk.world().now() <= end {
            let step = walk.current().unwrap();
            let to_a = |m: &lockstep_sim::Message| m.to.node() == Some(REPLICA_A);
            *stops += usize::from(matches!(&step.cause, Cause::Delivered(m) if to_a(m)));
        }
    }
    assert_eq!(stops[0] - stops[1], 2, "4,000 bytes are three segments: {stops:?}");
}

#[test]
fn a_stalled_link_goes_on_where_it_stood() {
    let mut t = online();
    let (a, b) = TO_A;
    say(&mut t, 1, MASTER, "SET k v");
    act_after(&mut t, 20, Intervention::CutLink { a, b, cut: Cut::Stall });
    let half = t.world().in_flight().into_iter().find(|f| f.message.to.node() == Some(b));
    let before = half.expect("it is on its way").progress(t.world().now());
    assert!(before > 0.2 && before < 0.8, "{before}");
    scenarios::pass(&mut t, 2_000);
    let start = t.cursor();
    act_after(&mut t, 1, Intervention::RestoreLink { a, b });
    let same = t.world().in_flight().into_iter().find(|f| f.message.to.node() == Some(b));
    let after = same.expect("it is still on its way").progress(t.world().now());
    assert!((before - after).abs() < 0.01, "{before} {after}");
    assert!(until(&mut t, together));
    assert_eq!(decisions(&t, start), [], "nobody has noticed");
}

#[test]
fn in_a_one_way_partition_the_master_hears_the_replica_that_does_not_hear_it() {
    let mut t = online();
    let (from, to) = TO_A;
    t.act(Intervention::CutOneWay { from, to });
    let start = t.cursor();
    say(&mut t, 500, MASTER, "SET k v");
    scenarios::pass(&mut t, 20_000);
    let heard = t.steps().iter().filter(|s| s.index > start).filter(|s| {
        matches!(&s.cause, Cause::Delivered(m)
            if m.kind == MessageKind::Ack && m.from.node() == Some(to))
    });
    assert!(heard.count() >= 15, "its ACKs arrive, second by second");
    assert!(live(t.world(), to).offset < live(t.world(), from).offset);
    let seen = live(t.world(), from).replicas.into_iter().find(|r| r.node == Some(to)).unwrap();
    assert!(seen.lag_bytes > 0 && seen.lag_seconds <= 1, "lag in bytes, not in time: {seen:?}");

    // The replica is the first to give up: it hears nothing.
    assert!(until(&mut t, |t| state(t, to) != ReplState::Connected));
    act_after(&mut t, 1_000, Intervention::RestoreOneWay { from, to });
    assert!(until(&mut t, together));
    assert!(matches!(decisions(&t, start)[..], [Outcome::Continue { .. }, ..]));
}

#[test]
fn a_master_whose_answer_is_lost_does_not_know_of_the_attempt() {
    let mut t = online();
    let (a, b) = TO_A;
    t.act(Intervention::CutLink { a, b, cut: Cut::Reset });
    scenarios::pass(&mut t, 500);
    t.act(Intervention::RestoreLink { a, b });
    t.act(Intervention::CutOneWay { from: a, to: b });
    let connected =
        |t: &mut Timeline| ask(t, MASTER, "INFO clients").contains("connected_clients:1");
    scenarios::pass(&mut t, 5_000);
    assert_eq!(state(&t, b), ReplState::Connecting);
    assert!(connected(&mut t), "only its console: TCP's handshake is not complete");
    t.act(Intervention::RestoreOneWay { from: a, to: b });
    assert!(until(&mut t, together));
}

#[test]
fn without_acknowledgements_of_tcp_only_a_window_of_bytes_arrives() {
    let mut t = online();
    let (to, from) = TO_A;
    t.act(Intervention::CutOneWay { from, to });
    let before = live(t.world(), REPLICA_A).offset;
    for i in 0..10 {
        say(&mut t, 100, MASTER, &format!("SET big:{i} {}", "x".repeat(4_000)));
    }
    scenarios::pass(&mut t, 3_000);
    let got = live(t.world(), REPLICA_A).offset - before;
    assert!(got > 8_000 && got < 20_000, "{got}");
    act_after(&mut t, 1, Intervention::RestoreOneWay { from, to });
    assert!(until(&mut t, together), "the rest comes when the way back is there again");
}

#[test]
fn a_connection_reset_inside_a_command_continues_with_that_command() {
    let mut t = online();
    say(&mut t, 1, MASTER, "SET name chaoge");
    assert!(until(&mut t, |t| on_its_way(t, MessageKind::Stream, REPLICA_A).is_some()));
    let before = live(t.world(), REPLICA_A).offset;
    let select = on_its_way(&t, MessageKind::Stream, REPLICA_A).unwrap();
    let start = t.cursor();
    let about = note(&mut t, Intervention::ResetAt { message: select, byte: 7 });
    assert!(matches!(about, Some(Note::About(_))), "{about:?}");
    let mut arrived = Vec::new();
    while state(&t, REPLICA_A) == ReplState::Connected && t.forward(Grain::Event) {
        if let Cause::Delivered(m) = &t.current().unwrap().cause
            && m.to.node() == Some(REPLICA_A)
        {
            arrived.push((m.kind, m.bytes.len()));
        }
    }
    assert_eq!(arrived, [(MessageKind::Stream, 7), (MessageKind::Reset, 0)]);
    assert_eq!(live(t.world(), REPLICA_A).offset, before, "7 bytes are no command");
    let lost = live(t.world(), MASTER).replicas.iter().all(|r| r.node != Some(REPLICA_A));
    assert!(lost, "the master has learnt of it too");
    assert!(until(&mut t, together));
    let [Outcome::Continue { from, .. }] = decisions(&t, start)[..] else { panic!() };
    assert_eq!(from, before + 1, "it asks again for the command it has only a part of");
}

#[test]
fn a_transfer_reset_at_any_byte_is_begun_again() {
    for byte in [0, 1, 100, u64::MAX] {
        let mut t = scenarios::handshake();
        assert!(until(&mut t, |t| on_its_way(t, MessageKind::Rdb, REPLICA_A).is_some()));
        let rdb = on_its_way(&t, MessageKind::Rdb, REPLICA_A).unwrap();
        let start = t.cursor();
        t.act(Intervention::ResetAt { message: rdb, byte });
        // All of the snapshot may arrive: then the end of the connection is noticed once it has
        // been stored, and for that moment all seems well.
        let again = |t: &Timeline| !decisions(t, start).is_empty();
        assert!(until(&mut t, again), "byte {byte}: it asks again");
        assert!(until(&mut t, together), "byte {byte}");
    }
}

#[test]
fn a_message_kept_back_keeps_what_is_behind_it() {
    let mut t = online();
    say(&mut t, 1, MASTER, "SET a 1");
    assert!(until(&mut t, |t| on_its_way(t, MessageKind::Stream, REPLICA_A).is_some()));
    let message = on_its_way(&t, MessageKind::Stream, REPLICA_A).unwrap();
    t.act(Intervention::HoldMessage { message });
    let sentence = narrate::narrate(t.current().unwrap()).to_string();
    assert!(sentence.starts_with("You keep back SELECT 0, on its way from node 1 to node 2"));
    say(&mut t, 100, MASTER, "SET b 2");
    scenarios::pass(&mut t, 2_000);
    let (held, free) = (live(t.world(), REPLICA_A), live(t.world(), REPLICA_B));
    assert!(held.offset < free.offset, "B has everything, A nothing of it");
    let waits = t.world().in_flight();
    let waits = waits.iter().filter(|f| f.message.to.node() == Some(REPLICA_A));
    assert!(waits.clone().filter(|f| f.kept).count() == 1 && waits.count() >= 3);

    let twice = note(&mut t, Intervention::HoldMessage { message });
    assert_eq!(twice, Some(Note::Impossible(Impossible::AlreadySo)));
    t.act(Intervention::ReleaseMessage { message });
    assert!(until(&mut t, together));
    assert_eq!(state(&t, REPLICA_A), ReplState::Connected);
}

#[test]
fn a_host_without_power_is_missed_only_when_a_timeout_has_passed() {
    let mut t = online();
    t.act(Intervention::StopNode { node: MASTER, stop: Stop::PowerLoss });
    let start = t.cursor();
    assert_eq!(t.world().node(MASTER).unwrap().power, Power::Dark);
    scenarios::pass(&mut t, 50_000);
    assert_eq!(state(&t, REPLICA_A), ReplState::Connected, "half-open: nobody has told it");
    assert!(until(&mut t, |t| state(t, REPLICA_A) != ReplState::Connected));
    assert!(logged(&t, start, REPLICA_A, "MASTER timeout: no data nor PING received..."));
    let since = t.world().now();
    scenarios::pass(&mut t, 30_000);
    assert_eq!(state(&t, REPLICA_A), ReplState::Connecting, "no refusal either: it waits");
    assert!(t.world().now().0 - since.0 < 31_000_000);
    t.act(Intervention::StartNode { node: MASTER });
    assert!(until(&mut t, together), "the waiting attempt reaches it");
}

#[test]
fn a_host_that_is_up_again_answers_old_connections_with_a_reset() {
    let mut t = online();
    t.act(Intervention::StopNode { node: MASTER, stop: Stop::PowerLoss });
    act_after(&mut t, 3_000, Intervention::StartNode { node: MASTER });
    let start = t.cursor();
    let from = |t: &Timeline| t.current().and_then(|s| s.note.as_deref().cloned());
    assert!(until(&mut t, |t| from(t) == Some(Note::Unclaimed)), "an ACK reaches it");
    let sentence = narrate::narrate(t.current().unwrap()).to_string();
    assert!(sentence.contains("knows nothing of this connection: a reset goes back"), "{sentence}");
    assert!(until(&mut t, |t| state(t, REPLICA_A) != ReplState::Connected));
    assert!(
        t.steps()
            .iter()
            .filter(|s| s.index > start)
            .any(|s| { matches!(&s.cause, Cause::Delivered(m) if m.kind == MessageKind::Reset) })
    );
    assert!(until(&mut t, together));
}

#[test]
fn a_replica_that_crashes_behind_a_silent_cut_stays_in_its_masters_list() {
    let mut t = online();
    let (a, b) = TO_A;
    t.act(Intervention::CutLink { a, b, cut: Cut::Silent });
    t.act(Intervention::StopNode { node: b, stop: Stop::Crash });
    act_after(&mut t, 1_000, Intervention::RestoreLink { a, b });
    let listed = |t: &Timeline| live(t.world(), a).replicas.iter().any(|r| r.node == Some(b));
    assert!(listed(&t), "its reset was lost: the connection is half-open");
    // The master's next PING finds out.
    scenarios::pass(&mut t, 15_000);
    assert!(!listed(&t));
}

#[test]
fn a_host_that_refuses_connections_keeps_those_it_has() {
    let mut t = online();
    t.act(Intervention::RefuseConnections { node: MASTER, refused: true });
    scenarios::pass(&mut t, 5_000);
    assert!(all_online(t.world()));
    let (a, b) = TO_A;
    let start = t.cursor();
    t.act(Intervention::ResetConnections { a, b });
    scenarios::pass(&mut t, 5_000);
    assert!(logged(&t, start, b, "Connection refused"));
    assert_ne!(state(&t, b), ReplState::Connected);
    t.act(Intervention::RefuseConnections { node: MASTER, refused: false });
    assert!(until(&mut t, together));
    assert!(matches!(decisions(&t, start)[..], [Outcome::Continue { .. }]));
}

#[test]
fn a_full_disk_fails_the_save_in_the_systems_words_and_then_refuses_writes() {
    let mut t = online();
    say(&mut t, 1, MASTER, "CONFIG SET save '900 1'");
    t.act(Intervention::BreakDisk { node: MASTER, fault: Some(DiskFault::Full) });
    let start = t.cursor();
    say(&mut t, 100, MASTER, "BGSAVE");
    scenarios::pass(&mut t, 1_000);
    let text = "Write error saving DB on disk(fflush): No space left on device";
    assert!(logged(&t, start, MASTER, text));
    assert!(logged(&t, start, MASTER, "Background saving error"));
    let answer = ask(&mut t, MASTER, "SET k v");
    assert!(answer.starts_with("(error) MISCONF Redis is configured to save RDB snapshots"));
    t.act(Intervention::BreakDisk { node: MASTER, fault: None });
    say(&mut t, 100, MASTER, "BGSAVE");
    scenarios::pass(&mut t, 1_000);
    assert_eq!(ask(&mut t, MASTER, "SET k v"), "OK");
    assert!(t.world().file(MASTER, "dump.rdb").is_some());
}

#[test]
fn a_failing_disk_neither_takes_nor_gives() {
    let mut t = online();
    say(&mut t, 1, MASTER, "SAVE");
    scenarios::pass(&mut t, 100);
    t.act(Intervention::BreakDisk { node: MASTER, fault: Some(DiskFault::Failing) });
    let start = t.cursor();
    say(&mut t, 100, MASTER, "BGSAVE");
    scenarios::pass(&mut t, 1_000);
    assert!(logged(&t, start, MASTER, "Failed opening the temp RDB file"));
    assert!(logged(&t, start, MASTER, "Input/output error"));
    t.act(Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    t.act(Intervention::StartNode { node: MASTER });
    assert!(logged(&t, start, MASTER, "Fatal error loading the DB: Input/output error. Exiting."));
    assert_eq!(t.world().node(MASTER).unwrap().power, Power::Down);
    t.act(Intervention::BreakDisk { node: MASTER, fault: None });
    t.act(Intervention::StartNode { node: MASTER });
    assert_eq!(live(t.world(), MASTER).keys, 5, "what was saved is there");
}

/// A master whose disk is slow is in the middle of its second save.
fn saving() -> (Timeline, usize) {
    let mut t = online();
    say(&mut t, 1, MASTER, "SAVE");
    scenarios::pass(&mut t, 100);
    let first = t.world().file(MASTER, "dump.rdb").unwrap().len();
    t.act(Intervention::SetDisk { node: MASTER, latency_us: 10_000_000, bandwidth: 0 });
    say(&mut t, 1, MASTER, &format!("SET big {}", "x".repeat(5_000)));
    say(&mut t, 1, MASTER, "BGSAVE");
    scenarios::pass(&mut t, 5_000);
    assert!(ask(&mut t, MASTER, "INFO persistence").contains("rdb_bgsave_in_progress:1"));
    assert_eq!(t.world().file(MASTER, "dump.rdb").unwrap().len(), first, "the old one still");
    (t, first)
}

fn leftovers(t: &Timeline) -> usize {
    let files = t.world().node(MASTER).unwrap().files;
    files.iter().filter(|(name, _)| name.starts_with("temp-")).count()
}

#[test]
fn a_slow_disk_takes_its_time_to_save() {
    let (mut t, first) = saving();
    scenarios::pass(&mut t, 6_000);
    assert!(t.world().file(MASTER, "dump.rdb").unwrap().len() > first);
    assert!(ask(&mut t, MASTER, "INFO persistence").contains("rdb_bgsave_in_progress:0"));
}

#[test]
fn a_frozen_process_hears_of_its_save_when_it_goes_on() {
    let (mut t, first) = saving();
    t.act(Intervention::PauseNode { node: MASTER, paused: true });
    scenarios::pass(&mut t, 6_000);
    assert_eq!(t.world().file(MASTER, "dump.rdb").unwrap().len(), first, "nobody renames it");
    t.act(Intervention::PauseNode { node: MASTER, paused: false });
    scenarios::pass(&mut t, 1_000);
    assert!(t.world().file(MASTER, "dump.rdb").unwrap().len() > first);
    assert!(ask(&mut t, MASTER, "INFO persistence").contains("rdb_bgsave_in_progress:0"));
}

#[test]
fn a_crash_while_saving_leaves_the_old_file_and_a_temporary_one() {
    let (mut t, first) = saving();
    t.act(Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    assert_eq!(leftovers(&t), 1);
    t.act(Intervention::StartNode { node: MASTER });
    assert_eq!(leftovers(&t), 0, "the next process clears it away");
    assert_eq!(t.world().file(MASTER, "dump.rdb").unwrap().len(), first);
    assert_eq!(live(t.world(), MASTER).keys, 5, "the write after the first save is lost");
}

#[test]
fn a_power_loss_while_saving_leaves_nothing_of_what_was_not_synced() {
    let (mut t, first) = saving();
    t.act(Intervention::StopNode { node: MASTER, stop: Stop::PowerLoss });
    assert_eq!(leftovers(&t), 0);
    assert_eq!(t.world().file(MASTER, "dump.rdb").unwrap().len(), first);
}

#[test]
fn a_wall_clock_that_jumps_expires_keys_and_replicas_wait_for_the_word() {
    let mut t = online();
    say(&mut t, 1, MASTER, "SET session ada EX 3600");
    assert!(until(&mut t, together));
    t.act(Intervention::JumpClock { node: REPLICA_A, ms: 7_200_000 });
    // A replica hides what has expired by its own clock, but keeps it.
    assert_eq!(ask(&mut t, REPLICA_A, "GET session"), "(nil)");
    assert_eq!(live(t.world(), REPLICA_A).keys, live(t.world(), MASTER).keys);
    assert_eq!(ask(&mut t, MASTER, "GET session"), "\"ada\"");

    t.act(Intervention::JumpClock { node: MASTER, ms: 7_200_000 });
    let start = t.cursor();
    scenarios::pass(&mut t, 2_000);
    let expired = |e: &Effect| matches!(&e.event, Event::Expired { key, .. } if key == b"session");
    let who: Vec<NodeId> = t
        .steps()
        .iter()
        .filter(|s| s.index > start)
        .flat_map(|s| &s.effects)
        .filter(|e| expired(e))
        .map(|e| e.node)
        .collect();
    assert_eq!(who, [MASTER], "only the master expires, and its DEL goes to all");
    assert!(until(&mut t, together));
    assert_eq!(ask(&mut t, REPLICA_A, "EXISTS session"), "(integer) 0");
}

#[test]
fn a_replica_whose_clock_runs_fast_reports_more_often() {
    let mut t = online();
    t.act(Intervention::SkewClock { node: REPLICA_A, ppm: 500_000 });
    t.act(Intervention::SkewClock { node: REPLICA_B, ppm: -500_000 });
    let (start, wall) = (t.cursor(), t.world().unix_ms_of(REPLICA_A).unwrap());
    scenarios::pass(&mut t, 20_000);
    let acks = |who: NodeId| {
        let ack =
            |m: &lockstep_sim::Message| m.kind == MessageKind::Ack && m.from.node() == Some(who);
        t.steps()
            .iter()
            .filter(|s| s.index > start)
            .flat_map(|s| &s.sent)
            .filter(|m| ack(m))
            .count()
    };
    let (fast, slow) = (acks(REPLICA_A), acks(REPLICA_B));
    assert!((29..=33).contains(&fast) && (9..=13).contains(&slow), "{fast} {slow}");
    let passed = t.world().unix_ms_of(REPLICA_A).unwrap() - wall;
    assert!((29_900..30_100).contains(&passed), "its wall clock has gained: {passed}");
}

#[test]
fn nodes_are_added_with_a_configuration_of_their_own_or_it_is_said_why_not() {
    let mut t = online();
    let config = "port 7000\nreplicaof 127.0.0.1 6380\nrepl-backlog-size 32kb\n".to_owned();
    let four = NodeId(3);
    assert_eq!(
        note(&mut t, Intervention::AddNode { config: config.clone() }),
        Some(Note::Node(four))
    );
    assert!(until(&mut t, together));
    assert_eq!(
        ask(&mut t, four, "CONFIG GET repl-backlog-size"),
        "1) \"repl-backlog-size\"\n2) \"32768\""
    );
    let taken = note(&mut t, Intervention::AddNode { config });
    assert_eq!(taken, Some(Note::Impossible(Impossible::PortTaken(7000))));
    let config = "# a comment\nrepl-backlog-size plenty".to_owned();
    let bad = note(&mut t, Intervention::AddNode { config });
    let Some(Note::Impossible(Impossible::BadConfig { line, .. })) = bad else { panic!("{bad:?}") };
    assert_eq!(line, "repl-backlog-size plenty");
    let sentence = narrate::narrate(t.current().unwrap()).to_string();
    assert!(sentence.starts_with("Nothing happens, for the configuration is wrong"), "{sentence}");
    for _ in 0..NODES_MAX {
        t.act(Intervention::AddReplica { of: MASTER });
    }
    assert_eq!(t.world().node_ids().len(), NODES_MAX);
}

#[test]
fn writers_write_what_they_are_told_at_their_pace_until_they_leave() {
    let mut t = online();
    let line = "SET key:__rand_int__ x".to_owned();
    let add = Intervention::AddWriter { node: MASTER, every_us: 10_000, line, keys: 50 };
    let Some(Note::Client(writer)) = note(&mut t, add) else { panic!() };
    let line = "INCR count".to_owned();
    let add = Intervention::AddWriter { node: MASTER, every_us: 100_000, line, keys: 0 };
    let Some(Note::Client(second)) = note(&mut t, add) else { panic!() };
    scenarios::pass(&mut t, 10_050);
    assert_eq!(ask(&mut t, MASTER, "GET count"), "\"100\"");
    let keys = live(t.world(), MASTER).keys;
    assert!((50..=56).contains(&keys), "50 keys, the five at the start, and the count: {keys}");
    assert_eq!(ask(&mut t, MASTER, "EXISTS key:000000000049"), "(integer) 1");
    t.act(Intervention::SetWriter { client: second, every_us: 0 });
    t.act(Intervention::CloseClient { client: writer });
    let kinds: Vec<ClientKind> = t.world().clients().iter().map(|c| c.kind).collect();
    assert!(kinds.ends_with(&[ClientKind::Gone, ClientKind::Writer { every_us: 0 }]));
    let gone = note(&mut t, Intervention::SetWriter { client: writer, every_us: 1 });
    assert_eq!(gone, Some(Note::Impossible(Impossible::NoClient(writer))));
}

#[test]
fn a_second_console_has_a_connection_of_its_own() {
    let mut t = online();
    let Some(Note::Client(client)) = note(&mut t, Intervention::AddClient { node: MASTER }) else {
        panic!()
    };
    for line in ["CLIENT SETNAME other", "MULTI", "INCR n"] {
        t.act(Intervention::ClientLine { client, line: line.to_owned() });
    }
    assert_eq!(ask(&mut t, MASTER, "EXISTS n"), "(integer) 0", "its transaction is its own");
    t.act(Intervention::ClientLine { client, line: "EXEC".to_owned() });
    scenarios::pass(&mut t, 50);
    assert_eq!(ask(&mut t, MASTER, "GET n"), "\"1\"");
    assert!(ask(&mut t, MASTER, "CLIENT LIST").contains("name=other"));
    t.act(Intervention::CloseClient { client });
    scenarios::pass(&mut t, 50);
    assert!(!ask(&mut t, MASTER, "CLIENT LIST").contains("name=other"));
}

#[test]
fn healing_ends_every_fault_but_starts_nobody() {
    let mut t = online();
    let (a, b) = TO_A;
    let before = t.world().links();
    for what in [
        Intervention::SetLink { a, b, latency_us: 1, bandwidth: 1 },
        Intervention::SetJitter { a, b, jitter_us: 9 },
        Intervention::SetSegments { a, b, random: true },
        Intervention::CutOneWay { from: a, to: b },
        Intervention::PauseNode { node: b, paused: true },
        Intervention::RefuseConnections { node: a, refused: true },
        Intervention::SkewClock { node: a, ppm: 100 },
        Intervention::JumpClock { node: b, ms: -100_000 },
        Intervention::BreakDisk { node: a, fault: Some(DiskFault::Full) },
        Intervention::StopNode { node: REPLICA_B, stop: Stop::PowerLoss },
        Intervention::Heal,
    ] {
        assert_eq!(note(&mut t, what), None);
    }
    let world = t.world();
    assert!(world.links().iter().zip(&before).all(|(now, then)| {
        (now.ways, now.latency_us, now.jitter_us, now.random_segments)
            == (then.ways, then.latency_us, then.jitter_us, then.random_segments)
    }));
    for id in [a, b] {
        let node = world.node(id).unwrap();
        assert_eq!((node.power, node.refuses, node.clock_ppm), (Power::Up, false, 0));
        assert_eq!((node.unix_ms, node.disk.fault), (world.unix_ms(), None));
    }
    assert_eq!(world.node(REPLICA_B).unwrap().power, Power::Dark);
}

/// Any intervention, with names and numbers that fit and that do not.
fn anything(rng: &mut Rng) -> Intervention {
    use Intervention as I;
    let wild = rng.below(8) == 0;
    let mut number =
        |usual: u64| if wild { rng.next_u64() >> rng.below(64) } else { rng.below(usual) };
    let node = NodeId(number(4) as u32);
    let (a, b) = (NodeId(number(4) as u32), NodeId(number(4) as u32));
    let (from, to) = (a, b);
    let client = ClientId(number(10) as u32);
    let message = MessageId(number(400));
    let (n, m, on) = (number(100_000), number(100_000), number(2) == 0);
    let line = match number(5) {
        0 => "SET k:__rand_int__ v PX 500".to_owned(),
        1 => "REPLICAOF 127.0.0.1 6381".to_owned(),
        2 => "BGSAVE".to_owned(),
        3 => String::new(),
        _ => "MULTI".to_owned(),
    };
    match number(32) {
        0 => I::Console { node, line },
        1 => I::CutLink { a, b, cut: Cut::Reset },
        2 => I::CutLink { a, b, cut: Cut::Silent },
        3 => I::CutLink { a, b, cut: Cut::Stall },
        4 => I::RestoreLink { a, b },
        5 => I::CutOneWay { from, to },
        6 => I::RestoreOneWay { from, to },
        7 => I::ResetConnections { a, b },
        8 => I::SetLink { a, b, latency_us: n, bandwidth: m },
        9 => I::SetJitter { a, b, jitter_us: n },
        10 => I::SetSegments { a, b, random: on },
        11 => I::HoldMessage { message },
        12 => I::ReleaseMessage { message },
        13 => I::ResetAt { message, byte: n % 64 },
        14 => I::StopNode { node, stop: Stop::Crash },
        15 => I::StopNode { node, stop: Stop::Graceful },
        16 => I::StopNode { node, stop: Stop::PowerLoss },
        17 | 18 => I::StartNode { node },
        19 => I::PauseNode { node, paused: on },
        20 => I::RefuseConnections { node, refused: on },
        21 => I::SkewClock { node, ppm: n as i64 },
        22 => I::JumpClock { node, ms: if on { n as i64 } else { (n as i64).wrapping_neg() } },
        23 => I::SetDisk { node, latency_us: n, bandwidth: m },
        24 => I::BreakDisk { node, fault: on.then_some(DiskFault::Full) },
        25 => I::Heal,
        26 => I::AddReplica { of: node },
        27 => I::AddNode { config: line },
        28 => I::Traffic { node, every_ms: n },
        29 => I::AddClient { node },
        30 => I::AddWriter { node, every_us: n, line, keys: m },
        _ => {
            if on {
                I::ClientLine { client, line }
            } else {
                I::CloseClient { client }
            }
        }
    }
}

#[test]
fn whatever_is_done_a_replay_of_it_is_the_same_to_the_byte() {
    let seeds = if cfg!(target_arch = "wasm32") { 5 } else { 30 };
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let start = scenarios::three_nodes(seed);
        let mut t = Timeline::new(start.clone());
        for _ in 0..60 {
            let steps = rng.below(20);
            let _ = (0..steps).all(|_| t.forward(Grain::Event));
            let later = t.world().now().plus_ms(rng.below(300));
            t.act_at(later, anything(&mut rng));
            assert!(!narrate::narrate(t.current().unwrap()).to_string().is_empty());
        }
        let replay = Timeline::replay(start, t.script().to_vec(), t.cursor()).unwrap();
        let differs = replay.steps().iter().zip(t.steps()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert!(replay.world().encoding() == t.world().encoding(), "seed {seed}");
    }
}
