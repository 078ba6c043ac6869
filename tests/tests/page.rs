//! The page in a real browser: what a person can do with it, and what it must never do.
//!
//! It is served by `lockstep play`, from inside the binary. Elements are found by `data-testid`;
//! `data-step`, `data-steps` and `data-fingerprint` of the main element say where the history
//! stands and what state the world is in.

#[path = "page/budgets.rs"]
mod budgets;
#[path = "page/eras.rs"]
mod eras;
#[path = "page/inspector.rs"]
mod inspector;
#[path = "page/keyboard.rs"]
mod keyboard;
#[path = "page/lessons.rs"]
mod lessons;
#[path = "page/live.rs"]
mod live;
#[path = "page/own.rs"]
mod own;
#[path = "page/progress.rs"]
mod progress;
#[path = "page/recording.rs"]
mod recording;
#[path = "page/share.rs"]
mod share;
#[path = "page/sizing.rs"]
mod sizing;
#[path = "page/stage.rs"]
mod stage;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lockstep_tests::server::{free_port, lockstep};
use lockstep_tests::site::Site;
use lockstep_tests::webdriver::{Browser, Look};
use lockstep_tests::{root, wait_for};
use serde_json::{Value, json};

/// Steps that any of these stories may take.
const STEPS_MAX: usize = 600;
const ENTER: &str = "\u{e007}";
const ARROW_LEFT: char = '\u{e012}';
const ARROW_RIGHT: char = '\u{e014}';

/// `lockstep play`.
struct Play {
    child: Child,
    url: String,
}

impl Play {
    fn start() -> Self {
        Self::start_with(&["--no-nodes"])
    }

    fn start_with(args: &[&str]) -> Self {
        let port = free_port();
        let child = Command::new(lockstep())
            .args(["play", "--http-port", &port.to_string()])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("lockstep can be run");
        wait_for("the page's server", Duration::from_secs(20), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())
        });
        Self { child, url: format!("http://127.0.0.1:{port}/") }
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The page, open in a browser.
struct Page {
    browser: Browser,
    url: String,
    _play: Option<Play>,
}

