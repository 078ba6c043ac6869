//! `INFO`

use crate::num::double::{self, fixed};
use std::fmt::Write as _;

use super::super::conn::Conn;
use super::super::pubsub::Space;
use super::super::{Node, REDIS_VERSION};
use super::VERSION;
use crate::commands::Outcome;
use crate::replication::state::{ReplState, ReplicaState};
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::Trace;

/// A section: its name in lower case, its title, and whether a plain `INFO` shows it.
const SECTIONS: &[(&str, &str, bool)] = &[
    ("server", "Server", true),
    ("clients", "Clients", true),
    ("memory", "Memory", true),
    ("persistence", "Persistence", true),
    ("stats", "Stats", true),
    ("replication", "Replication", true),
    ("cpu", "CPU", true),
    ("modules", "Modules", true),
    ("commandstats", "Commandstats", false),
    ("errorstats", "Errorstats", true),
    ("latencystats", "Latencystats", false),
    ("cluster", "Cluster", true),
    ("keyspace", "Keyspace", true),
];

/// A field and its value, one line of `INFO`.
macro_rules! field {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a string cannot fail.
        let _ = write!($out, $($arg)*);
        $out.push_str("\r\n");
    }};
}

impl<T: Trace> Node<T> {
    /// `INFO [section ...]`
    pub(super) fn info(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let asked: Vec<String> =
            args.from(1).map(|arg| String::from_utf8_lossy(arg).to_ascii_lowercase()).collect();
        let has = |name: &str| asked.iter().any(|word| word == name);
        let everything = has("all") || has("everything");
        let default = asked.is_empty() || has("default");
        let mut out = String::new();
        for (name, title, usual) in SECTIONS {
            if everything || (default && *usual) || has(name) {
                if !out.is_empty() {
                    out.push_str("\r\n");
                }
                field!(out, "# {title}");
                let from = out.len();
                self.section(conn, name, &mut out);
                if !self.config.era.is_modern() {
                    let section = self.config.era.info(&out[from..]);
                    out.truncate(from);
                    out.push_str(&section);
                }
            }
        }
        conn.out.verbatim("txt", out.as_bytes());
        Ok(())
    }

    fn section(&mut self, conn: &Conn, name: &str, out: &mut String) {
        match name {
            "server" => self.info_server(out),
            "clients" => self.info_clients(conn, out),
            "memory" => self.info_memory(conn, out),
            "persistence" => self.info_persistence(out),
            "stats" => self.info_stats(out),
            "replication" => self.info_replication(self.now.instant, out),
            "cpu" => self.info_cpu(out),
            "commandstats" => self.info_commands(out),
            "errorstats" => {
                for (code, count) in self.stats.errors.iter() {
                    field!(out, "errorstat_{code}:count={count}");
                }
            }
            "cluster" => field!(out, "cluster_enabled:0"),
            "keyspace" => self.info_keyspace(out),
            "latencystats" => self.info_latencies(out),
            // There are no modules.
            _ => {}
        }
    }

    fn info_server(&self, out: &mut String) {
        let process = &self.config.driver.process;
        let uptime = self.now.instant.secs_since(self.started.instant);
        let hz = self.config.hz;
        field!(out, "redis_version:{REDIS_VERSION}");
        field!(out, "redis_git_sha1:00000000");
        field!(out, "redis_git_dirty:0");
        field!(out, "redis_build_id:0");
        field!(out, "lockstep_version:{VERSION}");
        field!(out, "lockstep_era:{}", self.config.era.name());
        field!(out, "redis_mode:standalone");
        field!(out, "os:{}", process.os);
        // As RDB files say; a node in a WebAssembly module answers as a server would.
        field!(out, "arch_bits:64");
        out.push_str(
            "monotonic_clock:POSIX clock_gettime\r\n\
             multiplexing_api:epoll\r\n\
             atomicvar_api:c11-builtin\r\n\
             gcc_version:0.0.0\r\n",
        );
        field!(out, "process_id:{}", process.id);
        field!(out, "process_supervised:no");
        field!(out, "run_id:{}", self.run_id());
        field!(out, "tcp_port:{}", self.config.port);
        let (seconds, micros) = self.now.wall();
        field!(out, "server_time_usec:{}", seconds * 1_000_000 + micros);
        field!(out, "uptime_in_seconds:{uptime}");
        field!(out, "uptime_in_days:{}", uptime / 86_400);
        field!(out, "hz:{hz}");
        field!(out, "configured_hz:{hz}");
        field!(out, "lru_clock:{}", (self.now.unix_ms / 1000) & 0xff_ffff);
        field!(out, "executable:{}", process.executable);
        field!(out, "config_file:{}", process.config_file);
        field!(out, "io_threads_active:0");
        if let Some(left) = self.shutdown_in_ms() {
            field!(out, "shutdown_in_milliseconds:{left}");
        }
    }

