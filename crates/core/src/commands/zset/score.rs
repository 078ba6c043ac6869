//! Scores and ranges as arguments: doubles as C's `strtod` reads them, which Redis uses.

use crate::commands::CmdError;
use crate::keyspace::zset::{LexBound, LexRange, ScoreRange};
use crate::num::double;

/// A double that is the whole argument: not empty, no space before it, not NaN, within the range
/// of doubles.
pub(super) fn parse_double(arg: &[u8]) -> Option<f64> {
    if let Some(value) = plain(arg) {
        return Some(value);
    }
    if arg.first().is_none_or(|byte| is_space(*byte)) {
        return None;
    }
    let read = strtod(arg);
    (read.len == arg.len() && !read.out_of_range && !read.value.is_nan()).then_some(read.value)
}

/// What most scores are: decimal digits. `None` says nothing about the others.
fn plain(arg: &[u8]) -> Option<f64> {
    let usual = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    if !arg.iter().all(usual) {
        return None;
    }
    let value = double::parse(arg)?;
    (value.is_finite() && value != 0.0).then_some(value)
}

/// What `strtod` read.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Read {
    value: f64,
    /// Bytes consumed, leading space included; 0 if there is no number.
    len: usize,
    /// The text means a number too large or too small for a double.
    out_of_range: bool,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Reads a number at the start of `text`: decimal or hexadecimal, `inf`, `infinity` or `nan`.
fn strtod(text: &[u8]) -> Read {
    let space = text.iter().take_while(|byte| is_space(**byte)).count();
    let rest = &text[space..];
    let (negative, sign) = match rest.first() {
        Some(b'-') => (true, 1),
        Some(b'+') => (false, 1),
        _ => (false, 0),
    };
    let body = &rest[sign..];
    let starts =
        |word: &[u8]| body.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let (value, len, out_of_range) = if starts(b"infinity") {
        (f64::INFINITY, 8, false)
    } else if starts(b"inf") {
        (f64::INFINITY, 3, false)
    } else if starts(b"nan") {
        (f64::NAN, 3, false)
    } else if let Some(read) = hexadecimal(body) {
        read
    } else {
        decimal(body)
    };
    let len = if len == 0 { 0 } else { space + sign + len };
    Read { value: if negative { -value } else { value }, len, out_of_range }
}

fn decimal(body: &[u8]) -> (f64, usize, bool) {
    let digits = |from: usize| body[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut len = whole;
    if body.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        if whole + fraction == 0 {
            return (0.0, 0, false);
        }
        len += 1 + fraction;
    }
    if len == 0 {
        return (0.0, 0, false);
    }
    let mantissa = len;
    len += exponent(&body[len..], b'e');
    let value = double::parse(&body[..len]).unwrap_or(0.0);
    let zero = body[..mantissa].iter().all(|b| matches!(b, b'0' | b'.'));
    (value, len, value.is_infinite() || (value == 0.0 && !zero))
}

/// The length of an exponent, 0 if there is none.
fn exponent(rest: &[u8], mark: u8) -> usize {
    if !rest.first().is_some_and(|b| b.eq_ignore_ascii_case(&mark)) {
        return 0;
    }
    let sign = usize::from(matches!(rest.get(1), Some(b'+' | b'-')));
    match rest[1 + sign..].iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

fn hexadecimal(body: &[u8]) -> Option<(f64, usize, bool)> {
    if !matches!(body, [b'0', b'x' | b'X', ..]) {
        return None;
    }
    let (mut mantissa, mut scale, mut at) = (0_u64, 0_i64, 2);
    let (mut digits, mut point) = (0, false);
    while let Some(&byte) = body.get(at) {
        if byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = char::from(byte).to_digit(16) {
            digits += 1;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                scale -= 4 * i64::from(point);
            } else {
                // Too small to matter, except for rounding.
                mantissa |= u64::from(digit != 0);
                scale += 4 * i64::from(!point);
            }
        } else {
            break;
        }
        at += 1;
    }
    if digits == 0 {
        return Some((0.0, 1, false)); // the zero alone
    }
    let power = exponent(&body[at..], b'p');
    if power > 0 {
        let text = std::str::from_utf8(&body[at + 1..at + power]).unwrap_or("0");
        let limit = if text.starts_with('-') { -100_000 } else { 100_000 };
        scale = scale.saturating_add(text.parse().unwrap_or(limit));
    }
    let mut value = mantissa as f64;
    let mut scale = scale.clamp(-3000, 3000) as i32;
    while scale != 0 && value != 0.0 && value.is_finite() {
        let step = scale.clamp(-1000, 1000);
        value *= 2_f64.powi(step);
        scale -= step;
    }
    Some((value, at + power, value.is_infinite() || (value == 0.0 && mantissa != 0)))
}

