//! A conversation as JSON.
//!
//! ```text
//! {
//!   "format": "lockstep-conversation", "version": 1,
//!   "about": ["..."],                  lines that say what it is
//!   "started_unix_ms": 1767254400000,  the wall clock at time 0
//!   "nodes": [{"place": "n0", "name": "master", "address": "127.0.0.1:6380"}],
//!   "steps": [
//!     {"step": 1, "time": 0.000200, "sentence": "...", "records": [
//!       {"place": "n1", "event": "recv", "wire": "w3", "from": "n0", "kind": "reply",
//!        "bytes": "+PONG\r\n"}
//!     ]}
//!   ],
//!   "hash": "0123456789abcdef"
//! }
//! ```
//!
//! * A record is a line of a trace ([`crate::trace`] is the reference): where, what, and its fields
//!   by their names. The first one of a step is its cause; the messages it sent come last.
//! * Whole numbers are numbers; `yes` and `no` are true and false, `none` is null; all else is
//!   text.
//! * Times are seconds of virtual time, with six decimals.
//! * `bytes`, `raw` and `key`, and each of a list of `keys`, are bytes: one character each, U+0000
//!   to U+00FF. In Python `text.encode("latin-1")`, in JavaScript `charCodeAt`.
//! * Fields and events may be added within a version; what is there keeps its meaning.
//! * `hash` is that of the trace ([`crate::hash`]), as `lockstep sim run` prints it.

use super::Words;
use crate::hash::TraceHash;
use crate::ids::Peer;
use crate::step::Step;
use crate::trace;
use crate::world::World;

/// Of the format.
const VERSION: u32 = 1;

/// The fields that hold bytes and not text.
const BYTES: &[&str] = &["bytes", "raw", "key", "keys"];

/// Digits of the longest number that every reader of JSON keeps exactly.
const DIGITS_MAX: usize = 15;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Json {
    out: String,
    lines: String,
    hash: TraceHash,
    first: bool,
}

impl Json {
    pub(super) fn new(start: &World, words: &dyn Words, about: &[&str]) -> Self {
        let mut out = format!(
            "{{\n\"format\": \"lockstep-conversation\", \"version\": {VERSION},\n\"about\": ["
        );
        separated(&mut out, ", ", about, |out, line| text(out, line.chars()));
        let started = start.unix_ms() - start.now().0 / 1_000;
        out.push_str(&format!("],\n\"started_unix_ms\": {started},\n\"nodes\": [\n"));
        separated(&mut out, ",\n", &start.nodes(), |out, node| {
            let place = node.id.to_string();
            let name = words.peer(Peer::Node(node.id));
            let parts = [("{\"place\": ", &place), (", \"name\": ", &name)];
            for (label, value) in parts.into_iter().chain([(", \"address\": ", &node.address)]) {
                out.push_str(label);
                text(out, value.chars());
            }
            out.push('}');
        });
        out.push_str("\n],\n\"steps\": [");
        Self { out, lines: String::new(), hash: TraceHash::default(), first: true }
    }

    /// Adds a step; returns how long the file is.
    pub(super) fn step(&mut self, step: &Step, words: &dyn Words) -> usize {
        self.hash.step(step);
        self.lines.clear();
        trace::write_step(&mut self.lines, step);
        let out = &mut self.out;
        out.push_str(if std::mem::take(&mut self.first) { "\n" } else { ",\n" });
        out.push_str(&format!("{{\"step\": {}, \"time\": ", step.index));
        trace::put_time(out, step.at);
        out.push_str(", \"sentence\": ");
        text(out, words.sentence(step).chars());
        out.push_str(", \"records\": [\n");
        let lines: Vec<&str> = self.lines.lines().collect();
        separated(out, ",\n", &lines, |out, line| record(out, line));
        out.push_str("\n]}");
        out.len()
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.push_str(&format!("\n],\n\"hash\": \"{:016x}\"\n}}\n", self.hash.finish()));
        self.out.into_bytes()
    }
}

/// Writes things with something between them.
fn separated<T>(out: &mut String, by: &str, all: &[T], put: impl Fn(&mut String, &T)) {
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            out.push_str(by);
        }
        put(out, one);
    }
}

