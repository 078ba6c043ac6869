//! A client on one line: `CLIENT LIST`, `CLIENT INFO`, logs.

use super::config::is_unix;
use crate::keyspace::watch::WatchVersion;
use crate::node::conn::{CONN_BYTES, Conn, Kind, ReplicaPeer};
use crate::node::pubsub::Space;
use crate::node::{Node, OUTPUT_FREE_BYTES};
use crate::replication::state::ReplicaState;
use crate::resp::Args;
use crate::trace::Trace;

/// What Redis keeps for each argument of a queued command beside its bytes: a pointer.
const QUEUED_ARG_BYTES: usize = 8;

/// Memory of a client, by the fields that show it. Only what is really held is shown: input is read
/// into a buffer that all clients share, so an idle one has none (`qbuf-free=0`), and replies lie
/// in one buffer that grows, which counts as Redis's own buffer while it is small, and as one block
/// of its list of replies when it is not.
struct Memory {
    /// `qbuf`, `qbuf-free`
    input: (usize, usize),
    /// `argv-mem`
    args: usize,
    /// `multi-mem`
    queued: usize,
    /// `rbs`, `rbp`, `obl`
    own: (usize, usize, usize),
    /// `oll`, `omem`
    list: (u64, u64),
    total: u64,
}

impl<T: Trace> Node<T> {
    /// A client as logs and `CLIENT LIST` show it. `fd` is the number of the driver's connection.
    pub(in crate::node) fn describe_client(&self, conn: &Conn) -> String {
        self.describe(conn, None)
    }

    /// As [`Node::describe_client`], for a client that runs `command` now.
    pub(super) fn describe(&self, conn: &Conn, command: Option<Args<'_>>) -> String {
        let now = self.now.instant;
        let queued = conn.multi.as_ref().map_or(-1, |multi| multi.commands.len() as i64);
        let subs = |space| conn.subs.as_ref().map_or(0, |subs| subs.count(space));
        let Memory { input, args, queued: multi_mem, own, list, total } =
            self.client_memory(conn, command);
        let sends = (own.2 > 0 || list.0 > 0) && !conn.queued;
        format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} \
             ssub={} multi={queued} qbuf={} qbuf-free={} argv-mem={args} multi-mem={multi_mem} \
             rbs={} rbp={} obl={} oll={} omem={} tot-mem={total} events={} cmd={} user={} \
             redir=-1 resp={}",
            conn.client_id,
            conn.peer,
            conn.local,
            conn.id.index,
            String::from_utf8_lossy(&conn.name),
            now.secs_since(conn.created),
            now.secs_since(conn.last_input),
            self.client_flags(conn),
            conn.db,
            subs(Space::Channel),
            subs(Space::Pattern),
            subs(Space::Shard),
            input.0,
            input.1,
            own.0,
            own.1,
            own.2,
            list.0,
            list.1,
            if sends { "rw" } else { "r" },
            conn.last_command,
            if matches!(conn.kind, Kind::Master) { "(superuser)" } else { "default" },
            if conn.out.resp3() { 3 } else { 2 },
        )
    }

    fn client_memory(&self, conn: &Conn, command: Option<Args<'_>>) -> Memory {
        let unread = conn.pending.len();
        let input = unread + command.map_or(0, |args| args.raw().len());
        let free = conn.pending.capacity() - unread;
        // Of who runs a command, and of who waits with one.
        let waits = conn.blocked.as_ref().and_then(|blocked| blocked.command());
        let args = command.or(waits).map_or(0, |args| args.from(0).map(<[u8]>::len).sum());
        let queued = conn.multi.as_ref().map_or(0, |multi| {
            let arg = |range: &crate::resp::Range32| range.end as usize - range.start as usize;
            multi.ranges.iter().map(|range| arg(range) + QUEUED_ARG_BYTES).sum()
        });
        let (waiting, held) = (conn.out_waiting(), conn.out.capacity());
        // A replica's share of the stream, which all of them share.
        let produced = self.stream.master_repl_offset();
        let counts = |peer: &&ReplicaPeer| peer.state != ReplicaState::WaitBgsaveStart;
        let stream = conn.replica().filter(counts).filter(|_| !conn.introduction.rdb_only);
        let stream = stream.map_or(0, |peer| produced.saturating_sub(peer.sent));
        let small = waiting <= OUTPUT_FREE_BYTES;
        let own = if small { (held, conn.out.bytes().len(), waiting) } else { (0, 0, 0) };
        let listed = stream + if small { 0 } else { held as u64 };
        let blocks = u64::from(stream > 0) + u64::from(!small);
        let fixed = CONN_BYTES + conn.name.len() + queued + args;
        let total = (fixed + input + free + own.0) as u64 + listed;
        Memory { input: (input, free), args, queued, own, list: (blocks, listed), total }
    }

    /// The letters of `flags=`.
    fn client_flags(&self, conn: &Conn) -> String {
        let mut watched = conn.watched.keys.iter();
        let changed = |((db, key), since): (&(usize, Vec<u8>), &WatchVersion)| {
            self.keyspace.watch_changed(*db, key, *since)
        };
        let touched = watched.any(changed);
        let mut out = String::new();
        match conn.kind {
            Kind::Client if conn.monitor => out.push('O'),
            Kind::Client => {}
            Kind::Master => out.push('M'),
            Kind::Replica(_) => out.push('S'),
        }
        for (letter, set) in [
            ('P', conn.subs.is_some()),
            ('x', conn.multi.is_some()),
            ('b', conn.blocked.is_some()),
            ('d', touched),
            ('c', conn.closing.is_some()),
            ('U', is_unix(&conn.peer)),
            ('e', conn.no_evict),
        ] {
            if set {
                out.push(letter);
            }
        }
        if out.is_empty() {
            out.push('N');
        }
        out
    }
}
