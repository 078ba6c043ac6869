//! The streaming reader of RDB.
//!
//! A state machine that takes whatever slices arrive. Each step reads one item (an opcode with its
//! operand, a type with its key, an element) from contiguous bytes; an item that is not complete
//! waits in a buffer until exactly as many bytes are there as it is known to need.
//!
//! # Invariants
//!
//! * Total work is linear in the input: an item is looked at again only when it has grown to what
//!   it was known to need, which happens a constant number of times.
//! * Memory is bounded by the bytes received of one item (times the expansion of LZF, at most 88),
//!   never by what is announced.

use super::RdbError;
use super::crc64;
use super::cursor::{Cursor, Step, Stop, bad, known};
use super::format::{READ_VERSION_MAX, opcode, value_type};
use super::sink::{Kind, Meta, Sink, Taken};
use super::value::{Layout, Many, One, Out, layout, module_name, unreadable};
use crate::resp::reply::IntBuf;

/// A buffer that grew beyond this for one item is given back after it.
const CARRY_KEEP: usize = 64 * 1024;
/// The first version with a checksum at its end.
const CHECKSUM_SINCE: u16 = 5;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Whether the sum is checked (`rdbchecksum`).
    pub checksum: bool,
    /// Longest string taken, in bytes.
    pub string_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { checksum: true, string_max: u64::from(u32::MAX) }
    }
}

/// How far a [`Reader`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Bytes of the slice that belong to the RDB. Less than the slice only when `done`.
    pub consumed: usize,
    /// Whether the RDB is complete (its sum checked).
    pub done: bool,
}

/// What comes next in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    /// The nine bytes at the beginning.
    Magic,
    /// An opcode, or a type and a key.
    Entry,
    /// A value that is one string.
    One(One),
    /// The count of a value's elements.
    Count(Many),
    /// So many elements.
    Elements(Many, u64),
    /// The checksum.
    Trailer,
    /// Nothing.
    Done,
}

