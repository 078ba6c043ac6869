//! Doubles as text, as the C library reads and writes them.
//!
//! The standard library would do the same, with tables of 12 KB that the page would have to load.

use super::decimal::{self, Big, Format, Magnitude};

const FORMAT: Format = Format { bits: 53, exp_min: -1074 };
/// Significant digits that tell every double from every other.
pub const DIGITS: usize = 17;
/// Integers up to this are doubles, and so are powers of ten up to the table's.
const EXACT_MAX: u64 = 1 << 53;
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Reads a decimal number, `inf`, `infinity` or `nan` in any case, each with a sign or without.
/// Numbers out of range become infinite or zero.
pub fn parse(text: &[u8]) -> Option<f64> {
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let word = |word: &[u8]| body.eq_ignore_ascii_case(word);
    let magnitude = if let Some(value) = parse_short(body) {
        value
    } else if word(b"inf") || word(b"infinity") {
        f64::INFINITY
    } else if word(b"nan") {
        f64::NAN
    } else {
        match decimal::read(body)? {
            Magnitude::Zero | Magnitude::Tiny => 0.0,
            Magnitude::Huge => f64::INFINITY,
            Magnitude::Value { mantissa, exp, lost } => round(mantissa, exp, lost),
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Reads up to 19 digits, with a point or without: what nearly all numbers are. `None` says nothing
/// about the others.
fn parse_short(text: &[u8]) -> Option<f64> {
    if text.len() > 20 {
        return None;
    }
    let (mut mantissa, mut digits, mut behind) = (0_u64, 0, None);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                digits += 1;
            }
            b'.' if behind.is_none() => behind = Some(digits),
            _ => return None,
        }
    }
    let behind = digits - behind.unwrap_or(digits);
    if digits == 0 || digits > 19 {
        return None;
    }
    if mantissa <= EXACT_MAX {
        return Some(mantissa as f64 / POWERS[behind]);
    }
    // The quotient of a full mantissa by at most 19 digits has 63 bits or more.
    let full = u128::from(mantissa) << mantissa.leading_zeros();
    let power = 10_u128.pow(behind as u32);
    let (quotient, rest) = ((full << 64) / power, (full << 64) % power);
    Some(round(quotient, -64 - i64::from(mantissa.leading_zeros()), rest != 0))
}

/// The double nearest to `mantissa * 2^exp` (`lost`: and a little more).
fn round(mantissa: u128, exp: i64, lost: bool) -> f64 {
    let (kept, exp) = FORMAT.round(mantissa, exp, lost);
    if kept == 0 {
        return 0.0;
    }
    let top = 127 - i64::from(kept.leading_zeros()) + exp;
    if top > 1023 {
        return f64::INFINITY;
    }
    // The field of the exponent is 0 for subnormals, whose lowest bit counts 2^-1074.
    let lowest = (top - 52).max(FORMAT.exp_min);
    let bits = if exp >= lowest { kept << (exp - lowest) } else { kept >> (lowest - exp) } as u64;
    f64::from_bits(bits + (((lowest - FORMAT.exp_min) as u64) << 52))
}

/// Mantissa and exponent of a finite positive double.
fn split(value: f64) -> (u64, i32) {
    let bits = value.abs().to_bits();
    let (field, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) }
}

/// `mantissa * 2^exp * 10^power`, rounded to an integer, to even at a tie. It must be below 2^120.
fn scaled(mantissa: u64, exp: i32, power: i32) -> u128 {
    // Twice the number first, so that the lowest bit and what was lost below it decide.
    let exp = exp + 1;
    let (twice, lost) = if (0..=22).contains(&power) && (-127..=0).contains(&exp) {
        let product = u128::from(mantissa) * 10_u128.pow(power as u32);
        (product >> -exp, product & ((1 << -exp) - 1) != 0)
    } else {
        let mut big = Big::from(u128::from(mantissa));
        let mut lost = false;
        big.multiply_power(10, power.max(0) as u32);
        big.shift_left(exp.max(0) as u32);
        lost |= big.divide_power(10, (-power).max(0) as u32);
        lost |= big.divide_power(2, (-exp).max(0) as u32);
        (big.top().0, lost)
    };
    let whole = twice >> 1;
    whole + u128::from(twice & 1 == 1 && (lost || whole & 1 == 1))
}

