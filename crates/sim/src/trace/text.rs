//! Fields of a line: `name=value`, and how values are written and read.
//!
//! A value is one token without blanks, or bytes between double quotes; in these, what is not
//! printable ASCII stands as `\n`, `\r`, `\t`, `\"`, `\\` or `\x` and two digits.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;

use lockstep_core::id::{ConnId, ReplId};

/// Appends fields to a line.
pub(super) struct Writer<'a> {
    pub(super) out: &'a mut String,
}

impl Writer<'_> {
    /// Appends a field.
    pub(super) fn put<V: Value>(&mut self, name: &str, value: &V) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push('=');
        value.write(self.out);
    }

    /// Appends a field whose value is a name.
    pub(super) fn word(&mut self, name: &str, word: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push('=');
        self.out.push_str(word);
    }
}

/// The fields of a line, as they stand there.
pub(super) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// Takes the rest of a line apart.
    pub(super) fn parse(mut rest: &'a str) -> Result<Self, String> {
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start_matches(' ');
            if rest.is_empty() {
                return Ok(Self(fields));
            }
            let Some((name, after)) = rest.split_once('=') else {
                return Err(format!("`{}` is no field: name=value", shown(rest)));
            };
            let end = value_len(after).ok_or_else(|| format!("the quotes of {name} stay open"))?;
            fields.push((name, &after[..end]));
            rest = &after[end..];
        }
    }

    /// All of them, in their order.
    pub(super) fn into_inner(self) -> Vec<(&'a str, &'a str)> {
        self.0
    }

    /// The text of a field.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    /// The value of a field.
    pub(super) fn take<V: Value>(&self, name: &str) -> Result<V, String> {
        let text = self.text(name).ok_or_else(|| format!("the field {name} is missing"))?;
        V::read(text).ok_or_else(|| format!("{name}={} cannot be read", shown(text)))
    }

    /// The value of a field that may be missing.
    pub(super) fn take_if_any<V: Value>(&self, name: &str) -> Result<Option<V>, String> {
        self.text(name).map(|_| self.take(name)).transpose()
    }
}

/// So much of a text as an error message quotes.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where a value ends: at a blank outside quotes. `None`: the quotes stay open.
fn value_len(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b' ' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

/// What a field can hold.
pub(super) trait Value: Sized {
    /// Appends it.
    fn write(&self, out: &mut String);
    /// Reads it back; `None`: it is not one.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Value for $number {
            fn write(&self, out: &mut String) {
                // Writing to a string does not fail.
                let _ = write!(out, "{self}");
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

numbers! { u16 u32 u64 i64 usize }

impl Value for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "yes" } else { "no" });
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    }
}

/// `none`, or the value.
impl<V: Value> Value for Option<V> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("none"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == "none" { Some(None) } else { V::read(text).map(Some) }
    }
}

impl Value for ConnId {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }

    fn read(text: &str) -> Option<Self> {
        let (index, generation) = text.split_once('.')?;
        Some(Self { index: index.parse().ok()?, generation: generation.parse().ok()? })
    }
}

impl Value for ReplId {
    fn write(&self, out: &mut String) {
        if self.as_bytes().iter().all(u8::is_ascii_alphanumeric) {
            let _ = write!(out, "{self}");
        } else {
            quote(out, self.as_bytes());
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text.starts_with('"') {
            Self::parse(&unquote(text)?)
        } else {
            Self::parse(text.as_bytes())
        }
    }
}

impl Value for Vec<u8> {
    fn write(&self, out: &mut String) {
        quote(out, self);
    }

    fn read(text: &str) -> Option<Self> {
        unquote(text)
    }
}

impl Value for String {
    fn write(&self, out: &mut String) {
        quote(out, self.as_bytes());
    }

    fn read(text: &str) -> Option<Self> {
        Self::from_utf8(unquote(text)?).ok()
    }
}

impl Value for Cow<'static, str> {
    fn write(&self, out: &mut String) {
        quote(out, self.as_bytes());
    }

    fn read(text: &str) -> Option<Self> {
        String::read(text).map(Cow::Owned)
    }
}

