//! Random commands from templates such as `SET {s} {v} [EX {sec} | PX {ms}] [NX | XX]`.
//!
//! In a template, `[a | b]` is one of the alternatives or nothing, `(a | b)` is one of them,
//! `item...` is one to four times the item before it, and `{class}` is a random word of a class;
//! everything else is itself.

use crate::dataset::Command;
use crate::rng::Rng;

/// Values that may end up anywhere: numbers at their limits, things that look like numbers,
/// empty, binary, and lengths on both sides of Redis's limits.
const VALUES: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"10",
    b"127",
    b"128",
    b"-129",
    b"4095",
    b"32768",
    b"8388607",
    b"2147483648",
    b"-2147483649",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"1.5",
    b"-0.1",
    b"3.0e3",
    b"1e400",
    b"inf",
    b"-inf",
    b"nan",
    b"+5",
    b" 7",
    b"7 ",
    b"007",
    b"-0",
    b"",
    b"a",
    b"b",
    b"hello",
    b"Hello World",
    b"\x00\xff\r\n\x80",
    b"0123456789012345678901234567890123456789012345678901234567890123",
    b"01234567890123456789012345678901234567890123456789012345678901234",
    b"exactly forty-four bytes, the longest embstr.",
];
const MEMBERS: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"d",
    b"e",
    b"1",
    b"2",
    b"3",
    b"40000",
    b"-7",
    b"m\x00n",
    b"",
    b"longer member",
];
const FIELDS: &[&[u8]] = &[b"f", b"g", b"h", b"n", b"1", b"", b"field\xff"];
const INTEGERS: &[&[u8]] = &[
    b"0", b"1", b"2", b"3", b"5", b"-1", b"-2", b"-3", b"10", b"100", b"-100", b"1000000", b"x",
    b"",
];
const COUNTS: &[&[u8]] = &[b"0", b"1", b"2", b"3", b"4", b"10", b"-1", b"-3", b"x"];
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"7",
    b"100",
    b"-9223372036854775808",
    b"9223372036854775807",
    b"1.5",
    b"x",
    b"",
];
const FLOATS: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"0.1",
    b"1.5",
    b"3.25",
    b"-2.75",
    b"1e3",
    b"1e17",
    b"5e-3",
    b"inf",
    b"-inf",
    b"nan",
    b"x",
    b"1e308",
    b"3.0000000000000004",
    b"100000000000000000000",
    b"",
];
const SCORES: &[&[u8]] = &[
    b"0", b"1", b"(1", b"2", b"(2.5", b"-inf", b"+inf", b"(inf", b"-1", b"10", b"x", b"nan", b"(",
];
const LEXES: &[&[u8]] =
    &[b"-", b"+", b"[a", b"(a", b"[b", b"(c", b"[", b"(", b"[zz", b"x", b"[1", b""];
const SECONDS: &[&[u8]] =
    &[b"1000", b"5000", b"1000000", b"0", b"-1", b"x", b"9223372036854775807"];
const MILLISECONDS: &[&[u8]] = &[b"1000000", b"5000000", b"0", b"-5", b"x", b"9223372036854775807"];
const UNIX: &[&[u8]] = &[b"4102444800", b"4102444801", b"1", b"0", b"-1", b"x"];
const UNIX_MS: &[&[u8]] = &[b"4102444800000", b"4102444800123", b"1", b"0", b"-1", b"x"];
const PATTERNS: &[&[u8]] =
    &[b"*", b"s*", b"?1", b"[a-c]", b"*[0-9]", b"\\*", b"", b"h*l?o", b"[^a]", b"a[", b"f", b"**1"];
const BITS: &[&[u8]] = &[b"0", b"1", b"7", b"8", b"100", b"-1", b"x", b"4294967296"];

/// Kinds of keys; a key `s3` usually holds a string, and now and then something else.
const KINDS: &[&str] = &["s", "l", "h", "t", "z"];
/// Keys of each kind.
const KEYS: usize = 4;

/// One random command.
///
/// # Panics
/// If the template has a mistake.
pub fn generate(template: &str, rng: &mut Rng) -> Command {
    let tokens: Vec<&str> = tokens(template);
    let mut out = Vec::new();
    let mut at = 0;
    sequence(&tokens, &mut at, rng, Some(&mut out));
    assert_eq!(at, tokens.len(), "{template}: brackets do not match");
    out
}

/// Damages a command as people and programs do: a word missing, one too many, or another one.
pub fn damage(command: &mut Command, rng: &mut Rng) {
    match rng.below(4) {
        0 if command.len() > 1 => drop(command.pop()),
        1 => command.push(rng.pick(VALUES).to_vec()),
        2 if command.len() > 1 => {
            let at = 1 + rng.below(command.len() - 1);
            command.remove(at);
        }
        _ => {
            let at = rng.below(command.len() - 1) + 1;
            if let Some(word) = command.get_mut(at) {
                *word = rng.pick(VALUES).to_vec();
            }
        }
    }
}