/// The 17 significant digits of a finite positive double, correctly rounded, and the decimal
/// exponent of the first.
pub fn significant(value: f64) -> (u64, i32) {
    const LIMIT: u128 = 10_u128.pow(DIGITS as u32);
    let (mantissa, exp) = split(value);
    // The binary exponent times log10(2), rounded down: right, or too small by one.
    let top = exp + 63 - mantissa.leading_zeros() as i32;
    let first = ((i64::from(top) * 315_653) >> 20) as i32;
    [first, first + 1]
        .into_iter()
        .map(|first| (scaled(mantissa, exp, DIGITS as i32 - 1 - first), first))
        .find(|(digits, _)| *digits < LIMIT)
        .map_or((0, 0), |(digits, first)| (digits as u64, first))
}

/// A finite double below 10^20 with this many decimals (at most 16): C's `%.*f`.
pub fn fixed(value: f64, decimals: usize) -> String {
    let (mantissa, exp) = split(value);
    let units = scaled(mantissa, exp, decimals as i32);
    let scale = 10_u128.pow(decimals as u32);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (whole, fraction) = (units / scale, units % scale);
    match decimals {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:0decimals$}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_parse(text: &str) {
        let (own, std) = (parse(text.as_bytes()), text.parse::<f64>().ok());
        assert_eq!(own.map(f64::to_bits), std.map(f64::to_bits), "{text}");
    }

    #[test]
    fn numbers_at_the_edges_are_read_as_by_the_standard_library() {
        let long = format!("1{}", "0".repeat(400));
        for text in [
            "0",
            "-0",
            "+1",
            "1.",
            ".5",
            ".",
            "",
            "-",
            "+-1",
            "1e",
            "1e5",
            "1E+5",
            "1e-5",
            "1.5.2",
            "inf",
            "-Infinity",
            "NaN",
            "infinit",
            "1e308",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "1e309",
            "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "9007199254740993",
            "9007199254740992.5",
            "9223372036854775808",
            "9999999999999999999",
            "99999999999999999999",
            "0.10000000000000001",
            "1e999999999999",
            "1e-999999999999",
            "0e999999999999",
            "00000000000000000000000000000001",
            &long,
        ] {
            check_parse(text);
        }
    }

    #[test]
    fn digits_without_end_are_read_in_time() {
        let text = format!("0.1{}1", "0".repeat(1_000_000));
        assert_eq!(parse(text.as_bytes()), Some(0.1));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_standard_library_reads(
            text in "[-+]?[0-9]{0,22}(\\.[0-9]{0,22})?([eE][-+]?[0-9]{1,3})?"
        ) {
            check_parse(&text);
        }

        #[test]
        fn short_numbers_are_read_exactly(text in "[0-9]{0,19}\\.[0-9]{0,19}") {
            check_parse(&text);
        }

        #[test]
        fn every_double_is_read_back(bits: u64) {
            let value = f64::from_bits(bits);
            if !value.is_nan() {
                check_parse(&format!("{value:e}"));
                check_parse(&format!("{value:.16e}"));
            }
        }

        #[test]
        fn digits_are_those_of_the_standard_library(bits: u64) {
            let value = f64::from_bits(bits).abs();
            if value.is_finite() && value > 0.0 {
                let (digits, exp) = significant(value);
                let digits = digits.to_string();
                let text = format!("{}.{}e{exp}", &digits[..1], &digits[1..]);
                prop_assert_eq!(text, format!("{value:.16e}"));
            }
        }

        #[test]
        fn decimals_are_those_of_the_standard_library(
            value in -1e18_f64..1e18, small in -100.0_f64..100.0, halves in -4000_i32..4000,
            decimals in 0_usize..17,
        ) {
            for value in [value, small, f64::from(halves) / 32.0] {
                prop_assert_eq!(fixed(value, decimals), format!("{value:.decimals$}"));
            }
        }
    }
}
