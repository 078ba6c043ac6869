//! The lessons: each is read and played, natively, and the state of every node is what its INFO
//! says, at every step. (`cargo xtask lessons` checks the texts as well, and tells an author more.)
#![cfg(not(target_arch = "wasm32"))]

use std::path::PathBuf;

use lockstep_core::replication::state::ReplState;
use lockstep_sim::World;
use lockstep_sim::lesson::{Lesson, check, text};
use lockstep_sim::view::{LiveView, Role};

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

fn lesson(folder: &PathBuf) -> Result<Lesson, String> {
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
        for (name, expected) in shown(live) {
            let said = field(&info, name);
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
