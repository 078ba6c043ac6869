//! The node's timers.

use super::conn::Payload;
use super::{Node, Timer};
use crate::mutants::{Mutant, mutant};
use crate::replication::psync::Retirement;
use crate::replication::state::{ReplState, ReplicaState};
use crate::time::Instant;
use crate::trace::{CloseReason, Event, Level, Trace};

/// Redis's replication cron runs once a second.
const REPLICATION_PERIOD_MS: u64 = 1_000;
/// Redis's `serverCron`, for save points and the like.
const SERVER_PERIOD_MS: u64 = 1_000;
/// How often a shutdown and a failover are looked at.
const WATCH_PERIOD_MS: u64 = 100;
/// The active expire cycle, at `hz` 10.
const EXPIRE_PERIOD_MS: u64 = 100;
/// Keys looked at in one expire cycle.
const EXPIRE_BUDGET: usize = 400;

/// When each periodic timer is due.
#[derive(Debug, Clone, Hash)]
pub(super) struct Timers {
    replication: Instant,
    server: Instant,
    expire: Instant,
    /// How often the replication cron ran, for `repl-ping-replica-period`.
    replication_turns: u64,
    /// Every 100 ms while a shutdown or a failover waits for replicas.
    watch: Instant,
}

impl Timers {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            replication: now.plus_ms(REPLICATION_PERIOD_MS),
            server: now.plus_ms(SERVER_PERIOD_MS),
            expire: now.plus_ms(EXPIRE_PERIOD_MS),
            replication_turns: 0,
            watch: now,
        }
    }
}

impl Timers {
    /// The replication cron's first turn is due: there is a master to connect to.
    pub(super) fn replicate_at_once(&mut self, now: Instant) {
        self.replication = now;
    }
}

impl<T: Trace> Node<T> {
    pub(super) fn next_timer(&self) -> Option<(Instant, Timer)> {
        let work = self.snapshot_work_at();
        if work.is_some_and(|at| at <= self.now.instant) {
            return Some((self.now.instant, Timer::Work));
        }
        let cron =
            (self.timers.replication, Timer::Replication).min((self.timers.server, Timer::Server));
        let cron = self.next_wait_timer().map_or(cron, |wait| cron.min(wait));
        let cron = match self.watches() {
            true => cron.min((self.timers.watch, Timer::Clients)),
            false => cron,
        };
        let cron = work.map_or(cron, |at| cron.min((at, Timer::Work)));
        // The active expire cycle runs when a key is due, but not more often than Redis's.
        let expire = self.next_expire();
        Some(expire.map_or(cron, |at_ms| {
            let wait_ms = at_ms.saturating_sub(self.now.unix_ms).saturating_add(1);
            let due = self.now.instant.plus_ms(wait_ms).max(self.timers.expire);
            cron.min((due, Timer::Expire))
        }))
    }

    pub(super) fn fire_timers(&mut self) {
        let now = self.now.instant;
        if self.loading.is_some() {
            // There is no dataset yet to save, expire or replicate.
            self.timers.server = now.plus_ms(SERVER_PERIOD_MS);
            self.timers.replication = now.plus_ms(EXPIRE_PERIOD_MS);
            self.timers.expire = self.timers.replication;
            self.fire_wait_timers();
            self.sample_rates();
            return;
        }
        self.snapshot_work();
        self.fire_wait_timers();
        if now >= self.timers.expire {
            self.timers.expire = now.plus_ms(EXPIRE_PERIOD_MS);
            self.expire_cycle();
        }
        if now >= self.timers.replication {
            self.timers.replication =
                self.timers.replication.plus_ms(REPLICATION_PERIOD_MS).max(now);
            self.replication_cron();
        }
        if self.watches() && now >= self.timers.watch {
            self.watch_from_now();
            self.check_shutdown();
            // As in Redis, the replication cron turns ten times as fast during a failover.
            if self.failover.is_some() {
                self.replication_cron();
            }
        }
        if now >= self.timers.server {
            self.timers.server = now.plus_ms(SERVER_PERIOD_MS);
            self.server_cron();
        }
    }

    /// Whether a shutdown or a failover waits for replicas.
    fn watches(&self) -> bool {
        self.failover.is_some() || self.shutdown_in_ms().is_some()
    }

    /// The next look at those is due in 100 ms.
    pub(super) fn watch_from_now(&mut self) {
        self.timers.watch = self.now.instant.plus_ms(WATCH_PERIOD_MS);
    }

