//! `lockstep sim run`: runs a scenario, prints its trace, and says what became of its expectations.

use std::fs;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use lockstep_sim::check::Checkers;
use lockstep_sim::export::{Export, Form, Words};
use lockstep_sim::hash::TraceHash;
use lockstep_sim::permalink::FRAGMENT;
use lockstep_sim::scenario::{Finding, Names, Run, STEPS_MAX, Scenario};
use lockstep_sim::{NodeId, Peer, Permalink, Step, World, narrate, trace};

use crate::{complain, say};

const HELP: &str = "\
Prints one line for each step: number, seconds of virtual time, what happened. The hash is FNV-1a
(64 bits) over the lines that `--trace lines` prints behind their header: it is the same wherever
the same scenario runs. With `--trace lines` what follows the trace goes to standard error.

`--text`, `--json` and `--pcap` write the conversation into a file as well: sentences and bytes, the
records of the trace, or packets that Wireshark opens.

Exit code: 0 if every expectation was met, 1 if one was not or a checker found something that must
never happen, 2 if the scenario could not be read or a file could not be written.";

/// The files that can be asked for.
const FORMS: [(&str, Form, &str); 3] = [
    ("text", Form::Text, "Write the conversation for people: sentences and bytes"),
    ("json", Form::Json, "Write the conversation for programs: the records of the trace"),
    ("pcap", Form::Pcap, "Write the conversation as packets, for Wireshark"),
];

/// The subcommand.
pub(super) fn command() -> Command {
    Command::new("run")
        .about("Run a scenario, print its trace and what became of its expectations")
        .after_help(HELP)
        .arg(
            Arg::new("scenario")
                .value_name("FILE|LINK|NAME")
                .required(true)
                .value_parser(value_parser!(String))
                .help("A file, a link, or a name that `lockstep sim list` shows"),
        )
        .arg(
            Arg::new("until")
                .long("until")
                .value_name("STEP")
                .value_parser(value_parser!(u64))
                .help("End at this step"),
        )
        .arg(
            Arg::new("trace")
                .long("trace")
                .value_name("HOW")
                .default_value("steps")
                .value_parser(["none", "steps", "all", "lines"])
                .help(
                    "How much is told of each step: none: nothing; steps: a sentence; all: also \
                     what followed from it; lines: what `lockstep trace` reads",
                ),
        )
        .args(FORMS.map(|(name, _, help)| Arg::new(name).long(name).value_name("OUT").help(help)))
}

/// How files call things: as the scenario does.
struct English(Names);

impl Words for English {
    fn sentence(&self, step: &Step) -> String {
        narrate::narrate(step).with_names(&|id| self.0.of(id))
    }

    fn peer(&self, peer: Peer) -> String {
        peer.node().map_or_else(|| peer.to_string(), |id| self.0.of(id))
    }
}

/// A file that was asked for, while it is written.
struct Output<'a> {
    path: &'a str,
    export: Export,
}

fn outputs<'a>(matches: &'a ArgMatches, scenario: &Scenario, words: &English) -> Vec<Output<'a>> {
    let start = scenario.world();
    let about: Vec<&str> =
        [&*scenario.title].into_iter().filter(|title| !title.is_empty()).collect();
    let asked = FORMS.iter().filter_map(|(name, form, _)| {
        let path: &String = matches.get_one(name)?;
        Some(Output { path, export: Export::new(*form, &start, words, &about) })
    });
    asked.collect()
}

impl Output<'_> {
    fn write(self) -> Result<(), String> {
        let file = self.export.finish().map_err(|error| error.to_string());
        let written = file.and_then(|file| fs::write(self.path, file).map_err(|e| e.to_string()));
        written.map_err(|error| format!("Can't write {}: {error}", self.path))
    }
}

/// How much of the trace is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    None,
    Steps,
    All,
    Lines,
}

