//! The framing of a snapshot on the wire: `$<len>\r\n` and that many bytes, or
//! `$EOF:<40 bytes>\r\n`, the RDB, and the same 40 bytes. No CRLF follows either.

use super::for_log;

/// A master that never ends its header line is not a master: longest line accepted, as in Redis.
pub const HEADER_LINE_MAX: usize = 1024;

/// How the snapshot is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// A length, announced.
    Sized(u64),
    /// A mark that follows the RDB.
    Eof([u8; 40]),
}

/// Reads a header line (without its line end). `None` is a keepalive.
///
/// # Errors
/// The line for the log, in Redis's wording.
pub fn parse_header(line: &[u8]) -> Result<Option<Framing>, String> {
    let shown = || for_log(line);
    match line.split_first() {
        None => Ok(None),
        Some((b'-', rest)) => {
            Err(format!("MASTER aborted replication with an error: {}", for_log(rest)))
        }
        Some((b'$', rest)) => match rest.strip_prefix(b"EOF:") {
            Some(mark) => match mark.try_into() {
                Ok(mark) => Ok(Some(Framing::Eof(mark))),
                Err(_) => Err(bad_protocol(&shown())),
            },
            None => std::str::from_utf8(rest)
                .ok()
                .and_then(|text| text.parse().ok())
                .filter(|len| *len <= i64::MAX as u64)
                .map(|len| Some(Framing::Sized(len)))
                .ok_or_else(|| bad_protocol(&shown())),
        },
        Some(_) => Err(bad_protocol(&shown())),
    }
}

fn bad_protocol(line: &str) -> String {
    format!(
        "Bad protocol from MASTER, the first byte is not '$' (we received '{line}'), \
         are you sure the host and port are right?"
    )
}

/// The header that announces a snapshot.
pub fn header(framing: &Framing) -> Vec<u8> {
    match framing {
        Framing::Sized(len) => format!("${len}\r\n").into_bytes(),
        Framing::Eof(mark) => [b"$EOF:", mark.as_slice(), b"\r\n"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip() {
        for framing in [Framing::Sized(0), Framing::Sized(273), Framing::Eof([b'x'; 40])] {
            let bytes = header(&framing);
            assert_eq!(parse_header(&bytes[..bytes.len() - 2]), Ok(Some(framing)));
        }
    }

    #[test]
    fn an_empty_line_is_a_keepalive() {
        assert_eq!(parse_header(b""), Ok(None));
    }

    #[test]
    fn what_is_not_a_header_is_an_error() {
        for bad in ["-LOADING", "$", "$-1", "$99999999999999999999", "$EOF:short", "+OK", "*3"] {
            assert!(parse_header(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
