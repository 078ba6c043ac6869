//! What is in a keyspace, for people: bounded, whatever there is.

use lockstep_core::keyspace::{Keyspace, Value};
use lockstep_core::packed::Elem;
use lockstep_core::resp::reply::format_double;

use crate::view::KeyView;

/// More keys than these are not sorted.
const SORTED_MAX: usize = 2_000;
/// Characters of a value, and of a key.
const TEXT_MAX: usize = 60;

/// The first keys of a keyspace, with their values.
pub(super) fn first(keyspace: &Keyspace, now_ms: u64, max: usize) -> Vec<KeyView> {
    let mut found = Vec::new();
    for db in 0..keyspace.databases() {
        let room = max.saturating_sub(found.len());
        let mut keys: Vec<_> = keyspace.iter(db).take(SORTED_MAX.max(room)).collect();
        keys.sort_unstable_by_key(|(key, ..)| *key);
        found.extend(keys.into_iter().take(room).map(|(key, value, expires_at_ms)| KeyView {
            db,
            key: readable(key),
            kind: value.type_name(),
            encoding: value.encoding(),
            value: text(value),
            elements: elements(value),
            expires_at_ms,
            expired: expires_at_ms.is_some_and(|at| at <= now_ms),
        }));
    }
    found
}

fn elements(value: &Value) -> Option<u64> {
    let count = match value {
        Value::Str(_) => return None,
        Value::List(list) => list.len(),
        Value::Hash(hash) => hash.len(),
        Value::Set(set) => set.len(),
        Value::ZSet(zset) => zset.len(),
    };
    Some(count as u64)
}

/// The beginning of a value: elements apart by commas, as many as there is room for.
fn text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Str(text) => return readable(text.bytes()),
        Value::List(list) => gather(&mut out, list.iter().map(show)),
        Value::Set(set) => gather(&mut out, set.iter().map(show)),
        Value::Hash(hash) => {
            gather(&mut out, hash.iter().map(|(field, value)| pair(field, &show(value))));
        }
        Value::ZSet(zset) => {
            let members = zset.iter();
            gather(&mut out, members.map(|(member, score)| pair(member, &format_double(score))));
        }
    }
    out
}

fn pair(name: Elem<'_>, value: &str) -> String {
    show(name) + ": " + value
}

fn show(elem: Elem<'_>) -> String {
    match elem {
        Elem::Int(number) => number.to_string(),
        Elem::Bytes(bytes) => readable(bytes),
    }
}

fn gather(out: &mut String, parts: impl Iterator<Item = String>) {
    for part in parts {
        if out.len() > TEXT_MAX {
            out.push_str(", …");
            return;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&part);
    }
}

/// Text as it is, anything else escaped; cut where it gets long.
fn readable(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes[..bytes.len().min(TEXT_MAX)].escape_ascii().to_string(),
    };
    if text.chars().nth(TEXT_MAX).is_none() {
        return text;
    }
    text.chars().take(TEXT_MAX).chain(['…']).collect()
}
