//! The table of directives: every one that a `redis.conf` of Redis 7.0 holds, and those that 7.2
//! added. Names, ranges, defaults and what may change at run time are those of 7.0.15.
//!
//! A directive either acts, through a field of [`Config`], or is inert: checked, kept, answered
//! by `CONFIG GET`, and without effect here.

use super::era;
use super::own;
use super::value::{Kind, Unit, Value, ValueError};
use super::{Config, Source};

/// When a directive can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At run time too.
    Always,
    /// At the start only (Redis: immutable).
    Start,
    /// At run time only with `enable-protected-configs`.
    Protected,
}

/// Where a value lives.
#[derive(Debug, Clone, Copy)]
pub enum Store {
    /// In a field of [`Config`].
    Field {
        /// Reads it.
        get: fn(&Config) -> Value,
        /// Writes it.
        set: fn(&mut Config, Value),
    },
    /// In [`Config::inert`]; the text is Redis's default.
    Inert(&'static str),
}

/// Writes a directive that has rules of its own.
pub type SetOwn = fn(&mut Config, &[&[u8]], Source) -> Result<(), ValueError>;

/// How its arguments are checked and kept.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Exactly one argument.
    One(Kind, Store),
    /// With rules of its own.
    Own {
        /// Whether it takes any number of arguments; otherwise exactly one.
        many: bool,
        /// Writes it.
        set: SetOwn,
        /// What `CONFIG GET` shows.
        get: fn(&Config) -> Vec<u8>,
    },
}

/// A directive.
#[derive(Debug, Clone, Copy)]
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// Its older name, if it has one.
    pub alias: Option<&'static str>,
    /// When it can be set.
    pub when: When,
    /// Whether `CONFIG GET` shows it only when asked for by its exact name.
    pub hidden: bool,
    /// Whether it cannot be set while a dataset is being loaded.
    pub deny_loading: bool,
    /// Its values.
    pub shape: Shape,
}

impl Directive {
    /// Whether it has no effect in Lockstep.
    pub fn is_inert(&self) -> bool {
        match self.shape {
            Shape::One(_, store) => matches!(store, Store::Inert(_)),
            Shape::Own { .. } => own::INERT.contains(&self.name),
        }
    }

    const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    const fn deny_loading(self) -> Self {
        Self { deny_loading: true, ..self }
    }
}

/// The directive of this name or alias, and the name as the table spells it.
pub fn lookup(name: &[u8]) -> Option<(&'static Directive, &'static str)> {
    DIRECTIVES
        .iter()
        .flat_map(|d| d.names().map(move |known| (d, known)))
        .find(|(_, known)| known.len() == name.len() && known.as_bytes().eq_ignore_ascii_case(name))
}

impl Directive {
    /// Its name, then its alias.
    pub(super) fn names(&'static self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.alias)
    }
}

const fn directive(name: &'static str, when: When, shape: Shape) -> Directive {
    Directive { name, alias: None, when, hidden: false, deny_loading: false, shape }
}

const fn live(name: &'static str, shape: Shape) -> Directive {
    directive(name, When::Always, shape)
}

const fn fixed(name: &'static str, shape: Shape) -> Directive {
    directive(name, When::Start, shape)
}

const fn protected(name: &'static str, shape: Shape) -> Directive {
    directive(name, When::Protected, shape)
}

const fn inert(kind: Kind, default: &'static str) -> Shape {
    Shape::One(kind, Store::Inert(default))
}

const fn inert_yes() -> Shape {
    inert(Kind::Bool, "yes")
}

const fn inert_no() -> Shape {
    inert(Kind::Bool, "no")
}

const fn inert_text() -> Shape {
    inert(Kind::Str, "")
}

const fn number(min: i128, max: i128) -> Kind {
    Kind::Int { min, max, unit: Unit::Plain }
}

const fn memory(min: i128, max: i128) -> Kind {
    Kind::Int { min, max, unit: Unit::Memory }
}

macro_rules! flag {
    ($($field:ident).+) => {
        Shape::One(Kind::Bool, Store::Field {
            get: |c| Value::Bool(c.$($field).+),
            set: |c, v| c.$($field).+ = v.bool(),
        })
    };
}