/// The selector of a test id.
fn id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl Page {
    fn open(look: Look) -> Self {
        let play = Play::start();
        let url = play.url.clone();
        Self::open_at(look, url, Some(play))
    }

    /// The page from `dist/` as it lies there, without `lockstep play`.
    fn open_plain(look: Look) -> Self {
        let site = Site::start(root().join("dist"), "plain");
        Self::open_at(look, site.url, None)
    }

    fn open_at(look: Look, url: String, play: Option<Play>) -> Self {
        let page = Self::begin_at(look, url, play);
        page.is_whole();
        page
    }

    /// Opens a page of which the first part only need be there.
    fn begin_at(look: Look, url: String, play: Option<Play>) -> Self {
        let browser = Browser::start(look);
        // Requests are counted from here on.
        let _ = browser.take_requests();
        browser.open(&url);
        let page = Self { browser, url, _play: play };
        page.appears();
        page
    }

    fn appears(&self) {
        wait_for("the world to appear", Duration::from_secs(60), || {
            if self.browser.count(&id("main")) == 1 {
                return Ok(());
            }
            Err(format!("{:?}", self.browser.take_log("browser")))
        });
    }

    /// Waits until all of the program is there.
    fn is_whole(&self) {
        wait_for("all of the program", Duration::from_secs(60), || {
            let open = self.browser.count("main:not([data-whole=true])[data-step]");
            if open == 0 { Ok(()) } else { Err(format!("{:?}", self.browser.take_log("browser"))) }
        });
    }

    /// Loads the page anew, in the same browser.
    fn again(&self, query: &str) {
        let base = self.url.split(['?', '#']).next().unwrap_or_default();
        self.browser.open(&format!("{base}{query}"));
        self.appears();
        self.is_whole();
    }

    fn main(&self, attribute: &str) -> String {
        self.browser.attribute(&id("main"), attribute).unwrap_or_default()
    }

    fn step(&self) -> usize {
        self.main("data-step").parse().expect("data-step is a number")
    }

    /// What identifies the state: its fingerprint, or before that is there what is seen of it.
    fn print(&self) -> String {
        if self.main("data-whole") == "true" { self.fingerprint() } else { self.seen() }
    }

    /// The time, the sentence, the messages under way and the nodes, as far as they are seen.
    fn seen(&self) -> String {
        let body = "const all = (css) => [...document.querySelectorAll(css)];\
                    return JSON.stringify([document.querySelector('main').dataset.time,\
                    document.querySelector('[data-testid=announce]').textContent,\
                    all('[data-testid=message]').map((message) => message.outerHTML),\
                    all('[data-node]').map((card) => ({ ...card.dataset }))]);";
        let seen = self.browser.script(body, &[]).as_str().unwrap_or_default().to_owned();
        assert!(seen.contains("replid"), "{seen}");
        seen
    }

    fn fingerprint(&self) -> String {
        let print = self.main("data-fingerprint");
        assert!(!print.is_empty(), "data-fingerprint is there at step {}", self.step());
        print
    }

    fn click(&self, name: &str) {
        self.browser.click(&id(name));
    }

    /// Moves the slider.
    fn seek(&self, step: usize) {
        let body = "const e = document.querySelector(arguments[0]); e.value = arguments[1];\
                    e.dispatchEvent(new Event('input', { bubbles: true }));\
                    e.dispatchEvent(new Event('change', { bubbles: true }));";
        let _ = self.browser.script(body, &[id("slider").into(), step.to_string().into()]);
        wait_for("the slider", Duration::from_secs(10), || {
            if self.step() == step { Ok(()) } else { Err(self.step().to_string()) }
        });
    }

    /// Steps with one of the buttons until something is true; returns what was seen at each step.
    fn step_until(
        &self,
        button: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Vec<(usize, String)> {
        let mut seen = vec![(self.step(), self.print())];
        while !done(self) {
            assert!(seen.len() < STEPS_MAX, "not reached in {STEPS_MAX} steps");
            let before = self.step();
            self.click(button);
            wait_for("a step", Duration::from_secs(10), || {
                if self.step() > before { Ok(()) } else { Err(format!("still {before}")) }
            });
            seen.push((self.step(), self.print()));
        }
        seen
    }

    /// An attribute of every node's card, in order.
    fn nodes(&self, attribute: &str) -> Vec<String> {
        let body = "return [...document.querySelectorAll('[data-node]')]\
                    .map(e => e.getAttribute(arguments[0]) ?? '')";
        let found = self.browser.script(body, &[attribute.into()]);
        let values = found.as_array().expect("a list").iter();
        values.map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Every node stands at one offset of one history, and one of them is the master.
    fn in_sync(&self) -> bool {
        let (ids, offsets) = (self.nodes("data-replid"), self.nodes("data-offset"));
        let same = |all: &[String]| all.iter().all(|value| *value == all[0] && !value.is_empty());
        same(&ids) && same(&offsets)
    }

    fn text(&self, name: &str) -> String {
        self.browser.text(&id(name))
    }

    /// The page asked nobody but its own host, and complained about nothing.
    fn assert_quiet(&self) {
        let strangers: Vec<String> = self
            .browser
            .take_requests()
            .into_iter()
            .filter(|u| !u.starts_with(&self.url))
            .collect();
        assert!(strangers.is_empty(), "requests to others: {strangers:?}");
        let complaints: Vec<Value> = self
            .browser
            .take_log("browser")
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

#[test]
fn appears_paused_at_an_interesting_moment() {
    let page = Page::open(Look::default());
    assert_eq!(page.main("data-playing"), "false");
    assert_eq!(page.nodes("data-role").len(), 3, "a master and two replicas");
    let (step, print) = (page.step(), page.fingerprint());
    assert!(step > 0, "the world has a history to go back to");
    assert!(!page.text("sentence").is_empty());
    // Paused is paused: nothing moves, nothing changes.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!((page.step(), page.fingerprint()), (step, print));
    let running = "return document.getAnimations().filter(a => a.playState === 'running').length";
    assert_eq!(page.browser.script(running, &[]), json!(0), "animations while paused");
    page.assert_quiet();
}

#[test]
fn a_complete_handshake_there_and_back() {
    let page = Page::open(Look::default());
    let began = (page.step(), page.fingerprint());
    page.seek(0);
    assert!(!page.in_sync(), "at the very beginning nobody follows anybody");
    let mut sentences = Vec::new();
    let mut log = |page: &Page| sentences.push(page.text("sentence"));
    let forward = page.step_until("step", |page| {
        log(page);
        page.in_sync() && page.nodes("data-offset")[0] != "0"
    });
    let story = sentences.join("\n");
    for word in [
        "asks 6380 for a connection",
        "asks 6380: are you there?",
        "on which port it listens: 6381",
        "what it understands: eof psync2",
        "and asks for a full copy",
        "6380 decides: full",
        "answers 6381: you get a full copy",
        "announces to 6381 an RDB",
        "6381 has replaced its dataset",
        "6381 reports to 6380: I hold everything up to byte 0",
    ] {
        assert!(story.contains(word), "no step says {word}:\n{story}");
    }

    // The master's own view: both are online.
    page.browser.click("[data-testid=node-1] button");
    page.click("tab-state");
    let state = page.browser.text("aside .body");
    assert!(state.matches("online").count() >= 2, "{state}");

    // Back, step by step: at each step the very same state as on the way there.
    for (step, print) in forward.iter().rev().skip(1) {
        page.click("back");
        wait_for("a step back", Duration::from_secs(10), || {
            if page.step() == *step { Ok(()) } else { Err(page.step().to_string()) }
        });
        assert_eq!(page.fingerprint(), *print, "going back to step {step}");
    }
    assert_eq!(page.step(), 0);
    // And forward again; and by leaps.
    let last = forward.last().expect("at least the first");
    let again = page.step_until("step", |page| page.step() == last.0);
    assert_eq!(again, forward);
    for (step, print) in [&forward[0], &forward[forward.len() / 2], &began, last] {
        page.seek(*step);
        assert_eq!(page.fingerprint(), *print, "the slider at step {step}");
    }
    page.assert_quiet();
}

#[test]
fn a_partial_resync_after_the_cut() {
    let page = Page::open(Look::default());
    let open = "return document.querySelectorAll('[data-testid=goals] [data-done=false]').length";
    assert_ne!(page.browser.script(open, &[]), json!(0), "goals that are still to be reached");
    page.step_until("step", |page| page.browser.script(open, &[]) == json!(0));
    // It was partial: the replica's log says so in Redis's words.
    page.click("tab-log");
    let log = page.text("log");
    assert!(log.contains("Successful partial resynchronization with master."), "{log}");
    assert!(page.in_sync());
    page.assert_quiet();
}

#[test]
fn commands_typed_into_the_consoles() {
    let page = Page::open(Look::default());
    let say = |console: &str, line: &str, reply: &str| {
        page.click(console);
        page.browser.type_into(&id("console-input"), &format!("{line}{ENTER}"));
        page.step_until("step", |page| page.text("console-lines").lines().any(|l| l == reply));
    };
    say("tab-console-1", "SET name chaoge", "OK");
    say("tab-console-1", "GET name", "\"chaoge\"");
    page.step_until("step", Page::in_sync);
    say("tab-console-2", "GET name", "\"chaoge\"");
    say(
        "tab-console-2",
        "SET name other",
        "(error) READONLY You can't write against a read only replica.",
    );
    say(
        "tab-console-1",
        "LPUSH name x",
        "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
    );
    page.assert_quiet();
}

#[test]
fn keys_step_without_a_mouse() {
    let page = Page::open(Look::default());
    let (step, print) = (page.step(), page.fingerprint());
    page.browser.press(ARROW_RIGHT);
    wait_for("a step", Duration::from_secs(10), || {
        if page.step() > step { Ok(()) } else { Err("none".to_owned()) }
    });
    page.browser.press(ARROW_LEFT);
    wait_for("a step back", Duration::from_secs(10), || {
        if page.step() == step { Ok(()) } else { Err(page.step().to_string()) }
    });
    assert_eq!(page.fingerprint(), print);
    page.browser.press(' ');
    wait_for("it to play", Duration::from_secs(10), || {
        if page.step() > step { Ok(()) } else { Err("still".to_owned()) }
    });
    page.browser.press(' ');
    wait_for("it to pause", Duration::from_secs(10), || {
        let playing = page.main("data-playing");
        if playing == "false" { Ok(()) } else { Err(playing) }
    });
    page.assert_quiet();
}

/// axe-core finds nothing, in either language, light and dark, wide and narrow.
#[test]
fn no_accessibility_violations() {
    let path = root().join("tests/data/axe-core/axe.min.js");
    let axe = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut wrong = Vec::new();
    for (language, dark, width) in
        [("en", false, 1280), ("en", true, 1280), ("zh-CN", true, 1280), ("zh-CN", false, 360)]
    {
        let height = if width < 500 { 740 } else { 800 };
        let look = Look { width, height, dark, language };
        let page = Page::open_plain(look);
        let _ = page.browser.script(&axe, &[]);
        let mut states = vec!["at the beginning"];
        violations(&page, &look, "at the beginning", &mut wrong);
        if width > 500 {
            let states_of_all = [
                "tab-state",
                "tab-bytes",
                "tab-why",
                "tab-log",
                "tab-events",
                "tab-console-1",
                "mode-telnet",
                "tab-backlog",
                "link-1-3",
                "link-close",
                "host",
                "share",
                "share-close",
                "world",
                "back",
                "stop",
                "branches",
                "branch-compare-1",
                "branches-close",
                "try-6",
                "help",
            ];
            for tab in states_of_all {
                page.click(tab);
                states.push(tab);
                violations(&page, &look, tab, &mut wrong);
            }
        }
        for state in ["share", "notice-close", "share-close"].into_iter().filter(|_| width < 500) {
            page.click(state);
            violations(&page, &look, state, &mut wrong);
        }
        lessons::open_at_a_question(&page);
        states.push("a lesson");
        violations(&page, &look, "a lesson", &mut wrong);
        let wide = page.browser.script("return document.documentElement.scrollWidth", &[]);
        assert!(wide.as_u64() <= Some(u64::from(width)), "{look:?}: {wide} px wide");
        let lang = page.browser.script("return document.documentElement.lang", &[]);
        let expected = &language[..2];
        assert!(lang.as_str().is_some_and(|l| l.starts_with(expected)), "{look:?}: lang {lang}");
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

fn violations(page: &Page, look: &Look, state: &str, wrong: &mut Vec<String>) {
    // Colours are judged where they come to rest.
    std::thread::sleep(Duration::from_millis(400));
    let body = "const done = arguments[arguments.length - 1];\
        axe.run(document, { resultTypes: ['violations'] }).then(\
          r => done(r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html)])),\
          e => done([[String(e), '', []]]))";
    let found = page.browser.script_async(body, &[]);
    for violation in found.as_array().expect("a list") {
        wrong.push(format!("{look:?}, {state}: {violation}"));
    }
}

/// Prints what was measured, past the capture of what passing tests print.
fn tell(measured: &str) {
    let line = format!("page: {measured}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to");
}

/// A copy of the page without the module that comes later, and the path of what is missing.
fn without_later(dir: &Path) -> PathBuf {
    fs::create_dir_all(dir).expect("a temporary directory");
    let mut later = None;
    for entry in fs::read_dir(root().join("dist")).expect("the page is built") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.contains("_later-") {
            later = Some(path);
        } else if path.is_file() {
            fs::copy(&path, dir.join(name)).expect("a copy");
        }
    }
    later.expect("dist/ has a module that comes later")
}

/// The opening world can be stepped through before the rest of the program has arrived. All other
/// input waits for it, and is then done in its order.
#[test]
fn input_waits_for_the_rest_of_the_program() {
    let dir = std::env::temp_dir().join(format!("lockstep-page-{}", std::process::id()));
    let later = without_later(&dir);
    let site = Site::start(dir.clone(), "early");
    let page = Page::begin_at(Look::default(), site.url.clone(), None);
    assert_eq!(page.main("data-whole"), "false");
    let began = page.step();
    page.seek(0);
    let there = page.step_until("step", |page| page.step() >= began + 60);
    for (step, print) in there.iter().rev().skip(1).take(5) {
        page.click("back");
        wait_for("a step back", Duration::from_secs(10), || {
            if page.step() == *step { Ok(()) } else { Err(page.step().to_string()) }
        });
        assert_eq!(page.seen(), *print, "going back to step {step}");
    }
    assert_eq!(page.browser.count("#loading, #stopped"), 0, "no input has waited yet");

    // This needs the rest: it waits, and so does the step after it.
    let (step, print) = (page.step(), page.seen());
    let theme = || page.browser.attribute("html", "data-theme").unwrap_or_default();
    page.click("theme");
    page.click("step");
    assert_eq!(page.browser.count("#loading"), 1, "the page says what it waits for");
    assert_eq!((page.step(), page.seen()), (step, print));
    assert_eq!((theme(), page.browser.count(&id("tab-console-1"))), (String::new(), 0));

    fs::copy(&later, dir.join(later.file_name().expect("a name"))).expect("a copy");
    page.is_whole();
    wait_for("what has waited", Duration::from_secs(40), || {
        let done = (theme(), page.step() > step);
        if done == ("dark".to_owned(), true) { Ok(()) } else { Err(format!("{done:?}")) }
    });
    page.click("tab-console-1");
    wait_for("the console", Duration::from_secs(40), || {
        if page.browser.count(&id("console-input")) == 1 { Ok(()) } else { Err("none".to_owned()) }
    });
    assert_eq!(page.browser.count("#loading, #stopped"), 0);
    let say = |line: &str, reply: &str| {
        page.browser.type_into(&id("console-input"), &format!("{line}{ENTER}"));
        page.step_until("step", |page| page.text("console-lines").lines().any(|l| l == reply));
    };
    say("CONFIG GET maxmemory-policy", "2) \"noeviction\"");
    say("RPUSH numbers 3 1 2", "(integer) 3");
    say("SORT numbers DESC", "3) \"1\"");
    // What the first part alone has computed, both parts compute again.
    for (step, print) in there.iter().step_by(20) {
        page.seek(*step);
        assert_eq!(page.seen(), *print, "step {step}");
    }
    assert_eq!(page.browser.count("#stopped"), 0);
    fs::remove_dir_all(&dir).expect("the copy can be removed");
}

/// A command that needs the rest of the program, asked for as soon as the page is there.
#[test]
fn a_rare_command_at_once() {
    let page = Page::open(Look::default());
    let asked = "document.querySelector('[data-testid=tab-console-1]').click()";
    let _ = page.browser.script(asked, &[]);
    wait_for("the console", Duration::from_secs(20), || {
        if page.browser.count(&id("console-input")) == 1 { Ok(()) } else { Err("none".to_owned()) }
    });
    let line = format!("CONFIG GET repl-backlog-ttl{ENTER}");
    page.browser.type_into(&id("console-input"), &line);
    let replied = |page: &Page| page.text("console-lines").contains("2) \"3600\"");
    page.step_until("step", replied);
    page.assert_quiet();
}

/// The files of `dist/` work under any path of any static host.
#[test]
fn works_under_a_path_of_a_static_host() {
    let site = Site::start(root().join("dist"), "some/where/else");
    let page = Page::open_at(Look::default(), site.url.clone(), None);
    let step = page.step();
    page.click("step");
    wait_for("a step", Duration::from_secs(10), || {
        if page.step() > step { Ok(()) } else { Err("none".to_owned()) }
    });
    page.assert_quiet();
}
