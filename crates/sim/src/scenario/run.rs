//! Running a scenario: doing what it says, and checking what it expects.

use std::sync::Arc;

use lockstep_core::time::Instant;

use super::conversation;
use super::names::Names;
use super::predicate::Predicate;
use super::watch::Watch;
use super::{Arg, Instruction, Scenario, Statement, Touch, build};
use crate::ids::Peer;
use crate::narrate;
use crate::script::Intervention;
use crate::step::{Grain, Note, Step};
use crate::timeline::Timeline;
use crate::world::World;

/// How long `when` and `eventually` wait unless something else is said, in microseconds.
const WITHIN_US: u64 = 60_000_000;

/// Most steps of a run.
pub const STEPS_MAX: u64 = 1_000_000;

/// What became of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line of the scenario.
    pub line: u32,
    /// The statement.
    pub text: String,
    /// Whether it was met.
    pub met: bool,
    /// If not: what was seen instead.
    pub seen: String,
    /// The step at which that was found.
    pub step: u64,
    /// When.
    pub at: Instant,
}

/// A scenario that has been run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its history; the cursor is at its end.
    pub timeline: Timeline,
    /// What became of its expectations, in the order in which that was known.
    pub findings: Vec<Finding>,
    /// What it remembered: names and values.
    pub remembered: Vec<(String, String)>,
    /// The names of its nodes.
    pub names: Names,
}

impl Run {
    /// Whether every expectation was met.
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.met)
    }
}

impl Scenario {
    /// Runs it to the end of its script, or to a step. `observe` is shown every step and the world
    /// after it.
    pub fn run(&self, until: u64, observe: &mut dyn FnMut(&World, &Step)) -> Run {
        let run = Run {
            timeline: Timeline::new(self.world()),
            findings: Vec::new(),
            remembered: Vec::new(),
            names: self.all_names(),
        };
        let at = run.timeline.world().now();
        let until = until.min(STEPS_MAX);
        let looks_back = |statement: &Statement| match &statement.what {
            Instruction::Expect(p) => Watch::new(p.clone()).looks_back(),
            Instruction::Conversation(..) => true,
            _ => false,
        };
        let since_mark = self.script.iter().any(looks_back).then(Vec::new);
        let mut runner = Runner { run, at, until, since_mark, standing: Vec::new(), observe };
        let whole = self.script.iter().all(|statement| runner.statement(statement));
        if whole {
            runner.wait_for_standing();
        }
        runner.conclude();
        runner.run
    }

    /// Its history up to the end of its script.
    pub fn play(&self) -> Timeline {
        self.run(STEPS_MAX, &mut |_, _| {}).timeline
    }
}

/// An expectation that holds from its line on.
struct Standing {
    line: u32,
    text: String,
    watch: Watch,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Always,
    Never,
    /// Until when.
    Eventually(Instant),
}

struct Runner<'a> {
    run: Run,
    /// Where the script is. Not before the world's clock; behind it while nothing visible happens.
    at: Instant,
    until: u64,
    /// The steps since the last mark, if anything asks for them: a timeline may forget some.
    since_mark: Option<Vec<Arc<Step>>>,
    standing: Vec<Standing>,
    observe: &'a mut dyn FnMut(&World, &Step),
}

