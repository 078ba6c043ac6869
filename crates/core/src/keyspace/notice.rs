//! Keyspace notifications: what happened to which key, for who wants to be told
//! (`notify-keyspace-events`).
//!
//! Commands say what they did to a key in any case; it is noted only if its class is wanted, so
//! that where nobody asked it costs one branch. The node publishes what was noted.

use super::Keyspace;
use crate::config::EventClasses;

/// Something that happens to keys, by Redis's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyEvent {
    class: EventClasses,
    name: &'static str,
}

impl KeyEvent {
    /// `del`: of whatever made the key disappear.
    pub const DEL: Self = Self::generic("del");

    /// Of a command for keys of any type.
    pub const fn generic(name: &'static str) -> Self {
        Self { class: EventClasses::GENERIC, name }
    }

    /// Of a command for strings.
    pub const fn string(name: &'static str) -> Self {
        Self { class: EventClasses::STRING, name }
    }

    /// Of a command for lists.
    pub const fn list(name: &'static str) -> Self {
        Self { class: EventClasses::LIST, name }
    }

    /// Of a command for sets.
    pub const fn set(name: &'static str) -> Self {
        Self { class: EventClasses::SET, name }
    }

    /// Of a command for hashes.
    pub const fn hash(name: &'static str) -> Self {
        Self { class: EventClasses::HASH, name }
    }

    /// Of a command for sorted sets.
    pub const fn zset(name: &'static str) -> Self {
        Self { class: EventClasses::ZSET, name }
    }
}

/// What happened to one key.
#[derive(Debug, Clone, Hash)]
pub struct Notice {
    /// The key's database.
    pub db: usize,
    /// The key.
    pub key: Vec<u8>,
    /// Redis's name for what happened.
    pub name: &'static str,
}

/// What is to be noted, and what was.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Notices {
    wanted: EventClasses,
    /// The command in progress reads: a key that it does not find is a miss.
    reading: bool,
    noted: Vec<Notice>,
}

impl Keyspace {
    /// Sets what is to be noted; nothing if it would be published nowhere.
    pub fn want_notices(&mut self, wanted: EventClasses) {
        let somewhere =
            wanted.meets(EventClasses::KEYSPACE) || wanted.meets(EventClasses::KEYEVENT);
        self.notices.wanted = if somewhere { wanted } else { EventClasses::NONE };
    }

    /// Whether events of a class are noted.
    #[inline]
    pub fn wants_notices(&self, of: EventClasses) -> bool {
        self.notices.wanted.meets(of)
    }

    /// Says whether the next command only reads.
    pub fn set_reading(&mut self, reading: bool) {
        self.notices.reading = reading;
    }

    /// Notes what happened to a key, if that is wanted.
    #[inline]
    pub fn notice(&mut self, event: KeyEvent, db: usize, key: &[u8]) {
        if self.notices.wanted.meets(event.class) {
            self.note(event, db, key);
        }
    }

    #[cold]
    fn note(&mut self, event: KeyEvent, db: usize, key: &[u8]) {
        self.notices.noted.push(Notice { db, key: key.to_vec(), name: event.name });
    }

    /// A key that was not there before is there now.
    #[inline]
    pub fn notice_new(&mut self, db: usize, key: &[u8]) {
        self.notice(KeyEvent { class: EventClasses::NEW, name: "new" }, db, key);
    }

    /// A key's time has come.
    pub(super) fn notice_expired(&mut self, db: usize, key: &[u8]) {
        self.notice(KeyEvent { class: EventClasses::EXPIRED, name: "expired" }, db, key);
    }

    /// A key was given up for `maxmemory`.
    pub(super) fn notice_evicted(&mut self, db: usize, key: &[u8]) {
        self.notice(KeyEvent { class: EventClasses::EVICTED, name: "evicted" }, db, key);
    }

    /// A key was not found.
    #[inline]
    pub(super) fn notice_miss(&mut self, db: usize, key: &[u8]) {
        if self.notices.reading {
            self.notice(KeyEvent { class: EventClasses::MISS, name: "keymiss" }, db, key);
        }
    }

    /// Whether [`Keyspace::take_notices`] has something to give.
    #[inline]
    pub fn has_notices(&self) -> bool {
        !self.notices.noted.is_empty()
    }

    /// What was noted since the last call, in that order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices.noted)
    }
}
