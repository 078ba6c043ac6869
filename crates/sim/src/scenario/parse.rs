//! A scenario from its text.

use lockstep_core::config::Era;

use super::conversation::Said;
use super::lex::{Line, Parsed, RATES};
use super::names::Names;
use super::predicate::{Predicate, Wording};
use super::print::RESET_AT;
use super::term::Term;
use super::{
    Instruction, NodeSpec, Scenario, ScenarioError, Statement, TEXT_BYTES_MAX, Touch, acts,
    check_directive,
};
use crate::script::NODES_MAX;

/// What indented lines belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Config,
    Node,
    Preload,
    Conversation,
}

pub(super) struct Parser {
    scenario: Scenario,
    names: Names,
    block: Block,
    /// Whether statements about the world may still come.
    world: bool,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Where the text is wrong, what would be right there, and what is there.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let mut parser = Parser::new();
        if text.len() > TEXT_BYTES_MAX {
            let expected = format!("a text of at most {TEXT_BYTES_MAX} bytes");
            let found = format!("{} bytes", text.len());
            return Err(ScenarioError { line: 1, column: 1, expected, found });
        }
        let mut last = 1;
        for (number, text) in (1..).zip(text.lines()) {
            last = number;
            if says_something(text) {
                parser.line(Line::new(number, text), is_indented(text))?;
            }
        }
        Ok(parser.finish(last)?.0)
    }
}

/// Whether a line is neither empty nor a comment.
pub(super) fn says_something(text: &str) -> bool {
    let trimmed = text.trim();
    !trimmed.is_empty() && !trimmed.starts_with('#')
}

/// Whether a line belongs to the statement above it.
pub(super) fn is_indented(text: &str) -> bool {
    text.starts_with([' ', '\t'])
}

impl Parser {
    pub(super) fn new() -> Self {
        let (scenario, names) = (Scenario::default(), Names::default());
        Self { scenario, names, block: Block::None, world: true }
    }

    /// A parser of what follows a script that has used these names.
    pub(super) fn continuing(names: Names) -> Self {
        Self { names, world: false, ..Self::new() }
    }

    /// What was read up to a line, with all its names.
    pub(super) fn finish(self, last: u32) -> Parsed<(Scenario, Names)> {
        if self.scenario.nodes.is_empty() {
            return Err(Line::new(last, "").error("at least one node (`node NAME PORT`)"));
        }
        Ok((self.scenario, self.names))
    }

    /// The statements that were read, of a parser that continues.
    pub(super) fn statements_read(self) -> Vec<Statement> {
        self.scenario.script
    }

    /// Reads a line that says something.
    pub(super) fn line(&mut self, mut line: Line<'_>, indented: bool) -> Parsed<()> {
        if indented {
            return self.indented(line);
        }
        self.block = Block::None;
        let before = line;
        // A name and `>`: somebody types.
        let mut ahead = line;
        if ahead.node(&self.names).is_ok() && ahead.touches(">") {
            let node = line.node(&self.names)?;
            line.eat_sign(">");
            let text = line.take_rest().to_owned();
            let what = crate::script::Intervention::Console { node, line: text };
            self.push(before.number, Instruction::Do(what, None));
            return Ok(());
        }
        let word = line.word("a statement")?;
        let known = self.world && self.header(word, &mut line)?;
        if !known {
            let Some(what) = self.instruction(word, &mut line)? else {
                return Err(before.error(self.statements()));
            };
            self.push(before.number, what);
        }
        line.end()
    }

