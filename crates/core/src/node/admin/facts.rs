//! What `COMMAND INFO` says of some commands that means nothing to the dispatcher: Redis's flags
//! about scripts and modules, and its exceptions among the ACL categories.

/// Commands that only hold subcommands. In Redis flags and keys are the subcommands' own.
const CONTAINERS: &[&str] = &[
    "acl", "client", "cluster", "config", "latency", "lockstep", "memory", "module", "object",
    "pubsub", "slowlog",
];

const ALLOW_BUSY: &[&str] = &[
    "auth", "discard", "hello", "multi", "quit", "replconf", "reset", "shutdown", "unwatch",
    "watch",
];
const NO_ASYNC_LOADING: &[&str] = &["bgsave", "psync", "replicaof", "save", "slaveof", "sync"];

/// By name: whether the group's category holds as well, and what is added.
const CATEGORIES: &[(&str, bool, &[&str])] = &[
    ("asking", true, &["@connection"]),
    ("command", true, &["@connection"]),
    ("dbsize", true, &["@keyspace"]),
    ("flushall", true, &["@keyspace", "@dangerous"]),
    ("flushdb", true, &["@keyspace", "@dangerous"]),
    ("info", true, &["@dangerous"]),
    ("keys", true, &["@dangerous"]),
    ("lastsave", true, &["@admin", "@dangerous"]),
    ("readonly", true, &["@connection"]),
    ("readwrite", true, &["@connection"]),
    ("restore", true, &["@dangerous"]),
    ("role", true, &["@admin", "@dangerous"]),
    ("sort", false, &["@list", "@set", "@sortedset", "@dangerous"]),
    ("sort_ro", false, &["@list", "@set", "@sortedset", "@dangerous"]),
    ("wait", false, &["@connection"]),
    ("swapdb", true, &["@keyspace", "@dangerous"]),
];

/// Whether a command only holds subcommands.
pub(in crate::node) fn is_container(name: &str) -> bool {
    CONTAINERS.contains(&name)
}

/// Flags beyond those of the table.
pub(super) fn flags(name: &str) -> impl Iterator<Item = &'static str> {
    [
        ("allow_busy", ALLOW_BUSY.contains(&name)),
        ("no_async_loading", NO_ASYNC_LOADING.contains(&name)),
        ("skip_slowlog", name == "exec"),
    ]
    .into_iter()
    .filter_map(|(flag, has)| has.then_some(flag))
}

/// The exceptions for a command.
pub(super) fn categories(name: &str) -> Option<(bool, &'static [&'static str])> {
    CATEGORIES.iter().find(|(known, ..)| *known == name).map(|(_, usual, more)| (*usual, *more))
}
