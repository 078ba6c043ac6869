//! The writer of RDB: primitives that the keyspace's types write themselves with.

use super::format::{INT8, INT16, INT32, LZF, opcode, put_len, value_type};
use super::{crc64, lzf};
use crate::num::parse_i64;
use crate::packed::{Elem, Intset, Listpack};
use crate::resp::reply::{IntBuf, format_double};

/// Bytes that wait for the checksum before it is worth computing.
const SUM_BYTES: usize = 4096;
/// Strings up to this length are not worth compressing.
const COMPRESS_ABOVE: usize = 20;
/// Strings up to this length may be integers of 32 bits.
const INT_MAX_LEN: usize = 11;

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    /// Version of the format, one of [`super::format::WRITE_VERSIONS`].
    pub version: u16,
    /// Whether long strings are compressed (`rdbcompression`).
    pub compress: bool,
    /// Whether the sum is computed (`rdbchecksum`); if not, it is written as 0.
    pub checksum: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { version: 10, compress: true, checksum: true }
    }
}

/// Writes RDB into a buffer that its driver empties now and then.
///
/// A file is [`Writer::header`], [`Writer::aux`] fields, then for each database
/// [`Writer::select_db`], [`Writer::resize_db`] and its keys, and [`Writer::eof`]. A key is
/// [`Writer::begin`] and what its type wants:
///
/// | type | then |
/// |---|---|
/// | `STRING` | one string |
/// | `LIST`, `SET` | a length, that many strings |
/// | `HASH` | a length, that many pairs of strings |
/// | `ZSET_2` (`ZSET` below version 8) | a length, that many strings each with a score |
/// | `SET_INTSET`, `HASH_LISTPACK`, `ZSET_LISTPACK`, `SET_LISTPACK` | one packed blob |
/// | `LIST_QUICKLIST_2` | a length, that many nodes |
///
/// Listpacks need version 10, those of sets version 11: see [`Writer::knows`].
#[derive(Debug, Clone, Hash)]
pub struct Writer {
    buf: Vec<u8>,
    options: Options,
    crc: u64,
    /// How many bytes of `buf` are in `crc`.
    summed: usize,
    /// Bytes taken out of `buf` so far.
    taken: u64,
    lzf: lzf::Compressor,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(options: Options) -> Self {
        let lzf = lzf::Compressor::new();
        Self { buf: Vec::new(), options, crc: 0, summed: 0, taken: 0, lzf }
    }

    /// What it was told.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether the target version has this type (of [`value_type`]).
    pub fn knows(&self, value_type: u8) -> bool {
        self.options.version >= since(value_type)
    }

    /// What was written and not yet taken.
    pub fn bytes(&self) -> &[u8] {
        &self.buf
    }

