//! `lockstep sim`: the simulator on the command line.

mod link;
mod run;
mod search;

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use lockstep_sim::scenario::{LIBRARY, Scenario};

use crate::say;

/// The subcommand and its own.
pub(crate) fn command() -> Command {
    Command::new("sim")
        .about("Run scenarios of the simulator, and search for violations")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run::command())
        .subcommand(link::command())
        .subcommand(search::command())
        .subcommand(Command::new("list").about("List the scenarios that come with this program"))
        .subcommand(
            Command::new("show").about("Print a scenario of the list").arg(
                Arg::new("name")
                    .value_name("NAME")
                    .required(true)
                    .value_parser(value_parser!(String))
                    .help("Its name, as `lockstep sim list` shows it"),
            ),
        )
}

/// Does what was asked for.
pub(crate) fn dispatch(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some(("run", matches)) => run::run(matches),
        Some(("link", matches)) => link::run(matches),
        Some(("search", matches)) => search::run(matches),
        Some(("list", _)) => {
            for (name, text) in LIBRARY {
                let title = Scenario::parse(text).map(|scenario| scenario.title);
                say(&format!("{name:<34} {}", title.unwrap_or_default()));
            }
            ExitCode::SUCCESS
        }
        Some(("show", matches)) => {
            let name = matches.get_one::<String>("name").map(String::as_str).unwrap_or_default();
            match lockstep_sim::scenario::find(name) {
                Some(text) => {
                    say(text.trim_end());
                    ExitCode::SUCCESS
                }
                None => {
                    crate::complain(&format!(
                        "There is no scenario `{name}`: `lockstep sim list` shows all"
                    ));
                    ExitCode::FAILURE
                }
            }
        }
        _ => ExitCode::FAILURE,
    }
}
