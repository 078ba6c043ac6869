//! The lessons: all can be solved in the page, one of them without a mouse; what is shown of a node
//! is what it says of itself.

use std::fs;
use std::time::Duration;

use lockstep_tests::webdriver::Look;
use lockstep_tests::{root, wait_for};
use serde_json::{Value, json};

use super::{ARROW_RIGHT, ENTER, Page, id};

/// Steps of a lesson's solution that are pressed at most.
const PRESSES_MAX: u64 = 1_000;

/// Names and numbers of goals of the lessons, as the page has them.
fn lessons() -> Vec<(String, u64)> {
    let path = root().join("dist/lessons/index.txt");
    let index = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let line = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        (fields[2].to_owned(), fields[3].parse().expect("a number of goals"))
    };
    index.lines().map(line).collect()
}

pub(super) fn lesson_attribute(page: &Page, name: &str) -> String {
    page.browser.attribute(&id("lesson"), name).unwrap_or_default()
}

/// Opens a lesson from the list.
pub(super) fn open(page: &Page, name: &str) {
    wait_for("the list of lessons", Duration::from_secs(20), || {
        let there = page.browser.count(&id(&format!("lesson-{name}"))) == 1;
        if there { Ok(()) } else { Err(name.to_owned()) }
    });
    page.click(&format!("lesson-{name}"));
    wait_for_lesson(page, name);
}

fn wait_for_lesson(page: &Page, name: &str) {
    wait_for("the lesson", Duration::from_secs(20), || {
        let script = "return document.querySelector('[data-lesson]')?.dataset.lesson ?? ''";
        match page.browser.script(script, &[]) {
            Value::String(open) if open == name => Ok(()),
            other => Err(other.to_string()),
        }
    });
}

/// A lesson with a hint, a prediction that was made, one that was judged, and what to take home.
pub(super) fn open_at_a_question(page: &Page) {
    // The help lies over everything.
    page.browser.press('\u{e00c}');
    // What is told lies over the list where that is narrow.
    if page.browser.count(&id("notice-close")) == 1 {
        page.click("notice-close");
    }
    open(page, "cut-and-continue");
    page.click("hint");
    page.click("show-me");
    let body = "const until = arguments[0], done = arguments[arguments.length - 1];\
        const press = () => {\
          if (document.querySelector('[data-lesson]').dataset.reached >= until) return done(true);\
          document.body.dispatchEvent(new KeyboardEvent('keydown',\
            { key: 'ArrowRight', bubbles: true, cancelable: true }));\
          setTimeout(press); };\
        press();";
    let _ = page.browser.script_async(body, &[json!("3")]);
    page.click("choice-2-1");
    let _ = page.browser.script_async(body, &[json!("5")]);
}

/// Presses → until the lesson is done, and looks at a node at every step: its card, and what it
/// answers to INFO beside it. Returns the steps, and what differed.
const PLAY: &str = "
    const [most] = arguments, done = arguments[arguments.length - 1];
    const press = (key, shiftKey = false) => document.body.dispatchEvent(
      new KeyboardEvent('keydown', { key, shiftKey, bubbles: true, cancelable: true }));
    const drawn = () => new Promise((resolve) => setTimeout(resolve));
    const lesson = () => document.querySelector('[data-lesson]').dataset;
    const wrong = [];
    const compare = async (number) => {
      press(String(number));
      await drawn();
      const card = document.querySelector(`[data-node='${number}']`).dataset;
      const info = {};
      for (const row of document.querySelectorAll('[data-testid=facts] tr')) {
        const value = row.querySelector('td').cloneNode(true);
        value.querySelector('s')?.remove();
        info[row.querySelector('th').textContent] = value.textContent;
      }
      if (!('role' in info)) return 0;
      const role = info.role === 'slave' ? 'replica' : info.role;
      // Before Redis 4.0 INFO names no history, and a replica's offset otherwise; 2.6 has none.
      const old = !('master_replid' in info);
      const followed = old && role === 'replica';
      if (followed && info.master_link_status !== 'up') return 1;
      const offset = (followed && info.slave_repl_offset) || info.master_repl_offset;
      const said = [role, offset ?? card.offset, info.master_replid ?? card.replid];
      const shown = [card.role, card.offset, card.replid];
      if (String(said) !== String(shown)) {
        wrong.push(`step ${document.querySelector('main').dataset.step}: ${shown} / ${said}`);
      }
      return 1;
    };
    (async () => {
      let presses = 0, compared = 0;
      while (lesson().done !== 'true' && presses < most) {
        // Thousands of writes are passed over as a learner passes over them: to the next
        // transition.
        press('ArrowRight', presses >= 200);
        presses += 1;
        await drawn();
        const nodes = document.querySelectorAll('[data-node]').length;
        compared += await compare(1 + presses % nodes);
      }
      done([presses, compared, lesson().done, lesson().reached, wrong]);
    })().catch((error) => done([0, 0, String(error), '', []]));";

