//! One node, natively and in WebAssembly: replies that would differ where a size is 32 bits wide,
//! a float is printed by somebody else, or an order depends on the platform.

use lockstep_core::config::Config;
use lockstep_core::id::ConnId;
use lockstep_core::node::{Node, Origin};
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::NoTrace;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const NOW: Now = Now { instant: Instant(1_000_000), unix_ms: 1_700_000_000_000, micros: 0 };
const CLIENT: ConnId = ConnId { index: 0, generation: 0 };

/// What a fresh node answers to inline commands, one per line.
fn replies(lines: &[&str]) -> String {
    let mut node = Node::new(Config::default(), 7, NOW, NoTrace);
    let (peer, local) = ("127.0.0.1:50000".into(), "127.0.0.1:6379".into());
    node.handle_open(NOW, CLIENT, Origin::Accepted { peer, local });
    let mut text = String::new();
    for line in lines {
        node.handle_input(NOW, CLIENT, format!("{line}\r\n").as_bytes());
        while node.poll_action().is_some() {}
        while node.poll_transmit().is_some() {}
        let sent: Vec<u8> = node.outgoing(CLIENT).slices().flatten().copied().collect();
        node.handle_sent(NOW, CLIENT, sent.len());
        text.push_str(&sent.escape_ascii().to_string().replace("\\r\\n", " "));
        text.push('\n');
    }
    text
}

#[test]
fn numbers_are_64_bits_wide() {
    let said = replies(&[
        "SET n 9223372036854775806",
        "INCR n",
        "INCR n",
        "DECRBY n 9223372036854775807",
        "SETBIT bits 4294967295 x",
        "SETRANGE s 4294967296 x",
        "PEXPIREAT n 9007199254740993",
        "PEXPIRETIME n",
        "SADD set 9223372036854775807 -9223372036854775808 1",
        "OBJECT ENCODING set",
        "SISMEMBER set -9223372036854775808",
        "GETRANGE n -4294967297 4294967296",
        "LPOS list x MAXLEN 4294967296",
    ]);
    let expected = [
        "+OK ",
        ":9223372036854775807 ",
        "-ERR increment or decrement would overflow ",
        ":0 ",
        "-ERR bit is not an integer or out of range ",
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len) ",
        ":1 ",
        ":9007199254740993 ",
        ":3 ",
        "$6 intset ",
        ":1 ",
        "$1 0 ",
        "$-1 ",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn floats_are_printed_as_redis_does() {
    let said = replies(&[
        "ZADD z 0.1 a 3.0000000000000004 b 1e300 c -inf d 5e-324 e",
        "ZRANGE z 0 -1 WITHSCORES",
        "ZINCRBY z 0.2 a",
        "SET f 10.5",
        "INCRBYFLOAT f 0.1",
        "INCRBYFLOAT f 1e17",
        "HINCRBYFLOAT h f 3.0e3",
    ]);
    let expected = [
        ":5 ",
        "*10 $1 d $4 -inf $1 e $23 4.9406564584124654e-324 $1 a $19 0.10000000000000001 \
         $1 b $18 3.0000000000000004 $1 c $23 1.0000000000000001e+300 ",
        "$19 0.30000000000000004 ",
        "+OK ",
        "$4 10.6 ",
        "$26 100000000000000010.6015625 ",
        "$4 3000 ",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}