macro_rules! int {
    ($kind:expr, $($field:ident).+) => {
        Shape::One($kind, Store::Field {
            get: |c| Value::Int(c.$($field).+ as i128),
            set: |c, v| c.$($field).+ = v.int() as _,
        })
    };
}

macro_rules! text {
    ($kind:expr, $($field:ident).+) => {
        Shape::One($kind, Store::Field {
            get: |c| Value::Text(c.$($field).+.clone().into()),
            set: |c, v| c.$($field).+ = v.string(),
        })
    };
}

macro_rules! secret {
    ($($field:ident).+) => {
        Shape::One(Kind::Bytes, Store::Field {
            get: |c| Value::Text(c.$($field).+.clone()),
            set: |c, v| c.$($field).+ = v.bytes(),
        })
    };
}

macro_rules! many {
    ($set:ident, $get:ident) => {
        Shape::Own { many: true, set: own::$set, get: own::$get }
    };
}

macro_rules! own {
    ($set:ident, $get:ident) => {
        Shape::Own { many: false, set: own::$set, get: own::$get }
    };
}

const INT_MAX: i128 = i32::MAX as i128;
const INT_MIN: i128 = i32::MIN as i128;
const UINT_MAX: i128 = u32::MAX as i128;
const LONG_MAX: i128 = i64::MAX as i128;
const ULONG_MAX: i128 = u64::MAX as i128;
const MB: i128 = 1 << 20;

const INT: Kind = number(0, INT_MAX);
const LONG: Kind = number(0, LONG_MAX);
const BYTES: Kind = memory(0, LONG_MAX);
const PORT: Kind = number(0, 65_535);

