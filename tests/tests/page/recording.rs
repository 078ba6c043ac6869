//! Captures and traces that people bring are shown as the same conversation.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep_tests::temp::TempDir;
use lockstep_tests::webdriver::Look;
use lockstep_tests::{root, wait_for};

use super::{Page, id, violations};

const LONG: Duration = Duration::from_secs(60);

impl Page {
    /// Chooses a capture or a trace, and waits until it is shown.
    fn watch(&self, path: &Path) {
        self.browser.type_into(&id("file"), path.to_str().expect("a path"));
        wait_for("the recording", LONG, || match self.browser.count(&id("recording")) {
            1 => Ok(()),
            _ => Err("not shown yet".to_owned()),
        });
    }

    /// Goes on by steps until the sentence says this.
    fn until_it_says(&self, what: &str) {
        for _ in 0..100 {
            if self.text("sentence").contains(what) {
                return;
            }
            self.click("step");
        }
        panic!("it never says: {what}");
    }

    fn offset(&self, node: usize) -> Option<String> {
        self.browser.attribute(&id(&format!("node-{node}")), "data-offset")
    }
}

fn capture(name: &str) -> PathBuf {
    root().join("tests/data/captures").join(name)
}

#[test]
fn a_capture_of_two_servers_reads_as_their_story() {
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    let before = page.main("data-fingerprint");
    let _ = page.browser.take_requests();
    page.watch(&capture("resync-7.0.15.pcap"));
    assert_eq!(page.browser.take_requests(), Vec::<String>::new(), "nothing is uploaded");
    assert!(page.text("recording").contains("122 packets, 8 connections: 2 replication links"));
    assert_eq!(page.browser.count(&id("breach-none")), 1);
    // The master is the first node; before anything is said its offset is not known.
    assert_eq!(page.offset(1), None);
    page.until_it_says("you get a full copy; it stands for history 417798 up to offset 0.");
    page.until_it_says("bytes 38 to 72 of the stream");
    assert_eq!((page.offset(1), page.offset(2)), (Some("72".into()), Some("72".into())));
    page.click("tab-bytes");
    assert!(page.browser.text(".side .body").contains("article"), "the bytes are there");
    page.until_it_says("goes on with history 417798 at byte 112.");
    // Back, and forward again.
    let here = page.step();
    page.click("back");
    assert!(page.step() < here);
    page.click("step");
    assert_eq!(page.step(), here);
    // Nothing that would change what was recorded is offered.
    for name in ["stop", "tab-console-1", "link-1-2"] {
        assert_eq!(page.browser.count(&id(name)), 0, "{name}");
    }
    page.click("recording-leave");
    assert_eq!(page.main("data-fingerprint"), before, "the sandbox is as it was");
    page.assert_quiet();
}

#[test]
fn what_a_replica_was_given_becomes_a_sandbox() {
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    page.watch(&capture("resync-7.0.15.pcap"));
    page.click("recording-take");
    assert!(page.text("notice").contains("no RDB was received to its end"));
    page.until_it_says("bytes 73 to 97 of the stream");
    page.click("recording-take");
    wait_for("the sandbox", LONG, || match page.browser.count(&id("node-3")) {
        1 => Ok(()),
        _ => Err("not there yet".to_owned()),
    });
    // Three keys of the RDB, two of the stream.
    assert!(page.text("notice").contains("5 keys"), "{}", page.text("notice"));
    assert_eq!(page.browser.count(&id("recording")), 0);
    page.assert_quiet();
}

#[test]
fn the_first_departure_from_the_protocol_is_flagged() {
    let dir = TempDir::new();
    let mut bytes = fs::read(capture("resync-7.0.15.pcap")).expect("the capture");
    // The first acknowledgement claims 9 bytes where the stream has not begun.
    let ack = b"$3\r\nACK\r\n$1\r\n0\r\n";
    let at = bytes.windows(ack.len()).position(|window| window == ack).expect("an ACK");
    bytes[at + ack.len() - 3] = b'9';
    let path = dir.path().join("lies.pcap");
    fs::write(&path, bytes).expect("a file");
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    page.watch(&path);
    let said = "The stream had been sent up to byte 0, but the replica acknowledges 9";
    assert!(page.text("breach").contains(said), "{}", page.text("breach"));
    // The next one acknowledges less again.
    assert!(page.text("breach").contains("1 more after it"), "{}", page.text("breach"));
    page.click("breach-go");
    assert!(page.text("sentence").contains(said), "{}", page.text("sentence"));
    assert_eq!(page.browser.count(".flags .violation"), 2);
    page.assert_quiet();
}

