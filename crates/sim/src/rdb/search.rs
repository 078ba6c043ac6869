//! The keys that fit a filter, a slice of the list at a time, and one page of them in some order.

use lockstep_core::glob;
use lockstep_core::rdb::scan::type_name;

use super::index::{Entry, Index};

/// What a key must be to be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Its name has this in it (upper or lower case alike), or fits it, if it is a pattern as those
    /// of `KEYS`.
    pub text: String,
    /// Its name begins with this.
    pub prefix: Vec<u8>,
    /// Its type, as `TYPE` answers.
    pub kind: Option<&'static str>,
    /// Its database.
    pub db: Option<u64>,
    /// Whether it expires.
    pub expires: Option<bool>,
}

impl Filter {
    /// Whether a key is such a one.
    pub fn fits(&self, key: &Entry<'_>) -> bool {
        self.db.is_none_or(|db| db == key.db)
            && self.kind.is_none_or(|kind| kind == type_name(key.type_byte))
            && self.expires.is_none_or(|expires| expires == key.expire_at_ms.is_some())
            && key.name.starts_with(&self.prefix)
            && self.names(key.name)
    }

    fn names(&self, name: &[u8]) -> bool {
        let text = self.text.as_bytes();
        if glob::is_pattern(text) {
            return glob::matches(text, name, false);
        }
        text.is_empty() || name.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
    }
}

/// In what order keys are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As in the file.
    #[default]
    File,
    /// By their bytes in the file, the largest first.
    Size,
    /// By name.
    Name,
}

/// A search. It goes on while the list grows.
#[derive(Debug, Clone, Default)]
pub struct Search {
    filter: Filter,
    /// The next key to be looked at.
    next: u32,
    found: Vec<u32>,
    bytes: u64,
}

impl Search {
    /// A search that has not looked at any key.
    pub fn new(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// What is searched for.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Looks at so many more keys. False: there are no more for now.
    pub fn advance(&mut self, index: &Index, keys: u32) -> bool {
        let end = self.next.saturating_add(keys).min(index.listed());
        for at in self.next..end {
            let Some(key) = index.entry(at) else { break };
            if self.filter.fits(&key) {
                self.bytes += key.at.end - key.at.start;
                self.found.push(at);
            }
        }
        self.next = end;
        self.next < index.listed()
    }

    /// How many keys were found so far.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether none was found so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many bytes of the file they take.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The keys from `first` on in this order, at most so many. Takes time in proportion to all
    /// that were found, not more.
    pub fn page(&self, index: &Index, order: Order, first: usize, count: usize) -> Vec<u32> {
        let first = first.min(self.found.len());
        let last = first.saturating_add(count).min(self.found.len());
        if order == Order::File || first == last {
            return self.found[first..last].to_vec();
        }
        let mut found = self.found.clone();
        let compare = |a: &u32, b: &u32| match (index.entry(*a), index.entry(*b)) {
            (Some(x), Some(y)) if order == Order::Size => {
                let size = |key: Entry<'_>| key.at.end - key.at.start;
                size(y).cmp(&size(x)).then(a.cmp(b))
            }
            (Some(x), Some(y)) => (x.name, x.db).cmp(&(y.name, y.db)).then(a.cmp(b)),
            _ => a.cmp(b),
        };
        // What lies before the page and behind it need not be in order.
        if last < found.len() {
            found.select_nth_unstable_by(last, compare);
            found.truncate(last);
        }
        if first > 0 {
            found.select_nth_unstable_by(first, compare);
        }
        let mut page = found.split_off(first);
        page.sort_unstable_by(compare);
        page
    }
}
