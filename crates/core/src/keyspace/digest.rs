//! `DEBUG DIGEST` and `DEBUG DIGEST-VALUE`: a fingerprint of a dataset that does not depend on the
//! order in which it is walked, the same as Redis's, to compare a replica with its master.

use super::{Keyspace, Value};
use crate::resp::reply::{IntBuf, format_double};

/// A SHA-1 sum, mixed as Redis mixes them.
pub type Digest = [u8; 20];

/// Takes part regardless of order.
fn xor(digest: &mut Digest, data: &[u8]) {
    digest.iter_mut().zip(sha1(data)).for_each(|(a, b)| *a ^= b);
}

/// Takes part in order.
fn mix(digest: &mut Digest, data: &[u8]) {
    xor(digest, data);
    *digest = sha1(digest);
}

impl Keyspace {
    /// The fingerprint of all databases.
    pub fn digest(&self) -> Digest {
        let mut all = Digest::default();
        for db in (0..self.databases()).filter(|db| !self.is_empty(*db)) {
            mix(&mut all, &(db as u32).to_be_bytes());
            for (key, value, expire_at) in self.iter(db) {
                let mut one = Digest::default();
                mix(&mut one, key);
                mix_value(&mut one, value, expire_at);
                xor(&mut all, &one);
            }
        }
        all
    }

    /// The fingerprint of one value, expired or not; all zero if there is none.
    pub fn digest_value(&self, db: usize, key: &[u8]) -> Digest {
        let mut digest = Digest::default();
        let base = &self.dbs[db];
        if let Some(id) = base.table.get_id(key)
            && let Some(item) = base.table.by_id(id)
        {
            let expire_at = if item.is_volatile() { base.deadlines.get(id) } else { None };
            mix_value(&mut digest, &item.value, expire_at);
        }
        digest
    }
}

/// Twenty bytes as forty digits.
pub fn hex(digest: &Digest) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::with_capacity(40), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mix_value(digest: &mut Digest, value: &Value, expire_at: Option<u64>) {
    let (mut a, mut b) = (IntBuf::new(), IntBuf::new());
    let kind: u32 = match value {
        Value::Str(_) => 0,
        Value::List(_) => 1,
        Value::Set(_) => 2,
        Value::ZSet(_) => 3,
        Value::Hash(_) => 4,
    };
    mix(digest, &kind.to_be_bytes());
    match value {
        Value::Str(text) => mix(digest, text.bytes()),
        Value::List(list) => list.iter().for_each(|element| mix(digest, element.as_bytes(&mut a))),
        Value::Set(set) => set.iter().for_each(|member| xor(digest, member.as_bytes(&mut a))),
        Value::ZSet(zset) => zset.iter_unordered().for_each(|(member, score)| {
            let score = format_double(score);
            xor(digest, &pair(member.as_bytes(&mut a), score.as_bytes()));
        }),
        Value::Hash(hash) => hash.iter().for_each(|(field, value)| {
            xor(digest, &pair(field.as_bytes(&mut a), value.as_bytes(&mut b)));
        }),
    }
    if expire_at.is_some() {
        xor(digest, b"!!expire!!");
    }
}

fn pair(first: &[u8], second: &[u8]) -> Digest {
    let mut digest = Digest::default();
    mix(&mut digest, first);
    mix(&mut digest, second);
    digest
}

/// SHA-1 (FIPS 180-4). It only has to agree with Redis here, not to be secure.
fn sha1(data: &[u8]) -> Digest {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let (blocks, rest) = data.as_chunks::<64>();
    blocks.iter().for_each(|block| sha1_block(&mut state, block));
    // The tail: a one bit, zeros, and the length in bits at the end of a block.
    let mut tail = [0; 128];
    tail[..rest.len()].copy_from_slice(rest);
    tail[rest.len()] = 0x80;
    let end = if rest.len() < 56 { 64 } else { 128 };
    tail[end - 8..end].copy_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    tail[..end].as_chunks::<64>().0.iter().for_each(|block| sha1_block(&mut state, block));
    let mut digest = Digest::default();
    for (out, word) in digest.chunks_exact_mut(4).zip(state) {
        out.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn sha1_block(state: &mut [u32; 5], block: &[u8; 64]) {
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for n in 16..80 {
        words[n] = (words[n - 3] ^ words[n - 8] ^ words[n - 14] ^ words[n - 16]).rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (n, word) in words.into_iter().enumerate() {
        let (f, k) = match n {
            0..20 => ((b & c) | (!b & d), 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let next =
            a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (sum, word) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha1_of_all_lengths() {
        assert_eq!(hex(&sha1(b"")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let all = (0..200_usize).fold(Digest::default(), |mut all, n| {
            mix(&mut all, &vec![n as u8; n]);
            all
        });
        assert_eq!(hex(&all), "0fa59116fd9f8682184325941624218746e6c990");
    }
}
