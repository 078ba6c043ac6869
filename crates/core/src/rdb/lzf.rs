//! LZF, the compression of long strings in RDB files.
//!
//! A control byte below 32 announces that many literal bytes and one more. Any other one begins a
//! reference: three bits of length (7: add the next byte) and thirteen of distance; it copies
//! length + 2 bytes from distance + 1 bytes back.

const DISTANCE_MAX: usize = 1 << 13;
const REFERENCE_MAX: usize = 264;
const LITERALS_MAX: usize = 32;
/// No run of compressed bytes gives more than this many times its length: three make 264.
const EXPANSION_MAX: u64 = 88;
const HASH_BITS: u32 = 13;
/// As few as a short input uses.
const HASH_BITS_MIN: u32 = 8;
/// After this many bytes without gain the data is taken for incompressible.
const PATIENCE: usize = 256;

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
        if limit == 0 || u32::try_from(input.len()).is_err() {
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

    /// `None` when the output would pass `limit` or there is no hope.
    fn encode(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> Option<()> {
        let base = self.base;
        self.base += input.len() as u32;
        // A short input uses a corner of the table only, which stays in the first cache.
        let bits = (usize::BITS - input.len().leading_zeros()).clamp(HASH_BITS_MIN, HASH_BITS);
        let start = out.len();
        let (mut at, mut literals, mut check) = (0, 0, PATIENCE);
        while at + 3 <= input.len() {
            let key = [input[at], input[at + 1], input[at + 2]];
            let slot = &mut self.table[hash(key, bits)];
            let seen = std::mem::replace(slot, base + at as u32).checked_sub(base);
            let Some(from) = seen
                .map(|seen| seen as usize)
                .filter(|from| at - from <= DISTANCE_MAX && input[*from..*from + 3] == key)
            else {
                at += 1;
                if at == check {
                    // Nothing gained so far: the rest is not worth the time.
                    if out.len() - start + (at - literals) >= at {
                        return None;
                    }
                    check += PATIENCE;
                }
                continue;
            };
            let len = 3 + common(&input[from + 3..], &input[at + 3..], REFERENCE_MAX - 3);
            put_literals(out, &input[literals..at]);
            put_reference(out, len, at - from);
            // The end of a match is what the next one most likely begins with.
            for inside in (at + len).saturating_sub(2)..at + len {
                if let Some(key) = input.get(inside..inside + 3) {
                    self.table[hash([key[0], key[1], key[2]], bits)] = base + inside as u32;
                }
            }
            at += len;
            literals = at;
            if out.len() > limit {
                return None;
            }
            check = check.max(at + 1);
        }
        put_literals(out, &input[literals..]);
        (out.len() <= limit).then_some(())
    }
}

fn hash(key: [u8; 3], bits: u32) -> usize {
    let key = u32::from_le_bytes([key[0], key[1], key[2], 0]);
    (key.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// How many leading bytes two slices share, up to `max`.
fn common(a: &[u8], b: &[u8], max: usize) -> usize {
    a.iter().zip(b).take(max).take_while(|(a, b)| a == b).count()
}

fn put_literals(out: &mut Vec<u8>, literals: &[u8]) {
    for run in literals.chunks(LITERALS_MAX) {
        out.push(run.len() as u8 - 1);
        out.extend_from_slice(run);
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
        assert_eq!(round_trip(&mut compressor, &[b'a'; 1000]), Some(2 + 4 * 3));
        assert_eq!(round_trip(&mut compressor, &b"abcdefgh".repeat(5)), Some(9 + 3));
        assert_eq!(round_trip(&mut compressor, b"abcdefghijklmnopqrstuvwxyz"), None);
        assert_eq!(round_trip(&mut compressor, b""), None);
        assert_eq!(round_trip(&mut compressor, b"aaaa"), None);
        // A match further back than a reference reaches.
        let mut far = b"needle".to_vec();
        far.extend((0..9000u32).flat_map(|n| (n.wrapping_mul(0x9e37_79b1)).to_be_bytes()));
        far.extend_from_slice(b"needle");
        round_trip(&mut compressor, &far);
    }

    #[test]
    fn what_redis_compressed_is_restored() {
        // The key in `easily_compressible_string_key.rdb`: 200 times `a`.
        let compressed = [1, b'a', b'a', 0xe0, 0xbb, 0, 1, b'a', b'a'];
        assert_eq!(decompress(&compressed, 200), Some(vec![b'a'; 200]));
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
