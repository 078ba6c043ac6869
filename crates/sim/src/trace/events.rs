//! The vocabulary: which name each event of a node has in a trace, and which fields.

use lockstep_core::node::Timer;
use lockstep_core::replication::psync::{
    BacklogView, FullReason, MasterView, Outcome, Request, Retired, Retirement, Verdict,
};
use lockstep_core::replication::state::{ReplState, ReplicaState};
use lockstep_core::trace::{BlockedFor, CloseReason, Event, Fed, Level, SnapshotTarget};

use super::text::{Fields, Value, Writer};
use crate::message::MessageKind;

/// What one or several fields of a line say.
pub(super) trait Field: Sized {
    fn put(&self, name: &str, line: &mut Writer<'_>);
    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String>;
}

impl<V: Value> Field for V {
    fn put(&self, name: &str, line: &mut Writer<'_>) {
        line.put(name, self);
    }

    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String> {
        fields.take(name)
    }
}

macro_rules! names {
    ($($type:ident { $($variant:ident = $name:literal,)* })*) => {$(
        impl Value for $type {
            fn write(&self, out: &mut String) {
                out.push_str(match self { $(Self::$variant => $name,)* });
            }

            fn read(text: &str) -> Option<Self> {
                Some(match text { $($name => Self::$variant,)* _ => return None })
            }
        }
    )*};
}

names! {
    Timer {
        Work = "work",
        Replication = "replication",
        Expire = "expire",
        Server = "server",
        Clients = "clients",
    }
    Level {
        Debug = "debug",
        Verbose = "verbose",
        Notice = "notice",
        Warning = "warning",
    }
    Fed {
        Command = "command",
        Select = "select",
        Ping = "ping",
        Expire = "expire",
        Evict = "evict",
        GetAck = "getack",
        Transaction = "transaction",
        Proxied = "proxied",
    }
    SnapshotTarget {
        Disk = "disk",
        ReplicasDisk = "replicas-by-disk",
        ReplicasSocket = "replicas",
    }
    ReplState {
        None = "not-a-replica",
        Connect = "connect",
        Connecting = "connecting",
        ReceivePingReply = "receive-ping-reply",
        SendHandshake = "send-handshake",
        ReceiveAuthReply = "receive-auth-reply",
        ReceivePortReply = "receive-port-reply",
        ReceiveIpReply = "receive-ip-reply",
        ReceiveCapaReply = "receive-capa-reply",
        SendPsync = "send-psync",
        ReceivePsyncReply = "receive-psync-reply",
        Transfer = "transfer",
        Connected = "connected",
    }
    ReplicaState {
        WaitBgsaveStart = "wait-bgsave-start",
        WaitBgsaveEnd = "wait-bgsave-end",
        SendBulk = "send-bulk",
        Online = "online",
    }
    Retirement {
        BacklogFreed = "backlog-freed",
        BacklogCreated = "backlog-created",
        TwoBehind = "two-behind",
        Replaced = "replaced",
        BeforePsync2 = "before-psync2",
        Changed = "changed",
    }
    MessageKind {
        Connect = "connect",
        Accept = "accept",
        Refuse = "refuse",
        Fin = "fin",
        Reset = "reset",
        Handshake = "handshake",
        Reply = "reply",
        Error = "error",
        RdbHeader = "rdb-header",
        Rdb = "rdb",
        Stream = "stream",
        Ping = "ping",
        Ack = "ack",
        Keepalive = "keepalive",
        Request = "request",
        Response = "response",
    }
}

/// All kinds of messages.
pub(super) const MESSAGES: &[MessageKind] = &[
    MessageKind::Connect,
    MessageKind::Accept,
    MessageKind::Refuse,
    MessageKind::Fin,
    MessageKind::Reset,
    MessageKind::Handshake,
    MessageKind::Reply,
    MessageKind::Error,
    MessageKind::RdbHeader,
    MessageKind::Rdb,
    MessageKind::Stream,
    MessageKind::Ping,
    MessageKind::Ack,
    MessageKind::Keepalive,
    MessageKind::Request,
    MessageKind::Response,
];

macro_rules! events {
    ($($name:literal = $variant:ident { $($field:ident),* })*) => {
        /// The names of all events of nodes.
        pub(super) const NAMES: &[&str] = &[$($name,)* "timer-fired", "log"];

        /// The name of an event.
        pub(super) fn name(event: &Event) -> &'static str {
            match event {
                $(Event::$variant { .. } => $name,)*
                Event::TimerFired(_) => "timer-fired",
                Event::Log(..) => "log",
            }
        }

        /// Appends the fields of an event.
        pub(super) fn put(event: &Event, line: &mut Writer<'_>) {
            match event {
                $(Event::$variant { $($field),* } => {
                    $($field.put(stringify!($field), line);)*
                })*
                Event::TimerFired(timer) => timer.put("timer", line),
                Event::Log(level, text) => {
                    level.put("level", line);
                    text.put("text", line);
                }
            }
        }

        /// Reads an event back; `None`: no event has this name.
        pub(super) fn take(name: &str, fields: &Fields<'_>) -> Result<Option<Event>, String> {
            Ok(Some(match name {
                $($name => Event::$variant {
                    $($field: Field::take(stringify!($field), fields)?),*
                },)*
                "timer-fired" => Event::TimerFired(fields.take("timer")?),
                "log" => Event::Log(fields.take("level")?, fields.take("text")?),
                _ => return Ok(None),
            }))
        }
    };
}

