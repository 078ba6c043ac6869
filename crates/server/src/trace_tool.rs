//! `lockstep trace`: traces of servers and of the simulator printed, filtered and compared.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lockstep_core::time::Instant;
use lockstep_sim::trace::{self, Filter, Reader, Record, Session};

use crate::complain;
use crate::sys::words;

const ABOUT: &str = "Print, filter and compare traces (of `serve --trace` and of the simulator)";
const FILES_HELP: &str = "\
A trace, or several that servers recorded side by side, told as one. `-` is standard input";
const DIFF_HELP: &str = "\
Compared is what the protocol decides: changes of state, decisions, what joins the stream, and the
messages between nodes; not times, PINGs, ACKs, keepalives, client traffic, and the RDB itself.
Names of connections, addresses, ports and 40-digit ids may differ, as long as one always stands for
the same other one. Nodes are matched in the order in which the traces name them.

A side that several servers recorded is given as their files with commas between them:
  lockstep trace diff master.trace,replica.trace simulated.trace

Exit code: 0 if nothing differs, 1 if something does, 2 if a trace cannot be read.";

/// The subcommand and its own.
pub(crate) fn command() -> Command {
    let files = || {
        Arg::new("files")
            .value_name("FILE")
            .required(true)
            .num_args(1..)
            .value_parser(value_parser!(String))
            .help(FILES_HELP)
    };
    let side = |name: &'static str, value: &'static str| {
        Arg::new(name).value_name(value).required(true).value_parser(value_parser!(String))
    };
    Command::new("trace")
        .about(ABOUT)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(filters(Command::new("print").about("Tell a trace in sentences").arg(files())))
        .subcommand(filters(
            Command::new("filter").about("Print the lines of a trace that are wanted").arg(files()),
        ))
        .subcommand(
            Command::new("diff")
                .about("Show where two traces first go different ways")
                .after_help(DIFF_HELP)
                .arg(side("left", "LEFT"))
                .arg(side("right", "RIGHT")),
        )
}

fn filters(command: Command) -> Command {
    let several = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(value_parser!(String))
            .help(help)
    };
    let one = |name: &'static str, value: &'static str, help: &'static str| {
        several(name, value, help).action(ArgAction::Set)
    };
    command
        .arg(several("node", "NODE", "Only what happened in these nodes, by name (n0) or address"))
        .arg(several("kind", "KIND", "Only lines (psync-decided) or messages (ack) of these kinds"))
        .arg(several("wire", "WIRE", "Only messages on these connections (w3)"))
        .arg(one("from", "SECONDS", "Only from this time on"))
        .arg(one("to", "SECONDS", "Only up to this time"))
        .arg(one("offsets", "FIRST..LAST", "Only what is about these offsets of the stream"))
}

/// Does what was asked for.
pub(crate) fn dispatch(matches: &ArgMatches) -> ExitCode {
    let result = match matches.subcommand() {
        Some(("print", matches)) => print(matches, true),
        Some(("filter", matches)) => print(matches, false),
        Some(("diff", matches)) => diff(matches),
        _ => Ok(ExitCode::FAILURE),
    };
    result.unwrap_or_else(|text| {
        complain(&format!("lockstep: {text}"));
        ExitCode::from(2)
    })
}

/// Reads a trace that is in several files, or in one.
fn read<'a>(files: impl Iterator<Item = &'a str>) -> Result<Session, String> {
    let parts: Result<Vec<_>, String> = files.map(read_one).collect();
    Ok(Session::join(parts?))
}

fn read_one(file: &str) -> Result<(Reader, Vec<Record>), String> {
    let failed = |error: io::Error| format!("Can't read the trace {file}: {}", words(&error));
    let input: Box<dyn BufRead> = match file {
        "-" => Box::new(BufReader::new(io::stdin())),
        path => Box::new(BufReader::new(File::open(path).map_err(failed)?)),
    };
    let (mut reader, mut records) = (Reader::new(), Vec::new());
    for line in input.lines() {
        let record = reader.read(&line.map_err(failed)?);
        records.extend(record.map_err(|error| format!("{file}, {error}"))?);
    }
    if reader.is_empty() {
        return Err(format!("{file} is empty: no trace"));
    }
    Ok((reader, records))
}

