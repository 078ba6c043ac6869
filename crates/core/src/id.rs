//! Identifiers: connections and replication histories.

use std::fmt;

use crate::rng::Rng;

/// A connection, named by the driver. The generation makes a reused index a different connection,
/// so that late events of a closed one cannot touch its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// Slot in the driver's table of connections.
    pub index: u32,
    /// How often that slot was reused.
    pub generation: u32,
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

/// The 40-hex id of a replication history (`master_replid`, or `master_replid2`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplId([u8; 40]);

impl ReplId {
    /// What Redis shows when there is no secondary id: forty zeros.
    pub const NONE: Self = Self([b'0'; 40]);

    /// A fresh id.
    pub fn random(rng: &mut Rng) -> Self {
        Self(rng.hex())
    }

    /// The id in `text`, which must be 40 bytes. Like Redis, any bytes are taken: an id is
    /// compared, never interpreted.
    pub fn parse(text: &[u8]) -> Option<Self> {
        text.try_into().ok().map(Self)
    }

    /// The id as it goes over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is [`ReplId::NONE`].
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

impl fmt::Display for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplId({self})")
    }
}
