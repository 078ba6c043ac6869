//! `CLIENT`

use super::super::Node;
use super::super::blocked::PausePurpose;
use super::super::conn::{Conn, Kind, ReplyMode};
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
use crate::id::ConnId;
use crate::num::parse_i64;
use crate::resp::{Args, Reply};
use crate::trace::{CloseReason, Trace};

/// Types of clients, as `CLIENT LIST TYPE` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientType {
    Normal,
    Master,
    Replica,
    PubSub,
}

impl ClientType {
    fn parse(name: &[u8]) -> Result<Self, CmdError> {
        for (known, kind) in [
            ("normal", Self::Normal),
            ("master", Self::Master),
            ("replica", Self::Replica),
            ("slave", Self::Replica),
            ("pubsub", Self::PubSub),
        ] {
            if name.eq_ignore_ascii_case(known.as_bytes()) {
                return Ok(kind);
            }
        }
        Err(CmdError::quoting("ERR Unknown client type '", name, "'"))
    }

    fn of(conn: &Conn) -> Self {
        match conn.kind {
            Kind::Client if conn.subs.is_some() => Self::PubSub,
            Kind::Client => Self::Normal,
            Kind::Master => Self::Master,
            Kind::Replica(_) => Self::Replica,
        }
    }
}

/// Which clients `CLIENT KILL` means.
#[derive(Debug, Default)]
struct KillFilter {
    id: Option<u64>,
    kind: Option<ClientType>,
    peer: Option<Vec<u8>>,
    local: Option<Vec<u8>>,
    /// A user other than `default`: nobody.
    nobody: bool,
    include_me: bool,
}

impl KillFilter {
    fn parse(args: Args<'_>) -> Result<Self, CmdError> {
        let mut out = Self::default();
        let mut at = 2;
        while let Some(option) = args.get(at) {
            let value = args.get(at + 1).ok_or(CmdError::SYNTAX)?;
            if option.eq_ignore_ascii_case(b"id") {
                const BAD_ID: CmdError = CmdError::fixed("ERR client-id should be greater than 0");
                let id = parse_i64(value).filter(|id| *id > 0).ok_or(BAD_ID)?;
                out.id = Some(id as u64);
            } else if option.eq_ignore_ascii_case(b"type") {
                out.kind = Some(ClientType::parse(value)?);
            } else if option.eq_ignore_ascii_case(b"addr") {
                out.peer = Some(value.to_vec());
            } else if option.eq_ignore_ascii_case(b"laddr") {
                out.local = Some(value.to_vec());
            } else if option.eq_ignore_ascii_case(b"user") {
                if value != b"default" {
                    return Err(CmdError::quoting("ERR No such user '", value, "'"));
                }
            } else if option.eq_ignore_ascii_case(b"skipme") {
                out.include_me = !yes_no(value)?;
            } else {
                return Err(CmdError::SYNTAX);
            }
            at += 2;
        }
        Ok(out)
    }

    fn wants(&self, conn: &Conn) -> bool {
        !self.nobody
            && self.id.is_none_or(|id| conn.client_id == id)
            && self.kind.is_none_or(|kind| ClientType::of(conn) == kind)
            && self.peer.as_ref().is_none_or(|peer| conn.peer.as_bytes() == peer)
            && self.local.as_ref().is_none_or(|local| conn.local.as_bytes() == local)
    }
}

fn yes_no(word: &[u8]) -> Result<bool, CmdError> {
    on_off(word, b"yes", b"no")
}

fn on_off(word: &[u8], on: &[u8], off: &[u8]) -> Result<bool, CmdError> {
    if word.eq_ignore_ascii_case(on) {
        Ok(true)
    } else if word.eq_ignore_ascii_case(off) {
        Ok(false)
    } else {
        Err(CmdError::SYNTAX)
    }
}

/// Whether a name may be a client's: printable, without spaces.
pub(super) fn check_name(name: &[u8]) -> Outcome {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(());
    }
    Err(CmdError::fixed("ERR Client names cannot contain spaces, newlines or special characters."))
}

