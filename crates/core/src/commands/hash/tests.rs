//! Replies, errors, changes and rewrites of hash commands, as measured on redis-server 7.0.15.

use crate::commands::testing::Bench;

/// Runs commands and compares each with its reply.
fn check(steps: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    for (command, expected) in steps {
        assert_eq!(bench.run(command), *expected, "{command}");
    }
    bench
}

#[test]
fn fields_are_set_read_and_removed() {
    check(&[
        ("hset h a 1 b 2 a 3", r":2\r\n"),
        ("hmset h c 4", r"+OK\r\n"),
        ("hsetnx h c 5", r":0\r\n"),
        ("hsetnx h d 12345", r":1\r\n"),
        ("hget h a", r"$1\r\n3\r\n"),
        ("hget h z", r"$-1\r\n"),
        ("hmget h a z", r"*2\r\n$1\r\n3\r\n$-1\r\n"),
        ("hmget nothing a z", r"*2\r\n$-1\r\n$-1\r\n"),
        ("hlen h", r":4\r\n"),
        ("hstrlen h d", r":5\r\n"),
        ("hstrlen h z", r":0\r\n"),
        ("hexists h a", r":1\r\n"),
        ("hdel h a b z", r":2\r\n"),
        ("hgetall h", r"*4\r\n$1\r\nc\r\n$1\r\n4\r\n$1\r\nd\r\n$5\r\n12345\r\n"),
        ("hkeys h", r"*2\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("hvals h", r"*2\r\n$1\r\n4\r\n$5\r\n12345\r\n"),
        ("hdel h c d", r":2\r\n"),
        ("hgetall h", r"*0\r\n"),
        ("hset h a 1 b", r"-ERR wrong number of arguments for \'hset\' command\r\n"),
        ("hmset h a 1 b", r"-ERR wrong number of arguments for \'hmset\' command\r\n"),
    ]);
}

#[test]
fn numbers_are_added_as_redis_adds() {
    let mut bench = check(&[
        ("hincrby h n 5", r":5\r\n"),
        ("hincrby h n -7", r":-2\r\n"),
        ("hincrby h n x", r"-ERR value is not an integer or out of range\r\n"),
        ("hset h text x big 9223372036854775807", r":2\r\n"),
        ("hincrby h text 1", r"-ERR hash value is not an integer\r\n"),
        ("hincrby h big 1", r"-ERR increment or decrement would overflow\r\n"),
        ("hincrbyfloat h text 1", r"-ERR hash value is not a float\r\n"),
        ("hincrbyfloat h f x", r"-ERR value is not a valid float\r\n"),
        ("hincrbyfloat h f inf", r"-ERR value is NaN or Infinity\r\n"),
        ("hincrbyfloat h f 0.1", r"$3\r\n0.1\r\n"),
        ("hincrbyfloat h f 0.2", r"$3\r\n0.3\r\n"),
    ]);
    assert_eq!(
        bench.rewritten().as_deref(),
        Some(r"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$3\r\n0.3\r\n")
    );
    bench.run("hincrbyfloat h f x");
    assert_eq!((bench.effects.dirty, bench.rewritten()), (0, None));
    bench.run("hset h a 1 b 2 a 3");
    assert_eq!((bench.effects.dirty, bench.rewritten()), (3, None));
}

#[test]
fn random_fields_come_in_the_right_number() {
    let mut bench = check(&[
        ("hrandfield h", r"$-1\r\n"),
        ("hrandfield h 3", r"*0\r\n"),
        ("hset h a 1", r":1\r\n"),
        ("hrandfield h", r"$1\r\na\r\n"),
        ("hrandfield h 0", r"*0\r\n"),
        ("hrandfield h 3 withvalues", r"*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("hrandfield h -2 withvalues", r"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("hrandfield h 3 values", r"-ERR syntax error\r\n"),
        ("hrandfield h x", r"-ERR value is not an integer or out of range\r\n"),
        ("hrandfield h 9223372036854775807 withvalues", r"-ERR value is out of range\r\n"),
    ]);
    bench.resp3 = true;
    assert_eq!(bench.run("hrandfield h 3 withvalues"), r"*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
    bench.resp3 = false;
    for at in 0..1000 {
        bench.run(&format!("hset big f{at} v"));
    }
    for count in [1, 10, 300, 400, 999, 1000] {
        let reply = bench.run(&format!("hrandfield big {count}"));
        let mut fields: Vec<&str> = reply.split(r"\r\n").filter(|w| w.starts_with('f')).collect();
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(fields.len(), count, "{count} different fields");
    }
}

#[test]
fn every_field_is_chosen_about_equally_often() {
    let mut bench = check(&[("hset h a 1 b 1 c 1 d 1", r":4\r\n")]);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..1000 {
        let reply = bench.run("hrandfield h 2");
        for word in reply.split(r"\r\n").filter(|w| w.len() == 1) {
            *seen.entry(word.to_string()).or_insert(0) += 1;
        }
    }
    assert_eq!(seen.len(), 4);
    assert!(seen.values().all(|n| (400..600).contains(n)), "{seen:?}");
}

#[test]
fn scans_visit_every_field() {
    let mut bench = check(&[
        ("hscan h 0", r"*2\r\n$1\r\n0\r\n*0\r\n"),
        ("hscan h x", r"-ERR invalid cursor\r\n"),
        ("hset h a 1 b 2", r":2\r\n"),
        ("hscan h 0 match a", r"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("hscan h 0 count 0", r"-ERR syntax error\r\n"),
        ("hscan h 0 type x", r"-ERR syntax error\r\n"),
        ("hscan h 0 count x", r"-ERR value is not an integer or out of range\r\n"),
    ]);
    for at in 0..800 {
        bench.run(&format!("hset big f{at} v"));
    }
    let mut seen = std::collections::BTreeSet::new();
    let (mut cursor, mut calls) = ("0".to_string(), 0);
    loop {
        let reply = bench.run(&format!("hscan big {cursor} count 20"));
        let words: Vec<&str> = reply.split(r"\r\n").collect();
        seen.extend(words.iter().filter(|w| w.starts_with('f')).map(ToString::to_string));
        cursor = words[2].to_string();
        calls += 1;
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 800);
    assert!(calls > 5, "a scan of {calls} calls is no scan");
}
