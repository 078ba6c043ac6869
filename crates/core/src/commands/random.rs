//! What `SRANDMEMBER`, `HRANDFIELD` and `ZRANDMEMBER` share: how many elements, and which.

use super::CmdError;
use crate::num::parse_i64;
use crate::rng::Rng;

/// Elements that one reply repeats at most. Redis would go on until its memory is full.
const REPEATED_MAX: usize = 1 << 24;

/// How many random elements are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// So many, different from each other.
    Different(usize),
    /// So many, each chosen anew.
    Repeated(usize),
}

impl Wanted {
    /// Parses a count; a negative one allows repetitions.
    ///
    /// # Errors
    /// It is not an integer, or the lowest of all.
    pub(crate) fn parse(arg: &[u8]) -> Result<Self, CmdError> {
        let count = parse_i64(arg).ok_or(CmdError::NOT_INT)?;
        if count == i64::MIN {
            let text = "ERR value is out of range, value must between -9223372036854775807 and \
                        9223372036854775807";
            return Err(CmdError::fixed(text));
        }
        let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(if count < 0 { Self::Repeated(size) } else { Self::Different(size) })
    }

    /// The number alone.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Different(count) | Self::Repeated(count) => count,
        }
    }
}

/// Refuses a reply that repeats elements without measure.
///
/// # Errors
/// More than [`REPEATED_MAX`] elements.
pub(crate) fn too_many(count: usize) -> Result<(), CmdError> {
    if count > REPEATED_MAX { Err(CmdError::fixed("ERR value is out of range")) } else { Ok(()) }
}

/// `count` different numbers below `len`, ascending; each choice has the same chance. By Floyd's
/// algorithm, in O(count log count).
pub(crate) fn choose(rng: &mut Rng, len: usize, count: usize) -> Vec<usize> {
    if count >= len {
        return (0..len).collect();
    }
    let mut chosen = std::collections::BTreeSet::new();
    for top in len - count..len {
        let pick = rng.below(top as u64 + 1) as usize;
        if !chosen.insert(pick) {
            chosen.insert(top);
        }
    }
    chosen.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_made_equally_often() {
        let mut rng = Rng::new(1);
        let mut times = [0_u32; 10];
        for _ in 0..10_000 {
            let chosen = choose(&mut rng, 10, 3);
            assert!(chosen.len() == 3 && chosen.windows(2).all(|pair| pair[0] < pair[1]));
            chosen.iter().for_each(|&index| times[index] += 1);
        }
        assert!(times.iter().all(|n| (2_800..3_200).contains(n)), "{times:?}");
        assert_eq!(choose(&mut rng, 3, 9), [0, 1, 2]);
    }

    #[test]
    fn counts_are_checked() {
        assert_eq!(Wanted::parse(b"3"), Ok(Wanted::Different(3)));
        assert_eq!(Wanted::parse(b"-3"), Ok(Wanted::Repeated(3)));
        assert!(Wanted::parse(b"-9223372036854775808").is_err());
        assert!(too_many(Wanted::Repeated(REPEATED_MAX + 1).count()).is_err());
    }
}
