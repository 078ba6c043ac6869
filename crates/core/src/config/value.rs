//! What a directive's value can be: parsing with Redis's error texts, and the text `CONFIG GET`
//! shows.

use std::borrow::Cow;

/// Why a value is refused, in Redis's words.
pub type ValueError = Cow<'static, str>;

/// A directive's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `yes` or `no`.
    Bool(bool),
    /// A number; percentages are negative, as in Redis.
    Int(i128),
    /// Anything else.
    Text(Vec<u8>),
}

impl Value {
    /// Whether it is `yes`.
    pub(super) fn bool(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// The number, 0 if it is none.
    pub(super) fn int(&self) -> i128 {
        if let Self::Int(value) = self { *value } else { 0 }
    }

    /// The bytes of a text.
    pub(super) fn bytes(self) -> Vec<u8> {
        if let Self::Text(text) = self { text } else { Vec::new() }
    }

    /// A text as a string. [`Kind::Str`] has made sure that it is UTF-8.
    pub(super) fn string(self) -> String {
        String::from_utf8(self.bytes()).unwrap_or_default()
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Decimal digits.
    Plain,
    /// Digits and perhaps `k`, `kb`, `m`, `mb`, `g`, `gb`: 1k is 1000, 1kb is 1024.
    Memory,
    /// As [`Unit::Memory`], or a percentage: `5%`.
    MemoryOrPercent,
    /// Octal digits.
    Octal,
}

/// The shape of a single-valued directive.
#[derive(Debug, Clone, Copy, Hash)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A number in a range, both ends included.
    Int {
        /// Smallest value.
        min: i128,
        /// Largest value.
        max: i128,
        /// How it is written.
        unit: Unit,
    },
    /// One of these words.
    Enum(&'static [&'static str]),
    /// Text, which must be UTF-8.
    Str,
    /// Any bytes.
    Bytes,
    /// A file or directory name without a path; the word is what Redis calls it. `true`: it may be
    /// empty.
    Name(&'static str, bool),
}

impl Kind {
    /// Parses one argument of the directive `name`.
    pub(super) fn parse(self, name: &str, text: &[u8]) -> Result<Value, ValueError> {
        match self {
            Self::Bool => match () {
                () if text.eq_ignore_ascii_case(b"yes") => Ok(Value::Bool(true)),
                () if text.eq_ignore_ascii_case(b"no") => Ok(Value::Bool(false)),
                () => Err("argument must be 'yes' or 'no'".into()),
            },
            Self::Int { min, max, unit } => parse_number(text, min, max, unit).map(Value::Int),
            Self::Enum(words) => words
                .iter()
                .find(|word| text.eq_ignore_ascii_case(word.as_bytes()))
                .map(|word| Value::Text(word.as_bytes().to_vec()))
                .ok_or_else(|| {
                    format!("argument(s) must be one of the following: {}", words.join(", ")).into()
                }),
            Self::Str if std::str::from_utf8(text).is_err() => {
                Err("argument must be UTF-8 text".into())
            }
            Self::Str | Self::Bytes => Ok(Value::Text(text.to_vec())),
            Self::Name(_, false) if text.is_empty() => Err(format!("{name} can't be empty").into()),
            Self::Name(what, _) => match std::str::from_utf8(text) {
                Ok(text) if !text.contains(['/', '\\']) => Ok(Value::Text(text.into())),
                Ok(_) => Err(format!("{name} can't be a path, just a {what}").into()),
                Err(_) => Err("argument must be UTF-8 text".into()),
            },
        }
    }

