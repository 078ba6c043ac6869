//! Small bytes for links: a dictionary coder and URL-safe base64.
//!
//! Packed bytes are tokens. A token is a number `n`; even: the `n / 2` bytes that follow are taken
//! as they are; odd: `n / 2 + 3` bytes are repeated from as far back as the next number says, in
//! what was unpacked so far, before which stands [`DICTIONARY`].

use super::wire::{Reader, put};

/// What many links hold. A part of the format: changing it needs another version.
const DICTIONARY: &[u8] = b"INFO replication\
DEBUG SLEEP CLIENT KILL TYPE normal\
CONFIG SET min-replicas-to-write CONFIG SET repl-timeout CONFIG SET repl-backlog-size 1mb\
repl-diskless-sync-delay 0\n  repl-diskless-sync no\n  repl-diskless-load swapdb\n  save 60 1\n  \
lockstep-era 2.8\n  masterauth secret\n  requirepass secret\n  replica-serve-stale-data no\n  \
LPUSH queue RPUSH HSET user: SADD online ZADD scores EXPIRE name 10DEL INCR counterINCR visits\
GET nameSET key SET name chaoge\
WAIT 1 1000FAILOVERREPLICAOF NO ONESLAVEOF NO ONEREPLICAOF 127.0.0.1 638SLAVEOF 127.0.0.1 638\
seed preload\n  SET greeting hello\n\
node master 6380\nnode replica-a 6381 of master\nnode replica-b 6382 of master\n";

/// Shortest repetition.
const REPEAT_MIN: usize = 3;

/// Places looked at for one repetition.
const TRIES: usize = 64;

/// Packs bytes.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut whole = DICTIONARY.to_vec();
    whole.extend_from_slice(bytes);
    let mut finder = Finder { heads: vec![0; 4096], before: vec![0; whole.len() + 1] };
    (0..DICTIONARY.len()).for_each(|at| finder.insert(&whole, at));
    let (mut out, mut at, mut plain) = (Vec::new(), DICTIONARY.len(), DICTIONARY.len());
    while at < whole.len() {
        let (len, distance) = finder.longest(&whole, at);
        // A repetition must save more than its token and that of what follows take.
        if len < if distance < 128 { REPEAT_MIN } else { REPEAT_MIN + 1 } {
            finder.insert(&whole, at);
            at += 1;
            continue;
        }
        literal(&mut out, &whole[plain..at]);
        put(&mut out, ((len - REPEAT_MIN) as u64) << 1 | 1);
        put(&mut out, distance as u64);
        (at..at + len).for_each(|at| finder.insert(&whole, at));
        at += len;
        plain = at;
    }
    literal(&mut out, &whole[plain..]);
    out
}

fn literal(out: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() {
        put(out, (bytes.len() as u64) << 1);
        out.extend_from_slice(bytes);
    }
}

/// Where three bytes were seen before: chains of places, each one more than the index; 0 ends.
struct Finder {
    heads: Vec<u32>,
    before: Vec<u32>,
}

impl Finder {
    fn slot(whole: &[u8], at: usize) -> Option<usize> {
        let three = whole.get(at..at + REPEAT_MIN)?;
        let word = u32::from_le_bytes([three[0], three[1], three[2], 0]);
        Some((word.wrapping_mul(0x9e37_79b1) >> 20) as usize)
    }

    fn insert(&mut self, whole: &[u8], at: usize) {
        if let Some(slot) = Self::slot(whole, at) {
            self.before[at + 1] = self.heads[slot];
            self.heads[slot] = at as u32 + 1;
        }
    }

    /// Length of the longest repetition here, and how far back it is.
    fn longest(&self, whole: &[u8], at: usize) -> (usize, usize) {
        let mut best = (0, 0);
        let mut place = Self::slot(whole, at).map_or(0, |slot| self.heads[slot] as usize);
        for _ in 0..TRIES {
            let Some(from) = place.checked_sub(1) else { break };
            let pairs = whole[at..].iter().zip(&whole[from..]);
            let len = pairs.take_while(|(a, b)| a == b).count();
            if len > best.0 {
                best = (len, at - from);
            }
            place = self.before[place] as usize;
        }
        best
    }
}

/// Unpacks bytes; `None` if they were not packed, or are more than `max`.
pub(super) fn unpack(packed: &[u8], max: usize) -> Option<Vec<u8>> {
    let mut whole = DICTIONARY.to_vec();
    let max = DICTIONARY.len() + max;
    let mut reader = Reader::new(packed);
    while !reader.is_done() {
        let token = reader.number()?;
        let len = usize::try_from(token >> 1).ok()?;
        if token & 1 == 0 {
            let bytes = reader.bytes(len)?;
            if whole.len() + len > max {
                return None;
            }
            whole.extend_from_slice(bytes);
        } else {
            let len = len.checked_add(REPEAT_MIN)?;
            let distance = usize::try_from(reader.number()?).ok().filter(|d| *d > 0)?;
            let from = whole.len().checked_sub(distance)?;
            if len > max - whole.len() {
                return None;
            }
            (from..from + len).for_each(|at| whole.push(whole[at]));
        }
    }
    whole.drain(..DICTIONARY.len());
    Some(whole)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes as text that needs no escapes in a URL, without padding.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..=chunk.len() {
            text.push(char::from(DIGITS[(word >> (18 - 6 * i) & 63) as usize]));
        }
    }
    text
}

/// The bytes of such a text.
///
/// # Errors
/// The place of the first character that does not belong there, from 1, and the character.
pub(super) fn from_text(text: &str) -> Result<Vec<u8>, (usize, char)> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut word, mut bits) = (0_u32, 0);
    for (place, c) in text.chars().enumerate() {
        let digit = DIGITS.iter().position(|digit| char::from(*digit) == c);
        word = word << 6 | digit.ok_or((place + 1, c))? as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_dictionary_or_repeats_is_short() {
        for (bytes, most) in [(&b""[..], 0), (b"x", 2), (b"REPLICAOF NO ONE", 4), (&[7; 1_000], 8)]
        {
            let packed = pack(bytes);
            assert!(packed.len() <= most, "{}: {packed:?}", bytes.escape_ascii());
            assert_eq!(unpack(&packed, bytes.len()).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn nothing_is_unpacked_beyond_its_limit() {
        let packed = pack(&[7; 1_000]);
        assert_eq!(unpack(&packed, 999), None);
        assert_eq!(unpack(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1], 1 << 20), None);
        assert_eq!(unpack(&[1, 0], 10), None, "a repetition of what is yet to come");
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn bytes_are_packed_and_written_reversibly(bytes: Vec<u8>, few in "[ab]{0,200}") {
            for bytes in [bytes.as_slice(), few.as_bytes()] {
                assert_eq!(unpack(&pack(bytes), bytes.len()).as_deref(), Some(bytes));
                assert_eq!(from_text(&to_text(bytes)).as_deref(), Ok(bytes));
            }
        }

        #[test]
        fn no_packed_bytes_panic(bytes: Vec<u8>) {
            let _ = unpack(&bytes, 1_000);
        }
    }
}
