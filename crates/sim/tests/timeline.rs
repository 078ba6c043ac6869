//! The timeline walks both ways and lands on the same byte. Runs natively and in WebAssembly.

use lockstep_core::rng::Rng;
use lockstep_sim::check::Checkers;
use lockstep_sim::scenario::{LIBRARY, Scenario};
use lockstep_sim::scenarios::{self, MASTER, REPLICA_A, REPLICA_B};
use lockstep_sim::view::{Power, Role};
use lockstep_sim::{Act, Cut, Differs, Grain, Intervention, NodeId, Stop, Timeline};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Walks to the end of what is known, and says what every state looks like.
fn fingerprints(t: &mut Timeline) -> Vec<u64> {
    t.seek(0);
    let mut prints = vec![t.world().fingerprint()];
    while t.cursor() < t.len() && t.forward(Grain::Event) {
        prints.push(t.world().fingerprint());
    }
    prints
}

/// Every index, reached by stepping back, by seeking there from both ends, and forward again.
fn walks_both_ways(mut t: Timeline) {
    let end = t.world().fingerprint();
    let there = t.cursor();
    let prints = fingerprints(&mut t);
    assert_eq!(prints[there as usize], end, "a walk from the start comes to the same end");
    for index in (0..t.len()).rev() {
        assert!(t.back(Grain::Event));
        assert_eq!(t.cursor(), index);
        assert_eq!(t.world().fingerprint(), prints[index as usize], "back to {index}");
    }
    for index in (0..=t.len()).step_by(7) {
        t.seek(t.len());
        t.seek(index);
        assert_eq!(t.world().fingerprint(), prints[index as usize], "from the end to {index}");
        t.seek(0);
        t.seek(index);
        assert_eq!(t.world().fingerprint(), prints[index as usize], "from the start to {index}");
    }
    assert_eq!(fingerprints(&mut t), prints, "and forward once more");
}

/// A history in which something of everything happens.
fn eventful() -> Timeline {
    let mut t = scenarios::handshake();
    scenarios::until_online(&mut t);
    let (a, b) = (MASTER, REPLICA_A);
    let say = |node, line: &str| Intervention::Console { node, line: line.to_owned() };
    for (ms, what) in [
        (10, Intervention::Traffic { node: MASTER, every_ms: 130 }),
        (900, Intervention::CutLink { a, b, cut: Cut::Silent }),
        (2_000, Intervention::RestoreLink { a, b }),
        (100, say(MASTER, "DEBUG SLEEP 0.5")),
        (400, Intervention::AddReplica { of: REPLICA_A }),
        (700, Intervention::SetLink { a, b, latency_us: 200_000, bandwidth: 5_000 }),
        (500, say(MASTER, "EXPIRE visits 1")),
        (600, Intervention::PauseNode { node: REPLICA_B, paused: true }),
        (600, Intervention::PauseNode { node: REPLICA_B, paused: false }),
        (300, say(REPLICA_A, "SAVE")),
        (300, Intervention::StopNode { node: MASTER, stop: Stop::Crash }),
        (300, say(REPLICA_A, "REPLICAOF NO ONE")),
        (300, say(REPLICA_B, "REPLICAOF 127.0.0.1 6381")),
        (900, Intervention::StartNode { node: MASTER }),
        (900, say(MASTER, "INFO replication")),
        (900, Intervention::StopNode { node: REPLICA_B, stop: Stop::Graceful }),
    ] {
        scenarios::act_after(&mut t, ms, what);
    }
    scenarios::pass(&mut t, 2_000);
    t
}

#[test]
fn every_state_of_the_handshake_is_the_same_both_ways() {
    let mut t = scenarios::handshake();
    assert!(scenarios::until_online(&mut t), "the replicas come online");
    walks_both_ways(t);
}

#[test]
fn every_state_of_the_first_screen_is_the_same_both_ways() {
    walks_both_ways(scenarios::first_light());
}

#[test]
fn every_state_of_an_eventful_history_is_the_same_both_ways() {
    walks_both_ways(eventful());
}

/// What a state is compared by: a fingerprint, and its whole encoding. Of states of megabytes only
/// every fiftieth is encoded.
fn state(t: &Timeline, large: bool) -> (u64, Option<Vec<u8>>) {
    let whole = !large || t.cursor().is_multiple_of(50);
    (t.world().fingerprint(), whole.then(|| t.world().encoding()))
}

