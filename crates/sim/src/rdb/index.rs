//! The index of a file.

use std::ops::Range;

use lockstep_core::rdb::RdbError;
use lockstep_core::rdb::scan::{Checksum, Found, Item, Scanner, Watch};

/// Most keys that are listed. All are counted.
pub const KEYS_MAX: u32 = 4_000_000;
/// So much of a key's name is kept.
pub const NAME_BYTES_MAX: usize = 1_024;
/// So many bytes of names are kept in all; keys beyond them are counted, not listed.
pub const NAMES_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most fields of information, and most databases, that are listed.
const ROWS_MAX: usize = 256;
/// So much of a field of information is kept.
const FIELD_BYTES_MAX: usize = 4_096;
/// Most stretches of a file that are known not to be held. Of more, the last one is taken to reach
/// up to the end of what is not held.
const APART_MAX: usize = 100_000;
/// Keys in one piece of the list. Pieces do not move when the list grows.
const CHUNK: usize = 1 << 14;

/// How many keys, and how many bytes of the file they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Keys.
    pub keys: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Total {
    pub(super) fn add(&mut self, bytes: u64) {
        self.keys += 1;
        self.bytes += bytes;
    }
}

/// The keys of one type, as the file knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeTotal {
    /// The type in the file.
    pub type_byte: u8,
    /// Its keys.
    pub total: Total,
    /// Their elements, see [`Found::elements`].
    pub elements: u64,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Database {
    /// Its number.
    pub number: u64,
    /// Its keys.
    pub total: Total,
    /// How many of them expire.
    pub expires: u64,
    /// How many keys, and how many that expire, the file announces.
    pub announced: Option<(u64, u64)>,
}

/// A key of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name, or the beginning of a very long one.
    pub name: &'a [u8],
    /// Its database.
    pub db: u64,
    /// The type of its value, as in [`lockstep_core::rdb::format::value_type`].
    pub type_byte: u8,
    /// Where it lies, with its expiry and its value.
    pub at: Range<u64>,
    /// See [`Found::elements`].
    pub elements: u64,
    /// When it expires: Unix milliseconds.
    pub expire_at_ms: Option<u64>,
}

/// Where a file is damaged, or ends too early, and what had been read up to there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, and what is wrong.
    pub error: RdbError,
    /// Where the item that is damaged begins.
    pub start: u64,
    /// The key whose value was being read: its name, its database, its type.
    pub key: Option<(Vec<u8>, u64, u8)>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    start: u64,
    len: u64,
    elements: u64,
    name_at: u32,
    db: u16,
    type_byte: u8,
}

#[derive(Debug, Clone, Default)]
struct Chunk {
    rows: Vec<Row>,
    names: Vec<u8>,
    /// Of keys that expire: which, and when.
    expiries: Vec<(u16, u64)>,
}

/// What a file holds. Grows while it is read: [`Index::feed`], then [`Index::finish`].
#[derive(Debug, Clone, Default)]
pub struct Index {
    scanner: Scanner,
    found: Contents,
    fault: Option<Fault>,
    surplus: u64,
}

/// What was found so far.
#[derive(Debug, Clone, Default)]
struct Contents {
    header: Option<(u16, bool)>,
    aux: Vec<(Vec<u8>, Vec<u8>)>,
    databases: Vec<Database>,
    types: Vec<TypeTotal>,
    total: Total,
    expires: u64,
    functions: u64,
    module_data: Vec<u64>,
    checksum: Option<Checksum>,
    /// Where the end mark is.
    end: Option<u64>,
    chunks: Vec<Chunk>,
    listed: u32,
    names: usize,
    /// Keys of types that the nodes of Lockstep do not hold, and other data that they do not.
    not_held: Total,
    apart: Vec<Range<u64>>,
}

