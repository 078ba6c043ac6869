//! How many keys, and bytes of the file, begin alike.

use lockstep_core::sorted::Sorted;

use super::index::{Index, Total};

/// Most groups that are told apart. Keys of others are counted together.
pub const GROUPS_MAX: usize = 2_000;

/// Keys that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they begin with, up to and with a separator.
    pub prefix: Vec<u8>,
    /// The keys.
    pub total: Total,
}

/// The keys under a prefix, by what comes next, found a slice at a time.
#[derive(Debug, Clone, Default)]
pub struct Prefixes {
    within: Vec<u8>,
    separator: Vec<u8>,
    next: u32,
    groups: Sorted<Vec<u8>, Total>,
    /// Keys in whose names no separator follows, and keys of groups beyond the limit.
    plain: Total,
    beyond: Total,
}

impl Prefixes {
    /// The keys whose names begin with `within`, by what follows up to the next separator. Without
    /// a separator, all are alike.
    pub fn new(within: Vec<u8>, separator: &str) -> Self {
        Self { within, separator: separator.into(), ..Self::default() }
    }

    /// What all these keys begin with.
    pub fn within(&self) -> &[u8] {
        &self.within
    }

    /// Looks at so many more keys. False: there are no more for now.
    pub fn advance(&mut self, index: &Index, keys: u32) -> bool {
        let end = self.next.saturating_add(keys).min(index.listed());
        for at in self.next..end {
            let Some(key) = index.entry(at) else { break };
            if let Some(rest) = key.name.strip_prefix(self.within.as_slice()) {
                let bytes = key.at.end - key.at.start;
                match self.cut(rest) {
                    Some(cut) => {
                        let prefix = &key.name[..self.within.len() + cut];
                        if let Some(total) = self.groups.get_mut(prefix) {
                            total.add(bytes);
                        } else if self.groups.len() < GROUPS_MAX {
                            self.groups.or_default(prefix.to_vec()).add(bytes);
                        } else {
                            self.beyond.add(bytes);
                        }
                    }
                    None => self.plain.add(bytes),
                }
            }
        }
        self.next = end;
        self.next < index.listed()
    }

    /// Where the next separator ends.
    fn cut(&self, rest: &[u8]) -> Option<usize> {
        let separator = &self.separator;
        if separator.is_empty() {
            return None;
        }
        let at = rest.windows(separator.len()).position(|part| part == *separator)?;
        Some(at + separator.len())
    }

    /// The groups that take most bytes, at most so many.
    pub fn largest(&self, count: usize) -> Vec<Group> {
        let mut groups: Vec<(&Vec<u8>, &Total)> = self.groups.iter().collect();
        groups.sort_unstable_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then(a.0.cmp(b.0)));
        let groups = groups.into_iter().take(count);
        groups.map(|(prefix, &total)| Group { prefix: prefix.clone(), total }).collect()
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Keys in whose names no separator follows.
    pub fn plain(&self) -> Total {
        self.plain
    }

    /// Keys of groups beyond [`GROUPS_MAX`].
    pub fn beyond(&self) -> Total {
        self.beyond
    }
}
