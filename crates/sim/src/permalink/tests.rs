//! Tests of links: short, exact, and robust.

use lockstep_core::rng::Rng;

use super::*;
use crate::ids::NodeId;
use crate::script::{Cut, Intervention, Stop};

fn world() -> Scenario {
    let text = "title Anything
seed 4711
link 25ms 300kb/s
config
  repl-backlog-size 32kb
node master 6380
node replica-a 6381 of master
  repl-diskless-load swapdb
node replica-b 6382 of master
preload
  SET greeting hello
  HSET user:1 name ada age 36
";
    Scenario::parse(text).expect("a scenario")
}

/// What a learner does in an hour: types, cuts and mends, kills and starts, promotes.
fn session(acts: usize) -> Vec<Act> {
    let mut rng = Rng::new(11);
    let (mut index, mut at) = (40, 1_043_780);
    let lines = [
        "SET name chaoge",
        "GET name",
        "INCR visits",
        "LPUSH queue job:7",
        "HSET user:2 name grace age 85",
        "SET session:17 ada EX 30",
        "INFO replication",
        "CONFIG SET repl-backlog-size 64kb",
        "REPLICAOF NO ONE",
        "REPLICAOF 127.0.0.1 6381",
        "WAIT 1 500",
        "EXPIRE queue 60",
    ];
    (0..acts)
        .map(|_| {
            index += 1 + rng.below(90);
            at += 1_000 + rng.below(4_000_000);
            let node = NodeId(rng.below(3) as u32);
            let (a, b) = (NodeId(0), NodeId(1 + rng.below(2) as u32));
            let line = match rng.below(2) {
                0 => lines[rng.below(lines.len() as u64) as usize].to_owned(),
                _ => format!("SET key:{} value-{}", rng.below(50), rng.below(1_000_000)),
            };
            let what = match rng.below(12) {
                0..5 => Intervention::Console { node, line },
                5 => Intervention::CutLink { a, b, cut: Cut::Reset },
                6 => Intervention::RestoreLink { a, b },
                7 => Intervention::SetLink { a, b, latency_us: 100_000, bandwidth: 50_000 },
                8 => Intervention::StopNode { node, stop: Stop::Crash },
                9 => Intervention::StartNode { node },
                10 => Intervention::Traffic { node, every_ms: 100 * rng.below(9) },
                _ => Intervention::HoldMessage { message: crate::ids::MessageId(index * 2) },
            };
            Act { index, at: Instant(at), what }
        })
        .collect()
}

fn link(start: Start, acts: usize) -> Permalink {
    let script = session(acts);
    let cursor = script.last().map_or(0, |act| act.index + 12);
    Permalink { start, script, cursor, branch: Some("What if B were faster?".into()) }
}

#[test]
fn a_hundred_interventions_and_their_world_take_at_most_two_kilobytes() {
    let inline = link(Start::Inline(Box::new(world())), 100);
    let address = inline.address();
    assert!(address.len() <= 2_048, "{} characters", address.len());
    assert_eq!(Permalink::decode(&address), Ok(inline));
}

#[test]
fn a_link_opens_the_very_moment_it_was_made_at() {
    let name = "a07-partial-if-id-and-offset-fit";
    let start = Start::named(name, scenario::find(name)).expect("of the library");
    let scenario = start.scenario().clone();
    let mut made = scenario.play();
    made.seek(60);
    let (script, cursor) = (made.script().to_vec(), made.cursor());
    for start in [start, Start::Inline(Box::new(scenario))] {
        let link = Permalink { start, script: script.clone(), cursor, branch: None };
        let opened = Permalink::decode(&link.encode()).and_then(|link| link.open()).expect("opens");
        assert_eq!(opened.cursor(), 60);
        assert_eq!(opened.world().fingerprint(), made.world().fingerprint());
        assert_eq!(opened.script(), made.script());
    }
}

