//! Whether a lesson holds what it promises: its start is reached, its solution reaches its goals,
//! each question has one right answer, and the state is what `INFO` says at every step of it.
//!
//! For tests and for authors; the page does not need it.

use super::{Course, Lesson, Question, Verdict};
use crate::check::Checkers;
use crate::scenario::{Finding, STEPS_MAX, Term, act_line};
use crate::step::Step;
use crate::timeline::Timeline;
use crate::world::World;

/// What playing a lesson has shown.
#[derive(Debug, Clone)]
pub struct Report {
    /// The step at which the learner begins.
    pub start: u64,
    /// The step at which each goal was reached, in order.
    pub goals: Vec<(String, u64)>,
    /// The right answer of each question.
    pub answers: Vec<(String, String)>,
    /// Interventions of the solution, up to the last goal.
    pub used: usize,
    /// Steps of the solution's history.
    pub steps: u64,
    /// The history, with the cursor at its end.
    pub timeline: Timeline,
    /// How the learner of this history has come along.
    pub course: Course,
}

/// Plays a lesson's solution, with every checker watching. `observe` is shown every step and the
/// world after it.
///
/// # Errors
/// Everything that is wrong, for its author.
pub fn play(
    lesson: &Lesson,
    observe: &mut dyn FnMut(&World, &Step),
) -> Result<Report, Vec<String>> {
    let mut wrong = Vec::new();
    let start = lesson.start.run(STEPS_MAX, &mut |_, _| {});
    missed(&start.findings, "the way to the start", &mut wrong);
    let begin = start.timeline.cursor();
    let mut course = Course::at(lesson.clone(), &start.timeline, start.remembered);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if course.reached(begin) > 0 {
        wrong.push("the first goal is already true at the start".into());
    }
    let mut checkers = Checkers::new();
    let run = lesson.solved().run(STEPS_MAX, &mut |world, step| {
        if let Err(violation) = checkers.check(world, step) {
            wrong.push(format!("step {}: {violation}", step.index));
        }
        observe(world, step);
    });
    missed(&run.findings, "the solution", &mut wrong);
    let mut timeline = run.timeline;
    course.follow(&mut timeline);
    let goals = goals(&course, timeline.world(), &mut wrong);
    let answers = answers(&course, lesson, timeline.cursor(), &mut wrong);
    let (used, steps) = (course.used(timeline.cursor()), timeline.cursor());
    if used < lesson.best as usize {
        let best = lesson.best;
        wrong.push(format!("the solution needs {used} interventions, fewer than `best {best}`"));
    }
    let report = Report { start: begin, goals, answers, used, steps, timeline, course };
    if wrong.is_empty() { Ok(report) } else { Err(wrong) }
}

fn missed(findings: &[Finding], what: &str, wrong: &mut Vec<String>) {
    let missed = findings.iter().filter(|finding| !finding.met);
    wrong.extend(missed.map(|Finding { line, text, seen, step, .. }| {
        format!("{what}: line {line}: {text}: not so at step {step}: {seen}")
    }));
}

/// Goals with their steps; each must be reached, and after the one before.
fn goals(course: &Course, world: &World, wrong: &mut Vec<String>) -> Vec<(String, u64)> {
    let mut before = course.began_at();
    let mut reached = Vec::new();
    for (number, goal) in course.lesson().goals().enumerate() {
        match course.reached_at(number) {
            None => {
                wrong.push(format!(
                    "line {}: the solution does not reach the goal `{}`: {}",
                    goal.line,
                    goal.name,
                    course.goal_seen(world)
                ));
                break;
            }
            Some(step) if step == before => wrong.push(format!(
                "line {}: the goal `{}` is true as soon as it is current, at step {step}: nobody \
                 would see it",
                goal.line, goal.name
            )),
            Some(step) => {
                before = step;
                reached.push((goal.name.clone(), step));
            }
        }
    }
    reached
}

fn answers(
    course: &Course,
    lesson: &Lesson,
    end: u64,
    wrong: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (number, question) in lesson.questions().enumerate() {
        let Question { line, name, asks, .. } = question;
        let answer = match (course.asked(number, end), asks) {
            (super::Asked::Judged(Verdict::Number(n)), _) if n.parse::<i64>().is_ok() => n,
            (super::Asked::Judged(Verdict::Choice(Some(right))), super::Asks::Choice(choices)) => {
                choices[right].0.clone()
            }
            (super::Asked::Judged(verdict), _) => {
                let what = match verdict {
                    Verdict::Number(n) => format!("its term is `{n}`, no number"),
                    Verdict::Choice(_) => "not exactly one choice is right".into(),
                };
                wrong.push(format!("line {line}: the question `{name}`: {what}"));
                continue;
            }
            _ => {
                wrong.push(format!("line {line}: the question `{name}` is never answered"));
                continue;
            }
        };
        found.push((name.clone(), answer));
    }
    found
}

impl Report {
    /// The report for an author: what happens when, and what the texts' terms come to.
    pub fn tell(&self, lesson: &Lesson, terms: &[String]) -> String {
        let mut out = format!(
            "begins at step {}, {} steps in all; {} interventions (best {})\n",
            self.start, self.steps, self.used, lesson.best
        );
        for (name, step) in &self.goals {
            out.push_str(&format!("  goal {name}: step {step}\n"));
        }
        for (name, answer) in &self.answers {
            out.push_str(&format!("  question {name}: {answer}\n"));
        }
        for act in self.timeline.script().iter().filter(|act| act.index > self.start) {
            let line = act_line(&act.what, &lesson.names);
            out.push_str(&format!("  step {}: {line}\n", act.index));
        }
        out + &self.terms(lesson, terms)
    }

    /// What terms come to at the start, at each goal, and at the end.
    fn terms(&self, lesson: &Lesson, terms: &[String]) -> String {
        let mut timeline = self.timeline.clone();
        let mut places = vec![self.start];
        places.extend(self.goals.iter().map(|(_, step)| *step));
        places.push(self.steps);
        let mut out = String::new();
        for text in terms {
            let Ok(term) = Term::parse(text, &lesson.names) else { continue };
            let value = |step: &u64| {
                timeline.seek(*step);
                term.value(timeline.world(), self.course.remembered(*step))
            };
            let values: Vec<String> = places.iter().map(value).collect();
            out.push_str(&format!("  {{{{{text}}}}}: {}\n", values.join(" -> ")));
        }
        out
    }
}