#[test]
fn every_lesson_is_solved_in_the_page_and_cards_say_what_info_says() {
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    let mut wrong = Vec::new();
    for (name, goals) in lessons() {
        open(&page, &name);
        assert_eq!(lesson_attribute(&page, "data-reached"), "0", "{name}: at the start");
        page.click("show-me");
        let found = page.browser.script_async(PLAY, &[json!(PRESSES_MAX)]);
        let reached = found[3].as_str().and_then(|n| n.parse::<u64>().ok());
        if found[2] != "true" || reached != Some(goals) || found[1].as_u64() < Some(3) {
            wrong.push(format!("{name}: {found}"));
        }
        wrong.extend(found[4].as_array().into_iter().flatten().map(|w| format!("{name}: {w}")));
        assert_eq!(page.browser.count(&id("after")), 1, "{name}: what to take home");
        page.click("lesson-close");
    }
    // What was shown is not what the learner has done.
    assert!(page.text("done").starts_with("0 of "), "{}", page.text("done"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    page.assert_quiet();
}

/// Tab, as WebDriver names it.
const TAB: char = '\u{e004}';
const ENTER_KEY: char = '\u{e007}';

/// Moves the focus to a control, as somebody without a mouse does, and uses it.
pub(super) fn reach(page: &Page, name: &str) {
    let focused = "return document.activeElement?.dataset?.testid ?? ''";
    for _ in 0..200 {
        if page.browser.script(focused, &[]) == name {
            return;
        }
        page.browser.press(TAB);
    }
    panic!("the Tab key does not reach {name}");
}

pub(super) fn use_control(page: &Page, name: &str) {
    reach(page, name);
    page.browser.press(ENTER_KEY);
}

/// Steps with the arrow key until so many goals are reached.
pub(super) fn step_to_goal(page: &Page, goals: &str) {
    for _ in 0..200 {
        if lesson_attribute(page, "data-reached") == goals {
            return;
        }
        let before = page.step();
        page.browser.press(ARROW_RIGHT);
        wait_for("a step", Duration::from_secs(10), || {
            if page.step() > before { Ok(()) } else { Err(before.to_string()) }
        });
    }
    panic!("goal {goals} is not reached");
}

#[test]
fn a_lesson_is_done_by_keyboard_alone_and_remembered() {
    let page = Page::open_plain(Look::default());
    wait_for("the list of lessons", Duration::from_secs(20), || {
        let there = page.browser.count(&id("lesson-cut-and-continue")) == 1;
        if there { Ok(()) } else { Err("not there".to_owned()) }
    });
    use_control(&page, "lesson-cut-and-continue");
    wait_for_lesson(&page, "cut-and-continue");
    // Who opens a lesson begins to read at its title.
    let focused = page.browser.script("return document.activeElement.id", &[]);
    assert_eq!(focused, "lesson-title");
    use_control(&page, "hint");
    use_control(&page, "link-1-3");
    use_control(&page, "cut");
    step_to_goal(&page, "1");
    use_control(&page, "tab-console-1");
    reach(&page, "console-input");
    page.browser.type_into(&id("console-input"), &format!("SET name ada{ENTER}"));
    step_out(&page);
    step_to_goal(&page, "2");
    // A number with its thousands apart, or not, and none at all.
    reach(&page, "number");
    page.browser.type_into(&id("number"), &format!("many{ENTER}"));
    wait_for("a complaint", Duration::from_secs(10), || {
        let said = page.browser.text(".number-field [role=alert]");
        if said.is_empty() { Err("none".to_owned()) } else { Ok(()) }
    });
    let next = page.nodes("data-offset")[2].parse::<u64>().expect("an offset") + 1;
    let wipe = "\u{e003}".repeat("many".len());
    page.browser.type_into(&id("number"), &format!("{wipe}{next}{ENTER}"));
    wait_for("the answer", Duration::from_secs(10), || {
        let answered = page.browser.attribute(&id("question-1"), "data-answered");
        if answered.as_deref() == Some("true") { Ok(()) } else { Err(format!("{answered:?}")) }
    });
    use_control(&page, "link-1-3");
    use_control(&page, "restore");
    step_to_goal(&page, "3");
    // In this lesson the third choice is what comes.
    use_control(&page, "choice-2-3");
    step_to_goal(&page, "4");
    assert_eq!(page.browser.attribute(&id("choice-2-3"), "data-right").as_deref(), Some("true"));
    step_to_goal(&page, "5");
    assert_eq!(lesson_attribute(&page, "data-done"), "true");
    // Going back opens the goal again; what was done stays done.
    let at = page.step();
    page.browser.press('\u{e012}');
    wait_for("the goal to be open", Duration::from_secs(10), || {
        let (done, step) = (lesson_attribute(&page, "data-done"), page.step());
        if done == "false" && step < at { Ok(()) } else { Err(done) }
    });
    page.browser.open(&page.url);
    wait_for("the list of lessons", Duration::from_secs(20), || {
        if page.browser.count(&id("done")) == 1 { Ok(()) } else { Err("not there".to_owned()) }
    });
    assert!(page.text("done").starts_with("1 of "), "{}", page.text("done"));
    page.assert_quiet();
}

/// Out of a text field, to where arrow keys step.
pub(super) fn step_out(page: &Page) {
    page.browser.press(TAB);
}
