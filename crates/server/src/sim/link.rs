//! `lockstep sim link`: the link that opens a scenario in the page.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use lockstep_sim::Permalink;
use lockstep_sim::permalink::Start;
use lockstep_sim::scenario::find;

use super::run::read;
use crate::{complain, say};

/// The subcommand.
pub(super) fn command() -> Command {
    Command::new("link")
        .about("Print the link that opens a scenario in the page, at the end of its script")
        .arg(
            Arg::new("scenario")
                .value_name("FILE|NAME")
                .required(true)
                .value_parser(value_parser!(String))
                .help("A file, or a name that `lockstep sim list` shows"),
        )
        .arg(
            Arg::new("step")
                .long("step")
                .value_name("STEP")
                .value_parser(value_parser!(u64))
                .help("Stand at this step instead"),
        )
}

/// Prints what the arguments ask for.
pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let what = matches.get_one::<String>("scenario").map(String::as_str).unwrap_or_default();
    let scenario = match read(what) {
        Ok(scenario) => scenario,
        Err(why) => {
            complain(&why);
            return ExitCode::from(2);
        }
    };
    let mut timeline = scenario.play();
    if let Some(step) = matches.get_one("step") {
        timeline.seek(*step);
    }
    let start = match find(what) {
        Some(_) => Start::Named(what.to_owned(), Box::new(scenario)),
        None => Start::Inline(Box::new(scenario)),
    };
    let (script, cursor) = (timeline.script().to_vec(), timeline.cursor());
    say(&Permalink { start, script, cursor, branch: None }.address());
    ExitCode::SUCCESS
}
