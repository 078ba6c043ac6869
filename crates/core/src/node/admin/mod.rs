//! Commands about the server, its clients and its configuration.

use super::Node;
use super::conn::Conn;
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, Outcome};
use crate::resp::Args;
use crate::trace::Trace;

impl<T: Trace> Node<T> {
    /// Carries out what the dispatcher does not do itself.
    pub(super) fn admin(
        &mut self,
        conn: &mut Conn,
        command: NodeCommand,
        args: Args<'_>,
    ) -> Outcome {
        match command {
            NodeCommand::Dbsize => {
                conn.out.count(self.keyspace.len(conn.db));
                Ok(())
            }
            NodeCommand::Auth => self.auth(conn, args),
            _ => Err(CmdError::fixed("ERR this command is not carried out yet")),
        }
    }

    fn auth(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let given = args.at(args.len() - 1);
        if self.config.requirepass.is_empty() && args.len() == 2 {
            return Err(CmdError::fixed(
                "ERR AUTH <password> called without any password configured for the default user. \
                 Are you sure your configuration is correct?",
            ));
        }
        let default_user = args.len() == 2 || args.at(1) == b"default";
        if !default_user || !same_bytes(given, &self.config.requirepass) {
            return Err(CmdError::fixed(
                "WRONGPASS invalid username-password pair or user is disabled.",
            ));
        }
        conn.authenticated = true;
        conn.out.ok();
        Ok(())
    }
}

/// Compares in a time that does not depend on where the difference is.
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}
