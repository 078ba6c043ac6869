//! The page without a mouse: the diagram, and a focus that is never lost.

use std::time::Duration;

use lockstep_tests::wait_for;
use lockstep_tests::webdriver::Look;
use serde_json::json;

use super::{ARROW_LEFT, ENTER, Page, id};

const ESCAPE: char = '\u{e00c}';
const ARROW_UP: char = '\u{e013}';

fn press(page: &Page, keys: &str) {
    for key in keys.chars() {
        page.browser.press(key);
    }
}

/// Gives the focus to an element, by its selector.
fn focus(page: &Page, css: &str) {
    let _ = page.browser.script("document.querySelector(arguments[0]).focus()", &[css.into()]);
}

/// Waits until an element has the focus, by its test id.
fn assert_focus(page: &Page, wanted: &str) {
    let script = "return document.activeElement.dataset.testid ?? document.activeElement.tagName";
    wait_for(&format!("the focus on {wanted}"), Duration::from_secs(10), || {
        match page.browser.script(script, &[]) {
            id if id == json!(wanted) => Ok(()),
            id => Err(id.to_string()),
        }
    });
}

/// What is chosen in the diagram: its lane, the step, and its place among how many.
fn chosen(page: &Page) -> String {
    let script = "const walk = document.querySelector('.lane-walk');\
        const id = walk.getAttribute('aria-activedescendant');\
        const option = document.getElementById(id);\
        return [option.textContent, option.ariaPosInSet, option.ariaSetSize].join('|')";
    page.browser.script(script, &[]).as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_diagram_is_read_and_opened_by_keyboard() {
    let page = Page::open_plain(Look { width: 1366, height: 768, ..Look::default() });
    let began = page.step();
    focus(&page, ".lane-walk");
    let first = chosen(&page);
    assert!(first.starts_with("6380 · ") && first.contains("leaves for 6382"), "{first}");
    // Back on the lane, and down to the replica that was cut off: it sends its PSYNC.
    press(&page, &format!("{ARROW_LEFT}"));
    assert_ne!(chosen(&page), first);
    press(&page, "\u{e015}\u{e015}\u{e010}");
    let psync = chosen(&page);
    assert!(psync.starts_with("6382 · 120 · "), "{psync}");
    assert!(psync.contains("PSYNC") && psync.contains("leaves for 6380"), "{psync}");
    assert_eq!(page.step(), began, "choosing moves nothing");
    press(&page, ENTER);
    assert!(page.browser.text("aside .about").starts_with("6382 → 6380"));
    wait_for("it to be told", Duration::from_secs(10), || {
        let told = page.text("announce");
        if told.starts_with("Bytes: PSYNC") { Ok(()) } else { Err(told) }
    });
    // The lane between the two, and the step in which its last thing happened.
    press(&page, &format!("{ARROW_UP} "));
    let ack = chosen(&page);
    let step = ack.split(" · ").nth(1).and_then(|step| step.parse::<usize>().ok());
    assert_eq!(step, Some(page.step()), "{ack}");
    assert_focus(&page, "lane-walk");
    page.assert_quiet();
}

#[test]
fn the_focus_is_never_lost() {
    let page = Page::open_plain(Look { width: 1366, height: 768, ..Look::default() });
    // Past the guide.
    focus(&page, &id("skip"));
    press(&page, ENTER);
    assert_focus(&page, "stop");
    for (opener, close) in [
        ("host", "host-close"),
        ("world", "world-close"),
        ("link-1-3", "link-close"),
        ("share", "share-close"),
        ("help", "help-close"),
    ] {
        focus(&page, &id(opener));
        press(&page, ENTER);
        assert_focus(&page, close);
        press(&page, &ESCAPE.to_string());
        assert_focus(&page, opener);
    }
    // What cannot be done any more hands the focus to what can be done now.
    page.browser.click("[data-testid=node-3] button");
    for (done, next) in [("freeze", "thaw"), ("thaw", "stop"), ("stop", "start"), ("start", "stop")]
    {
        focus(&page, &id(done));
        press(&page, ENTER);
        assert_focus(&page, next);
    }
    page.seek(1);
    focus(&page, &id("back"));
    press(&page, &format!("{ENTER}{ENTER}"));
    assert_eq!(page.step(), 0);
    assert_focus(&page, "back");
    page.assert_quiet();
}

#[test]
fn the_tools_stand_in_one_row() {
    for (width, language) in [(1440, "en"), (1366, "zh-CN"), (1280, "en"), (1024, "en")] {
        let look = Look { width, height: 768, dark: false, language };
        let page = Page::open_plain(look);
        let tall = "return Math.round(document.querySelector('.tools').offsetHeight)";
        let tall = page.browser.script(tall, &[]).as_u64();
        assert!(tall <= Some(50), "{look:?}: {tall:?} px");
    }
}
