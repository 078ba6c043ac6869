//! What operators and scripts see, beside redis-server 7.0.15: logs, configuration, persistence,
//! figures.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_tests::resp::{Client, Value};
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server, free_port};
use lockstep_tests::sync::wait_online;
use lockstep_tests::temp::TempDir;
use lockstep_tests::wait_for;
use lockstep_tests::wire::{RawMaster, Transcript};

const BOTH: [Kind; 2] = [Kind::Redis, Kind::Lockstep];
/// `/etc/redis/redis.conf` of Debian's package.
const STOCK: &str = include_str!("../data/conf/debian-7.0.15.conf");

/// The messages of a log with their levels, without what differs by nature: process ids, times,
/// what only one of the two has to say.
fn messages(log: &str, port: u16) -> Vec<String> {
    let only_one = [
        "monotonic clock",
        "WARNING Memory overcommit",
        "Lockstep version=",
        "Fork CoW for RDB",
        "RDB memory usage when created",
        "RDB age",
        "DB loaded from disk",
        "Loading RDB produced by version",
    ];
    log.lines()
        .filter(|line| line.split(':').next().is_some_and(|pid| pid.parse::<u32>().is_ok()))
        .map(|line| match line.split_once(" # ") {
            Some((_, text)) => format!("# {text}"),
            None => match line.split_once(" * ") {
                Some((_, text)) => format!("* {text}"),
                None => line.split_once(") ").map_or(line, |(_, text)| text).to_owned(),
            },
        })
        .filter(|text| !only_one.iter().any(|own| text.contains(own)))
        .map(|text| text.replace(&port.to_string(), "PORT"))
        .map(|text| match text.find(" by pid ").or_else(|| text.find(", pid=")) {
            Some(end) => text[..end].to_owned(),
            None => text,
        })
        .collect()
}

#[test]
fn a_life_leaves_the_same_lines_in_the_log() {
    let lives = BOTH.map(|kind| {
        let launch = Launch::new(kind).set("save", "900 1").set("pidfile", "server.pid");
        let mut server = launch.start();
        let mut client = server.client();
        assert!(client.run("SET a 1").is_ok());
        assert!(client.run("SAVE").is_ok());
        assert_eq!(client.run("BGSAVE").text(), "Background saving started");
        wait_for("the end of BGSAVE", Duration::from_secs(10), || {
            let info = server.info("persistence");
            let over = info.number("rdb_bgsave_in_progress") == 0;
            over.then_some(()).ok_or_else(|| "it goes on".into())
        });
        assert!(client.run("SET a 2").is_ok());
        server.signal("TERM");
        assert!(server.wait_exit().success());
        server.spawn().expect("it starts again");
        assert_eq!(server.client().run("GET a").text(), "2");
        drop(server.client().try_call(&["SHUTDOWN", "NOSAVE"]));
        assert!(server.wait_exit().success());
        messages(&server.log(), server.port)
    });
    let [redis, lockstep] = lives;
    assert_eq!(lockstep, redis);
}

#[test]
fn the_stock_configuration_starts_and_says_the_same() {
    let shown = BOTH.map(|kind| {
        let (dir, port) = (TempDir::new(), free_port());
        let conf = dir.path().join("redis.conf");
        fs::write(&conf, STOCK).expect("a file");
        let path = |name: &str| dir.path().join(name).display().to_string();
        let mut command = kind.command();
        // What belongs to another user or would hide the process.
        command.arg(&conf).args(["--port", &port.to_string(), "--daemonize", "no"]);
        command.args(["--logfile", &path("log"), "--pidfile", &path("pid")]);
        command.args(["--dir", &path(""), "--unixsocket", &path("sock")]);
        let child = command.stdin(Stdio::null()).spawn().expect("it runs");
        let _child = Killed(child);
        let mut client = connect(port);
        let reply = client.run("CONFIG GET *");
        let shown: Vec<String> =
            reply.items().chunks(2).map(|p| format!("{} {}", p[0].text(), p[1].text())).collect();
        let at = path("");
        let mut shown: Vec<String> = shown
            .into_iter()
            .map(|line| line.replace(at.trim_end_matches('/'), "DIR").replace("DIR/", "DIR"))
            .map(|line| line.replace(&port.to_string(), "PORT"))
            .collect();
        shown.sort();
        shown
    });
    assert_eq!(shown[1], shown[0]);
}

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn connect(port: u16) -> Client {
    wait_for("a connection", Duration::from_secs(20), || {
        Client::connect(port).map_err(|e| e.to_string())
    })
}