/// Walks to the end of what is known in legs; at the end of each it walks back to its start.
fn walks_back_to_the_byte(mut t: Timeline) -> Result<(), u64> {
    t.seek(t.len());
    let large = t.world().encoding().len() > 300_000;
    t.seek(0);
    while t.cursor() < t.len() {
        let mut leg = vec![state(&t, large)];
        while leg.len() < 50 && t.cursor() < t.len() && t.forward(Grain::Event) {
            leg.push(state(&t, large));
        }
        let end = t.cursor();
        for before in leg.iter().rev().skip(1) {
            t.back(Grain::Event);
            if state(&t, large) != *before {
                return Err(t.cursor());
            }
        }
        t.seek(end);
        if leg.last() != Some(&state(&t, large)) {
            return Err(end);
        }
    }
    Ok(())
}

#[test]
fn n_steps_forward_and_n_back_is_the_same_to_the_byte_everywhere_in_every_scenario() {
    // In a browser, which is slower, a few; natively all there are.
    let some = if cfg!(target_arch = "wasm32") { 3 } else { usize::MAX };
    for (name, text) in LIBRARY.iter().take(some) {
        let t = Scenario::parse(text).expect(name).play();
        assert!(!t.is_empty(), "{name} has steps");
        assert_eq!(walks_back_to_the_byte(t), Ok(()), "{name}: at this index");
    }
}

#[test]
fn the_same_seed_and_script_give_the_same_history() {
    let (mut a, mut b) = (eventful(), eventful());
    assert_eq!(a.steps(), b.steps());
    assert_eq!(fingerprints(&mut a), fingerprints(&mut b));
}

#[test]
fn stepping_by_transition_back_and_forward_visits_the_same_places() {
    let mut t = scenarios::first_light();
    for grain in [Grain::Delivery, Grain::Transition] {
        t.seek(0);
        let mut places = vec![0];
        while t.cursor() < t.len() && t.forward(grain) {
            places.push(t.cursor());
        }
        for place in places.iter().rev().skip(1) {
            assert!(t.back(grain));
            assert_eq!(t.cursor(), *place);
        }
        assert!(!t.back(grain), "there is nothing before the start");
    }
}

#[test]
fn acting_in_the_past_keeps_the_old_future_as_a_branch() {
    let mut t = scenarios::first_light();
    let (len, end) = (t.len(), fingerprints(&mut t));
    t.seek(len / 2);
    t.act(Intervention::StopNode { node: REPLICA_A, stop: Stop::Crash });
    assert_eq!(t.len(), len / 2 + 1);
    assert_eq!(t.branches().len(), 1);
    let forked = fingerprints(&mut t);
    assert_eq!(forked[..=len as usize / 2], end[..=len as usize / 2]);

    assert!(t.switch_to(0));
    assert_eq!(t.cursor(), len / 2, "one stands where they part");
    assert_eq!(t.branches().len(), 1, "and what was left is a branch now");
    assert_eq!(fingerprints(&mut t), end);
}

#[test]
fn an_intervention_between_two_steps_happens_at_its_time() {
    let mut t = scenarios::first_light();
    let now = t.world().now();
    let next = t.peek().expect("a message is on its way").at;
    let between = lockstep_core::time::Instant((now.0 + next.0) / 2);
    let (a, b) = (MASTER, REPLICA_B);
    let at = t.act_at(between, Intervention::CutLink { a, b, cut: Cut::Silent }).at;
    assert_eq!(at, between);
    let held = t.world().in_flight().into_iter().find(|f| f.held_since.is_some());
    let progress = held.expect("the message is held").progress(between);
    assert!(progress > 0.0 && progress < 1.0, "it is held on its way: {progress}");
    walks_both_ways(t);
}

/// Something random to do, within the articles' three nodes.
fn random_intervention(rng: &mut Rng) -> Intervention {
    let mut node = || NodeId(rng.below(3) as u32);
    let (a, b) = (node(), node());
    let n = rng.below(100);
    match rng.below(9) {
        0 => Intervention::CutLink { a, b, cut: Cut::Reset },
        1 => Intervention::CutLink { a, b, cut: Cut::Silent },
        2 => Intervention::StopNode { node: a, stop: Stop::Crash },
        3 => Intervention::PauseNode { node: a, paused: n < 50 },
        4 => Intervention::Traffic { node: MASTER, every_ms: n },
        5 => Intervention::StartNode { node: a },
        6 => Intervention::RestoreLink { a, b },
        _ => Intervention::Console { node: a, line: format!("RPUSH list:{} {n}", n % 3) },
    }
}

