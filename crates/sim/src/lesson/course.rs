//! How far somebody has come in a lesson.

use super::{Asks, Item, Lesson};
use crate::scenario::{Predicate, STEPS_MAX, Term, Watch};
use crate::script::{Act, Intervention};
use crate::step::{Grain, Step};
use crate::timeline::Timeline;
use crate::world::World;

/// A lesson in progress, beside the timeline that the learner walks.
///
/// # Going back
///
/// What is reached, asked and judged is a function of the history up to the cursor: whoever goes
/// back before a goal sees it open again, and whoever then acts has to reach it in the new history.
/// That it *was* reached once is kept ([`Course::furthest`]), and so is an answer once given: a
/// prediction is locked in.
#[derive(Debug, Clone)]
pub struct Course {
    lesson: Lesson,
    /// The index at which the learner began, and what had been done by then.
    begin: u64,
    given: Vec<Act>,
    /// What is known of the history in [`Course::script`], at indices up to [`Course::checked`].
    stages: Vec<Stage>,
    checked: u64,
    script: Vec<Act>,
    /// The current goal, and the choices of open questions, as they stand at `checked`.
    goal: Option<Watch>,
    open: Vec<(usize, Vec<Watch>)>,
    answers: Vec<Option<Answer>>,
    /// Questions whose outcome was seen before somebody answered them.
    spoiled: Vec<bool>,
    furthest: usize,
}

/// A goal was reached, or (the first one) the learner has begun.
#[derive(Debug, Clone)]
struct Stage {
    step: u64,
    /// What is remembered from here on.
    remembered: Vec<(String, String)>,
    /// What came true of questions.
    verdicts: Vec<(usize, Verdict)>,
}

/// What came true of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This choice is the right one; `None`: not exactly one was, and nobody is wrong.
    Choice(Option<usize>),
    /// The right number, as text.
    Number(String),
}

/// What a learner predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A choice, by its number.
    Choice(usize),
    /// A number.
    Number(i64),
}

/// How a question stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It has not been asked.
    NotYet,
    /// It waits for what happens.
    Open,
    /// This came true.
    Judged(Verdict),
}

/// Whether the second of two interventions only turns on what the first one turned.
fn goes_on(first: &Intervention, second: &Intervention) -> bool {
    let turned = |what: &Intervention| match what {
        Intervention::Traffic { node, every_ms } => (*every_ms > 0).then_some(*node),
        _ => None,
    };
    turned(first).is_some_and(|node| turned(second) == Some(node))
}

impl Verdict {
    /// Whether an answer was right.
    pub fn agrees(&self, answer: Answer) -> bool {
        match (self, answer) {
            (Self::Choice(right), Answer::Choice(choice)) => *right == Some(choice),
            (Self::Number(right), Answer::Number(number)) => right.parse() == Ok(number),
            _ => false,
        }
    }
}

impl Course {
    /// Begins a lesson: its course, and the timeline at the moment at which the learner begins.
    pub fn begin(lesson: Lesson) -> (Self, Timeline) {
        let run = lesson.start.run(STEPS_MAX, &mut |_, _| {});
        (Self::at(lesson, &run.timeline, run.remembered), run.timeline)
    }

    /// The course of a learner who begins at the cursor of this timeline.
    pub(super) fn at(
        lesson: Lesson,
        timeline: &Timeline,
        remembered: Vec<(String, String)>,
    ) -> Self {
        let (begin, world) = (timeline.cursor(), timeline.world());
        let questions = lesson.questions().count();
        let mut course = Self {
            lesson,
            begin,
            given: timeline.script().to_vec(),
            stages: vec![Stage { step: begin, remembered, verdicts: Vec::new() }],
            checked: begin,
            script: timeline.script().to_vec(),
            goal: None,
            open: Vec::new(),
            answers: vec![None; questions],
            spoiled: vec![false; questions],
            furthest: 0,
        };
        course.enter(world);
        course.settle(world);
        course
    }

    /// The lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The index at which the learner began.
    pub fn began_at(&self) -> u64 {
        self.begin
    }

    /// How many goals are reached at an index, up to which the history has been followed.
    pub fn reached(&self, cursor: u64) -> usize {
        self.stages.partition_point(|stage| stage.step <= cursor).saturating_sub(1)
    }

