//! A message in its context: what came before it on its connection, where that is needed to
//! understand it.

use std::sync::Arc;

use lockstep_sim::{Message, MessageKind, Step};

use super::{Dissection, Reading};

/// What is needed to take a message apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    reading: Reading,
    /// The beginning of what the message goes on with, and the message.
    bytes: Vec<u8>,
    /// Where in `bytes` the message begins.
    start: usize,
}

impl Context {
    /// The context of a message of this history.
    pub(crate) fn of(steps: &[Arc<Step>], message: &Message) -> Self {
        let reading = match message.kind {
            MessageKind::Reply | MessageKind::Error | MessageKind::Response => Reading::Replies,
            MessageKind::RdbHeader | MessageKind::Rdb => Reading::Transfer,
            _ => Reading::Commands,
        };
        let mut parts = vec![message.bytes.as_slice()];
        let all = steps.iter().rev().flat_map(|step| step.sent.iter().rev());
        for before in all.filter(|m| m.wire == message.wire && m.from == message.from) {
            if before.id >= message.id {
                continue;
            }
            // A snapshot is read from its header on, anything else from its own beginning.
            let goes_on = match message.kind {
                MessageKind::Rdb => {
                    matches!(before.kind, MessageKind::Rdb | MessageKind::RdbHeader)
                }
                _ => !before.complete && before.kind != MessageKind::Rdb,
            };
            if !goes_on {
                break;
            }
            parts.push(&before.bytes);
            if before.kind == MessageKind::RdbHeader && message.kind == MessageKind::Rdb {
                break;
            }
        }
        parts.reverse();
        let bytes = parts.concat();
        let start = bytes.len() - message.bytes.len();
        Self { reading, bytes, start }
    }

    /// A part of an RDB file, at which an item begins, of a file that begins with `magic`.
    pub(crate) fn record(magic: &[u8], bytes: &[u8]) -> Self {
        Self { reading: Reading::File, bytes: [magic, bytes].concat(), start: magic.len() }
    }

    /// Takes the message apart.
    pub(crate) fn dissect(&self) -> Dissection {
        Dissection::part(self.reading, &self.bytes, self.start..self.bytes.len())
    }
}
