//! The inspector and the consoles, as people use them.

use lockstep_tests::webdriver::Look;
use serde_json::{Value, json};

use super::{ENTER, Page, id};

const TAB: &str = "\u{e004}";
const UP: &str = "\u{e013}";

impl Page {
    /// Types into the console that is shown.
    fn types(&self, text: &str) {
        self.browser.type_into(&id("console-input"), text);
    }

    fn eval(&self, body: &str) -> Value {
        self.browser.script(&format!("return {body}"), &[])
    }

    fn count(&self, selector: &str) -> u64 {
        self.eval(&format!("document.querySelectorAll(`{selector}`).length")).as_u64().unwrap_or(0)
    }
}

#[test]
fn state_shows_the_machine_and_what_info_says() {
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    let waits = page.browser.attribute(&id("machine"), "aria-label").expect("a picture");
    assert!(waits.contains("PSYNC sent"), "{waits}");
    let taken = ".machine .taken";
    page.step_until("step", |page| {
        let told = page.browser.attribute(&id("machine"), "aria-label").expect("a picture");
        told.contains("Now: follows the stream")
    });
    assert_eq!(page.count(taken), 1, "+CONTINUE was taken");
    let changed = page.eval("document.querySelector('.info .changed').textContent");
    assert_eq!(changed, json!("master_link_statusdownup"));
    page.step_until("step", Page::in_sync);
    // What the page shows is what the node says.
    page.click("tab-console-3");
    page.types(&format!("INFO replication{ENTER}"));
    // All of it, not only what is in view.
    let said = page.eval("document.querySelector('[data-testid=console-lines]').textContent");
    let said = said.as_str().expect("text").to_owned();
    let rows = "[...document.querySelectorAll('[data-testid=facts] tr')].map(r =>\
        [...r.cells].map(c => [...c.childNodes].filter(n => n.nodeName != 'S')\
        .map(n => n.textContent).join('').trim()).join(':'))";
    let rows = page.eval(rows);
    let rows = rows.as_array().expect("rows");
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let row = row.as_str().expect("text");
        assert!(said.lines().any(|line| line.trim() == row), "{row} in {said}");
    }
    assert!(page.text("keys").contains("greeting"));
    page.assert_quiet();
}

#[test]
fn bytes_and_their_explanations_light_each_other() {
    let page = Page::open_plain(Look::default());
    page.click("tab-bytes");
    let point = "(() => { const e = [...document.querySelectorAll('.hex [data-leaf]')]\
        .find(e => e.textContent == 'PSYNC'); e.dispatchEvent(new MouseEvent('mouseover',\
        { bubbles: true })); return true })()";
    assert_eq!(page.eval(point), json!(true));
    assert_eq!(page.text("lit"), "0008\u{2013}000c command");
    assert!(
        page.eval("document.querySelector('.fields .on').textContent")
            .to_string()
            .contains("PSYNC")
    );
    // By keyboard: a row lights its bytes, the arrows go on.
    let _ = page.eval("document.querySelectorAll('.fields button')[2].focus()");
    assert!(page.text("lit").ends_with("replication ID"), "{}", page.text("lit"));
    let _ = page.eval("document.querySelector('.hex').focus()");
    page.browser.press('\u{e014}');
    assert!(page.text("lit").ends_with("end of line (CR LF)"), "{}", page.text("lit"));
    // A byte of the stream tells where it comes from.
    page.step_until("step", |page| page.browser.count(&id("origin")) == 1);
    let origin = page.text("origin");
    assert!(origin.contains("offset in the stream") && origin.contains("in the backlog of 6380"));
    assert!(origin.contains("fed them because of"), "{origin}");
    page.assert_quiet();
}

#[test]
fn consoles_have_the_habits_of_redis_cli_and_of_telnet() {
    let page = Page::open_plain(Look::default());
    let typed = "document.querySelector('[data-testid=console-input]').value";
    page.click("tab-console-1");
    page.types(&format!("config re{TAB}{TAB}"));
    assert_eq!(page.eval(typed), json!("CONFIG REWRITE"));
    let clear = "(() => { const e = document.querySelector('[data-testid=console-input]');\
        e.value = ''; e.dispatchEvent(new Event('input', { bubbles: true })) })()";
    let _ = page.eval(clear);
    page.types("replicaof ");
    assert_eq!(
        page.eval("document.querySelector('.ghost').textContent"),
        json!("replicaof host port")
    );
    let _ = page.eval(clear);
    page.types(&format!("MULTI{ENTER}"));
    let prompt = page.eval("document.querySelector('.prompt-now').textContent");
    assert!(prompt.as_str().is_some_and(|p| p.ends_with(":6380(TX)> ")), "{prompt}");
    page.types(&format!("DISCARD{ENTER}{UP}{UP}"));
    assert_eq!(page.eval(typed), json!("MULTI"));
    page.click("mode-telnet");
    page.types(&format!("PSYNC ? -1{ENTER}"));
    page.step_until("step", |page| page.text("console-lines").contains("part of the RDB"));
    assert!(page.text("console-lines").contains("+FULLRESYNC "));
    let _ = page.eval("[...document.querySelectorAll('.raw .link')].at(-1).click()");
    assert!(page.text("fields").contains("RDB, version 10"), "{}", page.text("fields"));
    page.assert_quiet();
}

#[test]
fn a_log_is_searched_and_leads_to_its_steps() {
    let page = Page::open_plain(Look::default());
    page.click("tab-log");
    let all = page.count("[data-testid=log] li");
    page.browser.type_into(&id("log-search"), "psync");
    let some = page.count("[data-testid=log] li");
    assert!(some < all, "{some} of {all} lines");
    page.browser.type_into(&id("log-search"), "\u{e003}\u{e003}\u{e003}\u{e003}\u{e003}");
    let before = page.step();
    let _ = page.eval("document.querySelector('[data-testid=log] .when').click()");
    assert!(page.step() < before);
    page.assert_quiet();
}