    /// Whether all goals are reached at an index.
    pub fn is_done(&self, cursor: u64) -> bool {
        self.reached(cursor) == self.lesson.goals().count()
    }

    /// The index at which a goal was reached in this history.
    pub fn reached_at(&self, goal: usize) -> Option<u64> {
        self.stages.get(goal + 1).map(|stage| stage.step)
    }

    /// The most goals that were reached in any history.
    pub fn furthest(&self) -> usize {
        self.furthest
    }

    /// What is remembered at an index.
    pub fn remembered(&self, cursor: u64) -> &[(String, String)] {
        &self.stages[self.reached(cursor)].remembered
    }

    /// The interventions of this history beyond those that led to the beginning, up to an index
    /// and the last goal. A dial that is turned from one rate to another, and on, counts once: by
    /// keyboard it goes through all of them.
    pub fn used(&self, cursor: u64) -> usize {
        let last = self.lesson.goals().count().saturating_sub(1);
        let end = self.reached_at(last).unwrap_or(cursor).min(cursor);
        let given = self.script.iter().zip(&self.given).take_while(|(a, b)| a == b).count();
        let acts = &self.script[given..];
        let acts = &acts[..acts.partition_point(|act| act.index <= end)];
        let turns = acts.windows(2).filter(|pair| goes_on(&pair[0].what, &pair[1].what)).count();
        acts.len() - turns
    }

    /// What is seen of the current goal, in words for an author.
    pub(super) fn goal_seen(&self, world: &World) -> String {
        let remembered = &self.stages[self.stages.len() - 1].remembered;
        let seen = |goal: &Watch| goal.seen(world, remembered, &self.lesson.names);
        self.goal.as_ref().map(seen).unwrap_or_default()
    }

    /// How a question stands at an index.
    pub fn asked(&self, question: usize, cursor: u64) -> Asked {
        let reached = self.reached(cursor);
        if reached < self.lesson.asked_after(question) {
            return Asked::NotYet;
        }
        let mut verdicts = self.stages[..=reached].iter().flat_map(|stage| &stage.verdicts);
        let found = verdicts.rfind(|(known, _)| *known == question);
        found.map_or(Asked::Open, |(_, verdict)| Asked::Judged(verdict.clone()))
    }

    /// What was predicted.
    pub fn answer_to(&self, question: usize) -> Option<Answer> {
        self.answers.get(question).copied().flatten()
    }

    /// Locks a prediction in. False: there is one, or the question is not asked at this index.
    pub fn answer(&mut self, question: usize, answer: Answer, cursor: u64) -> bool {
        let now = self.lesson.questions().nth(question).is_some_and(|q| q.until.is_none());
        let asked = match self.asked(question, cursor) {
            Asked::NotYet => false,
            Asked::Open => true,
            Asked::Judged(_) => now,
        };
        let free = asked && self.answers[question].is_none();
        if free {
            self.answers[question] = Some(answer);
        }
        free
    }

    /// Whether somebody could have seen the outcome before they predicted it.
    pub fn is_spoiled(&self, question: usize) -> bool {
        self.spoiled.get(question).is_some_and(|spoiled| *spoiled)
    }

    /// The timeline has moved, or somebody has acted: learns what its history says up to the
    /// cursor. Steps that were not observed on the way are walked again.
    pub fn follow(&mut self, timeline: &mut Timeline) {
        self.turn(timeline);
        let here = timeline.cursor();
        if here > self.checked + 1 {
            timeline.seek(self.checked);
        }
        while self.checked < here {
            if timeline.cursor() == self.checked && !timeline.forward(Grain::Event) {
                break;
            }
            let Some(step) = timeline.current() else { break };
            if step.index != self.checked + 1 {
                break;
            }
            self.observe(timeline.world(), step);
        }
    }

