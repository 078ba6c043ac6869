//! The lessons: each is read and played, natively, and the state of every node is what its INFO
//! says, at every step. (`cargo xtask lessons` checks the texts as well, and tells an author more.)
#![cfg(not(target_arch = "wasm32"))]

use std::path::{Path, PathBuf};

use lockstep_core::replication::state::ReplState;
use lockstep_sim::lesson::{Answer, Asked, Course, Lesson, Verdict, check, text};
use lockstep_sim::view::{LiveView, MasterLinkView, Role};
use lockstep_sim::{Cut, Grain, Intervention, NodeId, Timeline, World};

/// The folders of lessons, by name.
fn folders() -> Vec<(String, PathBuf)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/lessons");
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(dir)
        .expect("the lessons")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect();
    found.sort();
    found
}

fn lesson(folder: &Path) -> Result<Lesson, String> {
    let path = folder.join("lesson.scenario");
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Lesson::parse(&text).map_err(|error| error.to_string())
}

/// The value of a field of INFO.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    info.lines().find_map(|line| value(line.trim_end()))
}

/// What a node's card shows, and what INFO must therefore say.
fn shown(live: &LiveView) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("role", if live.role == Role::Master { "master" } else { "slave" }.to_owned()),
        ("master_replid", live.replid.to_string()),
        (
            "second_repl_offset",
            match live.replid2 {
                Some(_) => live.second_replid_offset.to_string(),
                None => "-1".to_owned(),
            },
        ),
        ("repl_backlog_active", u8::from(live.backlog.is_some()).to_string()),
        ("connected_slaves", live.replicas.len().to_string()),
    ];
    if let Some(replid2) = live.replid2 {
        lines.push(("master_replid2", replid2.to_string()));
    }
    lines.push(("master_repl_offset", live.offset.to_string()));
    if let Some(backlog) = live.backlog {
        lines.push(("repl_backlog_size", backlog.size.to_string()));
        lines.push(("repl_backlog_first_byte_offset", backlog.first_byte_offset.to_string()));
        lines.push(("repl_backlog_histlen", backlog.histlen.to_string()));
    }
    if let Some(master) = &live.master {
        let up = master.state == ReplState::Connected;
        lines.push(("master_host", master.host.clone()));
        lines.push(("master_port", master.port.to_string()));
        lines.push(("master_link_status", if up { "up" } else { "down" }.to_owned()));
        let syncing = master.state == ReplState::Transfer;
        lines.push(("master_sync_in_progress", u8::from(syncing).to_string()));
    }
    lines
}

/// Where INFO says something else than the state that is shown.
fn differences(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for node in world.nodes() {
        let Some(live) = &node.live else { continue };
        // A node that does not answer (it loads, or is full) says nothing that could differ.
        let Some(reply) = world.ask(node.id, "INFO replication") else { continue };
        let info = String::from_utf8_lossy(&reply).into_owned();
        if !info.starts_with('$') {
            continue;
        }
        // Before Redis 4.0 INFO names no histories, and a replica's offset otherwise; in 2.6 none.
        let old = field(&info, "master_replid").is_none();
        for (name, expected) in shown(live) {
            let of_replica = old && name == "master_repl_offset";
            let own = of_replica.then(|| field(&info, "slave_repl_offset")).flatten();
            // Redis says 1 where there is no master, connected or cached, to ask.
            let follows =
                |m: &MasterLinkView| m.state == ReplState::Connected || m.cached_master.is_some();
            if own == Some("1") && !live.master.as_ref().is_some_and(follows) {
                continue;
            }
            let said = own.or(field(&info, name));
            if old && name != "role" && said.is_none() {
                continue;
            }
            if said != Some(&*expected) {
                found.push(format!("{}: {name} is shown as {expected}, INFO: {said:?}", node.port));
            }
        }
    }
    found
}

