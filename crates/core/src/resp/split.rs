//! Lines split into words, with Redis's quoting: inline commands, configuration files.

/// The words of a line, or `None` if a quote is not closed, or closes in the middle of a word.
///
/// In double quotes `\n`, `\r`, `\t`, `\a`, `\b` and `\xhh` are escapes, and `\` before anything
/// else stands for that; in single quotes only `\'` is one. A quote may begin inside a word.
pub fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = line;
    let mut words = Vec::new();
    loop {
        let blanks = rest.iter().take_while(|byte| is_space(**byte)).count();
        rest = &rest[blanks..];
        if rest.is_empty() {
            return Some(words);
        }
        let (word, after) = word(rest)?;
        words.push(word);
        rest = after;
    }
}

/// The first word of `rest`, and what follows it.
fn word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    loop {
        match rest {
            [] => return Some((word, rest)),
            [b' ' | b'\n' | b'\r' | b'\t', after @ ..] => return Some((word, after)),
            [quote @ (b'"' | b'\''), after @ ..] => {
                let quoted = if *quote == b'"' { double } else { single };
                let after = closed(quoted(after, &mut word)?)?;
                return Some((word, after));
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

/// What follows a closing quote, if that is a space or nothing.
fn closed(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|byte| is_space(*byte)).then_some(rest)
}

fn double<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, after) = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), after)
            }
            [b'\\', escaped, after @ ..] => (unescape(*escaped), after),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        word.push(byte);
        rest = after;
    }
}

fn single<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, after) = match rest {
            [b'\'', after @ ..] => return Some(after),
            [b'\\', b'\'', after @ ..] => (b'\'', after),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        word.push(byte);
        rest = after;
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 0x07,
        b'b' => 0x08,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// `isspace` of the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<Vec<String>> {
        let words = split_words(line.as_bytes())?;
        Some(words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect())
    }

    #[test]
    fn words_as_redis_splits_them() {
        for (line, words) in [
            ("", &[][..]),
            (" \t\r\n\x0b\x0c", &[]),
            ("set  a\tb ", &["set", "a", "b"]),
            (r#"a "b c" 'd e'"#, &["a", "b c", "d e"]),
            (r#""\x41\n\r\t\a\b\q\\\"""#, &["A\n\r\t\x07\x08q\\\""]),
            (r#""\x4g""#, &["x4g"]),
            (r"'\'\n'", &[r"'\n"]),
            (r#""" ''"#, &["", ""]),
            (r#"a"b c""#, &["ab c"]),
            ("a\x0bb", &["a\x0bb"]),
            ("\"a\"\x0bb", &["a", "b"]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line:?}");
        }
    }

    #[test]
    fn unbalanced_quotes() {
        for line in
            [r#"""#, "'", r#"a "b"#, "a 'b", r#""a"b"#, "'a'b", r#""a\"#, r#""a"""#, r"'a\'"]
        {
            assert_eq!(split(line), None, "{line:?}");
        }
    }
}
