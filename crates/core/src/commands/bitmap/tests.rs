//! Replies as recorded from redis-server 7.0.15.

use crate::commands::testing::Bench;

fn check(script: &[(&str, &str)]) {
    let mut bench = Bench::new();
    for (command, reply) in script {
        assert_eq!(bench.run(command), *reply, "{command}");
    }
}

#[test]
fn single_bits() {
    check(&[
        (r"setbit k 7 1", r":0\r\n"),
        (r"setbit k 7 1", r":1\r\n"),
        (r"setbit k 7 0", r":1\r\n"),
        (r"setbit k 100 0", r":0\r\n"),
        (r"strlen k", r":13\r\n"),
        (r"getbit k 7", r":0\r\n"),
        (r"getbit k 100000", r":0\r\n"),
        (r"getbit none 3", r":0\r\n"),
        (r"setbit k -1 1", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"setbit k 4294967296 1", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"setbit k x 1", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"setbit k 1 2", r"-ERR bit is not an integer or out of range\r\n"),
        (r"getbit k x", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (
            r"setbit l 1 1",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (r"getbit l 1", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (r"object encoding k", r"$3\r\nraw\r\n"),
    ]);
}

#[test]
fn counting_and_finding() {
    check(&[
        (r"set k foobar", r"+OK\r\n"),
        (r"bitcount k", r":26\r\n"),
        (r"bitcount k 0 0", r":4\r\n"),
        (r"bitcount k 1 1", r":6\r\n"),
        (r"bitcount k 1 1 byte", r":6\r\n"),
        (r"bitcount k 5 30 bit", r":17\r\n"),
        (r"bitcount k -2 -1", r":7\r\n"),
        (r"bitcount k -5 -100", r":0\r\n"),
        (r"bitcount k 1", r"-ERR syntax error\r\n"),
        (r"bitcount k 1 x", r"-ERR value is not an integer or out of range\r\n"),
        (r"bitcount k 1 2 foo", r"-ERR syntax error\r\n"),
        (r"bitcount k 1 2 bit 3", r"-ERR syntax error\r\n"),
        (r"bitcount none", r":0\r\n"),
        (r"bitcount none a b", r":0\r\n"),
        (r"bitpos k 1", r":1\r\n"),
        (r"bitpos k 0", r":0\r\n"),
        (r"bitpos k 1 2", r":17\r\n"),
        (r"bitpos k 1 2 3", r":17\r\n"),
        (r"bitpos k 1 9 11 bit", r":9\r\n"),
        (r"bitpos k 1 100", r":-1\r\n"),
        (r"bitpos k 2", r"-ERR The bit argument must be 1 or 0.\r\n"),
        (r"bitpos k x", r"-ERR value is not an integer or out of range\r\n"),
        (r"bitpos none 1", r":-1\r\n"),
        (r"bitpos none 0", r":0\r\n"),
        (r"set ones ÿ", r"+OK\r\n"),
        (r"bitpos k 0 -1", r":40\r\n"),
        (r"bitpos k 1 2 3 foo", r"-ERR syntax error\r\n"),
        (r"bitpos k 1 2 3 bit 4", r"-ERR syntax error\r\n"),
    ]);
}

#[test]
fn combining() {
    check(&[
        (r"set a abc", r"+OK\r\n"),
        (r"set b foobar", r"+OK\r\n"),
        (r"bitop and d a b", r":6\r\n"),
        (r"get d", r"$6\r\n`bc\x00\x00\x00\r\n"),
        (r"bitop or d a b", r":6\r\n"),
        (r"get d", r"$6\r\ngoobar\r\n"),
        (r"bitop xor d a b", r":6\r\n"),
        (r"strlen d", r":6\r\n"),
        (r"bitop not d a", r":3\r\n"),
        (r"bitop not d a b", r"-ERR BITOP NOT must be called with a single source key.\r\n"),
        (r"bitop nand d a", r"-ERR syntax error\r\n"),
        (r"bitop and d none none2", r":0\r\n"),
        (r"exists d", r":0\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (
            r"bitop and d a l",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (r"bitop or l a", r":3\r\n"),
        (r"type l", r"+string\r\n"),
    ]);
}

#[test]
fn fields() {
    check(&[
        (r"bitfield k incrby i5 100 1 get u4 0", r"*2\r\n:1\r\n:0\r\n"),
        (r"bitfield k set u8 #0 255 get i8 #0 get u8 #0", r"*3\r\n:0\r\n:-1\r\n:255\r\n"),
        (r"bitfield k overflow sat incrby u8 #0 10", r"*1\r\n:255\r\n"),
        (r"bitfield k overflow fail incrby u8 #0 10", r"*1\r\n$-1\r\n"),
        (r"bitfield k overflow wrap incrby u8 #0 10", r"*1\r\n:9\r\n"),
        (r"bitfield k overflow sat incrby i8 #1 -200", r"*1\r\n:-128\r\n"),
        (r"bitfield k incrby i8 #1 -200", r"*1\r\n:-72\r\n"),
        (
            r"bitfield k set i64 3 -9223372036854775808 get i64 3",
            r"*2\r\n:5602477936448897024\r\n:-9223372036854775808\r\n",
        ),
        (
            r"bitfield k set u63 0 -1 get u63 0",
            r"*2\r\n:576460752303423488\r\n:9223372036854775807\r\n",
        ),
        (r"bitfield k set u2 0 7", r"*1\r\n:3\r\n"),
        // Redis takes the smallest of all integers for too large.
        (
            r"bitfield wrong overflow sat set i5 0 -9223372036854775808 get i5 0",
            r"*2\r\n:0\r\n:15\r\n",
        ),
        (
            r"bitfield wrong overflow sat set i5 0 -9223372036854775000 get i5 0",
            r"*2\r\n:15\r\n:-16\r\n",
        ),
        (
            r"bitfield k get u64 0",
            r"-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        (
            r"bitfield k get i65 0",
            r"-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        (
            r"bitfield k get x8 0",
            r"-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        (r"bitfield k get u8", r"-ERR syntax error\r\n"),
        (r"bitfield k get u8 -1", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"bitfield k get u8 #x", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"bitfield k get u8 4294967296", r"-ERR bit offset is not an integer or out of range\r\n"),
        (r"bitfield k set u8 0 x", r"-ERR value is not an integer or out of range\r\n"),
        (r"bitfield k overflow no", r"-ERR Invalid OVERFLOW type specified\r\n"),
        (r"bitfield k foo", r"-ERR syntax error\r\n"),
        (r"bitfield k", r"*0\r\n"),
        (r"bitfield none get u8 0", r"*1\r\n:0\r\n"),
        (r"exists none", r":0\r\n"),
        (r"bitfield_ro k get u8 0", r"*1\r\n:255\r\n"),
        (r"bitfield_ro k set u8 0 1", r"-ERR BITFIELD_RO only supports the GET subcommand\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (
            r"bitfield l get u8 0",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (
            r"bitfield l set u8 0 1",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
    ]);
}

#[test]
fn only_changes_are_counted() {
    let mut bench = Bench::new();
    for (command, dirty) in [
        ("setbit k 9 1", 1),
        ("setbit k 9 1", 0),
        ("setbit k 90 0", 1),
        ("bitfield k set u8 0 0", 0),
        ("bitfield k set u8 0 1 set u8 #1 3 get u8 0", 2),
        ("bitfield k set u8 #20 0", 1),
        ("bitfield k get u8 #99", 0),
        ("bitop not d k", 1),
        ("bitop and d none", 1),
        ("bitop and d none", 0),
    ] {
        bench.run(command);
        assert_eq!(bench.effects.dirty, dirty, "{command}");
    }
}