    fn info_clients(&self, conn: &Conn, out: &mut String) {
        let all = || self.conns.iter().chain([conn]);
        let clients = all().filter(|conn| conn.replica().is_none()).count();
        let blocked = self.waiting.count();
        let largest_input = all().map(|conn| conn.pending.capacity()).max().unwrap_or(0);
        let largest_output = all().map(|conn| conn.out_waiting()).max().unwrap_or(0);
        field!(out, "connected_clients:{clients}");
        field!(out, "cluster_connections:0");
        field!(out, "maxclients:{}", self.config.maxclients);
        field!(out, "client_recent_max_input_buffer:{largest_input}");
        field!(out, "client_recent_max_output_buffer:{largest_output}");
        field!(out, "blocked_clients:{blocked}");
        field!(out, "tracking_clients:0");
        field!(out, "clients_in_timeout_table:{}", self.waiting.with_timeout());
    }

    /// Sizes are estimates, see `MEMORY`; only the driver knows the resident set.
    fn info_memory(&mut self, conn: &Conn, out: &mut String) {
        let used = self.memory_use(conn);
        let (total, peak) = (used.total(), self.admin.memory_peak);
        let usage = &self.admin.usage;
        let rss = usage.rss_bytes;
        let percent = |part: u64, whole: u64| fixed(part as f64 * 100.0 / whole.max(1) as f64, 2);
        let mut size = |name: &str, bytes: u64, human_too: bool| {
            field!(out, "{name}:{bytes}");
            if human_too {
                field!(out, "{name}_human:{}", human(bytes));
            }
        };
        size("used_memory", total, true);
        size("used_memory_rss", rss, true);
        size("used_memory_peak", peak, true);
        field!(out, "used_memory_peak_perc:{}%", percent(total, peak));
        field!(out, "used_memory_overhead:{}", used.overhead());
        field!(out, "used_memory_startup:0");
        field!(out, "used_memory_dataset:{}", used.dataset);
        field!(out, "used_memory_dataset_perc:{}%", percent(used.dataset, total));
        field!(out, "allocator_allocated:{total}");
        field!(out, "allocator_active:{total}");
        field!(out, "allocator_resident:{rss}");
        let system = usage.system_memory_bytes;
        field!(out, "total_system_memory:{system}");
        field!(out, "total_system_memory_human:{}", human(system));
        // There are no scripts and functions.
        out.push_str(
            "used_memory_lua:0\r\n\
             used_memory_vm_eval:0\r\n\
             used_memory_lua_human:0B\r\n\
             used_memory_scripts_eval:0\r\n\
             number_of_cached_scripts:0\r\n\
             number_of_functions:0\r\n\
             number_of_libraries:0\r\n\
             used_memory_vm_functions:0\r\n\
             used_memory_vm_total:0\r\n\
             used_memory_vm_total_human:0B\r\n\
             used_memory_functions:0\r\n\
             used_memory_scripts:0\r\n\
             used_memory_scripts_human:0B\r\n",
        );
        let maxmemory = self.config.maxmemory;
        field!(out, "maxmemory:{maxmemory}");
        field!(out, "maxmemory_human:{}", human(maxmemory));
        field!(out, "maxmemory_policy:{}", self.config.maxmemory_policy);
        let ratio = fixed(if total == 0 { 0.0 } else { rss as f64 / total as f64 }, 2);
        let beyond = rss as i64 - total as i64;
        out.push_str("allocator_frag_ratio:1.00\r\nallocator_frag_bytes:0\r\n");
        field!(out, "allocator_rss_ratio:{ratio}");
        field!(out, "allocator_rss_bytes:{beyond}");
        out.push_str("rss_overhead_ratio:1.00\r\nrss_overhead_bytes:0\r\n");
        field!(out, "mem_fragmentation_ratio:{ratio}");
        field!(out, "mem_fragmentation_bytes:{beyond}");
        field!(out, "mem_not_counted_for_evict:{}", self.uncounted_memory());
        let backlog = self.stream.backlog().map_or(0, |backlog| backlog.histlen);
        field!(out, "mem_replication_backlog:{backlog}");
        field!(out, "mem_total_replication_buffers:{}", used.backlog);
        field!(out, "mem_clients_slaves:{}", used.replicas);
        field!(out, "mem_clients_normal:{}", used.clients);
        field!(out, "mem_cluster_links:0");
        field!(out, "mem_aof_buffer:0");
        let allocator = &self.config.driver.process.allocator;
        field!(out, "mem_allocator:{}", if allocator.is_empty() { "libc" } else { allocator });
        field!(out, "active_defrag_running:0");
        field!(out, "lazyfree_pending_objects:0");
        field!(out, "lazyfreed_objects:0");
    }

