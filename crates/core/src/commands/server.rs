//! Commands that the node itself carries out: connections, transactions, server, replication.

use super::table::{CommandSpec, Flags, Group, Keys, Run};

/// The commands of [`Run::Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the commands")]
pub enum NodeCommand {
    Ping,
    Echo,
    Quit,
    Reset,
    Select,
    Auth,
    Hello,
    Client,
    Command,
    Multi,
    Exec,
    Discard,
    Watch,
    Unwatch,
    Info,
    Config,
    Debug,
    Role,
    Replicaof,
    Replconf,
    Psync,
    Sync,
    Wait,
    Save,
    Bgsave,
    Lastsave,
    Shutdown,
    Flushdb,
    Flushall,
    Swapdb,
    Dbsize,
    Time,
    Memory,
    Latency,
    Slowlog,
    Lolwut,
}

/// Shorthand of this table: most of its commands work while loading and on stale data.
const fn spec(
    name: &'static str,
    arity: i16,
    flags: Flags,
    group: Group,
    since: &'static str,
    summary: &'static str,
    syntax: &'static str,
    command: NodeCommand,
) -> CommandSpec {
    CommandSpec {
        name,
        arity,
        flags,
        keys: Keys::NONE,
        group,
        since,
        summary,
        syntax,
        run: Run::Node(command),
    }
}

/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[spec(
    "ping",
    -1,
    Flags::FAST,
    Group::Connection,
    "1.0.0",
    "Answers PONG, or the message it was given.",
    "[message]",
    NodeCommand::Ping,
)];
