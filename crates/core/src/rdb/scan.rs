//! Where what lies in an RDB file: a pass over all of it that keeps nothing.
//!
//! Unlike [`super::Reader`], which exists to load, a [`Scanner`] goes past what nobody asked for: a
//! string of gigabytes costs no memory, and streams and values of modules are measured though the
//! keyspace holds none. It also goes on where Redis would refuse to load, as long as lengths say
//! where things end, and judges the checksum instead of obeying it.
//!
//! The layout of each type is a little program ([`Op`]), in the order of its bytes.
//!
//! # Invariants
//!
//! * Total work is linear in the input, whatever it holds.
//! * Memory is bounded by [`ITEM_BYTES_MAX`] and the expansion of LZF, never by what is announced.
//! * The ranges of items cover the file up to its end, without gap or overlap.

mod items;
mod layout;

use std::ops::Range;

use super::RdbError;
use super::crc64;
use super::cursor::{Cursor, Length, Step, Stop, bad, known};
use super::format::{INT8, INT16, INT32, LZF, NODE_PACKED, NODE_PLAIN, opcode, value_type};
use super::lzf;
use super::reader::quoted;
use crate::num::IntBuf;
use crate::packed::{Elem, Intset, Listpack, PackedError, Ziplist, Zipmap};
use crate::resp::reply::format_double;
use layout::{Op, Packing, program};

pub use items::{Checksum, Found, Item, Role, Watch};
pub use layout::{is_held, layout_name, module, type_name};

/// Longest key, field of information or packed collection that is looked into.
pub const ITEM_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest string that is handed out whole; of longer ones, so many bytes.
pub const TEXT_BYTES_MAX: u64 = 64 * 1024;
/// The newest version whose layout is known.
pub const VERSION_MAX: u16 = 12;
/// The versions of Valkey since it has gone its own way.
const VALKEY_VERSIONS: Range<u16> = 80..100;
/// The first version with a checksum at its end.
const CHECKSUM_SINCE: u16 = 5;

/// What comes next in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Magic,
    Entry,
    Value,
    Trailer,
    Done,
}

/// Goes through a file. See the module's documentation.
#[derive(Debug, Clone)]
pub struct Scanner {
    state: State,
    version: u16,
    valkey: bool,
    /// Bytes of complete steps.
    offset: u64,
    /// The beginning of a step that is not complete, and how long it is at least.
    carry: Vec<u8>,
    need: u64,
    /// Bytes of a string that nobody wants.
    skip: u64,
    crc: u64,
    db: u64,
    /// Where the key under way begins, with what is said of it first.
    start: Option<u64>,
    found: Found,
    program: &'static [Op],
    /// What comes next in the value, and the loops around it: where they begin, and how often they
    /// are still to be run.
    at: usize,
    loops: Vec<(usize, u64)>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            state: State::Magic,
            version: 0,
            valkey: false,
            offset: 0,
            carry: Vec::new(),
            need: 0,
            skip: 0,
            crc: 0,
            db: 0,
            start: None,
            found: Found::default(),
            program: &[],
            at: 0,
            loops: Vec::new(),
        }
    }
}

impl Scanner {
    /// A scanner of what stands at `offset` of a file, where an item begins. It knows nothing of
    /// what came before: its checksum means nothing.
    pub fn within(version: u16, valkey: bool, offset: u64) -> Self {
        Self { state: State::Entry, version, valkey, offset, ..Self::default() }
    }

    /// Whether the end was reached.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Bytes taken so far.
    pub fn received(&self) -> u64 {
        self.offset + self.carry.len() as u64
    }

    /// Reads the next bytes. Returns how many belong to the file: less than there are only at its
    /// end.
    ///
    /// # Errors
    /// It cannot be said where something ends, or a packed collection is damaged. The scanner is of
    /// no further use then.
    pub fn feed(&mut self, input: &[u8], watch: &mut dyn Watch) -> Result<usize, RdbError> {
        let mut at = 0;
        if self.state.is_summed() {
            at = self.run(input, 0, watch)?;
            self.crc = crc64::update(self.crc, &input[..at]);
        }
        if !self.state.is_summed() {
            at = self.run(input, at, watch)?;
        }
        Ok(at)
    }