/// A line of a trace as an object.
fn record(out: &mut String, line: &str) {
    let Some((place, event, fields)) = trace::split_line(line) else { return };
    out.push_str("  {\"place\": ");
    text(out, place.chars());
    out.push_str(", \"event\": ");
    text(out, event.chars());
    for (name, value) in fields {
        out.push_str(", ");
        text(out, name.chars());
        out.push_str(": ");
        field(out, name, value);
    }
    out.push('}');
}

fn field(out: &mut String, name: &str, value: &str) {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match value {
        "yes" => out.push_str("true"),
        "no" => out.push_str("false"),
        "none" => out.push_str("null"),
        _ if number && digits.len() <= DIGITS_MAX => out.push_str(value),
        _ if !value.starts_with('"') => text(out, value.chars()),
        _ if name == "keys" => {
            out.push('[');
            let keys = trace::unquote_all(value).unwrap_or_default();
            separated(out, ", ", &keys, |out, key| bytes(out, key));
            out.push(']');
        }
        _ => {
            let plain = trace::unquote(value).unwrap_or_default();
            match std::str::from_utf8(&plain) {
                Ok(plain) if !BYTES.contains(&name) => text(out, plain.chars()),
                _ => bytes(out, &plain),
            }
        }
    }
}

/// A string in which each character is one byte.
fn bytes(out: &mut String, bytes: &[u8]) {
    text(out, bytes.iter().map(|&byte| char::from(byte)));
}

fn text(out: &mut String, chars: impl Iterator<Item = char>) {
    out.push('"');
    for char in chars {
        match char {
            '"' | '\\' => {
                out.push('\\');
                out.push(char);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Those beyond ASCII that are no letters upset terminals and some readers of lines.
            '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use serde_json::Value;

    use super::super::Form;
    use super::super::tests::exported;
    use crate::scenario::{STEPS_MAX, Scenario, find};

    fn parsed(name: &str) -> Value {
        serde_json::from_slice(&exported(Form::Json, name)).expect("it is JSON")
    }

    #[test]
    fn what_is_written_is_json_with_the_bytes_of_every_message() {
        for name in ["a02-full-resync-in-bytes", "d07-restarts", "a16-telnet"] {
            let json = parsed(name);
            assert_eq!(
                (&json["format"], &json["version"]),
                (&"lockstep-conversation".into(), &1.into())
            );
            let mut steps = json["steps"].as_array().expect("a list").iter();
            let scenario = Scenario::parse(find(name).unwrap()).unwrap();
            let mut hash = crate::hash::TraceHash::default();
            scenario.run(STEPS_MAX, &mut |_, step| {
                hash.step(step);
                let told = steps.next().expect("a step");
                assert_eq!(told["step"], step.index);
                assert!(told["sentence"].as_str().is_some_and(|text| !text.is_empty()));
                let records = told["records"].as_array().expect("a list");
                let sent = records.iter().filter(|record| record["event"] == "send");
                let sent: Vec<&Value> = sent.collect();
                assert_eq!(sent.len(), step.sent.len());
                for (record, message) in sent.iter().zip(&step.sent) {
                    assert_eq!(record["place"], message.from.to_string());
                    assert_eq!(record["to"], message.to.to_string());
                    let bytes = record["bytes"].as_str().unwrap_or_default();
                    let bytes: Vec<u8> = bytes.chars().map(|c| c as u8).collect();
                    assert_eq!(bytes, message.bytes, "{record}");
                }
            });
            assert!(steps.next().is_none());
            assert_eq!(json["hash"], format!("{:016x}", hash.finish()));
        }
    }

    #[test]
    fn values_have_their_types() {
        let mut out = String::new();
        let line = "1.000000 n0 x a=12 b=-3 c=yes d=none e=3.7 f=10..20 g=\"\\xe5\\x90\\x8d\" \
                    h=1234567890123456 keys=\"a\\\",\",\"\\xff\" key=\"\\x00\\xe5\\x90\\x8d\"";
        super::record(&mut out, line);
        let value: Value = serde_json::from_str(&out).expect("JSON");
        let expected = serde_json::json!({
            "place": "n0", "event": "x", "a": 12, "b": -3, "c": true, "d": null, "e": "3.7",
            "f": "10..20", "g": "名", "h": "1234567890123456", "keys": ["a\",", "\u{ff}"],
            "key": "\0\u{e5}\u{90}\u{8d}",
        });
        assert_eq!(value, expected);
    }
}
