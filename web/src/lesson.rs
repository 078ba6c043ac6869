//! The lessons: the list of them, the one that is open, and what a learner has done so far.
//!
//! ```text
//! shelf        which lessons there are; fetching them
//! text         their texts, with numbers filled in from the world at the cursor
//! calculator   how large a backlog must be
//! view         the left column
//! ```
//!
//! A lesson's goals and answers are [`Course`]'s, a function of the history; here is what people
//! chose: hints they asked for, and what is kept in the browser ([`Progress`]).
//!
//! # Invariant
//!
//! Lessons cost nothing until the page is there: their list is fetched once the whole program has
//! arrived, each lesson when it is opened (`lockstepFetch` in `web/boot.js`).

mod calculator;
mod shelf;
mod text;
mod view;

use lockstep_sim::lesson::text::{Section, unbundle};
use lockstep_sim::lesson::{Answer, Asked, Course, Lesson, Progress, Record};
use lockstep_sim::scenario::Scenario;
use lockstep_sim::{NodeId, Timeline};
use yew::prelude::*;

use crate::app::{App, Msg, Pane, Selected};
use crate::i18n::{Key, grouped};
use crate::own::drop::File;
use crate::platform;
use crate::share::Notice;
use calculator::Calculator;
use shelf::{Entry, INDEX, Shelf};

/// Where the browser keeps what was done.
const PROGRESS: &str = "lockstep.progress";

/// The id of what is to be done now: a question, a goal, or what to take home.
const NOW: &str = "lesson-now";

/// What of the page's state belongs to lessons.
#[derive(Debug, Default)]
pub(crate) struct Lessons {
    shelf: Shelf,
    progress: Progress,
    open: Option<Open>,
    /// What is new in the lesson is to be scrolled to when it is there.
    turned: bool,
    /// Somebody on a narrow screen wants to see it.
    sought: bool,
    /// Somebody is asked whether all that was done is to be forgotten.
    forgetting: bool,
}

/// The lesson that is open.
#[derive(Debug)]
struct Open {
    /// Its place on the shelf.
    place: usize,
    sections: Vec<Section>,
    lesson: Lesson,
    course: Course,
    /// How many hints of each goal were asked for.
    hints: Vec<usize>,
    /// The solution was shown: what is reached is not the learner's.
    shown: bool,
    /// Goals that were reached when the page was last drawn.
    told: usize,
    /// Goals before and after the last move, if that reached any.
    fresh: Option<(usize, usize)>,
    /// A number was typed that is none.
    no_number: bool,
    calculator: Calculator,
}

/// What happens to lessons.
#[derive(Debug)]
pub(crate) enum LessonMsg {
    /// The list has arrived, or not.
    Shelf(Option<String>),
    /// Fetches the list once more.
    Again,
    Open(usize),
    /// A lesson has arrived, or not.
    Arrived(usize, Option<String>),
    /// Back to the list.
    Close,
    /// A choice of a question.
    Choose(usize, usize),
    /// The number in the field of a question.
    Number(usize),
    /// One more hint to a goal.
    Hint(usize),
    /// To what is to be done now.
    Onward,
    CleanSlate,
    /// Begins anew, with the solution ahead.
    Show,
    Export,
    /// A file with a progress has come.
    Imported(Option<Vec<u8>>),
    /// Asks whether all is to be forgotten; forgets; does not.
    Forget(Option<bool>),
    Calculator(calculator::Field, String),
}

/// Fetches the list of lessons, and what was done is remembered.
pub(crate) fn begin(ctx: &Context<App>) -> Lessons {
    platform::fetch(INDEX, ctx.link().callback(|text| Msg::Lesson(LessonMsg::Shelf(text))));
    Lessons::default()
}

/// Takes over the progress in a file.
pub(crate) fn import(ctx: &Context<App>, file: &File) {
    let then = ctx.link().callback(|bytes| Msg::Lesson(LessonMsg::Imported(bytes)));
    file.read(0, lockstep_sim::lesson::PROGRESS_BYTES_MAX as u64, then);
}

