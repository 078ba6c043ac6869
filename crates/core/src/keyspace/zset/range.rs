//! Ranges of scores and of members.

use crate::packed::Elem;
use crate::resp::reply::IntBuf;

/// A range of scores, as `ZRANGE BYSCORE` takes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRange {
    /// Lower end.
    pub min: f64,
    /// Upper end.
    pub max: f64,
    /// Whether the lower end itself is left out.
    pub min_exclusive: bool,
    /// Whether the upper end itself is left out.
    pub max_exclusive: bool,
}

impl ScoreRange {
    /// Whether no score can be in it.
    pub fn is_empty(&self) -> bool {
        self.min > self.max || (self.min == self.max && (self.min_exclusive || self.max_exclusive))
    }

    pub(super) fn is_below(&self, score: f64) -> bool {
        if self.min_exclusive { score <= self.min } else { score < self.min }
    }

    pub(super) fn is_above(&self, score: f64) -> bool {
        if self.max_exclusive { score >= self.max } else { score > self.max }
    }
}

/// An end of a [`LexRange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// `-`: before every member.
    Lowest,
    /// `+`: after every member.
    Highest,
    /// `[text`
    Inclusive(&'a [u8]),
    /// `(text`
    Exclusive(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn text(self) -> Option<&'a [u8]> {
        match self {
            Self::Inclusive(text) | Self::Exclusive(text) => Some(text),
            Self::Lowest | Self::Highest => None,
        }
    }
}

/// A range of members by their bytes, as `ZRANGE BYLEX` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// Lower end.
    pub min: LexBound<'a>,
    /// Upper end.
    pub max: LexBound<'a>,
}

impl LexRange<'_> {
    /// Whether no member can be in it.
    pub fn is_empty(&self) -> bool {
        match (self.min, self.max) {
            (LexBound::Lowest, LexBound::Lowest) | (LexBound::Highest, LexBound::Highest) => false,
            (LexBound::Highest, _) | (_, LexBound::Lowest) => true,
            (LexBound::Lowest, _) | (_, LexBound::Highest) => false,
            (min, max) => {
                let both_in =
                    matches!((min, max), (LexBound::Inclusive(_), LexBound::Inclusive(_)));
                min.text() > max.text() || (min.text() == max.text() && !both_in)
            }
        }
    }

    pub(super) fn is_below(&self, member: Elem<'_>) -> bool {
        let mut digits = IntBuf::new();
        let member = member.as_bytes(&mut digits);
        match self.min {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Inclusive(min) => member < min,
            LexBound::Exclusive(min) => member <= min,
        }
    }

    pub(super) fn is_above(&self, member: Elem<'_>) -> bool {
        let mut digits = IntBuf::new();
        let member = member.as_bytes(&mut digits);
        match self.max {
            LexBound::Lowest => true,
            LexBound::Highest => false,
            LexBound::Inclusive(max) => member > max,
            LexBound::Exclusive(max) => member >= max,
        }
    }
}