#[test]
fn config_rewrite_writes_the_same_lines() {
    let texts = BOTH.map(|kind| {
        let server = Launch::new(kind).file("more.conf", b"timeout 7\n").start();
        let conf = server.path("redis.conf");
        let own = fs::read_to_string(&conf).expect("its file");
        // The stock file is what it was started with, and its own lines behind it.
        let stock = STOCK.replace("\nlogfile ", "\n#").replace("\npidfile ", "\n#");
        fs::write(&conf, format!("{stock}\n{own}include more.conf\n")).expect("a file");
        let mut client = server.client();
        for command in [
            "CONFIG SET maxmemory 100mb repl-backlog-size 16mb min-slaves-to-write 0",
            "CONFIG SET masterauth a\"b appendfsync always tcp-keepalive 299",
            "CONFIG SET latency-tracking-info-percentiles 50 hz 11",
            "CONFIG SET requirepass secret",
            "CONFIG REWRITE",
        ] {
            let reply = client.run(command);
            assert!(reply.is_ok(), "{kind:?}: {command}: {reply:?}");
        }
        let text = fs::read_to_string(&conf).expect("its file");
        let text = text.replace(&server.port.to_string(), "PORT");
        text.replace(&server.dir().display().to_string(), "DIR")
    });
    let split = |text: &str| {
        let (kept, appended) = text.split_once("# Generated by CONFIG REWRITE").expect("a mark");
        let mut appended: Vec<String> = appended.lines().map(str::to_owned).collect();
        // Redis appends in the order of a hash table.
        appended.sort();
        (kept.lines().map(str::to_owned).collect::<Vec<_>>(), appended)
    };
    assert_eq!(split(&texts[1]), split(&texts[0]));
}

#[test]
fn what_the_system_refuses_is_taken_back() {
    for kind in BOTH {
        let server = Launch::new(kind).set("enable-protected-configs", "yes").start();
        let mut client = server.client();
        let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = taken.local_addr().expect("its address").port();
        let (own, name) = (server.port, "possibly related to argument");
        for (command, error) in [
            (
                format!("CONFIG SET timeout 5 port {port}"),
                format!(
                    "ERR CONFIG SET failed ({name} 'port') - Unable to listen on this port. Check \
                     server logs."
                ),
            ),
            (
                "CONFIG SET timeout 5 dir /does/not/exist".into(),
                format!("ERR CONFIG SET failed ({name} 'dir') - No such file or directory"),
            ),
            (
                "CONFIG SET timeout 5 bind 192.0.2.1".into(),
                format!(
                    "ERR CONFIG SET failed ({name} 'bind') - Failed to bind to specified addresses."
                ),
            ),
        ] {
            let reply = client.run(&command);
            assert_eq!(reply.text(), error, "{kind:?}: {command}");
            assert_eq!(client.run("CONFIG GET timeout").items()[1].text(), "0", "{kind:?}");
        }
        assert_eq!(client.run("CONFIG GET port").items()[1].text(), own.to_string());
        // Also inside a transaction, where the reply is one of many.
        assert!(client.run("MULTI").is_ok());
        for queued in ["SET a 1", "CONFIG SET dir /does/not/exist", "INCR a"] {
            assert_eq!(client.run(queued).text(), "QUEUED");
        }
        let replies = client.run("EXEC");
        assert!(replies.items()[0].is_ok(), "{kind:?}: {replies:?}");
        assert!(replies.items()[1].is_error(), "{kind:?}: {replies:?}");
        assert_eq!(replies.items()[2].int(), 2, "{kind:?}: {replies:?}");
        assert!(server.client().run("PING").text() == "PONG", "it still listens");
    }
}

