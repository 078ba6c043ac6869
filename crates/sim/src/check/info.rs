//! `INFO` agrees with the state: asked on a copy of the node, so that nothing changes.
//!
//! Even INFO may make a full node give up a key: the state is that of the copy, afterwards.

use lockstep_core::id::ConnId;
use lockstep_core::node::Origin;
use lockstep_core::replication::state::{ReplState, ReplicaState};

use super::{Core, Promise, Violation};
use crate::ids::NodeId;

/// Steps between two looks: a copy of a node costs more than all other checks.
pub(super) const EVERY: u64 = 64;

/// The name of the connection that asks, which is far from those that a driver has in use.
const CONN: ConnId = ConnId { index: 500, generation: u32::MAX };

/// What the node says, and the node that has said it.
fn ask(core: &Core) -> Option<(String, Core)> {
    let (mut copy, now) = (core.clone(), core.now());
    let origin = Origin::Accepted { peer: "127.0.0.1:1".into(), local: "127.0.0.1:2".into() };
    copy.handle_open(now, CONN, origin);
    let request = b"*4\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n$5\r\nstats\r\n$8\r\nkeyspace\r\n";
    copy.handle_input(now, CONN, request);
    let mut answer = Vec::new();
    loop {
        let outgoing = copy.outgoing(CONN);
        let len = outgoing.len();
        outgoing.slices().for_each(|slice| answer.extend_from_slice(slice));
        if len == 0 {
            break;
        }
        copy.handle_sent(now, CONN, len);
    }
    // Anything but a text is a refusal: the node is loading, paused or full.
    answer.starts_with(b"$").then(|| (String::from_utf8_lossy(&answer).into_owned(), copy))
}

/// The lines of INFO that the state decides.
fn expected(core: &Core) -> Vec<(String, String)> {
    let history = core.history();
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut line = |name: &str, value: String| lines.push((name.to_owned(), value));
    let (full, partial, refused) = core.sync_counts();
    line("role", if core.config().replicaof.is_none() { "master" } else { "slave" }.into());
    line("master_replid", history.replid.to_string());
    line("master_replid2", history.replid2.to_string());
    line("second_repl_offset", history.second_replid_offset.to_string());
    line("master_repl_offset", history.master_repl_offset.to_string());
    line("repl_backlog_active", u8::from(history.backlog.is_some()).to_string());
    if let Some(backlog) = history.backlog {
        line("repl_backlog_first_byte_offset", backlog.first_byte_offset.to_string());
        line("repl_backlog_histlen", backlog.histlen.to_string());
    }
    line("sync_full", full.to_string());
    line("sync_partial_ok", partial.to_string());
    line("sync_partial_err", refused.to_string());
    if let Some(link) = core.link() {
        let up = link.state == ReplState::Connected;
        line("master_link_status", if up { "up" } else { "down" }.into());
    }
    let replicas = core.replicas();
    line("connected_slaves", replicas.len().to_string());
    for (n, replica) in replicas.iter().enumerate() {
        let state = match replica.state {
            ReplicaState::WaitBgsaveStart | ReplicaState::WaitBgsaveEnd => "wait_bgsave",
            ReplicaState::SendBulk => "send_bulk",
            ReplicaState::Online => "online",
        };
        let (ip, port, offset) = (&replica.ip, replica.port, replica.ack_offset);
        let value = format!("ip={ip},port={port},state={state},offset={offset},");
        line(&format!("slave{n}"), value);
    }
    let keys = core.keyspace();
    for db in (0..keys.databases()).filter(|db| !keys.is_empty(*db)) {
        let (all, volatile) = (keys.len(db), keys.volatile_len(db));
        line(&format!("db{db}"), format!("keys={all},expires={volatile},"));
    }
    lines
}

pub(super) fn check(id: NodeId, core: &Core) -> Result<(), Violation> {
    if !core.config().era.is_modern() {
        // Older Redis says less, in other words.
        return Ok(());
    }
    let Some((info, core)) = ask(core) else { return Ok(()) };
    for (name, value) in expected(&core) {
        let said = info.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(':'));
        let prefix = value.ends_with(',');
        let agrees = said.is_some_and(|said| match prefix {
            true => said.starts_with(&value),
            false => said == value,
        });
        if !agrees {
            let said = said.unwrap_or("nothing");
            let what = format!("INFO of {id} says {said} as {name}, but the state is {value}");
            return Err(Violation::new(Promise::InfoAgrees, id, what));
        }
    }
    Ok(())
}
