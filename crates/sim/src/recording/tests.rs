//! What recordings tell is held against the worlds that they are of.

use lockstep_core::time::Instant;

use super::*;
use crate::scenarios;
use crate::script::Intervention;
use crate::timeline::Timeline;
use crate::trace::{self, Reader, Record, What};
use crate::view::{Known, Role};

/// A world with a write, a cut, its end and a promotion.
fn world() -> Timeline {
    let mut t = scenarios::first_light();
    scenarios::until(&mut t, |t| scenarios::all_online(t.world()));
    let node = scenarios::MASTER;
    t.act(Intervention::Console { node, line: "SET said by-hand".into() });
    (0..200).for_each(|_| assert!(t.forward(Grain::Event)));
    let node = scenarios::REPLICA_A;
    t.act(Intervention::Console { node, line: "REPLICAOF NO ONE".into() });
    (0..200).for_each(|_| assert!(t.forward(Grain::Event)));
    t
}

/// The trace of a world, line by line.
fn lines(t: &Timeline) -> (Reader, Vec<Record>) {
    let mut text = String::new();
    trace::write_world_header(&mut text, t.world());
    t.steps().iter().for_each(|step| trace::write_step(&mut text, step));
    let mut reader = Reader::new();
    let records = text.lines().filter_map(|line| reader.read(line).expect("a line of a trace"));
    let records: Vec<Record> = records.collect();
    (reader, records)
}

fn recorded(reader: &Reader, records: &[Record]) -> Recording {
    let mut recording = Recording::new(reader.started_unix_ms());
    for (name, address) in reader.nodes() {
        recording.push_node(name, address);
    }
    records.iter().for_each(|record| recording.push(record));
    recording
}

#[test]
fn what_a_trace_tells_of_nodes_is_what_they_are() {
    let mut t = world();
    let (reader, records) = lines(&t);
    let mut recording = recorded(&reader, &records);
    let (end, mut compared) = (t.len(), 0);
    assert_eq!(recording.len(), end);
    for index in (1..=end).rev() {
        t.seek(index);
        recording.seek(index);
        assert_eq!(recording.now(), t.world().now(), "step {index}");
        for (seen, is) in recording.nodes().iter().zip(t.world().nodes()) {
            let (seen, is) = (seen.live.clone().expect("seen"), is.live.expect("it runs"));
            let place = format!("step {index}, node {}", is.offset);
            if seen.known.role {
                assert_eq!(seen.role, is.role, "{place}");
                compared += 1;
            }
            if seen.known.replid && seen.known.offset && seen.role == Role::Master {
                assert!(seen.offset <= is.offset, "{place}: {} of {}", seen.offset, is.offset);
            }
            let state = |live: &LiveView| live.master.as_ref().map(|link| link.state);
            if let (Some(a), Some(b)) = (state(&seen), state(&is)) {
                assert_eq!(a, b, "{place}");
                compared += 1;
            }
        }
        let flights = |all: Vec<FlightView>| all.iter().filter(|f| is_link(f)).count();
        assert_eq!(flights(recording.in_flight()), flights(t.world().in_flight()), "{index}");
    }
    assert!(compared > 1_000, "{compared}");
}

fn is_link(flight: &FlightView) -> bool {
    flight.message.from.node().is_some() && flight.message.to.node().is_some()
}

#[test]
fn a_recording_that_grows_shows_the_past_as_it_was() {
    let t = world();
    let (reader, records) = lines(&t);
    let whole = recorded(&reader, &records);
    let mut growing = recorded(&reader, &[]);
    for (index, record) in records.iter().enumerate() {
        growing.push(record);
        if index % 97 != 0 {
            continue;
        }
        let mut there = whole.clone();
        // The last step may still get something.
        let known = growing.len().saturating_sub(1);
        growing.seek(known);
        there.seek(known);
        assert_eq!(growing.nodes(), there.nodes(), "step {known}");
        assert_eq!(growing.in_flight(), there.in_flight(), "step {known}");
    }
}

#[test]
fn what_a_node_tells_of_itself_stands() {
    let t = world();
    let (reader, records) = lines(&t);
    let mut recording = recorded(&reader, &records);
    let live = t.world().nodes()[0].live.clone().expect("it runs");
    let what = What::State(Box::new(live.clone()));
    recording.push(&Record { at: Instant(u64::MAX / 2), place: "n0".into(), what });
    recording.seek(recording.len() - 1);
    assert_ne!(recording.nodes()[0].live.as_ref().map(|live| live.known), Some(Known::ALL));
    recording.seek(recording.len());
    assert_eq!(recording.nodes()[0].live, Some(live));
}

