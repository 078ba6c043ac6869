//! Numbers as text, by Redis's rules: strict integers, doubles, and the 80-bit floats of
//! `INCRBYFLOAT`; and the hash by which passwords are kept.

mod decimal;
pub mod double;
pub mod long_double;
pub mod sha256;

pub use long_double::LongDouble;

/// Parses a decimal `i64` the way Redis does everywhere: an optional `-`, no `+`, no leading zeros,
/// no spaces, no overflow. What it accepts is exactly what formatting an `i64` yields.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    let mut value = 0_u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        // At most 19 digits: below 10^19, which a u64 holds.
        value = value * 10 + u64::from(digit - b'0');
    }
    if negative { 0_i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// Parses a decimal `u64`, by the same rules.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    if text == b"0" {
        return Some(0);
    }
    if !matches!(text.first(), Some(b'1'..=b'9')) {
        return None;
    }
    text.iter().try_fold(0_u64, |value, &digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Room for the decimal digits of an `i64`.
#[derive(Debug, Clone, Copy)]
pub struct IntBuf([u8; 20]);

impl Default for IntBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl IntBuf {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self([0; 20])
    }

    /// `value` in decimal.
    pub fn format(&mut self, value: i64) -> &[u8] {
        let mut rest = value.unsigned_abs();
        let mut at = self.0.len();
        loop {
            at -= 1;
            self.0[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            self.0[at] = b'-';
        }
        &self.0[at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_canonical_or_nothing() {
        for (text, value) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("-0", None),
            ("01", None),
            ("+1", None),
            (" 1", None),
            ("1 ", None),
            ("", None),
            ("-", None),
            ("1a", None),
        ] {
            assert_eq!(parse_i64(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn unsigned_integers_reach_further() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
        assert_eq!(parse_u64(b"-1"), None);
        assert_eq!(parse_u64(b"00"), None);
        assert_eq!(parse_u64(b""), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_formatted_is_parsed(value: i64, unsigned: u64) {
            assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
            assert_eq!(parse_u64(unsigned.to_string().as_bytes()), Some(unsigned));
        }
    }
}