impl Lessons {
    /// Closes the lesson: another world begins.
    pub(crate) fn leave(&mut self) {
        if self.open.take().is_some() {
            platform::set_query("", &platform::hash());
        }
    }

    /// The page was drawn.
    pub(crate) fn rendered(&mut self) {
        if std::mem::take(&mut self.turned) {
            platform::reveal(".guide", NOW);
        }
        if std::mem::take(&mut self.sought) {
            platform::scroll_to(NOW);
        }
    }

    /// A step was made: whoever hears of each need not walk the way again. Returns whether it has
    /// reached a goal.
    pub(crate) fn follow(&mut self, timeline: &mut Timeline) -> bool {
        let Some(open) = &mut self.open else { return false };
        open.course.follow(timeline);
        open.course.reached(timeline.cursor()) > open.told
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    fn entry(&self, place: usize) -> Option<&Entry> {
        self.shelf.entries().get(place)
    }

    fn keep(&self) {
        platform::remember(PROGRESS, &self.progress.write());
    }
}

impl Open {
    /// The lesson in a file. `None`: the file is none, or not whole.
    fn read(place: usize, file: &str) -> Option<(Self, Timeline)> {
        let mut sections = unbundle(file);
        let scenario = sections.iter().position(|(name, _)| name == "scenario")?;
        let lesson = Lesson::parse(&sections.remove(scenario).1).ok()?;
        let (course, timeline) = Course::begin(lesson.clone());
        let hints = vec![0; lesson.goals().count()];
        let open = Self {
            place,
            sections,
            lesson,
            course,
            hints,
            shown: false,
            told: 0,
            fresh: None,
            no_number: false,
            calculator: Calculator::default(),
        };
        Some((open, timeline))
    }

    /// Everything as at the beginning.
    fn restart(&mut self) -> Timeline {
        let (course, timeline) = Course::begin(self.lesson.clone());
        self.course = course;
        self.hints.fill(0);
        (self.shown, self.told, self.no_number) = (false, 0, false);
        timeline
    }

    /// What the learner has done in it.
    fn record(&self, cursor: u64) -> Record {
        let done = self.course.is_done(cursor);
        let right = (0..self.lesson.questions().count()).filter(|n| self.is_right(*n, cursor));
        Record {
            goals: self.course.furthest() as u32,
            done,
            fewest: done.then(|| self.course.used(cursor) as u32),
            right: right.count() as u32,
        }
    }

    /// Whether a prediction came true that was made in time.
    fn is_right(&self, question: usize, cursor: u64) -> bool {
        let answer = self.course.answer_to(question);
        match (self.course.asked(question, cursor), answer) {
            (Asked::Judged(verdict), Some(answer)) => {
                verdict.agrees(answer) && !self.course.is_spoiled(question)
            }
            _ => false,
        }
    }
}

impl App {
    /// Something happens to the lessons. Returns whether the page looks different.
    pub(crate) fn lesson(&mut self, ctx: &Context<Self>, msg: LessonMsg) -> bool {
        match msg {
            LessonMsg::Shelf(text) => self.shelf_arrived(ctx, text),
            LessonMsg::Again => {
                self.lessons.shelf = Shelf::Awaited;
                let then = ctx.link().callback(|text| Msg::Lesson(LessonMsg::Shelf(text)));
                platform::fetch(INDEX, then);
            }
            LessonMsg::Open(place) => {
                // What the address says was about another lesson, or another time.
                platform::set_query("", "");
                self.fetch_lesson(ctx, place);
            }
            LessonMsg::Arrived(place, text) => self.lesson_arrived(place, text.as_deref()),
            LessonMsg::Close => self.close_lesson(),
            LessonMsg::Choose(question, choice) => self.answer(question, Answer::Choice(choice)),
            LessonMsg::Number(question) => self.answer_number(question),
            LessonMsg::Hint(goal) => self.hint(goal),
            LessonMsg::Onward => {
                self.pane = Pane::Guide;
                self.lessons.sought = true;
                self.refocus = Some(NOW.to_owned());
                if let Some(open) = &mut self.lessons.open {
                    open.fresh = None;
                }
            }
            LessonMsg::CleanSlate => self.clean_slate(),
            LessonMsg::Show => self.show_solution(),
            LessonMsg::Export => {
                platform::save_text("lockstep-progress.txt", &self.lessons.progress.write());
            }
            LessonMsg::Imported(bytes) => self.import(bytes),
            LessonMsg::Forget(answer) => self.forget(answer),
            LessonMsg::Calculator(field, text) => {
                if let Some(open) = &mut self.lessons.open {
                    open.calculator.set(field, &text);
                }
            }
        }
        true
    }

