//! The table of interventions: what each is called in a scenario, and what it is said with.
//!
//! One table serves the text and the permalink. A new intervention is a row in [`FORMS`] (at the
//! end: a row's place is its number in links), a line in [`parts`] and one in [`build`].

use super::lex::{DURATIONS, Line, Parsed, RATES, ScenarioError, duration, measured, quote};
use super::names::Names;
use crate::ids::{ClientId, MessageId, NodeId};
use crate::script::{Cut, DiskFault, Intervention, Stop};

/// What a word of an intervention stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A node.
    Node,
    /// A client, `c5`.
    Client,
    /// A message, `m12`.
    Message,
    /// A number.
    Number,
    /// A duration, in microseconds.
    Micros,
    /// A duration, in milliseconds.
    Millis,
    /// Milliseconds, forward or back.
    Shift,
    /// Parts per million, more or less.
    Ppm,
    /// Bytes per second; 0: without limit.
    Rate,
    /// The rest of the line, as it is.
    Line,
    /// A text in double quotes.
    Quoted,
}

/// What stands in a place of an intervention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    /// A number, or the number of something. One below zero is folded: see [`folded`].
    Number(u64),
    /// A text.
    Text(String),
}

/// An intervention's name and places.
pub(crate) struct Form {
    pub(crate) verb: &'static str,
    pub(crate) args: &'static [Kind],
}

const fn form(verb: &'static str, args: &'static [Kind]) -> Form {
    Form { verb, args }
}

const NODE: &[Kind] = &[Kind::Node];
const TWO: &[Kind] = &[Kind::Node, Kind::Node];

/// All interventions. Rows are only ever added, at the end.
pub(crate) const FORMS: &[Form] = &[
    form(">", &[Kind::Node, Kind::Line]),
    form("cut", TWO),
    form("partition", TWO),
    form("restore", TWO),
    form("set-link", &[Kind::Node, Kind::Node, Kind::Micros, Kind::Rate]),
    form("shutdown", NODE),
    form("crash", NODE),
    form("start", NODE),
    form("pause", NODE),
    form("resume", NODE),
    form("add-replica", NODE),
    form("traffic", &[Kind::Node, Kind::Millis]),
    form("telnet", &[Kind::Node, Kind::Line]),
    form("stall", TWO),
    form("cut-one-way", TWO),
    form("restore-one-way", TWO),
    form("reset-connections", TWO),
    form("jitter", &[Kind::Node, Kind::Node, Kind::Micros]),
    form("random-segments", TWO),
    form("whole-segments", TWO),
    form("hold", &[Kind::Message]),
    form("release", &[Kind::Message]),
    form("reset-at", &[Kind::Message, Kind::Number]),
    form("power-loss", NODE),
    form("refuse", NODE),
    form("accept", NODE),
    form("skew-clock", &[Kind::Node, Kind::Ppm]),
    form("jump-clock", &[Kind::Node, Kind::Shift]),
    form("disk", &[Kind::Node, Kind::Micros, Kind::Rate]),
    form("fill-disk", NODE),
    form("break-disk", NODE),
    form("mend-disk", NODE),
    form("heal", &[]),
    form("add-node", &[Kind::Quoted]),
    form("add-client", NODE),
    form("client", &[Kind::Client, Kind::Line]),
    form("close-client", &[Kind::Client]),
    form("add-writer", &[Kind::Node, Kind::Micros, Kind::Number, Kind::Line]),
    form("writer", &[Kind::Client, Kind::Micros]),
];