/// A host and a port.
impl Value for (String, u16) {
    fn write(&self, out: &mut String) {
        quote(out, format!("{}:{}", self.0, self.1).as_bytes());
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::read(text)?;
        let (host, port) = text.rsplit_once(':')?;
        Some((host.to_owned(), port.parse().ok()?))
    }
}

/// Two offsets, `from..to`.
impl Value for crate::message::StreamRange {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{}..{}", self.from, self.to);
    }

    fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once("..")?;
        Some(Self { from: from.parse().ok()?, to: to.parse().ok()? })
    }
}

/// Several texts, with commas between them.
impl Value for Vec<Vec<u8>> {
    fn write(&self, out: &mut String) {
        for (n, bytes) in self.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            quote(out, bytes);
        }
    }

    fn read(mut text: &str) -> Option<Self> {
        let mut all = Vec::new();
        while !text.is_empty() {
            let mut after = false;
            let end = text.bytes().skip(1).position(|byte| {
                let ends = byte == b'"' && !after;
                after = byte == b'\\' && !after;
                ends
            })? + 2;
            all.push(unquote(&text[..end])?);
            text = text[end..].strip_prefix(',').unwrap_or(&text[end..]);
        }
        Some(all)
    }
}

/// Appends bytes between quotes.
pub(crate) fn quote(out: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                out.push_str("\\x");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push('"');
}

/// The bytes between quotes.
pub(crate) fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, after) = rest.split_first()?;
        rest = after;
        bytes.push(match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'"' | b'\\' => escape,
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(bytes)
}

/// A time: seconds with six decimals.
pub(super) fn time(out: &mut String, micros: u64) {
    let _ = write!(out, "{}.{:06}", micros / 1_000_000, micros % 1_000_000);
}

/// Reads a time back, as microseconds; less than six decimals will do.
pub(super) fn read_time(text: &str) -> Option<u64> {
    let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(seconds) || !digits(micros) || micros.len() > 6 {
        return None;
    }
    let scale = 10_u64.pow(6 - micros.len() as u32);
    let fraction = u64::from_str(micros).ok()? * scale;
    u64::from_str(seconds).ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round<V: Value + PartialEq + std::fmt::Debug>(value: V) {
        let mut line = String::new();
        Writer { out: &mut line }.put("x", &value);
        line.push_str(" y=1");
        let fields = Fields::parse(&line).unwrap();
        assert_eq!(fields.take::<V>("x").unwrap(), value, "{line}");
        assert_eq!(fields.take::<u64>("y").unwrap(), 1, "{line}");
    }

    #[test]
    fn values_are_read_as_they_were_written() {
        round(Vec::from_iter(0..=255_u8));
        round(vec![b"a\",\"b".to_vec(), Vec::new(), b"\\".to_vec()]);
        round(Vec::<Vec<u8>>::new());
        round(Some(-1_i64));
        round(Option::<u64>::None);
        round(ConnId { index: 3, generation: 7 });
        round(ReplId::parse(&[b' '; 40]).unwrap());
        round(("::1".to_owned(), 6379_u16));
        round("名字 \u{0}".to_owned());
        round(true);
    }

    #[test]
    fn times_have_six_decimals_and_are_read_with_fewer() {
        let mut text = String::new();
        time(&mut text, 12_000_034);
        assert_eq!(text, "12.000034");
        assert_eq!(read_time(&text), Some(12_000_034));
        assert_eq!(read_time("1.5"), Some(1_500_000));
        assert_eq!(read_time("7"), Some(7_000_000));
        for wrong in ["", ".", "1.", "-1.0", "1.0000001", "+1", "99999999999999999999"] {
            assert_eq!(read_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_field_is_named() {
        assert_eq!(Fields::parse("a=1 b").err().unwrap(), "`b` is no field: name=value");
        assert_eq!(Fields::parse("a=\"1").err().unwrap(), "the quotes of a stay open");
        let fields = Fields::parse("a=x").unwrap();
        assert_eq!(fields.take::<u64>("a").unwrap_err(), "a=x cannot be read");
        assert_eq!(fields.take::<u64>("b").unwrap_err(), "the field b is missing");
    }
}
