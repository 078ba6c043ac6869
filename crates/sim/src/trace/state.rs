//! The line `state`: what a node holds, as it says itself, so that who reads a trace need not infer
//! it from bytes.
//!
//! ```text
//! 12.345678 n0 state role=master replid=... offset=58 replicas=1 replica0=online ...
//! ```
//!
//! It stands after the lines of what changed it.

use lockstep_core::id::{ConnId, ReplId};
use lockstep_core::node::{self, Node};
use lockstep_core::time::Instant;
use lockstep_core::trace::Trace;

use super::events::Field;
use super::text::{Fields, Value, Writer};
use crate::ids::{NodeId, WireId};
use crate::view::{Known, LiveView, MasterLinkView, ReplicaView, Role};

/// Replicas of one node that a line tells of; the view of a trace has no more.
const REPLICAS_MAX: usize = 64;

/// What a node holds, with the names that its driver has for nodes and connections.
pub fn live_view<T: Trace>(
    node: &Node<T>,
    now: Instant,
    master: impl Fn(&str, u16) -> Option<NodeId>,
    replica: impl Fn(ConnId) -> (Option<NodeId>, Option<WireId>),
) -> LiveView {
    let history = node.history();
    let (role, link) = match node.role() {
        node::Role::Master => (Role::Master, None),
        node::Role::Replica { host, port } => {
            let link = node.link_at(now).map(|link| MasterLinkView {
                node: master(&host, port),
                host,
                port,
                state: link.state,
                transfer: link.transfer,
                cached_master: link.cached_master,
                last_io_seconds: link.last_io_seconds,
                down_seconds: link.down_seconds,
            });
            (Role::Replica, link)
        }
    };
    let view = |r: &node::ReplicaView| {
        let (node, wire) = replica(r.conn);
        ReplicaView {
            node,
            wire,
            state: r.state,
            sent_offset: r.sent_offset,
            ack_offset: r.ack_offset,
            lag_bytes: history.master_repl_offset.saturating_sub(r.ack_offset),
            lag_seconds: r.lag_seconds,
        }
    };
    let keyspace = node.keyspace();
    let (replid, offset) = node.place();
    let stream = (history.replid, history.master_repl_offset);
    LiveView {
        role,
        replid,
        replid2: Some(history.replid2).filter(|id| !id.is_none()),
        second_replid_offset: history.second_replid_offset,
        offset,
        own_stream: Some(stream).filter(|stream| stream.0 != replid),
        master: link,
        replicas: node.replicas_at(now).iter().map(view).collect(),
        backlog: history.backlog,
        retired: history.retired,
        keys: (0..keyspace.databases()).map(|db| keyspace.len(db) as u64).sum(),
        known: Known::ALL,
    }
}

impl Value for Role {
    fn write(&self, out: &mut String) {
        out.push_str(if *self == Self::Master { "master" } else { "replica" });
    }

    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "master" => Self::Master,
            "replica" => Self::Replica,
            _ => return None,
        })
    }
}

macro_rules! ids {
    ($($type:ident = $letter:literal)*) => {$(
        impl Value for $type {
            fn write(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }

            fn read(text: &str) -> Option<Self> {
                text.strip_prefix($letter)?.parse().ok().map($type)
            }
        }
    )*};
}

ids! { NodeId = 'n' WireId = 'w' }

/// Gives what a line names by number its names in a larger trace.
pub(super) fn shift(view: &mut LiveView, nodes: usize, wires: usize) {
    let by = |number: u32, by: usize| number.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
    for replica in &mut view.replicas {
        replica.node = replica.node.map(|node| NodeId(by(node.0, nodes)));
        replica.wire = replica.wire.map(|wire| WireId(by(wire.0, wires)));
    }
    if let Some(master) = &mut view.master {
        master.node = master.node.map(|node| NodeId(by(node.0, nodes)));
    }
}

/// Appends the fields of a line.
pub(super) fn put(view: &LiveView, line: &mut Writer<'_>) {
    line.put("role", &view.role);
    line.put("replid", &view.replid);
    if let Some(replid2) = &view.replid2 {
        line.put("replid2", replid2);
        line.put("second_offset", &view.second_replid_offset);
    }
    line.put("offset", &view.offset);
    if let Some((replid, end)) = &view.own_stream {
        line.put("stream", replid);
        line.put("stream_offset", end);
    }
    line.put("keys", &view.keys);
    view.backlog.put("backlog", line);
    if let Some(master) = &view.master {
        put_master(master, line);
    }
    if !view.replicas.is_empty() {
        line.put("replicas", &view.replicas.len());
    }
    for (n, replica) in view.replicas.iter().take(REPLICAS_MAX).enumerate() {
        put_replica(&format!("replica{n}"), replica, line);
    }
    view.retired.put("retired", line);
}

fn put_master(master: &MasterLinkView, line: &mut Writer<'_>) {
    line.put("master", &(master.host.clone(), master.port));
    if let Some(node) = &master.node {
        line.put("master_node", node);
    }
    line.put("link", &master.state);
    if let Some((read, total)) = &master.transfer {
        line.put("read", read);
        line.put("total", total);
    }
    if let Some((replid, offset)) = &master.cached_master {
        line.put("cached", replid);
        line.put("cached_offset", offset);
    }
    line.put("last_io", &master.last_io_seconds);
    if let Some(down) = &master.down_seconds {
        line.put("down", down);
    }
}

