//! The same random commands to redis-server 7.0.15 and to lockstep: reply for reply equal, errors
//! and arities included, and the same data in the same encodings at the end.
//!
//! A difference does not end the run: both sides are emptied and it goes on, so that one run
//! reports every kind of difference it meets. `LOCKSTEP_STEPS` sets how long it goes on,
//! `LOCKSTEP_SEED` repeats one, `LOCKSTEP_SUBJECT=redis` runs the reference against itself.

#[path = "conformance/templates.rs"]
mod templates;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lockstep_tests::dataset::{Command, command, shown};
use lockstep_tests::grammar::{damage, generate};
use lockstep_tests::resp::{Client, Value};
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::wait_for;
use templates::{
    DATABASES, ELSEWHERE, HASHES, KEYS, LISTS, REFUSED, SETS, SIZES, STRINGS, TRANSACTIONS, TTLS,
    UNSAFE_TO_TRY, ZSETS,
};

/// How two replies have to agree.
#[derive(Clone, Copy, PartialEq)]
enum Agree {
    /// To the byte.
    Exactly,
    /// As collections: Redis does not promise an order.
    InAnyOrder,
    /// As pairs in any order: fields and values, members and scores.
    AsPairs,
    /// As times that pass while one looks: a difference of some seconds, in the unit given.
    Within(i64),
    /// As `SORT` has it: with ALPHA it knows a string up to its first NUL byte and begins with the
    /// order of a set, so what is the same to it may change places; without, Redis takes an error
    /// of an earlier conversion (`errno`) for its own.
    Sorted,
    /// In kind and size: what is in it is random, or an estimate.
    InShape,
}
use Agree::{AsPairs, Exactly, InAnyOrder, InShape, Sorted, Within};

/// Two servers and what was said to both.
struct Pair {
    reference: Client,
    subject: Client,
    recent: VecDeque<String>,
    /// How the replies of commands that wait for EXEC have to agree.
    queued: Vec<Agree>,
    differences: BTreeMap<String, String>,
    count: usize,
}

impl Pair {
    fn new(reference: &Server, subject: &Server) -> Self {
        Self {
            reference: reference.client(),
            subject: subject.client(),
            recent: VecDeque::new(),
            queued: Vec::new(),
            differences: BTreeMap::new(),
            count: 0,
        }
    }

    /// Sends a command to both and compares.
    fn step(&mut self, sent: &Command, agree: Agree) {
        self.count += 1;
        let expected = self.reference.call(sent);
        let actual = self.subject.call(sent);
        let text = shown(sent);
        if !self.agree(sent, &expected, &actual, agree) {
            self.differ(sent, &expected, &actual);
        }
        self.recent.push_back(text);
        if self.recent.len() > 12 {
            self.recent.pop_front();
        }
    }

    /// Whether the replies agree; those of a transaction, each as its command has to.
    fn agree(&mut self, sent: &Command, expected: &Value, actual: &Value, agree: Agree) -> bool {
        match (expected, actual) {
            (Value::Simple(text), _) if text == b"QUEUED" => self.queued.push(agree),
            (Value::Array(one), Value::Array(other)) if sent[0] == b"EXEC" => {
                let queued = std::mem::take(&mut self.queued);
                let pairs = one.iter().zip(other).zip(queued);
                let mut pairs = pairs.map(|((one, other), agree)| agrees(one, other, agree));
                return one.len() == other.len() && pairs.all(|same| same);
            }
            // Refused or aborted, or nothing was queued: the transaction is over.
            _ if sent[0] == b"EXEC" => self.queued.clear(),
            (Value::Simple(_), _) if sent[0] == b"DISCARD" => self.queued.clear(),
            _ => {}
        }
        agrees(expected, actual, agree)
    }

    /// Notes a difference (the first of its kind) and makes both sides equal again.
    fn differ(&mut self, sent: &Command, expected: &Value, actual: &Value) {
        let name = String::from_utf8_lossy(&sent[0]).to_ascii_uppercase();
        let kind = format!("{name} {}/{}", sort_of(expected), sort_of(actual));
        let recent: Vec<&str> = self.recent.iter().map(String::as_str).collect();
        let report = format!(
            "step {}: {}\n    redis:    {expected:?}\n    lockstep: {actual:?}\n    before it: {}",
            self.count,
            shown(sent),
            recent.join(" ; ")
        );
        self.differences.entry(kind).or_insert(report);
        self.start_over();
    }