/// Reads an RDB stream.
#[derive(Debug, Clone, Hash)]
pub struct Reader {
    settings: Settings,
    state: State,
    version: u16,
    /// Bytes of complete items.
    offset: u64,
    /// The beginning of an item that is not complete, and how long it is at least.
    carry: Vec<u8>,
    need: u64,
    crc: u64,
    /// The writer left the checksum out.
    unchecked: bool,
    /// The key under way, what is known of it, and whether the sink knows it.
    key: Vec<u8>,
    meta: Meta,
    begun: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Reader {
    /// A reader at the beginning of a stream.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Magic,
            version: 0,
            offset: 0,
            carry: Vec::new(),
            need: 0,
            crc: 0,
            unchecked: false,
            key: Vec::new(),
            meta: NO_META,
            begun: false,
        }
    }

    /// Whether it ended without a checksum, where one was wanted.
    pub fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// The version of the format, once its first nine bytes were read.
    pub fn version(&self) -> Option<u16> {
        (self.state != State::Magic).then_some(self.version)
    }

    /// Bytes taken so far.
    pub fn received(&self) -> u64 {
        self.offset + self.carry.len() as u64
    }

    /// Whether the stream is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads the next bytes of the stream and hands out what is complete.
    ///
    /// # Errors
    /// The stream is not RDB, or holds what this version cannot read, or the sink refuses it. The
    /// reader is of no further use then.
    pub fn feed(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<Status, RdbError> {
        let summed = self.state.is_summed();
        let mut at = self.feed_carry(input, sink)?;
        if summed {
            at = self.run(input, at, sink)?;
            if self.settings.checksum && (self.version == 0 || self.version >= CHECKSUM_SINCE) {
                self.crc = crc64::update(self.crc, &input[..at]);
            }
        }
        if self.state == State::Trailer {
            at = self.run(input, at, sink)?;
        }
        Ok(Status { consumed: at, done: self.is_done() })
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// It was not complete.
    pub fn finish(&self) -> Result<(), RdbError> {
        let place = match self.state {
            State::Done => return Ok(()),
            State::Magic => "in its header".to_string(),
            State::Entry => "before its end mark".to_string(),
            State::Trailer => "in its checksum".to_string(),
            State::One(_) | State::Count(_) | State::Elements(..) => self.place(),
        };
        let mut what = format!("the RDB ends early, {place}");
        if !self.carry.is_empty() {
            let (have, need) = (self.carry.len(), self.need);
            what.push_str(&format!(": {have} bytes are there of an item of {need} or more"));
        }
        let redis = "Short read or OOM loading DB. Unrecoverable error, aborting now.";
        Err(RdbError { offset: self.received(), what, redis: Some(redis.into()) })
    }

    /// Completes the item under way, if there is one, and returns the bytes of `input` it took.
    fn feed_carry(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<usize, RdbError> {
        let mut at = 0;
        while !self.carry.is_empty() {
            let missing = self.need - self.carry.len() as u64;
            let taken = missing.min((input.len() - at) as u64) as usize;
            self.carry.extend_from_slice(&input[at..at + taken]);
            at += taken;
            if (self.carry.len() as u64) < self.need {
                break;
            }
            let carry = std::mem::take(&mut self.carry);
            let step = self.step(&carry, sink);
            self.carry = carry;
            match step {
                Ok(consumed) => {
                    debug_assert_eq!(consumed, self.carry.len(), "`need` was not a lower bound");
                    self.carry.clear();
                    self.carry.shrink_to(CARRY_KEEP);
                }
                Err(Stop::More(need)) => self.need = need,
                Err(stop) => return Err(self.error(stop)),
            }
        }
        Ok(at)
    }

    /// Reads items from `at` on, until the bytes end or the sum's extent does. Returns where.
    fn run(
        &mut self,
        input: &[u8],
        mut at: usize,
        sink: &mut impl Sink,
    ) -> Result<usize, RdbError> {
        let summed = self.state.is_summed();
        while at < input.len() && self.state.is_summed() == summed && self.state != State::Done {
            match self.step(&input[at..], sink) {
                Ok(consumed) => at += consumed,
                Err(Stop::More(need)) => {
                    self.carry.extend_from_slice(&input[at..]);
                    self.need = need;
                    return Ok(input.len());
                }
                Err(stop) => return Err(self.error(stop)),
            }
        }
        Ok(at)
    }

    /// Reads one item, or changes nothing.
    fn step(&mut self, buf: &[u8], sink: &mut impl Sink) -> Step<usize> {
        let mut cursor = Cursor::new(buf, self.settings.string_max);
        match self.state {
            State::Magic => self.magic(&mut cursor)?,
            State::Entry => self.entry(&mut cursor, sink)?,
            State::One(one) => {
                self.out(sink).one(one, &mut cursor)?;
                self.end_value(sink)?;
            }
            State::Count(many) => {
                self.meta.announced = cursor.length()?;
                match self.meta.announced {
                    0 => self.end_value(sink)?,
                    count => self.state = State::Elements(many, count),
                }
            }
            State::Elements(many, left) => {
                self.out(sink).element(many, &mut cursor)?;
                match left {
                    1 => self.end_value(sink)?,
                    _ => self.state = State::Elements(many, left - 1),
                }
            }
            State::Trailer => self.trailer(&mut cursor)?,
            State::Done => {}
        }
        self.offset += cursor.consumed() as u64;
        Ok(cursor.consumed())
    }

    fn magic(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        let magic: [u8; 9] = cursor.array()?;
        if magic.starts_with(b"VALKEY") {
            return bad("an RDB of Valkey 9 or newer, which cannot be read yet");
        }
        let version = magic.strip_prefix(b"REDIS").map(|digits| {
            digits.iter().try_fold(0, |number: u16, digit| {
                digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0'))
            })
        });
        self.version = match version.flatten() {
            Some(version @ 1..=READ_VERSION_MAX) => version,
            Some(version) => {
                return known(
                    format!("RDB version {version} cannot be read, only 1 to {READ_VERSION_MAX}"),
                    format!("Can't handle RDB format version {version}"),
                );
            }
            None => {
                return known(
                    format!("not an RDB: it begins with \"{}\"", magic.escape_ascii()),
                    "Wrong signature trying to load DB from file",
                );
            }
        };
        self.state = State::Entry;
        Ok(())
    }

    fn entry(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl Sink) -> Step<()> {
        match cursor.byte()? {
            opcode::EXPIRETIME => {
                let seconds = i64::from(i32::from_le_bytes(cursor.array()?));
                self.meta.expire_at_ms = Some(seconds.max(0) as u64 * 1000);
            }
            opcode::EXPIRETIME_MS => {
                let at = i64::from_le_bytes(cursor.array()?);
                self.meta.expire_at_ms = Some(at.max(0) as u64);
            }
            opcode::FREQ => self.meta.freq = Some(cursor.byte()?),
            opcode::IDLE => self.meta.idle_seconds = Some(cursor.length()?),
            opcode::AUX => {
                let (name, value) = (cursor.string()?, cursor.string()?);
                let (mut a, mut b) = (IntBuf::new(), IntBuf::new());
                taken(sink.aux(name.bytes(&mut a), value.bytes(&mut b)))?;
            }
            opcode::SELECTDB => taken(sink.select_db(cursor.length()?))?,
            opcode::RESIZEDB => {
                let (keys, expires) = (cursor.length()?, cursor.length()?);
                taken(sink.resize_db(keys, expires))?;
            }
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    cursor.length()?;
                }
            }
            opcode::FUNCTION2 => {
                let code = cursor.string()?;
                taken(sink.function(code.bytes(&mut IntBuf::new())))?;
            }
            opcode::FUNCTION_PRE_GA => {
                return bad("a function in the form of a release candidate of Redis 7.0");
            }
            opcode::MODULE_AUX => {
                let module = module_name(cursor.length()?);
                return bad(format!(
                    "data of the module \"{module}\" (opcode 247), which cannot be read"
                ));
            }
            opcode::EOF if self.version >= CHECKSUM_SINCE => self.state = State::Trailer,
            opcode::EOF => self.state = State::Done,
            value_type => self.key(value_type, cursor)?,
        }
        Ok(())
    }

    /// Reads a key whose type was read.
    fn key(&mut self, value_type: u8, cursor: &mut Cursor<'_>) -> Step<()> {
        let known = layout(value_type);
        if known.is_none() && unreadable(value_type).is_none() {
            return bad(format!("{value_type} is neither an opcode nor the type of a value"));
        }
        let key = cursor.string()?;
        let Some((kind, layout)) = known else {
            let mut what = unreadable(value_type).unwrap_or_default().to_string();
            if matches!(value_type, value_type::MODULE | value_type::MODULE_2) {
                what.push_str(&format!(" \"{}\"", module_name(cursor.length()?)));
            }
            let key = quoted(key.bytes(&mut IntBuf::new()));
            return bad(format!(
                "{what} (type {value_type}) under key {key}, which cannot be read"
            ));
        };
        self.key.clear();
        self.key.shrink_to(CARRY_KEEP);
        self.key.extend_from_slice(key.bytes(&mut IntBuf::new()));
        self.meta = Meta { kind, type_byte: value_type, announced: 1, ..self.meta };
        self.state = match layout {
            Layout::One(one) => State::One(one),
            Layout::Many(many) => State::Count(many),
        };
        Ok(())
    }

    fn out<'s, S: Sink>(&'s mut self, sink: &'s mut S) -> Out<'s, S> {
        Out { sink, key: &self.key, meta: &self.meta, begun: &mut self.begun }
    }

    fn end_value(&mut self, sink: &mut impl Sink) -> Step<()> {
        if self.begun {
            taken(sink.end())?;
        } else {
            sink.skipped_empty(&self.key);
        }
        self.begun = false;
        self.meta = NO_META;
        self.state = State::Entry;
        Ok(())
    }

    fn trailer(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        let sum = u64::from_le_bytes(cursor.array()?);
        self.unchecked = self.settings.checksum && sum == 0;
        if self.settings.checksum && sum != 0 && sum != self.crc {
            let crc = self.crc;
            return known(
                format!("wrong checksum: the file says {sum:016x}, its bytes give {crc:016x}"),
                format!("Wrong RDB checksum expected: ({sum:x}) but got ({crc:x}). Aborting now."),
            );
        }
        self.state = State::Done;
        Ok(())
    }

    /// What is being read, for messages.
    fn place(&self) -> String {
        let kind = match self.meta.kind {
            Kind::String => "string",
            Kind::List => "list",
            Kind::Set => "set",
            Kind::Hash => "hash",
            Kind::ZSet => "sorted set",
        };
        format!("in the {kind} (type {}) under key {}", self.meta.type_byte, quoted(&self.key))
    }

    fn error(&self, stop: Stop) -> RdbError {
        let mut redis = None;
        let what = match (stop, self.state) {
            (Stop::Known(what, line), _) => {
                redis = Some(line);
                what
            }
            (Stop::Bad(what), State::One(_) | State::Count(_) | State::Elements(..)) => {
                format!("{what}, {}", self.place())
            }
            (Stop::Bad(what) | Stop::Refused(what), _) => what,
            (Stop::More(_), _) => "more bytes are needed".into(),
        };
        RdbError { offset: self.offset, what, redis }
    }
}

impl State {
    /// Whether the bytes that are read in this state belong to what the checksum covers.
    fn is_summed(self) -> bool {
        !matches!(self, Self::Trailer | Self::Done)
    }
}

/// What is known of a key before anything was said of it.
const NO_META: Meta = Meta {
    kind: Kind::String,
    type_byte: 0,
    expire_at_ms: None,
    idle_seconds: None,
    freq: None,
    announced: 0,
};

fn taken(taken: Taken) -> Step<()> {
    taken.map_err(Stop::Refused)
}

/// A key for messages: escaped, and cut when it is long.
pub(super) fn quoted(key: &[u8]) -> String {
    const SHOWN: usize = 128;
    let (shown, more) = key.split_at(key.len().min(SHOWN));
    let dots = if more.is_empty() { "" } else { "..." };
    format!("\"{}{dots}\"", shown.escape_ascii())
}
