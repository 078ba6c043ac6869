//! `cargo xtask web --profile`: which functions the page starts with.
//!
//! The page is built so that it remembers which of its functions have run, and is used in a browser
//! as people use it in its first seconds: in both languages, light and dark, wide and narrow,
//! through the opening world by each grain, there and back. What ran is written down; everything
//! else comes later (`bin/bindgen/split.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lockstep_tests::site::Site;
use lockstep_tests::wait_for;
use lockstep_tests::webdriver::{Browser, Look};

use crate::web::{self, Mode};
use crate::{cmd, tools};

/// The list.
pub(crate) const LIST: &str = "web/first.txt";
/// Above it.
const HEAD: &str = "\
# The functions that the page starts with: those that ran on a walk through the opening world.
# Everything else comes later. Written by `cargo xtask web --profile`; nobody need edit it.
";
/// Steps beyond the moment at which the page appears: well past the partial resynchronisation.
const STEPS: u64 = 80;

/// How the page is looked at.
const LOOKS: [Look; 3] = [
    Look { width: 1280, height: 800, dark: false, language: "en" },
    Look { width: 1280, height: 800, dark: true, language: "zh-CN" },
    Look { width: 360, height: 740, dark: false, language: "zh-CN" },
];

/// Writes the list anew.
pub(crate) fn run() -> Result<()> {
    tools::apt(tools::BROWSER)?;
    let out = cmd::target_dir().join("profile-page");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    web::write(&out, Mode::Profile)?;
    let names = cmd::target_dir().join("page/lockstep-web_names.txt");
    let names = fs::read_to_string(&names).with_context(|| names.display().to_string())?;
    let names: Vec<&str> = names.lines().collect();
    let mut ran: BTreeSet<&str> = BTreeSet::new();
    for look in LOOKS {
        println!("Walking through the opening world: {look:?}.");
        ran.extend(walk(&out, look).into_iter().filter_map(|index| names.get(index).copied()));
    }
    ensure!(!ran.is_empty(), "no function ran");
    let list = ran.iter().fold(HEAD.to_owned(), |text, name| text + name + "\n");
    fs::write(cmd::root().join(LIST), list)?;
    println!("{LIST}: {} of {} functions.", ran.len(), names.len());
    Ok(())
}

/// Uses the page; returns the numbers of the functions that ran.
fn walk(dir: &Path, look: Look) -> Vec<usize> {
    let site = Site::start(dir.to_path_buf(), "profile");
    let browser = Browser::start(look);
    browser.open(&site.url);
    let step = || {
        let body = "return Number(document.querySelector('main')?.dataset.step ?? -1)";
        browser.script(body, &[]).as_u64()
    };
    let began = wait_for("the world to appear", Duration::from_secs(60), || {
        step().ok_or_else(|| format!("{:?}", browser.take_log("browser")))
    });
    let act = |id: &str, action: &str, args: [&str; 2]| {
        let body = format!(
            "const e = document.querySelector(arguments[0]); if (!e) return false;\
             const [event, value] = [arguments[1], arguments[2]]; {action}; return true;"
        );
        let css = format!("[data-testid=\"{id}\"]");
        let done = browser.script(&body, &[css.as_str().into(), args[0].into(), args[1].into()]);
        if done != true {
            println!("warning: the page has no {css}, and is walked through without.");
        }
        sleep(Duration::from_millis(15));
    };
    let click = |id: &str| act(id, "e.click()", ["", ""]);
    let set = |id: &str, event: &str, value: &str| {
        let change = "e.value = value; e.dispatchEvent(new Event(event, { bubbles: true }))";
        act(id, change, [event, value]);
    };
    for at in [0, began / 2, began] {
        set("slider", "input", &at.to_string());
    }
    for (grain, steps) in [("transition", 1), ("delivery", 20), ("event", STEPS)] {
        set("slider", "input", "0");
        set("grain", "change", grain);
        while step() < Some(began + steps) {
            click("step");
        }
        for _ in 0..20 {
            click("back");
        }
        click("back-transition");
    }
    for key in ['\u{e014}', '\u{e012}'] {
        browser.press(key);
    }
    set("slider", "input", "0");
    click("step-transition");
    click("play");
    sleep(Duration::from_millis(3000));
    click("play");
    click("theme");
    click("lang");
    click("lang");
    set("slider", "input", &began.to_string());
    let body = "return [...lockstepRan()].flatMap((ran, index) => ran ? [index] : [])";
    let found = browser.script(body, &[]);
    let found = found.as_array().expect("a list").iter();
    found.filter_map(|index| index.as_u64()?.try_into().ok()).collect()
}