    /// How many bytes were written and not yet taken.
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Whether there is nothing to take.
    pub fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }

    /// How many bytes were written since the beginning.
    pub fn total(&self) -> u64 {
        self.taken + self.buf.len() as u64
    }

    /// Takes what was written; the sum goes on.
    pub fn take(&mut self) -> Vec<u8> {
        self.flush_sum();
        self.taken += self.buf.len() as u64;
        self.summed = 0;
        std::mem::take(&mut self.buf)
    }

    /// Forgets what was written, once it was copied from [`Writer::bytes`]; the sum goes on.
    pub fn clear(&mut self) {
        self.flush_sum();
        self.taken += self.buf.len() as u64;
        self.summed = 0;
        self.buf.clear();
    }

    // The frame of a file.

    /// `REDIS0010`, or the version asked for.
    pub fn header(&mut self) {
        self.raw(format!("REDIS{:04}", self.options.version).as_bytes());
    }

    /// A field of information; nothing below version 7.
    pub fn aux(&mut self, name: &str, value: &[u8]) {
        if self.options.version < 7 {
            return;
        }
        self.byte(opcode::AUX);
        self.string(name.as_bytes());
        self.string(value);
    }

    /// A field of information that is a number.
    pub fn aux_int(&mut self, name: &str, value: i64) {
        self.aux(name, IntBuf::new().format(value));
    }

    /// The following keys are of database `db`.
    pub fn select_db(&mut self, db: u64) {
        self.byte(opcode::SELECTDB);
        self.length(db);
    }

    /// How many keys follow, and how many of them expire; nothing below version 7.
    pub fn resize_db(&mut self, keys: u64, expires: u64) {
        if self.options.version < 7 {
            return;
        }
        self.byte(opcode::RESIZEDB);
        self.length(keys);
        self.length(expires);
    }

    /// A library of functions, as its source.
    pub fn function(&mut self, code: &[u8]) {
        self.byte(opcode::FUNCTION2);
        self.string(code);
    }

    /// The end mark and the sum.
    pub fn eof(&mut self) {
        self.byte(opcode::EOF);
        self.flush_sum();
        let crc = self.crc;
        self.buf.extend_from_slice(&crc.to_le_bytes());
        self.summed = self.buf.len();
    }

    // Keys and values.

    /// Begins a key: when it expires (Unix milliseconds), its type (of [`value_type`]), its name.
    pub fn begin(&mut self, key: &[u8], value_type: u8, expire_at_ms: Option<u64>) {
        debug_assert!(self.knows(value_type), "type {value_type} is newer than the target version");
        if let Some(at) = expire_at_ms {
            self.byte(opcode::EXPIRETIME_MS);
            self.raw(&at.to_le_bytes());
        }
        self.byte(value_type);
        self.string(key);
    }

    /// A length, or a count.
    pub fn length(&mut self, len: u64) {
        put_len(&mut self.buf, len);
        self.sum_if_due();
    }

    /// A string: as an integer if it is a canonical one of 32 bits, compressed if that helps.
    pub fn string(&mut self, bytes: &[u8]) {
        if bytes.len() <= INT_MAX_LEN
            && let Some(value) = parse_i64(bytes)
            && self.small_int(value)
        {
            return;
        }
        if self.options.compress && bytes.len() > COMPRESS_ABOVE && self.compressed(bytes) {
            return;
        }
        self.plain(bytes);
    }

    /// A string that stands for this integer.
    pub fn int(&mut self, value: i64) {
        if !self.small_int(value) {
            self.plain(IntBuf::new().format(value));
        }
    }

    /// An element of a packed structure as a string.
    pub fn elem(&mut self, elem: Elem<'_>) {
        match elem {
            Elem::Int(value) => self.int(value),
            Elem::Bytes(bytes) => self.string(bytes),
        }
    }

    /// A score of [`value_type::ZSET_2`].
    pub fn binary_double(&mut self, value: f64) {
        self.raw(&value.to_le_bytes());
    }

    /// A score of [`value_type::ZSET`].
    pub fn text_double(&mut self, value: f64) {
        if value.is_nan() {
            self.byte(253);
        } else if value.is_infinite() {
            self.byte(if value > 0.0 { 254 } else { 255 });
        } else {
            let text = format_double(value);
            self.byte(text.len() as u8);
            self.raw(text.as_bytes());
        }
    }

    /// A whole listpack, as the value of a hash, sorted set or set.
    pub fn listpack(&mut self, list: &Listpack) {
        self.string(list.as_bytes());
    }

    /// A node of a list of type [`value_type::LIST_QUICKLIST_2`].
    pub fn list_node(&mut self, list: &Listpack) {
        self.length(super::format::NODE_PACKED);
        self.string(list.as_bytes());
    }

    /// A node of a list of type [`value_type::LIST_QUICKLIST_2`] that is one large element.
    pub fn list_plain_node(&mut self, element: &[u8]) {
        self.length(super::format::NODE_PLAIN);
        self.string(element);
    }

    /// A whole intset, as the value of a set.
    pub fn intset(&mut self, set: &Intset) {
        self.string(set.as_bytes());
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.buf.push(byte);
        self.sum_if_due();
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
        self.sum_if_due();
    }

    fn plain(&mut self, bytes: &[u8]) {
        put_len(&mut self.buf, bytes.len() as u64);
        self.raw(bytes);
    }

    /// False if the value needs more than 32 bits.
    fn small_int(&mut self, value: i64) -> bool {
        let le = value.to_le_bytes();
        if i8::try_from(value).is_ok() {
            self.raw(&[INT8, le[0]]);
        } else if i16::try_from(value).is_ok() {
            self.raw(&[INT16, le[0], le[1]]);
        } else if i32::try_from(value).is_ok() {
            self.raw(&[INT32, le[0], le[1], le[2], le[3]]);
        } else {
            return false;
        }
        true
    }

    /// False, with nothing written, if the string does not shrink.
    fn compressed(&mut self, bytes: &[u8]) -> bool {
        // The compressed length comes first and is known last: leave room for its longest form
        // that can occur, and close the gap.
        let start = self.buf.len();
        let mut lengths = Vec::new();
        put_len(&mut lengths, bytes.len() as u64);
        let room = 1 + 2 * lengths.len();
        self.buf.resize(start + room, 0);
        if !self.lzf.compress(bytes, &mut self.buf) {
            self.buf.truncate(start);
            return false;
        }
        let mut head = Vec::with_capacity(room);
        head.push(LZF);
        put_len(&mut head, (self.buf.len() - start - room) as u64);
        put_len(&mut head, bytes.len() as u64);
        let gap = room - head.len();
        if gap > 0 {
            self.buf.copy_within(start + room.., start + head.len());
            self.buf.truncate(self.buf.len() - gap);
        }
        self.buf[start..start + head.len()].copy_from_slice(&head);
        self.sum_if_due();
        true
    }

    fn sum_if_due(&mut self) {
        if self.buf.len() - self.summed >= SUM_BYTES {
            self.flush_sum();
        }
    }

    fn flush_sum(&mut self) {
        if self.options.checksum {
            self.crc = crc64::update(self.crc, &self.buf[self.summed..]);
        }
        self.summed = self.buf.len();
    }
}

/// The first version of the format with this type.
fn since(value: u8) -> u16 {
    match value {
        value_type::ZSET_2 => 8,
        value_type::STREAM_LISTPACKS => 9,
        value_type::HASH_LISTPACK
        | value_type::ZSET_LISTPACK
        | value_type::LIST_QUICKLIST_2
        | value_type::STREAM_LISTPACKS_2 => 10,
        value_type::SET_LISTPACK | value_type::STREAM_LISTPACKS_3 => 11,
        // Intsets came with version 2, and nothing older than 6 is written.
        _ => 6,
    }
}