    fn info_persistence(&self, out: &mut String) {
        let saving = &self.saving;
        let job = self.snapshot.as_ref();
        let seconds = job.map_or(-1, |job| self.now.instant.secs_since(job.started) as i64);
        let status = if saving.last_ok { "ok" } else { "err" };
        let (loaded, expired) = self.admin.last_load;
        field!(out, "loading:{}", u8::from(self.loads_for_all()));
        field!(out, "async_loading:{}", u8::from(self.loads_beside()));
        field!(out, "current_cow_peak:0");
        field!(out, "current_cow_size:0");
        field!(out, "current_cow_size_age:0");
        field!(out, "current_fork_perc:0.00");
        let keys = job.map_or((0, 0), |job| (job.keys_done, job.keys_total));
        field!(out, "current_save_keys_processed:{}", keys.0);
        field!(out, "current_save_keys_total:{}", keys.1);
        field!(out, "rdb_changes_since_last_save:{}", saving.dirty);
        field!(out, "rdb_bgsave_in_progress:{}", u8::from(job.is_some()));
        field!(out, "rdb_last_save_time:{}", saving.last_save);
        field!(out, "rdb_last_bgsave_status:{status}");
        field!(out, "rdb_last_bgsave_time_sec:{}", saving.last_duration_s);
        field!(out, "rdb_current_bgsave_time_sec:{seconds}");
        field!(out, "rdb_saves:{}", saving.saves);
        field!(out, "rdb_last_cow_size:0");
        field!(out, "rdb_last_load_keys_expired:{expired}");
        field!(out, "rdb_last_load_keys_loaded:{loaded}");
        field!(out, "aof_enabled:0");
        field!(out, "aof_rewrite_in_progress:0");
        field!(out, "aof_rewrite_scheduled:0");
        field!(out, "aof_last_rewrite_time_sec:-1");
        field!(out, "aof_current_rewrite_time_sec:-1");
        field!(out, "aof_last_bgrewrite_status:ok");
        field!(out, "aof_rewrites:0");
        field!(out, "aof_rewrites_consecutive_failures:0");
        field!(out, "aof_last_write_status:ok");
        field!(out, "aof_last_cow_size:0");
        field!(out, "module_fork_in_progress:0");
        field!(out, "module_fork_last_cow_size:0");
        let of_start = self.loading.as_ref();
        let of_start =
            of_start.map(|s| (s.total, s.read.min(s.total), s.since_ms, s.used_memory()));
        let of_master = self.link.transfer.as_ref().filter(|t| t.loads().is_some());
        let of_master =
            of_master.map(|t| (t.total().unwrap_or(0), t.read, t.since_ms, t.used_memory()));
        if let Some((total, read, since_ms, used)) = of_start.or(of_master) {
            let elapsed_ms = self.now.unix_ms.saturating_sub(since_ms);
            let eta_ms = (elapsed_ms * total.saturating_sub(read)).checked_div(read);
            field!(out, "loading_start_time:{}", since_ms / 1000);
            field!(out, "loading_total_bytes:{total}");
            field!(out, "loading_rdb_used_mem:{used}");
            field!(out, "loading_loaded_bytes:{read}");
            field!(
                out,
                "loading_loaded_perc:{}",
                fixed(read as f64 * 100.0 / total.max(1) as f64, 2)
            );
            field!(out, "loading_eta_seconds:{}", eta_ms.unwrap_or(1000) / 1000);
        }
    }

