//! `lockstep serve`: from the command line to a running server, in the order of redis-server.

use std::fs;
use std::io;
use std::process::ExitCode;

use lockstep_core::node::Node;

use crate::REDIS_VERSION;
use crate::driver::{Clock, Driver};
use crate::log::{Log, Role};
use crate::settings::{self, Settings, SettingsError};
use crate::sys::{self, daemonize, monotonic_us, raise_open_files, words};
use crate::tracer::{self, Tracer};

/// Where a daemon's process id goes if nothing else is said.
const DEFAULT_PIDFILE: &str = "/var/run/redis.pid";

/// Runs a server with redis-server's arguments; traced, if somebody wants to see what happens.
pub(crate) fn run(args: &[Vec<u8>], trace: Option<tracer::Options>) -> ExitCode {
    // Absolute, since reading the configuration may change the directory.
    let trace = trace.map(tracer::Options::absolute);
    match settings::read(args) {
        Ok(settings) => match serve(settings, trace) {
            Ok(code) => code,
            Err(error) => {
                crate::complain(&format!("lockstep: {}", words(&error)));
                ExitCode::FAILURE
            }
        },
        Err(error @ SettingsError::Open { .. }) => {
            let mut log = Log::new("", Log::level_named("notice"));
            log.warning(&error.to_string());
            ExitCode::FAILURE
        }
        Err(error) => {
            crate::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings, trace: Option<tracer::Options>) -> io::Result<ExitCode> {
    let Settings { mut config, configured } = settings;
    let mut log = Log::new(&config.driver.logfile, Log::level_named(&config.driver.loglevel));
    if config.driver.daemonize {
        daemonize()?;
        log.set_pid();
        config.driver.process.id = std::process::id();
    }
    greet(&mut log, configured);
    log.role = if config.replicaof.is_some() { Role::Replica } else { Role::Master };
    config.maxclients = room_for(config.maxclients, &mut log);
    note_ignored(&config, &mut log);
    avoid_huge_pages(config.driver.disable_thp, &mut log);

    let clock = Clock::new();
    if let Some(options) = trace {
        let path = match &options.target {
            tracer::Target::File(path) => path.display().to_string(),
            tracer::Target::Stdout => "standard output".to_owned(),
        };
        let address = format!("{}:{}", reached_at(&config), config.port);
        let now = clock.now();
        let began_us = monotonic_us().saturating_sub(now.instant.0);
        let traced = Tracer::create(options, &address, now.unix_ms, began_us);
        let tracer =
            traced.map_err(|e| io::Error::new(e.kind(), format!("{path}: {}", words(&e))))?;
        log.tracer = Some(Box::new(tracer));
    }
    let seed = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    let pidfile = pidfile(&config);
    let mut node = Node::new(config, seed, clock.now(), log);
    node.set_stopwatch(crate::stopwatch::choose());
    node.set_memory_gauge(crate::alloc::used);
    let Some(mut driver) = Driver::new(node, clock)? else { return Ok(ExitCode::FAILURE) };
    if let Some(path) = &pidfile {
        let pid = format!("{}\n", std::process::id());
        if let Err(error) = fs::write(path, pid) {
            let message = format!("Failed to write PID file {path}: {}", words(&error));
            driver.node().trace_mut().warning(&message);
        }
    }
    announce(&mut driver);
    driver.clear_leftovers();
    if !driver.begin_load() {
        return Ok(ExitCode::FAILURE);
    }
    let code = driver.run()?;
    if code != 0 {
        return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
    }
    if let Some(path) = pidfile {
        driver.node().trace_mut().notice("Removing the pid file.");
        let _ = fs::remove_file(path);
    }
    driver.node().trace_mut().warning("Redis is now ready to exit, bye bye...");
    Ok(ExitCode::SUCCESS)
}

fn greet(log: &mut Log, configured: bool) {
    log.warning("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
    log.warning(&format!(
        "Redis version={REDIS_VERSION}, bits={}, commit=00000000, modified=0, pid={}, just started",
        usize::BITS,
        std::process::id()
    ));
    log.warning(&format!(
        "Lockstep version={}, behaves as the Redis version above",
        env!("CARGO_PKG_VERSION")
    ));
    if configured {
        log.warning("Configuration loaded");
    } else {
        log.warning(
            "Warning: no config file specified, using the default config. In order to specify a \
             config file use lockstep serve /path/to/redis.conf",
        );
    }
}

/// How many clients the system allows, up to the number asked for.
fn room_for(maxclients: usize, log: &mut Log) -> usize {
    const RESERVED: u64 = crate::driver::RESERVED_FILES;
    let wanted = maxclients as u64 + RESERVED;
    let (files, refused) = raise_open_files(wanted);
    if files >= wanted {
        return maxclients;
    }
    let possible = files.saturating_sub(RESERVED).max(1);
    log.warning(&format!(
        "You requested maxclients of {maxclients} requiring at least {wanted} max file descriptors."
    ));
    if let Some(error) = refused {
        log.warning(&format!(
            "Server can't set maximum open files to {wanted} because of OS error: {}.",
            words(&error)
        ));
    }
    log.warning(&format!(
        "Current maximum open files is {files}. maxclients has been reduced to {possible} to \
         compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'."
    ));
    possible as usize
}

/// Huge pages that come unasked are memory that nobody uses, and stalls while they are made.
fn avoid_huge_pages(disable: bool, log: &mut Log) {
    if sys::gives_huge_pages() && !(disable && sys::refuse_huge_pages()) {
        log.warning(
            "WARNING You have Transparent Huge Pages (THP) support enabled in your kernel. This \
             will create latency and memory usage issues with Redis. To fix this issue run the \
             command 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled' as root, and \
             add it to your /etc/rc.local in order to retain the setting after a reboot. Redis \
             must be restarted after THP is disabled (set to 'madvise' or 'never').",
        );
    }
}

/// Directives whose absence somebody may come to regret: what is lost without them.
const MISSED: [(&str, &str); 3] = [
    ("appendonly", "there is no append-only file; use save points for persistence"),
    ("cluster-enabled", "this server does not join a cluster"),
    ("tls-port", "connections are not encrypted"),
];

fn note_ignored(config: &lockstep_core::config::Config, log: &mut Log) {
    let mut others = Vec::new();
    for (name, value) in config.ignored() {
        match MISSED.iter().find(|(missed, _)| *missed == name) {
            Some((_, lost)) => {
                log.warning(&format!("WARNING {name} {value} has no effect here: {lost}."));
            }
            None => others.push(name),
        }
    }
    if !others.is_empty() {
        let names = others.join(", ");
        log.notice(&format!("Directives accepted that have no effect here: {names}"));
    }
}

/// The address that a trace gives this server: the first it listens on, if it is only that one.
fn reached_at(config: &lockstep_core::config::Config) -> &str {
    let first = config.driver.bind.first().map_or("", |bind| bind.trim_start_matches('-'));
    let one = first.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| !ip.is_unspecified());
    if one { first } else { "127.0.0.1" }
}

fn pidfile(config: &lockstep_core::config::Config) -> Option<String> {
    let path = match config.driver.pidfile.as_str() {
        "" if config.driver.daemonize => DEFAULT_PIDFILE,
        "" => return None,
        path => path,
    };
    // Absolute, since `dir` may change until it is removed.
    Some(std::path::absolute(path).map_or_else(|_| path.into(), |p| p.display().to_string()))
}

fn announce(driver: &mut Driver) {
    let port = driver.node().config().port;
    let log = driver.node().trace_mut();
    log.notice(&format!("Running mode=standalone, port={port}."));
    log.warning("Server initialized");
}
