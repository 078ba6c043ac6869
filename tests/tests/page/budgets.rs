//! What the page costs: measured, and printed. The numbers are this machine's, and no test judges
//! them, but for those that do not depend on it.

use std::process::Command;
use std::time::Duration;

use lockstep_tests::root;
use lockstep_tests::site::Site;
use lockstep_tests::wait_for;
use lockstep_tests::webdriver::{Browser, Look};
use serde_json::{Value, json};

use super::{Page, tell};

/// The size of a file of the page, gzipped.
fn zipped(name: &str) -> usize {
    let path = root().join("dist").join(name);
    let output = Command::new("gzip").args(["-9", "--stdout"]).arg(path).output();
    output.expect("gzip can be run").stdout.len()
}

/// How soon the page can be read, and stepped through, and what has come until then.
#[test]
fn text_comes_first_and_the_world_soon_after() {
    let html = std::fs::read_to_string(root().join("dist/index.html")).expect("the page is built");
    assert!(html.contains("A master and two replicas run in this page"), "before any code: {html}");
    let site = Site::start(root().join("dist"), "soon");
    let browser = Browser::start(Look::default());
    // Each time as if it were the first.
    browser.devtools("Network.enable", &json!({}));
    browser.devtools("Network.setBypassServiceWorker", &json!({ "bypass": true }));
    browser.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true }));
    // Noted when it happens: the world stands in the page, and its controls work.
    let watch = "const seen = () => { const main = document.querySelector('main[data-step]');\
        if (main) { globalThis.worldAt ??= performance.now(); observer.disconnect(); } };\
        const observer = new MutationObserver(seen);\
        observer.observe(document, { childList: true, subtree: true });";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": watch }));
    let mut times = Vec::new();
    for _ in 0..5 {
        browser.open(&site.url);
        let (text, world) = wait_for("the world to appear", Duration::from_secs(60), || {
            let body = "return [performance.getEntriesByName('first-contentful-paint')[0]\
                ?.startTime, globalThis.worldAt]";
            let found = browser.script(body, &[]);
            let number = |index: usize| found[index].as_f64().ok_or_else(|| found.to_string());
            Ok::<_, String>((number(0)?, number(1)?))
        });
        times.push((world, text));
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (world, text) = times[times.len() / 2];
    // What was asked for before the world stood there.
    let body = "return performance.getEntriesByType('resource')\
        .filter((e) => e.startTime < worldAt && /\\.(js|wasm)$/.test(e.name)).map((e) => e.name)";
    let loaded = browser.script(body, &[]);
    let loaded = loaded.as_array().expect("a list").iter().filter_map(Value::as_str);
    let size: usize = loaded.filter_map(|url| url.strip_prefix(&site.url)).map(zipped).sum();
    assert!(size > 0, "nothing was loaded");
    tell(&format!(
        "text after {text:.0} ms, can be stepped after {world:.0} ms, with {:.1} KB of wasm and \
         JavaScript (gzipped)",
        size as f64 / 1024.0
    ));
}

/// Paused, the page rests: nobody asks for a frame, and nothing moves by itself.
#[test]
fn no_frames_while_paused() {
    let page = Page::open_plain(Look::default());
    page.click("step");
    std::thread::sleep(Duration::from_millis(700));
    let rest = "const done = arguments[arguments.length - 1]; const ask = requestAnimationFrame;\
        let frames = 0;\
        globalThis.requestAnimationFrame = (f) => { frames += 1; return ask(f); };\
        setTimeout(() => {\
          const moving = document.getAnimations().filter((a) => a.playState === 'running');\
          done([frames, moving.length]);\
        }, 2000);";
    let found = page.browser.script_async(rest, &[]);
    tell(&format!("frames asked for in 2 s while paused: {}", found[0]));
    assert_eq!(found, json!([0, 0]), "frames, animations");
}