    fn statements(&self) -> &'static str {
        if self.world {
            "a statement: title, title-zh, seed, era, link, unix-ms, \
             stagger, config, node, preload; after, at, when, \
             expect, always, never, eventually, mark, let, conversation; `NODE> COMMAND`, or \
             another intervention"
        } else {
            "a statement of the script: after, at, when, expect, always, never, eventually, mark, \
             let, conversation; `NODE> COMMAND`, or another intervention"
        }
    }

    fn push(&mut self, line: u32, what: Instruction) {
        self.scenario.script.push(Statement { line, what });
        self.world = false;
    }

    fn indented(&mut self, mut line: Line<'_>) -> Parsed<()> {
        let scenario = &mut self.scenario;
        match self.block {
            Block::None => Err(line.error(
                "a statement at the beginning of the line: only what belongs to config, node, \
                 preload or conversation is indented",
            )),
            Block::Config => directive(&line).map(|text| scenario.config.push(text)),
            Block::Node => {
                let text = directive(&line)?;
                scenario
                    .nodes
                    .last_mut()
                    .into_iter()
                    .for_each(|node| node.config.push(text.clone()));
                Ok(())
            }
            Block::Preload => {
                let text = line.rest();
                if crate::console::split_line(text).is_none() {
                    return Err(line.error("a command with balanced quotes"));
                }
                scenario.preload.push(text.to_owned());
                Ok(())
            }
            Block::Conversation => {
                let said = Said::parse(&mut line)?;
                if let Some(Instruction::Conversation(.., lines)) =
                    scenario.script.last_mut().map(|s| &mut s.what)
                {
                    lines.push(said);
                }
                Ok(())
            }
        }
    }

    /// A statement about the world. False: it is none.
    fn header(&mut self, word: &str, line: &mut Line<'_>) -> Parsed<bool> {
        match word {
            "title" => self.scenario.title = line.take_rest().to_owned(),
            "title-zh" => self.scenario.title_zh = line.take_rest().to_owned(),
            "seed" => self.scenario.seed = line.number("a number")?,
            "era" => {
                let names = Era::ALL.map(Era::name).join(", ");
                let word = line.peek();
                let era = Era::ALL.into_iter().find(|era| era.name() == word);
                self.scenario.era = era.ok_or_else(|| line.error(&format!("one of {names}")))?;
                line.eat(word);
            }
            "link" => {
                let mut ahead = *line;
                if ahead.duration().is_ok() {
                    self.scenario.link = link(line)?;
                } else {
                    let (a, b) = (line.node(&self.names)?, line.node(&self.names)?);
                    let (latency, bandwidth) = link(line)?;
                    self.scenario.links.push((a, b, latency, bandwidth));
                }
            }
            "unix-ms" => self.scenario.unix_ms = line.number("milliseconds since 1970")?,
            "stagger" => self.scenario.stagger_us = line.duration()?,
            "config" => self.block = Block::Config,
            "node" => self.node(line)?,
            "preload" => self.block = Block::Preload,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn node(&mut self, line: &mut Line<'_>) -> Parsed<()> {
        let before = *line;
        if self.scenario.nodes.len() == NODES_MAX {
            return Err(before.error(&format!("at most {NODES_MAX} nodes")));
        }
        let name = self.name(line)?;
        let before = *line;
        let port = line.number("a port")?;
        let port = u16::try_from(port).ok().filter(|port| *port > 0);
        let port = port.filter(|port| self.scenario.nodes.iter().all(|node| node.port != *port));
        let port = port.ok_or_else(|| before.error("a port from 1 to 65535 that no other has"))?;
        let of = if line.eat("of") { Some(line.node(&self.names)?) } else { None };
        self.names.add(&name);
        self.block = Block::Node;
        self.scenario.nodes.push(NodeSpec { name, port, of, config: Vec::new() });
        Ok(())
    }

    /// A name for a new node.
    fn name(&self, line: &mut Line<'_>) -> Parsed<String> {
        let before = *line;
        let name = line.word("a name")?;
        if self.names.clone().add(name) {
            return Ok(name.to_owned());
        }
        Err(before.error("a name that no other node has, of letters, digits, `-` and `_`"))
    }

    /// A statement of the script. `None`: it is none.
    fn instruction(&mut self, word: &str, line: &mut Line<'_>) -> Parsed<Option<Instruction>> {
        let names = &self.names;
        Ok(Some(match word {
            "after" => Instruction::After(line.duration()?),
            "at" if line.eat("step") => {
                let step = line.number("the number of a step")?;
                let time = if line.rest().is_empty() { None } else { Some(line.duration()?) };
                Instruction::AtStep(step, time)
            }
            "at" => Instruction::At(line.duration()?),
            "when" => Instruction::When(Predicate::read(line, names)?, within(line)?),
            "expect" => Instruction::Expect(Predicate::read(line, names)?),
            "always" => Instruction::Always(Predicate::read(line, names)?),
            "never" => Instruction::Never(Predicate::read(line, names)?),
            "eventually" => Instruction::Eventually(Predicate::read(line, names)?, within(line)?),
            "mark" => Instruction::Mark,
            "let" => {
                let before = *line;
                let name = line.word("a name")?.to_owned();
                if !line.eat_sign("=") {
                    return Err(line.error("`=`"));
                }
                let term = Term::read(line, names)?;
                if !self.names.remember(&name) {
                    return Err(before.error("a name that is not taken, of letters and digits"));
                }
                Instruction::Let(name, term)
            }
            "conversation" => {
                let (a, b) = (line.node(names)?, line.node(names)?);
                self.block = Block::Conversation;
                Instruction::Conversation(a, b, Vec::new())
            }
            "hold" | "release" | RESET_AT if line.clone().numbered("m", "").is_err() => {
                let verbs = ["hold", "release", RESET_AT];
                let verb = verbs.into_iter().find(|verb| *verb == word).unwrap_or_default();
                let what = Wording::parse(line)?;
                if !line.eat("from") {
                    return Err(line.error("from"));
                }
                let from = line.node(names)?;
                let to = if line.eat("to") { Some(line.node(names)?) } else { None };
                let byte = if verb == RESET_AT { line.number("how many bytes arrive")? } else { 0 };
                Instruction::Touch(Touch { verb, what, from, to, byte })
            }
            _ => {
                let Some(what) = acts::parse(word, line, names)? else { return Ok(None) };
                let named = acts::adds_node(&what) && line.eat("as");
                let name = if named { Some(self.name(line)?) } else { None };
                self.names.grow(&what, name.as_deref());
                Instruction::Do(what, name)
            }
        }))
    }
}

fn within(line: &mut Line<'_>) -> Parsed<Option<u64>> {
    if line.eat("within") { line.duration().map(Some) } else { Ok(None) }
}

fn link(line: &mut Line<'_>) -> Parsed<(u64, u64)> {
    let latency = line.duration()?;
    if line.rest().is_empty() {
        return Ok((latency, 0));
    }
    Ok((latency, line.measure("a bandwidth such as 200kb/s, or 0 for no limit", RATES)?))
}

fn directive(line: &Line<'_>) -> Parsed<String> {
    match check_directive(line.rest()) {
        Ok(()) => Ok(line.rest().to_owned()),
        Err(why) => Err(line.error(&format!("a directive of redis.conf ({why})"))),
    }
}
