//! The timeout argument of blocking commands.

use super::CmdError;

/// Checks a timeout in seconds as Redis does, for commands that do not block yet.
///
/// # Errors
/// It is not a number, negative, or so large that the deadline overflows.
pub(crate) fn check_timeout(arg: &[u8], now_ms: u64) -> Result<(), CmdError> {
    const NOT_FLOAT: CmdError = CmdError::fixed("ERR timeout is not a float or out of range");
    const NEGATIVE: CmdError = CmdError::fixed("ERR timeout is negative");
    const RANGE: CmdError = CmdError::fixed("ERR timeout is out of range");
    let text = std::str::from_utf8(arg).map_err(|_| NOT_FLOAT)?;
    let seconds: f64 = text.parse().map_err(|_| NOT_FLOAT)?;
    let ms = (seconds * 1000.0).ceil();
    if ms.is_nan() {
        Err(NOT_FLOAT)
    } else if ms < 0.0 {
        Err(NEGATIVE)
    } else if ms > (i64::MAX as u64 - now_ms) as f64 {
        Err(RANGE)
    } else {
        Ok(())
    }
}
