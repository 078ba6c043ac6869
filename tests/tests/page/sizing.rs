//! The lesson about the size of the backlog, from the shelf to its end without a mouse: with a
//! prediction, and with the calculator, whose number is the one that does.

use std::time::Duration;

use lockstep_tests::wait_for;
use lockstep_tests::webdriver::Look;
use serde_json::Value;

use super::lessons::{lesson_attribute, reach, step_out, step_to_goal, use_control};
use super::{ARROW_RIGHT, ENTER, Page, id};

/// Selects all that is in a text field: Ctrl and A, as WebDriver names them.
const SELECT_ALL: &str = "\u{e009}a\u{e000}";

/// More bytes of stream than are written in ten seconds.
const TEN_SECONDS: u64 = 56_000;

fn master_offset(page: &Page) -> u64 {
    page.nodes("data-offset")[0].parse().expect("an offset")
}

/// Steps with the arrow key until the master has written so many bytes.
fn let_it_write(page: &Page, bytes: u64) {
    let until = master_offset(page) + bytes;
    for _ in 0..400 {
        if master_offset(page) >= until {
            return;
        }
        page.browser.press(ARROW_RIGHT);
    }
    panic!("the master does not come to {until}: {}", master_offset(page));
}

/// Chooses a link, and does something to it.
fn at_link(page: &Page, what: &str) {
    use_control(page, "link-1-2");
    use_control(page, what);
}

#[test]
fn the_backlog_is_sized_by_keyboard_alone() {
    let page = Page::open_plain(Look::default());
    // The help lies over everything.
    page.browser.press('\u{e00c}');
    use_control(&page, "lesson-sizing-the-backlog");
    wait_for("the lesson", Duration::from_secs(20), || {
        let there = page.browser.count("[data-lesson=\"sizing-the-backlog\"]");
        if there == 1 { Ok(()) } else { Err(there.to_string()) }
    });
    use_control(&page, "choice-1-1");
    at_link(&page, "restore");
    step_to_goal(&page, "1");
    let right = page.browser.attribute(&id("choice-1-1"), "data-right");
    assert_eq!(right.as_deref(), Some("true"), "the backlog was too small");
    // The cut had lasted ten seconds; until the replica was back, somewhat more had passed.
    reach(&page, "calculator-away");
    let seconds = id("calculator-away");
    page.browser.type_into(&seconds, SELECT_ALL);
    page.browser.type_into(&seconds, "\u{e003}");
    let left = page.browser.script("return document.activeElement.value", &[]);
    assert_eq!(left, Value::from(""), "a field can be emptied");
    page.browser.type_into(&seconds, "12");
    let command = page.browser.text(&format!("{} code", id("calculator")));
    assert!(command.starts_with("CONFIG SET repl-backlog-size "), "{command}");
    use_control(&page, "tab-console-1");
    reach(&page, "console-input");
    page.browser.type_into(&id("console-input"), &format!("{command}{ENTER}"));
    step_out(&page);
    step_to_goal(&page, "2");
    at_link(&page, "cut");
    let_it_write(&page, TEN_SECONDS);
    at_link(&page, "restore");
    step_to_goal(&page, "3");
    assert_eq!(lesson_attribute(&page, "data-done"), "true");
    assert_eq!(page.browser.count(&id("after")), 1, "what to take home");
    page.assert_quiet();
}