    fn info_stats(&self, out: &mut String) {
        let (stats, keys) = (&self.stats, self.keyspace.stats());
        let [commands, input, output, repl_input, repl_output] = self.admin.rates.per_second;
        let kilo = |rate: u64| fixed(rate as f64 / 1024.0, 2);
        field!(out, "total_connections_received:{}", stats.connections_received);
        field!(out, "total_commands_processed:{}", stats.commands_processed);
        field!(out, "instantaneous_ops_per_sec:{commands}");
        field!(out, "total_net_input_bytes:{}", stats.net_input_bytes);
        field!(out, "total_net_output_bytes:{}", stats.net_output_bytes);
        field!(out, "total_net_repl_input_bytes:{}", stats.net_repl_input_bytes);
        field!(out, "total_net_repl_output_bytes:{}", stats.net_repl_output_bytes);
        field!(out, "instantaneous_input_kbps:{}", kilo(input));
        field!(out, "instantaneous_output_kbps:{}", kilo(output));
        field!(out, "instantaneous_input_repl_kbps:{}", kilo(repl_input));
        field!(out, "instantaneous_output_repl_kbps:{}", kilo(repl_output));
        field!(out, "rejected_connections:{}", stats.rejected_connections);
        field!(out, "sync_full:{}", stats.sync_full);
        field!(out, "sync_partial_ok:{}", stats.sync_partial_ok);
        field!(out, "sync_partial_err:{}", stats.sync_partial_err);
        field!(out, "expired_keys:{}", keys.expired);
        out.push_str("expired_stale_perc:0.00\r\nexpired_time_cap_reached_count:0\r\n");
        field!(out, "expire_cycle_cpu_milliseconds:{}", stats.expire_nanos / 1_000_000);
        field!(out, "evicted_keys:{}", stats.evicted_keys);
        out.push_str(
            "evicted_clients:0\r\n\
             total_eviction_exceeded_time:0\r\n\
             current_eviction_exceeded_time:0\r\n",
        );
        field!(out, "keyspace_hits:{}", keys.hits);
        field!(out, "keyspace_misses:{}", keys.misses);
        for (name, space) in [
            ("pubsub_channels", Space::Channel),
            ("pubsub_patterns", Space::Pattern),
            ("pubsubshard_channels", Space::Shard),
        ] {
            field!(out, "{name}:{}", self.listeners.names(space));
        }
        // Snapshots here need no fork.
        out.push_str(
            "latest_fork_usec:0\r\n\
             total_forks:0\r\n\
             migrate_cached_sockets:0\r\n\
             slave_expires_tracked_keys:",
        );
        field!(out, "{}", self.keyspace.own_deadlines());
        out.push_str(
            "active_defrag_hits:0\r\n\
             active_defrag_misses:0\r\n\
             active_defrag_key_hits:0\r\n\
             active_defrag_key_misses:0\r\n\
             total_active_defrag_time:0\r\n\
             current_active_defrag_time:0\r\n\
             tracking_total_keys:0\r\n\
             tracking_total_items:0\r\n\
             tracking_total_prefixes:0\r\n",
        );
        field!(out, "unexpected_error_replies:{}", stats.unexpected_error_replies);
        field!(out, "total_error_replies:{}", stats.error_replies);
        field!(out, "dump_payload_sanitizations:0");
        field!(out, "total_reads_processed:{}", stats.reads);
        field!(out, "total_writes_processed:{}", stats.writes);
        out.push_str(
            "io_threaded_reads_processed:0\r\n\
             io_threaded_writes_processed:0\r\n\
             reply_buffer_shrinks:0\r\n\
             reply_buffer_expands:0\r\n",
        );
    }