#[test]
fn the_oldest_steps_go_when_there_are_too_many() {
    let mut recording = Recording::new(0);
    let node = recording.add_node("127.0.0.1:6379").expect("a node");
    let other = recording.add_node("127.0.0.1:6380").expect("a node");
    for n in 0..(STEPS_MAX as u64 + 10) {
        recording.push_recorded(Instant(n), Recorded::Inside { node });
        if n == 0 {
            let (dialer, acceptor) = (Peer::Node(node), Peer::Node(other));
            recording.push_recorded(Instant(n), Recorded::UnderWay { dialer, acceptor });
        }
    }
    assert!(recording.steps().len() <= STEPS_MAX);
    assert_eq!(recording.forgotten() + recording.steps().len() as u64, recording.len());
    // The cursor stands at the oldest that is left, and what was known then is known still.
    assert_eq!(recording.cursor(), recording.forgotten());
    assert_eq!(recording.links().len(), 1);
    assert!(!recording.back(Grain::Event));
    recording.seek(0);
    assert_eq!(recording.cursor(), recording.forgotten());
    recording.seek(u64::MAX);
    assert_eq!(recording.cursor(), recording.len());
}

#[test]
fn nodes_with_one_port_are_told_apart_by_their_addresses() {
    let mut recording = Recording::new(0);
    let names = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6380"];
    let ids = names.map(|name| recording.add_node(name).expect("a node"));
    let called = ids.map(|id| recording.node_name(id));
    assert_eq!(called, ["10.0.0.1:6379", "10.0.0.2:6379", "6380"]);
    assert_eq!(recording.add_node(names[1]), Some(ids[1]));
    for n in 0..100 {
        recording.add_node(&format!("10.0.1.{n}:6379"));
    }
    assert_eq!(recording.nodes().len(), NODES_MAX);
}

#[cfg(not(target_arch = "wasm32"))]
mod lies {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::narrate::narrate;
    use crate::trace::Session;

    /// What stands in a field of a trace that nobody wrote honestly.
    const STRANGE: [&str; 12] = [
        "0",
        "1",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "9223372036854775807",
        "4294967295",
        "18446744073709551615..0",
        "0..18446744073709551615",
        "n63",
        "w4294967295",
        "\"\"",
    ];

    fn honest() -> &'static [String] {
        static LINES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        LINES.get_or_init(|| {
            let t = world();
            let mut text = String::new();
            trace::write_world_header(&mut text, t.world());
            t.steps().iter().for_each(|step| trace::write_step(&mut text, step));
            for node in t.world().nodes() {
                let what = What::State(Box::new(node.live.expect("it runs")));
                let place = node.id.to_string();
                Record { at: t.world().now(), place, what }.write(&mut text);
            }
            text.lines().map(str::to_owned).collect()
        })
    }

    /// Puts something else into a word of a line: for a field, its value.
    fn change(line: &mut String, word: Index, strange: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let at = word.index(words.len());
        let new = match words[at].split_once('=') {
            Some((name, _)) => format!("{name}={strange}"),
            None => strange.to_owned(),
        };
        let words: Vec<&str> =
            words.iter().enumerate().map(|(n, w)| if n == at { &*new } else { w }).collect();
        *line = words.join(" ");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Whatever a trace claims: it is read, walked and looked at without a panic, and holds no
        /// more than there are lines.
        #[test]
        fn no_trace_brings_its_reader_down(
            lies in prop::collection::vec(
                (any::<Index>(), any::<Index>(), prop::sample::select(&STRANGE[..])), 1..60),
            moved in prop::collection::vec((any::<Index>(), any::<Index>()), 0..20),
        ) {
            let mut lines = honest().to_vec();
            for (line, word, strange) in lies {
                let at = line.index(lines.len());
                change(&mut lines[at], word, strange);
            }
            for (a, b) in moved {
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
            }
            let mut reader = Reader::new();
            reader.read(trace::HEADER).expect("a header");
            let records: Vec<Record> =
                lines.iter().filter_map(|line| reader.read(line).ok().flatten()).collect();
            let session = Session::join(vec![(reader, records)]);
            let mut recording = Recording::of_nodes(&session);
            session.records.iter().for_each(|record| recording.push(record));
            prop_assert!(recording.len() <= lines.len() as u64);
            let looks = |recording: &Recording| {
                for node in recording.nodes() {
                    let Some(live) = &node.live else { continue };
                    let _ = (live.stream(), recording.links(), recording.in_flight());
                }
                let _ = (recording.dataset(), recording.current().map(|step| narrate(step)));
            };
            while recording.forward(Grain::Event) {
                if recording.cursor().is_multiple_of(7) {
                    looks(&recording);
                }
            }
            looks(&recording);
            while recording.back(Grain::Transition) {
                looks(&recording);
            }
        }
    }
}
