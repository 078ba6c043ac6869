//! Replies as redis-cli shows them to a person.
//!
//! Works on the bytes themselves: a double, say, is shown in the digits that the server chose.

/// Aggregates nested deeper than this are shown as bytes.
const DEPTH_MAX: usize = 64;

/// The bytes of one reply as redis-cli shows them, without the last line break. `raw`: the reply
/// is a text made for people, see [`super::is_raw`]. What is not RESP is shown escaped.
pub fn render_reply(bytes: &[u8], raw: bool) -> String {
    let mut walk = Walk { bytes, at: 0, raw };
    let mut out = String::new();
    if walk.value(&mut out, 0, 0).is_none() {
        out = bytes.escape_ascii().to_string();
    }
    let len = out.trim_end_matches('\n').len();
    out.truncate(len);
    out
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    raw: bool,
}

impl<'a> Walk<'a> {
    /// The type's mark and the rest of its line.
    fn line(&mut self) -> Option<(u8, &'a [u8])> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        self.at += end + 1;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        line.split_first().map(|(&mark, rest)| (mark, rest))
    }

    /// A string whose length is known, and the line end after it.
    fn string(&mut self, len: &[u8]) -> Option<Option<&'a [u8]>> {
        let len = number(len)?;
        if len < 0 {
            return Some(None);
        }
        let end = self.at.checked_add(usize::try_from(len).ok()?)?;
        let text = self.bytes.get(self.at..end)?;
        self.at = end.checked_add(2).filter(|&at| at <= self.bytes.len())?;
        Some(Some(text))
    }

    /// Appends a value with a line break at its end. Lines after the first are indented.
    fn value(&mut self, out: &mut String, indent: usize, depth: usize) -> Option<()> {
        let (mark, rest) = self.line()?;
        match mark {
            b'+' | b'(' => push_text(out, rest),
            b'-' => push_error(out, rest),
            b':' => push_named(out, "(integer) ", rest),
            b',' => push_named(out, "(double) ", rest),
            b'_' => out.push_str("(nil)"),
            b'#' => out.push_str(if rest == b"t" { "(true)" } else { "(false)" }),
            b'$' => match self.string(rest)? {
                None => out.push_str("(nil)"),
                Some(text) if self.raw => push_lines(out, text),
                Some(text) => quote(out, text),
            },
            b'=' => push_lines(out, self.string(rest)??.get(4..)?),
            b'!' => push_error(out, self.string(rest)??),
            b'*' | b'~' | b'>' if depth < DEPTH_MAX => {
                return self.list(out, mark, rest, indent, depth);
            }
            b'%' if depth < DEPTH_MAX => return self.map(out, rest, indent, depth),
            b'|' if depth < DEPTH_MAX => {
                // redis-cli asks for no attributes; the value they are about is what counts.
                let mut unseen = String::new();
                for _ in 0..number(rest)?.checked_mul(2)? {
                    self.value(&mut unseen, 0, depth + 1)?;
                }
                return self.value(out, indent, depth + 1);
            }
            _ => return None,
        }
        out.push('\n');
        Some(())
    }

    fn list(
        &mut self,
        out: &mut String,
        mark: u8,
        count: &[u8],
        indent: usize,
        depth: usize,
    ) -> Option<()> {
        let count = number(count)?;
        let (name, after) = match mark {
            b'~' => ("(empty set)\n", "~ "),
            b'>' => ("(empty push)\n", ") "),
            _ => ("(empty array)\n", ") "),
        };
        if count <= 0 {
            out.push_str(if count < 0 { "(nil)\n" } else { name });
        }
        let width = digits(count);
        for index in 1..=count {
            push_number(out, if index == 1 { 0 } else { indent }, width, index, after);
            self.value(out, indent + width + 2, depth + 1)?;
        }
        Some(())
    }

    fn map(&mut self, out: &mut String, pairs: &[u8], indent: usize, depth: usize) -> Option<()> {
        let pairs = number(pairs)?;
        if pairs <= 0 {
            out.push_str("(empty hash)\n");
        }
        let width = digits(pairs);
        let deeper = indent + width + 2;
        for index in 1..=pairs {
            push_number(out, if index == 1 { 0 } else { indent }, width, index, "# ");
            self.value(out, deeper, depth + 1)?;
            out.pop();
            out.push_str(" => ");
            let mut value = String::new();
            self.value(&mut value, deeper, depth + 1)?;
            // A value of several lines begins on a line of its own.
            if value.trim_end_matches('\n').contains('\n') {
                out.push('\n');
                spaces(out, deeper);
            }
            out.push_str(&value);
        }
        Some(())
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn digits(n: i64) -> usize {
    n.max(0).to_string().len()
}

fn spaces(out: &mut String, count: usize) {
    for _ in 0..count {
        out.push(' ');
    }
}

fn push_number(out: &mut String, indent: usize, width: usize, index: i64, after: &str) {
    let digits = index.to_string();
    spaces(out, indent + width.saturating_sub(digits.len()));
    out.push_str(&digits);
    out.push_str(after);
}

fn push_text(out: &mut String, text: &[u8]) {
    out.push_str(&String::from_utf8_lossy(text));
}

fn push_named(out: &mut String, name: &str, text: &[u8]) {
    out.push_str(name);
    push_text(out, text);
}

fn push_error(out: &mut String, text: &[u8]) {
    push_named(out, "(error) ", text);
}

/// A text of several lines.
fn push_lines(out: &mut String, text: &[u8]) {
    out.push_str(&String::from_utf8_lossy(text).replace("\r\n", "\n"));
}

/// A string as redis-cli shows it.
pub fn quoted(text: &[u8]) -> String {
    let mut out = String::new();
    quote(&mut out, text);
    out
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

    #[test]
    fn replies_look_as_in_redis_cli() {
        for (bytes, text) in [
            ("+OK\r\n", "OK"),
            ("-ERR no\r\n", "(error) ERR no"),
            (":6\r\n", "(integer) 6"),
            ("$-1\r\n", "(nil)"),
            ("*0\r\n", "(empty array)"),
            ("%0\r\n", "(empty hash)"),
            ("~0\r\n", "(empty set)"),
            (",2.5\r\n", "(double) 2.5"),
            (",1.0\r\n", "(double) 1.0"),
            ("#t\r\n", "(true)"),
            ("=7\r\ntxt:a\"b\r\n", "a\"b"),
            ("$5\r\n\0\"\n\x07\\\r\n", r#""\x00\"\n\a\\""#),
            ("*3\r\n$1\r\na\r\n:1\r\n*-1\r\n", "1) \"a\"\n2) (integer) 1\n3) (nil)"),
            ("%2\r\n+f1\r\n+v1\r\n+f2\r\n+v2\r\n", "1# f1 => v1\n2# f2 => v2"),
            ("~1\r\n$1\r\nx\r\n", "1~ \"x\""),
            ("*1\r\n*2\r\n+a\r\n,1\r\n", "1) 1) a\n   2) (double) 1"),
            ("%1\r\n+k\r\n*1\r\n+x\r\n", "1# k => 1) x"),
            ("%1\r\n_\r\n*0\r\n", "1# (nil) => (empty array)"),
            ("%1\r\n+k\r\n*2\r\n+x\r\n+y\r\n", "1# k => \n   1) x\n   2) y"),
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
    fn what_is_no_reply_is_shown_as_its_bytes() {
        for bytes in
            ["", "$5\r\nab", "*9999999\r\n", "?\r\n", "%9223372036854775807\r\n", "=1\r\na\r\n"]
        {
            let shown = bytes.as_bytes().escape_ascii().to_string();
            assert_eq!(render_reply(bytes.as_bytes(), false), shown);
        }
        let deep = "*1\r\n".repeat(100);
        assert_eq!(
            render_reply(deep.as_bytes(), false),
            deep.as_bytes().escape_ascii().to_string()
        );
    }

    #[test]
    fn texts_for_people_keep_their_lines() {
        assert_eq!(render_reply(b"$6\r\na:1\r\nb\r\n", true), "a:1\nb");
        assert_eq!(render_reply(b"=10\r\ntxt:a:1\r\nb\r\n", true), "a:1\nb");
    }
}