/// The ends of a range of scores, each with `(` before it if it is left out.
///
/// # Errors
/// `ERR min or max is not a float`
pub(super) fn parse_score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, CmdError> {
    let end = |arg| parse_end(arg).ok_or(CmdError::fixed("ERR min or max is not a float"));
    let ((min, min_exclusive), (max, max_exclusive)) = (end(min)?, end(max)?);
    Ok(ScoreRange { min, max, min_exclusive, max_exclusive })
}

/// Redis reads these as C strings: up to a NUL byte, the empty string being zero.
fn parse_end(arg: &[u8]) -> Option<(f64, bool)> {
    let arg = arg.split(|byte| *byte == 0).next().unwrap_or_default();
    let (text, exclusive) = match arg {
        [b'(', rest @ ..] => (rest, true),
        _ => (arg, false),
    };
    let read = strtod(text);
    (read.len == text.len() && !read.value.is_nan()).then_some((read.value, exclusive))
}

/// The ends of a range of members: `-`, `+`, `[text` or `(text`.
///
/// # Errors
/// `ERR min or max not valid string range item`
pub(super) fn parse_lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, CmdError> {
    let bound = |arg: &'a [u8]| match arg {
        [b'-'] => Ok(LexBound::Lowest),
        [b'+'] => Ok(LexBound::Highest),
        [b'[', text @ ..] => Ok(LexBound::Inclusive(text)),
        [b'(', text @ ..] => Ok(LexBound::Exclusive(text)),
        _ => Err(CmdError::fixed("ERR min or max not valid string range item")),
    };
    Ok(LexRange { min: bound(min)?, max: bound(max)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_read_as_by_strtod() {
        for (text, value) in [
            ("0", Some(0.0)),
            ("-0", Some(-0.0)),
            ("+1.5", Some(1.5)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("1E-3", Some(0.001)),
            ("inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("+INF", Some(f64::INFINITY)),
            ("0x10", Some(16.0)),
            ("-0X1.8p1", Some(-3.0)),
            ("0x.8p-1", Some(0.25)),
            ("0x1fffffffffffff81", Some(0x20_0000_0000_0000_u64 as f64 * 256.0)),
            ("5e-324", Some(5e-324)),
            ("0e999999", Some(0.0)),
            ("", None),
            (" 1", None),
            ("1 ", None),
            (".", None),
            ("e5", None),
            ("1e", None),
            ("1e+", None),
            ("0x", None),
            ("0xg", None),
            ("0x1p", None),
            ("nan", None),
            ("-nan", None),
            ("infi", None),
            ("1e400", None),
            ("1e-400", None),
            ("0x1p5000", None),
            ("1_000", None),
            ("--1", None),
        ] {
            let read = parse_double(text.as_bytes());
            assert_eq!(read.map(f64::to_bits), value.map(f64::to_bits), "{text:?}");
        }
    }

    #[test]
    fn ends_of_ranges_are_read_more_leniently() {
        for (text, value) in [
            ("", Some((0.0, false))),
            ("(", Some((0.0, true))),
            (" 1", Some((1.0, false))),
            ("( 1", Some((1.0, true))),
            ("(-inf", Some((f64::NEG_INFINITY, true))),
            ("1e400", Some((f64::INFINITY, false))),
            ("1\0garbage", Some((1.0, false))),
            ("1 ", None),
            ("((1", None),
            ("nan", None),
            ("x", None),
        ] {
            assert_eq!(parse_end(text.as_bytes()), value, "{text:?}");
        }
    }
}
