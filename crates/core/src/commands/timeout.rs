//! The timeout argument of blocking commands.

use super::CmdError;
use crate::num::LongDouble;

/// Parses a timeout in seconds, to milliseconds, as Redis does for blocking commands. 0 is no
/// timeout.
///
/// # Errors
/// It is not a number, or negative (as what overflows is for Redis 7.0).
pub(crate) fn parse_timeout(arg: &[u8]) -> Result<u64, CmdError> {
    const NOT_FLOAT: CmdError = CmdError::fixed("ERR timeout is not a float or out of range");
    const NEGATIVE: CmdError = CmdError::fixed("ERR timeout is negative");
    const TOO_MUCH: f64 = 9_223_372_036_854_775_808.0; // 2^63
    let seconds = LongDouble::parse(arg).ok_or(NOT_FLOAT)?.to_f64();
    let ms = (seconds * 1000.0).ceil();
    if (0.0..TOO_MUCH).contains(&ms) { Ok(ms as u64) } else { Err(NEGATIVE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_checked_as_by_redis() {
        let parse = |arg: &str| {
            let ms = parse_timeout(arg.as_bytes());
            ms.map_err(|error| error.text().to_string())
        };
        let error = |text: &str| Err(format!("ERR timeout is {text}"));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("0.0001"), Ok(1));
        assert_eq!(parse("1.5"), Ok(1500));
        assert_eq!(parse("0x10"), Ok(16_000));
        assert_eq!(parse("x"), error("not a float or out of range"));
        assert_eq!(parse("nan"), error("not a float or out of range"));
        assert_eq!(parse("-1"), error("negative"));
        assert_eq!(parse("1e16"), error("negative"));
        assert_eq!(parse("inf"), error("negative"));
        assert!(parse("9223372036854774").is_ok());
    }
}
