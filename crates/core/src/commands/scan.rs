//! What the commands of the SCAN family share: their cursor, their options, their reply.

use super::CmdError;
use crate::glob;
use crate::num::parse_i64;
use crate::resp::{Args, Reply};

/// Options of `SCAN`, `HSCAN`, `SSCAN` and `ZSCAN`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    /// About how many elements to visit.
    pub(crate) count: usize,
    /// `TYPE`, of `SCAN` alone.
    pub(crate) type_name: Option<&'a [u8]>,
}

impl<'a> ScanOptions<'a> {
    /// Parses the options from argument `at` on; `TYPE` only if `typed`.
    ///
    /// # Errors
    /// Redis's, for an unknown option or a count below one.
    pub(crate) fn parse(args: Args<'a>, at: usize, typed: bool) -> Result<Self, CmdError> {
        let mut out = Self { pattern: None, count: 10, type_name: None };
        let mut at = at;
        while let Some(option) = args.get(at) {
            let value = args.get(at + 1).ok_or(CmdError::SYNTAX)?;
            if option.eq_ignore_ascii_case(b"count") {
                let count = parse_i64(value).ok_or(CmdError::NOT_INT)?;
                if count < 1 {
                    return Err(CmdError::SYNTAX);
                }
                out.count = usize::try_from(count).unwrap_or(usize::MAX);
            } else if option.eq_ignore_ascii_case(b"match") {
                out.pattern = (value != b"*").then_some(value);
            } else if typed && option.eq_ignore_ascii_case(b"type") {
                out.type_name = Some(value);
            } else {
                return Err(CmdError::SYNTAX);
            }
            at += 2;
        }
        Ok(out)
    }

    /// Whether an element passes `MATCH`.
    pub(crate) fn wants(&self, element: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, element, false))
    }
}

/// Parses a cursor as C's `strtoul` would, which Redis uses: a sign is allowed, and a negative
/// number wraps around.
///
/// # Errors
/// `ERR invalid cursor`
pub(crate) fn parse_cursor(arg: &[u8]) -> Result<u64, CmdError> {
    const INVALID: CmdError = CmdError::fixed("ERR invalid cursor");
    let (negative, digits) = match arg {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, arg),
    };
    if digits.is_empty() && !arg.is_empty() {
        return Err(INVALID);
    }
    let value = digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    });
    let value = value.ok_or(INVALID)?;
    Ok(if negative { value.wrapping_neg() } else { value })
}

/// Writes the reply of a scan: the next cursor, and the elements that were written to `items`.
pub(crate) fn reply_scan(reply: &mut Reply, cursor: u64, count: usize, items: &Reply) {
    reply.array(2);
    reply.bulk(cursor.to_string().as_bytes());
    reply.array(count);
    reply.buffer_mut().extend_from_slice(items.bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_parsed_as_by_strtoul() {
        for (text, cursor) in [
            ("0", Some(0)),
            ("", Some(0)),
            ("+7", Some(7)),
            ("007", Some(7)),
            ("-1", Some(u64::MAX)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-", None),
            ("1x", None),
            (" 1", None),
        ] {
            assert_eq!(parse_cursor(text.as_bytes()).ok(), cursor, "{text:?}");
        }
    }
}