#[test]
fn every_lesson_is_solved_and_shows_the_state_that_info_tells_at_every_step() {
    let mut wrong = Vec::new();
    for (name, folder) in folders() {
        let lesson = match lesson(&folder) {
            Ok(lesson) => lesson,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        for lang in ["en.md", "zh.md"] {
            let markdown = std::fs::read_to_string(folder.join(lang)).unwrap_or_default();
            let agreed = text::sections(&markdown)
                .map_err(|why| vec![why])
                .and_then(|sections| text::agree(&lesson, &sections));
            wrong.extend(agreed.err().into_iter().flatten().map(|e| format!("{name}/{lang}: {e}")));
        }
        let mut steps = 0;
        let played = check::play(&lesson, &mut |world, step| {
            steps += 1;
            let differ = differences(world);
            wrong.extend(differ.iter().map(|why| format!("{name}: step {}: {why}", step.index)));
        });
        wrong.extend(played.err().into_iter().flatten().map(|why| format!("{name}: {why}")));
        if steps == 0 {
            wrong.push(format!("{name}: nothing happens in it"));
        }
    }
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A lesson about a cut, with a question of each kind.
const CUT: &str = "\
node master 6380
node replica 6381 of master

when all online
after 300ms

question keys now
  number master.keys
goal cut replica.link != Connected
let stands = replica.offset
question way until back
  choice full replica receives \"+FULLRESYNC*\" from master
  choice partial replica receives \"+CONTINUE*\" from master
goal missed master.offset > $stands
goal back all online and all equal

solution
  cut master replica
  after 300ms
  master> SET name ada
  after 300ms
  restore master replica
  when all online and all equal
";

fn begin() -> (Course, Timeline) {
    Course::begin(Lesson::parse(CUT).expect("a lesson"))
}

fn cut() -> Intervention {
    Intervention::CutLink { a: NodeId(0), b: NodeId(1), cut: Cut::Reset }
}

fn restore() -> Intervention {
    Intervention::RestoreLink { a: NodeId(0), b: NodeId(1) }
}

fn say(line: &str) -> Intervention {
    Intervention::Console { node: NodeId(0), line: line.to_owned() }
}

/// Goes on by single events until so many goals are reached.
fn go_to(course: &mut Course, timeline: &mut Timeline, goals: usize) {
    for _ in 0..500 {
        course.follow(timeline);
        if course.reached(timeline.cursor()) >= goals {
            return;
        }
        timeline.forward(Grain::Event);
    }
    panic!("goal {goals} is not reached");
}

#[test]
fn a_course_is_the_same_whether_one_steps_or_leaps() {
    let lesson = Lesson::parse(CUT).expect("a lesson");
    let leapt = check::play(&lesson, &mut |_, _| {}).expect("it is solved").course;
    let mut timeline = lesson.solved().play();
    let end = timeline.cursor();
    let (mut stepped, _) = begin();
    timeline.seek(stepped.began_at());
    while timeline.cursor() < end {
        timeline.forward(Grain::Event);
        stepped.follow(&mut timeline);
    }
    for goal in 0..3 {
        assert!(stepped.reached_at(goal).is_some());
        assert_eq!(stepped.reached_at(goal), leapt.reached_at(goal), "goal {goal}");
    }
    for question in 0..2 {
        assert_eq!(stepped.asked(question, end), leapt.asked(question, end));
    }
    assert_eq!((stepped.used(end), stepped.is_done(end)), (3, true));
    assert_eq!(timeline.cursor(), end, "following leaves the cursor where it was");
}

#[test]
fn going_back_opens_a_goal_and_who_acts_there_has_to_reach_it_again() {
    let (mut course, mut timeline) = begin();
    let start = timeline.cursor();
    timeline.act(cut());
    go_to(&mut course, &mut timeline, 1);
    let step = course.reached_at(0).expect("it is reached");
    let stands = course.remembered(step).to_vec();
    assert_eq!(stands.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["stands"]);
    timeline.seek(start);
    course.follow(&mut timeline);
    assert_eq!((course.reached(start), course.furthest(), course.used(start)), (0, 1, 0));
    assert_eq!(course.remembered(start), [], "nothing is remembered before it happens");
    // The same history once more: what was reached in it still is.
    timeline.seek(step);
    course.follow(&mut timeline);
    assert_eq!(course.reached(step), 1);
    // Another one, in which nobody cuts the link.
    timeline.seek(start);
    timeline.act(say("GET name"));
    for _ in 0..60 {
        timeline.forward(Grain::Event);
        course.follow(&mut timeline);
    }
    let here = timeline.cursor();
    assert_eq!((course.reached(here), course.furthest(), course.used(here)), (0, 1, 1));
    timeline.act(cut());
    go_to(&mut course, &mut timeline, 1);
    assert_ne!(course.reached_at(0), Some(step));
}

#[test]
fn what_happened_before_the_cursor_turned_back_is_counted_once() {
    let (mut course, mut timeline) = begin();
    timeline.act(cut());
    timeline.act(say("SET name ada"));
    go_to(&mut course, &mut timeline, 2);
    timeline.act(restore());
    let before = timeline.cursor();
    go_to(&mut course, &mut timeline, 3);
    let first = course.asked(1, timeline.cursor());
    assert_eq!(first, Asked::Judged(Verdict::Choice(Some(1))));
    // Back to where the link was restored, and on in another history: partial again.
    timeline.seek(before + 2);
    timeline.act(say("GET name"));
    go_to(&mut course, &mut timeline, 3);
    assert_eq!(course.asked(1, timeline.cursor()), first);
}

#[test]
fn a_dial_that_is_turned_on_and_on_counts_once() {
    let (mut course, mut timeline) = begin();
    for (every_ms, used) in [(100, 1), (50, 1), (20, 1), (0, 2), (10, 3)] {
        timeline.act(Intervention::Traffic { node: NodeId(0), every_ms });
        course.follow(&mut timeline);
        assert_eq!(course.used(timeline.cursor()), used, "one write in {every_ms} ms");
    }
}

#[test]
fn a_prediction_is_locked_in_and_judged_by_the_world() {
    let (mut course, mut timeline) = begin();
    let here = timeline.cursor();
    assert_eq!(course.asked(0, here), Asked::Judged(Verdict::Number("0".into())));
    assert!(course.answer(0, Answer::Number(0), here), "known at once, but not yet told");
    assert!(!course.answer(0, Answer::Number(1), here), "nobody answers twice");
    assert_eq!(course.asked(1, here), Asked::NotYet);
    assert!(!course.answer(1, Answer::Choice(1), here), "not before it is asked");
    timeline.act(cut());
    go_to(&mut course, &mut timeline, 1);
    assert_eq!(course.asked(1, timeline.cursor()), Asked::Open);
    assert!(course.answer(1, Answer::Choice(0), timeline.cursor()));
    timeline.act(say("SET name ada"));
    go_to(&mut course, &mut timeline, 2);
    timeline.act(restore());
    go_to(&mut course, &mut timeline, 3);
    let Asked::Judged(verdict) = course.asked(1, timeline.cursor()) else { panic!("it is judged") };
    assert!(!verdict.agrees(Answer::Choice(0)) && verdict.agrees(Answer::Choice(1)));
    assert!(!course.is_spoiled(1), "it was answered in time");
    assert_eq!(course.answer_to(1), Some(Answer::Choice(0)));
}

#[test]
fn who_saw_the_outcome_first_has_not_predicted_it() {
    let (mut course, mut timeline) = begin();
    timeline.act(cut());
    timeline.act(say("SET name ada"));
    go_to(&mut course, &mut timeline, 2);
    let open = timeline.cursor();
    timeline.act(restore());
    go_to(&mut course, &mut timeline, 3);
    timeline.seek(open);
    course.follow(&mut timeline);
    assert!(course.answer(1, Answer::Choice(1), open));
    assert!(course.is_spoiled(1));
}

#[test]
fn mistakes_in_a_lesson_are_told_with_their_place() {
    let world = "node a 6380\nwhen all online\n";
    for (rest, complaint) in [
        ("goal x a.offset = 1\n", "line 3, column 1: expected a solution"),
        ("solution\n  a> GET x\n", "expected at least one goal"),
        ("goal x a.ofset = 1\n", "line 3, column 8: expected a field"),
        ("goal x a.offset = 1\ngoal x a.offset = 2\n", "line 4, column 6: expected a name"),
        ("question q\n  choice y a.offset = 1\ngoal g a.keys = 1\nsolution\n", "two choices"),
        ("goal g a.keys = 1\nquestion q\n  number a.keys\nsolution\n", "comes after"),
        ("goal g a.keys = 1\nafter 5s\n", "line 4, column 1: expected goal, question"),
        ("  goal g a.keys = 1\n", "line 3, column 3"),
        ("goal g a.keys = $x\n", "`let` remembered"),
    ] {
        let error = Lesson::parse(&format!("{world}{rest}")).expect_err(rest).to_string();
        assert!(error.contains(complaint), "{rest}: {error}");
    }
}
