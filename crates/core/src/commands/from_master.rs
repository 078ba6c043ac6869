//! What a replica makes of its master's commands when its clock says that the keys have expired:
//! the same as the master, whose word on this is a `DEL`.

use super::testing::Bench;
use crate::keyspace::digest::hex;

/// One key of each kind and two more to combine, as a client makes them.
const DATA: &[&str] = &[
    "set str 41",
    "set bits abc",
    "rpush list 3 1 2",
    "sadd set a b c",
    "sadd ints 1 2 3",
    "zadd zset 1 a 2 b 5 z",
    "zadd geo 1 a 3 c",
    "hset hash a 1 b 2",
];

const KEYS: &[&str] = &["str", "bits", "list", "set", "ints", "zset", "geo", "hash"];

/// Commands of a stream that read one of these keys to write it or another.
const STREAM: &[&str] = &[
    "incr str",
    "append str x",
    "setrange str 3 x",
    "setnx str x",
    "set str x nx",
    "set str x xx",
    "set str x keepttl",
    "msetnx str 1 other 2",
    "setbit bits 3 1",
    "bitop and dest bits str",
    "bitop not dest bits",
    "bitfield bits incrby u8 0 1",
    "lpushx list 9",
    "lmove list dest left right",
    "linsert list before 1 9",
    "ltrim list 1 -1",
    "lpop list",
    "sort list store dest",
    "sort ints by nosort get # store dest",
    "sinterstore dest set set",
    "sunionstore dest set ints",
    "sdiffstore dest set ints",
    "smove set dest a",
    "srem set a b",
    "zunionstore dest 3 zset geo set",
    "zinterstore dest 2 zset geo",
    "zdiffstore dest 2 zset geo",
    "zrangestore dest zset 0 1",
    "zadd zset xx 9 a",
    "zincrby zset 1 a",
    "zpopmin zset",
    "hincrby hash a 1",
    "hsetnx hash a 9",
    "hdel hash a",
    "rename set dest",
    "rename set ints",
    "renamenx set zset",
    "copy set dest",
    "copy set zset",
    "copy set zset replace",
    "move set 3",
    "persist set",
    "del set none",
    "unlink set",
];

/// What is left: keys, keys with a time to live, and the digest but for these times.
fn after(command: &str, expired: bool) -> (usize, usize, String) {
    let mut bench = Bench::new();
    bench.from_master = true;
    for command in DATA {
        bench.run(command);
    }
    for key in KEYS.iter().filter(|_| expired) {
        assert_eq!(bench.run(&format!("pexpireat {key} 1")), r":1\r\n", "{key}");
    }
    let reply = bench.run(command);
    assert!(!reply.starts_with('-'), "{command}: {reply}");
    let keyspace = &mut bench.keyspace;
    assert!(!keyspace.has_expired());
    let (mut count, mut volatile) = (0, 0);
    for db in 0..keyspace.databases() {
        count += keyspace.len(db);
        volatile += keyspace.volatile_len(db);
        let keys: Vec<_> = keyspace.iter(db).map(|(key, ..)| key.to_vec()).collect();
        for key in keys {
            keyspace.set_expire_at(db, &key, None);
        }
    }
    (count, volatile, hex(&keyspace.digest()))
}

#[test]
fn the_master_s_commands_find_keys_whose_time_has_come() {
    for command in STREAM {
        let (with, without) = (after(command, true), after(command, false));
        assert_eq!((with.0, with.2), (without.0, without.2), "{command}");
    }
}

#[test]
fn deadlines_in_the_past_do_not_delete_what_the_master_still_has() {
    let all = KEYS.len();
    for command in ["pexpireat str 5", "expireat str 5", "expire str -5", "getex str pxat 5"] {
        let (count, volatile, _) = after(command, false);
        assert_eq!((count, volatile), (all, 1), "{command}");
    }
    let (count, volatile, _) = after("set new x pxat 5", false);
    assert_eq!((count, volatile), (all + 1, 1));
}

#[test]
fn a_value_restored_with_a_deadline_in_the_past_is_kept() {
    let mut bench = Bench::new();
    bench.from_master = true;
    // As DUMP of redis-server 7.0.15 gives "v", without a sum.
    let payload = b"\x00\x01v\x0a\x00\0\0\0\0\0\0\0\0";
    let restore: [&[u8]; 5] = [b"restore", b"k", b"5", payload, b"absttl"];
    assert_eq!(bench.run_args(&restore), b"+OK\r\n");
    assert_eq!(bench.run("get k"), r"$1\r\nv\r\n");
    assert_eq!(bench.run("pexpiretime k"), r":5\r\n");
}