    /// The file has ended.
    ///
    /// # Errors
    /// It is not complete.
    pub fn finish(&self) -> Result<(), RdbError> {
        let place = match self.state {
            State::Done => return Ok(()),
            State::Magic => "in its header".to_owned(),
            State::Entry => "before its end mark".to_owned(),
            State::Trailer => "in its checksum".to_owned(),
            State::Value => self.place(),
        };
        let missing = match self.skip {
            0 => self.need.saturating_sub(self.carry.len() as u64),
            skip => skip,
        };
        let mut what = format!("the file ends early, {place}");
        if missing > 0 {
            what.push_str(&format!(": at least {missing} bytes are missing"));
        }
        let redis = "Short read or OOM loading DB. Unrecoverable error, aborting now.";
        Err(RdbError { offset: self.received(), what, redis: Some(redis.into()) })
    }

    /// The key whose value is being read.
    pub fn under_way(&self) -> Option<&Found> {
        (self.state == State::Value).then_some(&self.found)
    }

    /// Where the item that is being read begins.
    pub fn item_start(&self) -> u64 {
        self.start.unwrap_or(self.offset)
    }

    /// Takes steps until the bytes end, or what the checksum covers does. Returns where.
    fn run(
        &mut self,
        input: &[u8],
        mut at: usize,
        watch: &mut dyn Watch,
    ) -> Result<usize, RdbError> {
        let summed = self.state.is_summed();
        while at < input.len() && self.state.is_summed() == summed && self.state != State::Done {
            let rest = &input[at..];
            if self.skip > 0 {
                let len = self.skip.min(rest.len() as u64);
                self.skip -= len;
                at += len as usize;
                self.passed(len, watch);
            } else if self.carry.is_empty() {
                match self.step(rest, watch) {
                    Ok(len) => {
                        at += len;
                        self.passed(len as u64, watch);
                    }
                    Err(Stop::More(need)) => {
                        self.carry.extend_from_slice(rest);
                        self.need = need;
                        at = input.len();
                    }
                    Err(stop) => return Err(self.error(stop)),
                }
            } else {
                at += self.complete(rest, watch)?;
            }
        }
        Ok(at)
    }

    /// Adds to the step under way what it needs, and takes it if that is there.
    fn complete(&mut self, rest: &[u8], watch: &mut dyn Watch) -> Result<usize, RdbError> {
        let missing = self.need - self.carry.len() as u64;
        let taken = missing.min(rest.len() as u64) as usize;
        self.carry.extend_from_slice(&rest[..taken]);
        if (self.carry.len() as u64) < self.need {
            return Ok(taken);
        }
        let carry = std::mem::take(&mut self.carry);
        match self.step(&carry, watch) {
            Ok(len) => {
                debug_assert_eq!(len, carry.len(), "`need` was not a lower bound");
                self.passed(len as u64, watch);
            }
            Err(Stop::More(need)) => (self.carry, self.need) = (carry, need),
            Err(stop) => return Err(self.error(stop)),
        }
        Ok(taken)
    }

    /// A step is over, or a part of a string was skipped: ends what ends with it.
    fn passed(&mut self, len: u64, watch: &mut dyn Watch) {
        self.offset += len;
        if self.state != State::Value || self.skip > 0 {
            return;
        }
        while let Some(Op::Again) = self.program.get(self.at) {
            match self.loops.last_mut() {
                Some((begin, left)) if *left > 1 => {
                    *left -= 1;
                    self.at = *begin;
                }
                _ => {
                    self.loops.pop();
                    self.at += 1;
                }
            }
        }
        if self.at >= self.program.len() {
            let start = self.start.take().unwrap_or(self.offset);
            let item = match (self.found.type_byte, self.found.module) {
                (opcode::MODULE_AUX, Some(module)) => Item::ModuleAux(module),
                _ => Item::Key(&self.found),
            };
            watch.item(start..self.offset, item);
            let key = std::mem::take(&mut self.found.key);
            self.found = Found { key, ..Found::default() };
            self.state = State::Entry;
        }
    }

    /// Reads one item, or one part of a value, or changes nothing. How many bytes it has, without
    /// those that are to be skipped.
    fn step(&mut self, buf: &[u8], watch: &mut dyn Watch) -> Step<usize> {
        let mut cursor = Cursor::new(buf, ITEM_BYTES_MAX);
        match self.state {
            State::Magic => self.magic(&mut cursor, watch)?,
            State::Entry => self.entry(&mut cursor, watch)?,
            State::Value => self.value(&mut cursor, watch)?,
            State::Trailer => {
                let said = u64::from_le_bytes(cursor.array()?);
                let found = self.crc;
                let sum = match said {
                    0 => Checksum::Off,
                    _ if said == found => Checksum::Right(said),
                    _ => Checksum::Wrong { said, found },
                };
                self.end(self.offset - 1..self.offset + 8, sum, watch);
            }
            State::Done => {}
        }
        Ok(cursor.consumed())
    }

