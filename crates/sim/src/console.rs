//! What redis-cli does around a connection: splitting a line into arguments, showing replies, its
//! prompt, completion and hints. Measured on redis-cli 7.0.15.

pub mod assist;
pub(crate) mod help;
mod render;
pub(crate) mod replica;
pub(crate) mod session;

use lockstep_core::resp::decode::{self, Value};

pub use render::{quoted, render_reply};

/// The line that stands for Ctrl-C: it ends the client, and its connection.
pub const INTERRUPT: &str = "\u{3}";

/// Whether redis-cli only listens after this command.
pub(crate) fn listens(args: &[Vec<u8>]) -> bool {
    let names = [&b"subscribe"[..], b"psubscribe", b"ssubscribe"];
    args.len() > 1 && names.iter().any(|name| args[0].eq_ignore_ascii_case(name))
}

/// Splits a line into arguments with redis-cli's quoting. `None`: the quotes are not balanced.
pub fn split_line(line: &str) -> Option<Vec<Vec<u8>>> {
    lockstep_core::resp::split::split_words(line.as_bytes())
}

/// Whether redis-cli shows the reply to this command as it is: a text made for people.
pub fn is_raw(args: &[Vec<u8>]) -> bool {
    const COMMANDS: &[&[&str]] = &[
        &["info"],
        &["lolwut"],
        &["debug", "htstats"],
        &["debug", "htstats-key"],
        &["memory", "malloc-stats"],
        &["memory", "doctor"],
        &["cluster", "nodes"],
        &["cluster", "info"],
        &["client", "list"],
        &["client", "info"],
        &["latency", "graph"],
        &["latency", "doctor"],
    ];
    let starts = |words: &&[&str]| {
        words.len() <= args.len()
            && words.iter().zip(args).all(|(w, a)| a.eq_ignore_ascii_case(w.as_bytes()))
    };
    COMMANDS.iter().any(starts)
}

/// Whether this is no answer to a command, but comes by itself: a message of a channel, or a line
/// of `MONITOR`.
pub fn is_push(bytes: &[u8]) -> bool {
    match decode::decode(bytes) {
        Ok(Some((Value::Push(parts) | Value::Array(parts), _))) => {
            let kind = parts.first().and_then(Value::as_bytes);
            let kinds = [&b"message"[..], b"pmessage", b"smessage"];
            kind.is_some_and(|kind| kinds.contains(&kind))
        }
        Ok(Some((Value::Simple(line), _))) => line.first().is_some_and(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<Vec<String>> {
        let args = split_line(line)?;
        Some(args.iter().map(|a| a.escape_ascii().to_string()).collect())
    }

    #[test]
    fn lines_split_like_redis_cli() {
        for (line, args) in [
            ("get x", &["get", "x"] as &[&str]),
            ("  set  k \"a b\" ", &["set", "k", "a b"]),
            (r#"set k "\x00\n\"""#, &["set", "k", r#"\x00\n\""#]),
            (r"set k 'it\'s \n'", &["set", "k", r"it\'s \\n"]),
            ("set k ''", &["set", "k", ""]),
            ("", &[]),
        ] {
            let want: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(split(line), Some(want), "{line}");
        }
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in ["set k \"a", "set k 'a", "set k \"a\"b", "set 'k'v"] {
            assert_eq!(split(line), None, "{line}");
        }
    }

    #[test]
    fn what_comes_by_itself_is_told_from_answers() {
        assert!(is_push(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"));
        assert!(is_push(b">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"));
        assert!(is_push(b"+1700000000.000000 [0 127.0.0.1:50000] \"PING\"\r\n"));
        assert!(!is_push(b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"));
        assert!(!is_push(b"+OK\r\n"));
    }

    #[test]
    fn texts_for_people_are_shown_as_they_are() {
        assert!(is_raw(&split_line("INFO replication").unwrap()));
        assert!(is_raw(&split_line("client list").unwrap()));
        assert!(!is_raw(&split_line("client id").unwrap()));
    }
}