events! {
    "command" = Command { conn, db, raw, dirty }
    "fed" = Fed { from, why, bytes }
    "applied" = Applied { from, to }
    "expired" = Expired { db, key }
    "evicted" = Evicted { db, key, used, limit }
    "link-state" = ReplStateChanged { from, to, why }
    "replica-state" = ReplicaStateChanged { conn, from, to, why }
    "psync-decided" = PsyncDecided { conn, replica, verdict }
    "psync-sent" = PsyncSent { replid, offset, why }
    "full-resync" = FullResync { replid, offset }
    "continued" = Continued { replid, changed, offset }
    "snapshot-started" = SnapshotStarted { target, offset, keys }
    "snapshot-progress" = SnapshotProgress { bytes, keys }
    "snapshot-finished" = SnapshotFinished { bytes, ok }
    "transfer-progress" = TransferProgress { read, total }
    "loaded" = Loaded { keys }
    "backlog-created" = BacklogCreated { first_byte_offset, size }
    "backlog-freed" = BacklogFreed { after_seconds }
    "replid-shifted" = ReplIdShifted { replid2, second_offset, replid }
    "role" = RoleChanged { master }
    "master-cached" = MasterCached { replid, psync_offset }
    "master-discarded" = MasterDiscarded { why }
    "acked" = Acked { conn, offset }
    "blocked" = ClientBlocked { conn, on }
    "unblocked" = ClientUnblocked { conn, why }
    "closed" = Closed { conn, reason }
}

impl Field for CloseReason {
    fn put(&self, name: &str, line: &mut Writer<'_>) {
        let word = match self {
            Self::Peer => "peer",
            Self::Timeout => "timeout",
            Self::OutputLimit => "output-limit",
            Self::Protocol(_) => "protocol",
            Self::Asked => "asked",
            Self::HistoryChanged => "history-changed",
        };
        line.word(name, word);
        if let Self::Protocol(what) = self {
            line.put("what", what);
        }
    }

    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String> {
        Ok(match fields.text(name) {
            Some("peer") => Self::Peer,
            Some("timeout") => Self::Timeout,
            Some("output-limit") => Self::OutputLimit,
            Some("protocol") => Self::Protocol(fields.take("what")?),
            Some("asked") => Self::Asked,
            Some("history-changed") => Self::HistoryChanged,
            _ => return Err(format!("the field {name} is missing or unknown")),
        })
    }
}

impl Field for BlockedFor {
    fn put(&self, name: &str, line: &mut Writer<'_>) {
        match self {
            Self::Keys(keys) => {
                line.word(name, "keys");
                line.put("keys", keys);
            }
            Self::Acks { offset, replicas } => {
                line.word(name, "acks");
                line.put("offset", offset);
                line.put("replicas", replicas);
            }
            Self::Pause => line.word(name, "pause"),
            Self::Result => line.word(name, "result"),
        }
    }

    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String> {
        Ok(match fields.text(name) {
            Some("keys") => Self::Keys(fields.take("keys")?),
            Some("acks") => {
                Self::Acks { offset: fields.take("offset")?, replicas: fields.take("replicas")? }
            }
            Some("pause") => Self::Pause,
            Some("result") => Self::Result,
            _ => return Err(format!("the field {name} is missing or unknown")),
        })
    }
}

