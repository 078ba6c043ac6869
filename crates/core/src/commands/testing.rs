//! Runs commands against a keyspace without a node, for the tests of the families.

use super::{Ctx, Effects, Run, lookup};
use crate::config::EncodingLimits;
use crate::keyspace::{Expiry, Keyspace};
use crate::resp::Reply;
use crate::resp::request::{Args, Range32};
use crate::rng::Rng;

/// A keyspace and what commands need around it.
pub(crate) struct Bench {
    pub(crate) keyspace: Keyspace,
    pub(crate) effects: Effects,
    pub(crate) limits: EncodingLimits,
    pub(crate) now_ms: u64,
    pub(crate) resp3: bool,
    /// Whether the commands come from a master.
    pub(crate) from_master: bool,
    rng: Rng,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            keyspace: Keyspace::new(1, 16),
            effects: Effects::default(),
            limits: EncodingLimits::default(),
            now_ms: 1_700_000_000_000,
            resp3: false,
            from_master: false,
            rng: Rng::new(2),
        }
    }

    /// Runs one command given as words, and returns the raw reply (escaped, for reading).
    pub(crate) fn run(&mut self, command: &str) -> String {
        let words: Vec<&[u8]> = command.split_whitespace().map(str::as_bytes).collect();
        self.run_args(&words).escape_ascii().to_string()
    }

    /// Runs one command given as arguments, and returns the raw reply.
    pub(crate) fn run_args(&mut self, words: &[&[u8]]) -> Vec<u8> {
        let mut buf = Vec::new();
        let mut ranges = Vec::new();
        for word in words {
            let start = buf.len() as u32;
            buf.extend_from_slice(word);
            ranges.push(Range32 { start, end: buf.len() as u32 });
        }
        let args = Args::new(&buf, &ranges);
        let spec = lookup(args.at(0)).expect("a known command");
        let Run::Data(handler) = spec.run else { panic!("{} is the node's", spec.name) };
        let mut reply = Reply::new();
        reply.set_resp3(self.resp3);
        self.effects.clear();
        let expiry = if self.from_master { Expiry::Ignore } else { Expiry::Delete };
        self.keyspace.begin(self.now_ms, expiry);
        let mut ctx = Ctx {
            keyspace: &mut self.keyspace,
            db: 0,
            reply: &mut reply,
            effects: &mut self.effects,
            rng: &mut self.rng,
            limits: &self.limits,
            from_master: self.from_master,
            lazy_expire: false,
        };
        let arity_ok = if spec.arity >= 0 {
            args.len() == spec.arity as usize
        } else {
            args.len() >= -spec.arity as usize
        };
        let outcome =
            if arity_ok { handler(&mut ctx, args) } else { Err(super::CmdError::arity(spec.name)) };
        if let Err(error) = outcome {
            reply.error_bytes(error.bytes());
        }
        reply.bytes().to_vec()
    }

    /// What the last command would propagate instead of itself, escaped.
    pub(crate) fn rewritten(&self) -> Option<String> {
        self.effects.rewritten().map(|(bytes, _)| bytes.escape_ascii().to_string())
    }
}
