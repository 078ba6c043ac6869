//! Replies, errors, changes and rewrites of list commands, as measured on redis-server 7.0.15.

use crate::commands::testing::Bench;

/// Runs commands and compares each with its reply.
fn check(steps: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    for (command, expected) in steps {
        assert_eq!(bench.run(command), *expected, "{command}");
    }
    bench
}

const WRONG_TYPE: &str = r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

#[test]
fn pushes_and_pops_work_at_both_ends() {
    check(&[
        ("lpush l a b c", r":3\r\n"),
        ("rpush l 1 2", r":5\r\n"),
        ("lrange l 0 -1", r"*5\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("lpop l", r"$1\r\nc\r\n"),
        ("rpop l 2", r"*2\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        ("lpop l 0", r"*0\r\n"),
        ("lpop l 9", r"*2\r\n$1\r\nb\r\n$1\r\na\r\n"),
        ("lpop l", r"$-1\r\n"),
        ("lpop l 1", r"*-1\r\n"),
        ("lpushx l x", r":0\r\n"),
        ("llen l", r":0\r\n"),
    ]);
}

#[test]
fn counts_and_indexes_are_checked() {
    check(&[
        ("lpop l -1", r"-ERR value is out of range, must be positive\r\n"),
        ("lpop l x", r"-ERR value is out of range, must be positive\r\n"),
        ("rpop l 1 2", r"-ERR wrong number of arguments for \'rpop\' command\r\n"),
        ("lset l 0 a", r"-ERR no such key\r\n"),
        ("rpush l a", r":1\r\n"),
        ("lset l x a", r"-ERR value is not an integer or out of range\r\n"),
        ("lset l 1 a", r"-ERR index out of range\r\n"),
        ("lset l -2 a", r"-ERR index out of range\r\n"),
        ("lset l -1 b", r"+OK\r\n"),
        ("lindex l 0", r"$1\r\nb\r\n"),
        ("lindex l -9223372036854775808", r"$-1\r\n"),
        ("lrange l 9223372036854775807 -9223372036854775808", r"*0\r\n"),
        ("lrange l -9223372036854775808 9223372036854775807", r"*1\r\n$1\r\nb\r\n"),
        ("linsert l near b c", r"-ERR syntax error\r\n"),
        ("linsert l before z c", r":-1\r\n"),
        ("linsert l AFTER b c", r":2\r\n"),
        ("linsert nothing before z c", r":0\r\n"),
    ]);
}

#[test]
fn lpos_counts_matches_from_either_end() {
    check(&[
        ("rpush l a b c 1 2 3 c c", r":8\r\n"),
        ("lpos l c", r":2\r\n"),
        ("lpos l c rank 2", r":6\r\n"),
        ("lpos l c rank -1", r":7\r\n"),
        ("lpos l c count 2", r"*2\r\n:2\r\n:6\r\n"),
        ("lpos l c rank -1 count 2", r"*2\r\n:7\r\n:6\r\n"),
        ("lpos l c count 0 maxlen 3", r"*1\r\n:2\r\n"),
        ("lpos l c rank -1 count 0 maxlen 2", r"*2\r\n:7\r\n:6\r\n"),
        ("lpos l d", r"$-1\r\n"),
        ("lpos l d count 0", r"*0\r\n"),
        ("lpos nothing d count 0", r"*0\r\n"),
        ("lpos l c count -1", r"-ERR COUNT can\'t be negative\r\n"),
        ("lpos l c maxlen x", r"-ERR MAXLEN can\'t be negative\r\n"),
        ("lpos l c rank", r"-ERR syntax error\r\n"),
    ]);
}

#[test]
fn an_emptied_list_is_gone_and_other_types_are_refused() {
    let mut bench = check(&[
        ("rpush l a a b", r":3\r\n"),
        ("lrem l 0 a", r":2\r\n"),
        ("ltrim l 1 0", r"+OK\r\n"),
        ("hset h f v", r":1\r\n"),
        ("lpush h a", WRONG_TYPE),
        ("lrange h 0 1", WRONG_TYPE),
        ("lmpop 1 h left", WRONG_TYPE),
        ("rpush l a", r":1\r\n"),
        ("lmove l h left left", WRONG_TYPE),
        ("lmove nothing h left left", r"$-1\r\n"),
    ]);
    assert_eq!(bench.effects.dirty, 0);
    bench.run("lpop l");
    assert_eq!(bench.keyspace.len(0), 1);
}

#[test]
fn moves_rotate_and_carry() {
    check(&[
        ("rpush l a b c", r":3\r\n"),
        ("rpoplpush l l", r"$1\r\nc\r\n"),
        ("lmove l m left right", r"$1\r\nc\r\n"),
        ("lmove l m RIGHT LEFT", r"$1\r\nb\r\n"),
        ("lrange m 0 -1", r"*2\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("rpoplpush l m", r"$1\r\na\r\n"),
        ("rpoplpush l m", r"$-1\r\n"),
        ("lmove l m up left", r"-ERR syntax error\r\n"),
    ]);
}

#[test]
fn the_stream_gets_plain_pops() {
    let mut bench = check(&[("rpush l a b c d e f g", r":7\r\n")]);
    let mut rewritten = |command: &str| {
        bench.run(command);
        (bench.effects.dirty, bench.rewritten())
    };
    let some = |text: &str| Some(text.to_string());
    assert_eq!(
        rewritten("lmpop 2 x l right count 2"),
        (2, some(r"*3\r\n$4\r\nRPOP\r\n$1\r\nl\r\n$1\r\n2\r\n"))
    );
    assert_eq!(rewritten("blpop x l 0"), (1, some(r"*2\r\n$4\r\nLPOP\r\n$1\r\nl\r\n")));
    assert_eq!(
        rewritten("blmpop 0 1 l left"),
        (1, some(r"*3\r\n$4\r\nLPOP\r\n$1\r\nl\r\n$1\r\n1\r\n"))
    );
    assert_eq!(
        rewritten("brpoplpush l m 0"),
        (1, some(r"*3\r\n$9\r\nRPOPLPUSH\r\n$1\r\nl\r\n$1\r\nm\r\n"))
    );
    assert_eq!(
        rewritten("blmove l m left left 0"),
        (1, some(r"*5\r\n$5\r\nLMOVE\r\n$1\r\nl\r\n$1\r\nm\r\n$4\r\nleft\r\n$4\r\nleft\r\n"))
    );
    assert_eq!(rewritten("lmove l m left left"), (1, None));
    assert_eq!(rewritten("blpop x 0"), (0, None));
    assert_eq!(rewritten("ltrim m 0 -1"), (0, None));
}

#[test]
fn multi_pops_check_every_argument() {
    check(&[
        ("lmpop 0 l left", r"-ERR numkeys should be greater than 0\r\n"),
        ("lmpop x l left", r"-ERR numkeys should be greater than 0\r\n"),
        ("lmpop 2 l left", r"-ERR syntax error\r\n"),
        ("lmpop 1 l up", r"-ERR syntax error\r\n"),
        ("lmpop 1 l left count 0", r"-ERR count should be greater than 0\r\n"),
        ("lmpop 1 l left count", r"-ERR syntax error\r\n"),
        ("lmpop 1 l left count 1 count 2", r"-ERR syntax error\r\n"),
        ("lmpop 9223372036854775807 l left", r"-ERR syntax error\r\n"),
        ("lmpop 1 l left", r"*-1\r\n"),
        ("blmpop -1 1 l left", r"-ERR timeout is negative\r\n"),
        ("blpop l x", r"-ERR timeout is not a float or out of range\r\n"),
        ("blpop l 1e300", r"-ERR timeout is negative\r\n"),
        ("blpop l 0.5", r"*-1\r\n"),
        ("brpoplpush l m 1", r"$-1\r\n"),
    ]);
}
