//! Reading a line word by word, with a place for every complaint.

use std::fmt;

use super::names::Names;
use crate::ids::NodeId;

/// What is wrong with a scenario's text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: u32,
    /// The character within the line, from 1.
    pub column: u32,
    /// What would have been right there.
    pub expected: String,
    /// What is there: a word in backquotes, or `the end of the line`.
    pub found: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, expected, found } = self;
        write!(f, "line {line}, column {column}: expected {expected}, found {found}")
    }
}

impl std::error::Error for ScenarioError {}

/// What parsing comes to.
pub(super) type Parsed<T> = Result<T, ScenarioError>;

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    text: &'a str,
    at: usize,
    pub(super) number: u32,
}

/// Whether a byte may be part of a bare word. Bytes beyond ASCII may.
fn is_word(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !b"()\"=<>!~".contains(&byte)
}

impl<'a> Line<'a> {
    pub(super) fn new(number: u32, text: &'a str) -> Self {
        Self { text, at: 0, number }
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// What is left, without the space around it.
    pub(super) fn rest(&self) -> &'a str {
        self.text[self.at..].trim()
    }

    /// Takes what is left.
    pub(super) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }

    /// The next bare word, without taking it; empty at a quote, a sign, or the end.
    pub(super) fn peek(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.bytes().position(|b| !is_word(b)).unwrap_or(rest.len())]
    }

    /// Takes the next bare word.
    pub(super) fn word(&mut self, expected: &str) -> Parsed<&'a str> {
        let word = self.peek();
        if word.is_empty() {
            return Err(self.error(expected));
        }
        self.skip_space();
        self.at += word.len();
        Ok(word)
    }

    /// Takes the next bare word if it is this one.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let is = self.peek() == word;
        if is {
            self.skip_space();
            self.at += word.len();
        }
        is
    }

    /// Takes a sign if it comes next.
    pub(super) fn eat_sign(&mut self, sign: &str) -> bool {
        let is = self.rest().starts_with(sign);
        if is {
            self.skip_space();
            self.at += sign.len();
        }
        is
    }

    /// Whether a sign follows without space between.
    pub(super) fn touches(&self, sign: &str) -> bool {
        self.text[self.at..].starts_with(sign)
    }

    /// Takes a text in double quotes, if one comes next.
    pub(super) fn quoted(&mut self) -> Parsed<Option<Vec<u8>>> {
        let rest = self.rest();
        if !rest.starts_with('"') {
            return Ok(None);
        }
        let mut end = 1;
        let bytes = rest.as_bytes();
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let words = rest.get(..=end).and_then(crate::console::split_line);
        match words.as_deref() {
            Some([text]) => {
                self.skip_space();
                self.at += end + 1;
                Ok(Some(text.clone()))
            }
            _ => Err(self.error("a text with a closing quote")),
        }
    }

    /// Takes what stands up to the bracket that closes an open one, and that bracket. Brackets in
    /// double quotes do not count.
    pub(super) fn bracketed(&mut self) -> Parsed<&'a str> {
        let rest = &self.text[self.at..];
        let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
        for (i, byte) in rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'(' if !quoted => depth += 1,
                b')' if !quoted && depth > 0 => depth -= 1,
                b')' if !quoted => {
                    self.at += i + 1;
                    return Ok(rest[..i].trim());
                }
                _ => {}
            }
        }
        Err(self.error("a command and a closing bracket"))
    }

    /// Takes the name of a node.
    pub(super) fn node(&mut self, names: &Names) -> Parsed<NodeId> {
        let before = *self;
        let found = names.find(self.word("a node")?);
        found.ok_or_else(|| before.error(&format!("a node ({names})")))
    }

    /// Takes a number.
    pub(super) fn number(&mut self, expected: &str) -> Parsed<u64> {
        let before = *self;
        let word = self.word(expected)?;
        word.parse().map_err(|_| before.error(expected))
    }

    /// Takes a number behind a letter.
    pub(super) fn numbered(&mut self, letter: &str, expected: &str) -> Parsed<u64> {
        let before = *self;
        let number = self.word(expected)?.strip_prefix(letter).and_then(|n| n.parse().ok());
        number.ok_or_else(|| before.error(expected))
    }

    /// Takes a number with one of these units, each with what it stands for. Without any unit only
    /// 0 is a number.
    pub(super) fn measure(&mut self, expected: &str, units: &[(&str, u64)]) -> Parsed<u64> {
        let before = *self;
        let word = self.word(expected)?;
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = word.split_at(digits);
        let number: Option<u64> = number.parse().ok();
        let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let value = match (number, factor) {
            (Some(0), None) if unit.is_empty() => Some(0),
            (number, factor) => number.zip(factor).and_then(|(n, f)| n.checked_mul(f)),
        };
        value.ok_or_else(|| before.error(expected))
    }

    /// Takes a duration, in microseconds.
    pub(super) fn duration(&mut self) -> Parsed<u64> {
        let before = *self;
        let time = self.measure("a time such as 300ms or 5s", DURATIONS)?;
        if time > TIME_US_MAX { Err(before.error("a time of at most a year")) } else { Ok(time) }
    }

    /// Takes a number that may be below zero, with its unit.
    pub(super) fn signed(&mut self, expected: &str, units: &[(&str, u64)]) -> Parsed<i64> {
        let before = *self;
        let negative = self.rest().starts_with('-');
        if negative {
            self.eat_sign("-");
        }
        let size = i64::try_from(self.measure(expected, units)?);
        let size = size.map_err(|_| before.error(expected))?;
        Ok(if negative { -size } else { size })
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("the end of the line")) }
    }

    /// A complaint about what comes next.
    pub(super) fn error(&self, expected: &str) -> ScenarioError {
        let mut place = *self;
        place.skip_space();
        let word = match place.peek() {
            "" => place.rest().chars().next().map(String::from),
            word => Some(word.to_owned()),
        };
        ScenarioError {
            line: self.number,
            column: self.text[..place.at].chars().count() as u32 + 1,
            expected: expected.to_owned(),
            found: word.map_or_else(|| "the end of the line".into(), |word| format!("`{word}`")),
        }
    }
}

/// Longest time that a scenario or a link may speak of, in microseconds: a year.
pub(crate) const TIME_US_MAX: u64 = 31_536_000_000_000;

/// Units of time, in microseconds.
pub(super) const DURATIONS: &[(&str, u64)] =
    &[("us", 1), ("ms", 1_000), ("s", 1_000_000), ("min", 60_000_000)];

/// Units of bandwidth, in bytes per second.
pub(super) const RATES: &[(&str, u64)] =
    &[("b/s", 1), ("kb/s", 1_000), ("mb/s", 1_000_000), ("gb/s", 1_000_000_000)];

/// A number with the largest unit that leaves it whole.
pub(super) fn measured(value: u64, units: &[(&str, u64)]) -> String {
    let fits = units.iter().rev().find(|(_, factor)| value.is_multiple_of(*factor));
    match fits {
        Some((unit, factor)) if value > 0 => format!("{}{unit}", value / factor),
        _ => "0".to_owned(),
    }
}

/// A duration in microseconds, as [`Line::duration`] reads it.
pub(super) fn duration(micros: u64) -> String {
    measured(micros, DURATIONS)
}

/// A text in double quotes, as [`Line::quoted`] reads it.
pub(super) fn quote(text: &[u8]) -> String {
    String::from_utf8_lossy(&lockstep_core::config::parse::quote(text)).into_owned()
}
