//! Decimal text and binary magnitudes: exact in between, rounded once at the end.

use std::fmt::Write as _;

/// Decimal exponents beyond this decide overflow or underflow by themselves, in any format.
const DECIMAL_MAX: i64 = 6_000;
/// Significant digits that are looked at; of what follows only whether it is zero. No two
/// neighbours of any format that is read here, nor their middle, differ only behind these.
const DIGITS_MAX: usize = 5 * 1024;

/// What a text without a sign says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Magnitude {
    Zero,
    /// `mantissa * 2^exp`, and a little more if bits were `lost`.
    Value {
        mantissa: u128,
        exp: i64,
        lost: bool,
    },
    /// Larger than any format holds.
    Huge,
    /// Smaller than any format holds.
    Tiny,
}

/// A binary format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    /// Bits of precision.
    pub(super) bits: i64,
    /// Exponent of the lowest bit of the smallest subnormal.
    pub(super) exp_min: i64,
}

impl Format {
    /// `mantissa * 2^exp` (`lost`: and a little more) as a mantissa that fits the format and its
    /// exponent: rounded to the nearest, to even at a tie.
    pub(super) fn round(self, mantissa: u128, exp: i64, lost: bool) -> (u128, i64) {
        let bits = 128 - i64::from(mantissa.leading_zeros());
        let shift = (bits - self.bits).max(self.exp_min - exp);
        if shift <= 0 {
            return (mantissa, exp);
        }
        let (whole, rest, half) = match shift {
            1..=127 => (mantissa >> shift, mantissa & ((1 << shift) - 1), 1 << (shift - 1)),
            128 => (0, mantissa, 1 << 127),
            _ => (0, 0, 1), // below half of the smallest subnormal
        };
        let up = rest > half || rest == half && (lost || whole & 1 == 1);
        (whole + u128::from(up), exp + shift)
    }
}

/// Reads digits with a point and an exponent, or without.
pub(super) fn read(text: &[u8]) -> Option<Magnitude> {
    let (number, exp) = split_exponent(text, b'e')?;
    let (digits, behind) = split_point(number, u8::is_ascii_digit)?;
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = &digits[leading..];
    if digits.is_empty() {
        return Some(Magnitude::Zero);
    }
    let (digits, rest) = digits.split_at(digits.len().min(DIGITS_MAX));
    let exp = exp - behind + rest.len() as i64;
    let lost = rest.iter().any(|digit| *digit != b'0');
    let top = exp + digits.len() as i64;
    if top > DECIMAL_MAX {
        return Some(Magnitude::Huge);
    }
    if top < -DECIMAL_MAX {
        return Some(Magnitude::Tiny);
    }
    let mut big = Big::from_decimal(digits);
    if exp >= 0 {
        big.multiply_power(10, exp as u32);
        let (mantissa, exp, more) = big.top();
        return Some(Magnitude::Value { mantissa, exp, lost: lost || more });
    }
    // number / 10^n = number * 2^k / 5^n / 2^(n + k), with 128 good bits left after the division.
    let n = exp.unsigned_abs() as u32;
    let k = 128 + n * 7 / 3 + 2;
    big.shift_left(k);
    let rest = big.divide_power(5, n);
    let (mantissa, exp, more) = big.top();
    let exp = exp - i64::from(n) - i64::from(k);
    Some(Magnitude::Value { mantissa, exp, lost: lost || rest || more })
}

/// Splits a number's text at its exponent mark, and parses the exponent (clamped).
pub(super) fn split_exponent(text: &[u8], mark: u8) -> Option<(&[u8], i64)> {
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
pub(super) fn split_point(text: &[u8], is_digit: impl Fn(&u8) -> bool) -> Option<(Vec<u8>, i64)> {
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

/// A large unsigned integer: digits of base 2^32, lowest first, the highest not zero.
#[derive(Debug, Clone)]
pub(super) struct Big(Vec<u32>);

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

    pub(super) fn multiply_power(&mut self, base: u32, power: u32) {
        each_power(base, power, |factor| self.multiply(factor, 0));
    }

    /// Divides by a power; returns whether anything was left over.
    pub(super) fn divide_power(&mut self, base: u32, power: u32) -> bool {
        let mut lost = false;
        each_power(base, power, |divisor| lost |= self.divide(divisor) != 0);
        lost
    }

    pub(super) fn shift_left(&mut self, bits: u32) {
        self.multiply(1 << (bits % 32), 0);
        self.0.splice(..0, std::iter::repeat_n(0, (bits / 32) as usize));
        self.trim();
    }

    /// The highest 97 to 128 bits (all, if fewer), their exponent, and whether lower bits are set.
    pub(super) fn top(&self) -> (u128, i64, bool) {
        let below = self.0.len().saturating_sub(4);
        let top = self.0[below..].iter().rev();
        let mantissa = top.fold(0, |value, limb| value << 32 | u128::from(*limb));
        (mantissa, 32 * below as i64, self.0[..below].iter().any(|limb| *limb != 0))
    }

    pub(super) fn into_decimal(mut self) -> String {
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
