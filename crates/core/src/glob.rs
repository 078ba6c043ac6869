//! Glob patterns as Redis matches them (`KEYS`, `SCAN MATCH`, `CONFIG GET`, `PSUBSCRIBE`).
//!
//! `*` any bytes, `?` one byte, `[abc]`, `[a-z]`, `[^a]` one byte of a class, `\x` the byte x
//! itself. Malformed patterns match as in Redis: an unclosed class ends with the pattern, a
//! backslash at the end is itself.

/// Whether a pattern holds any character that makes it more than a name.
pub fn is_pattern(pattern: &[u8]) -> bool {
    pattern.iter().any(|b| matches!(b, b'*' | b'?' | b'['))
}

/// Whether `text` matches `pattern`; `nocase` ignores the case of ASCII letters.
///
/// Only the last `*` is ever retried, so the time is at most `pattern * text`.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one byte of text further.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == b'*' {
            while p < pattern.len() && pattern[p] == b'*' {
                p += 1;
            }
            if p == pattern.len() {
                return true;
            }
            retry = Some((p, t));
            continue;
        }
        if t == text.len() {
            return p == pattern.len();
        }
        match one(&pattern[p..], text[t], nocase) {
            Some(used) => {
                p += used;
                t += 1;
            }
            None => {
                let Some((after_star, from)) = retry else { return false };
                retry = Some((after_star, from + 1));
                (p, t) = (after_star, from + 1);
            }
        }
    }
}

/// Matches one byte with the beginning of `pattern`; how many bytes of the pattern that took.
fn one(pattern: &[u8], byte: u8, nocase: bool) -> Option<usize> {
    let fold = |b: u8| if nocase { b.to_ascii_lowercase() } else { b };
    match *pattern.first()? {
        b'?' => Some(1),
        b'[' => {
            let (hit, used) = class(&pattern[1..], byte, fold);
            hit.then_some(1 + used)
        }
        b'\\' if pattern.len() >= 2 => (fold(pattern[1]) == fold(byte)).then_some(2),
        literal => (fold(literal) == fold(byte)).then_some(1),
    }
}

/// Matches a byte with a class, given from behind its `[`; how many bytes the class has.
fn class(class: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> (bool, usize) {
    let not = class.first() == Some(&b'^');
    let mut at = usize::from(not);
    let mut hit = false;
    let byte = fold(byte);
    loop {
        match class[at..] {
            [] => return (hit != not, at),
            [b']', ..] => return (hit != not, at + 1),
            [b'\\', escaped, ..] => {
                hit |= fold(escaped) == byte;
                at += 2;
            }
            [from, b'-', to, ..] => {
                let (from, to) = (fold(from.min(to)), fold(from.max(to)));
                hit |= (from..=to).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                hit |= fold(literal) == byte;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes(), false)
    }

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text) in [
            ("*", ""),
            ("", ""),
            ("h?llo", "hello"),
            ("h*llo", "heeeello"),
            ("h*llo", "hllo"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hbllo"),
            ("h[a-c]llo", "hbllo"),
            ("h[c-a]llo", "hbllo"),
            ("a\\*b", "a*b"),
            ("[\\]]", "]"),
            ("a*b*c", "aXbXbXc"),
            ("**x**", "x"),
            ("a\\", "a\\"),
            ("[abc", "b"),
        ] {
            assert!(m(pattern, text), "{pattern} should match {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("h?llo", "hllo"),
            ("h[ae]llo", "hillo"),
            ("h[^e]llo", "hello"),
            ("a\\*b", "aXb"),
            ("a*b", "abc"),
            ("?", ""),
            ("[^a", "a"),
            ("A", "a"),
        ] {
            assert!(!m(pattern, text), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn case_can_be_ignored() {
        assert!(matches(b"SLAVE-[A-Z]*", b"slave-priority", true));
        assert!(!matches(b"SLAVE*", b"slave", false));
    }

    #[test]
    fn many_stars_cost_little() {
        let text = vec![b'a'; 20_000];
        let pattern = "a*".repeat(50) + "b";
        assert!(!matches(pattern.as_bytes(), &text, false));
    }
}
