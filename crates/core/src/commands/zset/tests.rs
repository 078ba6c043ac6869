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

#[test]
fn options_are_checked() {
    check(&[
        ("zadd z nx xx 1 a", r"-ERR XX and NX options at the same time are not compatible\r\n"),
        (
            "zadd z gt lt 1 a",
            r"-ERR GT, LT, and/or NX options at the same time are not compatible\r\n",
        ),
        ("zadd z incr 1 a 2 b", r"-ERR INCR option supports a single increment-element pair\r\n"),
        ("zadd z nx 1", r"-ERR syntax error\r\n"),
        ("zadd z x a", r"-ERR value is not a valid float\r\n"),
        ("zadd z nan a", r"-ERR value is not a valid float\r\n"),
        ("zadd z xx incr 1 a", r"$-1\r\n"),
        ("zadd z inf a", r":1\r\n"),
        ("zincrby z -inf a", r"-ERR resulting score is not a number (NaN)\r\n"),
        ("zpopmin z -1", r"-ERR value is out of range, must be positive\r\n"),
        ("zrangebyscore z a b", r"-ERR min or max is not a float\r\n"),
        ("zrangebylex z a b", r"-ERR min or max not valid string range item\r\n"),
        ("zunion 0 z", r"-ERR at least 1 input key is needed for \'zunion\' command\r\n"),
        ("zmpop 0 z min", r"-ERR numkeys should be greater than 0\r\n"),
    ]);
}

#[test]
fn pops_are_streamed_as_plain_pops() {
    let mut bench = check(&[("zadd z 1 a 2 b 3 c 4 d 5 e 6 f", r":6\r\n")]);
    for (command, dirty, rewritten) in [
        ("zpopmin none", 0, None),
        ("bzpopmin z 0", 1, Some(r"*2\r\n$7\r\nZPOPMIN\r\n$1\r\nz\r\n")),
        ("bzpopmax z 0", 1, Some(r"*2\r\n$7\r\nZPOPMAX\r\n$1\r\nz\r\n")),
        ("zmpop 1 z min", 1, Some(r"*3\r\n$7\r\nZPOPMIN\r\n$1\r\nz\r\n$1\r\n1\r\n")),
        ("zpopmax z 1", 1, None),
        ("bzmpop 0 1 z max count 9", 2, Some(r"*3\r\n$7\r\nZPOPMAX\r\n$1\r\nz\r\n$1\r\n2\r\n")),
        ("zmpop 1 z max", 0, None),
    ] {
        bench.run(command);
        let found = (bench.effects.dirty, bench.rewritten());
        assert_eq!(found, (dirty, rewritten.map(str::to_string)), "{command}");
    }
}

#[test]
fn scores_come_in_pairs_in_resp3() {
    let mut bench = check(&[("zadd z 1.5 a", r":1\r\n")]);
    bench.resp3 = true;
    assert_eq!(bench.run("zrange z 0 -1 withscores"), r"*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n");
    assert_eq!(bench.run("zscore z b"), r"_\r\n");
    assert_eq!(bench.run("zpopmin z"), r"*2\r\n$1\r\na\r\n,1.5\r\n");
}
