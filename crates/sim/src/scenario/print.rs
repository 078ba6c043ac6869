//! A scenario as text, such that the parser gives it back.

use std::fmt;

use super::lex::{RATES, duration, measured};
use super::names::Names;
use super::{Instruction, Scenario, acts};

/// The verb that has a number behind it.
pub(super) const RESET_AT: &str = "reset-at";

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header(f)?;
        let mut names = self.names();
        if !self.script.is_empty() {
            f.write_str("\n")?;
        }
        for statement in &self.script {
            instruction(f, &statement.what, &mut names)?;
        }
        Ok(())
    }
}

impl Scenario {
    /// The world, without the script, as text.
    pub fn header_text(&self) -> String {
        let world = Self { script: Vec::new(), ..self.clone() };
        world.to_string()
    }

    fn header(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        let mut line = |word: &str, text: &str, said: bool| match said {
            true => writeln!(f, "{word} {text}"),
            false => Ok(()),
        };
        line("title", &self.title, !self.title.is_empty())?;
        line("title-zh", &self.title_zh, !self.title_zh.is_empty())?;
        line("seed", &self.seed.to_string(), self.seed != default.seed)?;
        line("era", self.era.name(), self.era != default.era)?;
        line("link", &link(self.link), self.link != default.link)?;
        line("unix-ms", &self.unix_ms.to_string(), self.unix_ms != default.unix_ms)?;
        line("stagger", &duration(self.stagger_us), self.stagger_us != default.stagger_us)?;
        block(f, "config", &self.config)?;
        let names = self.names();
        for node in &self.nodes {
            let of = node.of.map(|id| format!(" of {}", names.of(id)));
            writeln!(f, "node {} {}{}", node.name, node.port, of.unwrap_or_default())?;
            node.config.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        for (a, b, latency, bandwidth) in &self.links {
            let link = link((*latency, *bandwidth));
            writeln!(f, "link {} {} {link}", names.of(*a), names.of(*b))?;
        }
        block(f, "preload", &self.preload)
    }
}

fn link((latency, bandwidth): (u64, u64)) -> String {
    format!("{} {}", duration(latency), measured(bandwidth, RATES))
}

fn block(f: &mut fmt::Formatter<'_>, word: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "{word}")?;
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}

fn instruction(f: &mut fmt::Formatter<'_>, what: &Instruction, names: &mut Names) -> fmt::Result {
    let within = |limit: &Option<u64>| match limit {
        Some(limit) => format!(" within {}", duration(*limit)),
        None => String::new(),
    };
    match what {
        Instruction::After(time) => writeln!(f, "after {}", duration(*time)),
        Instruction::At(time) => writeln!(f, "at {}", duration(*time)),
        Instruction::AtStep(step, None) => writeln!(f, "at step {step}"),
        Instruction::AtStep(step, Some(time)) => {
            writeln!(f, "at step {step} {}", duration(*time))
        }
        Instruction::When(p, limit) => writeln!(f, "when {}{}", p.print(names), within(limit)),
        Instruction::Expect(p) => writeln!(f, "expect {}", p.print(names)),
        Instruction::Always(p) => writeln!(f, "always {}", p.print(names)),
        Instruction::Never(p) => writeln!(f, "never {}", p.print(names)),
        Instruction::Eventually(p, limit) => {
            writeln!(f, "eventually {}{}", p.print(names), within(limit))
        }
        Instruction::Mark => writeln!(f, "mark"),
        Instruction::Let(name, term) => {
            let text = term.print(names);
            names.remember(name);
            writeln!(f, "let {name} = {text}")
        }
        Instruction::Conversation(a, b, said) => {
            writeln!(f, "conversation {} {}", names.of(*a), names.of(*b))?;
            said.iter().try_for_each(|line| writeln!(f, "  {}", line.print()))
        }
        Instruction::Touch(touch) => {
            let to = touch.to.map(|to| format!(" to {}", names.of(to))).unwrap_or_default();
            let byte =
                if touch.verb == RESET_AT { format!(" {}", touch.byte) } else { String::new() };
            let (verb, what, from) = (touch.verb, touch.what.print(), names.of(touch.from));
            writeln!(f, "{verb} {what} from {from}{to}{byte}")
        }
        Instruction::Do(what, name) => {
            let text = acts::print(what, names);
            names.grow(what, name.as_deref());
            match name {
                Some(name) => writeln!(f, "{text} as {name}"),
                None => writeln!(f, "{text}"),
            }
        }
    }
}

impl Instruction {
    /// The instruction as text, for a report: its first line.
    pub(super) fn line(&self, names: &Names) -> String {
        struct One<'a>(&'a Instruction, &'a Names);
        impl fmt::Display for One<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                instruction(f, self.0, &mut self.1.clone())
            }
        }
        let text = One(self, names).to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }
}
