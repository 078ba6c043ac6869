//! What redis-cli does around a connection: splitting a line into arguments, and showing replies.
//! Measured on redis-cli 7.0.15.

use lockstep_core::resp::decode::{self, Value};
use lockstep_core::resp::reply::format_double;

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

/// The bytes of one reply as redis-cli shows them to a person, without the last line break. `raw`:
/// the reply is a text, see [`is_raw`].
pub fn render_reply(bytes: &[u8], raw: bool) -> String {
    let text = match decode::decode(bytes) {
        Ok(Some((value, _))) if raw => match value.as_bytes().or(value.as_error()) {
            Some(text) => String::from_utf8_lossy(text).replace("\r\n", "\n"),
            None => formatted(&value),
        },
        Ok(Some((value, _))) => formatted(&value),
        // Not RESP, and not to be hidden.
        Ok(None) | Err(_) => bytes.escape_ascii().to_string(),
    };
    text.trim_end_matches('\n').to_owned()
}

fn formatted(value: &Value) -> String {
    let mut out = String::new();
    format_value(&mut out, value, 0);
    out
}

/// Appends a value as redis-cli formats it for a terminal, a line break included. Lines after the
/// first are indented.
fn format_value(out: &mut String, value: &Value, indent: usize) {
    let lossy = String::from_utf8_lossy;
    match value {
        Value::Simple(text) => out.push_str(&lossy(text)),
        Value::Error(text) => {
            out.push_str("(error) ");
            out.push_str(&lossy(text));
        }
        Value::Int(n) => out.push_str(&format!("(integer) {n}")),
        Value::Double(n) => {
            out.push_str("(double) ");
            out.push_str(&format_double(*n));
        }
        Value::Bulk(text) | Value::Verbatim { text, .. } => quote(out, text),
        Value::Null => out.push_str("(nil)"),
        Value::Bool(true) => out.push_str("(true)"),
        Value::Bool(false) => out.push_str("(false)"),
        Value::BigNumber(digits) => out.push_str(&lossy(digits)),
        Value::Array(values) => return format_list(out, values, ("array", ')'), indent),
        Value::Set(values) => return format_list(out, values, ("set", '~'), indent),
        Value::Push(values) => return format_list(out, values, ("push", ')'), indent),
        Value::Map(pairs) => return format_map(out, pairs, indent),
        Value::Attributed { value, .. } => return format_value(out, value, indent),
    }
    out.push('\n');
}

fn format_list(out: &mut String, values: &[Value], (name, mark): (&str, char), indent: usize) {
    if values.is_empty() {
        out.push_str(&format!("(empty {name})\n"));
    }
    let width = digits(values.len());
    for (i, value) in values.iter().enumerate() {
        let before = if i == 0 { 0 } else { indent };
        out.push_str(&format!("{:before$}{:>width$}{mark} ", "", i + 1));
        format_value(out, value, indent + width + 2);
    }
}

fn format_map(out: &mut String, pairs: &[(Value, Value)], indent: usize) {
    if pairs.is_empty() {
        out.push_str("(empty hash)\n");
    }
    // redis-cli makes room for the number of keys and values together.
    let width = digits(2 * pairs.len());
    for (i, (key, value)) in pairs.iter().enumerate() {
        let before = if i == 0 { 0 } else { indent };
        out.push_str(&format!("{:before$}{:>width$}# ", "", i + 1));
        format_value(out, key, indent + width + 2);
        out.pop();
        out.push_str(" => ");
        format_value(out, value, indent + width + 2);
    }
}

fn digits(n: usize) -> usize {
    n.to_string().len()
}

/// A string in double quotes, with everything escaped that is not printable ASCII.
fn quote(out: &mut String, text: &[u8]) {
    out.push('"');
    for &byte in text {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            7 => out.push_str("\\a"),
            8 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
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
    fn replies_look_as_in_redis_cli() {
        for (bytes, text) in [
            ("+OK\r\n", "OK"),
            ("-ERR no\r\n", "(error) ERR no"),
            (":6\r\n", "(integer) 6"),
            ("$-1\r\n", "(nil)"),
            ("*0\r\n", "(empty array)"),
            ("%0\r\n", "(empty hash)"),
            (",2.5\r\n", "(double) 2.5"),
            ("#t\r\n", "(true)"),
            ("$5\r\n\0\"\n\x07\\\r\n", r#""\x00\"\n\a\\""#),
            ("*3\r\n$1\r\na\r\n:1\r\n*-1\r\n", "1) \"a\"\n2) (integer) 1\n3) (nil)"),
            ("%2\r\n+f1\r\n+v1\r\n+f2\r\n+v2\r\n", "1# f1 => v1\n2# f2 => v2"),
            ("~1\r\n$1\r\nx\r\n", "1~ \"x\""),
            ("*1\r\n*2\r\n+a\r\n,1\r\n", "1) 1) a\n   2) (double) 1"),
        ] {
            assert_eq!(render_reply(bytes.as_bytes(), false), text, "{bytes:?}");
        }
    }

    #[test]
    fn numbers_of_long_arrays_line_up() {
        let bytes = format!("*11\r\n{}*2\r\n+a\r\n+b\r\n", "+x\r\n".repeat(10));
        let text = render_reply(bytes.as_bytes(), false);
        assert!(text.starts_with(" 1) x\n 2) x\n"));
        assert!(text.ends_with("10) x\n11) 1) a\n    2) b"), "{text}");
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
        assert_eq!(render_reply(b"$6\r\na:1\r\nb\r\n", true), "a:1\nb");
    }
}