#[test]
fn commands_can_be_renamed_and_forbidden() {
    for kind in BOTH {
        let renamed = "FLUSHALL \"\"\nrename-command CONFIG hidden";
        let server = Launch::new(kind).set("rename-command", renamed).start();
        let mut client = server.client();
        assert!(client.run("FLUSHALL").text().starts_with("ERR unknown command 'FLUSHALL'"));
        assert!(client.run("CONFIG GET port").text().starts_with("ERR unknown command 'CONFIG'"));
        assert_eq!(client.run("hidden get port").items().len(), 2);
        for line in ["nothing x", "get set"] {
            let failed = Launch::new(kind).set("rename-command", line).try_start();
            let log = failed.expect_err("a mistake").log;
            let words = ["No such command in rename-command", "Target command name already exists"];
            assert!(words.iter().any(|words| log.contains(words)), "{kind:?}: {log}");
        }
    }
}

#[test]
fn a_damaged_file_ends_the_start_with_the_lines_of_redis() {
    let good = {
        let mut server = Launch::new(Kind::Redis).start();
        assert!(server.client().run("SET key value").is_ok());
        assert!(server.client().run("SAVE").is_ok());
        server.stop();
        fs::read(server.path("dump.rdb")).expect("its file")
    };
    let flipped = good.split_last().map(|(last, rest)| [rest, &[last ^ 1]].concat());
    let newer = [b"REDIS0099", &good[9..]].concat();
    for (file, line) in [
        (b"NOTAN0011 and so on".to_vec(), "Wrong signature trying to load DB from file"),
        (newer, "Can't handle RDB format version 99"),
        (good[..60].to_vec(), "Short read or OOM loading DB. Unrecoverable error, aborting now."),
        (Vec::new(), "Short read or OOM loading DB. Unrecoverable error, aborting now."),
        (flipped.expect("not empty"), "Wrong RDB checksum expected: ("),
    ] {
        for kind in BOTH {
            let failed = Launch::new(kind).file("dump.rdb", &file).try_start();
            let failed = failed.expect_err("the file is damaged");
            assert_eq!(failed.status.code(), Some(1), "{kind:?}: {}", failed.log);
            assert!(failed.log.contains(&format!("# {line}")), "{kind:?}: {line}\n{}", failed.log);
            assert!(!failed.log.contains("Ready to accept"), "{kind:?}: {}", failed.log);
        }
    }
}

#[test]
fn killed_at_any_moment_the_old_file_or_the_new_one_is_there_whole() {
    let mut rng = Rng::from_env("killed_at_any_moment");
    let launch = Launch::new(Kind::Lockstep).set("enable-protected-configs", "yes");
    let mut server = launch.start();
    assert!(server.client().run("DEBUG POPULATE 300000 key 100").is_ok());
    assert!(server.client().run("SET round 0").is_ok());
    assert!(server.client().run("SAVE").is_ok());
    let mut kept = 0;
    for round in 1..=12 {
        let mut client = server.client();
        assert!(client.run(&format!("SET round {round}")).is_ok());
        assert_eq!(client.run("BGSAVE").text(), "Background saving started");
        std::thread::sleep(Duration::from_millis(rng.below(120) as u64));
        server.signal("KILL");
        server.stop();
        server.spawn().expect("it starts again");
        let mut client = server.client();
        let found: i64 = client.run("GET round").text().parse().expect("a number");
        assert!(found == kept || found == round, "{found} is neither {kept} nor {round}");
        assert_eq!(client.run("DBSIZE").int(), 300_001);
        kept = found;
        let left = fs::read_dir(server.dir()).expect("its directory").flatten();
        let left: Vec<_> = left
            .map(|e| e.file_name())
            .filter(|n| n.to_string_lossy().starts_with("temp-"))
            .collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
    }
    assert!(server.log().contains("a snapshot that was not completed"), "none was interrupted");
}