/// A number that may be below zero, as one that is not: small ones stay small.
fn folded(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

fn unfolded(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// An intervention as a name and what stands in its places.
pub(crate) fn parts(what: &Intervention) -> (&'static str, Vec<Arg>) {
    use Intervention as I;
    let node = |id: &NodeId| Arg::Number(id.0.into());
    let client = |id: &ClientId| Arg::Number(id.0.into());
    let message = |id: &MessageId| Arg::Number(id.0);
    let number = |n: &u64| Arg::Number(*n);
    let signed = |n: &i64| Arg::Number(folded(*n));
    let text = |text: &String| Arg::Text(text.clone());
    let choose = |yes: bool, a: &'static str, b: &'static str| if yes { a } else { b };
    match what {
        I::Console { node: id, line } => (">", vec![node(id), text(line)]),
        I::Telnet { node: id, line } => ("telnet", vec![node(id), text(line)]),
        I::CutLink { a, b, cut } => {
            let verb = match cut {
                Cut::Reset => "cut",
                Cut::Silent => "partition",
                Cut::Stall => "stall",
            };
            (verb, vec![node(a), node(b)])
        }
        I::RestoreLink { a, b } => ("restore", vec![node(a), node(b)]),
        I::CutOneWay { from, to } => ("cut-one-way", vec![node(from), node(to)]),
        I::RestoreOneWay { from, to } => ("restore-one-way", vec![node(from), node(to)]),
        I::ResetConnections { a, b } => ("reset-connections", vec![node(a), node(b)]),
        I::SetLink { a, b, latency_us, bandwidth } => {
            ("set-link", vec![node(a), node(b), number(latency_us), number(bandwidth)])
        }
        I::SetJitter { a, b, jitter_us } => ("jitter", vec![node(a), node(b), number(jitter_us)]),
        I::SetSegments { a, b, random } => {
            (choose(*random, "random-segments", "whole-segments"), vec![node(a), node(b)])
        }
        I::HoldMessage { message: id } => ("hold", vec![message(id)]),
        I::ReleaseMessage { message: id } => ("release", vec![message(id)]),
        I::ResetAt { message: id, byte } => ("reset-at", vec![message(id), number(byte)]),
        I::StopNode { node: id, stop } => {
            let verb = match stop {
                Stop::Graceful => "shutdown",
                Stop::Crash => "crash",
                Stop::PowerLoss => "power-loss",
            };
            (verb, vec![node(id)])
        }
        I::StartNode { node: id } => ("start", vec![node(id)]),
        I::PauseNode { node: id, paused } => (choose(*paused, "pause", "resume"), vec![node(id)]),
        I::RefuseConnections { node: id, refused } => {
            (choose(*refused, "refuse", "accept"), vec![node(id)])
        }
        I::SkewClock { node: id, ppm } => ("skew-clock", vec![node(id), signed(ppm)]),
        I::JumpClock { node: id, ms } => ("jump-clock", vec![node(id), signed(ms)]),
        I::SetDisk { node: id, latency_us, bandwidth } => {
            ("disk", vec![node(id), number(latency_us), number(bandwidth)])
        }
        I::BreakDisk { node: id, fault } => {
            let verb = match fault {
                Some(DiskFault::Full) => "fill-disk",
                Some(DiskFault::Failing) => "break-disk",
                None => "mend-disk",
            };
            (verb, vec![node(id)])
        }
        I::Heal => ("heal", Vec::new()),
        I::AddReplica { of } => ("add-replica", vec![node(of)]),
        I::AddNode { config } => ("add-node", vec![text(config)]),
        I::Traffic { node: id, every_ms } => ("traffic", vec![node(id), number(every_ms)]),
        I::AddClient { node: id } => ("add-client", vec![node(id)]),
        I::ClientLine { client: id, line } => ("client", vec![client(id), text(line)]),
        I::CloseClient { client: id } => ("close-client", vec![client(id)]),
        I::AddWriter { node: id, every_us, line, keys } => {
            ("add-writer", vec![node(id), number(every_us), number(keys), text(line)])
        }
        I::SetWriter { client: id, every_us } => ("writer", vec![client(id), number(every_us)]),
    }
}

/// The intervention of this name with this in its places; `None`: there is none such.
pub(crate) fn build(verb: &str, args: Vec<Arg>) -> Option<Intervention> {
    use Intervention as I;
    let mut numbers = [0; 4];
    let mut line = String::new();
    for (arg, number) in args.into_iter().zip(&mut numbers) {
        match arg {
            Arg::Number(n) => *number = n,
            Arg::Text(t) => line = t,
        }
    }
    let [first, second, third, fourth] = numbers;
    let id = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let (node, a, b) = (NodeId(id(first)), NodeId(id(first)), NodeId(id(second)));
    let (client, message) = (ClientId(id(first)), MessageId(first));
    let cut = |cut| I::CutLink { a, b, cut };
    let stop = |stop| I::StopNode { node, stop };
    let disk = |fault| I::BreakDisk { node, fault };
    Some(match verb {
        ">" => I::Console { node, line },
        "telnet" => I::Telnet { node, line },
        "cut" => cut(Cut::Reset),
        "partition" => cut(Cut::Silent),
        "stall" => cut(Cut::Stall),
        "restore" => I::RestoreLink { a, b },
        "cut-one-way" => I::CutOneWay { from: a, to: b },
        "restore-one-way" => I::RestoreOneWay { from: a, to: b },
        "reset-connections" => I::ResetConnections { a, b },
        "set-link" => I::SetLink { a, b, latency_us: third, bandwidth: fourth },
        "jitter" => I::SetJitter { a, b, jitter_us: third },
        "random-segments" => I::SetSegments { a, b, random: true },
        "whole-segments" => I::SetSegments { a, b, random: false },
        "hold" => I::HoldMessage { message },
        "release" => I::ReleaseMessage { message },
        "reset-at" => I::ResetAt { message, byte: second },
        "shutdown" => stop(Stop::Graceful),
        "crash" => stop(Stop::Crash),
        "power-loss" => stop(Stop::PowerLoss),
        "start" => I::StartNode { node },
        "pause" => I::PauseNode { node, paused: true },
        "resume" => I::PauseNode { node, paused: false },
        "refuse" => I::RefuseConnections { node, refused: true },
        "accept" => I::RefuseConnections { node, refused: false },
        "skew-clock" => I::SkewClock { node, ppm: unfolded(second) },
        "jump-clock" => I::JumpClock { node, ms: unfolded(second) },
        "disk" => I::SetDisk { node, latency_us: second, bandwidth: third },
        "fill-disk" => disk(Some(DiskFault::Full)),
        "break-disk" => disk(Some(DiskFault::Failing)),
        "mend-disk" => disk(None),
        "heal" => I::Heal,
        "add-replica" => I::AddReplica { of: node },
        "add-node" => I::AddNode { config: line },
        "traffic" => I::Traffic { node, every_ms: second },
        "add-client" => I::AddClient { node },
        "client" => I::ClientLine { client, line },
        "close-client" => I::CloseClient { client },
        "add-writer" => I::AddWriter { node, every_us: second, keys: third, line },
        "writer" => I::SetWriter { client, every_us: second },
        _ => return None,
    })
}

/// Whether an intervention gives the world another node.
pub(super) fn adds_node(what: &Intervention) -> bool {
    matches!(what, Intervention::AddReplica { .. } | Intervention::AddNode { .. })
}

/// Reads what stands behind the verb at the beginning of a line. `None`: no intervention is called
/// that.
pub(super) fn parse(
    verb: &str,
    line: &mut Line<'_>,
    names: &Names,
) -> Parsed<Option<Intervention>> {
    let Some(form) = FORMS.iter().skip(1).find(|form| form.verb == verb) else { return Ok(None) };
    let args: Result<Vec<Arg>, ScenarioError> =
        form.args.iter().map(|kind| arg(*kind, line, names)).collect();
    Ok(build(verb, args?))
}

const PPM: &[(&str, u64)] = &[("ppm", 1)];
const TIME: &str = "a time such as 300ms or 5s";
const RATE: &str = "a bandwidth such as 200kb/s, or 0 for no limit";

fn arg(kind: Kind, line: &mut Line<'_>, names: &Names) -> Parsed<Arg> {
    let millis = &DURATIONS[1..];
    Ok(Arg::Number(match kind {
        Kind::Node => line.node(names)?.0.into(),
        Kind::Client => line.numbered("c", "a client such as c5")?,
        Kind::Message => line.numbered("m", "a message such as m12")?,
        Kind::Number => line.number("a number")?,
        Kind::Micros => line.duration()?,
        Kind::Millis => line.measure(TIME, millis)? / 1_000,
        Kind::Shift => folded(line.signed("a time such as 300ms or -5s", millis)? / 1_000),
        Kind::Ppm => folded(line.signed("parts per million such as 500ppm or -500ppm", PPM)?),
        Kind::Rate => line.measure(RATE, RATES)?,
        Kind::Line => return Ok(Arg::Text(line.take_rest().to_owned())),
        Kind::Quoted => {
            let text = line.quoted()?.ok_or_else(|| line.error("a text in double quotes"))?;
            return Ok(Arg::Text(String::from_utf8_lossy(&text).into_owned()));
        }
    }))
}

/// An intervention as a line of a scenario.
pub fn print(what: &Intervention, names: &Names) -> String {
    let (verb, args) = parts(what);
    if let (">", [Arg::Number(node), Arg::Text(text)]) = (verb, args.as_slice()) {
        return format!("{}> {text}", names.of(NodeId(*node as u32)));
    }
    let mut text = verb.to_owned();
    let kinds = FORMS.iter().find(|form| form.verb == verb).map_or(&[][..], |form| form.args);
    for (arg, kind) in args.iter().zip(kinds) {
        text.push(' ');
        text.push_str(&match arg {
            Arg::Text(text) if *kind == Kind::Quoted => quote(text.as_bytes()),
            Arg::Text(text) => text.clone(),
            Arg::Number(n) => number(*n, *kind, names),
        });
    }
    text
}

fn number(n: u64, kind: Kind, names: &Names) -> String {
    let signed = |units: &[(&str, u64)], factor: u64| {
        let value = unfolded(n);
        let sign = if value < 0 { "-" } else { "" };
        format!("{sign}{}", measured(value.unsigned_abs().saturating_mul(factor), units))
    };
    match kind {
        Kind::Node => names.of(NodeId(n as u32)),
        Kind::Client => format!("c{n}"),
        Kind::Message => format!("m{n}"),
        Kind::Number | Kind::Line | Kind::Quoted => n.to_string(),
        Kind::Micros => duration(n),
        Kind::Millis => duration(n.saturating_mul(1_000)),
        Kind::Shift => signed(&DURATIONS[1..], 1_000),
        Kind::Ppm => signed(PPM, 1),
        Kind::Rate => measured(n, RATES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_built_and_taken_apart_again() {
        for form in FORMS {
            let args = form.args.iter().enumerate().map(|(i, kind)| match kind {
                Kind::Line | Kind::Quoted => Arg::Text("PING".into()),
                _ => Arg::Number(i as u64 + 1),
            });
            let args: Vec<Arg> = args.collect();
            let what = build(form.verb, args.clone()).expect(form.verb);
            assert_eq!(parts(&what), (form.verb, args));
        }
    }

    #[test]
    fn numbers_below_zero_are_folded_and_small_ones_stay_small() {
        for n in [0, 1, -1, 500, -500, i64::MAX, i64::MIN] {
            assert_eq!(unfolded(folded(n)), n);
        }
        assert_eq!([folded(-1), folded(1)], [1, 2]);
    }
}
