//! The subcommands of containers, as `COMMAND INFO` and `COMMAND LIST` know them. What they do is
//! decided where their container is carried out.

use super::Sub;
use crate::commands::{Flags, Outcome};
use crate::resp::Args;

/// By container: `name:arity:letters`. `a` administrative, `n` not from scripts, `p` about
/// channels, `r` reads the key that follows, `l` works while loading and on stale data.
const TABLE: &[(&str, &str)] = &[
    (
        "client",
        "caching:3:nl getname:2:nl getredir:2:nl help:2:l id:2:nl info:2:nl kill:-3:anl \
         list:-2:anl no-evict:3:anl pause:-3:anl reply:3:nl setname:3:nl tracking:-3:nl \
         trackinginfo:2:nl unblock:-3:anl unpause:2:anl",
    ),
    (
        "command",
        "count:2:l docs:-2:l getkeys:-4:l getkeysandflags:-4:l help:2:l info:-2:l list:-2:l",
    ),
    ("config", "get:-3:anl help:2:l resetstat:2:anl rewrite:2:anl set:-4:anl"),
    (
        "latency",
        "doctor:2:anl graph:3:anl help:2:l histogram:-2:anl history:3:anl latest:2:anl \
         reset:-2:anl",
    ),
    ("memory", "doctor:2: help:2:l malloc-stats:2: purge:2: stats:2: usage:-3:r"),
    ("object", "encoding:3:r freq:3:r help:2:l idletime:3:r refcount:3:r"),
    (
        "pubsub",
        "channels:-2:pl help:2:l numpat:2:pl numsub:-2:pl shardchannels:-2:pl shardnumsub:-2:pl",
    ),
    ("slowlog", "get:-2:al help:2:l len:2:al reset:2:al"),
];

/// A subcommand.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubSpec {
    pub(super) container: &'static str,
    pub(super) name: &'static str,
    pub(super) arity: i16,
    pub(super) flags: Flags,
}

impl SubSpec {
    /// `container|name`
    pub(super) fn full_name(&self) -> String {
        format!("{}|{}", self.container, self.name)
    }

    /// Its ACL categories, in Redis's order.
    pub(super) fn categories(&self) -> impl Iterator<Item = &'static str> {
        let admin = self.flags.has(Flags::ADMIN);
        let pairs = [
            ("@keyspace", self.container == "object"),
            ("@read", self.flags.has(Flags::READONLY)),
            ("@pubsub", self.flags.has(Flags::PUBSUB)),
            ("@admin", admin),
            ("@slow", true),
            ("@dangerous", admin),
            ("@connection", matches!(self.container, "client" | "command")),
        ];
        pairs.into_iter().filter_map(|(name, has)| has.then_some(name))
    }
}

/// The subcommands of a container.
pub(super) fn of(container: &str) -> impl Iterator<Item = SubSpec> {
    let row = TABLE.iter().find(|(name, _)| *name == container);
    row.into_iter().flat_map(|(container, subs)| {
        subs.split(' ').filter_map(|entry| {
            let mut parts = entry.split(':');
            let (name, arity, letters) = (parts.next()?, parts.next()?, parts.next()?);
            let arity = arity.parse().ok()?;
            Some(SubSpec { container, name, arity, flags: flags(letters) })
        })
    })
}

/// Whether a container is followed by one of its subcommands, and that by as many arguments as it
/// takes. Any other command passes.
///
/// # Errors
/// It is not, in Redis's words.
pub(in crate::node) fn check_subcommand(container: &'static str, args: Args<'_>) -> Outcome {
    let sub = Sub::new(container, args);
    let mut is_container = false;
    for SubSpec { name, arity, .. } in of(container) {
        is_container = true;
        if sub.is(name, arity)? {
            return Ok(());
        }
    }
    if is_container { Err(sub.unknown()) } else { Ok(()) }
}

/// The subcommand of this full name, in any case.
pub(super) fn lookup(full_name: &[u8]) -> Option<SubSpec> {
    let text = std::str::from_utf8(full_name).ok()?.to_ascii_lowercase();
    let (container, name) = text.split_once('|')?;
    of(container).find(|sub| sub.name == name)
}

fn flags(letters: &str) -> Flags {
    letters.bytes().fold(Flags::NONE, |flags, letter| {
        flags.and(match letter {
            b'a' => Flags::ADMIN,
            b'n' => Flags::NOSCRIPT,
            b'p' => Flags::PUBSUB,
            b'r' => Flags::READONLY,
            _ => Flags::LOADING.and(Flags::STALE),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcommands_are_found_by_their_full_name() {
        let kill = lookup(b"CLIENT|KILL").expect("a subcommand");
        assert_eq!((kill.full_name().as_str(), kill.arity), ("client|kill", -3));
        assert!(kill.flags.has(Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::STALE)));
        let categories: Vec<_> = kill.categories().collect();
        assert_eq!(categories, ["@admin", "@slow", "@dangerous", "@connection"]);
        assert!(lookup(b"client|nosuch").is_none() && lookup(b"get|x").is_none());
        assert_eq!(TABLE.iter().map(|(name, _)| of(name).count()).sum::<usize>(), 56);
    }
}
