//! Replies as recorded from redis-server 7.0.15.

use crate::commands::testing::Bench;

fn check(script: &[(&str, &str)]) {
    let mut bench = Bench::new();
    for (command, reply) in script {
        assert_eq!(bench.run(command), *reply, "{command}");
    }
}

#[test]
fn being_there_or_not() {
    check(&[
        (r"mset a 1 b 2", r"+OK\r\n"),
        (r"exists a a none", r":2\r\n"),
        (r"touch a b none", r":2\r\n"),
        (r"type a", r"+string\r\n"),
        (r"type none", r"+none\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (r"type l", r"+list\r\n"),
        (r"del a none b", r":2\r\n"),
        (r"unlink l l", r":1\r\n"),
        (r"exists a b l", r":0\r\n"),
        (r"randomkey", r"$-1\r\n"),
        (r"del", r"-ERR wrong number of arguments for \'del\' command\r\n"),
    ]);
}

#[test]
fn times_to_live() {
    check(&[
        (r"set k v", r"+OK\r\n"),
        (r"ttl k", r":-1\r\n"),
        (r"pttl none", r":-2\r\n"),
        (r"expiretime k", r":-1\r\n"),
        (r"pexpiretime none", r":-2\r\n"),
        (r"expire k 100", r":1\r\n"),
        (r"ttl k", r":100\r\n"),
        (r"expire k 200 nx", r":0\r\n"),
        (r"expire k 50 gt", r":0\r\n"),
        (r"expire k 200 gt", r":1\r\n"),
        (r"expire k 300 lt", r":0\r\n"),
        (r"expire k 100 lt", r":1\r\n"),
        (r"expire k 500 xx", r":1\r\n"),
        (r"ttl k", r":500\r\n"),
        (r"persist k", r":1\r\n"),
        (r"persist k", r":0\r\n"),
        (r"persist none", r":0\r\n"),
        (r"expire k 100 gt", r":0\r\n"),
        (r"expire k 100 xx", r":0\r\n"),
        (r"expire k 100 lt", r":1\r\n"),
        (
            r"expire k 100 nx xx",
            r"-ERR NX and XX, GT or LT options at the same time are not compatible\r\n",
        ),
        (r"expire k 100 gt lt", r"-ERR GT and LT options at the same time are not compatible\r\n"),
        (r"expire k 100 foo", r"-ERR Unsupported option foo\r\n"),
        (r"expire k x", r"-ERR value is not an integer or out of range\r\n"),
        (r"expire k x foo", r"-ERR Unsupported option foo\r\n"),
        (r"expire k 9223372036854775807", r"-ERR invalid expire time in \'expire\' command\r\n"),
        (r"pexpire k 9223372036854775807", r"-ERR invalid expire time in \'pexpire\' command\r\n"),
        (r"pexpireat k 9223372036854775807", r":1\r\n"),
        (r"expireat k 99999999999", r":1\r\n"),
        (r"expiretime k", r":99999999999\r\n"),
        (r"pexpiretime k", r":99999999999000\r\n"),
        (r"expire none 100", r":0\r\n"),
        (r"expire k -1", r":1\r\n"),
        (r"exists k", r":0\r\n"),
        (r"set k v", r"+OK\r\n"),
        (r"pexpireat k 1", r":1\r\n"),
        (r"exists k", r":0\r\n"),
    ]);
}

#[test]
fn names_and_databases() {
    check(&[
        (r"set a 1", r"+OK\r\n"),
        (r"rename a b", r"+OK\r\n"),
        (r"rename a b", r"-ERR no such key\r\n"),
        (r"rename b b", r"+OK\r\n"),
        (r"renamenx b b", r":0\r\n"),
        (r"renamenx none x", r"-ERR no such key\r\n"),
        (r"set a 2", r"+OK\r\n"),
        (r"renamenx a b", r":0\r\n"),
        (r"renamenx a c", r":1\r\n"),
        (r"get c", r"$1\r\n2\r\n"),
        (r"copy b d", r":1\r\n"),
        (r"copy b c", r":0\r\n"),
        (r"copy b c replace", r":1\r\n"),
        (r"get c", r"$1\r\n1\r\n"),
        (r"copy b b", r"-ERR source and destination objects are the same\r\n"),
        (r"copy b b db 1", r":1\r\n"),
        (r"copy b b db 1", r":0\r\n"),
        (r"copy b x db 16", r"-ERR DB index is out of range\r\n"),
        (r"copy b x db x", r"-ERR value is not an integer or out of range\r\n"),
        (
            r"copy b x db 99999999999",
            r"-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
        ),
        (r"copy b x db", r"-ERR syntax error\r\n"),
        (r"copy b x foo", r"-ERR syntax error\r\n"),
        (r"copy none x", r":0\r\n"),
        (r"move d 1", r":1\r\n"),
        (r"move b 1", r":0\r\n"),
        (r"move none 1", r":0\r\n"),
        (r"move b 0", r"-ERR source and destination objects are the same\r\n"),
        (r"move b 16", r"-ERR DB index is out of range\r\n"),
        (r"move b x", r"-ERR value is not an integer or out of range\r\n"),
        (r"set e 1 ex 1000", r"+OK\r\n"),
        (r"copy e f", r":1\r\n"),
        (r"ttl f", r":1000\r\n"),
        (r"rename f g", r"+OK\r\n"),
        (r"ttl g", r":1000\r\n"),
    ]);
}

#[test]
fn scanning() {
    check(&[
        (r"mset one 1 two 2 three 3", r"+OK\r\n"),
        (r"keys o*", r"*1\r\n$3\r\none\r\n"),
        (r"keys nothing", r"*0\r\n"),
        (r"scan 0 match t* count 100 type list", r"*2\r\n$1\r\n0\r\n*0\r\n"),
        (r"scan 0 match one count 100 type STRING", r"*2\r\n$1\r\n0\r\n*1\r\n$3\r\none\r\n"),
        (r"scan 0 count 0", r"-ERR syntax error\r\n"),
        (r"scan 0 count x", r"-ERR value is not an integer or out of range\r\n"),
        (r"scan 0 match", r"-ERR syntax error\r\n"),
        (r"scan 0 foo bar", r"-ERR syntax error\r\n"),
        (r"scan x", r"-ERR invalid cursor\r\n"),
        (r"scan -1", r"*2\r\n$1\r\n0\r\n*0\r\n"),
        (r"scan 18446744073709551616", r"-ERR invalid cursor\r\n"),
    ]);
}

#[test]
fn objects() {
    check(&[
        (r"set n 12", r"+OK\r\n"),
        (r"object encoding n", r"$3\r\nint\r\n"),
        (r"object refcount n", r":2147483647\r\n"),
        (r"set n 123456", r"+OK\r\n"),
        (r"object refcount n", r":1\r\n"),
        (r"object idletime n", r":0\r\n"),
        (
            r"object freq n",
            r"-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.\r\n",
        ),
        (r"object encoding none", r"$-1\r\n"),
        (r"object encoding", r"-ERR wrong number of arguments for \'object|encoding\' command\r\n"),
        (r"object foo n", r"-ERR unknown subcommand \'foo\'. Try OBJECT HELP.\r\n"),
        (
            r"object help",
            r"*15\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+ENCODING <key>\r\n+    Return the kind of internal representation used in order to store the value\r\n+    associated with a <key>.\r\n+FREQ <key>\r\n+    Return the access frequency index of the <key>. The returned integer is\r\n+    proportional to the logarithm of the recent access frequency of the key.\r\n+IDLETIME <key>\r\n+    Return the idle time of the <key>, that is the approximated number of\r\n+    seconds elapsed since the last access to the key.\r\n+REFCOUNT <key>\r\n+    Return the number of references of the value associated with the specified\r\n+    <key>.\r\n+HELP\r\n+    Prints this help.\r\n",
        ),
        (r"set t abc", r"+OK\r\n"),
        (r"object encoding t", r"$6\r\nembstr\r\n"),
        (r"hset h f v", r":1\r\n"),
        (r"object encoding h", r"$8\r\nlistpack\r\n"),
    ]);
}

#[test]
fn sorting() {
    check(&[
        (r"rpush l 3 1 2 10", r":4\r\n"),
        (r"sort l", r"*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n10\r\n"),
        (r"sort l desc", r"*4\r\n$2\r\n10\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        (r"sort l alpha", r"*4\r\n$1\r\n1\r\n$2\r\n10\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        (r"sort l limit 1 2", r"*2\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        (r"sort l limit -1 2", r"*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        (r"sort l limit 5 2", r"*0\r\n"),
        (r"sort l limit 1 -1", r"*3\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n10\r\n"),
        (r"sort l by nosort", r"*4\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n$2\r\n10\r\n"),
        (r"sort l by nosort desc limit 0 2", r"*2\r\n$2\r\n10\r\n$1\r\n2\r\n"),
        (r"mset w1 4 w2 3 w3 2 w10 1", r"+OK\r\n"),
        (r"sort l by w*", r"*4\r\n$2\r\n10\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        (
            r"sort l by w* get w* get # get none*",
            r"*12\r\n$1\r\n1\r\n$2\r\n10\r\n$-1\r\n$1\r\n2\r\n$1\r\n3\r\n$-1\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n$1\r\n4\r\n$1\r\n1\r\n$-1\r\n",
        ),
        (r"hset h1 f z", r":1\r\n"),
        (r"hset h2 f y", r":1\r\n"),
        (r"sort l by h*->f alpha get h*->f", r"*4\r\n$-1\r\n$-1\r\n$1\r\ny\r\n$1\r\nz\r\n"),
        (r"sort l get h*->", r"*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n"),
        (r"rpush text b a c", r":3\r\n"),
        (r"sort text", r"-ERR One or more scores can\'t be converted into double\r\n"),
        (r"sort text alpha desc", r"*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n"),
        (r"sadd s 3 2 1", r":3\r\n"),
        (r"sort s by nosort store dst", r":3\r\n"),
        (r"lrange dst 0 -1", r"*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        (r"zadd z 3 c 1 a 2 b", r":3\r\n"),
        (r"sort z by nosort", r"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        (r"sort z by nosort desc", r"*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n"),
        (r"sort z alpha limit 1 1", r"*1\r\n$1\r\nb\r\n"),
        (r"sort l store dst", r":4\r\n"),
        (r"lrange dst 0 -1", r"*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n10\r\n"),
        (r"sort l get none* store dst", r":4\r\n"),
        (r"lrange dst 0 -1", r"*4\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n"),
        (r"sort none store dst", r":0\r\n"),
        (r"exists dst", r":0\r\n"),
        (r"sort_ro l store dst", r"-ERR syntax error\r\n"),
        (r"sort_ro l", r"*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n10\r\n"),
        (r"sort none", r"*0\r\n"),
        (r"set str x", r"+OK\r\n"),
        (r"sort str", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (r"sort l limit 1", r"-ERR syntax error\r\n"),
        (r"sort l limit x 1", r"-ERR value is not an integer or out of range\r\n"),
        (r"sort l foo", r"-ERR syntax error\r\n"),
    ]);
}

#[test]
fn restoring() {
    check(&[
        (r"set k hello", r"+OK\r\n"),
        (r"dump k", r"$17\r\n\x00\x05hello\n\x00cr\xdfve4 \n\r\n"),
        (r"dump none", r"$-1\r\n"),
        (r"restore k 0 x", r"-BUSYKEY Target key name already exists.\r\n"),
        (r"restore new 0 x", r"-ERR DUMP payload version or checksum are wrong\r\n"),
        (r"restore new -1 x", r"-ERR Invalid TTL value, must be >= 0\r\n"),
        (r"restore new x x", r"-ERR value is not an integer or out of range\r\n"),
        (r"restore new 0 x freq 256", r"-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"),
        (r"restore new 0 x idletime -1", r"-ERR Invalid IDLETIME value, must be >= 0\r\n"),
        (r"restore new 0 x idletime 1 freq 1", r"-ERR syntax error\r\n"),
        (r"restore new 0 x foo", r"-ERR syntax error\r\n"),
    ]);
}

#[test]
fn what_is_dumped_can_be_restored() {
    let mut bench = Bench::new();
    for setup in [
        "set k 12345",
        "rpush k 1 a 3",
        "hset k f v g 2",
        "sadd k 1 2 3",
        "sadd k a b c",
        "zadd k 1.5 a -3 b",
    ] {
        bench.run("del k new");
        bench.run(setup);
        let dumped = bench.run_args(&[b"dump", b"k"]);
        let payload = &dumped[dumped.iter().position(|b| *b == b'\n').unwrap() + 1..];
        let payload = &payload[..payload.len() - 2];
        assert_eq!(bench.run_args(&[b"restore", b"new", b"0", payload]), b"+OK\r\n", "{setup}");
        assert_eq!(bench.keyspace.digest_value(0, b"new"), bench.keyspace.digest_value(0, b"k"));
        for n in 0..payload.len() {
            let mut bad = payload.to_vec();
            bad[n] ^= 1;
            let reply = bench.run_args(&[b"restore", b"bad", b"0", &bad]);
            assert_eq!(reply, b"-ERR DUMP payload version or checksum are wrong\r\n");
        }
    }
    let at = bench.now_ms + 1_000;
    let payload = b"\x00\xc0\x0c\x0a\x00\0\0\0\0\0\0\0\0";
    bench.run_args(&[b"RESTORE", b"t", b"1000", payload, b"REPLACE"]);
    assert_eq!(bench.keyspace.expire_at(0, b"t"), Some(Some(at)));
    let stream = bench.rewritten().unwrap();
    assert!(stream.contains(&at.to_string()) && stream.ends_with("ABSTTL\\r\\n"), "{stream}");
}

#[test]
fn what_goes_into_the_stream() {
    let mut bench = Bench::new();
    let at = bench.now_ms + 10_000;
    let mut check = |command: &str, dirty: u64, words: Option<&str>| {
        bench.run(command);
        let stream = words.map(|words| {
            let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
            let mut out = Vec::new();
            crate::resp::request::encode(&mut out, &words);
            out.escape_ascii().to_string()
        });
        assert_eq!((bench.effects.dirty, bench.rewritten()), (dirty, stream), "{command}");
    };
    check("set k v", 1, None);
    check("expire k 10", 1, Some(&format!("PEXPIREAT k {at}")));
    check("expire k 10 xx", 1, Some(&format!("PEXPIREAT k {at} xx")));
    check("pexpireat k 99999999999999 gt", 1, None);
    check("expire k 10 gt", 0, None);
    check("persist k", 1, None);
    check("persist k", 0, None);
    check("rename k k2", 1, None);
    check("copy k2 k3", 1, None);
    check("move k3 1", 1, None);
    check("pexpire k2 -1", 1, Some("DEL k2"));
    check("del k2 k3", 0, None);
    check("rpush l 2 1", 2, None);
    check("sort l store d", 2, None);
    check("sort none store d", 1, None);
    check("sort none store d", 0, None);
    check("unlink l none", 1, None);
}
