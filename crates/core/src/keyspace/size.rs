//! Sizes for estimates of memory: those of 64-bit machines, everywhere.
//!
//! `used-mem` is a field of every RDB file and `maxmemory` decides what is evicted, so a node in a
//! 32-bit module must count as a server does: the same history has the same bytes on both.

/// A type whose size depends on the width of a pointer.
pub(super) trait Bytes {
    /// Its size on a 64-bit machine.
    const BYTES: usize;
}

/// Of any vector.
pub(super) const VEC_BYTES: usize = 24;

macro_rules! bytes {
    ($($type:ty = $bytes:literal;)*) => {$(
        impl $crate::keyspace::size::Bytes for $type {
            const BYTES: usize = $bytes;
        }

        #[cfg(target_pointer_width = "64")]
        const _: [(); $bytes] = [(); size_of::<$type>()];
    )*};
}

pub(super) use bytes;
