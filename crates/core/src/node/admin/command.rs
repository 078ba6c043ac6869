//! `COMMAND`

use super::super::Node;
use super::super::conn::Conn;
use super::docs::{self, Arg};
use super::facts;
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
            let (_, keys) = keys_of(args)?;
            conn.out.array(keys.len());
            keys.iter().for_each(|key| conn.out.bulk(key));
        } else if sub.is("getkeysandflags", -4)? {
            conn.last_command = "command|getkeysandflags";
            let (spec, keys) = keys_of(args)?;
            conn.out.array(keys.len());
            for key in keys {
                conn.out.array(2);
                conn.out.bulk(key);
                key_flags(&mut conn.out, spec.flags);
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
    key_specs(out, spec);
    out.array(subcommands::of(spec.name).count());
    subcommands::of(spec.name).for_each(|sub| sub_info(out, &sub));
}

/// The same of a subcommand.
fn sub_info(out: &mut Reply, sub: &SubSpec) {
    let reads = sub.flags.has(Flags::READONLY);
    out.array(10);
    out.bulk(sub.full_name().as_bytes());
    out.int(i64::from(sub.arity));
    names(out, flag_names(sub.flags));
    let key = i64::from(reads);
    [2 * key, 2 * key, key].into_iter().for_each(|number| out.int(number));
    names(out, sub.categories());
    out.array(0);
    out.array(usize::from(reads));
    if reads {
        let range = [("lastkey", 0), ("keystep", 1), ("limit", 0)];
        key_spec(out, sub.flags, 2, "range", &range);
    }
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

fn key_flags(out: &mut Reply, flags: Flags) {
    let access = if flags.has(Flags::WRITE) { "RW" } else { "RO" };
    names(out, [access, "access"].into_iter());
}

/// Where keys are, in the form that also tells what is done with them.
fn key_specs(out: &mut Reply, spec: &CommandSpec) {
    let Keys { first, last, step } = spec.keys;
    let counted = docs::numkeys_index(spec.syntax);
    let found = usize::from(first > 0) + usize::from(counted.is_some());
    out.array(found);
    if first > 0 {
        let relative = if last < 0 { last } else { last - first };
        let range = [("lastkey", relative), ("keystep", step), ("limit", 0)];
        key_spec(out, spec.flags, first, "range", &range);
    }
    if let Some(index) = counted {
        let counted = [("keynumidx", 0), ("firstkey", 1), ("keystep", 1)];
        key_spec(out, spec.flags, index as i16, "keynum", &counted);
    }
}

fn key_spec(out: &mut Reply, flags: Flags, index: i16, kind: &str, find: &[(&str, i16)]) {
    out.map(3);
    out.bulk(b"flags");
    key_flags(out, flags);
    for (name, kind, fields) in
        [("begin_search", "index", &[("index", index)][..]), ("find_keys", kind, find)]
    {
        out.bulk(name.as_bytes());
        out.map(2);
        out.bulk(b"type");
        out.bulk(kind.as_bytes());
        out.bulk(b"spec");
        out.map(fields.len());
        for (field, value) in fields {
            out.bulk(field.as_bytes());
            out.int(i64::from(*value));
        }
    }
}

/// `COMMAND DOCS [name ...]`: unknown names are left out.
fn command_docs(out: &mut Reply, args: Args<'_>) {
    let specs: Vec<&CommandSpec> = match args.len() {
        2 => all().collect(),
        _ => args.from(2).filter_map(lookup).collect(),
    };
    out.map(specs.len());
    for spec in specs {
        let arguments = docs::parse(spec.syntax);
        out.bulk(spec.name.as_bytes());
        out.map(3 + usize::from(!arguments.is_empty()));
        for (field, text) in
            [("summary", spec.summary), ("since", spec.since), ("group", spec.group.name())]
        {
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

/// The keys of the command that begins at argument 2.
fn keys_of<'a>(args: Args<'a>) -> Result<(&'static CommandSpec, Vec<&'a [u8]>), CmdError> {
    let spec = lookup(args.at(2)).ok_or(CmdError::fixed("ERR Invalid command specified"))?;
    let len = args.len() - 2;
    let wanted = usize::from(spec.arity.unsigned_abs());
    if if spec.arity >= 0 { len != wanted } else { len < wanted } {
        return Err(CmdError::fixed("ERR Invalid number of arguments specified for command"));
    }
    let Keys { first, last, step } = spec.keys;
    let mut keys = Vec::new();
    if first > 0 {
        let last = if last < 0 { len as i64 + i64::from(last) } else { i64::from(last) };
        let positions = (first as usize..=last.max(0) as usize).step_by(step.max(1) as usize);
        keys.extend(positions.filter_map(|at| args.get(2 + at)));
    }
    if let Some(index) = docs::numkeys_index(spec.syntax) {
        const INVALID: CmdError = CmdError::fixed("ERR Invalid arguments specified for command");
        let count = args.get(2 + index).and_then(crate::num::parse_u64).ok_or(INVALID)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count == 0 || count > len - index - 1 {
            return Err(INVALID);
        }
        keys.extend(args.from(3 + index).take(count));
    }
    if keys.is_empty() {
        return Err(CmdError::fixed("ERR The command has no key arguments"));
    }
    Ok((spec, keys))
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
