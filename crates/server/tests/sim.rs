//! `lockstep sim` on the command line.

use std::fs;
use std::process::{Command, Output};

fn sim(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.arg("sim").args(args).output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The last line of a run: steps, hash, expectations.
fn summary(output: &Output) -> String {
    stdout(output).lines().last().unwrap_or_default().to_owned()
}

fn file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("lockstep-{}-{name}", std::process::id()));
    fs::write(&path, text).expect("a temporary file");
    path.to_string_lossy().into_owned()
}

const WORLD: &str = "node master 6380\nnode replica 6381 of master\nwhen all online\n";

#[test]
fn a_run_prints_every_step_and_ends_with_its_hash() {
    let output = sim(&["run", "a01-handshake-4.0"]);
    assert!(output.status.success());
    let text = stdout(&output);
    let sentence = "replica tells master what it understands: eof psync2.";
    assert!(text.lines().any(|line| line.ends_with(sentence)), "{text}");
    let steps = text.lines().filter(|line| line.starts_with("  ")).count();
    assert!(summary(&output).starts_with(&format!("{steps} steps, hash ")), "{text}");
    assert!(summary(&output).ends_with(", 2 of 2 met"), "{text}");
    assert_eq!(summary(&sim(&["run", "a01-handshake-4.0"])), summary(&output), "and so every time");
}

#[test]
fn a_missed_expectation_fails_the_run_and_says_what_was_seen() {
    let path = file("missed.scenario", &format!("{WORLD}expect master.offset = 5\n"));
    let output = sim(&["run", &path, "--trace", "none"]);
    assert_eq!(output.status.code(), Some(1));
    let missed = "NOT MET line 4: expect master.offset = 5 (step 17): master.offset is \"0\"";
    assert!(stdout(&output).lines().any(|line| line == missed), "{}", stdout(&output));
    fs::remove_file(path).expect("the temporary file");
}

#[test]
fn a_wrong_scenario_says_where_it_is_wrong() {
    let path = file("wrong.scenario", &format!("{WORLD}expect mastr.offset = 5\n"));
    let output = sim(&["run", &path]);
    assert_eq!(output.status.code(), Some(2));
    let wrong = format!(
        "{path}: line 4, column 8: expected a node (master, replica), found `mastr.offset`\n"
    );
    assert_eq!(stderr(&output), wrong);
    fs::remove_file(path).expect("the temporary file");
    let missing = sim(&["run", "no-such.scenario"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("`lockstep sim list` shows the names"));
}

#[test]
fn a_link_runs_to_the_moment_that_it_was_made_at() {
    let hash = |output: &Output| {
        let summary = summary(output);
        summary.rsplit_once(", ").map(|(start, _)| start.to_owned())
    };
    let first = sim(&["run", "first-light", "--trace", "none", "--until", "100"]);
    let link = sim(&["link", "first-light", "--step", "100"]);
    let link = stdout(&link).trim().to_owned();
    assert!(link.starts_with("http://127.0.0.1:8379/#run="), "{link}");
    let opened = sim(&["run", &link, "--trace", "none"]);
    assert!(opened.status.success());
    assert_eq!(hash(&opened), hash(&first));
    assert!(hash(&first).is_some_and(|hash| hash.starts_with("100 steps, hash ")));

    let damaged = sim(&["run", &link[..link.len() - 3]]);
    assert_eq!(damaged.status.code(), Some(2));
    assert!(stderr(&damaged).starts_with("Can't open the link: this link is damaged"));
}

#[test]
fn the_list_has_a_title_for_every_scenario() {
    let output = sim(&["list"]);
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.lines().count() > 30, "{text}");
    for line in text.lines() {
        assert!(line.split_once(' ').is_some_and(|(_, title)| !title.trim().is_empty()), "{line}");
    }
    assert!(stdout(&sim(&["show", "first-light"])).contains("\nnode replica-b 6382 of master\n"));
    assert_eq!(sim(&["show", "nothing"]).status.code(), Some(1));
}

#[test]
fn a_run_can_be_written_as_text_json_and_packets() {
    let [text, json, pcap] = ["run.txt", "run.json", "run.pcap"].map(|name| file(name, ""));
    let files = ["--text", &text, "--json", &json, "--pcap", &pcap];
    let output = sim(&[&["run", "a01-handshake-4.0", "--trace", "none"][..], &files].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let read = |path: &str| fs::read(path).expect("it was written");
    let words = String::from_utf8(read(&text)).expect("UTF-8");
    assert!(words.contains("master > replica  \"+PONG\\r\\n\""), "{words}");
    let records = String::from_utf8(read(&json)).expect("UTF-8");
    let line = summary(&output);
    let hash = line.split([' ', ',']).nth(4).expect("a hash");
    assert!(records.ends_with(&format!("\"hash\": \"{hash}\"\n}}\n")), "{line}");
    assert_eq!(read(&pcap)[..4], [0xd4, 0xc3, 0xb2, 0xa1]);

    let nowhere = sim(&["run", "a01-handshake-4.0", "--trace", "none", "--pcap", "/nowhere/x"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("Can't write /nowhere/x: No such file"), "{nowhere:?}");
    [text, json, pcap].iter().for_each(|path| fs::remove_file(path).expect("it is there"));
}
