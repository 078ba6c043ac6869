//! The value of `notify-keyspace-events`.

/// A set of classes of events; each is a letter of [`EventClasses::LETTERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct EventClasses(u16);

impl EventClasses {
    /// The letters of `notify-keyspace-events` in the order in which Redis shows them. The last
    /// are no classes: where to publish (`K`, `E`), and between them and after what `A` leaves out.
    pub const LETTERS: &[u8] = b"g$lshzxetdnKEm";
    /// `A` stands for so many of the first letters.
    pub const LETTERS_OF_A: usize = 10;

    /// No class.
    pub const NONE: Self = Self(0);
    /// Commands that are not of one type.
    pub const GENERIC: Self = Self::of(b'g');
    /// Strings.
    pub const STRING: Self = Self::of(b'$');
    /// Lists.
    pub const LIST: Self = Self::of(b'l');
    /// Sets.
    pub const SET: Self = Self::of(b's');
    /// Hashes.
    pub const HASH: Self = Self::of(b'h');
    /// Sorted sets.
    pub const ZSET: Self = Self::of(b'z');
    /// Keys whose time has come.
    pub const EXPIRED: Self = Self::of(b'x');
    /// Keys given up for `maxmemory`.
    pub const EVICTED: Self = Self::of(b'e');
    /// Keys that were not there before.
    pub const NEW: Self = Self::of(b'n');
    /// Keys that were looked for and not found.
    pub const MISS: Self = Self::of(b'm');
    /// Publish under the key's name.
    pub const KEYSPACE: Self = Self::of(b'K');
    /// Publish under the event's name.
    pub const KEYEVENT: Self = Self::of(b'E');

    const fn of(letter: u8) -> Self {
        let mut at = 0;
        while Self::LETTERS[at] != letter {
            at += 1;
        }
        Self(1 << at)
    }

    /// The set with these letters; `None` if one is unknown.
    pub fn parse(letters: &[u8]) -> Option<Self> {
        letters.iter().try_fold(Self::NONE, |set, letter| match letter {
            b'A' => Some(Self(set.0 | ((1 << Self::LETTERS_OF_A) - 1))),
            _ => {
                let at = Self::LETTERS.iter().position(|known| known == letter)?;
                Some(Self(set.0 | 1 << at))
            }
        })
    }

    /// The set as Redis shows it.
    pub fn letters(self) -> String {
        let all = (1 << Self::LETTERS_OF_A) - 1;
        let has_all = self.0 & all == all;
        // With `A` Redis leaves out `n` as well, though it is not part of it.
        let from = if has_all { Self::LETTERS_OF_A + 1 } else { 0 };
        let shown = (from..Self::LETTERS.len()).filter(|at| self.0 & 1 << at != 0);
        let letters = shown.map(|at| char::from(Self::LETTERS[at]));
        has_all.then_some('A').into_iter().chain(letters).collect()
    }

    /// Whether they have one in common.
    #[inline]
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
