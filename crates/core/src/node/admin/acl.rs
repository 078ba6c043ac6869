//! `ACL` and `MODULE`, as far as there is something to tell: one user, no modules.

use super::super::Node;
use super::super::conn::Conn;
use super::command::commands_of;
use super::config::is_local;
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
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
            return self.acl_genpass(conn, args);
        } else if sub.is("log", -2)? {
            match args.get(2) {
                Some(word) if word.eq_ignore_ascii_case(b"reset") => out.ok(),
                _ => out.array(0),
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
            Some(text) => parse_i64(text).filter(|n| (1..=4096).contains(n)).ok_or(BAD_BITS)?,
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