    fn start_over(&mut self) {
        for client in [&mut self.reference, &mut self.subject] {
            let _ = client.run("DISCARD");
            let _ = client.run("UNWATCH");
            let _ = client.run("FLUSHALL");
            let _ = client.run("SELECT 0");
        }
        self.queued.clear();
        self.recent.clear();
        self.recent.push_back("FLUSHALL".into());
    }

    /// Both hold the same, in the same encodings.
    fn compare_data(&mut self) {
        self.step(&command(&["DISCARD"]), Exactly);
        // A scan deletes what expired on both sides, which they do at times of their own otherwise.
        for db in (0..16).rev() {
            self.step(&command(&["SELECT", &db.to_string()]), Exactly);
            self.step(&command(&["SCAN", "0", "COUNT", "1000"]), InAnyOrder);
            self.step(&command(&["DBSIZE"]), Exactly);
        }
        let sent = command(&["DEBUG", "DIGEST"]);
        self.step(&sent, Exactly);
        let keys = self.reference.run("KEYS *");
        let mut names: Vec<Vec<u8>> = keys.items().iter().map(|k| k.text().into_bytes()).collect();
        names.sort();
        for name in names {
            self.step(&command(&[b"OBJECT".as_slice(), b"ENCODING", &name]), Exactly);
            self.step(&command(&[b"DEBUG".as_slice(), b"DIGEST-VALUE", &name]), Exactly);
        }
    }

    fn finish(self) {
        let kinds = self.differences.len();
        let text: Vec<String> = self.differences.into_values().collect();
        let count = self.count;
        assert!(kinds == 0, "{kinds} kinds of differences in {count} steps:\n{}", text.join("\n"));
    }
}

/// A word for what a reply is, to tell kinds of differences apart.
fn sort_of(value: &Value) -> String {
    match value {
        Value::Error(text) => {
            let text = String::from_utf8_lossy(text);
            text.split(' ').take(4).collect::<Vec<_>>().join(" ")
        }
        Value::Array(_) | Value::Set(_) | Value::Map(_) | Value::Push(_) => "array".into(),
        Value::Int(_) => "integer".into(),
        Value::NilBulk | Value::NilArray | Value::Null => format!("{value:?}"),
        Value::Simple(_) => "simple".into(),
        _ => "string".into(),
    }
}

fn agrees(expected: &Value, actual: &Value, agree: Agree) -> bool {
    if expected == actual {
        return true;
    }
    if let (Sorted, Value::Error(text), Value::Array(numbers)) = (agree, expected, actual) {
        let stale = text.ends_with(b"scores can't be converted into double");
        return stale && numbers.iter().all(|n| n.text().parse::<f64>().is_ok());
    }
    if std::mem::discriminant(expected) != std::mem::discriminant(actual) {
        return false;
    }
    match (agree, expected, actual) {
        (Within(limit), Value::Int(one), Value::Int(other)) => {
            *one >= 0 && *other >= 0 && (one - other).abs() <= limit
        }
        (Sorted, Value::Array(one), Value::Array(other)) => {
            let known = |value: &Value| value.text().split('\0').next().map(str::to_owned);
            one.iter().map(known).eq(other.iter().map(known))
        }
        (InShape, Value::Error(_), _) => false,
        (InShape, Value::Array(one), Value::Array(other)) => one.len() == other.len(),
        (InShape, _, _) => true,
        (InAnyOrder | AsPairs, _, _) if is_list(expected) => {
            let (one, other) = (expected.items(), actual.items());
            let size = if agree == AsPairs { 2 } else { 1 };
            // A SCAN reply is a cursor and the list.
            if let ([cursor, Value::Array(one)], [same, Value::Array(other)]) = (one, other) {
                return cursor == same && sorted(one, size) == sorted(other, size);
            }
            sorted(one, size) == sorted(other, size)
        }
        _ => false,
    }
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Set(_) | Value::Map(_))
}

