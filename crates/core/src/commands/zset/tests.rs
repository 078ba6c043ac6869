//! Replies, errors, changes and rewrites of sorted set commands, as measured on redis-server
//! 7.0.15.

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
fn members_are_added_in_order() {
    check(&[
        ("zadd z 2 b 1 a 3 c", r":3\r\n"),
        ("zrange z 0 -1", r"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("zadd z ch 2 a 3 c", r":1\r\n"),
        ("zscore z a", r"$1\r\n2\r\n"),
        ("zrank z b", r":1\r\n"),
    ]);
}