    /// A replica waits for its master's word, except for what its own clients have written.
    fn expires_own_only(&self) -> bool {
        self.config.replicaof.is_some() && !mutant(Mutant::ReplicaExpires)
    }

    /// When a key is due that this node may delete by itself.
    fn next_expire(&self) -> Option<u64> {
        let active = self.admin.active_expire && !self.is_paused();
        self.keyspace.next_expire_hint(self.expires_own_only()).filter(|_| active)
    }

    fn expire_cycle(&mut self) {
        if self.next_expire().is_none() {
            return;
        }
        self.begin_read();
        self.admin.watch.start();
        let own_only = self.expires_own_only();
        self.keyspace.expire_cycle(EXPIRE_BUDGET, own_only);
        self.stats.expire_nanos += self.admin.watch.lap(self.admin.watch.at);
        if self.keyspace.has_notices() {
            self.publish_notices(None);
        }
        self.propagate_expired();
    }

    /// Once a second, in the order of Redis's `replicationCron`.
    fn replication_cron(&mut self) {
        if self.trace.is_fine() {
            self.record(Event::TimerFired(Timer::Replication));
        }
        self.update_failover();
        self.check_master_timeout();
        let retry = self.link.refused.is_none_or(|refused| self.now.instant >= refused.retry_at);
        if self.link.state == ReplState::Connect && self.config.replicaof.is_some() && retry {
            self.connect_to_master();
        }
        self.ack_master();
        self.timers.replication_turns += 1;
        let period = self.config.repl_ping_replica_period.max(1);
        if self.timers.replication_turns.is_multiple_of(period) && !self.replicas.is_empty() {
            self.feed_ping();
        }
        self.keep_waiting_replicas_alive();
        self.drop_silent_replicas();
        self.release_idle_backlog();
        self.start_due_snapshot();
        self.remove_file_of_replicas();
    }

    /// A lone newline tells a replica that waits for its snapshot that we are alive.
    fn keep_waiting_replicas_alive(&mut self) {
        for id in self.replicas.clone() {
            let Some(mut conn) = self.conns.take(id) else { continue };
            let waits = conn.replica().is_some_and(|peer| {
                let to_file = peer.payload == Payload::None;
                peer.state == ReplicaState::WaitBgsaveStart
                    || (peer.state == ReplicaState::WaitBgsaveEnd && to_file)
            });
            if waits {
                conn.out.buffer_mut().push(b'\n');
            }
            self.put_back(conn);
        }
    }

    fn drop_silent_replicas(&mut self) {
        let (now, timeout) = (self.now.instant, self.config.repl_timeout);
        for id in self.replicas.clone() {
            let Some(conn) = self.conns.get(id) else { continue };
            let waiting = conn.out_waiting() > 0 || self.replica_has_output(conn);
            let Some(conn) = self.conns.get_mut(id) else { continue };
            let Some(peer) = conn.replica_mut() else { continue };
            let (kind, since) = match peer.state {
                ReplicaState::Online if !peer.old_sync => ("streaming sync", peer.ack_time),
                // A snapshot may take any time, but one from memory that does not move would keep
                // others from theirs for ever.
                _ if matches!(peer.payload, Payload::Shared { .. }) => {
                    if !waiting {
                        peer.payload_progress = now;
                    }
                    ("full sync", peer.payload_progress)
                }
                _ => continue,
            };
            if now.secs_since(since) > timeout && !mutant(Mutant::ReplicaTimeoutNever) {
                let name = conn.replica_name();
                self.log(
                    Level::Warning,
                    format!("Disconnecting timedout replica ({kind}): {name}"),
                );
                self.close(id, CloseReason::Timeout);
            }
        }
    }

    /// `repl-backlog-ttl`: a master without replicas gives the backlog back, and with it its id.
    fn release_idle_backlog(&mut self) {
        let ttl = self.config.repl_backlog_ttl;
        let idle = self.now.instant.secs_since(self.no_replicas_since);
        if ttl == 0
            || idle <= ttl
            || !self.replicas.is_empty()
            || !self.stream.is_active()
            || (self.config.replicaof.is_some() && self.config.era.has_psync2())
        {
            return;
        }
        if self.config.era.has_psync2() {
            self.stream.new_history(&mut self.rng, Retirement::BacklogFreed);
        }
        self.stream.free_backlog();
        self.log(
            Level::Notice,
            format!("Replication backlog freed after {ttl} seconds without connected replicas."),
        );
        self.record(Event::BacklogFreed { after_seconds: ttl });
    }

    fn server_cron(&mut self) {
        self.check_save_points();
        self.sample_rates();
        self.check_clients();
    }
}
