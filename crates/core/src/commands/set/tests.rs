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