/// `by` is the condition that decided; then follow its numbers, what was asked, and what the
/// master knew.
impl Field for Box<Verdict> {
    fn put(&self, name: &str, line: &mut Writer<'_>) {
        match &self.outcome {
            Outcome::Continue { from, bytes, by_replid2 } => {
                line.word(name, "partial");
                line.put("from", from);
                line.put("bytes", bytes);
                line.put("by_replid2", by_replid2);
            }
            Outcome::FullResync { why } => {
                line.word(name, "full");
                put_reason(why, line);
            }
        }
        match &self.request {
            Request::Sync => line.word("asked", "sync"),
            Request::Fresh => line.word("asked", "everything"),
            Request::Resume { replid, offset } => {
                line.word("asked", "continue");
                line.put("asked_replid", replid);
                line.put("asked_offset", offset);
            }
        }
        let master = &self.master;
        line.put("replid", &master.replid);
        line.put("replid2", &master.replid2);
        line.put("second_offset", &master.second_replid_offset);
        line.put("offset", &master.master_repl_offset);
        master.backlog.put("backlog", line);
        master.retired.put("retired", line);
    }

    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String> {
        let outcome = match fields.text(name) {
            Some("partial") => Outcome::Continue {
                from: fields.take("from")?,
                bytes: fields.take("bytes")?,
                by_replid2: fields.take("by_replid2")?,
            },
            Some("full") => Outcome::FullResync { why: take_reason(fields)? },
            _ => return Err(format!("{name} is neither partial nor full")),
        };
        let request = match fields.text("asked") {
            Some("sync") => Request::Sync,
            Some("everything") => Request::Fresh,
            Some("continue") => Request::Resume {
                replid: fields.take("asked_replid")?,
                offset: fields.take("asked_offset")?,
            },
            _ => return Err("the field asked is missing or unknown".into()),
        };
        let master = MasterView {
            replid: fields.take("replid")?,
            replid2: fields.take("replid2")?,
            second_replid_offset: fields.take("second_offset")?,
            master_repl_offset: fields.take("offset")?,
            backlog: Field::take("backlog", fields)?,
            retired: Field::take("retired", fields)?,
        };
        Ok(Box::new(Verdict { request, master, outcome }))
    }
}

/// Its size has the name; without a backlog there is no field.
impl Field for Option<BacklogView> {
    fn put(&self, name: &str, line: &mut Writer<'_>) {
        if let Some(backlog) = self {
            line.put(name, &backlog.size);
            line.put("first_byte_offset", &backlog.first_byte_offset);
            line.put("histlen", &backlog.histlen);
            line.put("created_at", &backlog.created_at);
        }
    }

    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String> {
        let Some(size) = fields.take_if_any(name)? else { return Ok(None) };
        Ok(Some(BacklogView {
            size,
            first_byte_offset: fields.take("first_byte_offset")?,
            histlen: fields.take("histlen")?,
            created_at: fields.take("created_at")?,
        }))
    }
}

/// Oldest first: that is how they are remembered again.
impl Field for Retired {
    fn put(&self, name: &str, line: &mut Writer<'_>) {
        let retired: Vec<_> = self.iter().collect();
        for (n, (replid, why)) in retired.iter().rev().enumerate() {
            line.put(&format!("{name}{n}"), replid);
            line.put(&format!("{name}{n}_why"), why);
        }
    }

    fn take(name: &str, fields: &Fields<'_>) -> Result<Self, String> {
        let mut retired = Self::default();
        for n in 0..4 {
            if let Some(replid) = fields.take_if_any(&format!("{name}{n}"))? {
                retired.push(replid, fields.take(&format!("{name}{n}_why"))?);
            }
        }
        Ok(retired)
    }
}

fn put_reason(why: &FullReason, line: &mut Writer<'_>) {
    match why {
        FullReason::SyncCommand => line.word("because", "sync"),
        FullReason::NoHistory => line.word("because", "no-history"),
        FullReason::ReplIdMismatch { was } => {
            line.word("because", "another-history");
            line.put("was", was);
        }
        FullReason::SecondOffsetPassed { by } => {
            line.word("because", "beyond-replid2");
            line.put("by", by);
        }
        FullReason::NoBacklog => line.word("because", "no-backlog"),
        FullReason::BeforeBacklog { missing, sufficient_size } => {
            line.word("because", "before-backlog");
            line.put("missing", missing);
            line.put("sufficient", sufficient_size);
        }
        FullReason::AfterBacklog { by } => {
            line.word("because", "after-backlog");
            line.put("by", by);
        }
    }
}

fn take_reason(fields: &Fields<'_>) -> Result<FullReason, String> {
    Ok(match fields.text("because") {
        Some("sync") => FullReason::SyncCommand,
        Some("no-history") => FullReason::NoHistory,
        Some("another-history") => FullReason::ReplIdMismatch { was: fields.take("was")? },
        Some("beyond-replid2") => FullReason::SecondOffsetPassed { by: fields.take("by")? },
        Some("no-backlog") => FullReason::NoBacklog,
        Some("before-backlog") => FullReason::BeforeBacklog {
            missing: fields.take("missing")?,
            sufficient_size: fields.take("sufficient")?,
        },
        Some("after-backlog") => FullReason::AfterBacklog { by: fields.take("by")? },
        _ => return Err("the field because is missing or unknown".into()),
    })
}