impl<T: Trace> Node<T> {
    pub(super) fn client(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("client", args);
        if sub.is("id", 2)? {
            conn.last_command = "client|id";
            conn.out.int(conn.client_id as i64);
        } else if sub.is("info", 2)? {
            conn.last_command = "client|info";
            let line = self.describe(conn, Some(args)) + "\n";
            conn.out.verbatim("txt", line.as_bytes());
        } else if sub.is("list", -2)? {
            conn.last_command = "client|list";
            return self.client_list(conn, args);
        } else if sub.is("getname", 2)? {
            conn.last_command = "client|getname";
            match conn.name.is_empty() {
                true => conn.out.null(),
                false => conn.out.bulk(&conn.name),
            }
        } else if sub.is("setname", 3)? {
            conn.last_command = "client|setname";
            check_name(args.at(2))?;
            conn.name = args.at(2).to_vec();
            conn.out.ok();
        } else if sub.is("kill", -3)? {
            conn.last_command = "client|kill";
            return self.client_kill(conn, args);
        } else if sub.is("reply", 3)? {
            conn.last_command = "client|reply";
            return client_reply(conn, args.at(2));
        } else if sub.is("no-evict", 3)? {
            conn.last_command = "client|no-evict";
            conn.no_evict = on_off(args.at(2), b"on", b"off")?;
            conn.out.ok();
        } else if sub.is("pause", -3)? {
            conn.last_command = "client|pause";
            if args.len() > 4 {
                return Err(sub.wrong());
            }
            return self.client_pause(conn, args);
        } else if sub.is("unpause", 2)? {
            conn.last_command = "client|unpause";
            self.unpause(PausePurpose::Command);
            conn.out.ok();
        } else if sub.is("unblock", -3)? {
            conn.last_command = "client|unblock";
            if args.len() > 4 {
                return Err(sub.wrong());
            }
            return self.client_unblock(conn, args);
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "CLIENT", HELP);
        } else {
            return client_rest(conn, &sub);
        }
        Ok(())
    }

    /// `CLIENT LIST [TYPE type | ID id [id ...]]`
    fn client_list(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let mut kind = None;
        let mut ids: Option<Vec<u64>> = None;
        match args.get(2) {
            None => {}
            Some(word) if args.len() == 4 && word.eq_ignore_ascii_case(b"type") => {
                kind = Some(ClientType::parse(args.at(3))?);
            }
            Some(word) if args.len() > 3 && word.eq_ignore_ascii_case(b"id") => {
                const INVALID: CmdError = CmdError::fixed("ERR Invalid client ID");
                let id = |arg: &[u8]| parse_i64(arg).map(|id| id as u64).ok_or(INVALID);
                ids = Some(args.from(3).map(id).collect::<Result<_, _>>()?);
            }
            Some(_) => return Err(CmdError::SYNTAX),
        }
        let mut shown: Vec<&Conn> = self.conns.iter().chain([&*conn]).collect();
        shown.retain(|conn| kind.is_none_or(|kind| ClientType::of(conn) == kind));
        shown.retain(|conn| ids.as_ref().is_none_or(|ids| ids.contains(&conn.client_id)));
        shown.sort_unstable_by_key(|conn| conn.client_id);
        let line = |shown: &&Conn| {
            let own = shown.client_id == conn.client_id;
            self.describe(shown, own.then_some(args)) + "\n"
        };
        let lines: String = shown.iter().map(line).collect();
        conn.out.verbatim("txt", lines.as_bytes());
        Ok(())
    }

    /// `CLIENT UNBLOCK id [TIMEOUT | ERROR]`. Who waits for the end of a pause or of the server is
    /// left alone.
    fn client_unblock(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let with_error = match args.get(3) {
            None => false,
            Some(word) if word.eq_ignore_ascii_case(b"timeout") => false,
            Some(word) if word.eq_ignore_ascii_case(b"error") => true,
            Some(_) => {
                return Err(CmdError::fixed(
                    "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
                ));
            }
        };
        let wanted = parse_i64(args.at(2)).ok_or(CmdError::NOT_INT)? as u64;
        let target = self.conns.iter().find(|conn| conn.client_id == wanted);
        let target = target.map(|conn| (conn.id, conn.last_command));
        let freed = target.is_some_and(|(id, command)| {
            let freed = self.free_client(id, with_error);
            if freed {
                // Redis counts it as a failure either way.
                self.admin.commands.failed(command);
            }
            freed
        });
        conn.out.int(i64::from(freed));
        Ok(())
    }

    /// `CLIENT KILL addr`, or with filters.
    fn client_kill(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let old_form = args.len() == 3;
        let filter = if old_form {
            let peer = Some(args.at(2).to_vec());
            KillFilter { peer, include_me: true, ..KillFilter::default() }
        } else {
            KillFilter::parse(args)?
        };
        let victims: Vec<ConnId> =
            self.conns.iter().filter(|conn| filter.wants(conn)).map(|conn| conn.id).collect();
        let me = filter.include_me && filter.wants(conn);
        let count = victims.len() + usize::from(me);
        victims.into_iter().for_each(|id| self.close(id, CloseReason::Asked));
        if me {
            conn.closing = Some(CloseReason::Asked);
        }
        match (old_form, count) {
            (true, 0) => return Err(CmdError::fixed("ERR No such client")),
            (true, _) => conn.out.ok(),
            (false, count) => conn.out.count(count),
        }
        Ok(())
    }
}