fn sorted(items: &[Value], size: usize) -> Vec<&[Value]> {
    let mut chunks: Vec<&[Value]> = items.chunks(size).collect();
    chunks.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    chunks
}

fn servers() -> (Server, Server) {
    let kind = match std::env::var("LOCKSTEP_SUBJECT").as_deref() {
        Ok("redis") => Kind::Redis,
        _ => Kind::Lockstep,
    };
    // Small limits: random commands pass them often.
    let launch = |kind| {
        Launch::new(kind)
            .set("hash-max-listpack-entries", 4)
            .set("zset-max-listpack-entries", 4)
            .set("set-max-intset-entries", 4)
            .set("list-max-listpack-size", 4)
            .start()
    };
    (launch(Kind::Redis), launch(kind))
}

fn steps() -> usize {
    std::env::var("LOCKSTEP_STEPS").map_or(20_000, |text| text.parse().expect("a number"))
}

/// A random sequence over some templates, with transactions between.
fn sequence(name: &str, protocol: u8, templates: &[(&str, Agree)]) {
    let mut rng = Rng::from_env(name);
    let (reference, subject) = servers();
    let mut pair = Pair::new(&reference, &subject);
    if protocol == 3 {
        for client in [&mut pair.reference, &mut pair.subject] {
            assert!(!client.run("HELLO 3").is_error());
        }
    }
    for step in 0..steps() {
        let (template, agree) = rng.pick(templates);
        let mut sent = generate(template, &mut rng);
        // A damaged BLPOP may block, a damaged SPOP pops at random, and cursors are each node's
        // own.
        let name = sent[0].as_slice();
        let by_name = sent.get(1).is_some_and(|key| key == b"lex");
        // Equal scores have to stay equal.
        let fragile = name == b"SPOP"
            || (name == b"ZADD" && by_name)
            || name.ends_with(b"SCAN")
            // A count of -2147483649 asks for as many members: gigabytes, from either side.
            || name.ends_with(b"RANDMEMBER")
            || name == b"HRANDFIELD"
            || (name.starts_with(b"B") && !name.starts_with(b"BIT"));
        if rng.one_in(12) && sent.len() > 1 && !fragile {
            damage(&mut sent, &mut rng);
            // No other key may be looked into by name: its scores differ.
            if by_name && let Some(key) = sent.get_mut(1) {
                *key = b"lex".to_vec();
            }
        }
        pair.step(&sent, *agree);
        if step % 400 == 399 {
            pair.compare_data();
        }
    }
    pair.finish();
}

#[test]
fn strings_and_keys() {
    sequence("strings_and_keys", 2, &[STRINGS, KEYS, TTLS].concat());
}

#[test]
fn lists() {
    sequence("lists", 2, &[LISTS, KEYS, SIZES].concat());
}

#[test]
fn hashes() {
    sequence("hashes", 2, &[HASHES, KEYS, SIZES].concat());
}

#[test]
fn sets() {
    sequence("sets", 2, &[SETS, KEYS, SIZES].concat());
}

#[test]
fn sorted_sets() {
    sequence("sorted_sets", 2, &[ZSETS, ZSETS, KEYS, SETS, SIZES].concat());
}

#[test]
fn everything_with_transactions_in_several_databases() {
    let all = [STRINGS, LISTS, HASHES, SETS, ZSETS, KEYS, TTLS, TRANSACTIONS, DATABASES].concat();
    sequence("everything", 2, &all);
}

#[test]
fn everything_in_resp3() {
    sequence("resp3", 3, &[STRINGS, LISTS, HASHES, SETS, ZSETS, KEYS, TTLS].concat());
}

