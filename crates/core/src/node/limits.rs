//! `client-output-buffer-limit`, and clients that are idle for too long.

use super::conn::{Conn, Kind};
use super::{Node, OUTPUT_FREE_BYTES, OUTPUT_PAUSE_BYTES};
use crate::config::OutputLimit;
use crate::time::Instant;
use crate::trace::{CloseReason, Level, Trace};

/// A connection that is being closed but whose peer does not read what is left is dropped after
/// this long.
const LINGER_SECONDS: u64 = 10;

/// Whether so much waiting output is too much, now or for too long.
pub(super) fn exceeds(
    limit: OutputLimit,
    waiting: u64,
    over_soft_since: &mut Option<Instant>,
    now: Instant,
) -> bool {
    if limit.hard > 0 && waiting >= limit.hard {
        return true;
    }
    if limit.soft == 0 || waiting < limit.soft {
        *over_soft_since = None;
        return false;
    }
    let since = *over_soft_since.get_or_insert(now);
    now.secs_since(since) > limit.soft_seconds
}

impl<T: Trace> Node<T> {
    /// Whether too much output waits for a client (or a monitor, which counts as one in Redis).
    #[cold]
    pub(super) fn over_client_limit(&mut self, conn: &mut Conn, waiting: u64) -> bool {
        if !matches!(conn.kind, Kind::Client) {
            return false;
        }
        let limit = match conn.subs {
            Some(_) => self.config.output_limit_pubsub,
            None => self.config.output_limit_normal,
        };
        // What is pushed does not stop when nothing is read from the client any more.
        let pushed = conn.subs.is_some() || conn.monitor;
        (pushed && waiting > OUTPUT_PAUSE_BYTES as u64)
            || exceeds(limit, waiting, &mut conn.over_soft_since, self.now.instant)
    }

    pub(super) fn log_over_limit(&mut self, conn: &Conn) {
        let client = self.describe_client(conn);
        let text = format!(
            "Client {client} scheduled to be closed ASAP for overcoming of output buffer limits."
        );
        self.log(Level::Warning, text);
    }

    /// Drops those that have been over their soft limit for too long, also if nothing more is
    /// written for them.
    fn check_soft_limits(&mut self) {
        let over_soft = |conn: &&Conn| {
            let since = conn.replica().map_or(conn.over_soft_since, |peer| peer.over_soft_since);
            since.is_some()
        };
        let over: Vec<_> = self.conns.iter().filter(over_soft).map(|conn| conn.id).collect();
        for id in over {
            let Some(mut conn) = self.conns.take(id) else { continue };
            let (waiting, client) = (conn.out_waiting(), self.describe_client(&conn));
            let is_replica = conn.replica().is_some();
            if waiting <= OUTPUT_FREE_BYTES {
                conn.over_soft_since = None;
            }
            let small = conn.over_soft_since.is_none();
            let over = !small && self.over_client_limit(&mut conn, waiting as u64);
            self.conns.insert(conn);
            if over || (is_replica && self.over_output_limit(id)) {
                self.close(id, CloseReason::OutputLimit);
                let text =
                    format!("Client {client} closed for overcoming of output buffer limits.");
                self.log(Level::Warning, text);
            }
        }
    }

    /// Once a second: drops clients over their soft limit, idle ones, and those that do not read
    /// what is left for them.
    pub(super) fn check_clients(&mut self) {
        let (now, timeout) = (self.now.instant, self.config.timeout);
        self.check_soft_limits();
        let late = |conn: &&Conn| {
            let idle = now.secs_since(conn.last_input);
            // Who waits, listens or watches says nothing for good reason.
            let silent = conn.blocked.is_some() || conn.subs.is_some() || conn.monitor;
            let client = matches!(conn.kind, Kind::Client) && !silent;
            (client && timeout > 0 && idle > timeout)
                || (conn.closing.is_some() && idle > LINGER_SECONDS)
        };
        let late: Vec<_> = self.conns.iter().filter(late).map(|conn| conn.id).collect();
        for id in late {
            self.log(Level::Verbose, "Closing idle client");
            self.close(id, CloseReason::Timeout);
        }
    }
}