/// `CLIENT REPLY ON|OFF|SKIP`
fn client_reply(conn: &mut Conn, mode: &[u8]) -> Outcome {
    if mode.eq_ignore_ascii_case(b"on") {
        conn.reply_mode = ReplyMode::On;
        conn.out.ok();
    } else if mode.eq_ignore_ascii_case(b"off") {
        conn.reply_mode = ReplyMode::Off;
    } else if mode.eq_ignore_ascii_case(b"skip") {
        if conn.reply_mode == ReplyMode::On {
            conn.reply_mode = ReplyMode::SkipNext;
        }
    } else {
        return Err(CmdError::SYNTAX);
    }
    Ok(())
}

/// Subcommands about what this server does not have: tracking, blocking, pauses.
fn client_rest(conn: &mut Conn, sub: &Sub<'_>) -> Outcome {
    if sub.is("getredir", 2)? {
        conn.out.int(-1);
    } else if sub.is("trackinginfo", 2)? {
        tracking_info(&mut conn.out);
    } else if sub.is("tracking", -3)? {
        if on_off(sub.args.at(2), b"on", b"off")? {
            return Err(CmdError::fixed("ERR client side caching is not supported by Lockstep"));
        }
        conn.out.ok();
    } else if sub.is("caching", 3)? {
        return Err(CmdError::fixed(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled",
        ));
    } else {
        return Err(sub.unknown());
    }
    Ok(())
}

/// The reply of `CLIENT TRACKINGINFO` with tracking off.
fn tracking_info(out: &mut Reply) {
    out.map(3);
    out.bulk(b"flags");
    out.set(1);
    out.bulk(b"off");
    out.bulk(b"redirect");
    out.int(-1);
    out.bulk(b"prefixes");
    out.array(0);
}

const HELP: &[&str] = &[
    "CACHING (YES|NO)",
    "    An error: keys are not tracked for clients here.",
    "GETREDIR",
    "    Who is told about tracked keys instead of this connection: always -1, nobody.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Describe the current connection.",
    "KILL <ip:port>",
    "    Close the connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Close connections. Options are:",
    "    * ADDR <ip:port>, LADDR <ip:port>, ID <id>, USER <name>",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "    * SKIPME (YES|NO), by default YES.",
    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]",
    "    Describe connections.",
    "UNPAUSE",
    "    End a pause: clients that wait are served.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Let all clients wait for <timeout> milliseconds, or those that would write.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETNAME <name>",
    "    Name the current connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    End the wait of a blocked client, as if its time were up or with an error.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    OFF is accepted; ON is an error: keys are not tracked for clients here.",
    "TRACKINGINFO",
    "    Tell that this connection does not track keys.",
    "NO-EVICT (ON|OFF)",
    "    Noted, and shown; nobody is evicted here.",
];
