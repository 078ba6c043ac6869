//! What of the page's module runs in its first seconds.
//!
//! The page is built so that it remembers what of it has run, and all is done in a browser that
//! needs not wait for the second part (`web/later.js`): through the opening world by step and
//! slider, there and back, in both languages, light and dark, wide and narrow. What ran is what the
//! page starts with; everything else comes later (`bin/bindgen/split.rs`). A walk is done once for
//! each build of the module.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lockstep_tests::site::Site;
use lockstep_tests::wait_for;
use lockstep_tests::webdriver::{Browser, Look};

use crate::web::{self, Mode};
use crate::{cmd, tools};

/// Times that a walk is tried: browsers stumble.
const TRIES: usize = 2;

/// How the page is looked at.
const LOOKS: [Look; 3] = [
    Look { width: 1280, height: 800, dark: false, language: "en" },
    Look { width: 1280, height: 800, dark: true, language: "zh-CN" },
    Look { width: 360, height: 740, dark: false, language: "zh-CN" },
];

/// The walk, as a function of a callback that gets the numbers of the pieces that ran.
const WALK: &str = r#"
const done = arguments[arguments.length - 1];
const find = (id) => document.querySelector(`[data-testid="${id}"]`);
const at = () => Number(document.querySelector("main").dataset.step);
let turns = 0;
const frame = () => new Promise((resolve) => {
  if (++turns % 8) setTimeout(resolve);
  else requestAnimationFrame(() => setTimeout(resolve));
});
const click = async (id) => { find(id)?.click(); await frame(); };
const set = async (id, event, value) => {
  const element = find(id);
  if (!element) return;
  element.value = value;
  element.dispatchEvent(new Event(event, { bubbles: true }));
  await frame();
};
const key = async (name) => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  await frame();
};
(async () => {
  const began = at();
  for (const part of [0, 0.3, 0.7, 1]) await set("slider", "input", Math.round(began * part));
  await set("slider", "input", 0);
  for (let count = 0; count < 400 && at() < began + 80; count++) await click("step");
  for (let count = 0; count < 400 && at() > 0; count++) await click("back");
  for (let step = 0; step <= began; step++) await set("slider", "input", step);
  // Here and there: what is drawn anew differs with where one comes from.
  for (let count = 1, to = 0; count <= 150; count++) {
    to = (to * 31 + 17 * count) % (began + 100);
    await set("slider", "input", to);
    if (count % 3) await click(count % 2 ? "step" : "back");
  }
  await set("slider", "input", began);
  for (const name of ["ArrowRight", "ArrowLeft"]) await key(name);
  done([...lockstepRan()].flatMap((ran, index) => (ran ? [index] : [])));
})().catch((error) => done(String(error)));
"#;

/// The file that says which pieces of a bound module run at first. It is written now if the module
/// is a new one.
pub(crate) fn of(bound: &Path) -> Result<PathBuf> {
    let mut bytes = fs::read(bound).with_context(|| bound.display().to_string())?;
    let module = web::hash(&bytes);
    bytes.extend(WALK.bytes());
    let file = cmd::target_dir().join(format!("page-profile/{:016x}.txt", web::hash(&bytes)));
    if file.is_file() {
        return Ok(file);
    }
    ensure!(tools::have(tools::BROWSER), "there is no browser to walk through it");
    let out = cmd::target_dir().join("page-profile/page");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let page = web::write(&out, Mode::Profile)?;
    ensure!(page.bound == module, "the page's sources changed while it was built");
    println!("Walking through the opening world, to learn what the page starts with.");
    let mut ran: Vec<bool> = Vec::new();
    for look in LOOKS {
        for index in tried(&out, look)? {
            ran.resize(ran.len().max(index + 1), false);
            ran[index] = true;
        }
    }
    let text: String = ran.iter().map(|ran| if *ran { '1' } else { '0' }).collect();
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    Ok(file)
}

/// Walks, again if need be.
fn tried(dir: &Path, look: Look) -> Result<Vec<usize>> {
    for _ in 0..TRIES {
        match catch_unwind(|| walk(dir, look)) {
            Ok(Ok(ran)) => return Ok(ran),
            Ok(Err(error)) => println!("warning: the walk through the page failed: {error:#}"),
            Err(_) => println!("warning: the browser failed on the walk through the page"),
        }
    }
    bail!("the opening world cannot be walked through")
}

/// Uses the page; returns the numbers of the pieces that ran.
fn walk(dir: &Path, look: Look) -> Result<Vec<usize>> {
    let site = Site::start(dir.to_path_buf(), "profile");
    let browser = Browser::start(look);
    browser.open(&site.url);
    wait_for("the world to appear", Duration::from_secs(60), || {
        let body = "return document.querySelector('main')?.dataset.step ?? ''";
        let step = browser.script(body, &[]);
        let step = step.as_str().filter(|step| !step.is_empty()).map(str::to_owned);
        step.ok_or_else(|| format!("{:?}", browser.take_log("browser")))
    });
    // As the browser itself sends events, too.
    for control in ["step", "back", "step"] {
        browser.click(&format!("[data-testid=\"{control}\"]"));
    }
    for key in ['\u{e014}', '\u{e012}'] {
        browser.press(key);
    }
    let found = browser.script_async(WALK, &[]);
    let ran = found.as_array().with_context(|| found.to_string())?.iter();
    let ran: Vec<usize> = ran.filter_map(|index| index.as_u64()?.try_into().ok()).collect();
    ensure!(!ran.is_empty(), "nothing ran");
    Ok(ran)
}