#[test]
fn a_random_walk_with_branches_is_what_a_replay_of_its_script_is() {
    for seed in 0..25 {
        let mut rng = Rng::new(seed);
        let start = scenarios::three_nodes(seed);
        let mut t = Timeline::new(start.clone());
        for _ in 0..40 {
            match rng.below(5) {
                0 => t.seek(rng.below(t.len() + 40)),
                1 => {
                    t.back(Grain::Transition);
                }
                2 => {
                    let what = random_intervention(&mut rng);
                    let later = t.world().now().plus_ms(rng.below(30));
                    t.act_at(later, what);
                }
                3 => {
                    t.switch_to(rng.below(4) as usize);
                }
                _ => (0..rng.below(30)).for_each(|_| {
                    t.forward(Grain::Event);
                }),
            }
        }
        let replay = Timeline::replay(start, t.script().to_vec(), t.cursor()).unwrap();
        assert_eq!(replay.cursor(), t.cursor(), "seed {seed}");
        assert_eq!(replay.current(), t.current(), "seed {seed}");
        assert_eq!(replay.world().fingerprint(), t.world().fingerprint(), "seed {seed}");
    }
}

#[test]
fn a_script_whose_indices_do_not_grow_is_refused() {
    let mut t = scenarios::first_light();
    let mut script = t.script().to_vec();
    script.reverse();
    t.seek(0);
    assert!(Timeline::replay(t.world().clone(), script, 1).is_none());
}

#[test]
fn a_seek_by_time_finds_the_last_state_at_or_before_it() {
    let mut t = scenarios::first_light();
    for index in [1, t.len() / 3, t.len() - 1] {
        let at = t.time_at(index).unwrap();
        t.seek_time(at);
        assert!(t.cursor() >= index && t.world().now() == at);
        let next = t.time_at(t.cursor() + 1);
        assert!(next.is_none_or(|next| next > at));
    }
}

#[test]
fn interventions_on_nodes_that_are_not_there_change_nothing() {
    let mut t = scenarios::handshake();
    let nobody = NodeId(9);
    let before = t.world().nodes();
    for what in [
        Intervention::StopNode { node: nobody, stop: Stop::Crash },
        Intervention::StartNode { node: nobody },
        Intervention::PauseNode { node: nobody, paused: true },
        Intervention::AddReplica { of: nobody },
        Intervention::Traffic { node: nobody, every_ms: 1 },
        Intervention::Console { node: nobody, line: "PING".into() },
        Intervention::CutLink { a: MASTER, b: nobody, cut: Cut::Reset },
        Intervention::RestoreLink { a: nobody, b: MASTER },
    ] {
        t.act(what);
    }
    assert_eq!(t.world().nodes(), before);
}

#[test]
fn looking_ahead_where_nothing_lies_ahead_changes_nothing() {
    let mut t = scenarios::handshake();
    for node in [REPLICA_A, REPLICA_B] {
        t.act(Intervention::StopNode { node, stop: Stop::Crash });
    }
    scenarios::pass(&mut t, 3_000);
    while t.forward(Grain::Event) {}
    let (cursor, state) = (t.cursor(), t.world().encoding());
    assert!(!t.forward(Grain::Event) && t.peek().is_none());
    assert_eq!(t.cursor(), cursor);
    assert!(t.world().encoding() == state, "a lone master's timers tick, but that is no step");
    t.seek(0);
    t.seek(cursor);
    assert!(t.world().encoding() == state);
}

