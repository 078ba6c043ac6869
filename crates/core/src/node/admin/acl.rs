//! `ACL`, `MODULE` and `CLUSTER`, as far as there is something to tell: one user, no modules, no
//! cluster.

use super::super::Node;
use super::super::conn::Conn;
use super::super::dispatch::arity_fits;
use super::command::commands_of;
use super::config::is_local;
use super::{Sub, help};
use crate::commands::{CmdError, Outcome, lookup};
use crate::num::parse_i64;
use crate::num::sha256::hex;
use crate::resp::Args;
use crate::trace::Trace;

/// The categories of commands, in Redis's order.
const CATEGORIES: &[&str] = &[
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

const NO_FILE: CmdError = CmdError::fixed(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users \
     via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis \
     configuration file set) in order to store users in the Redis configuration.",
);
const BAD_BITS: CmdError = CmdError::fixed(
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive \
     number up to 4096",
);
const ONE_USER: CmdError =
    CmdError::fixed("ERR Lockstep has no users but the default one: use 'default'");
const NO_MODULES: CmdError = CmdError::fixed(
    "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you \
     can run it from a local connection, otherwise you need to set this option in the \
     configuration file, and then restart the server.",
);

const NO_CLUSTER: CmdError = CmdError::fixed("ERR This instance has cluster support disabled");

/// Subcommands of `CLUSTER` and their arities: a wrong one is refused for that, as in Redis.
const CLUSTER: &str = "addslots:-3 addslotsrange:-4 bumpepoch:2 count-failure-reports:3 \
                       countkeysinslot:3 delslots:-3 delslotsrange:-4 failover:-2 flushslots:2 \
                       forget:3 getkeysinslot:4 help:2 info:2 keyslot:3 links:2 meet:-4 myid:2 \
                       nodes:2 replicas:3 replicate:3 reset:-2 saveconfig:2 set-config-epoch:3 \
                       setslot:-4 shards:2 slaves:3 slots:2";

/// What `CLUSTER`, `READONLY`, `READWRITE` and `ASKING` say here.
pub(super) fn cluster(args: Args<'_>) -> CmdError {
    if args.len() == 1 {
        return NO_CLUSTER;
    }
    let sub = Sub::new("cluster", args);
    for entry in CLUSTER.split(' ') {
        let (name, arity) = entry.split_once(':').unwrap_or_default();
        match sub.is(name, arity.parse().unwrap_or_default()) {
            Ok(false) => {}
            Ok(true) => return NO_CLUSTER,
            Err(error) => return error,
        }
    }
    sub.unknown()
}

