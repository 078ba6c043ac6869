//! The `long double` of Redis on x86-64: 64 bits of precision, 15 bits of exponent.
//!
//! `INCRBYFLOAT` and `HINCRBYFLOAT` add in it and print 17 decimals, so 0.1 + 0.2 is 0.3 there and
//! 0.30000000000000004 in an `f64`. Text is read and printed with correct rounding, to the nearest
//! and to even at a tie, as the C library does.

use std::fmt::Write as _;

use super::decimal::{self, Big, Format, Magnitude, split_exponent, split_point};

const FORMAT: Format = Format { bits: 64, exp_min: -16_445 };
/// Exponent of the highest bit of the largest finite number.
const TOP_MAX: i64 = 16_383;
/// Longest text that is read: Redis's `MAX_LONG_DOUBLE_CHARS`, terminator included.
const TEXT_MAX: usize = 5 * 1024;

/// An 80-bit float that is not NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Zero,
    /// `mantissa * 2^exp`, with the mantissa's top bit set.
    Finite {
        mantissa: u64,
        exp: i32,
    },
    Infinite,
}

impl LongDouble {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, kind: Kind::Zero };

    /// Reads what C's `strtold` reads, with Redis's extra conditions: nothing around the number, no
    /// NaN, no overflow, no underflow to zero.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() >= TEXT_MAX {
            return None;
        }
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
            return Some(Self { negative, kind: Kind::Infinite });
        }
        let value = match rest {
            [b'0', b'x' | b'X', hex @ ..] => parse_hex(negative, hex)?,
            _ => parse_decimal(negative, rest)?,
        };
        value.is_finite().then_some(value)
    }

    /// Whether this is a number.
    pub fn is_finite(self) -> bool {
        self.kind != Kind::Infinite
    }

    /// The sum, rounded; `None` where it is not a number (infinities of both signs).
    #[expect(clippy::should_implement_trait, reason = "the sum may not exist")]
    pub fn add(self, other: Self) -> Option<Self> {
        let (a, b) = match (self.kind, other.kind) {
            (Kind::Infinite, Kind::Infinite) => {
                return (self.negative == other.negative).then_some(self);
            }
            (Kind::Infinite, _) => return Some(self),
            (_, Kind::Infinite) => return Some(other),
            (Kind::Zero, Kind::Zero) => {
                return Some(Self { negative: self.negative && other.negative, ..self });
            }
            (_, Kind::Zero) => return Some(self),
            (Kind::Zero, _) => return Some(other),
            (Kind::Finite { mantissa: a, exp: i }, Kind::Finite { mantissa: b, exp: j }) => {
                ((self.negative, a, i), (other.negative, b, j))
            }
        };
        // Both mantissas are full, so the exponents order the magnitudes.
        let (large, small) = if (a.2, a.1) >= (b.2, b.1) { (a, b) } else { (b, a) };
        // 62 spare bits below; what the smaller number loses beyond them leaves its mark in the
        // lowest.
        let distance = (large.2 - small.2) as u32;
        let wide = u128::from(small.1) << 62;
        let shifted = wide.checked_shr(distance).unwrap_or(0);
        let lost = distance >= 128 || shifted << distance != wide;
        let shifted = shifted | u128::from(lost);
        let wide = u128::from(large.1) << 62;
        let sum = if large.0 == small.0 { wide + shifted } else { wide - shifted };
        let negative = large.0 && sum != 0;
        Some(round(negative, sum, i64::from(large.2) - 62, false))
    }

    /// The nearest double (of the mantissa's upper 53 bits).
    pub fn to_f64(self) -> f64 {
        let magnitude = match self.kind {
            Kind::Zero => 0.0,
            Kind::Infinite => f64::INFINITY,
            Kind::Finite { mantissa, exp } => mantissa as f64 * 2.0_f64.powi(exp),
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// The number with 17 decimals and without trailing zeros, as Redis prints it.
    pub fn format(self) -> String {
        let digits = match self.kind {
            Kind::Zero => return "0".into(),
            Kind::Infinite => "inf".into(),
            Kind::Finite { mantissa, exp } if exp >= 0 => {
                let mut big = Big::from(u128::from(mantissa));
                big.shift_left(exp as u32);
                big.into_decimal()
            }
            Kind::Finite { mantissa, exp } => match decimals(mantissa, exp.unsigned_abs()) {
                digits if digits == "0" => return digits,
                digits => digits,
            },
        };
        if self.negative { format!("-{digits}") } else { digits }
    }
}

impl From<i64> for LongDouble {
    fn from(value: i64) -> Self {
        round(value < 0, u128::from(value.unsigned_abs()), 0, false)
    }
}

/// `mantissa / 2^shift`, rounded to 17 decimals.
fn decimals(mantissa: u64, shift: u32) -> String {
    const SCALE: u128 = 100_000_000_000_000_000;
    let scaled = u128::from(mantissa) * SCALE; // below 2^121
    let units = if shift >= 127 {
        0 // less than half a unit
    } else {
        let (whole, rest) = (scaled >> shift, scaled & ((1 << shift) - 1));
        let half = 1_u128 << (shift - 1);
        whole + u128::from(rest > half || rest == half && whole & 1 == 1)
    };
    let mut text = (units / SCALE).to_string();
    let fraction = units % SCALE;
    if fraction > 0 {
        let _ = write!(text, ".{fraction:017}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

/// `mantissa * 2^exp` (`lost`: and a little more), rounded to what fits.
fn round(negative: bool, mantissa: u128, exp: i64, lost: bool) -> LongDouble {
    let kind = match FORMAT.round(mantissa, exp, lost) {
        (0, _) => Kind::Zero,
        (kept, exp) => {
            // At most 65 bits, and then the lowest is zero.
            let top = 127 - i64::from(kept.leading_zeros());
            let mantissa = if top > 63 { kept >> (top - 63) } else { kept << (63 - top) } as u64;
            if exp + top > TOP_MAX {
                Kind::Infinite
            } else {
                Kind::Finite { mantissa, exp: (exp + top - 63) as i32 }
            }
        }
    };
    LongDouble { negative, kind }
}

fn parse_decimal(negative: bool, text: &[u8]) -> Option<LongDouble> {
    let value = match decimal::read(text)? {
        Magnitude::Zero => return Some(LongDouble { negative, kind: Kind::Zero }),
        Magnitude::Huge => LongDouble { negative, kind: Kind::Infinite },
        Magnitude::Tiny => return None,
        Magnitude::Value { mantissa, exp, lost } => round(negative, mantissa, exp, lost),
    };
    (value.kind != Kind::Zero).then_some(value)
}

fn parse_hex(negative: bool, text: &[u8]) -> Option<LongDouble> {
    let (number, exp) = split_exponent(text, b'p')?;
    let (digits, behind) = split_point(number, u8::is_ascii_hexdigit)?;
    let mut mantissa = 0_u128;
    let mut exp = exp - 4 * behind;
    let mut lost = false;
    for digit in digits {
        let digit = char::from(digit).to_digit(16)?;
        if mantissa >> 124 == 0 {
            mantissa = mantissa << 4 | u128::from(digit);
        } else {
            lost |= digit != 0;
            exp += 4;
        }
    }
    let value = round(negative, mantissa, exp, lost);
    (mantissa == 0 || value.kind != Kind::Zero).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        let value = |text: &str| LongDouble::parse(text.as_bytes());
        let sum = value(a)?.add(value(b)?)?;
        sum.is_finite().then(|| sum.format())
    }

    #[test]
    fn sums_are_those_of_redis() {
        // `SET k a`, `INCRBYFLOAT k b` on redis-server 7.0.15.
        for (a, b, expected) in SUMS {
            assert_eq!(sum(a, b).as_deref(), Some(*expected), "{a} + {b}");
        }
    }

    const SUMS: &[(&str, &str, &str)] = &[
        ("0.1", "0.2", "0.3"),
        ("3.0e3", "200", "3200"),
        ("0x10", "0.5", "16.5"),
        ("1e-18", "0", "0"),
        ("5e-18", "0", "0"),
        ("5.1e-18", "0", "0.00000000000000001"),
        ("1e22", "1", "10000000000000000000000"),
        ("-0", "0", "0"),
        ("-0.5", "0.5", "0"),
        ("9223372036854775807", "1", "9223372036854775808"),
        ("18446744073709551615", "0.5", "18446744073709551616"),
        ("-1e-17", "0", "-0.00000000000000001"),
        ("3.141592653589793238462643383279", "0", "3.14159265358979324"),
        ("1e-4940", "1", "1"),
        ("123456789012345678901234567890", "-0.001", "123456789012345678899921813504"),
        ("5.0000000000000000005", "0", "5"),
        ("-1e-19", "0", "0"),
        ("+1.", ".5", "1.5"),
    ];

    #[test]
    fn text_that_is_no_number_is_refused() {
        for text in [
            "",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "1e",
            "e1",
            ".",
            "1.2.3",
            "0x",
            "--1",
            "1e5000",
            "-1e5000",
            "1e-5000",
            "1_000",
            "infinit",
            "0x1p99999",
            "0x1p-99999",
        ] {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(LongDouble::parse(&vec![b'1'; TEXT_MAX]), None);
        assert!(LongDouble::parse(b"-Inf").is_some_and(|value| !value.is_finite()));
    }

    #[test]
    fn limits_are_reached() {
        let largest = "1.18973149535723176502e+4932";
        assert!(LongDouble::parse(largest.as_bytes()).is_some());
        assert_eq!(LongDouble::parse(b"1.18973149535723176509e+4932"), None);
        assert_eq!(sum(largest, largest), None);
        assert!(LongDouble::parse(b"3.7e-4951").is_some(), "the smallest subnormal");
        assert_eq!(LongDouble::parse(b"1.8e-4951"), None, "less than half of it");
        assert_eq!(sum("inf", "-inf"), None);
    }

    proptest! {
        #[test]
        fn integers_are_exact(a: i64, b: i64) {
            let total = i128::from(a) + i128::from(b);
            if let Ok(total) = i64::try_from(total) {
                let sum = LongDouble::from(a).add(LongDouble::from(b)).expect("finite");
                prop_assert_eq!(sum.format(), total.to_string());
            }
            prop_assert_eq!(LongDouble::parse(a.to_string().as_bytes()), Some(LongDouble::from(a)));
        }

        #[test]
        fn doubles_are_exact(value in -1e15_f64..1e15) {
            // Seventeen decimals are not all of a double's, but those of its exact value.
            let text = format!("{value:.17}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            let exact = format!("{value:.1100}");
            let parsed = LongDouble::parse(exact.as_bytes()).map(LongDouble::format);
            prop_assert_eq!(parsed.as_deref(), Some(if text == "-0" { "0" } else { text }));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[-+]?[0-9.]{0,30}[eExp]?[-+]?[0-9a-f]{0,6}") {
            if let Some(value) = LongDouble::parse(text.as_bytes()) {
                let _ = value.add(LongDouble::parse(b"-1e-30").expect("a number"));
                let _ = value.format();
            }
        }
    }
}