    /// The text that `CONFIG GET` shows for a value of this kind.
    pub(super) fn format(self, value: Value) -> Vec<u8> {
        match (value, self) {
            (Value::Bool(true), _) => b"yes".to_vec(),
            (Value::Bool(false), _) => b"no".to_vec(),
            (Value::Int(value), Self::Int { unit: Unit::Octal, .. }) => {
                format!("{value:o}").into_bytes()
            }
            (Value::Int(value), Self::Int { unit: Unit::MemoryOrPercent, .. }) if value < 0 => {
                format!("{}%", -value).into_bytes()
            }
            (Value::Int(value), _) => value.to_string().into_bytes(),
            (Value::Text(text), _) => text,
        }
    }
}

fn parse_number(text: &[u8], min: i128, max: i128, unit: Unit) -> Result<i128, ValueError> {
    use crate::num::parse_i64;
    let number = match unit {
        Unit::Plain => parse_i64(text).map(i128::from),
        Unit::Octal => std::str::from_utf8(text)
            .ok()
            .and_then(|digits| i64::from_str_radix(digits, 8).ok())
            .map(i128::from),
        Unit::Memory => parse_memory(text).map(i128::from),
        Unit::MemoryOrPercent => match text {
            [digits @ .., b'%'] => parse_i64(digits).filter(|p| *p >= 0).map(|p| -i128::from(p)),
            _ => parse_memory(text).map(i128::from),
        },
    };
    let number = number.ok_or(match unit {
        Unit::Plain => "argument couldn't be parsed into an integer",
        Unit::Octal => "argument couldn't be parsed as an octal number",
        Unit::Memory => "argument must be a memory value",
        Unit::MemoryOrPercent => "argument must be a memory or percent value",
    })?;
    match unit {
        Unit::MemoryOrPercent if number < -100 => {
            Err("percentage argument must be less or equal to 100".into())
        }
        Unit::MemoryOrPercent if number < 0 => Ok(number),
        Unit::Octal if !(min..=max).contains(&number) => {
            Err(format!("argument must be between {min:o} and {max:o} inclusive").into())
        }
        _ if !(min..=max).contains(&number) => {
            Err(format!("argument must be between {min} and {max} inclusive").into())
        }
        _ => Ok(number),
    }
}

/// A number of bytes with a unit. As in Redis, no digits at all are 0; unlike Redis, what does
/// not fit into 64 bits is the largest number rather than a wrapped one.
pub(crate) fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, unit) = text.split_at(digits);
    if digits.len() > 127 {
        return None;
    }
    let factor = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = digits
        .iter()
        .fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()));
    Some(number.saturating_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_units_are_those_of_redis() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("1", Some(1)),
            ("1b", Some(1)),
            ("1k", Some(1_000)),
            ("1KB", Some(1_024)),
            ("2m", Some(2_000_000)),
            ("2Mb", Some(2 << 20)),
            ("3g", Some(3_000_000_000)),
            ("3gB", Some(3 << 30)),
            ("", Some(0)),
            ("99999999999999999999gb", Some(u64::MAX)),
            ("-1", None),
            ("1x", None),
            ("1 kb", None),
            ("1.5mb", None),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), bytes, "{text:?}");
        }
    }

    #[test]
    fn errors_are_those_of_redis() {
        let int = |unit| Kind::Int { min: 1, max: 511, unit };
        for (kind, text, error) in [
            (Kind::Bool, "maybe", "argument must be 'yes' or 'no'"),
            (int(Unit::Plain), "x", "argument couldn't be parsed into an integer"),
            (int(Unit::Plain), "01", "argument couldn't be parsed into an integer"),
            (int(Unit::Plain), "0", "argument must be between 1 and 511 inclusive"),
            (int(Unit::Memory), "1x", "argument must be a memory value"),
            (int(Unit::MemoryOrPercent), "5x", "argument must be a memory or percent value"),
            (
                int(Unit::MemoryOrPercent),
                "150%",
                "percentage argument must be less or equal to 100",
            ),
            (int(Unit::Octal), "999", "argument couldn't be parsed as an octal number"),
            (int(Unit::Octal), "1000", "argument must be between 1 and 777 inclusive"),
            (Kind::Enum(&["a", "b"]), "c", "argument(s) must be one of the following: a, b"),
            (Kind::Name("filename", true), "a/b", "d can't be a path, just a filename"),
            (Kind::Name("dirname", false), "", "d can't be empty"),
        ] {
            let refused = kind.parse("d", text.as_bytes());
            assert_eq!(refused, Err(Cow::Borrowed(error)), "{text:?}");
        }
    }
}
