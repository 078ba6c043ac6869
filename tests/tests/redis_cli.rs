//! The playground's console shows replies, and hints, as redis-cli does: compared with the real
//! one.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use lockstep_sim::console::{assist, render_reply};
use lockstep_tests::rng::Rng;

/// What redis-cli prints for a person when a server answers with these bytes.
fn redis_cli(reply: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("redis-cli connects");
        let mut command = [0; 64];
        let _ = stream.read(&mut command);
        stream.write_all(&reply).expect("redis-cli reads");
    });
    let output = Command::new("redis-cli")
        .args(["--no-raw", "-p", &port.to_string(), "GET", "x"])
        .stdin(Stdio::null())
        .output()
        .expect("redis-cli can be run");
    server.join().expect("the server ends");
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

/// Appends a random reply. Not among them: big numbers, attributes and errors with a length, which
/// redis-cli 7.0 takes for a broken protocol.
fn random_reply(rng: &mut Rng, out: &mut Vec<u8>, depth: u32) {
    let texts: [&[u8]; 6] = [b"", b"a", b"two words", b"\"q\\\n\x07", b"\xff\x00", b"\r\n\t"];
    match rng.below(if depth < 3 { 11 } else { 8 }) {
        0 => out.extend(b"+status\r\n"),
        1 => out.extend(b"-ERR no such thing\r\n"),
        2 => out.extend(format!(":{}\r\n", rng.below(2_000) as i64 - 1_000).bytes()),
        3 => out.extend([&b"$-1\r\n"[..], b"*-1\r\n", b"_\r\n"][rng.below(3)]),
        4 => out.extend([&b",1.50\r\n"[..], b",inf\r\n", b",1e+20\r\n"][rng.below(3)]),
        5 => out.extend([&b"#t\r\n"[..], b"#f\r\n"][rng.below(2)]),
        6 => out.extend(b"=8\r\ntxt:\"a\"\n\r\n"),
        7 => {
            let text = texts[rng.below(6)];
            out.extend(format!("${}\r\n", text.len()).bytes());
            out.extend(text);
            out.extend(b"\r\n");
        }
        kind => {
            let count = [0, 1, 2, 3, 10, 12][rng.below(if depth == 0 { 6 } else { 4 })];
            let (mark, each) = [('*', 1), ('~', 1), ('%', 2)][kind - 8];
            out.extend(format!("{mark}{count}\r\n").bytes());
            for _ in 0..count * each {
                random_reply(rng, out, depth + 1);
            }
        }
    }
}

#[test]
fn replies_are_shown_as_redis_cli_shows_them() {
    let mut rng = Rng::new(7);
    for case in 0..150 {
        let mut reply = Vec::new();
        random_reply(&mut rng, &mut reply, u32::from(case % 3 == 0));
        let shown = render_reply(&reply, false);
        assert_eq!(shown, redis_cli(reply.clone()), "{}", reply.escape_ascii());
    }
}

/// Names of commands and their arguments from the help that is built into redis-cli.
fn built_in_help() -> Vec<(String, String)> {
    let groups = [
        "generic",
        "string",
        "list",
        "set",
        "sorted_set",
        "hash",
        "pubsub",
        "transactions",
        "connection",
        "server",
        "bitmap",
    ];
    let mut found = Vec::new();
    for group in groups {
        let output = Command::new("redis-cli")
            .args(["help", &format!("@{group}")])
            .output()
            .expect("redis-cli can be run");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // A name in bold, then the arguments in grey.
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("\x1b[1m") else { continue };
            let Some((name, rest)) = rest.split_once("\x1b[0m \x1b[90m") else { continue };
            let params = rest.split("\x1b[0m").next().unwrap_or_default();
            found.push((name.to_owned(), params.to_owned()));
        }
    }
    found
}

/// Two spellings of one thing: `[key [key ...]]` was written where now `[key ...]` is.
fn normal(params: &str) -> String {
    let mut text = params.to_ascii_lowercase();
    while let Some(at) = text.find(" ...]]") {
        let Some(open) = text[..at].rfind('[') else { break };
        let again = text[open + 1..at].to_owned();
        let outer = format!("[{again} ");
        if !text[..open].ends_with(&outer) {
            break;
        }
        let start = open - outer.len();
        text = format!("{}[{again} ...]{}", &text[..start], &text[at + " ...]]".len()..]);
    }
    text.replace(['<', '>', ' ', '_', '-'], "")
}

#[test]
fn hints_are_those_of_redis_cli() {
    let known = assist::commands();
    let help = built_in_help();
    assert!(help.len() > 200, "{} commands", help.len());
    // What `COMMAND DOCS` says of these, and we, tells more than redis-cli's own help.
    let more = ["ACL", "BITFIELD", "BITFIELD_RO", "BITOP", "DEBUG", "LCS", "MODULE", "REPLCONF"];
    let ours = |name: &str| assist::hint(&format!("{name} "));
    let different: Vec<_> = help
        .iter()
        .filter(|(name, _)| known.contains(name) && !more.contains(&name.as_str()))
        .map(|(name, params)| (name, params, ours(name)))
        .filter(|(_, theirs, ours)| normal(theirs) != normal(ours))
        .collect();
    assert!(different.is_empty(), "{different:#?}");
}