    pub(in crate::node) fn info_replication(&self, now: Instant, out: &mut String) {
        let config = &self.config;
        let is_replica = config.replicaof.is_some();
        field!(out, "role:{}", if is_replica { "slave" } else { "master" });
        if let Some((host, port)) = &config.replicaof {
            field!(out, "master_host:{host}");
            field!(out, "master_port:{port}");
            self.info_link(now, out);
            if let Some(refused) = &self.link.refused {
                let wait = refused.retry_at.0.saturating_sub(now.0) / 1_000_000;
                field!(out, "lockstep_link_refused:empty master");
                field!(out, "lockstep_link_refused_times:{}", refused.times);
                field!(out, "lockstep_link_retry_seconds:{wait}");
            }
            field!(out, "slave_priority:{}", config.replica_priority);
            field!(out, "slave_read_only:{}", u8::from(config.replica_read_only));
            field!(out, "replica_announced:{}", u8::from(config.replica_announced));
        }
        let replicas = self.replicas_at(now);
        field!(out, "connected_slaves:{}", replicas.len());
        if config.min_replicas_to_write > 0 && config.min_replicas_max_lag > 0 {
            field!(out, "min_slaves_good_slaves:{}", self.good_replicas(now));
        }
        for (index, replica) in replicas.iter().enumerate() {
            let (state, lag) = match replica.state {
                ReplicaState::Online => ("online", replica.lag_seconds),
                ReplicaState::SendBulk => ("send_bulk", 0),
                _ => ("wait_bgsave", 0),
            };
            field!(
                out,
                "slave{index}:ip={},port={},state={state},offset={},lag={lag}",
                replica.ip,
                replica.port,
                replica.ack_offset
            );
        }
        let stream = &self.stream;
        let backlog = stream.backlog();
        field!(out, "master_failover_state:{}", self.failover_state());
        field!(out, "master_replid:{}", stream.replid());
        field!(out, "master_replid2:{}", stream.replid2());
        field!(out, "master_repl_offset:{}", stream.master_repl_offset());
        field!(out, "second_repl_offset:{}", stream.second_replid_offset());
        field!(out, "repl_backlog_active:{}", u8::from(backlog.is_some()));
        field!(out, "repl_backlog_size:{}", config.repl_backlog_size);
        let (first, held) = backlog.map_or((0, 0), |b| (b.first_byte_offset, b.histlen));
        field!(out, "repl_backlog_first_byte_offset:{first}");
        field!(out, "repl_backlog_histlen:{held}");
    }