/// What random commands leave random on each side: what is popped is taken from the other too.
#[test]
fn random_members_come_from_the_collection() {
    let mut rng = Rng::from_env("random_members");
    let (reference, subject) = servers();
    let mut pair = Pair::new(&reference, &subject);
    for _ in 0..steps() / 20 {
        let key = format!("t{}", rng.below(3));
        for _ in 0..rng.below(8) {
            pair.step(&generate(&format!("SADD {key} {{m}}..."), &mut rng), Exactly);
        }
        let popped = pair.subject.call(&["SPOP", &key]);
        match popped {
            Value::Bulk(member) => {
                let removed = pair.reference.call(&[b"SREM", key.as_bytes(), &member]);
                assert_eq!(removed, Value::Int(1), "SPOP gave {}", member.escape_ascii());
            }
            other => assert_eq!(other, pair.reference.call(&["SPOP", &key])),
        }
        let count = rng.below(5).to_string();
        let popped = pair.subject.call(&["SPOP", &key, &count]);
        for member in popped.items() {
            let name = member.bytes().expect("a member");
            let removed = pair.reference.call(&[b"SREM", key.as_bytes(), name]);
            assert_eq!(removed, Value::Int(1), "SPOP {count} gave {member:?}");
        }
        for (draw, test) in [("SRANDMEMBER", "SISMEMBER"), ("HRANDFIELD", "HEXISTS")] {
            for count in ["3", "-5", "100"] {
                for member in pair.subject.call(&[draw, &key, count]).items().to_vec() {
                    let name = member.bytes().expect("a member");
                    let there = pair.reference.call(&[test.as_bytes(), key.as_bytes(), name]);
                    assert_eq!(there, Value::Int(1), "{draw} {count} gave {member:?}");
                }
            }
            if draw == "SRANDMEMBER" {
                pair.step(&command(&["DEL", &key]), Exactly);
                pair.step(&generate(&format!("HSET {key} ({{f}} {{v}})..."), &mut rng), Exactly);
            }
        }
        pair.step(&command(&["DEL", &key]), Exactly);
    }
    pair.compare_data();
    pair.finish();
}

/// Complete iterations return everything, once where nothing changes.
#[test]
fn scans_return_everything() {
    let (reference, subject) = servers();
    for (add, scan, size) in [("SADD", "SSCAN", 1), ("HSET", "HSCAN", 2), ("ZADD", "ZSCAN", 2)] {
        for count in [3, 1000] {
            let mut found = Vec::new();
            for server in [&reference, &subject] {
                let mut client = server.client();
                assert!(client.run("FLUSHALL").is_ok());
                for index in 0..count {
                    let (key, name, score) = ("c", format!("m{index}"), index.to_string());
                    let words = match add {
                        "SADD" => vec![add, key, &name],
                        "HSET" => vec![add, key, &name, &score],
                        _ => vec![add, key, &score, &name],
                    };
                    assert!(!client.call(&words).is_error());
                }
                found.push(iterate(&mut client, &[scan, "c"], size));
            }
            assert_eq!(found[0], found[1], "{scan} over {count}");
        }
    }
    let mut found = Vec::new();
    for server in [&reference, &subject] {
        let mut client = server.client();
        for index in 0..500 {
            assert!(client.run(&format!("SET key:{index} x")).is_ok());
        }
        found.push(iterate(&mut client, &["SCAN"], 1));
        found.push(iterate_with(&mut client, &["SCAN"], &["TYPE", "string", "COUNT", "50"], 1));
        found.push(iterate_with(&mut client, &["SCAN"], &["MATCH", "key:1*"], 1));
    }
    assert_eq!(found[0], found[3]);
    assert_eq!(found[1], found[4]);
    assert_eq!(found[2], found[5]);
    assert_eq!(found[2].len(), 111);
}

fn iterate(client: &mut Client, words: &[&str], size: usize) -> Vec<Vec<String>> {
    iterate_with(client, words, &[], size)
}

