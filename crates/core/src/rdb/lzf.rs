//! LZF, the compression of long strings in RDB files.
//!
//! A control byte below 32 announces that many literal bytes and one more. Any other one begins a
//! reference: three bits of length (7: add the next byte) and thirteen of distance; it copies
//! length + 2 bytes from distance + 1 bytes back.
//!
//! Which matches are taken is the compressor's choice. Invariant: it is that of liblzf as Redis
//! builds it, with its hash, its limits and its corner cases, so that a string takes the same bytes
//! in both servers' files.

const DISTANCE_MAX: usize = 1 << 13;
const REFERENCE_MAX: usize = 264;
const LITERALS_MAX: usize = 32;
/// No run of compressed bytes gives more than this many times its length: three make 264.
const EXPANSION_MAX: u64 = 88;
const HASH_BITS: u32 = 16;
/// The first bytes of a match that are compared without looking at how far it may go.
const UNCHECKED: usize = 16;

/// A compressor; its table of recent positions is kept from one string to the next.
#[derive(Debug, Hash)]
pub struct Compressor {
    /// For each hash of three bytes, where they were last seen, counted from `base`.
    table: Vec<u32>,
    /// What positions of the current string are counted from, so that those of earlier ones are
    /// recognised without clearing the table.
    base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

/// A copy needs no memory of strings that are done.
impl Clone for Compressor {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl Compressor {
    /// A compressor. Its table is allocated at first use.
    pub fn new() -> Self {
        Self { table: Vec::new(), base: 1 }
    }

    /// Appends the compressed form of `input` to `out`, if it is shorter by at least 4 bytes, as
    /// Redis wants; otherwise leaves `out` as it is and says false.
    pub fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> bool {
        let (start, Some(limit)) = (out.len(), input.len().checked_sub(4)) else { return false };
        if u32::try_from(input.len()).is_err() {
            return false;
        }
        self.prepare(input.len());
        if self.encode(input, out, start + limit).is_none() {
            out.truncate(start);
            return false;
        }
        true
    }

    fn prepare(&mut self, len: usize) {
        if self.table.is_empty() {
            self.table = vec![0; 1 << HASH_BITS];
        }
        if self.base.checked_add(len as u32).is_none() {
            self.table.fill(0);
            self.base = 1;
        }
    }

    /// `None` when the output would pass `limit`, by liblzf's count: it looks before each step, at
    /// what the step takes at most.
    fn encode(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> Option<()> {
        let base = self.base;
        self.base += input.len() as u32;
        let mut literals = Literals::begin(out);
        let mut at = 0;
        while at + 2 < input.len() {
            let key = [input[at], input[at + 1], input[at + 2]];
            let slot = &mut self.table[hash(key)];
            let seen = std::mem::replace(slot, base + at as u32).checked_sub(base);
            // Nothing refers to the very first byte.
            let from = seen.map(|seen| seen as usize).filter(|from| {
                *from > 0 && at - from <= DISTANCE_MAX && input[*from..*from + 3] == key
            });
            let Some(from) = from else {
                if out.len() >= limit {
                    return None;
                }
                literals.push(out, input[at]);
                at += 1;
                continue;
            };
            if out.len() - usize::from(literals.len == 0) + 4 >= limit {
                return None;
            }
            literals.end(out);
            let len = match_len(&input[from..], &input[at..]);
            put_reference(out, len, at - from);
            literals = Literals::begin(out);
            at += len;
            if at + 2 >= input.len() {
                break;
            }
            // The end of a match is what the next one most likely begins with.
            for inside in at - 2..at {
                let key = [input[inside], input[inside + 1], input[inside + 2]];
                self.table[hash(key)] = base + inside as u32;
            }
        }
        if out.len() + 3 > limit {
            return None;
        }
        for byte in &input[at..] {
            literals.push(out, *byte);
        }
        literals.end(out);
        Some(())
    }
}

/// A run of literals at the end of the output, behind its control byte.
struct Literals {
    len: usize,
}

impl Literals {
    fn begin(out: &mut Vec<u8>) -> Self {
        out.push(0);
        Self { len: 0 }
    }

    fn push(&mut self, out: &mut Vec<u8>, byte: u8) {
        out.push(byte);
        self.len += 1;
        if self.len == LITERALS_MAX {
            self.end(out);
            *self = Self::begin(out);
        }
    }

