//! What a node can be told: Redis's directives, their defaults and their grammar.
//!
//! [`Config`] holds the values; the table of directives ([`directives`]: names, aliases, parsers,
//! what can change at run time) serves config files, the command line, `CONFIG GET` and
//! `CONFIG SET` alike. Texts of values and of errors are those of Redis 7.0.15.
//!
//! Nothing here touches a file: a driver reads the texts and hands over their lines ([`Reader`]).

mod access;
pub mod directives;
mod era;
mod events;
mod own;
pub mod parse;
mod reader;
mod rewrite;
mod user;
pub mod value;

use crate::sorted::Sorted;

pub use access::Setting;
pub use era::Era;
pub use events::EventClasses;
pub use reader::{Line, Reader};

/// When small collections leave their packed encodings (`hash-max-listpack-entries` and so on).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EncodingLimits {
    /// `hash-max-listpack-entries`
    pub hash_entries: usize,
    /// `hash-max-listpack-value`
    pub hash_value: usize,
    /// `list-max-listpack-size`: positive: entries; -1 to -5: 4, 8, 16, 32, 64 KB.
    pub list_size: i64,
    /// `set-max-intset-entries`
    pub set_intset_entries: usize,
    /// `zset-max-listpack-entries`
    pub zset_entries: usize,
    /// `zset-max-listpack-value`
    pub zset_value: usize,
}

impl Default for EncodingLimits {
    fn default() -> Self {
        Self {
            hash_entries: 512,
            hash_value: 64,
            list_size: -2,
            set_intset_entries: 512,
            zset_entries: 128,
            zset_value: 64,
        }
    }
}

/// A `client-output-buffer-limit`: the hard limit, and a soft one that may last some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutputLimit {
    /// Bytes at which the connection is closed at once; 0: never.
    pub hard: u64,
    /// Bytes at which it is closed after `soft_seconds`; 0: never.
    pub soft: u64,
    /// How long the soft limit may be exceeded.
    pub soft_seconds: u64,
}

/// What only a driver acts upon; the core answers `CONFIG GET` with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DriverConfig {
    /// `bind`: addresses to listen on; a leading `-` allows one to be unavailable, `*` is every
    /// IPv4 address, `::*` every IPv6 address.
    pub bind: Vec<String>,
    /// `bind-source-addr`: where connections to a master come from; empty: the system decides.
    pub bind_source_addr: String,
    /// `tcp-backlog`
    pub tcp_backlog: u32,
    /// `tcp-keepalive` in seconds; 0: off.
    pub tcp_keepalive: u32,
    /// `unixsocket`: path; empty: none.
    pub unixsocket: String,
    /// `unixsocketperm`: mode bits; 0: as the umask has it.
    pub unixsocketperm: u32,
    /// `protected-mode`: without a password only this machine may connect.
    pub protected_mode: bool,
    /// `daemonize`
    pub daemonize: bool,
    /// `pidfile`: path; empty: none, or the default one of a daemon.
    pub pidfile: String,
    /// `logfile`: path; empty: standard output.
    pub logfile: String,
    /// `loglevel`: `debug`, `verbose`, `notice` or `warning`.
    pub loglevel: String,
    /// `shutdown-on-sigint`: words of `default save nosave now force`.
    pub shutdown_on_sigint: String,
    /// `shutdown-on-sigterm`: as above.
    pub shutdown_on_sigterm: String,
    /// `disable-thp`: the system must not give this process huge pages by itself.
    pub disable_thp: bool,
    /// No directive: what `INFO` tells of the process.
    pub process: Process,
}

/// The process around a node, for `INFO server`. Empty in a simulation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Process {
    /// `process_id`
    pub id: u32,
    /// `executable`: absolute path.
    pub executable: String,
    /// `config_file`: absolute path; empty: none.
    pub config_file: String,
    /// `mem_allocator`
    pub allocator: String,
    /// `os`: name, release and machine, as `uname` has them.
    pub os: String,
}

impl Default for DriverConfig {
    fn default() -> Self {
        Self {
            bind: vec!["*".into(), "-::*".into()],
            bind_source_addr: String::new(),
            tcp_backlog: 511,
            tcp_keepalive: 300,
            unixsocket: String::new(),
            unixsocketperm: 0,
            protected_mode: true,
            daemonize: false,
            pidfile: String::new(),
            logfile: String::new(),
            loglevel: "notice".into(),
            shutdown_on_sigint: "default".into(),
            shutdown_on_sigterm: "default".into(),
            disable_thp: true,
            process: Process::default(),
        }
    }
}

