//! The scenarios that come with this program.

/// A scenario's name and text.
macro_rules! library {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $name, ".scenario")))),*]
    };
}

/// Name and text of each, sorted by name. Those that begin with `a` and a number stand for that row
/// of what the source articles of this project state; `b`, `c` and `d`: the handshake, directives,
/// histories and offsets; `found`: what a search found, and must not come back.
pub const LIBRARY: &[(&str, &str)] = library! {
    "a01-handshake-3.2"
    "a01-handshake-4.0"
    "a01-handshake-7"
    "a01-handshake-with-password"
    "a02-full-resync-in-bytes"
    "a03-first-ack"
    "a04-heartbeats"
    "a05-answers-to-psync"
    "a06-info"
    "a07-partial-if-id-and-offset-fit"
    "a08-psync-asks-for-the-next-byte"
    "a09-three-instances"
    "a10-slaveof"
    "a11-failover-by-hand-3.2"
    "a11-failover-by-hand-7"
    "a12-serve-stale-data"
    "a13-full-resync"
    "a14-one-save-for-all"
    "a15-sync-on-every-reconnect-2.6"
    "a16-telnet"
    "a16-telnet-2.6"
    "a17-what-goes-into-the-stream"
    "a18-cron"
    "a19-a-master-that-speaks-another-protocol"
    "a19-what-a-replica-accepts"
    "a20-a-replica-never-answers"
    "a21-an-empty-master-wipes-its-replicas"
    "b02-a-master-told-to-follow"
    "b03-diskless-transfer"
    "b05-getack"
    "c01-directives-and-defaults"
    "cut-in-2.6"
    "cut-in-2.8"
    "cut-in-3.2"
    "cut-in-4.0"
    "cut-in-7"
    "d02-promotion"
    "d03-two-histories-behind"
    "d04-the-backlog-is-freed"
    "d05-select-after-a-resync"
    "d06-a-chain-before-4.0"
    "d06-a-replica-passes-on"
    "d07-restarts"
    "d09-failover-without-loss"
    "first-light"
    "found-a-last-save-lost-to-a-load"
    "found-a-last-save-that-never-ended"
    "found-a-reload-without-del"
    "found-a-write-held-back-too-long"
    "found-two-histories-under-one-run-id"
    "promotion-in-2.6"
    "promotion-in-2.8"
    "promotion-in-3.2"
    "promotion-in-4.0"
    "promotion-in-7"
};

/// The text of a scenario of the library.
pub fn find(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