fn tokens(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in template.split_whitespace() {
        let mut rest = word;
        while let Some(open) = rest.strip_prefix(['[', '(']) {
            found.push(&rest[..1]);
            rest = open;
        }
        let core = rest.trim_end_matches([']', ')', '.']);
        if !core.is_empty() {
            found.push(core);
        }
        let mut tail = &rest[core.len()..];
        while !tail.is_empty() {
            let len = if tail.starts_with("...") { 3 } else { 1 };
            found.push(&tail[..len]);
            tail = &tail[len..];
        }
    }
    found
}

/// Items up to the end of the alternative; produces them if `out` is there.
fn sequence(tokens: &[&str], at: &mut usize, rng: &mut Rng, mut out: Option<&mut Command>) {
    while *at < tokens.len() && !matches!(tokens[*at], "|" | "]" | ")") {
        let start = *at;
        item(tokens, at, rng, out.as_deref_mut());
        if tokens.get(*at) == Some(&"...") {
            *at += 1;
            for _ in 0..rng.below(4) {
                item(tokens, &mut { start }, rng, out.as_deref_mut());
            }
        }
    }
}

fn item(tokens: &[&str], at: &mut usize, rng: &mut Rng, out: Option<&mut Command>) {
    let token = tokens[*at];
    *at += 1;
    if token != "[" && token != "(" {
        if let Some(out) = out {
            out.push(word(token, rng));
        }
        return;
    }
    let alternatives = alternatives(tokens, *at);
    let nothing = token == "[" && !rng.one_in(3);
    let chosen = if nothing { None } else { Some(rng.below(alternatives)) };
    let mut out = out;
    for index in 0..alternatives {
        let take = if chosen == Some(index) { out.as_deref_mut() } else { None };
        sequence(tokens, at, rng, take);
        *at += 1; // The bar or the closing bracket.
    }
}

/// How many alternatives the bracket has that was opened just before `at`.
fn alternatives(tokens: &[&str], at: usize) -> usize {
    let mut level = 0;
    let mut count = 1;
    for token in &tokens[at..] {
        match *token {
            "[" | "(" => level += 1,
            "]" | ")" if level == 0 => return count,
            "]" | ")" => level -= 1,
            "|" if level == 0 => count += 1,
            _ => {}
        }
    }
    panic!("brackets do not match: {tokens:?}");
}

fn word(token: &str, rng: &mut Rng) -> Vec<u8> {
    let Some(class) = token.strip_prefix('{').and_then(|t| t.strip_suffix('}')) else {
        return token.as_bytes().to_vec();
    };
    let from = match class {
        "k" => return key(KINDS[rng.below(KINDS.len())], rng),
        kind if KINDS.contains(&kind) => return key(kind, rng),
        "v" => VALUES,
        "m" => MEMBERS,
        "f" => FIELDS,
        "i" => INTEGERS,
        "n" => COUNTS,
        "num" => NUMBERS,
        "float" => FLOATS,
        "score" => SCORES,
        "lex" => LEXES,
        "sec" => SECONDS,
        "ms" => MILLISECONDS,
        "unix" => UNIX,
        "unixms" => UNIX_MS,
        "p" => PATTERNS,
        "bit" => BITS,
        _ => panic!("no class {{{class}}}"),
    };
    // Most values should be good ones, which come first in the lists of numbers.
    let good = from.len().div_ceil(2);
    let limit =
        if matches!(class, "v" | "m" | "f" | "p") || rng.one_in(5) { from.len() } else { good };
    from[rng.below(limit)].to_vec()
}

fn key(kind: &str, rng: &mut Rng) -> Vec<u8> {
    let kind = if rng.one_in(15) { KINDS[rng.below(KINDS.len())] } else { kind };
    format!("{kind}{}", rng.below(KEYS)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_followed() {
        let mut rng = Rng::new(1);
        let mut lengths = [0; 8];
        for _ in 0..500 {
            let command = generate("SET {s} {v} [EX {sec} | (PX | PXAT) {ms}] [GET]", &mut rng);
            assert_eq!(command[0], b"SET");
            lengths[command.len()] += 1;
        }
        assert!(lengths[3..=6].iter().all(|count| *count > 10), "{lengths:?}");
        assert_eq!(lengths.iter().sum::<i32>(), lengths[3..=6].iter().sum::<i32>());
    }

    #[test]
    fn repetition_repeats_what_is_before_it() {
        let mut rng = Rng::new(2);
        let mut seen = [false; 12];
        for _ in 0..200 {
            seen[generate("HSET {h} ({f} {v})...", &mut rng).len()] = true;
        }
        assert!(seen[4] && seen[6] && seen[8] && seen[10], "{seen:?}");
        assert!(!seen[3] && !seen[5] && !seen[7] && !seen[9], "{seen:?}");
    }
}