/// A history that parts in two: in one the master goes on, in the other A takes over.
fn parted() -> Timeline {
    let mut t = scenarios::first_light();
    scenarios::until_online(&mut t);
    let at = t.cursor();
    let say = |node, line: &str| Intervention::Console { node, line: line.to_owned() };
    scenarios::act_after(&mut t, 500, say(MASTER, "SET who master"));
    scenarios::pass(&mut t, 2_000);
    t.set_name("the master stays");
    t.seek(at);
    scenarios::act_after(&mut t, 500, Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    scenarios::act_after(&mut t, 500, say(REPLICA_A, "REPLICAOF NO ONE"));
    scenarios::act_after(&mut t, 500, say(REPLICA_A, "SET who replica"));
    scenarios::pass(&mut t, 500);
    t
}

#[test]
fn branches_have_names_and_are_compared_at_the_same_moment() {
    let t = parted();
    let [branch] = t.branches() else { panic!("one history was left") };
    assert_eq!((branch.name.as_deref(), branch.number), (Some("the master stays"), 0));
    assert_eq!((t.name(), t.number()), (None, 1));
    let compared = t.compare(0).expect("there is a branch");
    assert_eq!(compared.parted_at, t.shared_with(branch));
    assert!(compared.there.1 <= compared.here.1 && compared.there.0 > compared.parted_at);
    let of = |node: NodeId| -> Vec<&Differs> {
        compared.differences.iter().filter(|d| d.node == node).map(|d| &d.what).collect()
    };
    assert!(of(MASTER).contains(&&Differs::Power(Power::Down, Power::Up)));
    assert!(of(REPLICA_A).contains(&&Differs::Role(Role::Master, Role::Replica)));
    assert!(of(REPLICA_A).iter().any(|d| matches!(d, Differs::ReplId(..))));
    let who = Differs::Key { db: 0, key: b"who".to_vec(), there: (true, true) };
    assert!(of(REPLICA_A).contains(&&who), "{:?}", of(REPLICA_A));
    assert!(t.compare(1).is_none());
}

#[test]
fn a_history_that_one_returns_to_takes_its_name_along() {
    let mut t = parted();
    t.set_name("A takes over");
    let (end, len) = (t.world().encoding(), t.len());
    assert!(t.switch_to(0));
    assert_eq!((t.name(), t.number()), (Some("the master stays"), 0));
    assert_eq!(t.branches()[0].name.as_deref(), Some("A takes over"));
    assert!(t.switch_to(0));
    t.seek(len);
    assert!(t.world().encoding() == end, "there and back again");
    assert!(t.name_branch(0, &"é".repeat(40)) && !t.name_branch(7, "x"));
    assert_eq!(t.branches()[0].name.as_ref().map(String::len), Some(64), "cut at a character");
    assert!(t.drop_branch(0) && t.branches().is_empty());
}

#[test]
fn acting_before_what_a_script_does_later_keeps_it_as_a_branch() {
    let t = parted();
    let start = {
        let mut t = t.clone();
        t.seek(0);
        t.world().clone()
    };
    let first = t.script()[0].index;
    let mut t = Timeline::replay(start, t.script().to_vec(), first).unwrap();
    let acts = t.script().len();
    assert!(acts > 1 && t.cursor() == t.len(), "more is scripted than has been seen");
    t.act(Intervention::Heal);
    assert_eq!(t.script().len(), 2);
    assert_eq!(t.branches()[0].script.len(), acts, "the rest of the script is not lost");
}

#[test]
fn a_script_that_asks_for_the_end_of_time_ends_at_the_limit() {
    let start = scenarios::three_nodes(1);
    let what = Intervention::Heal;
    let act = Act { index: u64::MAX, at: lockstep_core::time::Instant(u64::MAX), what };
    let t = Timeline::replay(start.clone(), vec![act.clone()], 3_000).unwrap();
    assert_eq!(t.cursor(), 3_000);
    let early = Act { index: 2, ..act };
    let t = Timeline::replay(start, vec![early], 50).unwrap();
    assert_eq!(t.cursor(), 50, "it happens before the next visible event");
    assert!(t.world().now() < lockstep_core::time::Instant(60_000_000));
}

/// Who steps back, or begins in the middle of a history, knows nothing of what was before: nothing
/// that is right may look wrong from there.
#[test]
fn checkers_may_begin_at_any_step() {
    let mut t = scenarios::first_light();
    scenarios::pass(&mut t, 2_000);
    t.act(Intervention::Console { node: MASTER, line: "WAIT 2 500".to_owned() });
    scenarios::pass(&mut t, 1_000);
    t.act(Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    for (node, line) in [
        (REPLICA_A, "REPLICAOF NO ONE"),
        (REPLICA_B, "REPLICAOF 127.0.0.1 6381"),
        (REPLICA_A, "SET after promotion"),
    ] {
        t.act(Intervention::Console { node, line: line.to_owned() });
        scenarios::pass(&mut t, 500);
    }
    t.act(Intervention::StartNode { node: MASTER });
    scenarios::pass(&mut t, 1_000);
    let end = t.len();
    for start in (0..end).step_by(5) {
        t.seek(start);
        let mut checkers = Checkers::new();
        while t.cursor() < end.min(start + 60) && t.forward(Grain::Event) {
            let step = t.current().expect("it went forward").clone();
            let seen = checkers.check(t.world(), &step);
            assert_eq!(seen, Ok(()), "from step {start}, at step {}", step.index);
        }
    }
    assert!(end > 200, "{end}");
}