/// The configuration of a node, and of the process around it.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Config {
    /// `port`, announced to the master.
    pub port: u16,
    /// `databases`
    pub databases: usize,
    /// `requirepass`; empty: none.
    pub requirepass: Vec<u8>,
    /// Further passwords of the default user, by their SHA-256: from `user` lines and
    /// `ACL SETUSER`.
    pub passwords: Vec<[u8; 32]>,
    /// `masterauth`; empty: none.
    pub masterauth: Vec<u8>,
    /// `masteruser`; empty: none.
    pub masteruser: Vec<u8>,
    /// `replicaof`, as host and port.
    pub replicaof: Option<(String, u16)>,
    /// `repl-backlog-size` in bytes.
    pub repl_backlog_size: u64,
    /// `repl-backlog-ttl` in seconds; 0: never released.
    pub repl_backlog_ttl: u64,
    /// `repl-timeout` in seconds.
    pub repl_timeout: u64,
    /// `repl-ping-replica-period` in seconds.
    pub repl_ping_replica_period: u64,
    /// `repl-diskless-sync`
    pub repl_diskless_sync: bool,
    /// `repl-diskless-sync-delay` in seconds.
    pub repl_diskless_sync_delay: u64,
    /// `repl-diskless-sync-max-replicas`
    pub repl_diskless_sync_max_replicas: usize,
    /// `repl-diskless-load`: `disabled`, `on-empty-db` or `swapdb`.
    pub repl_diskless_load: String,
    /// `repl-disable-tcp-nodelay`
    pub repl_disable_tcp_nodelay: bool,
    /// `replica-serve-stale-data`
    pub replica_serve_stale_data: bool,
    /// `replica-read-only`
    pub replica_read_only: bool,
    /// `replica-priority`
    pub replica_priority: u32,
    /// `replica-announced`
    pub replica_announced: bool,
    /// `replica-announce-ip`; empty: the address seen.
    pub replica_announce_ip: String,
    /// `replica-announce-port`; 0: `port`.
    pub replica_announce_port: u16,
    /// `min-replicas-to-write`
    pub min_replicas_to_write: u64,
    /// `min-replicas-max-lag` in seconds.
    pub min_replicas_max_lag: u64,
    /// `client-output-buffer-limit` of normal clients.
    pub output_limit_normal: OutputLimit,
    /// `client-output-buffer-limit` of replicas.
    pub output_limit_replica: OutputLimit,
    /// `client-output-buffer-limit` of subscribers.
    pub output_limit_pubsub: OutputLimit,
    /// `proto-max-bulk-len` in bytes.
    pub proto_max_bulk_len: u64,
    /// `client-query-buffer-limit` in bytes.
    pub client_query_buffer_limit: u64,
    /// `maxclients`
    pub maxclients: usize,
    /// `timeout` of idle clients in seconds; 0: never.
    pub timeout: u64,
    /// `save` points: seconds and changes.
    pub save: Vec<(u64, u64)>,
    /// `dbfilename`
    pub dbfilename: String,
    /// `dir`
    pub dir: String,
    /// `rdbcompression`
    pub rdbcompression: bool,
    /// `rdbchecksum`
    pub rdbchecksum: bool,
    /// `stop-writes-on-bgsave-error`
    pub stop_writes_on_bgsave_error: bool,
    /// `rdb-del-sync-files`: an instance without persistence removes the RDB files that
    /// replication made.
    pub rdb_del_sync_files: bool,
    /// `replica-ignore-disk-write-errors`: a replica applies writes that it could not save.
    pub replica_ignore_disk_write_errors: bool,
    /// `enable-debug-command`: `no`, `yes` or `local`. Here the default is `yes`, for simulations
    /// and tests; a server starts with Redis's `no`.
    pub enable_debug_command: String,
    /// `rename-command`: names of commands and what they are called instead; empty: not at all.
    pub renamed: Vec<(Vec<u8>, Vec<u8>)>,
    /// `enable-protected-configs`: `no`, `yes` or `local`.
    pub enable_protected_configs: String,
    /// `maxmemory` in bytes; 0: no limit.
    pub maxmemory: u64,
    /// `maxmemory-policy`
    pub maxmemory_policy: String,
    /// `maxmemory-samples`
    pub maxmemory_samples: usize,
    /// `replica-ignore-maxmemory`
    pub replica_ignore_maxmemory: bool,
    /// `lazyfree-lazy-expire`: expired keys are streamed as UNLINK.
    pub lazyfree_lazy_expire: bool,
    /// `shutdown-timeout` in seconds.
    pub shutdown_timeout: u64,
    /// `rdb-key-save-delay` in microseconds; negative: one microsecond for so many keys.
    pub rdb_key_save_delay: i64,
    /// `key-load-delay`, likewise.
    pub key_load_delay: i64,
    /// `loading-process-events-interval-bytes`
    pub loading_interval_bytes: u64,
    /// `slowlog-log-slower-than` in microseconds; -1: never.
    pub slowlog_micros: i64,
    /// `notify-keyspace-events`
    pub keyspace_events: EventClasses,
    /// `slowlog-max-len`
    pub slowlog_max_len: u64,
    /// `latency-monitor-threshold` in milliseconds; 0: off.
    pub latency_threshold_ms: u64,
    /// `latency-tracking`
    pub latency_tracking: bool,
    /// `hz`
    pub hz: u32,
    /// `lockstep-era`: which Redis it replicates like; see [`Config::set_era`].
    pub era: Era,
    /// `lockstep-refuse-empty-master`: a replica that holds data takes no empty dataset from its
    /// master.
    pub refuse_empty_master: bool,
    /// Encoding thresholds.
    pub encoding: EncodingLimits,
    /// What the driver acts upon.
    pub driver: DriverConfig,
    /// Directives that are accepted and answered, but change nothing here: what was set, by name.
    pub inert: Sorted<String, String>,
    /// How often [`Config::set`] changed something: a driver that remembers it sees cheaply
    /// whether to look again.
    pub revision: u64,
}