#[test]
fn a_server_that_loads_says_so_and_answers() {
    let file = {
        let mut server = Launch::new(Kind::Redis).start();
        assert!(server.client().run("DEBUG POPULATE 20000").is_ok());
        assert!(server.client().run("SAVE").is_ok());
        server.stop();
        fs::read(server.path("dump.rdb")).expect("its file")
    };
    for kind in BOTH {
        let (dir, port) = (TempDir::new(), free_port());
        fs::write(dir.path().join("dump.rdb"), &file).expect("a file");
        let mut command: Command = kind.command();
        command.args(["--port", &port.to_string(), "--key-load-delay", "1000", "--save", ""]);
        command.args(["--loading-process-events-interval-bytes", "1024"]);
        let child = command.current_dir(dir.path()).stdout(Stdio::null()).spawn();
        let _child = Killed(child.expect("it runs"));
        let mut client = connect(port);
        let reply = client.run("GET key:1");
        assert_eq!(reply.text(), "LOADING Redis is loading the dataset in memory", "{kind:?}");
        let info = client.run("INFO persistence").text();
        for field in ["loading:1", "loading_start_time:", "loading_total_bytes:"] {
            assert!(info.contains(field), "{kind:?}: {field} is missing in {info}");
        }
        let loaded = |client: &mut Client| {
            let info = client.run("INFO persistence").text();
            let bytes = info.lines().find_map(|l| l.strip_prefix("loading_loaded_bytes:"));
            bytes.map_or(u64::MAX, |bytes| bytes.parse().expect("a number"))
        };
        let first = loaded(&mut client);
        let second = wait_for("more to be loaded", Duration::from_secs(10), || {
            let now = loaded(&mut client);
            if now > first { Ok(now) } else { Err(format!("{first}, then {now}")) }
        });
        assert!(second < file.len() as u64, "{kind:?}: {first} {second}");
        assert!(client.run("CONFIG SET key-load-delay 0").is_ok());
        let size = wait_for("the end of the load", Duration::from_secs(20), || {
            let size = client.run("DBSIZE");
            if size.is_error() { Err(size.text()) } else { Ok(size.int()) }
        });
        assert_eq!(size, 20_000, "{kind:?}");
    }
}

#[test]
fn a_failed_save_stops_writes_until_one_succeeds() {
    for kind in BOTH {
        let launch = Launch::new(kind).set("enable-protected-configs", "yes");
        let server = launch.set("save", "3600 1").start();
        let mut client = server.client();
        let gone = server.path("gone");
        fs::create_dir(&gone).expect("a directory");
        assert!(client.call(&["CONFIG", "SET", "dir", gone.to_str().expect("a path")]).is_ok());
        fs::remove_dir(&gone).expect("it is removed");
        assert!(client.run("SET a 1").is_ok());
        assert_eq!(client.run("BGSAVE").text(), "Background saving started");
        wait_for("the failure", Duration::from_secs(10), || {
            let status = server.info("persistence").text("rdb_last_bgsave_status").to_owned();
            (status == "err").then_some(()).ok_or(status)
        });
        let misconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently \
                       unable to persist to disk. Commands that may modify the data set are \
                       disabled, because this instance is configured to report errors during \
                       writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). \
                       Please check the Redis logs for details about the RDB error.";
        assert_eq!(client.run("SET a 2").text(), misconf, "{kind:?}");
        assert_eq!(client.run("GET a").text(), "1");
        assert_eq!(client.run("SAVE").text(), "ERR", "{kind:?}");
        let log = server.log();
        assert!(log.contains("Failed opening the temp RDB file temp-"), "{kind:?}: {log}");
        assert!(log.contains("# Background saving error"), "{kind:?}: {log}");
        assert!(client.run("CONFIG SET stop-writes-on-bgsave-error no").is_ok());
        assert!(client.run("SET a 2").is_ok());
        assert!(client.run("CONFIG SET stop-writes-on-bgsave-error yes").is_ok());
        let dir = server.dir().to_str().expect("a path").to_owned();
        assert!(client.call(&["CONFIG", "SET", "dir", &dir]).is_ok());
        assert!(client.run("SAVE").is_ok(), "{kind:?}");
        assert!(client.run("SET a 3").is_ok(), "{kind:?}");
    }
}

