//! The `long double` of Redis on x86-64: 64 bits of precision, 15 bits of exponent.
//!
//! `INCRBYFLOAT` and `HINCRBYFLOAT` add in it and print 17 decimals, so 0.1 + 0.2 is 0.3 there and
//! 0.30000000000000004 in an `f64`. Text is read and printed with correct rounding, to the nearest
//! and to even at a tie, as the C library does.

use std::fmt::Write as _;

/// Exponent of the lowest bit of the smallest subnormal.
const EXP_MIN: i32 = -16_445;
/// Exponent of the highest bit of the largest finite number.
const TOP_MAX: i32 = 16_383;
/// Longest text that is read: Redis's `MAX_LONG_DOUBLE_CHARS`, terminator included.
const TEXT_MAX: usize = 5 * 1024;
/// Decimal exponents beyond this decide overflow or underflow by themselves.
const DECIMAL_MAX: i64 = 6_000;

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
    if mantissa == 0 {
        return LongDouble { negative, kind: Kind::Zero };
    }
    let bits = 128 - i64::from(mantissa.leading_zeros());
    let shift = (bits - 64).max(i64::from(EXP_MIN) - exp);
    let mut kept = mantissa;
    let mut exp = exp;
    if shift > 0 {
        let (whole, rest, half) = match shift {
            1..=127 => (mantissa >> shift, mantissa & ((1 << shift) - 1), 1 << (shift - 1)),
            128 => (0, mantissa, 1 << 127),
            _ => (0, 0, 1), // below half of the smallest subnormal
        };
        let up = rest > half || rest == half && (lost || whole & 1 == 1);
        kept = whole + u128::from(up);
        exp += shift;
    }
    if kept == 0 {
        return LongDouble { negative, kind: Kind::Zero };
    }
    // At most 65 bits now, and then the lowest is zero.
    let top = 127 - i64::from(kept.leading_zeros());
    if exp + top > i64::from(TOP_MAX) {
        return LongDouble { negative, kind: Kind::Infinite };
    }
    let mantissa = if top > 63 { kept >> (top - 63) } else { kept << (63 - top) } as u64;
    LongDouble { negative, kind: Kind::Finite { mantissa, exp: (exp + top - 63) as i32 } }
}

/// Splits a number's text at its exponent mark, and parses the exponent (clamped).
fn split_exponent(text: &[u8], mark: u8) -> Option<(&[u8], i64)> {
    let Some(at) = text.iter().position(|b| b.eq_ignore_ascii_case(&mark)) else {
        return Some((text, 0));
    };
    let (negative, digits) = match &text[at + 1..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(1_000_000));
    Some((&text[..at], if negative { -value } else { value }))
}

/// The digits of a number without its point, and how many of them stand behind it.
fn split_point(text: &[u8], is_digit: impl Fn(&u8) -> bool) -> Option<(Vec<u8>, i64)> {
    let point = text.iter().position(|b| *b == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[..0]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = [whole, fraction].concat();
    digits.iter().all(is_digit).then_some((digits, fraction.len() as i64))
}

fn parse_decimal(negative: bool, text: &[u8]) -> Option<LongDouble> {
    let (number, exp) = split_exponent(text, b'e')?;
    let (digits, behind) = split_point(number, u8::is_ascii_digit)?;
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = &digits[leading..];
    if digits.is_empty() {
        return Some(LongDouble { negative, kind: Kind::Zero });
    }
    let exp = exp - behind;
    let top = exp + digits.len() as i64;
    if top > DECIMAL_MAX {
        return Some(LongDouble { negative, kind: Kind::Infinite });
    }
    if top < -DECIMAL_MAX {
        return None;
    }
    let mut big = Big::from_decimal(digits);
    if exp >= 0 {
        big.multiply_power(10, exp as u32);
        let (mantissa, exp, lost) = big.top();
        return Some(round(negative, mantissa, exp, lost));
    }
    // number / 10^n = number * 2^k / 5^n / 2^(n + k), with 128 good bits left after the division.
    let n = exp.unsigned_abs() as u32;
    let k = 128 + n * 7 / 3 + 2;
    big.shift_left(k);
    let lost = big.divide_power(5, n);
    let (mantissa, exp, more) = big.top();
    let value = round(negative, mantissa, exp - i64::from(n) - i64::from(k), lost || more);
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

/// A large unsigned integer: digits of base 2^32, lowest first, the highest not zero.
#[derive(Debug, Clone)]
struct Big(Vec<u32>);

impl From<u128> for Big {
    fn from(value: u128) -> Self {
        let mut out = Self((0..4).map(|limb| (value >> (32 * limb)) as u32).collect());
        out.trim();
        out
    }
}

impl Big {
    fn from_decimal(digits: &[u8]) -> Self {
        let mut out = Self(Vec::new());
        for chunk in digits.chunks(9) {
            let value = chunk.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            out.multiply(10_u32.pow(chunk.len() as u32), value);
        }
        out
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// `self = self * factor + carry`
    fn multiply(&mut self, factor: u32, carry: u32) {
        let mut carry = u64::from(carry);
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// `self = self / divisor`; returns the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0_u64;
        for limb in self.0.iter_mut().rev() {
            let value = rest << 32 | u64::from(*limb);
            *limb = (value / u64::from(divisor)) as u32;
            rest = value % u64::from(divisor);
        }
        self.trim();
        rest as u32
    }

    fn multiply_power(&mut self, base: u32, power: u32) {
        each_power(base, power, |factor| self.multiply(factor, 0));
    }

    /// Divides by a power; returns whether anything was left over.
    fn divide_power(&mut self, base: u32, power: u32) -> bool {
        let mut lost = false;
        each_power(base, power, |divisor| lost |= self.divide(divisor) != 0);
        lost
    }

    fn shift_left(&mut self, bits: u32) {
        self.multiply(1 << (bits % 32), 0);
        self.0.splice(..0, std::iter::repeat_n(0, (bits / 32) as usize));
        self.trim();
    }

    /// The highest 97 to 128 bits (all, if fewer), their exponent, and whether lower bits are set.
    fn top(&self) -> (u128, i64, bool) {
        let below = self.0.len().saturating_sub(4);
        let top = self.0[below..].iter().rev();
        let mantissa = top.fold(0, |value, limb| value << 32 | u128::from(*limb));
        (mantissa, 32 * below as i64, self.0[..below].iter().any(|limb| *limb != 0))
    }

    fn into_decimal(mut self) -> String {
        let mut groups = Vec::new();
        while !self.0.is_empty() {
            groups.push(self.divide(1_000_000_000));
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            let _ = write!(text, "{group:09}");
        }
        text
    }
}

/// Calls `f` with factors below 2^32 whose product is `base^power`.
fn each_power(base: u32, power: u32, mut f: impl FnMut(u32)) {
    let at_once = u32::MAX.ilog(base);
    for _ in 0..power / at_once {
        f(base.pow(at_once));
    }
    f(base.pow(power % at_once));
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
