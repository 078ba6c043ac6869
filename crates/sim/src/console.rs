//! What redis-cli does around a connection: splitting a line into arguments, and showing replies.

/// Splits a line into arguments with redis-cli's quoting. `None`: the quotes are not balanced.
pub fn split_line(line: &str) -> Option<Vec<Vec<u8>>> {
    lockstep_core::resp::split::split_words(line.as_bytes())
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