    fn end(&mut self, at: Range<u64>, sum: Checksum, watch: &mut dyn Watch) {
        self.state = State::Done;
        watch.item(at, Item::End(sum));
    }

    fn magic(&mut self, cursor: &mut Cursor<'_>, watch: &mut dyn Watch) -> Step<()> {
        let magic: [u8; 9] = cursor.array()?;
        self.valkey = magic.starts_with(b"VALKEY");
        let name: &[u8] = if self.valkey { b"VALKEY" } else { b"REDIS" };
        let digits = magic.strip_prefix(name);
        let Some(version) = digits.and_then(number) else {
            return known(
                format!("not an RDB file: it begins with \"{}\"", magic.escape_ascii()),
                "Wrong signature trying to load DB from file",
            );
        };
        let is_known = match self.valkey {
            true => VALKEY_VERSIONS.contains(&version),
            false => (1..=VERSION_MAX).contains(&version),
        };
        if !is_known {
            return known(
                format!(
                    "version {version} of the format is not known here, only 1 to {VERSION_MAX}"
                ),
                format!("Can't handle RDB format version {version}"),
            );
        }
        self.version = version;
        self.state = State::Entry;
        watch.item(0..9, Item::Header { version, valkey: self.valkey });
        Ok(())
    }

    fn entry(&mut self, cursor: &mut Cursor<'_>, watch: &mut dyn Watch) -> Step<()> {
        let start = self.offset;
        let range = |cursor: &Cursor<'_>| start..start + cursor.consumed() as u64;
        // What is said of a key before it belongs to it.
        let begins = self.start.unwrap_or(start);
        match cursor.byte()? {
            opcode::EXPIRETIME => {
                let seconds = i64::from(i32::from_le_bytes(cursor.array()?));
                self.found.expire_at_ms = Some(seconds.max(0) as u64 * 1000);
                self.start = Some(begins);
            }
            opcode::EXPIRETIME_MS => {
                let at = i64::from_le_bytes(cursor.array()?);
                self.found.expire_at_ms = Some(at.max(0) as u64);
                self.start = Some(begins);
            }
            opcode::FREQ => {
                self.found.freq = Some(cursor.byte()?);
                self.start = Some(begins);
            }
            opcode::IDLE => {
                self.found.idle_seconds = Some(cursor.length()?);
                self.start = Some(begins);
            }
            opcode::AUX => {
                let (name, value) = (cursor.string()?, cursor.string()?);
                let (mut a, mut b) = (IntBuf::new(), IntBuf::new());
                let item = Item::Aux(name.bytes(&mut a), value.bytes(&mut b));
                watch.item(range(cursor), item);
            }
            opcode::SELECTDB => {
                self.db = cursor.length()?;
                watch.item(range(cursor), Item::SelectDb(self.db));
            }
            opcode::RESIZEDB => {
                let (keys, expires) = (cursor.length()?, cursor.length()?);
                watch.item(range(cursor), Item::ResizeDb(keys, expires));
            }
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    cursor.length()?;
                }
                watch.item(range(cursor), Item::SlotInfo);
            }
            opcode::FUNCTION2 => {
                cursor.string()?;
                watch.item(range(cursor), Item::Function);
            }
            opcode::FUNCTION_PRE_GA => {
                return bad("a function in the form of a release candidate of Redis 7.0");
            }
            opcode::MODULE_AUX => {
                let module = Some(cursor.length()?);
                self.found = Found { type_byte: opcode::MODULE_AUX, module, ..Found::default() };
                self.start = Some(begins);
                (self.program, self.at) = (&[Op::ModuleItem], 0);
                self.state = State::Value;
            }
            opcode::EOF if self.version >= CHECKSUM_SINCE => self.state = State::Trailer,
            opcode::EOF => self.end(range(cursor), Checksum::Absent, watch),
            type_byte => self.key(type_byte, cursor)?,
        }
        Ok(())
    }

    /// Reads a key whose type was read.
    fn key(&mut self, type_byte: u8, cursor: &mut Cursor<'_>) -> Step<()> {
        let Some(program) = program(type_byte, self.valkey) else {
            if type_byte == value_type::MODULE {
                let key = cursor.string()?;
                let key = quoted(key.bytes(&mut IntBuf::new()));
                return bad(format!(
                    "a value of a module under key {key}, in the form of Redis 4.0's candidates, \
                     which does not say where it ends"
                ));
            }
            return bad(format!("{type_byte} is neither an opcode nor the type of a value"));
        };
        let key = cursor.string()?;
        self.found.key.clear();
        self.found.key.extend_from_slice(key.bytes(&mut IntBuf::new()));
        (self.found.db, self.found.type_byte, self.found.elements) = (self.db, type_byte, 0);
        self.start.get_or_insert(self.offset);
        (self.program, self.at) = (program, 0);
        self.loops.clear();
        self.state = State::Value;
        Ok(())
    }

    /// Takes one step in a value.
    fn value(&mut self, cursor: &mut Cursor<'_>, watch: &mut dyn Watch) -> Step<()> {
        let op = self.program.get(self.at).copied().unwrap_or(Op::Again);
        let mut next = self.at + 1;
        match op {
            Op::Text(role) => drop(self.text(cursor, Some(role), watch)?),
            Op::Skip => drop(self.text(cursor, None, watch)?),
            Op::Whole => self.found.elements = self.text(cursor, Some(Role::Element), watch)?,
            Op::Packed(packing, roles) => {
                self.packed(cursor, packing, roles, watch)?;
            }
            Op::Inner => self.packed(cursor, Packing::Listpack, &[], watch)?,
            Op::Node => match cursor.length()? {
                NODE_PLAIN => {
                    self.text(cursor, Some(Role::Element), watch)?;
                    self.found.elements += 1;
                }
                NODE_PACKED => {
                    self.packed(cursor, Packing::Listpack, &[Role::Element], watch)?;
                }
                other => return bad(format!("unknown form {other} of a list's node")),
            },
            Op::Score => {
                score(f64::from_le_bytes(cursor.array()?), watch)?;
            }
            Op::OldScore => score(cursor.text_double()?, watch)?,
            Op::Bytes(len) => drop(cursor.take(len as u64)?),
            Op::Number => drop(cursor.length()?),
            Op::Elements => self.found.elements = cursor.length()?,
            Op::Repeat | Op::Each => {
                let count = cursor.length()?;
                if matches!(op, Op::Each) {
                    self.found.elements = count;
                }
                match count {
                    0 => next = after_loop(self.program, self.at),
                    _ => self.loops.push((next, count)),
                }
            }
            Op::Again => {}
            Op::Module => self.found.module = Some(cursor.length()?),
            Op::ModuleItem => {
                match cursor.length()? {
                    0 => return self.go_to(next),
                    1 | 2 => drop(cursor.length()?),
                    3 => drop(cursor.take(4)?),
                    4 => drop(cursor.take(8)?),
                    5 => drop(self.text(cursor, None, watch)?),
                    other => return bad(format!("unknown mark {other} in a module's data")),
                }
                next = self.at;
            }
        }
        self.go_to(next)
    }

    fn go_to(&mut self, next: usize) -> Step<()> {
        self.at = next;
        Ok(())
    }

    /// Reads a string, or its beginning, and skips what nobody wants. Returns its length.
    fn text(
        &mut self,
        cursor: &mut Cursor<'_>,
        role: Option<Role>,
        watch: &mut dyn Watch,
    ) -> Step<u64> {
        let role = role.filter(|_| watch.wants_values());
        let mut say = |text: &[u8], len| {
            if let Some(role) = role {
                watch.part(role, text, len);
            }
        };
        match cursor.any_length()? {
            Length::Plain(len) => {
                let wanted = if role.is_some() { len.min(TEXT_BYTES_MAX) } else { 0 };
                say(cursor.take(wanted)?, len);
                self.skip = len - wanted;
                Ok(len)
            }
            Length::Special(LZF) => {
                let (packed, len) = (cursor.length()?, cursor.length()?);
                if packed.max(len) > ITEM_BYTES_MAX {
                    say(&[], len);
                    self.skip = packed;
                } else {
                    let text = plain(cursor.take(packed)?, len)?;
                    say(&text[..text.len().min(TEXT_BYTES_MAX as usize)], len);
                }
                Ok(len)
            }
            Length::Special(form) => {
                let value = match form {
                    INT8 => i64::from(i8::from_le_bytes(cursor.array()?)),
                    INT16 => i64::from(i16::from_le_bytes(cursor.array()?)),
                    INT32 => i64::from(i32::from_le_bytes(cursor.array()?)),
                    other => return bad(format!("unknown string encoding {other:#04x}")),
                };
                let mut digits = IntBuf::new();
                let text = digits.format(value);
                say(text, text.len() as u64);
                Ok(text.len() as u64)
            }
        }
    }

    /// Reads a packed collection. One that is too large to be looked into is skipped.
    fn packed(
        &mut self,
        cursor: &mut Cursor<'_>,
        packing: Packing,
        roles: &'static [Role],
        watch: &mut dyn Watch,
    ) -> Step<()> {
        let bytes = match cursor.any_length()? {
            Length::Plain(len) if len > ITEM_BYTES_MAX => {
                self.skip = len;
                return Ok(());
            }
            Length::Plain(len) => cursor.take(len)?.to_vec(),
            Length::Special(LZF) => {
                let (packed, len) = (cursor.length()?, cursor.length()?);
                if packed.max(len) > ITEM_BYTES_MAX {
                    self.skip = packed;
                    return Ok(());
                }
                plain(cursor.take(packed)?, len)?
            }
            Length::Special(_) => return bad("a packed collection that is a number"),
        };
        let (mut count, mut no_score) = (0, false);
        let mut each = |elem: Elem<'_>| {
            match roles.get(count % roles.len().max(1)) {
                Some(Role::Score) => {
                    no_score |= elem.as_f64().is_none_or(|value| score(value, watch).is_err());
                }
                Some(role) if watch.wants_values() => {
                    let mut digits = IntBuf::new();
                    let text = elem.as_bytes(&mut digits);
                    let shown = &text[..text.len().min(TEXT_BYTES_MAX as usize)];
                    watch.part(*role, shown, text.len() as u64);
                }
                _ => {}
            }
            count += 1;
        };
        match packing {
            Packing::Ziplist => Ziplist::from_bytes(bytes).map_err(corrupt)?.iter().for_each(each),
            Packing::Listpack => {
                Listpack::from_bytes(bytes).map_err(corrupt)?.iter().for_each(each);
            }
            Packing::Intset => {
                let set = Intset::from_bytes(bytes).map_err(corrupt)?;
                set.iter().for_each(|member| each(Elem::Int(member)));
            }
            Packing::Zipmap => {
                let map = Zipmap::from_bytes(bytes).map_err(corrupt)?;
                map.to_listpack().iter().for_each(each);
            }
        }
        if no_score {
            return bad("a packed sorted set with a score that is not a number");
        }
        let group = roles.len().max(1);
        if !count.is_multiple_of(group) {
            return bad("a packed collection that ends within a pair");
        }
        if !roles.is_empty() {
            self.found.elements += (count / group) as u64;
        }
        Ok(())
    }

    /// What is being read, for messages.
    fn place(&self) -> String {
        if let (opcode::MODULE_AUX, Some(id)) = (self.found.type_byte, self.found.module) {
            return format!("in the data of the module \"{}\"", module(id));
        }
        let Found { key, type_byte, .. } = &self.found;
        format!("in the {} (type {type_byte}) under key {}", type_name(*type_byte), quoted(key))
    }

    fn error(&self, stop: Stop) -> RdbError {
        let (what, redis) = match stop {
            Stop::Known(what, line) => (what, Some(line)),
            Stop::Bad(what) | Stop::Refused(what) if self.state == State::Value => {
                (format!("{what}, {}", self.place()), None)
            }
            Stop::Bad(what) | Stop::Refused(what) => (what, None),
            Stop::More(_) => ("more bytes are needed".into(), None),
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

/// Where a loop that is not run at all ends.
fn after_loop(program: &[Op], begin: usize) -> usize {
    let mut depth = 0;
    let end = program[begin..].iter().position(|op| {
        match op {
            Op::Repeat | Op::Each => depth += 1,
            Op::Again => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.map_or(program.len(), |end| begin + end + 1)
}

fn score(score: f64, watch: &mut dyn Watch) -> Step<()> {
    if score.is_nan() {
        return bad("a score that is not a number");
    }
    if watch.wants_values() {
        let text = format_double(score);
        watch.part(Role::Score, text.as_bytes(), text.len() as u64);
    }
    Ok(())
}

fn plain(packed: &[u8], len: u64) -> Step<Vec<u8>> {
    lzf::decompress(packed, len).map_or_else(
        || bad(format!("a compressed string that does not give the {len} bytes it announces")),
        Ok,
    )
}

fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0, |number: u16, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn corrupt(error: PackedError) -> Stop {
    Stop::Bad(error.to_string())
}