/// Names of sections and fields, in order.
fn field_names(server: &Server) -> Vec<String> {
    let info = server.client().run("INFO everything").text();
    let names = info.lines().map(|line| line.split(':').next().unwrap_or(line).to_owned());
    names.filter(|name| !name.starts_with("cmdstat_") && !name.starts_with("latency_")).collect()
}

/// Servers in every role: a lone one, a master with a replica, that replica, and one that receives
/// a snapshot whose end does not come.
fn field_names_of_all(kind: Kind) -> Vec<Vec<String>> {
    let lone = Launch::new(kind).start();
    assert!(lone.client().run("SET a 1").is_ok());
    lone.client().run("GET");
    let master = Launch::new(kind).start();
    let replica = Launch::new(kind).replica_of(&master).start();
    wait_online(&master, &replica);
    let stalling = RawMaster::new();
    let launch = Launch::new(kind).set("replicaof", format!("127.0.0.1 {}", stalling.port));
    let receiving = launch.start();
    let log = &mut Transcript::default();
    let mut link = stalling.accept();
    link.shake_hands(log);
    link.say(format!("+FULLRESYNC {} 1\r\n$1000\r\nREDIS0010", "a".repeat(40)), log);
    wait_for("the snapshot", Duration::from_secs(20), || {
        let left = receiving.info("replication").get("master_sync_left_bytes").map(str::to_owned);
        if left.as_deref() == Some("991") { Ok(()) } else { Err(format!("{left:?}")) }
    });
    [&lone, &master, &replica, &receiving].map(field_names).into()
}

#[test]
fn info_has_the_fields_of_redis_in_their_order() {
    let [redis, lockstep] = BOTH.map(field_names_of_all);
    for (redis, lockstep) in redis.iter().zip(&lockstep) {
        let own: Vec<&String> = lockstep.iter().filter(|n| !n.starts_with("lockstep_")).collect();
        assert_eq!(own, redis.iter().collect::<Vec<_>>());
    }
}

#[test]
fn times_are_real() {
    for kind in BOTH {
        let server = Launch::new(kind).set("slowlog-log-slower-than", "-1").start();
        let mut client = server.client();
        let begun = Instant::now();
        for number in 0..1000 {
            client.run(&format!("SET key:{number} 1"));
        }
        assert!(client.run("CONFIG SET latency-monitor-threshold 10").is_ok());
        assert!(client.run("CONFIG SET slowlog-log-slower-than 50000").is_ok());
        let slept = Instant::now();
        assert!(client.run("DEBUG SLEEP 0.1").is_ok());
        let slept = slept.elapsed().as_micros() as i64;
        // On a busy machine anything may have been slow.
        let log = client.run("SLOWLOG GET");
        let is_sleep = |entry: &&Value| entry.items()[3].items()[0].text() == "DEBUG";
        let entry = log.items().iter().find(is_sleep).expect("the sleep was slow").items();
        let micros = entry[2].int();
        assert!((100_000..=slept).contains(&micros), "{kind:?}: {slept} {entry:?}");
        let words: Vec<String> = entry[3].items().iter().map(|arg| arg.text()).collect();
        assert_eq!(words, ["DEBUG", "SLEEP", "0.1"]);
        let latest = client.run("LATENCY LATEST");
        assert_eq!(latest.items()[0].items()[0].text(), "command", "{kind:?}: {latest:?}");
        assert!(latest.items()[0].items()[2].int() >= 100, "{kind:?}: {latest:?}");
        let stats = server.info("commandstats");
        let set = stats.text("cmdstat_set");
        let micros = set.split(',').find_map(|part| part.strip_prefix("usec=")).expect("a time");
        let micros: u64 = micros.parse().expect("a number");
        let all = begun.elapsed().as_micros() as u64;
        assert!((100..all).contains(&micros), "{kind:?}: {set} in {all}");
        let histogram = client.run("LATENCY HISTOGRAM set");
        assert_eq!(histogram.items()[0].text(), "set", "{kind:?}");
        assert_eq!(histogram.items()[1].items()[1].int(), 1000, "{kind:?}");
    }
}