/// Follows the cursor to the end; each element once, sorted.
fn iterate_with(
    client: &mut Client,
    words: &[&str],
    options: &[&str],
    size: usize,
) -> Vec<Vec<String>> {
    let mut cursor = "0".to_owned();
    let mut found = Vec::new();
    loop {
        let mut sent = words.to_vec();
        sent.push(&cursor);
        sent.extend(options);
        let reply = client.call(&sent);
        let [next, items] = reply.items() else { panic!("{sent:?}: {reply:?}") };
        let items = items.items();
        found.extend(items.chunks(size).map(|c| c.iter().map(Value::text).collect::<Vec<_>>()));
        cursor = next.text();
        if cursor == "0" {
            break;
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The commands of lockstep: arity, flags and key positions are those of Redis.
#[test]
fn command_table_is_that_of_redis() {
    let (reference, subject) = servers();
    let ours = subject.client().run("COMMAND");
    let mut wrong = Vec::new();
    for entry in ours.items() {
        let name = entry.items()[0].text();
        let theirs = reference.client().call(&["COMMAND", "INFO", &name]);
        let Value::Array(theirs) = &theirs.items()[0] else {
            continue; // Not of Redis 7.0.
        };
        for (index, what) in
            ["name", "arity", "flags", "first key", "last key", "step"].iter().enumerate()
        {
            let (one, other) = (&theirs[index], &entry.items()[index]);
            if !agrees(one, other, InAnyOrder) {
                wrong.push(format!("{name}: {what}: redis {one:?}, lockstep {other:?}"));
            }
        }
        for sub in entry.items()[9].items() {
            let same = |theirs: &&Value| theirs.items()[0] == sub.items()[0];
            let theirs = theirs[9].items().iter().find(same);
            // Name, arity, flags, keys, and the ACL categories.
            let alike = theirs.is_some_and(|theirs| {
                (0..7).all(|at| agrees(&theirs.items()[at], &sub.items()[at], InAnyOrder))
            });
            if !alike {
                wrong.push(format!("redis {theirs:?}, lockstep {sub:?}"));
            }
        }
    }
    assert!(ours.items().len() > 150, "only {} commands", ours.items().len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every command of the issue is there, and every command that is there appears in a template.
#[test]
fn every_command_is_covered() {
    let (_, subject) = servers();
    let reply = subject.client().run("COMMAND");
    let there: Vec<String> = reply.items().iter().map(|entry| entry.items()[0].text()).collect();
    let all = [STRINGS, LISTS, HASHES, SETS, ZSETS, KEYS, SIZES, TTLS, TRANSACTIONS, DATABASES];
    let all = all.concat();
    let templates: Vec<String> = all
        .iter()
        .map(|(template, _)| template.split_whitespace().next().unwrap_or_default().to_lowercase())
        .collect();
    let missing: Vec<&String> = templates.iter().filter(|name| !there.contains(name)).collect();
    assert!(missing.is_empty(), "not implemented: {missing:?}");
    let untested: Vec<&String> = there
        .iter()
        .filter(|name| !templates.contains(name) && !ELSEWHERE.contains(&name.as_str()))
        .collect();
    assert!(untested.is_empty(), "without a template: {untested:?}");
}

fn wait_until_saved(server: &Server) {
    wait_for("the end of a background save", Duration::from_secs(20), || {
        let busy = server.info("persistence").text("rdb_bgsave_in_progress") != "0";
        if busy { Err("still saving".to_owned()) } else { Ok(()) }
    });
}

/// Wrong numbers of arguments, unknown commands and subcommands, and what else is refused.
#[test]
fn refusals_are_worded_as_in_redis() {
    let (reference, subject) = servers();
    let mut pair = Pair::new(&reference, &subject);
    let names = pair.reference.run("COMMAND LIST");
    let there = pair.subject.run("COMMAND");
    let there: Vec<String> = there.items().iter().map(|entry| entry.items()[0].text()).collect();
    for name in names.items() {
        let name = name.text();
        if !there.contains(&name) || UNSAFE_TO_TRY.contains(&name.as_str()) {
            continue;
        }
        for count in 0..4 {
            let mut words = vec![name.as_str()];
            words.extend(["a", "b", "c"].iter().take(count));
            // A connection each, and no data: what is not refused may change both.
            (pair.reference, pair.subject) = (reference.client(), subject.client());
            pair.start_over();
            pair.start_over();
            // While a child saves, these are refused for that, and how long it does is no promise.
            if ["save", "bgsave"].contains(&name.as_str()) {
                wait_until_saved(&reference);
                wait_until_saved(&subject);
            }
            let reply = pair.reference.call(&words);
            // Only refusals: what succeeds is compared elsewhere, with sensible arguments.
            if reply.is_error() {
                let actual = pair.subject.call(&words);
                if reply != actual {
                    pair.differ(&command(&words), &reply, &actual);
                }
            }
        }
    }
    for line in REFUSED {
        (pair.reference, pair.subject) = (reference.client(), subject.client());
        pair.step(&command(&line.split(' ').collect::<Vec<_>>()), Exactly);
    }
    pair.finish();
}