fn put_replica(name: &str, replica: &ReplicaView, line: &mut Writer<'_>) {
    line.put(name, &replica.state);
    if let Some(node) = &replica.node {
        line.put(&format!("{name}_node"), node);
    }
    if let Some(wire) = &replica.wire {
        line.put(&format!("{name}_wire"), wire);
    }
    line.put(&format!("{name}_sent"), &replica.sent_offset);
    line.put(&format!("{name}_ack"), &replica.ack_offset);
    line.put(&format!("{name}_lag"), &replica.lag_seconds);
}

/// Reads the fields back.
pub(super) fn take(fields: &Fields<'_>) -> Result<LiveView, String> {
    let offset = fields.take("offset")?;
    let own_stream = match fields.take_if_any("stream")? {
        Some(replid) => Some((replid, fields.take("stream_offset")?)),
        None => None,
    };
    let end = own_stream.map_or(offset, |(_, end)| end);
    let replicas = fields.take_if_any("replicas")?.unwrap_or(0_usize).min(REPLICAS_MAX);
    let replicas = (0..replicas).map(|n| take_replica(&format!("replica{n}"), end, fields));
    Ok(LiveView {
        role: fields.take("role")?,
        replid: fields.take("replid")?,
        replid2: fields.take_if_any("replid2")?,
        second_replid_offset: fields.take_if_any("second_offset")?.unwrap_or(-1),
        offset,
        own_stream,
        master: take_master(fields)?,
        replicas: replicas.collect::<Result<_, _>>()?,
        backlog: Field::take("backlog", fields)?,
        retired: Field::take("retired", fields)?,
        keys: fields.take("keys")?,
        known: Known::ALL,
    })
}

fn take_master(fields: &Fields<'_>) -> Result<Option<MasterLinkView>, String> {
    let Some((host, port)) = fields.take_if_any("master")? else { return Ok(None) };
    let transfer = match fields.take_if_any("read")? {
        None => None,
        Some(read) => Some((read, fields.take("total")?)),
    };
    let cached_master = match fields.take_if_any::<ReplId>("cached")? {
        None => None,
        Some(replid) => Some((replid, fields.take("cached_offset")?)),
    };
    Ok(Some(MasterLinkView {
        host,
        port,
        node: fields.take_if_any("master_node")?,
        state: fields.take("link")?,
        transfer,
        cached_master,
        last_io_seconds: fields.take("last_io")?,
        down_seconds: fields.take_if_any("down")?,
    }))
}

fn take_replica(name: &str, offset: u64, fields: &Fields<'_>) -> Result<ReplicaView, String> {
    let ack_offset = fields.take(&format!("{name}_ack"))?;
    Ok(ReplicaView {
        node: fields.take_if_any(&format!("{name}_node"))?,
        wire: fields.take_if_any(&format!("{name}_wire"))?,
        state: fields.take(name)?,
        sent_offset: fields.take(&format!("{name}_sent"))?,
        ack_offset,
        lag_bytes: offset.saturating_sub(ack_offset),
        lag_seconds: fields.take(&format!("{name}_lag"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, Record, What};
    use crate::scenarios;
    use crate::script::{Intervention, Stop};

    #[test]
    fn the_state_of_every_node_at_every_step_is_read_back_as_it_was_written() {
        let mut t = scenarios::first_light();
        t.act(Intervention::StopNode { node: scenarios::MASTER, stop: Stop::Crash });
        let node = scenarios::REPLICA_A;
        t.act(Intervention::Console { node, line: "REPLICAOF NO ONE".into() });
        (0..200).for_each(|_| assert!(t.forward(crate::Grain::Event)));
        let (mut lines, mut seconds) = (0, 0);
        for index in (0..=t.cursor()).step_by(5) {
            t.seek(index);
            for node in t.world().nodes() {
                let Some(view) = node.live else { continue };
                let what = What::State(Box::new(view));
                let record = Record { at: t.world().now(), place: node.id.to_string(), what };
                let (mut line, mut reader) = (String::new(), Reader::new());
                record.write(&mut line);
                reader.read(super::super::HEADER).expect("a header");
                assert_eq!(reader.read(line.trim_end()), Ok(Some(record)), "{line}");
                lines += 1;
                seconds += usize::from(line.contains("replica1_lag=") && line.contains("backlog="));
            }
        }
        assert!(lines > 100 && seconds > 10, "{lines}, {seconds}");
    }

    #[test]
    fn a_line_cannot_ask_for_more_replicas_than_there_may_be() {
        let id = "1".repeat(40);
        let line =
            format!("1.0 n0 state role=master replid={id} offset=1 keys=0 replicas=99999999");
        let mut reader = Reader::new();
        reader.read(super::super::HEADER).expect("a header");
        let error = reader.read(&line).expect_err("there are none").to_string();
        assert!(error.ends_with("state: the field replica0_ack is missing"), "{error}");
    }
}
