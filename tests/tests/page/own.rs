//! Files that people bring: an RDB file is looked at, searched, and becomes a world.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use lockstep_tests::temp::TempDir;
use lockstep_tests::webdriver::Look;
use lockstep_tests::{root, wait_for};
use serde_json::Value;

use super::{ENTER, Page, id, violations};

const ESCAPE: &str = "\u{e00c}";
const LONG: Duration = Duration::from_secs(60);

impl Page {
    /// Chooses a file, and waits until it is read.
    fn bring(&self, path: &Path) {
        self.browser.type_into(&id("file"), path.to_str().expect("a path"));
        wait_for("the file", LONG, || match self.browser.count("[data-reading=false]") {
            1 => Ok(()),
            _ => Err("not read yet".to_owned()),
        });
    }

    fn run(&self, body: &str) -> Value {
        self.browser.script(body, &[])
    }

    /// Chooses an option.
    fn choose(&self, name: &str, value: &str) {
        let body = "const e = document.querySelector(arguments[0]); e.value = arguments[1];\
                    e.dispatchEvent(new Event('change', { bubbles: true }))";
        let _ = self.browser.script(body, &[id(name).into(), value.into()]);
    }

    /// The names in the list of keys.
    fn keys(&self) -> Vec<String> {
        let found = self.run(
            "return [...document.querySelectorAll('[data-testid=own-key]')].map(e => e.textContent)",
        );
        let names = found.as_array().expect("a list").iter();
        names.map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until the list of keys is this.
    fn lists(&self, expected: &[&str]) {
        wait_for("the list", LONG, || match self.keys() {
            keys if keys == expected => Ok(()),
            keys => Err(format!("{keys:?}")),
        });
    }

    /// Clicks on a key of the list and waits until it is shown.
    fn pick(&self, key: &str) {
        let body = "[...document.querySelectorAll('[data-testid=own-key]')]\
                    .find(e => e.textContent == arguments[0]).click()";
        let _ = self.browser.script(body, &[key.into()]);
        wait_for("the key", LONG, || match self.browser.count(&id("own-picked")) {
            1 if self.text("own-picked") == key => Ok(()),
            _ => Err("not shown".to_owned()),
        });
    }

    fn says(&self, name: &str, what: &str) {
        wait_for(what, LONG, || match self.browser.count(&id(name)) {
            0 => Err("nothing is there".to_owned()),
            _ => Ok(()),
        });
        wait_for(what, LONG, || match self.text(name) {
            text if text.replace('\u{202f}', " ").contains(what) => Ok(()),
            text => Err(text),
        });
    }
}

/// A file as somebody has it.
fn file(name: &str) -> std::path::PathBuf {
    root().join("tests/data").join(name)
}

#[test]
fn an_rdb_file_is_looked_at_and_becomes_a_world() {
    let page = Page::open_plain(Look::default());
    // Both parts of the page are there.
    page.click("tab-state");
    let _ = page.browser.take_requests();
    page.bring(&file("made/redis_7_0_15.rdb"));
    page.says("own-verdict", "The file is whole: 33 keys in 2 databases.");
    page.says("own-facts", "7.0.15");
    page.says("own-facts", ": right");
    page.says("own-types", "HASH_LISTPACK (16)");
    assert_eq!(page.keys().len(), 33);
    // By prefix, and into one.
    page.says("own-prefixes", "set:");
    let _ = page.run(
        "[...document.querySelectorAll('[data-testid=own-prefix]')]\
                      .find(e => e.textContent == 'set:').click()",
    );
    wait_for("the group", LONG, || match page.keys().len() {
        4 => Ok(()),
        other => Err(other.to_string()),
    });
    page.choose("own-order", "name");
    page.lists(&["set:16", "set:32", "set:64", "set:ht"]);
    page.choose("own-order", "size");
    wait_for("an order", LONG, || match page.keys() {
        keys if keys.first().is_some_and(|key| key == "set:64") => Ok(()),
        keys => Err(format!("{keys:?}")),
    });
    page.click("own-all");
    page.choose("own-order", "name");
    // Filters.
    page.choose("own-kind", "hash");
    page.lists(&["h:ht", "h:lp"]);
    page.choose("own-kind", "");
    page.choose("own-expires", "true");
    page.lists(&["ttl", "z:sl"]);
    page.choose("own-expires", "");
    page.choose("own-db", "9");
    page.lists(&["other"]);
    page.choose("own-db", "");
    page.browser.type_into(&id("own-text"), "?:lp");
    page.lists(&["h:lp", "z:lp"]);
    // A value by its type, and its bytes.
    page.pick("z:lp");
    page.says("own-content", "\"-inf\"");
    page.says("own-said", "zset, ZSET_LISTPACK (17)");
    page.click("own-bytes");
    page.says("fields", "z:lp");
    page.pick("h:lp");
    page.click("own-value");
    page.says("own-content", "\"f\"");
    // Nothing of this left the page.
    assert_eq!(page.browser.take_requests(), Vec::<String>::new());

    // It becomes the dataset of a world.
    page.click("own-load");
    page.says("notice", "The master has loaded redis_7_0_15.rdb (33 keys)");
    assert!(page.in_sync());
    let began = page.fingerprint();
    for console in ["tab-console-1", "tab-console-3"] {
        page.click(console);
        page.browser.type_into(&id("console-input"), &format!("ZRANGE z:lp 0 -1{ENTER}"));
        page.says("console-lines", "1) \"c\"");
    }
    // Its start is the same again; a link would not hold the file.
    page.click("restart");
    wait_for("the start", LONG, || match page.fingerprint() {
        print if print == began => Ok(()),
        print => Err(print),
    });
    page.click("share");
    page.says("notice", "does not fit into an address");
    page.assert_quiet();
}

#[test]
fn a_damaged_file_shows_what_came_before() {
    let page = Page::open_plain(Look::default());
    let dir = TempDir::new();
    let whole = fs::read(file("made/redis_7_0_15.rdb")).expect("the file");
    let cut = dir.path().join("cut.rdb");
    fs::write(&cut, &whole[..1_000]).expect("a file");
    page.bring(&cut);
    page.says("own-verdict", "Damaged at byte 1 000: the file ends early");
    page.says("own-verdict", "Short read or OOM loading DB");
    assert!(!page.keys().is_empty(), "what came before is listed");
    let disabled = page.browser.attribute(&id("own-load"), "disabled");
    assert!(disabled.is_some(), "it cannot be loaded");
    // The place itself: the record that is cut, explained as far as it goes.
    page.click("own-fault");
    page.says("own-picked", "The bytes at the damage");
    page.says("fields", "h:ht");
    // A changed byte that nothing contradicts: the checksum tells.
    let mut changed = whole.clone();
    let place = changed.windows(5).position(|bytes| bytes == b"hello").expect("a value");
    changed[place] = b'j';
    let wrong = dir.path().join("wrong.rdb");
    fs::write(&wrong, &changed).expect("a file");
    page.browser.type_into(&id("own-file"), wrong.to_str().expect("a path"));
    page.says("own-verdict", "The checksum is wrong");
    // What is no such file is told apart by its first bytes.
    let other = dir.path().join("other.rdb");
    fs::write(&other, b"PK\x03\x04 something else").expect("a file");
    page.browser.type_into(&id("own-file"), other.to_str().expect("a path"));
    page.says("notice", "is neither an RDB file");
    page.click("own-close");
    assert_eq!(page.browser.count(&id("main")), 1);
    page.assert_quiet();
}

#[test]
fn streams_are_named_and_left_out_of_a_world() {
    let page = Page::open_plain(Look::default());
    page.bring(&file("rdb/redis_50_with_streams.rdb"));
    page.says("own-verdict", "14 keys");
    page.pick("mystream");
    page.says("own-content", "A stream");
    page.click("own-bytes");
    page.says("fields", "mystream");
    page.click("own-load");
    page.says("notice", "(13 keys)");
    page.assert_quiet();
}

/// Many keys neither stop the page for long nor fill it: a page of the list is in the document.
#[test]
fn three_hundred_thousand_keys_are_read_while_the_page_lives() {
    let page = Page::open_plain(Look::default());
    let dir = TempDir::new();
    let bytes = strings(300_000);
    let path = dir.path().join("large.rdb");
    fs::write(&path, &bytes).expect("a file");
    // How long the page does not answer.
    let _ = page.run(
        "let last = performance.now(); window.longest = 0;\
         window.pulse = setInterval(() => { const now = performance.now();\
         window.longest = Math.max(window.longest, now - last); last = now }, 5)",
    );
    let began = Instant::now();
    page.bring(&path);
    let read = began.elapsed();
    page.says("own-verdict", "300 000 keys");
    page.choose("own-order", "name");
    page.says("own-page", "1–100 of 300 000");
    page.browser.type_into(&id("own-text"), "user:123:*");
    page.says("own-page", "1–100 of 300");
    page.click("own-next");
    page.says("own-page", "101–200 of 300");
    assert_eq!(page.keys().len(), 100);
    page.says("own-load-note", "The sandbox takes files of up to");
    let longest = page.run("clearInterval(window.pulse); return Math.round(window.longest)");
    let len = bytes.len();
    let _ = writeln!(
        std::io::stdout(),
        "{len} bytes, 300,000 keys: {read:?}, longest pause {longest} ms"
    );
    // This machine may be busy; a page that reads all in one go stops for many seconds.
    assert!(longest.as_u64() < Some(2_000), "{longest} ms");
    page.assert_quiet();
}

/// Lets a file of this name and these bytes go over an element, as a reader's hand would; `then` is
/// what happens to it there.
fn drag(page: &Page, name: &str, bytes: &str, then: &str) {
    let body = "const [name, text, then] = arguments; const dataTransfer = new DataTransfer();\
        dataTransfer.items.add(new File([Uint8Array.from(text, c => c.charCodeAt(0))], name));\
        const over = document.querySelector('.stage') ?? document.querySelector('main');\
        const fire = (type) => over.dispatchEvent(\
          new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));\
        fire('dragenter'); const taken = !fire('dragover');\
        const marked = document.documentElement.classList.contains('dropping');\
        const kept = then != 'drop' || !fire('drop'); if (then != 'drop') fire(then);\
        return [taken, marked, kept, document.documentElement.classList.contains('dropping')]";
    let seen = page.browser.script(body, &[name.into(), bytes.into(), then.into()]);
    // The page takes it, shows that it does, and the browser does not open it instead.
    assert_eq!(seen, serde_json::json!([true, true, true, false]));
}

#[test]
fn a_file_can_be_dropped_anywhere_and_left_by_the_keyboard() {
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    let before = page.fingerprint();
    let whole = fs::read(file("made/redis_7_0_15.rdb")).expect("the file");
    let text: String = whole.iter().map(|byte| char::from(*byte)).collect();
    drag(&page, "dump.rdb", &text, "dragleave");
    assert_eq!(page.browser.count(&id("own")), 0, "it went on");
    drag(&page, "dump.rdb", &text, "drop");
    page.says("own-verdict", "33 keys in 2 databases");
    // Onto the view of a file, too.
    drag(&page, "half.rdb", &text[..800], "drop");
    page.says("own-verdict", "Damaged at byte");
    // The title has the focus; Escape leads back.
    let focus = page.run("return document.activeElement.id");
    assert_eq!(focus, serde_json::json!("own-title"));
    page.browser.type_into("#own-title", ESCAPE);
    wait_for("the playground", LONG, || match page.browser.count(&id("own")) {
        0 => Ok(()),
        _ => Err("still there".to_owned()),
    });
    assert_eq!(page.fingerprint(), before, "the sandbox is as it was");
    drag(&page, "notes.txt", "To whom it may concern", "drop");
    page.says("notice", "notes.txt is neither an RDB file");
    page.assert_quiet();
}

#[test]
fn reading_a_large_file_can_be_stopped() {
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    // The file comes as fast as somebody lets it.
    let _ = page.run(
        "const read = lockstepRead; let open; const gate = new Promise(done => { open = done });\
         window.openGate = () => open(); let pieces = 0;\
         globalThis.lockstepRead = (file, from, to, done) =>\
           pieces++ < 3 ? read(file, from, to, done) : gate.then(() => read(file, from, to, done))",
    );
    let dir = TempDir::new();
    let path = dir.path().join("large.rdb");
    fs::write(&path, strings(300_000)).expect("a file");
    page.browser.type_into(&id("file"), path.to_str().expect("a path"));
    wait_for("some of it", LONG, || match page.browser.count(&id("own-stop")) {
        1 if !page.keys().is_empty() => Ok(()),
        _ => Err("nothing yet".to_owned()),
    });
    page.click("own-stop");
    page.says("own-verdict", "Stopped at byte");
    let _ = page.run("openGate()");
    // What was read stays, and can be looked at.
    page.pick("user:007:session:7");
    page.says("own-content", "an opaque token");
    page.says("own-verdict", "Stopped at byte");
    let disabled = page.browser.count(&id("own-load"));
    assert_eq!(disabled, 0, "half of a file is no dataset");
    page.assert_quiet();
}

/// An RDB of so many strings.
fn strings(keys: u32) -> Vec<u8> {
    let mut bytes = b"REDIS0011\xfe\x00".to_vec();
    for n in 0..keys {
        let key = format!("user:{:03}:session:{n}", n % 1_000);
        bytes.extend([0, key.len() as u8]);
        bytes.extend(key.bytes());
        bytes.extend(b"\x20an opaque token of 32 characters");
    }
    bytes.extend(b"\xff\0\0\0\0\0\0\0\0");
    bytes
}

#[test]
fn files_have_no_accessibility_violations() {
    let path = root().join("tests/data/axe-core/axe.min.js");
    let axe = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut wrong = Vec::new();
    for (language, dark, width) in [("en", false, 1280), ("zh-CN", true, 360)] {
        let look = Look { width, height: 800, dark, language };
        let page = Page::open_plain(look);
        let _ = page.browser.script(&axe, &[]);
        if width < 500 {
            page.click("world");
            page.browser.type_into(
                &id("world-file"),
                file("made/redis_7_0_15.rdb").to_str().expect("a path"),
            );
            wait_for("the file", LONG, || match page.browser.count("[data-reading=false]") {
                1 => Ok(()),
                _ => Err("not read yet".to_owned()),
            });
        } else {
            page.bring(&file("made/redis_7_0_15.rdb"));
        }
        violations(&page, &look, "a file", &mut wrong);
        page.pick("z:lp");
        violations(&page, &look, "a key", &mut wrong);
        page.click("own-bytes");
        violations(&page, &look, "bytes of a key", &mut wrong);
        let wide = page.run("return document.documentElement.scrollWidth");
        assert!(wide.as_u64() <= Some(u64::from(width)), "{look:?}: {wide} px wide");
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}
