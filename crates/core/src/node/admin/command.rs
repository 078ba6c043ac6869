//! `COMMAND`

use super::super::Node;
use super::super::conn::Conn;
use super::docs::{self, Arg};
use super::facts;
use super::keys;
use super::subcommands::{self, SubSpec};
use super::{Sub, help};
use crate::commands::table::all;
use crate::commands::{CmdError, CommandSpec, Flags, Group, Keys, Outcome, lookup};
use crate::resp::{Args, Reply};
use crate::trace::Trace;

impl<T: Trace> Node<T> {
    pub(super) fn command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if args.len() == 1 {
            conn.out.array(all().count());
            all().for_each(|spec| info(&mut conn.out, spec));
            return Ok(());
        }
        let sub = Sub::new("command", args);
        if sub.is("count", 2)? {
            conn.last_command = "command|count";
            conn.out.count(all().count());
        } else if sub.is("info", -2)? {
            conn.last_command = "command|info";
            each_named(conn, args);
        } else if sub.is("docs", -2)? {
            conn.last_command = "command|docs";
            command_docs(&mut conn.out, args);
        } else if sub.is("list", -2)? {
            conn.last_command = "command|list";
            return list(conn, args);
        } else if sub.is("getkeys", -4)? {
            conn.last_command = "command|getkeys";
            let keys = keys::keys_of(args)?;
            conn.out.array(keys.len());
            keys.iter().for_each(|(_, key)| conn.out.bulk(key));
        } else if sub.is("getkeysandflags", -4)? {
            conn.last_command = "command|getkeysandflags";
            let keys = keys::keys_of(args)?;
            conn.out.array(keys.len());
            for (letters, key) in keys {
                conn.out.array(2);
                conn.out.bulk(key);
                keys::flags(&mut conn.out, letters);
            }
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "COMMAND", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }
}

/// One entry for each command named from argument 2 on, or for all.
fn each_named(conn: &mut Conn, args: Args<'_>) {
    if args.len() == 2 {
        conn.out.array(all().count());
        return all().for_each(|spec| info(&mut conn.out, spec));
    }
    conn.out.array(args.len() - 2);
    for name in args.from(2) {
        match (lookup(name), subcommands::lookup(name)) {
            (Some(spec), _) => info(&mut conn.out, spec),
            (None, Some(sub)) => sub_info(&mut conn.out, &sub),
            (None, None) => conn.out.null(),
        }
    }
}

/// The names of flags, in Redis's order.
const FLAG_NAMES: &[(Flags, &str)] = &[
    (Flags::WRITE, "write"),
    (Flags::READONLY, "readonly"),
    (Flags::DENYOOM, "denyoom"),
    (Flags::ADMIN, "admin"),
    (Flags::PUBSUB, "pubsub"),
    (Flags::NOSCRIPT, "noscript"),
    (Flags::BLOCKING, "blocking"),
    (Flags::LOADING, "loading"),
    (Flags::STALE, "stale"),
    (Flags::SKIP_MONITOR, "skip_monitor"),
    (Flags::FAST, "fast"),
    (Flags::NO_AUTH, "no_auth"),
    (Flags::NO_MULTI, "no_multi"),
    (Flags::MOVABLEKEYS, "movablekeys"),
];

/// The ten fields of `COMMAND INFO`.
fn info(out: &mut Reply, spec: &CommandSpec) {
    out.array(10);
    out.bulk(spec.name.as_bytes());
    out.int(i64::from(spec.arity));
    let shown = if facts::is_container(spec.name) { Flags::NONE } else { spec.flags };
    names(out, flag_names(shown).chain(facts::flags(spec.name)));
    let container = facts::is_container(spec.name);
    let Keys { first, last, step } = if container { Keys::NONE } else { spec.keys };
    [first, last, step].into_iter().for_each(|number| out.int(i64::from(number)));
    names(out, categories(spec).into_iter());
    out.array(0); // tips
    keys::show(out, spec);
    out.array(subcommands::of(spec.name).count());
    subcommands::of(spec.name).for_each(|sub| sub_info(out, &sub));
}

/// The same of a subcommand.
fn sub_info(out: &mut Reply, sub: &SubSpec) {
    let Keys { first, last, step } = keys::key_of_sub(sub).unwrap_or(Keys::NONE);
    out.array(10);
    out.bulk(sub.full_name().as_bytes());
    out.int(i64::from(sub.arity));
    names(out, flag_names(sub.flags));
    [first, last, step].into_iter().for_each(|number| out.int(i64::from(number)));
    names(out, sub.categories());
    out.array(0); // tips
    keys::show_of_sub(out, sub);
    out.array(0);
}

fn flag_names(flags: Flags) -> impl Iterator<Item = &'static str> {
    FLAG_NAMES.iter().filter(move |(flag, _)| flags.has(*flag)).map(|(_, name)| *name)
}

/// The commands of a category, given without its `@`.
pub(super) fn commands_of(category: &str) -> Vec<&'static str> {
    let has = |spec: &&CommandSpec| categories(spec).iter().any(|name| name[1..] == *category);
    all().filter(has).map(|spec| spec.name).collect()
}

fn names<'a>(out: &mut Reply, names: impl Iterator<Item = &'a str>) {
    let names: Vec<&str> = names.collect();
    out.set(names.len());
    names.into_iter().for_each(|name| out.simple(name));
}