#[test]
fn long_commands_are_cut_and_secrets_left_out_of_the_slow_log() {
    let logs = BOTH.map(|kind| {
        let server = Launch::new(kind).set("slowlog-log-slower-than", "0").start();
        let mut client = server.client();
        let long = "x".repeat(200);
        let many: Vec<String> = (0..40).map(|number| format!("m{number}")).collect();
        let mut command = vec!["SADD", &long];
        command.extend(many.iter().map(String::as_str));
        client.call(&command);
        client.run("AUTH default secret");
        client.run("CONFIG SET requirepass secret");
        let log = client.run("SLOWLOG GET -1");
        let words = log.items().iter().map(|entry| {
            let words = entry.items()[3].items().iter().map(|word| word.text());
            words.collect::<Vec<_>>()
        });
        words.filter(|words| words[0] != "PING").collect::<Vec<_>>()
    });
    assert_eq!(logs[1], logs[0]);
    assert!(logs[1].iter().flatten().all(|word| word != "secret"));
}

#[test]
fn a_full_memory_refuses_writes_or_gives_up_keys() {
    for kind in BOTH {
        let server = Launch::new(kind).start();
        let mut client = server.client();
        assert!(client.run("SET a 1").is_ok());
        assert!(client.run("CONFIG SET maxmemory 1").is_ok());
        let oom = "OOM command not allowed when used memory > 'maxmemory'.";
        assert_eq!(client.run("SET a 2").text(), oom, "{kind:?}");
        assert_eq!(client.run("GET a").text(), "1", "{kind:?}");
        assert!(client.run("MULTI").is_ok());
        assert_eq!(client.run("GET a").text(), oom, "{kind:?}");
        let aborted = client.run("EXEC").text();
        assert!(aborted.starts_with("EXECABORT"), "{kind:?}: {aborted}");
        assert_eq!(client.run("DEL a").int(), 1, "{kind:?}: what gives memory back is allowed");
        assert!(server.log().contains("is smaller than the current memory usage"), "{kind:?}");
    }
    for policy in ["allkeys-lru", "allkeys-random", "volatile-ttl", "volatile-lru"] {
        let master = Launch::new(Kind::Lockstep).set("maxmemory-policy", policy).start();
        let replica = Launch::new(Kind::Lockstep).replica_of(&master).start();
        wait_online(&master, &replica);
        let mut client = master.client();
        let limit = master.info("memory").number("used_memory") + 2_000_000;
        assert!(client.run(&format!("CONFIG SET maxmemory {limit}")).is_ok());
        let value = "x".repeat(1000);
        for number in 0..6000 {
            let reply = client.run(&format!("SET key:{number} {value} EX {}", 100_000 - number));
            assert!(reply.is_ok(), "{policy}: {reply:?}");
        }
        let used = master.info("memory").number("used_memory");
        assert!(used < limit + 100_000, "{policy}: {used} of {limit}");
        // Any command may give up more; not from here on.
        assert!(client.run("CONFIG SET maxmemory 0").is_ok());
        let evicted = master.info("stats").number("evicted_keys");
        let kept = client.run("DBSIZE").int();
        assert!(evicted > 3000 && evicted + kept == 6000, "{policy}: {evicted} {kept}");
        if policy == "allkeys-lru" {
            assert!(client.run("GET key:5999").text() == value, "the newest is there");
        }
        lockstep_tests::sync::assert_same(&master, &replica);
    }
}
