//! Decisions about resynchronisations, this node's own and those of its master: explained in the
//! log, and remembered for `LOCKSTEP PSYNC`.

use std::collections::VecDeque;

use super::Node;
use crate::id::ReplId;
use crate::replication::psync::{Request, Verdict};
use crate::trace::{Level, Trace};

/// Decisions remembered, at most.
const DECISIONS_MAX: usize = 64;

/// The first reason why a replica has nothing to continue from.
pub(super) const JUST_STARTED: &str =
    "this node has just started, and has loaded no replication id from an RDB file";

/// The latest decisions, oldest first.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Decisions {
    pub(super) entries: VecDeque<Decision>,
    next: u64,
}

/// A decision.
#[derive(Debug, Clone, Hash)]
pub(super) struct Decision {
    pub(super) id: u64,
    pub(super) unix_ms: u64,
    /// The other end: a replica's name in logs, or the master's address.
    pub(super) peer: String,
    pub(super) side: Side,
}

/// Which end this node was.
#[derive(Debug, Clone, Hash)]
pub(super) enum Side {
    /// It decided about a replica's request.
    Master(Box<Verdict>),
    /// It asked its master.
    Replica(Asked),
}

/// What this node asked of its master, why, and what came of it.
#[derive(Debug, Clone, Hash)]
pub(super) struct Asked {
    pub(super) request: Request,
    /// Why it had no history to offer.
    pub(super) why: &'static str,
    pub(super) answer: Answer,
}

/// A master's answer.
#[derive(Debug, Clone, Hash)]
pub(super) enum Answer {
    /// There was none yet, or the link broke before it came.
    None,
    /// The stream goes on.
    Partial,
    /// A snapshot of this history, at this offset.
    Full(ReplId, u64),
    /// The master knows no `PSYNC`, so that `SYNC` was sent.
    Sync,
    /// An error, or something that is no answer.
    Refused,
}

impl Answer {
    /// One word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::None => "pending",
            Self::Partial => "partial",
            Self::Full(..) | Self::Sync => "full",
            Self::Refused => "refused",
        }
    }
}

impl Asked {
    /// The condition that decided, as one word for scripts.
    pub(super) fn condition(&self) -> &'static str {
        match (&self.request, &self.answer) {
            (Request::Resume { replid, .. }, Answer::Full(id, _)) => {
                if replid == id.as_bytes() {
                    "not-in-backlog"
                } else {
                    "replid-mismatch"
                }
            }
            (_, Answer::Sync) => "psync-unknown",
            (_, Answer::Refused) => "refused",
            (Request::Resume { .. }, Answer::Partial) => "in-backlog",
            (Request::Resume { .. }, _) => "pending",
            (Request::Sync, _) => "sync-command",
            (Request::Fresh, _) => "no-cached-master",
        }
    }

    /// What was asked, and why.
    fn asked(&self) -> String {
        match &self.request {
            Request::Resume { replid, offset } => {
                format!("This node asked for byte {offset} of history {}", replid.escape_ascii())
            }
            _ => format!("This node asked for everything, because {}", self.why),
        }
    }

    /// The explanation: why this was asked, and what the answer means.
    pub(super) fn explain(&self) -> String {
        let asked = self.asked();
        let resumed = matches!(self.request, Request::Resume { .. });
        let answer = match &self.answer {
            Answer::None => ". There is no answer yet.".to_owned(),
            Answer::Partial => ", and the master goes on from there.".to_owned(),
            Answer::Full(..) if !resumed => ".".to_owned(),
            Answer::Full(id, offset) if self.condition() == "not-in-backlog" => format!(
                ". The master has that history ({id}, now at byte {offset}), but not the bytes \
                 from there on in its backlog; its own log says how many are missing."
            ),
            Answer::Full(id, _) => format!(
                ", but the master follows history {id} and does not know the other one, or not up \
                 to there; its own log says which."
            ),
            Answer::Sync => {
                ". The master knows no PSYNC, so SYNC was sent, which is always full.".to_owned()
            }
            Answer::Refused => ". The master refused.".to_owned(),
        };
        format!("{}. {asked}{answer}", self.answer.word())
    }
}

impl Decisions {
    fn push(&mut self, unix_ms: u64, peer: String, side: Side) {
        if self.entries.len() == DECISIONS_MAX {
            self.entries.pop_front();
        }
        let id = self.next;
        self.next += 1;
        self.entries.push_back(Decision { id, unix_ms, peer, side });
    }
}

impl<T: Trace> Node<T> {
    /// This node decided about a replica's request.
    pub(super) fn note_verdict(&mut self, replica: &str, verdict: &Verdict) {
        let text = verdict.explain().text;
        self.log(Level::Notice, format!("PSYNC of replica {replica} explained: {text}"));
        let side = Side::Master(Box::new(verdict.clone()));
        self.decisions.push(self.now.unix_ms, replica.to_owned(), side);
    }

    /// This node asks its master.
    pub(super) fn note_asked(&mut self, request: Request) {
        let why = self.link.no_history;
        let (host, port) = self.config.replicaof.clone().unwrap_or_default();
        let asked = Asked { request, why, answer: Answer::None };
        if !matches!(asked.request, Request::Resume { .. }) {
            let text = format!("PSYNC to the master explained: {}.", asked.asked());
            self.log(Level::Notice, text);
        }
        self.decisions.push(self.now.unix_ms, format!("{host}:{port}"), Side::Replica(asked));
    }

    /// The master has answered.
    pub(super) fn note_answer(&mut self, answer: Answer) {
        let last = self.decisions.entries.iter_mut().rev().find_map(|decision| {
            if let Side::Replica(asked) = &mut decision.side { Some(asked) } else { None }
        });
        let Some(asked) = last else { return };
        let partial = matches!(answer, Answer::Partial);
        asked.answer = answer;
        if !partial && matches!(asked.request, Request::Resume { .. }) {
            let text = format!("PSYNC to the master explained: {}", asked.explain());
            self.log(Level::Notice, text);
        }
    }
}