    /// Writes the control byte, or takes it away if the run is empty.
    fn end(&mut self, out: &mut Vec<u8>) {
        match self.len {
            0 => drop(out.pop()),
            len => {
                let control = out.len() - len - 1;
                out[control] = len as u8 - 1;
            }
        }
    }
}

/// liblzf's hash of three bytes.
fn hash([a, b, c]: [u8; 3]) -> usize {
    let key = u32::from_be_bytes([0, a, b, c]);
    ((key >> (24 - HASH_BITS)).wrapping_sub(key.wrapping_mul(5)) & ((1 << HASH_BITS) - 1)) as usize
}

/// How far two places go on alike, of which three bytes are known to be. `ahead` is the later one.
/// The last two bytes of the input are left to be literals, unless a match is near them.
fn match_len(back: &[u8], ahead: &[u8]) -> usize {
    let most = (ahead.len() - 2).min(REFERENCE_MAX);
    let mut len = 2;
    if most > UNCHECKED {
        for _ in 0..UNCHECKED {
            len += 1;
            if back[len] != ahead[len] {
                return len;
            }
        }
    }
    loop {
        len += 1;
        if len >= most || back[len] != ahead[len] {
            return len;
        }
    }
}

fn put_reference(out: &mut Vec<u8>, len: usize, distance: usize) {
    let (len, distance) = (len - 2, distance - 1);
    let high = (distance >> 8) as u8;
    if len < 7 {
        out.push((len as u8) << 5 | high);
    } else {
        out.extend_from_slice(&[7 << 5 | high, (len - 7) as u8]);
    }
    out.push(distance as u8);
}

/// Restores `len` bytes from their compressed form; `None` if that is not valid, or gives more or
/// fewer. What `input` cannot expand to is not allocated.
pub fn decompress(input: &[u8], len: u64) -> Option<Vec<u8>> {
    if len > input.len() as u64 * EXPANSION_MAX {
        return None;
    }
    let len = usize::try_from(len).ok()?;
    let mut out = Vec::with_capacity(len);
    let mut rest = input;
    while let [control, after @ ..] = rest {
        let control = usize::from(*control);
        if control < LITERALS_MAX {
            let (literals, after) = after.split_at_checked(control + 1)?;
            out.extend_from_slice(literals);
            rest = after;
        } else {
            let (count, after) = match (control >> 5, after) {
                (7, [more, after @ ..]) => (9 + usize::from(*more), after),
                (7, []) => return None,
                (count, after) => (count + 2, after),
            };
            let [low, after @ ..] = after else { return None };
            let distance = ((control & 0x1f) << 8 | usize::from(*low)) + 1;
            let from = out.len().checked_sub(distance)?;
            if out.len() + count > len {
                return None;
            }
            copy_within(&mut out, from, count);
            rest = after;
        }
        if out.len() > len {
            return None;
        }
    }
    (out.len() == len).then_some(out)
}

/// Appends `count` bytes that begin at `from`, where those just appended count too.
fn copy_within(out: &mut Vec<u8>, from: usize, count: usize) {
    let mut left = count;
    while left > 0 {
        // What lies between `from` and the end repeats; each round doubles it.
        let step = left.min(out.len() - from);
        out.extend_from_within(from..from + step);
        left -= step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(compressor: &mut Compressor, input: &[u8]) -> Option<usize> {
        let mut out = b"before".to_vec();
        if !compressor.compress(input, &mut out) {
            assert_eq!(out, b"before");
            return None;
        }
        assert!(out.len() - 6 <= input.len() - 4);
        assert_eq!(decompress(&out[6..], input.len() as u64).unwrap(), input);
        Some(out.len() - 6)
    }

    #[test]
    fn repetition_shrinks() {
        let mut compressor = Compressor::new();
        round_trip(&mut compressor, &[b'a'; 1000]).expect("shrinks");
        round_trip(&mut compressor, &b"abcdefgh".repeat(5)).expect("shrinks");
        assert_eq!(round_trip(&mut compressor, b"abcdefghijklmnopqrstuvwxyz"), None);
        assert_eq!(round_trip(&mut compressor, b""), None);
        assert_eq!(round_trip(&mut compressor, b"aaaa"), None);
        // A match further back than a reference reaches.
        let mut far = b"needle".to_vec();
        far.extend((0..9000u32).flat_map(|n| (n.wrapping_mul(0x9e37_79b1)).to_be_bytes()));
        far.extend_from_slice(b"needle");
        round_trip(&mut compressor, &far);
    }

    /// Strings as redis-server 7.0.15 has compressed them: `200 x a` is the key in
    /// `easily_compressible_string_key.rdb`.
    #[test]
    fn compressed_as_redis_does() {
        let cases: [(Vec<u8>, &[u8]); 2] = [
            (vec![b'a'; 200], &[1, b'a', b'a', 0xe0, 0xbb, 0, 1, b'a', b'a']),
            (b"abc".repeat(160), b"\x03abca\xe0\xff\x02\xe1\xc9\x07\x01bc"),
        ];
        for (input, compressed) in cases {
            let mut out = Vec::new();
            assert!(Compressor::new().compress(&input, &mut out));
            assert_eq!(out.escape_ascii().to_string(), compressed.escape_ascii().to_string());
            assert_eq!(decompress(compressed, input.len() as u64), Some(input));
        }
    }

    #[test]
    fn lies_are_refused() {
        for (input, len) in [
            (&[0xe0, 0xff, 0][..], 264), // nothing to refer to
            (&[0, b'a', 0xe0], 10),      // cut
            (&[0, b'a', 0xe0, 5], 15),   // cut
            (&[5, b'a'], 6),             // literals cut
            (&[0, b'a', 0x20, 1], 4),    // before the beginning
            (&[0, b'a', 0x20, 0], 3),    // longer than announced
            (&[0, b'a', 0x20, 0], 5),    // shorter than announced
            (&[0, b'a'], u64::MAX),
            (&[0, b'a'], 177),
            (&[], 1),
        ] {
            assert_eq!(decompress(input, len), None, "{input:?}");
        }
        assert_eq!(decompress(&[0, b'a', 0x20, 0], 4), Some(b"aaaa".to_vec()));
    }

    proptest! {
        #[test]
        fn round_trips(
            words in prop::collection::vec(prop_oneof![
                Just(b"replication".to_vec()), Just(b"offset ".to_vec()),
                prop::collection::vec(any::<u8>(), 0..40),
                (any::<u8>(), 0..600usize).prop_map(|(byte, len)| vec![byte; len]),
            ], 0..40),
        ) {
            let mut compressor = Compressor::new();
            for count in 0..words.len() {
                round_trip(&mut compressor, &words[..count].concat());
            }
        }

        #[test]
        fn any_bytes_are_refused_or_restored(
            input in prop::collection::vec(any::<u8>(), 0..60), len in 0..3000u64,
        ) {
            if let Some(out) = decompress(&input, len) {
                prop_assert_eq!(out.len() as u64, len);
            }
        }
    }
}
