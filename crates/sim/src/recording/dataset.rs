//! What a replica was given, up to the cursor: the last whole RDB of a link, and the commands of
//! the stream that followed without a gap. It is what the master held then.

use super::Recording;
use crate::ids::Peer;
use crate::message::{Message, MessageKind, StreamRange};
use crate::step::{Cause, Recorded};

/// Largest RDB that is put together, in bytes. What of it becomes a world's dataset has a limit of
/// its own: [`crate::rdb::EXTRACT_BYTES_MAX`].
pub const DATASET_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most commands of a stream that are taken.
pub const DATASET_COMMANDS_MAX: usize = 2_000;

/// Why there is no dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDataset {
    /// Up to here no RDB was received to its end.
    NoRdb,
    /// Some of it is missing.
    Missing,
    /// The RDB is larger than [`DATASET_BYTES_MAX`].
    TooLarge,
    /// More than [`DATASET_COMMANDS_MAX`] commands followed it.
    TooManyCommands,
}

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// The RDB.
    pub rdb: Vec<u8>,
    /// The commands that followed, as lines that redis-cli would take.
    pub commands: Vec<String>,
}

/// A transfer that is under way, or was completed.
#[derive(Debug, Default)]
struct Transfer {
    ends: Option<(Peer, Peer)>,
    offset: Option<u64>,
    mark: usize,
    rdb: Vec<u8>,
    whole: bool,
    commands: Vec<String>,
    wrong: Option<NoDataset>,
}

impl Recording {
    /// The dataset that a replica holds at the cursor, as far as it was seen.
    ///
    /// # Errors
    /// It was not seen, or is too large; the error says which.
    pub fn dataset(&self) -> Result<Dataset, NoDataset> {
        let mut last = Transfer::default();
        for step in self.past() {
            match &step.cause {
                Cause::Delivered(m) => last.message(m, self.missing(m.id)),
                Cause::Recorded(Recorded::Gap { from, to, .. })
                    if last.ends == Some((*from, *to)) =>
                {
                    last.wrong = Some(NoDataset::Missing);
                }
                Cause::Recorded(Recorded::LeftOut(_)) => last.wrong = Some(NoDataset::Missing),
                _ => {}
            }
        }
        match last.wrong {
            _ if last.ends.is_none() => Err(NoDataset::NoRdb),
            Some(wrong) => Err(wrong),
            None if !last.whole => Err(NoDataset::NoRdb),
            None => Ok(Dataset { rdb: last.rdb, commands: last.commands }),
        }
    }
}

impl Transfer {
    fn message(&mut self, m: &Message, missing: u64) {
        let ends = Some((m.from, m.to));
        match m.kind {
            MessageKind::Reply if m.bytes.starts_with(b"+FULLRESYNC ") => {
                let line = m.bytes.trim_ascii_end();
                let offset = line.rsplit(|&b| b == b' ').next();
                let offset = offset.and_then(|n| std::str::from_utf8(n).ok()?.parse().ok());
                *self = Self { ends, offset, ..Self::default() };
            }
            MessageKind::RdbHeader => {
                let offset = self.offset.filter(|_| self.ends == ends);
                // The closing mark is as long as the one that was announced.
                let mark = m.bytes.trim_ascii_end().strip_prefix(b"$EOF:").map_or(0, <[u8]>::len);
                *self = Self { ends, offset, mark, ..Self::default() };
            }
            MessageKind::Rdb if self.ends == ends => self.rdb(m, missing),
            MessageKind::Stream if self.ends == ends => self.command(m, missing),
            MessageKind::Ping if self.ends == ends => self.pass(m.stream),
            _ => {}
        }
    }

    fn rdb(&mut self, m: &Message, missing: u64) {
        if missing > 0 {
            self.wrong = Some(NoDataset::Missing);
        }
        if self.rdb.len() + m.bytes.len() > DATASET_BYTES_MAX {
            self.wrong = Some(NoDataset::TooLarge);
        }
        if self.wrong.is_none() {
            self.rdb.extend_from_slice(&m.bytes);
        }
        if m.complete {
            self.whole = true;
            self.rdb.truncate(self.rdb.len().saturating_sub(self.mark));
        }
    }

    /// The stream goes on where it was, on this connection or the next.
    fn pass(&mut self, range: Option<StreamRange>) {
        if let (Some(range), Some(offset)) = (range, self.offset) {
            if offset.checked_add(1) != Some(range.from) {
                self.wrong = Some(NoDataset::Missing);
            }
            self.offset = Some(range.to.saturating_sub(1));
        }
    }

    fn command(&mut self, m: &Message, missing: u64) {
        self.pass(m.stream);
        let args = m.command();
        if missing > 0 || args.is_empty() {
            self.wrong = Some(NoDataset::Missing);
        } else if self.commands.len() >= DATASET_COMMANDS_MAX {
            self.wrong = Some(NoDataset::TooManyCommands);
        } else if !args[0].eq_ignore_ascii_case(b"REPLCONF") {
            self.commands.push(line(&args));
        }
    }
}

/// A command as it can be typed: between quotes what is not plain.
fn line(args: &[Vec<u8>]) -> String {
    let word = |arg: &Vec<u8>| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/@+*,;%&~^|".contains(byte);
        if !arg.is_empty() && arg.iter().all(plain) {
            return String::from_utf8_lossy(arg).into_owned();
        }
        let mut text = String::from("\"");
        for &byte in arg {
            match byte {
                b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
                b' '..=b'~' => text.push(char::from(byte)),
                _ => text.push_str(&format!("\\x{byte:02x}")),
            }
        }
        text + "\""
    };
    args.iter().map(word).collect::<Vec<_>>().join(" ")
}