    /// The link to the master.
    fn info_link(&self, now: Instant, out: &mut String) {
        let link = &self.link;
        let connected = link.state == ReplState::Connected;
        let last_io = if connected { now.secs_since(link.last_io) as i64 } else { -1 };
        let offset = self.place().1 as i64;
        let master = link.conn.and_then(|id| self.conns.get(id));
        let mut unread = master.filter(|_| connected).map_or(0, |conn| conn.pending.len() as i64);
        // What was read of a transaction counts when it ends.
        unread += link.transaction.as_ref().map_or(0, |bytes| bytes.len() as i64);
        let applied = if connected || link.cached.is_some() { offset } else { 1 };
        field!(out, "master_link_status:{}", if connected { "up" } else { "down" });
        field!(out, "master_last_io_seconds_ago:{last_io}");
        let syncing = link.state == ReplState::Transfer;
        field!(out, "master_sync_in_progress:{}", u8::from(syncing));
        field!(out, "slave_read_repl_offset:{}", applied + unread);
        field!(out, "slave_repl_offset:{applied}");
        if let Some(transfer) = link.transfer.as_ref().filter(|_| syncing) {
            // Redis: -1 before the header, 0 without a length.
            let total = transfer.total().map_or(-1, |len| len as i64);
            let percent =
                if total == 0 { 0.0 } else { transfer.read as f64 / total as f64 * 100.0 };
            field!(out, "master_sync_total_bytes:{total}");
            field!(out, "master_sync_read_bytes:{}", transfer.read);
            field!(out, "master_sync_left_bytes:{}", total - transfer.read as i64);
            field!(out, "master_sync_perc:{}", fixed(percent, 2));
            field!(out, "master_sync_last_io_seconds_ago:{}", now.secs_since(link.last_io));
        }
        if !connected {
            let down = link.down_since.map_or(-1, |since| now.secs_since(since) as i64);
            field!(out, "master_link_down_since_seconds:{down}");
        }
    }

    fn info_cpu(&self, out: &mut String) {
        let usage = &self.admin.usage;
        let seconds = |micros: u64| fixed(micros as f64 / 1e6, 6);
        let (sys, user) = (seconds(usage.cpu_sys_us), seconds(usage.cpu_user_us));
        field!(out, "used_cpu_sys:{sys}");
        field!(out, "used_cpu_user:{user}");
        field!(out, "used_cpu_sys_children:0.000000");
        field!(out, "used_cpu_user_children:0.000000");
        field!(out, "used_cpu_sys_main_thread:{sys}");
        field!(out, "used_cpu_user_main_thread:{user}");
    }

    fn info_commands(&self, out: &mut String) {
        for stat in self.admin.commands.sorted() {
            field!(
                out,
                "cmdstat_{}:calls={},usec={},usec_per_call={},rejected_calls={},failed_calls={}",
                stat.name,
                stat.calls,
                stat.nanos / 1000,
                fixed(stat.nanos as f64 / 1000.0 / stat.calls.max(1) as f64, 2),
                stat.rejected,
                stat.failed
            );
        }
    }

    fn info_latencies(&self, out: &mut String) {
        let percentiles = self.config.text_of("latency-tracking-info-percentiles");
        for stat in self.admin.commands.sorted().iter().filter(|stat| !stat.times.is_empty()) {
            let shown: Vec<String> = percentiles
                .split(' ')
                .filter_map(|text| {
                    let nanos = stat.times.percentile(double::parse(text.as_bytes())?);
                    Some(format!("p{text}={}", fixed(nanos as f64 / 1000.0, 3)))
                })
                .collect();
            field!(out, "latency_percentiles_usec_{}:{}", stat.name, shown.join(","));
        }
    }

    fn info_keyspace(&self, out: &mut String) {
        for db in (0..self.keyspace.databases()).filter(|db| !self.keyspace.is_empty(*db)) {
            let (keys, expires) = (self.keyspace.len(db), self.keyspace.volatile_len(db));
            // The active expire cycle measures it, and only a master has one.
            let measured = self.config.replicaof.is_none() && self.admin.active_expire;
            let ttl = if measured { self.keyspace.average_ttl(db, self.now.unix_ms) } else { 0 };
            field!(out, "db{db}:keys={keys},expires={expires},avg_ttl={ttl}");
        }
    }
}

/// Bytes with a unit, as Redis writes them.
fn human(bytes: u64) -> String {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let power = (bytes.ilog2() / 10) as usize;
    let scaled = bytes as f64 / 1024_f64.powi(power as i32);
    format!("{}{}", fixed(scaled, 2), UNITS[power - 1])
}
