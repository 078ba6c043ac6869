//! What differs between two worlds, as people would say it.

use std::collections::BTreeSet;

use lockstep_core::id::ReplId;
use lockstep_core::keyspace::Keyspace;

use crate::ids::NodeId;
use crate::view::{NodeView, Power, Role};
use crate::world::World;

/// Keys named at most for each node.
const KEYS_MAX: usize = 100;

/// Something in which two worlds differ: how it is in the one and in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The node.
    pub node: NodeId,
    /// What.
    pub what: Differs,
}

/// See [`Difference`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differs {
    /// One world does not have the node.
    Presence(bool, bool),
    /// Whether it runs.
    Power(Power, Power),
    /// Its role.
    Role(Role, Role),
    /// Its history.
    ReplId(ReplId, ReplId),
    /// Its earlier history.
    ReplId2(Option<ReplId>, Option<ReplId>),
    /// `master_repl_offset`.
    Offset(u64, u64),
    /// How many keys it holds.
    Keys(u64, u64),
    /// The value of a key, or its time to live, or whether it is there.
    Key {
        /// The database.
        db: usize,
        /// The key.
        key: Vec<u8>,
        /// Whether it is there, in the one and in the other.
        there: (bool, bool),
    },
}

/// What differs between two worlds, node by node.
pub(super) fn differences(a: &World, b: &World) -> Vec<Difference> {
    let ids = a.node_ids().len().max(b.node_ids().len()) as u32;
    let mut all = Vec::new();
    for node in (0..ids).map(NodeId) {
        let mut add = |what| all.push(Difference { node, what });
        match (a.node(node), b.node(node)) {
            (Some(one), Some(other)) => of_views(&one, &other, &mut add),
            (one, other) => add(Differs::Presence(one.is_some(), other.is_some())),
        }
        if let (Some(one), Some(other)) = (a.core(node), b.core(node)) {
            of_data(one.keyspace(), other.keyspace(), &mut add);
        }
    }
    all
}

fn of_views(a: &NodeView, b: &NodeView, add: &mut impl FnMut(Differs)) {
    if a.power != b.power {
        add(Differs::Power(a.power, b.power));
    }
    let (Some(a), Some(b)) = (&a.live, &b.live) else { return };
    if a.role != b.role {
        add(Differs::Role(a.role, b.role));
    }
    if a.replid != b.replid {
        add(Differs::ReplId(a.replid, b.replid));
    }
    if a.replid2 != b.replid2 {
        add(Differs::ReplId2(a.replid2, b.replid2));
    }
    if a.offset != b.offset {
        add(Differs::Offset(a.offset, b.offset));
    }
    if a.keys != b.keys {
        add(Differs::Keys(a.keys, b.keys));
    }
}

fn of_data(a: &Keyspace, b: &Keyspace, add: &mut impl FnMut(Differs)) {
    if a.digest() == b.digest() {
        return;
    }
    let mut named = 0;
    for db in 0..a.databases().max(b.databases()) {
        let keys = |k: &Keyspace| -> BTreeSet<Vec<u8>> {
            if db >= k.databases() {
                return BTreeSet::new();
            }
            k.iter(db).map(|(key, ..)| key.to_vec()).collect()
        };
        let (ours, theirs) = (keys(a), keys(b));
        for key in ours.union(&theirs) {
            let there = (ours.contains(key), theirs.contains(key));
            let same = there == (true, true) && a.digest_value(db, key) == b.digest_value(db, key);
            if !same {
                if named == KEYS_MAX {
                    return;
                }
                named += 1;
                add(Differs::Key { db, key: key.clone(), there });
            }
        }
    }
}
