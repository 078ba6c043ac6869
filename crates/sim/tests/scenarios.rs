//! The library of scenarios: every one of them is read, run, and meets what it expects, and no
//! checker finds anything.
#![cfg(not(target_arch = "wasm32"))]

use lockstep_sim::check::Checkers;
use lockstep_sim::scenario::{LIBRARY, STEPS_MAX, Scenario};

#[test]
fn every_scenario_of_the_library_meets_its_expectations() {
    let mut wrong = Vec::new();
    for (name, text) in LIBRARY {
        let scenario = match Scenario::parse(text) {
            Ok(scenario) => scenario,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let mut checkers = Checkers::new();
        let run = scenario.run(STEPS_MAX, &mut |world, step| {
            if let Err(violation) = checkers.check(world, step) {
                wrong.push(format!("{name}: step {}: {violation}", step.index));
            }
        });
        let missed = run.findings.iter().filter(|finding| !finding.met);
        wrong.extend(
            missed.map(|f| {
                format!("{name}: line {}: {} (step {}): {}", f.line, f.text, f.step, f.seen)
            }),
        );
        let expected = run.findings.len();
        if expected == 0 || scenario.title.is_empty() || scenario.title_zh.is_empty() {
            wrong.push(format!("{name}: {expected} expectations; titles in both languages?"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_is_the_directory() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut files: Vec<String> = std::fs::read_dir(dir)
        .expect("the directory of scenarios")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let sorted = LIBRARY.is_sorted_by_key(|(name, _)| *name);
    assert!(sorted, "the list is sorted by name");
    let mut listed: Vec<String> =
        LIBRARY.iter().map(|(name, _)| format!("{name}.scenario")).collect();
    listed.sort();
    assert_eq!(listed, files);
    for (name, text) in LIBRARY {
        let file = std::fs::read_to_string(format!("{dir}/{name}.scenario")).expect("the file");
        assert_eq!(file, *text, "{name}");
    }
}

#[test]
fn every_scenario_is_printed_and_read_back_as_it_was() {
    for (name, text) in LIBRARY {
        let scenario = Scenario::parse(text).expect(name);
        let again = Scenario::parse(&scenario.to_string()).expect(name);
        let what = |s: &Scenario| s.script.iter().map(|s| s.what.clone()).collect::<Vec<_>>();
        assert_eq!(what(&scenario), what(&again), "{name}");
        let header = |s: &Scenario| Scenario { script: Vec::new(), ..s.clone() };
        assert_eq!(header(&scenario), header(&again), "{name}");
    }
}

#[test]
fn the_first_screen_is_the_scenario_of_that_name() {
    let text = lockstep_sim::scenario::find("first-light").expect("in the library");
    let played = Scenario::parse(text).expect("a scenario").play();
    let shown = lockstep_sim::scenarios::first_light();
    assert_eq!(played.script(), shown.script());
    assert_eq!(played.cursor(), shown.cursor());
    assert_eq!(played.world().fingerprint(), shown.world().fingerprint());
}

#[test]
fn every_row_of_the_articles_has_a_scenario() {
    for row in 1..=21 {
        let start = format!("a{row:02}-");
        assert!(LIBRARY.iter().any(|(name, _)| name.starts_with(&start)), "{start}");
    }
}