/// A capture of a busy link: what two servers said, and a client's writes in many packets.
fn busy(packets: u32) -> Vec<u8> {
    let mut file = fs::read(capture("resync-7.0.15.pcap")).expect("the capture");
    let said = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$300\r\n".to_owned() + &"x".repeat(300) + "\r\n";
    let len = 14 + 20 + 20 + said.len() as u32;
    for n in 0..packets {
        let mut packet = Vec::new();
        let seconds = 1_795_290_700 + n / 1_000;
        for word in [seconds, n % 1_000 * 1_000, len, len] {
            packet.extend(word.to_le_bytes());
        }
        packet.extend([0; 12]);
        packet.extend([8, 0, 0x45, 0]);
        packet.extend((len as u16 - 14).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend([40_000_u16.to_be_bytes(), 26_380_u16.to_be_bytes()].concat());
        packet.extend((1 + n * said.len() as u32).to_be_bytes());
        packet.extend([0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0]);
        packet.extend(said.bytes());
        file.extend(packet);
    }
    file
}

#[test]
fn a_large_capture_is_read_while_the_page_lives_and_can_be_stopped() {
    let dir = TempDir::new();
    let path = dir.path().join("busy.pcap");
    fs::write(&path, busy(120_000)).expect("a file");
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    let before = page.main("data-fingerprint");
    let bring = || {
        page.browser.type_into(&id("file"), path.to_str().expect("a path"));
        wait_for("the reading", LONG, || match page.browser.count(&id("reading")) {
            1 => Ok(()),
            _ => Err("not begun".to_owned()),
        });
    };
    // By the button, and by the keyboard.
    bring();
    page.click("reading-stop");
    assert_eq!(page.browser.count(&id("reading")), 0);
    bring();
    page.browser.type_into(&id("play"), "\u{e00c}");
    assert_eq!(page.browser.count(&id("reading")), 0);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(page.browser.count(&id("recording")), 0, "nothing comes after it was stopped");
    assert_eq!(page.main("data-fingerprint"), before);
    // Let alone it comes to its end; the page answers meanwhile.
    let _ = page.browser.script(
        "let last = performance.now(); window.longest = 0;\
         window.pulse = setInterval(() => { const now = performance.now();\
         window.longest = Math.max(window.longest, now - last); last = now }, 5)",
        &[],
    );
    page.watch(&path);
    let body = "clearInterval(window.pulse); return Math.round(window.longest)";
    let longest = page.browser.script(body, &[]);
    let _ = writeln!(std::io::stdout(), "120,000 packets: longest pause {longest} ms");
    assert!(longest.as_u64() < Some(2_000), "{longest} ms");
    let told = page.text("recording").replace('\u{202f}', " ");
    assert!(told.contains("120 122 packets, 9 connections"), "{told}");
    assert_eq!(page.browser.count(&id("breach-none")), 1, "{told}");
    page.assert_quiet();
}

#[test]
fn a_trace_is_shown_with_the_decisions_of_its_node() {
    let dir = TempDir::new();
    let id40 = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    let path = dir.path().join("master.trace");
    let lines = [
        "# lockstep trace 1".to_owned(),
        "# started 1767254400000".to_owned(),
        "# node n0 127.0.0.1:6380".to_owned(),
        "0.000001 n0 recv wire=w0 from=127.0.0.1:50000 kind=connect".to_owned(),
        "0.000001 n0 send wire=w0 to=127.0.0.1:50000 local=127.0.0.1:6380 kind=accept".to_owned(),
        "0.000002 n0 recv wire=w0 from=127.0.0.1:50000 kind=handshake \
         bytes=\"*3\\r\\n$8\\r\\nREPLCONF\\r\\n$14\\r\\nlistening-port\\r\\n$4\\r\\n6381\\r\\n\""
            .to_owned(),
        "0.000002 n0 send wire=w0 to=127.0.0.1:50000 kind=reply bytes=\"+OK\\r\\n\"".to_owned(),
        format!(
            "0.000003 n0 recv wire=w0 from=127.0.0.1:50000 kind=handshake \
             bytes=\"*3\\r\\n$5\\r\\nPSYNC\\r\\n$40\\r\\n{id40}\\r\\n$3\\r\\n101\\r\\n\""
        ),
        "0.000003 n0 send wire=w0 to=127.0.0.1:50000 kind=reply bytes=\"+CONTINUE\\r\\n\""
            .to_owned(),
        "0.000004 n0 send wire=w0 to=127.0.0.1:50000 kind=ping stream=101..115 \
         bytes=\"*1\\r\\n$4\\r\\nPING\\r\\n\""
            .to_owned(),
    ];
    // A server is still writing the last line.
    fs::write(&path, lines.join("\n") + "\n0.000005 n0 re").expect("a file");
    let page = Page::open_plain(Look::default());
    page.click("tab-state");
    page.watch(&path);
    page.until_it_says("6381 asks 6380 to go on with history 0a1b2c at byte 101");
    page.until_it_says("PING");
    assert_eq!(page.offset(1), Some("114".into()));
    // A torn line in the middle is said, with its number.
    fs::write(&path, "# lockstep trace 1\nnonsense\n0.000005 n0 woke\n").expect("a file");
    page.click("recording-leave");
    page.browser.type_into(&id("file"), path.to_str().expect("a path"));
    wait_for("the refusal", LONG, || match page.browser.count(&id("notice")) {
        1 if page.text("notice").contains("line 2") => Ok(()),
        _ => Err("no word yet".to_owned()),
    });
    page.assert_quiet();
}

/// axe-core finds nothing while a recording is shown, in either language, light and dark.
#[test]
fn a_recording_has_no_accessibility_violations() {
    let path = root().join("tests/data/axe-core/axe.min.js");
    let axe = fs::read_to_string(&path).expect("axe-core");
    let mut wrong = Vec::new();
    for (language, dark, width) in [("en", true, 1280), ("zh-CN", false, 360)] {
        let height = if width < 500 { 740 } else { 800 };
        let look = Look { width, height, dark, language };
        let page = Page::open_plain(look);
        page.watch(&capture("resync-7.0.15.pcap"));
        (0..8).for_each(|_| page.click("step"));
        let _ = page.browser.script(&axe, &[]);
        violations(&page, &look, "a recording", &mut wrong);
        let wide = page.browser.script("return document.documentElement.scrollWidth", &[]);
        assert!(wide.as_u64() <= Some(u64::from(width)), "{look:?}: {wide} px wide");
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}