/// The ACL categories: as they follow from group and flags, and Redis's exceptions.
fn categories(spec: &CommandSpec) -> Vec<&'static str> {
    let container = facts::is_container(spec.name);
    let (flags, group) = (if container { Flags::NONE } else { spec.flags }, spec.group);
    let fast = flags.has(Flags::FAST);
    let plain = !container && facts::categories(spec.name).is_none_or(|(usual, _)| usual);
    let mut out = vec![];
    for (name, has) in [
        ("@keyspace", plain && group == Group::Generic),
        ("@read", flags.has(Flags::READONLY)),
        ("@write", flags.has(Flags::WRITE)),
        ("@set", group == Group::Set),
        ("@sortedset", group == Group::SortedSet),
        ("@list", group == Group::List),
        ("@hash", group == Group::Hash),
        ("@string", group == Group::String),
        ("@bitmap", group == Group::Bitmap),
        ("@pubsub", group == Group::PubSub),
        ("@admin", flags.has(Flags::ADMIN)),
        ("@fast", fast),
        ("@slow", !fast),
        ("@blocking", flags.has(Flags::BLOCKING)),
        ("@dangerous", flags.has(Flags::ADMIN)),
        ("@connection", plain && group == Group::Connection),
        ("@transaction", group == Group::Transactions),
    ] {
        if has {
            out.push(name);
        }
    }
    out.extend(facts::categories(spec.name).map_or(&[][..], |(_, more)| more));
    out
}

/// `COMMAND DOCS [name ...]`: unknown names are left out.
fn command_docs(out: &mut Reply, args: Args<'_>) {
    let specs: Vec<&CommandSpec> = match args.len() {
        2 => all().collect(),
        _ => args.from(2).filter_map(lookup).collect(),
    };
    out.map(specs.len());
    for spec in specs {
        let arguments = docs::parse(spec.docs().syntax);
        out.bulk(spec.name.as_bytes());
        out.map(3 + usize::from(!arguments.is_empty()));
        for (field, text) in [
            ("summary", spec.docs().summary),
            ("since", spec.docs().since),
            ("group", spec.group.name()),
        ] {
            out.bulk(field.as_bytes());
            out.bulk(text.as_bytes());
        }
        if !arguments.is_empty() {
            out.bulk(b"arguments");
            argument_list(out, &arguments);
        }
    }
}

fn argument_list(out: &mut Reply, arguments: &[Arg]) {
    out.array(arguments.len());
    for arg in arguments {
        let flags = [
            ("optional", arg.optional),
            ("multiple", arg.multiple),
            ("multiple_token", arg.multiple_token),
        ];
        let flags: Vec<&str> =
            flags.into_iter().filter_map(|(name, has)| has.then_some(name)).collect();
        let fields = 2
            + usize::from(arg.kind == "key")
            + usize::from(arg.token.is_some())
            + usize::from(!flags.is_empty())
            + usize::from(!arg.children.is_empty());
        out.map(fields);
        out.bulk(b"name");
        out.bulk(arg.name.as_bytes());
        out.bulk(b"type");
        out.bulk(arg.kind.as_bytes());
        if arg.kind == "key" {
            out.bulk(b"key_spec_index");
            out.int(0);
        }
        if let Some(token) = &arg.token {
            out.bulk(b"token");
            out.bulk(token.as_bytes());
        }
        if !flags.is_empty() {
            out.bulk(b"flags");
            names(out, flags.into_iter());
        }
        if !arg.children.is_empty() {
            out.bulk(b"arguments");
            argument_list(out, &arg.children);
        }
    }
}

/// `COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]`
fn list(conn: &mut Conn, args: Args<'_>) -> Outcome {
    let filter = match args.len() {
        2 => None,
        5 if args.at(2).eq_ignore_ascii_case(b"filterby") => Some((args.at(3), args.at(4))),
        _ => return Err(CmdError::SYNTAX),
    };
    let kinds = [&b"pattern"[..], b"aclcat", b"module"];
    let known = |kind: &[u8]| kinds.iter().position(|known| kind.eq_ignore_ascii_case(known));
    let filter = match filter {
        None => None,
        Some((kind, value)) => Some((known(kind).ok_or(CmdError::SYNTAX)?, value)),
    };
    let passes = |name: &str, categories: &[&str]| match filter {
        None => true,
        Some((0, pattern)) => crate::glob::matches(pattern, name.as_bytes(), true),
        Some((1, category)) => {
            categories.iter().any(|known| known.as_bytes()[1..].eq_ignore_ascii_case(category))
        }
        Some(_) => false,
    };
    let mut found: Vec<String> = Vec::new();
    for spec in all() {
        if passes(spec.name, &categories(spec)) {
            found.push(spec.name.to_owned());
        }
        for sub in subcommands::of(spec.name) {
            let name = sub.full_name();
            if passes(&name, &sub.categories().collect::<Vec<_>>()) {
                found.push(name);
            }
        }
    }
    conn.out.array(found.len());
    found.iter().for_each(|name| conn.out.bulk(name.as_bytes()));
    Ok(())
}

const HELP: &[&str] = &[
    "(no subcommand)",
    "    Return details about all commands.",
    "COUNT",
    "    Return the total number of commands in this server.",
    "LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]",
    "    Return the names of commands.",
    "INFO [<command-name> ...]",
    "    Return details about some or all commands.",
    "DOCS [<command-name> ...]",
    "    Return the documentation of some or all commands.",
    "GETKEYS <full-command>",
    "    Return the keys from a full command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full command.",
];
