//! What redis-cli shows after `SYNC`: it plays a replica, drops the snapshot and prints what comes
//! after it. Measured on redis-cli 7.0.15.

use crate::message::{MessageKind, command_args};

/// What it says when it has sent the command.
pub(crate) const ENTERS: &str = "Entering replica output mode...  (press Ctrl-C to quit)";

/// Whether a line makes it a replica.
pub(crate) fn enters(args: &[Vec<u8>]) -> bool {
    args.len() == 1 && args[0].eq_ignore_ascii_case(b"sync")
}

/// What it shows of a message that is no answer; `None`: nothing.
pub(crate) fn shown(kind: MessageKind, bytes: &[u8]) -> Option<String> {
    match kind {
        MessageKind::Keepalive => None,
        MessageKind::RdbHeader => {
            let header = String::from_utf8_lossy(bytes);
            let size = header.trim_ascii().strip_prefix('$').unwrap_or_default();
            Some(match size.starts_with("EOF:") {
                true => "SYNC with master, discarding bytes of bulk transfer until EOF marker..."
                    .to_owned(),
                false => format!("SYNC with master, discarding {size} bytes of bulk transfer..."),
            })
        }
        MessageKind::Rdb => Some("SYNC done. Logging commands from master.".to_owned()),
        _ => Some(match command_args(bytes) {
            Some(args) => {
                let args: Vec<String> = args.iter().map(|arg| super::quoted(arg)).collect();
                args.join(",")
            }
            None => bytes.escape_ascii().to_string(),
        }),
    }
}