    fn shelf_arrived(&mut self, ctx: &Context<Self>, text: Option<String>) {
        let kept = platform::recall(PROGRESS).and_then(|text| Progress::read(&text));
        self.lessons.progress = kept.unwrap_or_default();
        self.lessons.shelf = text.map_or(Shelf::Missing, |text| Shelf::read(&text));
        let named = platform::query("lesson");
        let Some(name) = named.filter(|_| !self.lessons.is_open()) else { return };
        let found = self.lessons.shelf.entries().iter().position(|entry| entry.is_called(&name));
        match found {
            Some(place) => self.fetch_lesson(ctx, place),
            None if matches!(self.lessons.shelf, Shelf::Missing) => {}
            None => self.tell(self.lang.fill(Key::LessonUnknown, &[&name]), true),
        }
    }

    /// Tells something beside the step.
    pub(crate) fn tell(&mut self, text: String, bad: bool) {
        self.announced.clone_from(&text);
        self.notice = Some(Notice { text, bad });
    }

    fn fetch_lesson(&mut self, ctx: &Context<Self>, place: usize) {
        let Some(entry) = self.lessons.entry(place) else { return };
        let then = ctx.link().callback(move |text| Msg::Lesson(LessonMsg::Arrived(place, text)));
        platform::fetch(&entry.path(), then);
    }

    fn lesson_arrived(&mut self, place: usize, text: Option<&str>) {
        let Some((open, mut timeline)) = text.and_then(|text| Open::read(place, text)) else {
            self.tell(self.t(Key::LessonMissing).to_owned(), true);
            return;
        };
        // A link from within a lesson leads back into it; one to any other moment is about that
        // moment, and the lesson stays closed.
        let mut hash = platform::hash();
        match self.shared_moment(&open.lesson.start) {
            Some(Some(shared)) => timeline = shared,
            Some(None) => return platform::set_query("", &hash),
            None => hash.clear(),
        }
        self.begin_lesson(open, timeline);
        let name = self.lessons.entry(place).map(|entry| entry.name.clone()).unwrap_or_default();
        platform::set_query(&format!("lesson={name}"), &hash);
        self.pane = Pane::Guide;
        self.refocus = Some("lesson-title".to_owned());
    }

    /// Shows the world of a lesson at its beginning.
    fn begin_lesson(&mut self, open: Open, timeline: Timeline) {
        self.stop();
        self.experiment = usize::MAX;
        self.shape = None;
        self.era = open.lesson.start.era;
        self.start = Scenario { script: Vec::new(), ..open.lesson.start.clone() };
        self.timeline.replace(timeline);
        self.selected = Selected::Node(NodeId(0));
        self.begin();
        self.lessons.open = Some(open);
        self.message = self.moment();
        self.follow_lesson();
    }

    /// The lesson from its beginning. False: none is open.
    pub(crate) fn restart_lesson(&mut self) -> bool {
        let open = self.lessons.is_open();
        if open {
            self.clean_slate();
        }
        open
    }

    fn clean_slate(&mut self) {
        let Some(mut open) = self.lessons.open.take() else { return };
        let timeline = open.restart();
        self.begin_lesson(open, timeline);
        self.announced = self.t(Key::LessonAnew).to_owned();
    }

    fn show_solution(&mut self) {
        let Some(mut open) = self.lessons.open.take() else { return };
        open.restart();
        open.shown = true;
        let mut timeline = open.lesson.solved().play();
        timeline.seek(open.course.began_at());
        self.begin_lesson(open, timeline);
        self.tell(self.t(Key::LessonShown).to_owned(), false);
    }