impl Runner<'_> {
    /// Carries out a statement. False: the run ends here.
    fn statement(&mut self, statement: &Statement) -> bool {
        match &statement.what {
            Instruction::After(time) => self.pass_until(self.at + *time),
            Instruction::At(time) => self.pass_until(Instant(*time)),
            Instruction::AtStep(step, time) => self.go_to(*step, *time),
            Instruction::When(p, limit) => self.when(statement, p, limit.unwrap_or(WITHIN_US)),
            Instruction::Expect(p) => {
                let mut watch = Watch::new(p.clone());
                self.since_mark.iter().flatten().for_each(|step| watch.step(step));
                self.conclude_watch(statement, &watch);
                true
            }
            Instruction::Always(p) => self.stand(statement, p, Kind::Always),
            Instruction::Never(p) => self.stand(statement, p, Kind::Never),
            Instruction::Eventually(p, limit) => {
                let deadline = self.at + limit.unwrap_or(WITHIN_US);
                self.stand(statement, p, Kind::Eventually(deadline))
            }
            Instruction::Mark => {
                self.since_mark.iter_mut().for_each(Vec::clear);
                true
            }
            Instruction::Let(name, term) => {
                let value = term.value(self.run.timeline.world(), &self.run.remembered);
                self.run.remembered.push((name.clone(), value));
                true
            }
            Instruction::Conversation(dialer, acceptor, said) => {
                let steps = self.since_mark.as_deref().unwrap_or_default();
                let found = conversation::check(steps, *dialer, *acceptor, said);
                let (line, text) = (statement.line, statement.what.line(&self.run.names));
                self.found(line, text, found.is_ok(), found.err().unwrap_or_default());
                true
            }
            Instruction::Touch(touch) => match self.touched(touch) {
                Some(what) => self.intervene(statement, what),
                None => {
                    let why = "no such message is on its way".to_owned();
                    self.found(statement.line, statement.what.line(&self.run.names), false, why);
                    true
                }
            },
            Instruction::Do(what, _) => self.intervene(statement, what.clone()),
        }
    }

    /// What is to be done, with the message that it is to be done to.
    fn touched(&self, touch: &Touch) -> Option<Intervention> {
        let (from, to) = (Peer::Node(touch.from), touch.to.map(Peer::Node));
        let world = self.run.timeline.world();
        let flights = world.in_flight();
        let found = flights
            .iter()
            .map(|flight| &*flight.message)
            .find(|m| m.from == from && to.is_none_or(|to| m.to == to) && touch.what.fits(m));
        let args = vec![Arg::Number(found?.id.0), Arg::Number(touch.byte)];
        build(touch.verb, args)
    }

    /// Does something. False: the run ends here.
    fn intervene(&mut self, statement: &Statement, what: Intervention) -> bool {
        if self.run.timeline.cursor() >= self.until {
            return false;
        }
        let step = self.run.timeline.act_at(self.at, what);
        let impossible = matches!(step.note.as_deref(), Some(Note::Impossible(_)));
        let why = narrate::details(step).into_iter().map(|s| s.to_string());
        let why = impossible.then(|| why.collect::<Vec<_>>().join(" "));
        self.stepped();
        // Who wrote it meant something to happen.
        if let Some(why) = why {
            self.found(statement.line, statement.what.line(&self.run.names), false, why);
        }
        true
    }

    /// One step forward. False: nothing lies ahead, or the run is to end here.
    fn forward(&mut self) -> bool {
        let more =
            self.run.timeline.cursor() < self.until && self.run.timeline.forward(Grain::Event);
        if more {
            self.stepped();
        }
        more
    }

    /// The world has made a step.
    fn stepped(&mut self) {
        let Self { run, standing, observe, since_mark, .. } = self;
        let (world, Some(step)) = (run.timeline.world(), run.timeline.current()) else { return };
        since_mark.iter_mut().for_each(|steps| steps.push(step.clone()));
        self.at = self.at.max(world.now());
        observe(world, step);
        let mut found = Vec::new();
        standing.retain_mut(|one| {
            one.watch.step(step);
            let holds = one.watch.holds(world, &run.remembered);
            let over = match one.kind {
                Kind::Always => !holds,
                Kind::Never => holds,
                Kind::Eventually(deadline) => holds || world.now() > deadline,
            };
            if over {
                let met = holds && matches!(one.kind, Kind::Eventually(_));
                let seen = one.watch.seen(world, &run.remembered, &run.names);
                found.push((one.line, one.text.clone(), met, seen));
            }
            !over
        });
        found.into_iter().for_each(|(line, text, met, seen)| self.found(line, text, met, seen));
    }

    fn found(&mut self, line: u32, text: String, met: bool, seen: String) {
        let seen = if met { String::new() } else { seen };
        let step = self.run.timeline.cursor();
        self.run.findings.push(Finding { line, text, met, seen, step, at: self.at });
    }

    fn conclude_watch(&mut self, statement: &Statement, watch: &Watch) -> bool {
        let (world, names) = (self.run.timeline.world(), &self.run.names);
        let met = watch.holds(world, &self.run.remembered);
        let seen = watch.seen(world, &self.run.remembered, names);
        self.found(statement.line, statement.what.line(&self.run.names), met, seen);
        met
    }

    fn pass_until(&mut self, end: Instant) -> bool {
        while self.run.timeline.peek().is_some_and(|next| next.at <= end) {
            if !self.forward() {
                return false;
            }
        }
        self.at = self.at.max(end);
        true
    }

    fn go_to(&mut self, step: u64, time: Option<u64>) -> bool {
        while self.run.timeline.cursor() < step {
            if !self.forward() {
                return false;
            }
        }
        self.at = self.at.max(Instant(time.unwrap_or(0)));
        true
    }

    fn when(&mut self, statement: &Statement, predicate: &Predicate, limit: u64) -> bool {
        let deadline = self.at + limit;
        let mut watch = Watch::new(predicate.clone());
        while !watch.holds(self.run.timeline.world(), &self.run.remembered) {
            let more = self.forward();
            if more && self.at <= deadline {
                let step = self.run.timeline.current();
                step.into_iter().for_each(|step| watch.step(step));
                continue;
            }
            if self.run.timeline.cursor() < self.until {
                self.conclude_watch(statement, &watch);
            }
            return false;
        }
        self.conclude_watch(statement, &watch)
    }

    fn stand(&mut self, statement: &Statement, predicate: &Predicate, kind: Kind) -> bool {
        let watch = Watch::new(predicate.clone());
        let holds = watch.holds(self.run.timeline.world(), &self.run.remembered);
        let decided = match kind {
            Kind::Always => !holds,
            Kind::Never | Kind::Eventually(_) => holds,
        };
        let (line, text) = (statement.line, statement.what.line(&self.run.names));
        if decided {
            let (world, names) = (self.run.timeline.world(), &self.run.names);
            let seen = watch.seen(world, &self.run.remembered, names);
            self.found(line, text, matches!(kind, Kind::Eventually(_)), seen);
        } else {
            self.standing.push(Standing { line, text, watch, kind });
        }
        true
    }

    /// The script is over: what is to come true some time gets its time.
    fn wait_for_standing(&mut self) {
        let waits = |one: &Standing| matches!(one.kind, Kind::Eventually(_));
        while self.standing.iter().any(waits) && self.forward() {}
    }

    /// The run is over.
    fn conclude(&mut self) {
        for one in std::mem::take(&mut self.standing) {
            let met = !matches!(one.kind, Kind::Eventually(_));
            let world = self.run.timeline.world();
            let seen = one.watch.seen(world, &self.run.remembered, &self.run.names);
            self.found(one.line, one.text, met, seen);
        }
    }
}