impl Index {
    /// Reads the next piece of the file. False: there is no use in reading on.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        if self.fault.is_none() && !self.scanner.is_done() {
            match self.scanner.feed(piece, &mut self.found) {
                Ok(taken) => self.surplus += (piece.len() - taken) as u64,
                Err(error) => self.fail(error),
            }
        } else {
            self.surplus += piece.len() as u64;
        }
        self.fault.is_none() && !self.scanner.is_done()
    }

    /// The file has ended; `size` is its size in bytes.
    pub fn finish(&mut self, size: u64) {
        if self.fault.is_some() {
            return;
        }
        match self.scanner.finish() {
            Ok(()) => self.surplus = size.saturating_sub(self.scanner.received()),
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: RdbError) {
        let key = self.scanner.under_way().map(|Found { key, db, type_byte, .. }| {
            (key[..key.len().min(NAME_BYTES_MAX)].to_vec(), *db, *type_byte)
        });
        self.fault = Some(Fault { error, start: self.scanner.item_start(), key });
    }

    /// The version of the format, and whether it is one of Valkey's own.
    pub fn header(&self) -> Option<(u16, bool)> {
        self.found.header
    }

    /// The fields of information, name and value.
    pub fn aux(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.found.aux
    }

    /// A field of information that is a number.
    pub fn aux_number(&self, name: &str) -> Option<u64> {
        let (_, value) = self.found.aux.iter().find(|(key, _)| key == name.as_bytes())?;
        std::str::from_utf8(value).ok()?.parse().ok()
    }

    /// The databases, in the file's order.
    pub fn databases(&self) -> &[Database] {
        &self.found.databases
    }

    /// The types of values, in the order in which they came.
    pub fn types(&self) -> &[TypeTotal] {
        &self.found.types
    }

    /// All keys.
    pub fn total(&self) -> Total {
        self.found.total
    }

    /// How many keys expire.
    pub fn expires(&self) -> u64 {
        self.found.expires
    }

    /// Libraries of functions.
    pub fn functions(&self) -> u64 {
        self.found.functions
    }

    /// Modules that have left data of their own, by id.
    pub fn module_data(&self) -> &[u64] {
        &self.found.module_data
    }

    /// Keys whose values the nodes of Lockstep do not hold (streams, values of modules, ...).
    pub fn not_held(&self) -> Total {
        self.found.not_held
    }

    /// What the nodes of Lockstep do not read, in the file's order.
    pub(super) fn apart(&self) -> &[Range<u64>] {
        &self.found.apart
    }

    /// What the checksum is worth, once the end was read.
    pub fn checksum(&self) -> Option<Checksum> {
        self.found.checksum
    }

    /// Where the end mark is, once it was read.
    pub(super) fn end(&self) -> Option<u64> {
        self.found.end
    }

    /// Where the file is damaged.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Bytes behind the file's end.
    pub fn surplus(&self) -> u64 {
        self.surplus
    }

    /// Bytes read so far.
    pub fn received(&self) -> u64 {
        self.scanner.received()
    }

    /// How many keys are listed; fewer than there are only beyond [`KEYS_MAX`] or
    /// [`NAMES_BYTES_MAX`].
    pub fn listed(&self) -> u32 {
        self.found.listed
    }

    /// A key of the list, by its place in the file.
    pub fn entry(&self, index: u32) -> Option<Entry<'_>> {
        let (chunk, at) = (index as usize / CHUNK, index as usize % CHUNK);
        let chunk = self.found.chunks.get(chunk)?;
        let row = chunk.rows.get(at)?;
        let end = chunk.rows.get(at + 1).map_or(chunk.names.len(), |next| next.name_at as usize);
        let expiry = chunk.expiries.binary_search_by_key(&(at as u16), |(at, _)| *at);
        Some(Entry {
            name: chunk.names.get(row.name_at as usize..end)?,
            db: u64::from(row.db),
            type_byte: row.type_byte,
            at: row.start..row.start + row.len,
            elements: row.elements,
            expire_at_ms: expiry.ok().and_then(|at| chunk.expiries.get(at)).map(|(_, at)| *at),
        })
    }

    /// Bytes of memory that the list takes.
    pub fn memory(&self) -> usize {
        let chunk = |chunk: &Chunk| {
            chunk.rows.capacity() * size_of::<Row>()
                + chunk.names.capacity()
                + chunk.expiries.capacity() * size_of::<(u16, u64)>()
        };
        self.found.chunks.iter().map(chunk).sum()
    }

    /// Reads the record of a key once more: what stands at the beginning of `bytes`.
    pub(super) fn reader(&self, offset: u64) -> Scanner {
        let (version, valkey) = self.found.header.unwrap_or_default();
        Scanner::within(version, valkey, offset)
    }
}