impl<T: Trace> Node<T> {
    pub(super) fn acl(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("acl", args);
        let out = &mut conn.out;
        if sub.is("whoami", 2)? {
            out.bulk(b"default");
        } else if sub.is("users", 2)? {
            out.array(1);
            out.bulk(b"default");
        } else if sub.is("list", 2)? {
            out.array(1);
            out.bulk(self.config.user_line().as_bytes());
        } else if sub.is("getuser", 3)? {
            self.acl_getuser(conn, args.at(2));
        } else if sub.is("setuser", -3)? {
            if args.at(2) != b"default" {
                return Err(ONE_USER);
            }
            self.config.set_user(args.from(3)).map_err(|(rule, why)| {
                CmdError::quoting("ERR Error in ACL SETUSER modifier '", rule, &format!("': {why}"))
            })?;
            self.config.revision += 1;
            conn.out.ok();
        } else if sub.is("deluser", -3)? {
            if args.from(2).any(|user| user == b"default") {
                return Err(CmdError::fixed("ERR The 'default' user cannot be removed"));
            }
            out.int(0);
        } else if sub.is("cat", -2)? {
            return acl_cat(conn, args);
        } else if sub.is("genpass", -2)? {
            if args.len() > 3 {
                return Err(sub.wrong());
            }
            return self.acl_genpass(conn, args);
        } else if sub.is("dryrun", -4)? {
            dry_run(args)?;
            out.ok();
        } else if sub.is("log", -2)? {
            match (args.get(2), args.len()) {
                (Some(word), 3) if word.eq_ignore_ascii_case(b"reset") => out.ok(),
                (Some(word), 3) if parse_i64(word).is_none() => return Err(CmdError::NOT_INT),
                (_, ..=3) => out.array(0),
                _ => return Err(sub.wrong()),
            }
        } else if sub.is("load", 2)? || sub.is("save", 2)? {
            return Err(match self.config.text_of("aclfile").as_str() {
                "" => NO_FILE,
                _ => CmdError::fixed("ERR Lockstep reads the ACL file at its start only"),
            });
        } else if sub.is("help", 2)? {
            help(out, "ACL", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    fn acl_getuser(&self, conn: &mut Conn, user: &[u8]) {
        let out = &mut conn.out;
        if user != b"default" {
            return out.null();
        }
        let hashes = self.config.password_hashes();
        out.map(6);
        out.bulk(b"flags");
        let flags: &[&str] = if hashes.is_empty() { &["on", "nopass"] } else { &["on"] };
        out.set(flags.len());
        flags.iter().for_each(|flag| out.bulk(flag.as_bytes()));
        out.bulk(b"passwords");
        out.array(hashes.len());
        hashes.iter().for_each(|hash| out.bulk(hex(hash).as_bytes()));
        for (name, value) in [("commands", "+@all"), ("keys", "~*"), ("channels", "&*")] {
            out.bulk(name.as_bytes());
            out.bulk(value.as_bytes());
        }
        out.bulk(b"selectors");
        out.array(0);
    }

    fn acl_genpass(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let bits = match args.get(2) {
            None => 256,
            Some(text) => {
                let bits = parse_i64(text).ok_or(CmdError::NOT_INT)?;
                Some(bits).filter(|n| (1..=4096).contains(n)).ok_or(BAD_BITS)?
            }
        };
        let digits = (bits as usize).div_ceil(4);
        let random: Vec<u8> = (0..digits).flat_map(|_| self.rng.hex::<1>()).collect();
        conn.out.bulk(&random);
        Ok(())
    }

    /// `MODULE`: there are none, and none can be loaded.
    pub(super) fn module(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("module", args);
        let loads = sub.is("load", -3)? || sub.is("loadex", -3)? || sub.is("unload", 3)?;
        if sub.is("list", 2)? {
            conn.out.array(0);
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "MODULE", MODULE_HELP);
        } else if loads {
            let allowed = match self.config.text_of("enable-module-command").as_str() {
                "yes" => true,
                "local" => is_local(&conn.peer),
                _ => false,
            };
            return Err(match allowed {
                false => NO_MODULES,
                true if sub.is("unload", 3)? => {
                    CmdError::fixed("ERR Error unloading module: no such module with that name")
                }
                true => CmdError::fixed(
                    "ERR Error loading the extension. Lockstep cannot load modules.",
                ),
            });
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }
}

/// `ACL DRYRUN user command [argument ...]`: the only user may run all that exists.
fn dry_run(args: Args<'_>) -> Outcome {
    if args.at(2) != b"default" {
        return Err(CmdError::quoting("ERR User '", args.at(2), "' not found"));
    }
    let name = args.at(3);
    let spec = lookup(name);
    let spec = spec.ok_or_else(|| CmdError::quoting("ERR Command '", name, "' not found"))?;
    match arity_fits(spec, args.len() - 3) {
        true => Ok(()),
        false => Err(CmdError::arity(spec.name)),
    }
}

fn acl_cat(conn: &mut Conn, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(CmdError::arity("acl|cat"));
    }
    let Some(asked) = args.get(2) else {
        conn.out.array(CATEGORIES.len());
        CATEGORIES.iter().for_each(|name| conn.out.bulk(name.as_bytes()));
        return Ok(());
    };
    let known = CATEGORIES.iter().find(|name| asked.eq_ignore_ascii_case(name.as_bytes()));
    let category = known.ok_or_else(|| CmdError::quoting("ERR Unknown category '", asked, "'"))?;
    let commands = commands_of(category);
    conn.out.array(commands.len());
    commands.iter().for_each(|name| conn.out.bulk(name.as_bytes()));
    Ok(())
}

const HELP: &[&str] = &[
    "CAT [<category>]",
    "    List all commands that belong to <category>, or all command categories",
    "    when no category is specified.",
    "DELUSER <username> [<username> ...]",
    "    Delete a list of users.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Returns whether the user can execute the given command without executing it.",
    "GETUSER <username>",
    "    Get the user's details.",
    "GENPASS [<bits>]",
    "    Generate a secure 256-bit user password. The optional `bits` argument can",
    "    be used to specify a different size.",
    "LIST",
    "    Show users details in config file format.",
    "LOG [<count> | RESET]",
    "    Show the ACL log entries.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Set the passwords of the user default.",
    "USERS",
    "    List all the registered usernames.",
    "WHOAMI",
    "    Return the current connection username.",
];

const MODULE_HELP: &[&str] = &["LIST", "    Return a list of loaded modules."];
