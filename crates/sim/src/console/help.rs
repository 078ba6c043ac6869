//! `help` of redis-cli, which it answers by itself.

use std::fmt::Write as _;

use lockstep_core::commands::table::{self, CommandSpec};

/// What is answered to `help` alone.
const GENERIC: &str = "redis-cli 7.0.15\n\
    To get help about Redis commands type:\n\
    \u{20}     \"help @<group>\" to get a list of commands in <group>\n\
    \u{20}     \"help <command>\" for help on <command>";

/// The answer to a line, if redis-cli answers it by itself.
pub(crate) fn help(args: &[Vec<u8>]) -> Option<String> {
    let (first, rest) = args.split_first()?;
    if !first.eq_ignore_ascii_case(b"help") && first != b"?" {
        return None;
    }
    let Some(what) = rest.first() else { return Some(GENERIC.to_owned()) };
    let what = String::from_utf8_lossy(what).to_ascii_lowercase();
    let mut found: Vec<&CommandSpec> = match what.strip_prefix('@') {
        Some(group) => table::all().filter(|spec| spec.group.name() == group).collect(),
        None => table::lookup(what.as_bytes()).into_iter().collect(),
    };
    found.sort_unstable_by_key(|spec| spec.name);
    let mut text = String::new();
    for spec in found {
        if !text.is_empty() {
            text.push('\n');
        }
        let syntax = spec.docs().syntax.replace(" | ", "|");
        let name = spec.name.to_uppercase();
        let _ = writeln!(text, "  {}", format!("{name} {syntax}").trim_end());
        let _ = writeln!(text, "  summary: {}", spec.docs().summary);
        let _ = writeln!(text, "  since: {}", spec.docs().since);
        if !what.starts_with('@') {
            let _ = writeln!(text, "  group: {}", spec.group.name());
        }
    }
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<String> {
        help(&crate::console::split_line(line).expect("words"))
    }

    #[test]
    fn help_is_answered_as_redis_cli_does() {
        let psync = "  PSYNC replicationid offset\n  summary: ";
        let text = said("HELP psync").expect("an answer");
        assert!(text.starts_with(psync) && text.ends_with("\n  group: server"), "{text}");
        assert!(text.contains("\n  since: 2.8.0\n"), "{text}");
        assert!(said("help").is_some_and(|text| text.starts_with("redis-cli 7.0.15\n")));
        assert_eq!(said("?"), said("help"));
        let group = said("help @string").expect("an answer");
        assert!(group.starts_with("  APPEND key value\n") && group.contains("\n\n  DECR key\n"));
        assert_eq!(said("help nosuch").as_deref(), Some(""));
        assert_eq!(said("get help"), None);
    }
}