#[test]
fn what_is_wrong_with_a_link_is_said() {
    let name = "a07-partial-if-id-and-offset-fit";
    let good = link(Start::named(name, scenario::find(name)).expect("it is there"), 3).encode();
    let swapped: String =
        good.replacen(&good[20..21], if &good[20..21] == "A" { "B" } else { "A" }, 1);
    let nowhere = Start::Named("nowhere".into(), Box::new(world()));
    let unknown = Permalink { start: nowhere, ..link_of_nothing() };
    let mut later = good.clone();
    later.replace_range(0..2, "Ag");
    for (text, words) in [
        ("", "this link is too short"),
        ("AQ", "this link is too short"),
        (&good[..good.len() - 1], "this link is damaged, or was not copied whole"),
        (&good[..good.len() / 2], "this link is damaged, or was not copied whole"),
        (&swapped, "this link is damaged"),
        (&later, "this link has format 2, and this Lockstep reads format 1"),
        (&format!("{good}%"), "`%`, does not belong there"),
        (&unknown.encode(), "the scenario `nowhere`, which does not exist here"),
        (&"A".repeat(TEXT_MAX + 1), "this link has 65537 characters"),
    ] {
        let error = Permalink::decode(text).expect_err(text).to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

fn link_of_nothing() -> Permalink {
    link(Start::Inline(Box::new(world())), 0)
}

#[test]
fn any_other_character_anywhere_is_noticed() {
    let good = link(Start::Inline(Box::new(world())), 5).encode();
    for at in 0..good.len() {
        for other in ["A", "_", "x"] {
            let mut bad = good.clone();
            bad.replace_range(at..=at, other);
            assert!(bad == good || Permalink::decode(&bad).is_err(), "{at}: {bad}");
        }
    }
}

/// A link whose checksum is right, whatever its body.
fn sealed(packed: &[u8]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend((crc64::update(0, packed) as u32).to_le_bytes());
    bytes.extend_from_slice(packed);
    pack::to_text(&bytes)
}

proptest::proptest! {
    #[test]
    fn every_link_is_read_back(acts in 0_usize..200, cursor in 0..STEPS_MAX) {
        let link = Permalink { cursor, ..link(Start::Inline(Box::new(world())), acts) };
        assert_eq!(Permalink::decode(&link.encode()), Ok(link));
    }

    #[test]
    fn no_text_and_no_bytes_panic(text: String, bytes: Vec<u8>, at: usize, byte: u8) {
        let _ = Permalink::decode(&text);
        let _ = Permalink::decode(&sealed(&bytes));
        let _ = Permalink::decode(&sealed(&pack::pack(&bytes)));
        let good = pack::from_text(&link(Start::Inline(Box::new(world())), 5).encode());
        let mut packed = good.expect("a link")[5..].to_vec();
        let at = at % packed.len();
        packed[at] = byte;
        let _ = Permalink::decode(&sealed(&packed));
        let mut body = pack::unpack(&packed, BODY_BYTES_MAX).unwrap_or_default();
        body.truncate(at);
        let _ = Permalink::decode(&sealed(&pack::pack(&body)));
    }
}

#[test]
fn whatever_a_link_does_to_a_world_it_goes_on() {
    let extremes = [0, 1, 2, 0x7fff_ffff, 0xffff_ffff, 1 << 40, u64::MAX >> 1, u64::MAX];
    let texts = ["", "SET a \\", "port 0", "port 99999", "SYNC", "DEBUG SLEEP 1e300", "MULTI"];
    let mut rng = Rng::new(5);
    for form in FORMS {
        for _ in 0..12 {
            let script = (1..4).map(|n| {
                let arg = |kind: &Kind| match kind {
                    Kind::Line | Kind::Quoted => {
                        Arg::Text(texts[rng.below(texts.len() as u64) as usize].into())
                    }
                    _ => Arg::Number(extremes[rng.below(extremes.len() as u64) as usize]),
                };
                let what = build(form.verb, form.args.iter().map(arg).collect());
                Act { index: 20 * n, at: Instant(500_000 * n), what: what.expect("of the table") }
            });
            let start = Start::Inline(Box::new(world()));
            let link = Permalink { start, script: script.collect(), cursor: 150, branch: None };
            let link = Permalink::decode(&link.encode()).expect("a link");
            let opened = link.open().expect("a timeline");
            assert!(opened.cursor() >= 20, "{}: {}", form.verb, opened.cursor());
        }
    }
}