    fn close_lesson(&mut self) {
        let place = self.lessons.open.as_ref().map(|open| open.place);
        self.lessons.leave();
        self.refocus = place.map(|place| format!("lesson-{place}"));
    }

    fn answer_number(&mut self, question: usize) {
        let typed = platform::value_of("lesson-number");
        // Thousands may be kept apart, as this page shows them or in any other way.
        let digits: String = typed.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
        let apart = |c: char| c.is_ascii_digit() || "-,_' \u{202f}\u{a0}\u{2009}".contains(c);
        match digits.parse() {
            Ok(number) if typed.chars().all(apart) => self.answer(question, Answer::Number(number)),
            _ => {
                if let Some(open) = &mut self.lessons.open {
                    open.no_number = true;
                }
                self.refocus = Some("lesson-number".to_owned());
            }
        }
    }

    fn answer(&mut self, question: usize, answer: Answer) {
        let cursor = self.timeline.cursor();
        let Some(open) = &mut self.lessons.open else { return };
        open.no_number = false;
        if open.course.answer(question, answer, cursor) {
            // The button that was pressed is one no more.
            self.refocus = Some(format!("question-{question}"));
            self.announced = self.t(Key::QuestionLocked).to_owned();
            self.note_progress();
        }
    }

    fn hint(&mut self, goal: usize) {
        let Some(open) = &mut self.lessons.open else { return };
        if let Some(hints) = open.hints.get_mut(goal) {
            *hints += 1;
            self.refocus = Some(format!("hint-{goal}-{hints}"));
        }
    }

    /// The cursor has moved while a lesson may be open.
    pub(crate) fn follow_lesson(&mut self) {
        if self.timeline.recording().is_some() {
            return;
        }
        let Some(open) = &mut self.lessons.open else { return };
        open.course.follow(&mut self.timeline);
        let reached = open.course.reached(self.timeline.cursor());
        let before = std::mem::replace(&mut open.told, reached);
        open.fresh = (reached > before).then_some((before, reached));
        if reached <= before {
            return;
        }
        if !open.shown {
            self.playing = None;
        }
        self.lessons.turned = true;
        let next = open.next_goal(self.lang, reached);
        let open = self.lessons.open.as_ref();
        let told = open.map(|open| self.reached_words(open, before, reached));
        let next = (!next.is_empty()).then(|| self.lang.fill(Key::GoalNext, &[&next]));
        for said in told.into_iter().chain(next) {
            if !self.announced.is_empty() {
                self.announced.push(' ');
            }
            self.announced.push_str(&said);
        }
        self.note_progress();
    }

    /// Keeps what was done.
    fn note_progress(&mut self) {
        let Some(open) = self.lessons.open.as_ref().filter(|open| !open.shown) else { return };
        let record = open.record(self.timeline.cursor());
        let name = self.lessons.entry(open.place).map(|entry| entry.name.clone());
        if name.is_some_and(|name| self.lessons.progress.note(&name, record)) {
            self.lessons.keep();
        }
    }

    fn import(&mut self, bytes: Option<Vec<u8>>) {
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        match text.and_then(|text| Progress::read(&text)) {
            Some(progress) => {
                self.lessons.progress.merge(&progress);
                self.lessons.keep();
                let done = grouped(self.lessons.progress.done() as u64);
                self.tell(self.lang.fill(Key::ProgressImported, &[&done]), false);
            }
            None => self.tell(self.t(Key::ProgressBad).to_owned(), true),
        }
    }

    fn forget(&mut self, answer: Option<bool>) {
        self.lessons.forgetting = answer.is_none();
        if answer == Some(true) {
            self.lessons.progress = Progress::default();
            self.lessons.keep();
            self.announced = self.t(Key::ProgressForgotten).to_owned();
        }
        let focus = if answer.is_none() { "forget-no" } else { "forget" };
        self.refocus = Some(focus.to_owned());
    }
}