fn print(matches: &ArgMatches, sentences: bool) -> Result<ExitCode, String> {
    let filter = filter(matches)?;
    let files = matches.get_many::<String>("files").unwrap_or_default();
    let mut session = read(files.map(String::as_str))?;
    let wanted: Vec<bool> =
        session.records.iter().map(|record| filter.wants(&session, record)).collect();
    let mut wanted = wanted.into_iter();
    session.records.retain(|_| wanted.next().unwrap_or(false));
    let mut text = String::new();
    if sentences {
        trace::tell(&session, |line| {
            text.push_str(line);
            text.push('\n');
        });
    } else {
        let nodes = session.nodes.iter().map(|(name, address)| (name.as_str(), address.as_str()));
        trace::write_header(&mut text, session.started_unix_ms, nodes);
        session.records.iter().for_each(|record| record.write(&mut text));
    }
    // Who reads it may have seen enough (`| head`).
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn filter(matches: &ArgMatches) -> Result<Filter, String> {
    let several = |name: &str| -> Vec<String> {
        matches.get_many::<String>(name).unwrap_or_default().cloned().collect()
    };
    let kinds = several("kind");
    if let Some(unknown) = kinds.iter().find(|kind| !trace::kinds().any(|known| known == **kind)) {
        let known: Vec<String> = trace::kinds().collect();
        return Err(format!("no line has the kind {unknown}: there are {}", known.join(", ")));
    }
    let time = |name: &str| match matches.get_one::<String>(name) {
        None => Ok(None),
        Some(text) => match trace::read_time(text) {
            Some(micros) => Ok(Some(Instant(micros))),
            None => Err(format!("--{name} takes seconds (12.5), not '{text}'")),
        },
    };
    let offsets = match matches.get_one::<String>("offsets") {
        None => None,
        Some(text) => {
            let range = text.split_once("..").and_then(|(first, last)| {
                let last = if last.is_empty() { Ok(u64::MAX) } else { last.parse() };
                Some((first.parse().ok()?, last.ok()?))
            });
            Some(range.ok_or_else(|| format!("--offsets takes FIRST..LAST, not '{text}'"))?)
        }
    };
    Ok(Filter {
        places: several("node"),
        kinds,
        wires: several("wire"),
        time: (time("from")?, time("to")?),
        offsets,
    })
}

fn diff(matches: &ArgMatches) -> Result<ExitCode, String> {
    let side = |name: &str| {
        let files = matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
        read(files.split(','))
    };
    let (left, right) = (side("left")?, side("right")?);
    if left.nodes.len() != right.nodes.len() {
        let (a, b) = (left.nodes.len(), right.nodes.len());
        complain(&format!("The left trace has {a} nodes, the right one {b}."));
    }
    let comparison = trace::compare(&left, &right);
    let mut text = String::new();
    match &comparison.departure {
        None => {
            let _ = writeln!(text, "Nothing differs: {} records are equal.", comparison.equal);
        }
        Some(departure) => {
            let _ = writeln!(text, "The traces part here ({}):", departure.of);
            let sides = [(" ", &departure.before), ("<", &departure.left), (">", &departure.right)];
            for (mark, lines) in sides {
                for line in lines {
                    let _ = writeln!(text, "{mark} {line}");
                }
                if lines.is_empty() && mark != " " {
                    let _ = writeln!(text, "{mark} (nothing more)");
                }
            }
            let _ = writeln!(text, "{} records are equal.", comparison.equal);
        }
    }
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(ExitCode::from(u8::from(comparison.departure.is_some())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_of_traces_is_sound() {
        command().debug_assert();
    }
}