impl Contents {
    fn database(&mut self, number: u64) -> Option<&mut Database> {
        let known = self.databases.iter().position(|db| db.number == number);
        if known.is_none() && self.databases.len() < ROWS_MAX {
            let (total, expires) = (Total::default(), 0);
            self.databases.push(Database { number, total, expires, announced: None });
            return self.databases.last_mut();
        }
        self.databases.get_mut(known?)
    }

    fn key(&mut self, at: Range<u64>, found: &Found) {
        let len = at.end - at.start;
        self.total.add(len);
        let expires = found.expire_at_ms.is_some();
        self.expires += u64::from(expires);
        if let Some(db) = self.database(found.db) {
            db.total.add(len);
            db.expires += u64::from(expires);
        }
        let type_byte = found.type_byte;
        let place = self.types.iter().position(|known| known.type_byte == type_byte);
        let place = place.unwrap_or_else(|| {
            self.types.push(TypeTotal { type_byte, total: Total::default(), elements: 0 });
            self.types.len() - 1
        });
        self.types[place].total.add(len);
        self.types[place].elements = self.types[place].elements.saturating_add(found.elements);
        if !lockstep_core::rdb::scan::is_held(type_byte) {
            self.not_held.add(len);
            self.set_apart(at.clone());
        }
        self.list(at, found);
    }

    /// Puts a key on the list, if there is room.
    fn list(&mut self, at: Range<u64>, found: &Found) {
        let name = &found.key[..found.key.len().min(NAME_BYTES_MAX)];
        let Ok(db) = u16::try_from(found.db) else { return };
        // The list has no holes: what comes after a key that is not on it is not on it either.
        let whole = self.total.keys == u64::from(self.listed) + 1;
        if self.listed >= KEYS_MAX || self.names + name.len() > NAMES_BYTES_MAX || !whole {
            return;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.rows.len() == CHUNK) {
            self.chunks.push(Chunk::default());
        }
        let Some(chunk) = self.chunks.last_mut() else { return };
        if let Some(expiry) = found.expire_at_ms {
            chunk.expiries.push((chunk.rows.len() as u16, expiry));
        }
        chunk.rows.push(Row {
            start: at.start,
            len: at.end - at.start,
            elements: found.elements,
            name_at: chunk.names.len() as u32,
            db,
            type_byte: found.type_byte,
        });
        chunk.names.extend_from_slice(name);
        self.names += name.len();
        self.listed += 1;
    }

    /// Remembers what a node would not read. Neighbours are one.
    fn set_apart(&mut self, at: Range<u64>) {
        let room = self.apart.len() < APART_MAX;
        match self.apart.last_mut() {
            Some(last) if last.end == at.start || !room => last.end = at.end,
            _ => self.apart.push(at),
        }
    }
}

impl Watch for Contents {
    fn item(&mut self, at: Range<u64>, item: Item<'_>) {
        match item {
            Item::Header { version, valkey } => self.header = Some((version, valkey)),
            Item::Aux(name, value) => {
                let cut = |text: &[u8]| text[..text.len().min(FIELD_BYTES_MAX)].to_vec();
                if self.aux.len() < ROWS_MAX {
                    self.aux.push((cut(name), cut(value)));
                }
            }
            Item::SelectDb(number) => drop(self.database(number)),
            Item::ResizeDb(keys, expires) => {
                if let Some(db) = self.databases.last_mut() {
                    db.announced = Some((keys, expires));
                }
            }
            Item::Function => self.functions += 1,
            Item::ModuleAux(id) => {
                if self.module_data.len() < ROWS_MAX && !self.module_data.contains(&id) {
                    self.module_data.push(id);
                }
                self.set_apart(at);
            }
            Item::SlotInfo => {}
            Item::Key(found) => self.key(at, found),
            Item::End(checksum) => (self.checksum, self.end) = (Some(checksum), Some(at.start)),
        }
    }
}
