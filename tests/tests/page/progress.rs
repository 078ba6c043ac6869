//! What a learner has done: kept by the browser, taken along as a file, brought back, forgotten.

use std::fs;
use std::time::Duration;

use lockstep_tests::temp::TempDir;
use lockstep_tests::wait_for;
use lockstep_tests::webdriver::Look;
use serde_json::json;

use super::lessons::open;
use super::{ARROW_RIGHT, Page, id};

const LONG: Duration = Duration::from_secs(20);

/// What the list of lessons says has been done, once it says so.
fn wait_for_done(page: &Page, lessons: &str) {
    let done = format!("{lessons} of ");
    wait_for("the count of lessons that are done", LONG, || {
        let said = if page.browser.count(&id("done")) == 1 { page.text("done") } else { "".into() };
        if said.starts_with(&done) { Ok(()) } else { Err(said) }
    });
}

/// Writes once while 6382 is away, which is all that lesson 5 asks for beside the cut itself.
fn solve_the_cut(page: &Page) {
    open(page, "cut-and-continue");
    page.click("link-1-3");
    page.click("cut");
    let reached = || page.browser.attribute(&id("lesson"), "data-reached").unwrap_or_default();
    let step_to = |goals: &str| {
        wait_for("a goal", LONG, || {
            if reached() == goals {
                return Ok(());
            }
            page.browser.press(ARROW_RIGHT);
            Err(reached())
        });
    };
    step_to("1");
    page.click("tab-console-1");
    page.browser.type_into(&id("console-input"), "SET name ada\u{e007}");
    page.click("link-1-3");
    step_to("2");
    page.click("restore");
    step_to("5");
}

#[test]
fn progress_is_taken_along_brought_back_and_forgotten() {
    let page = Page::open_plain(Look::default());
    let dir = TempDir::new();
    let folder = dir.path().to_str().expect("a path");
    let allow = json!({ "behavior": "allow", "downloadPath": folder });
    page.browser.devtools("Browser.setDownloadBehavior", &allow);
    solve_the_cut(&page);
    // A clean slate is one click: the world begins anew, and what was done stays done.
    page.click("clean-slate");
    let reached = page.browser.attribute(&id("lesson"), "data-reached");
    assert_eq!(reached.as_deref(), Some("0"));
    assert_eq!(page.browser.count("[data-testid=lesson] .goal"), 1, "one goal is shown");
    page.click("lesson-close");
    wait_for_done(&page, "1");

    page.click("export");
    let path = dir.path().join("lockstep-progress.txt");
    let text = wait_for("the file", LONG, || match fs::read_to_string(&path) {
        Ok(text) if text.ends_with('\n') => Ok(text),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(text, "lockstep progress 1\ncut-and-continue goals=5 done fewest=3 right=0\n");

    // To forget everything takes a second word.
    page.click("forget");
    page.click("forget-no");
    wait_for_done(&page, "1");
    page.click("forget");
    page.click("forget-yes");
    wait_for_done(&page, "0");
    page.again("");
    wait_for_done(&page, "0");

    // What is brought joins what is there; what is no progress changes nothing.
    let other = dir.path().join("other.txt");
    let two = "lockstep progress 1\nhandshake goals=5 done fewest=2 right=1\nchain goals=1\n";
    fs::write(&other, two).expect("a file");
    for (file, done) in [(&path, "1"), (&other, "2")] {
        page.browser.type_into(&id("import"), file.to_str().expect("a path"));
        wait_for_done(&page, done);
    }
    fs::write(&other, "lockstep progress 9\nlater=1\n").expect("a file");
    page.browser.type_into(&id("import"), other.to_str().expect("a path"));
    wait_for("a complaint", LONG, || {
        let said = match page.browser.count(&id("notice")) {
            0 => String::new(),
            _ => page.text("notice"),
        };
        if said.contains("holds no progress") { Ok(()) } else { Err(said) }
    });
    wait_for_done(&page, "2");
    page.again("");
    wait_for_done(&page, "2");
    page.assert_quiet();
}
