//! Where a message ends. Every byte is looked at once, however long the message is and however it
//! is cut: only the start of a line is kept.

/// Longest line: a longer one is no protocol.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// What the messages of a direction look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    /// One line each.
    Lines,
    /// Multibulk or inline commands.
    Commands,
    /// Replies, RESP2 or RESP3.
    Replies,
}

/// How far a message reaches in some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends before this index.
    Complete(usize),
    /// It goes on after them.
    Partial,
    /// It is no message.
    Malformed,
}

/// A message that has begun.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Scan {
    begun: bool,
    /// It is a line and no more.
    plain: bool,
    /// Replies in it that are still to come.
    wanted: u64,
    /// Bytes of a bulk, and its line end, that are still to come.
    skip: u64,
    /// The start of a line.
    line: Vec<u8>,
}

impl Scan {
    /// Goes on with the next bytes, of which there is at least one. After anything but
    /// [`Extent::Partial`] the next message begins.
    pub(super) fn advance(&mut self, grammar: Grammar, bytes: &[u8]) -> Extent {
        if !self.begun {
            self.begun = true;
            self.wanted = 1;
            self.plain = match grammar {
                Grammar::Lines => true,
                Grammar::Commands => bytes.first() != Some(&b'*'),
                Grammar::Replies => false,
            };
        }
        let extent = self.extent(bytes);
        if extent != Extent::Partial {
            *self = Self::default();
        }
        extent
    }

    fn extent(&mut self, bytes: &[u8]) -> Extent {
        let mut at = 0;
        loop {
            let left = (bytes.len() - at) as u64;
            if self.skip > left {
                self.skip -= left;
                return Extent::Partial;
            }
            at += std::mem::take(&mut self.skip) as usize;
            if self.wanted == 0 {
                return Extent::Complete(at);
            }
            let rest = &bytes[at..];
            let Some(len) = rest.iter().position(|&b| b == b'\n') else {
                self.line.extend_from_slice(rest);
                let endless = self.line.len() > LINE_BYTES_MAX;
                return if endless { Extent::Malformed } else { Extent::Partial };
            };
            at += len + 1;
            if self.plain {
                return Extent::Complete(at);
            }
            let counts = if self.line.is_empty() {
                counts(&rest[..len])
            } else {
                self.line.extend_from_slice(&rest[..len]);
                counts(&self.line)
            };
            self.line.clear();
            let Some((more, skip)) = counts else { return Extent::Malformed };
            self.wanted = (self.wanted - 1).saturating_add(more);
            self.skip = skip;
        }
    }
}

/// What the first line of a reply announces: further replies, and bytes of a bulk.
fn counts(line: &[u8]) -> Option<(u64, u64)> {
    let (&sign, rest) = line.trim_ascii_end().split_first()?;
    Some(match sign {
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => (0, 0),
        b'$' | b'=' | b'!' | b'*' if rest == b"-1" => (0, 0),
        b'$' | b'=' | b'!' => (0, super::number(rest)?.checked_add(2)?),
        b'*' | b'~' | b'>' => (super::number(rest)?, 0),
        b'%' => (super::number(rest)?.saturating_mul(2), 0),
        // An attribute comes before the reply it belongs to.
        b'|' => (super::number(rest)?.saturating_mul(2).saturating_add(1), 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_at_the_same_byte_wherever_it_is_cut() {
        let replies: [&[u8]; 8] = [
            b"+OK\r\n",
            b"$5\r\nhe\nlo\r\n",
            b"$-1\r\n",
            b"*-1\r\n",
            b"*2\r\n*0\r\n$1\r\nx\r\n",
            b"%1\r\n+k\r\n:1\r\n",
            b"|1\r\n+a\r\n+b\r\n#t\r\n",
            b"*3\r\n$0\r\n\r\n$2\r\n\r\n\r\n_\r\n",
        ];
        for reply in replies {
            let mut bytes = reply.to_vec();
            bytes.extend_from_slice(b"+next\r\n");
            for cut in 1..reply.len() {
                let mut scan = Scan::default();
                let first = scan.advance(Grammar::Replies, &bytes[..cut]);
                assert_eq!(first, Extent::Partial, "{} at {cut}", reply.escape_ascii());
                let rest = scan.advance(Grammar::Replies, &bytes[cut..]);
                assert_eq!(rest, Extent::Complete(reply.len() - cut), "{}", reply.escape_ascii());
            }
        }
    }

    #[test]
    fn what_is_no_protocol_is_malformed_and_costs_no_memory() {
        for bytes in [&b"hello\r\n"[..], b"$x\r\n", b"*1\r\nx\r\n", b"$18446744073709551615\r\n"] {
            let extent = Scan::default().advance(Grammar::Replies, bytes);
            assert_eq!(extent, Extent::Malformed, "{}", bytes.escape_ascii());
        }
        let mut scan = Scan::default();
        let line = vec![b'+'; LINE_BYTES_MAX];
        assert_eq!(scan.advance(Grammar::Lines, &line), Extent::Partial);
        assert_eq!(scan.advance(Grammar::Lines, b"x"), Extent::Malformed);
        assert_eq!(scan.advance(Grammar::Commands, b"PING\r\n"), Extent::Complete(6));
        let endless = scan.advance(Grammar::Replies, b"*18446744073709551615\r\n+a\r\n");
        assert_eq!(endless, Extent::Partial);
    }
}