    /// Forgets what was known of a history that the timeline has left.
    fn turn(&mut self, timeline: &Timeline) {
        let script = timeline.script();
        let known = |acts: &[Act]| acts.partition_point(|act| act.index <= self.checked);
        let (mine, theirs) = (&self.script[..known(&self.script)], &script[..known(script)]);
        let same = mine.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        let parted = [mine.get(same), theirs.get(same)].into_iter().flatten();
        let shared = parted.map(|act| act.index - 1).min();
        if script != self.script {
            self.script = script.to_vec();
        }
        let Some(shared) = shared else { return };
        self.checked = shared.max(self.begin);
        self.stages.truncate(self.reached(self.checked) + 1);
        // Between the last goal and here no goal was reached: counting what happened is enough.
        let stages = self.stages.len() - 1;
        let from = self.stages[stages].step;
        let recount = |watch: &mut Watch, from: u64| {
            (from + 1..=shared).filter_map(|n| timeline.step(n)).for_each(|step| watch.step(step));
        };
        self.goal = self.watch_of_goal(stages);
        self.goal.iter_mut().for_each(|watch| recount(watch, from));
        self.open.clear();
        for number in 0..self.answers.len() {
            let asked_after = self.lesson.asked_after(number);
            if asked_after <= stages && self.asked(number, self.checked) == Asked::Open {
                let mut watches = self.watches_of(number);
                let from = self.stages[asked_after].step;
                watches.iter_mut().for_each(|watch| recount(watch, from));
                self.open.push((number, watches));
            }
        }
    }

    /// The history has made this step, after which the world is so.
    fn observe(&mut self, world: &World, step: &Step) {
        self.checked = step.index;
        let watches = self.open.iter_mut().flat_map(|(_, watches)| watches);
        self.goal.iter_mut().chain(watches).for_each(|watch| watch.step(step));
        self.settle(world);
    }

    /// Goals whose condition holds are reached.
    fn settle(&mut self, world: &World) {
        while let Some(goal) = &self.goal {
            let before = &self.stages[self.stages.len() - 1];
            if !goal.holds(world, &before.remembered) {
                break;
            }
            let remembered = before.remembered.clone();
            let (step, verdicts) = (self.checked, Vec::new());
            self.stages.push(Stage { step, remembered, verdicts });
            self.enter(world);
        }
    }

    /// The last stage begins: judges, remembers, asks.
    fn enter(&mut self, world: &World) {
        let reached = self.stages.len() - 1;
        self.furthest = self.furthest.max(reached);
        self.judge(world, reached);
        for (name, term) in lets(&self.lesson, reached) {
            let stage = &mut self.stages[reached];
            let value = term.value(world, &stage.remembered);
            stage.remembered.push((name, value));
        }
        for number in 0..self.answers.len() {
            if self.lesson.asked_after(number) == reached {
                self.open.push((number, self.watches_of(number)));
            }
        }
        self.judge(world, reached);
        self.goal = self.watch_of_goal(reached);
    }

    /// Judges the questions whose answer is known now.
    fn judge(&mut self, world: &World, reached: usize) {
        let Self { lesson, stages, open, answers, spoiled, .. } = self;
        let stage = &mut stages[reached];
        open.retain(|(number, watches)| {
            let Some(question) = lesson.questions().nth(*number) else { return false };
            let known = question.until.is_none_or(|goal| goal < reached);
            if known {
                let verdict = match &question.asks {
                    Asks::Number(term) => Verdict::Number(term.value(world, &stage.remembered)),
                    Asks::Choice(_) => {
                        let holds = |watch: &Watch| watch.holds(world, &stage.remembered);
                        let mut right = (0..watches.len()).filter(|i| holds(&watches[*i]));
                        let (first, second) = (right.next(), right.next());
                        Verdict::Choice(first.filter(|_| second.is_none()))
                    }
                };
                stage.verdicts.push((*number, verdict));
                spoiled[*number] |= answers[*number].is_none() && question.until.is_some();
            }
            !known
        });
    }

    fn watch_of_goal(&self, goal: usize) -> Option<Watch> {
        self.lesson.goals().nth(goal).map(|goal| Watch::new(goal.condition.clone()))
    }

    fn watches_of(&self, question: usize) -> Vec<Watch> {
        let watch = |(_, condition): &(String, Predicate)| Watch::new(condition.clone());
        match self.lesson.questions().nth(question).map(|question| &question.asks) {
            Some(Asks::Choice(choices)) => choices.iter().map(watch).collect(),
            _ => Vec::new(),
        }
    }
}

/// What is to be remembered when so many goals are reached.
fn lets(lesson: &Lesson, reached: usize) -> Vec<(String, Term)> {
    let mut goals = 0;
    let mut found = Vec::new();
    for item in &lesson.items {
        match item {
            Item::Goal(_) => goals += 1,
            Item::Let(name, term) if goals == reached => found.push((name.clone(), term.clone())),
            _ => {}
        }
    }
    found
}
