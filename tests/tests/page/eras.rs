//! The eras: nodes that replicate like older Redises.

use lockstep_tests::webdriver::Look;
use serde_json::json;

use super::Page;

/// The same fault ends with a full copy in one era, and with a partial one in another.
#[test]
fn one_fault_ends_differently_in_two_eras() {
    let page = Page::open_plain(Look::default());
    page.click("try-6");
    let ends = "return [...document.querySelectorAll('[data-full]')].map(e => e.dataset.full)";
    let cut = page.browser.script(ends, &[]);
    assert_eq!(cut, json!(["true", "false", "false", "false", "false"]));
    page.click("fault-promotion");
    let promoted = page.browser.script(ends, &[]);
    assert_eq!(promoted, json!(["true", "true", "true", "false", "false"]));
    for (era, line) in [
        ("era-3.2", "Full resync from master"),
        ("era-4.0", "Successful partial resynchronization with master."),
    ] {
        page.click(era);
        let open =
            "return document.querySelectorAll('[data-testid=goals] [data-done=false]').length";
        page.step_until("step", |page| page.browser.script(open, &[]) == json!(0));
        page.click("tab-log");
        let log = page.text("log");
        assert!(log.lines().rev().take(40).any(|said| said.contains(line)), "{era}: {log}");
    }
    page.assert_quiet();
}
