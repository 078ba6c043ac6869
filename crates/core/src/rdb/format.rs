//! The bytes of the format: versions, opcodes, types and lengths.

/// The newest version that can be read.
pub const READ_VERSION_MAX: u16 = 12;
/// The versions that can be written, oldest first.
pub const WRITE_VERSIONS: [u16; 6] = [6, 7, 8, 9, 10, 11];

/// Opcodes: what stands where a value's type could.
pub mod opcode {
    /// Per-slot sizes of a cluster (Redis 7.4).
    pub const SLOT_INFO: u8 = 244;
    /// A library of functions.
    pub const FUNCTION2: u8 = 245;
    /// A function, in release candidates of 7.0.
    pub const FUNCTION_PRE_GA: u8 = 246;
    /// Data of a module, outside the keyspace.
    pub const MODULE_AUX: u8 = 247;
    /// Seconds since the next key was used.
    pub const IDLE: u8 = 248;
    /// How often the next key was used (LFU).
    pub const FREQ: u8 = 249;
    /// A field of information.
    pub const AUX: u8 = 250;
    /// How large the selected database's tables will become.
    pub const RESIZEDB: u8 = 251;
    /// When the next key expires, in milliseconds.
    pub const EXPIRETIME_MS: u8 = 252;
    /// When the next key expires, in seconds.
    pub const EXPIRETIME: u8 = 253;
    /// The following keys are of this database.
    pub const SELECTDB: u8 = 254;
    /// The end; the checksum follows.
    pub const EOF: u8 = 255;
}

/// Types of values.
pub mod value_type {
    /// A string.
    pub const STRING: u8 = 0;
    /// A list, element by element.
    pub const LIST: u8 = 1;
    /// A set, element by element.
    pub const SET: u8 = 2;
    /// A sorted set with scores as text.
    pub const ZSET: u8 = 3;
    /// A hash, field by field.
    pub const HASH: u8 = 4;
    /// A sorted set with binary scores.
    pub const ZSET_2: u8 = 5;
    /// A module's value, as first designed.
    pub const MODULE: u8 = 6;
    /// A module's value.
    pub const MODULE_2: u8 = 7;
    /// A hash as a zipmap.
    pub const HASH_ZIPMAP: u8 = 9;
    /// A list as one ziplist.
    pub const LIST_ZIPLIST: u8 = 10;
    /// A set as an intset.
    pub const SET_INTSET: u8 = 11;
    /// A sorted set as a ziplist.
    pub const ZSET_ZIPLIST: u8 = 12;
    /// A hash as a ziplist.
    pub const HASH_ZIPLIST: u8 = 13;
    /// A list as a sequence of ziplists.
    pub const LIST_QUICKLIST: u8 = 14;
    /// A stream (Redis 5.0).
    pub const STREAM_LISTPACKS: u8 = 15;
    /// A hash as a listpack.
    pub const HASH_LISTPACK: u8 = 16;
    /// A sorted set as a listpack.
    pub const ZSET_LISTPACK: u8 = 17;
    /// A list as a sequence of listpacks and single large elements.
    pub const LIST_QUICKLIST_2: u8 = 18;
    /// A stream (Redis 7.0).
    pub const STREAM_LISTPACKS_2: u8 = 19;
    /// A set as a listpack.
    pub const SET_LISTPACK: u8 = 20;
    /// A stream (Redis 7.2).
    pub const STREAM_LISTPACKS_3: u8 = 21;
    /// A hash whose fields expire (Redis 7.4).
    pub const HASH_METADATA: u8 = 24;
    /// A hash whose fields expire, as a listpack (Redis 7.4).
    pub const HASH_LISTPACK_EX: u8 = 25;
}

/// In a list of type [`value_type::LIST_QUICKLIST_2`]: the node is one element.
pub const NODE_PLAIN: u64 = 1;
/// In a list of type [`value_type::LIST_QUICKLIST_2`]: the node is a listpack.
pub const NODE_PACKED: u64 = 2;

/// Strings in special form, as their first byte says: integers of 1, 2 and 4 bytes, and LZF.
pub(super) const INT8: u8 = 0xc0;
pub(super) const INT16: u8 = 0xc1;
pub(super) const INT32: u8 = 0xc2;
pub(super) const LZF: u8 = 0xc3;

/// Appends a length: 6, 14, 32 or 64 bits, big-endian.
pub(super) fn put_len(out: &mut Vec<u8>, len: u64) {
    match len {
        0..=0x3f => out.push(len as u8),
        0x40..=0x3fff => out.extend_from_slice(&(0x4000 | len as u16).to_be_bytes()),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
}
