//! `OBJECT`: how values are stored.

use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::Value;
use crate::resp::Args;

/// Integers that Redis shares between keys: below this, their reference count is meaningless.
const SHARED_INTEGERS: i64 = 10_000;

const NO_LFU: CmdError = CmdError::fixed(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
     when switching between policies at runtime LRU and LFU data will take some time to adjust.",
);

const HELP: &[&str] = &[
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    "HELP",
    "    Prints this help.",
];

/// `OBJECT <ENCODING key | FREQ key | HELP | IDLETIME key | REFCOUNT key>`
pub(super) fn object(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    check(args)?;
    if args.len() == 2 {
        ctx.reply.array(HELP.len());
        HELP.iter().for_each(|line| ctx.reply.simple(line));
        return Ok(());
    }
    about_key(ctx, &args.at(1).to_ascii_lowercase(), args.at(2))
}

/// Whether `OBJECT` is followed by a subcommand, and that by as many arguments as it takes.
///
/// # Errors
/// It is not, in Redis's words.
fn check(args: Args<'_>) -> Outcome {
    let subcommand = args.at(1).to_ascii_lowercase();
    let expected = match subcommand.as_slice() {
        b"help" => 2,
        b"encoding" | b"freq" | b"idletime" | b"refcount" => 3,
        _ => {
            let name = &args.at(1)[..args.at(1).len().min(128)];
            let (before, after) = ("ERR unknown subcommand '", "'. Try OBJECT HELP.");
            return Err(CmdError::quoting(before, name, after));
        }
    };
    if args.len() != expected {
        let name = String::from_utf8_lossy(&subcommand);
        return Err(CmdError::arity(&format!("object|{name}")));
    }
    Ok(())
}

fn about_key(ctx: &mut Ctx<'_>, subcommand: &[u8], key: &[u8]) -> Outcome {
    let Some(value) = ctx.keyspace.inspect(ctx.db, key) else {
        ctx.reply.null();
        return Ok(());
    };
    match subcommand {
        b"encoding" => ctx.reply.bulk(value.encoding().as_bytes()),
        b"refcount" => {
            let shared = matches!(value, Value::Str(s) if s.encoding() == "int"
                && s.as_int().is_some_and(|n| (0..SHARED_INTEGERS).contains(&n)));
            ctx.reply.int(if shared { i64::from(i32::MAX) } else { 1 });
        }
        b"idletime" => {
            let seconds = ctx.keyspace.idle_seconds(ctx.db, key).unwrap_or_default();
            ctx.reply.int(seconds as i64);
        }
        _ => return Err(NO_LFU),
    }
    Ok(())
}
