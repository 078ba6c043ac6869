//! What redis-cli offers while a line is typed: completion of commands, and hints about their
//! arguments.

use lockstep_core::commands::table;

/// Subcommands and their arguments, as redis-cli 7.0.15 knows them.
const SUBCOMMANDS: &[(&str, &str)] = &[
    ("CLIENT CACHING", "YES|NO"),
    ("CLIENT GETNAME", ""),
    ("CLIENT GETREDIR", ""),
    ("CLIENT HELP", ""),
    ("CLIENT ID", ""),
    ("CLIENT INFO", ""),
    ("CLIENT KILL", CLIENT_KILL),
    ("CLIENT LIST", "[TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID client-id [client-id ...]]"),
    ("CLIENT NO-EVICT", "ON|OFF"),
    ("CLIENT PAUSE", "timeout [WRITE|ALL]"),
    ("CLIENT REPLY", "ON|OFF|SKIP"),
    ("CLIENT SETNAME", "connection-name"),
    ("CLIENT TRACKING", CLIENT_TRACKING),
    ("CLIENT TRACKINGINFO", ""),
    ("CLIENT UNBLOCK", "client-id [TIMEOUT|ERROR]"),
    ("CLIENT UNPAUSE", ""),
    ("COMMAND COUNT", ""),
    ("COMMAND DOCS", "[command-name [command-name ...]]"),
    ("COMMAND GETKEYS", ""),
    ("COMMAND GETKEYSANDFLAGS", ""),
    ("COMMAND HELP", ""),
    ("COMMAND INFO", "[command-name [command-name ...]]"),
    ("COMMAND LIST", "[FILTERBY MODULE module-name|ACLCAT category|PATTERN pattern]"),
    ("CONFIG GET", "parameter [parameter ...]"),
    ("CONFIG HELP", ""),
    ("CONFIG RESETSTAT", ""),
    ("CONFIG REWRITE", ""),
    ("CONFIG SET", "parameter value [parameter value ...]"),
    ("LATENCY DOCTOR", ""),
    ("LATENCY GRAPH", "event"),
    ("LATENCY HELP", ""),
    ("LATENCY HISTOGRAM", "[command [command ...]]"),
    ("LATENCY HISTORY", "event"),
    ("LATENCY LATEST", ""),
    ("LATENCY RESET", "[event [event ...]]"),
    ("MEMORY DOCTOR", ""),
    ("MEMORY HELP", ""),
    ("MEMORY MALLOC-STATS", ""),
    ("MEMORY PURGE", ""),
    ("MEMORY STATS", ""),
    ("MEMORY USAGE", "key [SAMPLES count]"),
    ("OBJECT ENCODING", "key"),
    ("OBJECT FREQ", "key"),
    ("OBJECT HELP", ""),
    ("OBJECT IDLETIME", "key"),
    ("OBJECT REFCOUNT", "key"),
    ("PUBSUB CHANNELS", "[pattern]"),
    ("PUBSUB HELP", ""),
    ("PUBSUB NUMPAT", ""),
    ("PUBSUB NUMSUB", "[channel [channel ...]]"),
    ("PUBSUB SHARDCHANNELS", "[pattern]"),
    ("PUBSUB SHARDNUMSUB", "[shardchannel [shardchannel ...]]"),
    ("SLOWLOG GET", "[count]"),
    ("SLOWLOG HELP", ""),
    ("SLOWLOG LEN", ""),
    ("SLOWLOG RESET", ""),
];

const CLIENT_KILL: &str = "ip:port|[ID client-id]|[TYPE NORMAL|MASTER|SLAVE|REPLICA|PUBSUB]|\
    [USER username]|[ADDR ip:port]|[LADDR ip:port]|[SKIPME yes/no] [[ID client-id]|\
    [TYPE NORMAL|MASTER|SLAVE|REPLICA|PUBSUB]|[USER username]|[ADDR ip:port]|[LADDR ip:port]|\
    [SKIPME yes/no] ...]";
const CLIENT_TRACKING: &str = "ON|OFF [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] \
    [BCAST] [OPTIN] [OPTOUT] [NOLOOP]";

/// All commands and subcommands in upper case, sorted.
pub fn commands() -> Vec<String> {
    let subcommands = SUBCOMMANDS.iter().map(|(name, _)| (*name).to_owned());
    let mut all: Vec<String> = table::all().map(|spec| spec.name.to_uppercase()).collect();
    all.extend(subcommands);
    all.sort_unstable();
    all
}

/// What the Tab key offers for a line, in the order in which it is offered: commands that begin
/// with it, in any case.
pub fn completions(line: &str) -> Vec<String> {
    let begins = |name: &String| {
        name.len() >= line.len()
            && name.as_bytes()[..line.len()].eq_ignore_ascii_case(line.as_bytes())
    };
    commands().into_iter().filter(begins).collect()
}

/// The arguments of a command that are still to be typed, as redis-cli shows them in grey behind
/// the cursor. Empty: nothing to hint at.
pub fn hint(line: &str) -> String {
    let Some(args) = super::split_line(line) else { return String::new() };
    let Some((used, params)) = parameters(&args) else { return String::new() };
    let mut rest = params.as_str();
    // What was typed is not hinted at; from the first optional argument on, everything is.
    for _ in used..args.len() {
        if rest.starts_with('[') {
            break;
        }
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    }
    let spaced = line.ends_with(|last: char| last.is_ascii_whitespace());
    if rest.is_empty() || spaced { rest.to_owned() } else { format!(" {rest}") }
}

/// The arguments that the command at the start of `args` takes, and how many words its name has.
fn parameters(args: &[Vec<u8>]) -> Option<(usize, String)> {
    let name = args.first()?;
    if let Some(second) = args.get(1) {
        let full = [name.as_slice(), second.as_slice()].join(&b' ');
        let found = SUBCOMMANDS.iter().find(|(sub, _)| sub.as_bytes().eq_ignore_ascii_case(&full));
        if let Some((_, params)) = found {
            return Some((2, (*params).to_owned()));
        }
    }
    let spec = table::lookup(name)?;
    let container = SUBCOMMANDS.iter().any(|(sub, _)| {
        sub.split(' ').next().is_some_and(|first| first.eq_ignore_ascii_case(spec.name))
    });
    let params = if container { String::new() } else { spec.docs().syntax.replace(" | ", "|") };
    Some((1, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_offers_commands_and_their_subcommands() {
        assert_eq!(completions("psy"), ["PSYNC"]);
        assert_eq!(completions("Config Re"), ["CONFIG RESETSTAT", "CONFIG REWRITE"]);
        assert_eq!(completions("repl"), ["REPLCONF", "REPLICAOF"]);
        assert!(completions("nosuch").is_empty());
        assert!(completions("主").is_empty());
        assert!(completions("").len() > 200);
    }

    #[test]
    fn hints_tell_what_is_still_to_be_typed() {
        for (line, expected) in [
            ("", ""),
            ("ge", ""),
            ("get", " key"),
            ("get ", "key"),
            ("get x", ""),
            (
                "SET k",
                " value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|\
                       PXAT unix-time-milliseconds|KEEPTTL]",
            ),
            ("config", ""),
            ("config get ", "parameter [parameter ...]"),
            ("config set maxmemory ", "value [parameter value ...]"),
            ("replicaof 127.0.0.1", " port"),
            ("set \"k", ""),
            ("nosuch", ""),
        ] {
            assert_eq!(hint(line), expected, "{line:?}");
        }
    }
}
