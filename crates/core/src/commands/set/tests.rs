//! Replies, errors, changes and rewrites of set commands, as measured on redis-server 7.0.15.

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
fn members_come_and_go() {
    let mut bench = check(&[
        ("sadd s 3 1 2 1", r":3\r\n"),
        ("smembers s", r"*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("smismember s 1 01 3", r"*3\r\n:1\r\n:0\r\n:1\r\n"),
        ("srem s 9", r":0\r\n"),
        ("srem s 1 2 3", r":3\r\n"),
        ("smembers s", r"*0\r\n"),
        ("scard s", r":0\r\n"),
    ]);
    bench.run("sadd s a b a");
    assert_eq!(bench.effects.dirty, 2);
    bench.run("sadd s a");
    assert_eq!(bench.effects.dirty, 0);
    bench.resp3 = true;
    assert_eq!(bench.run("smembers nothing"), r"~0\r\n");
}

#[test]
fn spop_is_streamed_as_what_it_took() {
    let mut bench = check(&[("sadd s 1", r":1\r\n"), ("spop s", r"$1\r\n1\r\n")]);
    assert_eq!(bench.rewritten().unwrap(), r"*3\r\n$4\r\nSREM\r\n$1\r\ns\r\n$1\r\n1\r\n");
    bench.run("sadd s 1 2 3");
    bench.run("spop s 2");
    assert_eq!((bench.effects.dirty, bench.effects.rewritten().unwrap().1), (2, 2));
    bench.run("sadd s 1 2 3");
    assert_eq!(bench.run("spop s 9"), r"*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
    assert_eq!((bench.effects.dirty, bench.effects.rewritten().unwrap().1), (3, 1));
    assert_eq!(bench.rewritten().unwrap(), r"*2\r\n$3\r\nDEL\r\n$1\r\ns\r\n");
    assert_eq!(bench.run("spop s 1"), r"*0\r\n");
    assert_eq!(bench.rewritten(), None);
}

#[test]
fn arguments_are_checked() {
    check(&[
        ("sintercard 0 a", r"-ERR numkeys should be greater than 0\r\n"),
        ("sintercard 2 a", r"-ERR Number of keys can\'t be greater than number of args\r\n"),
        ("sintercard 1 a limit -1", r"-ERR LIMIT can\'t be negative\r\n"),
        ("spop s -1", r"-ERR value is out of range, must be positive\r\n"),
        ("spop s 1 2", r"-ERR syntax error\r\n"),
        ("sscan s x", r"-ERR invalid cursor\r\n"),
        ("zadd z 1 a", r":1\r\n"),
        ("sadd z a", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ]);
}
