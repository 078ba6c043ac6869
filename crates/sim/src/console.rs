//! What redis-cli does around a connection: splitting a line into arguments, and showing replies.

/// Splits a line into arguments with redis-cli's quoting: `"..."` with `\n \r \t \b \a \xHH` and
/// backslash escapes, `'...'` with `\'` only. `None`: the quotes are not balanced.
pub fn split_line(line: &str) -> Option<Vec<Vec<u8>>> {
    let mut args = Vec::new();
    let mut rest = line.as_bytes();
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(args);
        }
        let (arg, after) = next_arg(rest)?;
        args.push(arg);
        rest = after;
    }
}

fn next_arg(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut arg = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'"' => return closed(double_quoted(after, &mut arg)?, arg),
            b'\'' => return closed(single_quoted(after, &mut arg)?, arg),
            b if b.is_ascii_whitespace() || b == 0 => return Some((arg, after)),
            b => arg.push(b),
        }
        rest = after;
    }
    Some((arg, rest))
}

/// A closing quote must be followed by a blank or the end.
fn closed(rest: &[u8], arg: Vec<u8>) -> Option<(Vec<u8>, &[u8])> {
    let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
    ends.then_some((arg, rest))
}

fn double_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [b'\\', b'x', h, l, after @ ..] if h.is_ascii_hexdigit() && l.is_ascii_hexdigit() => {
                arg.push(hex(*h) << 4 | hex(*l));
                rest = after;
            }
            [b'\\', escaped, after @ ..] => {
                arg.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                rest = after;
            }
            [b'"', after @ ..] => return Some(after),
            [byte, after @ ..] => {
                arg.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [b'\\', b'\'', after @ ..] => {
                arg.push(b'\'');
                rest = after;
            }
            [b'\'', after @ ..] => return Some(after),
            [byte, after @ ..] => {
                arg.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or(0) as u8
}

/// A reply as redis-cli shows it to a person.
pub fn render_reply(bytes: &[u8]) -> String {
    // Replaced by the rendering of the decoded tree as soon as `resp::decode` is there.
    bytes.escape_ascii().to_string()
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
}
