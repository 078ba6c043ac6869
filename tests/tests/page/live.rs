//! Live nodes: real servers, a real redis-cli, and the page that shows what becomes of it.

use std::time::Duration;

use lockstep_tests::server::{Kind, Launch, Server, free_port, redis_cli};
use lockstep_tests::wait_for;
use lockstep_tests::webdriver::Look;
use serde_json::json;

use super::{Page, Play, id};

/// Nothing here takes longer: a master waits five seconds before it makes a snapshot.
const PATIENCE: Duration = Duration::from_secs(60);

impl Page {
    fn open_live(look: Look, args: &[&str]) -> Self {
        let play = Play::start_with(args);
        let url = play.url.clone();
        let page = Self::open_at(look, url, Some(play));
        assert_eq!(page.browser.attribute(&id("live"), "aria-pressed").as_deref(), Some("false"));
        page.click("live");
        page
    }

    /// Waits until the list of events has a row with all these words in it.
    fn tells(&self, words: &[&str]) {
        wait_for(&format!("{words:?}"), PATIENCE, || {
            let text = self.listed();
            let told = text.lines().any(|line| words.iter().all(|word| line.contains(word)));
            if told { Ok(()) } else { Err(text) }
        });
    }

    /// All rows of the list of events, also those that are out of view.
    fn listed(&self) -> String {
        let rows = "return [...document.querySelectorAll('[data-testid=events] li')]\
                    .map(row => row.textContent).join('\\n')";
        let text = self.browser.script(rows, &[]);
        text.as_str().unwrap_or_default().to_owned()
    }

    fn stands(&self, attribute: &str, values: &[&str]) {
        wait_for(&format!("{attribute} {values:?}"), PATIENCE, || {
            let found = self.nodes(attribute);
            if found == values { Ok(()) } else { Err(format!("{found:?}")) }
        });
    }

    fn live_state(&self) -> String {
        self.browser.attribute(&id("live-state"), "data-state").unwrap_or_default()
    }
}

#[test]
fn what_is_typed_into_a_real_redis_cli_is_seen_in_the_page() {
    let ports = [free_port(), free_port(), free_port()];
    let [master, ..] = ports;
    let list = ports.map(|port| port.to_string()).join(",");
    let mut page = Page::open_live(Look::default(), &["--nodes", &list]);
    page.stands("data-port", &ports.map(|p| p.to_string()).each_ref().map(String::as_str));
    page.stands("data-role", &["master", "replica", "replica"]);
    page.stands("data-state", &["calm", "good", "good"]);
    assert_eq!(redis_cli(master, &["SET", "name", "chaoge"]), "OK");
    page.tells(&["A client sends", "SET name chaoge", "The change joins the stream"]);
    page.tells(&["applies", "SET name chaoge", "from"]);
    // The page's offsets are those that the nodes tell redis-cli. They move: PING is in the stream.
    wait_for("the offset", PATIENCE, || {
        let told = |port: u16| {
            let info = redis_cli(port, &["INFO", "replication"]);
            let line = info.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
            line.unwrap_or_default().trim().to_owned()
        };
        let told: Vec<String> = ports.iter().map(|port| told(*port)).collect();
        let shown = page.nodes("data-offset");
        let same = shown == told && told.iter().all(|offset| *offset == told[0]);
        if same { Ok(()) } else { Err(format!("{shown:?}, not {told:?}")) }
    });
    // Who steps back stays there, while the nodes go on.
    assert_eq!(page.live_state(), "good");
    page.click("back");
    let (step, steps) = (page.step(), page.main("data-steps"));
    assert_eq!(page.live_state(), "warn");
    assert_eq!(redis_cli(master, &["SET", "other", "one"]), "OK");
    wait_for("more to come", PATIENCE, || {
        if page.main("data-steps") == steps { Err(steps.clone()) } else { Ok(()) }
    });
    assert_eq!(page.step(), step);
    page.click("live-now");
    assert_eq!(page.live_state(), "good");
    page.tells(&["SET other one"]);
    // A node that goes is shown as gone, with what led to it.
    let _ = redis_cli(ports[2], &["SHUTDOWN", "NOSAVE"]);
    page.stands("data-state", &["calm", "good", "bad"]);
    page.tells(&["The process of", "has ended"]);
    page.assert_quiet();
    // When the program ends, the page says so and keeps what it knows.
    page._play = None;
    wait_for("the end to be told", PATIENCE, || match page.live_state().as_str() {
        "bad" => Ok(()),
        state => Err(state.to_owned()),
    });
    assert!(page.text("live-panel").contains("has ended, or cannot be reached"));
    page.tells(&["SET other one"]);
    page.click("live-leave");
    assert!(page.nodes("data-port").contains(&"6380".to_owned()), "the sandbox is as it was");
}

#[test]
fn a_real_redis_is_followed_and_its_answers_are_shown() {
    let redis = Server::redis();
    let address = format!("127.0.0.1:{}", redis.port);
    let page = Page::open_live(Look::default(), &["--follow", &address]);
    page.stands("data-role", &["master", "replica"]);
    page.stands("data-state", &["calm", "good"]);
    page.tells(&["PSYNC ? -1"]);
    let answer = format!("{} answers", redis.port);
    page.tells(&[&answer, "you get a full copy"]);
    // The row leads to the step, and the step to the bytes that redis-server has sent.
    let open = "[...document.querySelectorAll('[data-testid=events] button')]\
                .find(row => row.textContent.includes(arguments[0])).click()";
    let _ = page.browser.script(open, &[answer.into()]);
    wait_for("the answer's bytes", PATIENCE, || {
        let bytes = "return document.querySelector('.side .body').textContent";
        let shown = page.browser.script(bytes, &[]);
        let shown = shown.as_str().unwrap_or_default().to_owned();
        if shown.contains("FULLRESYNC") { Ok(()) } else { Err(shown) }
    });
    page.click("live-now");
    let info = redis_cli(redis.port, &["INFO", "replication"]);
    let replid = info.lines().find_map(|line| line.strip_prefix("master_replid:"));
    page.stands("data-replid", &[replid.expect("an id").trim(); 2]);
    assert_eq!(redis_cli(redis.port, &["SET", "name", "chaoge"]), "OK");
    page.tells(&["applies", "SET name chaoge"]);
    page.assert_quiet();
    drop(page);
    // With a password, which is nowhere to be seen.
    let redis = Launch::new(Kind::Redis).set("requirepass", "se-cret").start();
    let address = format!("127.0.0.1:{}", redis.port);
    let page = Page::open_live(Look::default(), &["--follow", &address, "--pass", "se-cret"]);
    page.stands("data-state", &["calm", "good"]);
    page.tells(&["you get a full copy"]);
    let html = page.browser.script("return document.documentElement.outerHTML", &[]);
    assert!(!html.as_str().unwrap_or_default().contains("cret"));
}

#[test]
fn without_live_nodes_the_page_asks_for_none() {
    for page in [Page::open(Look::default()), Page::open_plain(Look::default())] {
        assert_eq!(page.browser.count(&id("live")), 0);
        let requests = "return performance.getEntriesByType('resource')\
                        .filter(e => /live/.test(e.name)).length";
        let asked = page.browser.script(requests, &[]);
        assert_eq!(asked, json!(0));
        page.assert_quiet();
    }
}
