//! The command line: subcommands, and redis-server's own grammar behind `serve`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::live::Wish;
use crate::{REDIS_VERSION, complain, play, say, serve, sim, trace_tool, tracer};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (behaves as Redis 7.0.15)");
/// What `play` starts its nodes as.
pub(crate) const LIVE_NODE: &str = "live-node";

const SERVE_HELP: &str = "\
The arguments are those of redis-server: a config file, then directives. `-` as the first or last
argument reads more configuration from standard input.

  --trace FILE       write down what happens in the node and on its connections, one line per event
                     (read it with `lockstep trace`)
  --trace-bytes N    bytes shown of each message [256]
  --trace-size N     size at which FILE becomes FILE.1 and is begun anew [268435456]

Examples:
  lockstep serve
  lockstep serve /etc/redis/redis.conf
  lockstep serve --port 7777 --replicaof 127.0.0.1 6379
  lockstep serve redis.conf --loglevel verbose --save ''
  lockstep serve --port 7777 --trace session.trace
  echo 'port 7777' | lockstep serve -

A copy of (or link to) this program named redis-server behaves as `lockstep serve`.";

const PLAY_HELP: &str = "\
The nodes are real servers on 127.0.0.1: type into them with redis-cli, and watch the page's Live
view. Their data is in a temporary directory, and gone when this ends. Without --nodes they listen
on 6380, 6381 and 6382, or, if one of these is taken, on ports that are free.

Examples:
  lockstep play
  lockstep play --nodes 7001,7002
  lockstep play --follow redis.example:6379

A followed Redis sends this machine a copy of its dataset, as to any replica.";

/// Runs the program; `args[0]` is its name.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let name = args.first().map(Path::new).and_then(Path::file_name);
    if name.is_some_and(|name| name == "redis-server") {
        let args = args.into_iter().skip(1).map(OsString::into_vec).collect();
        return redis_server(args, None);
    }
    match command().try_get_matches_from(args) {
        Ok(matches) => dispatch(&matches),
        Err(error) => {
            // Help and version come this way too, and go to standard output.
            let _ = error.print();
            ExitCode::from(u8::from(error.use_stderr()))
        }
    }
}

fn command() -> Command {
    Command::new("lockstep")
        .version(VERSION)
        .about("Redis replication, one step at a time: a server, and a playground")
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .short('v')
                .long("version")
                .help("Print version")
                .action(ArgAction::Version),
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("serve")
                .about("Run a Redis server")
                .override_usage("lockstep serve [redis.conf] [--directive value ...] [-]")
                .after_help(SERVE_HELP)
                .disable_help_flag(true)
                .arg(
                    Arg::new("args")
                        .num_args(..)
                        .trailing_var_arg(true)
                        .allow_hyphen_values(true)
                        .value_parser(value_parser!(OsString))
                        .help("Config file and directives, as redis-server takes them"),
                ),
        )
        .subcommand(play_command())
        .subcommand(
            Command::new(LIVE_NODE)
                .about("A node of `play`: its configuration on stdin, its trace on stdout")
                .hide(true),
        )
        .subcommand(sim::command())
        .subcommand(trace_tool::command())
}

fn play_command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).value_parser(value_parser!(String)).help(help)
    };
    Command::new("play")
        .about("Serve the playground page on this machine, with real nodes beside it")
        .after_help(PLAY_HELP)
        .arg(
            Arg::new("http-port")
                .long("http-port")
                .value_name("PORT")
                .default_value("8379")
                .value_parser(value_parser!(u16))
                .help("Port on 127.0.0.1; 0 picks a free one"),
        )
        .arg(text(
            "nodes",
            "N|PORTS",
            "How many real nodes run, or their ports; the first is the master [3]",
        ))
        .arg(
            Arg::new("no-nodes")
                .long("no-nodes")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["nodes", "follow"])
                .help("Serve the page alone"),
        )
        .arg(
            text(
                "follow",
                "HOST:PORT",
                "Become a replica of this Redis, and show what the two say",
            )
            .conflicts_with("nodes"),
        )
        .arg(text("user", "USER", "Who to be at the Redis that is followed").requires("follow"))
        .arg(
            text(
                "pass",
                "PASSWORD",
                "The password there; without it, that of REDISCLI_AUTH is taken",
            )
            .requires("follow"),
        )
}

/// What the page is to show live.
fn wish(matches: &ArgMatches) -> Result<Option<Wish>, String> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    if matches.get_flag("no-nodes") {
        return Ok(None);
    }
    if let Some(address) = text("follow") {
        // As redis-cli takes it: on the command line all users of the machine could read it.
        let password = text("pass").or_else(|| std::env::var("REDISCLI_AUTH").ok());
        return Wish::follow(&address, text("user"), password).map(Some);
    }
    Wish::nodes(text("nodes").as_deref().unwrap_or("3")).map(Some)
}

fn dispatch(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some(("serve", matches)) => {
            let mut args: Vec<Vec<u8>> = matches
                .get_many::<OsString>("args")
                .unwrap_or_default()
                .map(|arg| arg.clone().into_vec())
                .collect();
            if matches!(args.first().map(Vec::as_slice), Some(b"-h" | b"--help")) {
                let mut command = command();
                let serve = command.find_subcommand_mut("serve");
                say(&serve.map(|serve| serve.render_help().to_string()).unwrap_or_default());
                return ExitCode::SUCCESS;
            }
            match tracer::Options::take(&mut args) {
                Ok(trace) => redis_server(args, trace),
                Err(text) => {
                    complain(&format!("lockstep: {text}"));
                    ExitCode::FAILURE
                }
            }
        }
        Some(("play", matches)) => {
            let port = matches.get_one("http-port").copied().unwrap_or(play::PORT);
            match wish(matches) {
                Ok(wish) => play::run(port, wish.as_ref()),
                Err(text) => {
                    complain(&format!("lockstep: {text}"));
                    ExitCode::FAILURE
                }
            }
        }
        Some((LIVE_NODE, _)) => serve::run(&[b"-".to_vec()], Some(tracer::Options::live())),
        Some(("sim", matches)) => sim::dispatch(matches),
        Some(("trace", matches)) => trace_tool::dispatch(matches),
        _ => ExitCode::FAILURE,
    }
}

/// As redis-server, whose arguments these are.
fn redis_server(args: Vec<Vec<u8>>, trace: Option<tracer::Options>) -> ExitCode {
    match args.first().map(Vec::as_slice) {
        Some(b"-v" | b"--version") => {
            say(&format!(
                "Redis server v={REDIS_VERSION} sha=00000000:0 malloc=mimalloc bits={} \
                 build=lockstep-{}",
                usize::BITS,
                env!("CARGO_PKG_VERSION")
            ));
            ExitCode::SUCCESS
        }
        Some(b"-h" | b"--help") => {
            complain(SERVE_HELP);
            ExitCode::FAILURE
        }
        Some(option @ (b"--test-memory" | b"--check-system")) => {
            complain(&format!(
                "{} is a function of redis-server that this program does not have",
                String::from_utf8_lossy(option)
            ));
            ExitCode::FAILURE
        }
        _ => serve::run(&args, trace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
        assert!(VERSION.contains(REDIS_VERSION));
    }
}