const PROTECTION: Kind = Kind::Enum(&["no", "yes", "local"]);
const FACILITIES: Kind = Kind::Enum(&[
    "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]);
const POLICIES: Kind = Kind::Enum(&[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
]);

/// All directives.
pub static DIRECTIVES: &[Directive] = &[
    // Network and process: what the driver reads.
    live("bind", many!(set_bind, get_bind)),
    live("bind-source-addr", text!(Kind::Str, driver.bind_source_addr)),
    live("port", int!(PORT, port)),
    fixed("tcp-backlog", int!(INT, driver.tcp_backlog)),
    live("tcp-keepalive", int!(INT, driver.tcp_keepalive)),
    fixed("unixsocket", text!(Kind::Str, driver.unixsocket)),
    fixed(
        "unixsocketperm",
        int!(Kind::Int { min: 0, max: 0o777, unit: Unit::Octal }, driver.unixsocketperm),
    ),
    live("protected-mode", flag!(driver.protected_mode)),
    live("maxclients", int!(number(1, UINT_MAX), maxclients)),
    live("timeout", int!(INT, timeout)),
    fixed("daemonize", flag!(driver.daemonize)),
    fixed("pidfile", text!(Kind::Str, driver.pidfile)),
    fixed("logfile", text!(Kind::Str, driver.logfile)),
    live(
        "loglevel",
        text!(Kind::Enum(&["debug", "verbose", "notice", "warning"]), driver.loglevel),
    ),
    live("hz", own!(set_hz, get_hz)),
    fixed("databases", int!(number(1, INT_MAX), databases)),
    live("shutdown-timeout", int!(INT, shutdown_timeout)),
    live("shutdown-on-sigint", many!(set_on_sigint, get_on_sigint)),
    live("shutdown-on-sigterm", many!(set_on_sigterm, get_on_sigterm)),
    // Access.
    live(
        "requirepass",
        Shape::One(
            Kind::Bytes,
            Store::Field {
                get: |c| Value::Text(c.requirepass.clone()),
                // It is the default user's only password from now on.
                set: |c, v| (c.requirepass, c.passwords) = (v.bytes(), Vec::new()),
            },
        ),
    ),
    fixed("enable-debug-command", text!(PROTECTION, enable_debug_command)),
    fixed("enable-protected-configs", text!(PROTECTION, enable_protected_configs)),
    fixed("enable-module-command", inert(PROTECTION, "no")),
    fixed("aclfile", inert_text()),
    live("acllog-max-len", inert(LONG, "128")),
    live(
        "acl-pubsub-default",
        inert(Kind::Enum(&["allchannels", "resetchannels"]), "resetchannels"),
    ),
    // Limits of clients.
    live("client-output-buffer-limit", many!(set_output_limits, get_output_limits)),
    live("client-query-buffer-limit", int!(memory(MB, LONG_MAX), client_query_buffer_limit)),
    live("proto-max-bulk-len", int!(memory(MB, LONG_MAX), proto_max_bulk_len)),
    live(
        "maxmemory-clients",
        inert(Kind::Int { min: 0, max: LONG_MAX, unit: Unit::MemoryOrPercent }, "0"),
    ),
    // Persistence.
    live("save", many!(set_save, get_save)),
    protected("dbfilename", text!(Kind::Name("filename", true), dbfilename)),
    protected("dir", own!(set_dir, get_dir)),
    live("rdbcompression", flag!(rdbcompression)),
    fixed("rdbchecksum", flag!(rdbchecksum)),
    live("rdb-del-sync-files", flag!(rdb_del_sync_files)),
    live("stop-writes-on-bgsave-error", flag!(stop_writes_on_bgsave_error)),
    live("rdb-save-incremental-fsync", inert_yes()),
    live("rdb-key-save-delay", int!(number(INT_MIN, INT_MAX), rdb_key_save_delay)).hidden(),
    live("key-load-delay", int!(number(INT_MIN, INT_MAX), key_load_delay)).hidden(),
    live(
        "loading-process-events-interval-bytes",
        int!(number(1024, INT_MAX), loading_interval_bytes),
    )
    .hidden(),
    live("sanitize-dump-payload", inert(Kind::Enum(&["no", "yes", "clients"]), "no")),
    // Replication.
    fixed("replicaof", many!(set_replicaof, get_replicaof)).alias("slaveof"),
    live("masterauth", secret!(masterauth)),
    live("masteruser", secret!(masteruser)),
    live("repl-backlog-size", int!(memory(1, LONG_MAX), repl_backlog_size)),
    live("repl-backlog-ttl", int!(LONG, repl_backlog_ttl)),
    live("repl-timeout", int!(number(1, INT_MAX), repl_timeout)),
    live("repl-ping-replica-period", int!(number(1, INT_MAX), repl_ping_replica_period))
        .alias("repl-ping-slave-period"),
    live("repl-diskless-sync", flag!(repl_diskless_sync)),
    live("repl-diskless-sync-delay", int!(INT, repl_diskless_sync_delay)),
    live("repl-diskless-sync-max-replicas", int!(INT, repl_diskless_sync_max_replicas)),
    live(
        "repl-diskless-load",
        text!(Kind::Enum(&["disabled", "on-empty-db", "swapdb"]), repl_diskless_load),
    )
    .deny_loading(),
    live("repl-disable-tcp-nodelay", flag!(repl_disable_tcp_nodelay)),
    live("replica-serve-stale-data", flag!(replica_serve_stale_data))
        .alias("slave-serve-stale-data"),
    live("replica-read-only", flag!(replica_read_only)).alias("slave-read-only"),
    live("replica-priority", int!(INT, replica_priority)).alias("slave-priority"),
    live("replica-announced", flag!(replica_announced)),
    live("replica-announce-ip", text!(Kind::Str, replica_announce_ip)).alias("slave-announce-ip"),
    live("replica-announce-port", int!(PORT, replica_announce_port)).alias("slave-announce-port"),
    live("replica-ignore-maxmemory", flag!(replica_ignore_maxmemory))
        .alias("slave-ignore-maxmemory"),
    live("replica-lazy-flush", inert_no()).alias("slave-lazy-flush"),
    live("replica-ignore-disk-write-errors", flag!(replica_ignore_disk_write_errors)),
    live("min-replicas-to-write", int!(INT, min_replicas_to_write)).alias("min-slaves-to-write"),
    live("min-replicas-max-lag", int!(INT, min_replicas_max_lag)).alias("min-slaves-max-lag"),
    live(
        "propagation-error-behavior",
        inert(Kind::Enum(&["ignore", "panic", "panic-on-replicas"]), "ignore"),
    ),
    // Encodings.
    live("hash-max-listpack-entries", int!(LONG, encoding.hash_entries))
        .alias("hash-max-ziplist-entries"),
    live("hash-max-listpack-value", int!(BYTES, encoding.hash_value))
        .alias("hash-max-ziplist-value"),
    live("list-max-listpack-size", int!(number(INT_MIN, INT_MAX), encoding.list_size))
        .alias("list-max-ziplist-size"),
    live("list-compress-depth", inert(INT, "0")),
    live("set-max-intset-entries", int!(LONG, encoding.set_intset_entries)),
    live("zset-max-listpack-entries", int!(LONG, encoding.zset_entries))
        .alias("zset-max-ziplist-entries"),
    live("zset-max-listpack-value", int!(BYTES, encoding.zset_value))
        .alias("zset-max-ziplist-value"),
    live("hll-sparse-max-bytes", inert(BYTES, "3000")),
    live("stream-node-max-bytes", inert(BYTES, "4096")),
    live("stream-node-max-entries", inert(LONG, "100")),
    live("activerehashing", inert_yes()),
    // Expiry, eviction, freeing.
    live("lazyfree-lazy-expire", flag!(lazyfree_lazy_expire)),
    live("lazyfree-lazy-eviction", inert_no()),
    live("lazyfree-lazy-server-del", inert_no()),
    live("lazyfree-lazy-user-del", inert_no()),
    live("lazyfree-lazy-user-flush", inert_no()),
    live("active-expire-effort", inert(number(1, 10), "1")),
    live("maxmemory", int!(memory(0, ULONG_MAX), maxmemory)),
    live("maxmemory-policy", text!(POLICIES, maxmemory_policy)),
    live("maxmemory-samples", int!(number(1, INT_MAX), maxmemory_samples)),
    live("maxmemory-eviction-tenacity", inert(number(0, 100), "10")),
    live("lfu-log-factor", inert(INT, "10")),
    live("lfu-decay-time", inert(INT, "1")),
    live("activedefrag", inert_no()),
    live("active-defrag-cycle-min", inert(number(1, 99), "1")),
    live("active-defrag-cycle-max", inert(number(1, 99), "25")),
    live("active-defrag-threshold-lower", inert(number(0, 1000), "10")),
    live("active-defrag-threshold-upper", inert(number(0, 1000), "100")),
    live("active-defrag-ignore-bytes", inert(memory(1, LONG_MAX), "104857600")),
    live("active-defrag-max-scan-fields", inert(number(1, LONG_MAX), "1000")),
    live("jemalloc-bg-thread", inert_yes()),
    // The append-only file.
    live("appendonly", inert_no()).deny_loading(),
    fixed("appendfilename", inert(Kind::Name("filename", false), "appendonly.aof")),
    fixed("appenddirname", inert(Kind::Name("dirname", false), "appendonlydir")),
    live("appendfsync", inert(Kind::Enum(&["everysec", "always", "no"]), "everysec")),
    live("no-appendfsync-on-rewrite", inert_no()),
    live("auto-aof-rewrite-percentage", inert(INT, "100")),
    live("auto-aof-rewrite-min-size", inert(BYTES, "67108864")),
    live("aof-load-truncated", inert_yes()),
    live("aof-use-rdb-preamble", inert_yes()),
    live("aof-timestamp-enabled", inert_no()),
    live("aof-disable-auto-gc", inert_no()),
    live("aof-rewrite-incremental-fsync", inert_yes()),
    // Observation.
    live("slowlog-log-slower-than", int!(number(-1, LONG_MAX), slowlog_micros)),
    live("slowlog-max-len", int!(LONG, slowlog_max_len)),
    live("latency-monitor-threshold", int!(LONG, latency_threshold_ms)),
    live("latency-tracking", flag!(latency_tracking)),
    live("latency-tracking-info-percentiles", many!(set_percentiles, get_percentiles)),
    live("notify-keyspace-events", own!(set_keyspace_events, get_keyspace_events)),
    live("tracking-table-max-keys", inert(LONG, "1000000")),
    live("busy-reply-threshold", inert(LONG, "5000")).alias("lua-time-limit"),
    // Process.
    fixed("always-show-logo", inert_no()),
    fixed("set-proc-title", inert_yes()),
    live("proc-title-template", own!(set_proc_title, get_proc_title)),
    fixed("supervised", inert(Kind::Enum(&["upstart", "systemd", "auto", "no"]), "no")),
    fixed("syslog-enabled", inert_no()),
    fixed("syslog-ident", inert(Kind::Str, "redis")),
    fixed("syslog-facility", inert(FACILITIES, "local0")),
    live("dynamic-hz", inert_yes()),
    fixed("io-threads", inert(number(1, 128), "1")),
    fixed("io-threads-do-reads", inert_no()),
    live("oom-score-adj", inert(Kind::Enum(&["no", "yes", "relative", "absolute"]), "no")),
    live("oom-score-adj-values", many!(set_oom_values, get_oom_values)),
    fixed("disable-thp", flag!(driver.disable_thp)),
    live("crash-log-enabled", inert_yes()),
    live("crash-memcheck-enabled", inert_yes()),
    live("use-exit-on-panic", inert_no()).hidden(),
    live("watchdog-period", inert(INT, "0")).hidden(),
    live("ignore-warnings", inert_text()),
    fixed("socket-mark-id", inert(number(0, UINT_MAX), "0")),
    fixed("server_cpulist", inert_text()),
    fixed("bio_cpulist", inert_text()),
    fixed("aof_rewrite_cpulist", inert_text()),
    fixed("bgsave_cpulist", inert_text()),
    // Cluster.
    fixed("cluster-enabled", inert_no()),
    fixed("cluster-config-file", inert(Kind::Str, "nodes.conf")),
    live("cluster-node-timeout", inert(LONG, "15000")),
    live("cluster-port", inert(PORT, "0")),
    live("cluster-announce-ip", inert_text()),
    live("cluster-announce-hostname", inert_text()),
    live("cluster-announce-port", inert(PORT, "0")),
    live("cluster-announce-bus-port", inert(PORT, "0")),
    live("cluster-announce-tls-port", inert(PORT, "0")),
    live("cluster-replica-validity-factor", inert(INT, "10"))
        .alias("cluster-slave-validity-factor"),
    live("cluster-migration-barrier", inert(INT, "1")),
    live("cluster-allow-replica-migration", inert_yes()),
    live("cluster-replica-no-failover", inert_no()).alias("cluster-slave-no-failover"),
    live("cluster-require-full-coverage", inert_yes()),
    live("cluster-allow-reads-when-down", inert_no()),
    live("cluster-allow-pubsubshard-when-down", inert_yes()),
    live("cluster-link-sendbuf-limit", inert(memory(0, ULONG_MAX), "0")),
    live(
        "cluster-preferred-endpoint-type",
        inert(Kind::Enum(&["ip", "hostname", "unknown-endpoint"]), "ip"),
    ),
    // TLS.
    live("tls-port", inert(PORT, "0")),
    live("tls-session-cache-size", inert(INT, "20480")),
    live("tls-session-cache-timeout", inert(INT, "300")),
    live("tls-cluster", inert_no()),
    live("tls-replication", inert_no()),
    live("tls-auth-clients", inert(Kind::Enum(&["no", "yes", "optional"]), "yes")),
    live("tls-prefer-server-ciphers", inert_no()),
    live("tls-session-caching", inert_yes()),
    live("tls-cert-file", inert_text()),
    live("tls-key-file", inert_text()),
    live("tls-key-file-pass", inert_text()),
    live("tls-client-cert-file", inert_text()),
    live("tls-client-key-file", inert_text()),
    live("tls-client-key-file-pass", inert_text()),
    live("tls-dh-params-file", inert_text()),
    live("tls-ca-cert-file", inert_text()),
    live("tls-ca-cert-dir", inert_text()),
    live("tls-protocols", inert_text()),
    live("tls-ciphers", inert_text()),
    live("tls-ciphersuites", inert_text()),
    // Lockstep's own.
    fixed("lockstep-era", Shape::Own { many: false, set: era::set, get: era::get }).hidden(),
    live("lockstep-refuse-empty-master", flag!(refuse_empty_master)).hidden(),
    // What 7.2 added: accepted, but not among what `CONFIG GET *` of 7.0 shows.
    live("set-max-listpack-entries", inert(LONG, "128")).hidden(),
    live("set-max-listpack-value", inert(BYTES, "64")).hidden(),
    live("locale-collate", inert_text()).hidden(),
    live("cluster-announce-human-nodename", inert_text()).hidden(),
    live("max-new-connections-per-cycle", inert(number(1, 1000), "10")).hidden(),
    live("max-new-tls-connections-per-cycle", inert(number(1, 1000), "1")).hidden(),
];