impl Default for Config {
    fn default() -> Self {
        const MB: u64 = 1024 * 1024;
        Self {
            port: 6379,
            databases: 16,
            requirepass: Vec::new(),
            passwords: Vec::new(),
            masterauth: Vec::new(),
            masteruser: Vec::new(),
            replicaof: None,
            repl_backlog_size: MB,
            repl_backlog_ttl: 3600,
            repl_timeout: 60,
            repl_ping_replica_period: 10,
            repl_diskless_sync: true,
            repl_diskless_sync_delay: 5,
            repl_diskless_sync_max_replicas: 0,
            repl_diskless_load: "disabled".into(),
            repl_disable_tcp_nodelay: false,
            replica_serve_stale_data: true,
            replica_read_only: true,
            replica_priority: 100,
            replica_announced: true,
            replica_announce_ip: String::new(),
            replica_announce_port: 0,
            min_replicas_to_write: 0,
            min_replicas_max_lag: 10,
            output_limit_normal: OutputLimit { hard: 0, soft: 0, soft_seconds: 0 },
            output_limit_replica: OutputLimit { hard: 256 * MB, soft: 64 * MB, soft_seconds: 60 },
            output_limit_pubsub: OutputLimit { hard: 32 * MB, soft: 8 * MB, soft_seconds: 60 },
            proto_max_bulk_len: 512 * MB,
            client_query_buffer_limit: 1024 * MB,
            maxclients: 10_000,
            timeout: 0,
            save: vec![(3600, 1), (300, 100), (60, 10_000)],
            dbfilename: "dump.rdb".into(),
            dir: ".".into(),
            rdbcompression: true,
            rdbchecksum: true,
            stop_writes_on_bgsave_error: true,
            rdb_del_sync_files: false,
            replica_ignore_disk_write_errors: false,
            enable_debug_command: "yes".into(),
            renamed: Vec::new(),
            enable_protected_configs: "no".into(),
            maxmemory: 0,
            maxmemory_policy: "noeviction".into(),
            maxmemory_samples: 5,
            replica_ignore_maxmemory: true,
            lazyfree_lazy_expire: false,
            shutdown_timeout: 10,
            rdb_key_save_delay: 0,
            key_load_delay: 0,
            loading_interval_bytes: 2 * MB,
            slowlog_micros: 10_000,
            keyspace_events: EventClasses::NONE,
            slowlog_max_len: 128,
            latency_threshold_ms: 0,
            latency_tracking: true,
            hz: 10,
            era: Era::default(),
            refuse_empty_master: false,
            encoding: EncodingLimits::default(),
            driver: DriverConfig::default(),
            inert: Sorted::new(),
            revision: 0,
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A config text; `first`: its directive occurs for the first time.
    File {
        /// Whether what it says replaces the default.
        first: bool,
    },
    /// `CONFIG SET`.
    Set,
}

impl Config {
    /// What a server starts with: Redis's defaults.
    pub fn server() -> Self {
        Self { enable_debug_command: "no".into(), ..Self::default() }
    }
}