/// Runs what the arguments say.
pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let what = matches.get_one::<String>("scenario").map(String::as_str).unwrap_or_default();
    let detail = match matches.get_one::<String>("trace").map(String::as_str) {
        Some("none") => Detail::None,
        Some("all") => Detail::All,
        Some("lines") => Detail::Lines,
        _ => Detail::Steps,
    };
    let (scenario, end) = match load(what) {
        Ok(loaded) => loaded,
        Err(why) => {
            complain(&why);
            return ExitCode::from(2);
        }
    };
    let until = matches.get_one("until").copied().unwrap_or(end);
    let names = scenario.all_names();
    let words = English(names.clone());
    let mut outputs = outputs(matches, &scenario, &words);
    let (mut hash, mut checkers) = (TraceHash::default(), Checkers::new());
    let mut violation = None;
    if detail == Detail::Lines {
        let mut header = String::new();
        trace::write_world_header(&mut header, &scenario.world());
        say(header.trim_end());
    }
    let run = scenario.run(until, &mut |world: &World, step: &Step| {
        hash.step(step);
        outputs.iter_mut().for_each(|output| output.export.step(world, step, &words));
        show(step, detail, &names);
        if let Err(found) = checkers.check(world, step) {
            violation.get_or_insert((step.index, found.to_string()));
        }
    });
    if let Some(Err(why)) = outputs.into_iter().map(Output::write).find(Result::is_err) {
        complain(&why);
        return ExitCode::from(2);
    }
    // What `--trace lines` prints is a trace that other tools read.
    let tell = if detail == Detail::Lines { complain } else { say };
    report(&run, hash.finish(), violation, tell)
}

/// The scenario in a file, in a link, or of the library, and the step at which it ends.
fn load(what: &str) -> Result<(Scenario, u64), String> {
    if what.contains(FRAGMENT) {
        let link = Permalink::decode(what).map_err(|error| format!("Can't open the link: {error}"));
        let link = link?;
        let scenario = link.scenario();
        return Ok((scenario, link.cursor));
    }
    read(what).map(|scenario| (scenario, STEPS_MAX))
}

/// The scenario in a file, or of the library.
pub(super) fn read(what: &str) -> Result<Scenario, String> {
    let text = match lockstep_sim::scenario::find(what) {
        Some(text) => text.to_owned(),
        None => fs::read_to_string(what).map_err(|error| {
            format!("Can't open the scenario {what}: {error} (`lockstep sim list` shows the names)")
        })?,
    };
    Scenario::parse(&text).map_err(|error| format!("{what}: {error}"))
}

fn show(step: &Step, detail: Detail, names: &Names) {
    match detail {
        Detail::None => return,
        Detail::Lines => {
            let mut lines = String::new();
            trace::write_step(&mut lines, step);
            return say(lines.trim_end());
        }
        Detail::Steps | Detail::All => {}
    }
    let name = |id: NodeId| names.of(id);
    let (seconds, micros) = (step.at.0 / 1_000_000, step.at.0 % 1_000_000);
    let sentence = narrate::narrate(step).with_names(&name);
    say(&format!("{:6} {seconds:5}.{micros:06}  {sentence}", step.index));
    if detail == Detail::All {
        for sentence in narrate::details(step) {
            say(&format!("                       - {}", sentence.with_names(&name)));
        }
        for message in &step.sent {
            say(&format!("                       > {}", message.label(100)));
        }
    }
}

fn report(run: &Run, hash: u64, violation: Option<(u64, String)>, say: fn(&str)) -> ExitCode {
    for finding in &run.findings {
        let Finding { line, text, met, seen, step, .. } = finding;
        match met {
            true => say(&format!("met     line {line}: {text} (step {step})")),
            false => say(&format!("NOT MET line {line}: {text} (step {step}): {seen}")),
        }
    }
    if let Some((step, text)) = &violation {
        say(&format!("VIOLATION at step {step}: {text}"));
    }
    let met = run.findings.iter().filter(|finding| finding.met).count();
    let steps = run.timeline.cursor();
    say(&format!("{steps} steps, hash {hash:016x}, {met} of {} met", run.findings.len()));
    ExitCode::from(u8::from(!run.passed() || violation.is_some()))
}
