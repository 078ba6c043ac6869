//! Sharing: links, other pages, files, and the page without a network.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lockstep_core::num::sha256::{hex, sha256};
use lockstep_tests::root;
use lockstep_tests::server::lockstep;
use lockstep_tests::site::Site;
use lockstep_tests::temp::TempDir;
use lockstep_tests::wait_for;
use lockstep_tests::webdriver::Look;
use serde_json::{Value, json};

use super::{ENTER, Page, Play, id};

/// What `lockstep sim` prints.
fn sim(args: &[&str]) -> String {
    let output = Command::new(lockstep()).arg("sim").args(args).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// The hash at the end of a native run.
fn native_hash(link: &str) -> String {
    let text = sim(&["run", link, "--trace", "none"]);
    let line = text.lines().last().expect("a summary");
    let (_, rest) = line.split_once("hash ").expect("a hash");
    rest[..16].to_owned()
}

fn shared(page: &Page) -> (String, String) {
    page.click("share");
    wait_for("the panel", Duration::from_secs(20), || {
        if page.browser.count(&id("share-panel")) == 1 { Ok(()) } else { Err("none".to_owned()) }
    });
    let address = page.browser.script("return location.href", &[]);
    (address.as_str().expect("an address").to_owned(), page.text("trace-hash"))
}

#[test]
fn a_link_has_the_trace_hash_in_a_fresh_browser_that_it_has_natively() {
    for scenario in ["d03-two-histories-behind", "a13-full-resync"] {
        let link = sim(&["link", scenario]);
        let (_, fragment) = link.split_once('#').expect("a link");
        let site = Site::start(root().join("dist"), "hash");
        let page = Page::open_at(Look::default(), format!("{}#{fragment}", site.url), None);
        let (_, hash) = shared(&page);
        assert_eq!(hash, native_hash(&link), "{scenario}");
        // And the other way round: what was done here.
        page.click("share-close");
        page.click("add");
        for _ in 0..10 {
            page.click("step");
        }
        let (address, after) = shared(&page);
        assert_ne!(after, hash);
        assert_eq!(after, native_hash(&address), "{address}");
        assert_eq!(page.browser.count("#stopped"), 0);
    }
}

#[test]
fn another_page_shows_the_bare_stage() {
    let play = Play::start();
    let code = {
        let page = Page::open_at(Look::default(), play.url.clone(), None);
        let _ = shared(&page);
        page.text("share-embed")
    };
    assert!(
        code.contains(&format!("<iframe src=\"{}?embed=1&amp;lang=en#run=", play.url)),
        "{code}"
    );
    // Inside a page of another origin: it is let in, and comes whole.
    let dir = TempDir::new();
    let host = format!("<!doctype html><title>An article</title>{code}");
    fs::write(dir.path().join("index.html"), host).expect("a page");
    let site = Site::start(dir.path().to_path_buf(), "article");
    let browser = lockstep_tests::webdriver::Browser::start(Look::default());
    let _ = browser.take_requests();
    browser.open(&site.url);
    let mut asked = Vec::new();
    wait_for("the stage inside it", Duration::from_secs(60), || {
        asked.extend(browser.take_requests());
        if asked.iter().any(|url| url.ends_with(".wasm")) { Ok(()) } else { Err(asked.join(" ")) }
    });
    let refused = browser.take_log("browser");
    let refused: Vec<&Value> = refused.iter().filter(|e| e["source"] == "security").collect();
    assert!(refused.is_empty(), "{refused:?}");

    // By itself: stage and time, in the language and the colours that were asked for.
    let url = format!("{}?embed=1&lang=zh&theme=dark&scenario=a01-handshake-7", play.url);
    let page = Page::open_at(Look { width: 640, height: 420, ..Look::default() }, url, None);
    for gone in [".top", ".guide", ".lower", ".side"] {
        assert_eq!(page.browser.count(gone), 0, "{gone}");
    }
    let shown = "const { lang, dataset } = document.documentElement; return [lang, dataset.theme]";
    assert_eq!(page.browser.script(shown, &[]), json!(["zh-CN", "dark"]));
    assert_eq!((page.step(), page.nodes("data-port").len()), (0, 2));
    page.click("step");
    wait_for("a step", Duration::from_secs(10), || {
        if page.step() > 0 { Ok(()) } else { Err("none".to_owned()) }
    });
    // Nothing needs scrolling.
    let fits = "const { scrollWidth: w, scrollHeight: h } = document.documentElement;\
                return [w <= innerWidth, h <= innerHeight]";
    assert_eq!(page.browser.script(fits, &[]), json!([true, true]));
    let open = page.browser.attribute(&id("open-full"), "href").expect("an address");
    assert!(open.starts_with(&format!("{}?lang=zh-CN#run=", play.url)), "{open}");
    let whole = Page::open_at(Look::default(), open, None);
    assert_eq!((whole.step(), whole.fingerprint()), (page.step(), page.fingerprint()));
    assert_eq!(whole.browser.count(".guide"), 1);
}

#[test]
fn a_moment_of_a_lesson_leads_back_into_the_lesson() {
    let site = Site::start(root().join("dist"), "lesson");
    let url = format!("{}?lesson=cut-and-continue", site.url);
    let page = Page::open_at(Look::default(), url, None);
    let opened = |page: &Page| {
        wait_for("the lesson", Duration::from_secs(30), || {
            if page.browser.count("#lesson-title") == 1 { Ok(()) } else { Err("none".to_owned()) }
        });
    };
    opened(&page);
    let title = page.browser.text("#lesson-title");
    let began = page.step();
    for _ in 0..5 {
        page.click("step");
    }
    let (address, _) = shared(&page);
    let (step, print) = (page.step(), page.fingerprint());
    assert!(step > began && address.contains("cut-and-continue#run="), "{address}");
    let fresh = Page::open_at(Look::default(), address.clone(), None);
    opened(&fresh);
    assert_eq!(fresh.browser.text("#lesson-title"), title);
    assert_eq!((fresh.step(), fresh.fingerprint()), (step, print.clone()));
    // A moment of another world is about that moment, and the address says so.
    let other = address.replace("lesson=cut-and-continue", "lesson=handshake");
    fresh.again(&other[fresh.url.find('?').unwrap_or(other.len())..]);
    wait_for("the moment alone", Duration::from_secs(30), || {
        let search = fresh.browser.script("return location.search", &[]);
        if search == "" { Ok(()) } else { Err(search.to_string()) }
    });
    assert_eq!(fresh.browser.count("#lesson-title"), 0);
    assert_eq!((fresh.step(), fresh.fingerprint()), (step, print));
    // A damaged link leads nowhere: the page says why, and the lesson begins at its beginning.
    let end = address.len() - 12;
    let damaged = format!("{}AAAAAAAAAAAA", &address[..end]);
    fresh.again(&damaged[fresh.url.find('?').unwrap_or(damaged.len())..]);
    opened(&fresh);
    assert_eq!(fresh.step(), began);
}

/// A host that is not this machine by its name: there nobody asks the network first.
fn elsewhere(site: &Site) -> String {
    site.url.replace("127.0.0.1", "lockstep.localhost")
}

/// Waits until the page is kept.
fn kept(page: &Page) {
    let body = "const done = arguments[arguments.length - 1];\
        navigator.serviceWorker.getRegistration('./').then(r =>\
          done(r?.installing || r?.waiting ? 'on its way' : r?.active?.state ?? 'none'), done)";
    wait_for("the page to be kept", Duration::from_secs(60), || {
        let state = page.browser.script_async(body, &[]);
        if state == "activated" { Ok(()) } else { Err(state.to_string()) }
    });
}

#[test]
fn works_without_a_network_once_it_was_loaded() {
    for local in [false, true] {
        let site = Site::start(root().join("dist"), "off/line");
        let url = if local { site.url.clone() } else { elsewhere(&site) };
        let page = Page::open_at(Look::default(), url.clone(), None);
        let began = (page.step(), page.fingerprint());
        kept(&page);
        site.stop();
        page.again("");
        assert_eq!((page.step(), page.fingerprint()), began);
        // Also what comes later: a console, which needs the rest of the program...
        page.click("tab-console-1");
        let input = id("console-input");
        wait_for("the console", Duration::from_secs(40), || {
            if page.browser.count(&input) == 1 { Ok(()) } else { Err("none".to_owned()) }
        });
        page.browser.type_into(&input, &format!("CONFIG GET maxmemory-policy{ENTER}"));
        let replied = |page: &Page| page.text("console-lines").contains("2) \"noeviction\"");
        page.step_until("step", replied);
        // ... and a lesson.
        page.again("?lesson=01-handshake");
        wait_for("the lesson", Duration::from_secs(20), || {
            if page.browser.count("#lesson-title") == 1 { Ok(()) } else { Err("none".to_owned()) }
        });
        assert_eq!(page.browser.count("#stopped"), 0);
    }
}

/// Adds something to files of a page, and tells its worker: the right sum, or another one.
fn change(dir: &Path, files: &[(&str, &str)], sum: Option<&str>) {
    let read = |name: &str| fs::read_to_string(dir.join(name)).expect("it is there");
    let mut worker = read("sw.js").replace("const BUILD = \"", "const BUILD = \"x");
    for (name, more) in files {
        let new = read(name) + more;
        let (_, rest) = worker.split_once(&format!("\"{name}\": \"")).expect("it is in the list");
        let right = hex(&sha256(new.as_bytes()));
        worker = worker.replace(&rest[..64], sum.unwrap_or(&right));
        fs::write(dir.join(name), new).expect("changed");
    }
    fs::write(dir.join("sw.js"), worker).expect("changed");
}

/// Has the page look for a newer build, and waits until it has it or has failed to get it.
fn look(page: &Page) {
    let body = "const done = arguments[arguments.length - 1];\
        const rest = ms => new Promise(go => setTimeout(go, ms));\
        (async () => {\
          const known = await navigator.serviceWorker.getRegistration('./');\
          await known.update();\
          while (known.installing || known.waiting) await rest(50);\
        })().then(() => done('looked'), error => done(String(error)))";
    assert_eq!(page.browser.script_async(body, &[]), "looked");
}

#[test]
fn a_new_build_comes_whole_or_not_at_all_and_is_used_from_the_next_load() {
    let dir = TempDir::new();
    let copied = Command::new("cp").arg("-r").arg(root().join("dist/.")).arg(dir.path()).status();
    assert!(copied.expect("cp").success());
    let site = Site::start(dir.path().to_path_buf(), "new");
    let page = Page::open_at(Look::default(), elsewhere(&site), None);
    kept(&page);
    page.again("");
    let text = "const done = arguments[arguments.length - 1];\
                fetch('./diagram.js').then(r => r.text()).then(done, e => done(String(e)))";
    let diagram = page.browser.script_async(text, &[]);
    let is_new = |page: &Page| page.browser.count("meta[name=second]") == 1;

    // Half of a new build has been put there: nothing of it is used.
    let second = "<meta name=\"second\">";
    change(dir.path(), &[("index.html", second)], Some(&"0".repeat(64)));
    page.again("");
    look(&page);
    assert_eq!(page.browser.count("#renewed"), 0);
    page.again("");
    assert!(!is_new(&page), "half a build");

    // All of it. The page that is open stays what it is, in all its parts, and says what there is:
    // it asks again by itself after it has found half a build.
    look(&page);
    change(dir.path(), &[("index.html", "<!-- whole -->"), ("diagram.js", "// second")], None);
    wait_for("the news", Duration::from_secs(30), || {
        if page.browser.count("#renewed") == 1 { Ok(()) } else { Err("none".to_owned()) }
    });
    assert!(!is_new(&page));
    assert_eq!(page.browser.script_async(text, &[]), diagram, "a file of the other build");
    page.again("");
    assert!(is_new(&page));
    let now = page.browser.script_async(text, &[]);
    assert!(now.as_str().is_some_and(|now| now.ends_with("// second")), "the new one's file");
    assert_eq!(page.browser.count("#renewed"), 0);
}
