//! Numbers as Redis 7.0 writes them.

use super::reply::IntBuf;
use crate::num::double::{self, DIGITS};

/// Integers below this magnitude are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A double as Redis 7.0 writes it in replies, listpacks and RDB: C's `%.17g`, and `inf`, `-inf`,
/// `nan`.
pub fn format_double(value: f64) -> String {
    let mut out = Vec::with_capacity(24);
    write_double(&mut out, value);
    out.into_iter().map(char::from).collect()
}

/// Appends [`format_double`] of `value`.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.fract() == 0.0 && value.abs() < EXACT && !(value == 0.0 && value.is_sign_negative()) {
        return out.extend_from_slice(IntBuf::new().format(value as i64));
    }
    if value.is_nan() {
        return out.extend_from_slice(b"nan");
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        return out.extend_from_slice(b"inf");
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    let (digits, exponent) = double::significant(value.abs());
    let mut text = IntBuf::new();
    let digits = text.format(digits as i64);
    let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1);
    lay_out(out, &digits[..kept], exponent);
}

/// Places the point as `%g` does.
fn lay_out(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    if !(-4..DIGITS as i32).contains(&exponent) {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        out.extend_from_slice(IntBuf::new().format(i64::from(exponent.abs())));
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', -exponent as usize - 1));
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            out.extend_from_slice(digits);
            out.extend(std::iter::repeat_n(b'0', whole - digits.len()));
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_as_redis_writes_them() {
        // ZADD and ZSCORE in redis-server 7.0.15.
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (0.1, "0.10000000000000001"),
            (1.5, "1.5"),
            (-2.25, "-2.25"),
            (3.0e10, "30000000000"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1.5e300, "1.5000000000000001e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (1e-7, "9.9999999999999995e-08"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (-9_007_199_254_740_994.0, "-9007199254740994"),
            (0.3, "0.29999999999999999"),
            (100.25, "100.25"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(format_double(value), text);
        }
    }

    proptest! {
        #[test]
        fn texts_read_back(bits: u64) {
            let value = f64::from_bits(bits);
            let read: f64 = format_double(value).parse().unwrap();
            prop_assert!(read.to_bits() == bits || value.is_nan());
        }
    }
}
