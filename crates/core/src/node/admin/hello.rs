//! `HELLO`, `AUTH`, `RESET`: how a connection introduces itself.

use super::super::Node;
use super::super::REDIS_VERSION;
use super::super::conn::{Conn, Kind, ReplyMode};
use super::client::check_name;
use crate::commands::{CmdError, Outcome};
use crate::num::parse_i64;
use crate::resp::Args;
use crate::trace::Trace;

const WRONGPASS: CmdError =
    CmdError::fixed("WRONGPASS invalid username-password pair or user is disabled.");
const NO_PASSWORD_SET: CmdError = CmdError::fixed(
    "ERR AUTH <password> called without any password configured for the default user. Are you \
     sure your configuration is correct?",
);
const HELLO_NOAUTH: CmdError = CmdError::fixed(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH \
     <user> <pass> option can be used to authenticate the client and select the RESP protocol \
     version at the same time",
);

impl<T: Trace> Node<T> {
    /// `AUTH [username] password`. There is one user, `default`.
    pub(super) fn auth(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        match (args.get(1), args.get(2)) {
            _ if args.len() > 3 => return Err(CmdError::SYNTAX),
            (Some(_), None) if !self.config.needs_password() => return Err(NO_PASSWORD_SET),
            (Some(password), None) => self.authenticate(conn, b"default", password)?,
            (Some(user), Some(password)) => self.authenticate(conn, user, password)?,
            (None, _) => return Err(CmdError::arity("auth")),
        }
        conn.out.ok();
        Ok(())
    }

    fn authenticate(&mut self, conn: &mut Conn, user: &[u8], password: &[u8]) -> Outcome {
        // Without a password the default user takes any password, as in Redis.
        if user != b"default"
            || (self.config.needs_password() && !self.config.is_password(password))
        {
            return Err(WRONGPASS);
        }
        conn.authenticated = true;
        Ok(())
    }

    /// `HELLO [protover [AUTH username password] [SETNAME clientname]]`
    pub(super) fn hello(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let version = match args.get(1) {
            None => None,
            Some(text) => match parse_i64(text) {
                None => {
                    return Err(CmdError::fixed(
                        "ERR Protocol version is not an integer or out of range",
                    ));
                }
                Some(2) => Some(false),
                Some(3) => Some(true),
                Some(_) => {
                    return Err(CmdError::fixed("NOPROTO unsupported protocol version"));
                }
            },
        };
        let mut at = 2;
        while let Some(option) = args.get(at) {
            let (first, second) = (args.get(at + 1), args.get(at + 2));
            match (first, second) {
                (Some(user), Some(password)) if option.eq_ignore_ascii_case(b"auth") => {
                    self.authenticate(conn, user, password)?;
                    at += 3;
                }
                (Some(name), _) if option.eq_ignore_ascii_case(b"setname") => {
                    check_name(name)?;
                    conn.name = name.to_vec();
                    at += 2;
                }
                _ => {
                    let before = "ERR Syntax error in HELLO option '";
                    return Err(CmdError::quoting(before, option, "'"));
                }
            }
        }
        if !conn.authenticated {
            return Err(HELLO_NOAUTH);
        }
        if let Some(resp3) = version {
            conn.out.set_resp3(resp3);
        }
        self.hello_reply(conn);
        Ok(())
    }

    fn hello_reply(&self, conn: &mut Conn) {
        let role = if self.config.replicaof.is_some() { "replica" } else { "master" };
        let out = &mut conn.out;
        out.map(7);
        out.bulk(b"server");
        out.bulk(b"redis");
        out.bulk(b"version");
        out.bulk(REDIS_VERSION.as_bytes());
        out.bulk(b"proto");
        out.int(if out.resp3() { 3 } else { 2 });
        out.bulk(b"id");
        out.int(conn.client_id as i64);
        out.bulk(b"mode");
        out.bulk(b"standalone");
        out.bulk(b"role");
        out.bulk(role.as_bytes());
        out.bulk(b"modules");
        out.array(0);
    }

    /// `RESET`
    pub(super) fn reset(&mut self, conn: &mut Conn) -> Outcome {
        if !matches!(conn.kind, Kind::Client) {
            return Err(CmdError::fixed("ERR can only reset normal client connections"));
        }
        conn.multi = None;
        self.unwatch_all(conn);
        self.unsubscribe_all(conn);
        self.stop_monitoring(conn);
        conn.db = 0;
        conn.name.clear();
        conn.reply_mode = ReplyMode::On;
        conn.no_evict = false;
        conn.authenticated = !self.config.needs_password();
        conn.out.set_resp3(false);
        conn.out.simple("RESET");
        Ok(())
    }
}
