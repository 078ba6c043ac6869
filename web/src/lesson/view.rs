//! The left column: the list of lessons, or the lesson that is open.

use std::cmp::Ordering;

use lockstep_sim::lesson::{Answer, Asked, Asks, Goal, Item, Question, Verdict};
use yew::prelude::*;

use super::shelf::{Entry, Shelf};
use super::{LessonMsg, NOW, Open};
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::own;
use crate::view::el::{El, el};
use crate::view::icons::{Icon, icon};

impl App {
    /// The lesson that is open.
    pub(crate) fn open_lesson(&self, ctx: &Context<Self>) -> Option<Html> {
        let open = self.lessons.open.as_ref()?;
        let entry = self.lessons.entry(open.place)?;
        let (lang, cursor) = (self.lang, self.timeline.cursor());
        let (reached, goals) = (open.course.reached(cursor), open.lesson.goals().count());
        let part = if entry.is_part_two() { Key::PartTwo } else { Key::PartOne };
        let where_ = self.lang.fill(Key::LessonNumber, &[self.t(part), &entry.number.to_string()]);
        let title = plain_heading(open.section(lang, "title"));
        let mut body = vec![
            self.lesson_button(ctx, "link", "lesson-close", Key::LessonsAll, LessonMsg::Close),
            el("p", "soft small").text(&where_).done(),
            title,
            self.prose(open, "lead", open.section(lang, "lead")),
            self.prose(open, "prose", open.section(lang, "story")),
        ];
        body.extend(self.plan(ctx, open, reached, goals));
        if open.lesson.calculator {
            body.push(self.calculator(ctx, &open.calculator));
        }
        if open.course.is_done(cursor) {
            body.push(self.lesson_end(ctx, open));
        }
        body.push(self.lesson_foot(ctx, open, cursor));
        let lesson = el("div", "lesson")
            .id("lesson")
            .attr("data-lesson", entry.name.clone())
            .attr("data-reached", reached.to_string())
            .attr("data-goals", goals.to_string())
            .attr("data-done", open.course.is_done(cursor).to_string())
            .attr("data-shown", open.shown.to_string())
            .children(body);
        Some(lesson.done())
    }

    /// Questions and goals up to the current one.
    fn plan(&self, ctx: &Context<Self>, open: &Open, reached: usize, goals: usize) -> Vec<Html> {
        let (mut goal, mut question) = (0, 0);
        let mut out = Vec::new();
        let mut marked = false;
        let mut mark = |out: &mut Vec<Html>, goal| {
            if goal == reached && !std::mem::replace(&mut marked, true) {
                let here = el("div", "").attr("id", NOW.to_owned());
                out.push(here.attr("tabindex", "-1".to_owned()).done());
            }
        };
        for item in &open.lesson.items {
            match item {
                Item::Goal(one) => {
                    mark(&mut out, goal);
                    if goal <= reached {
                        out.push(self.goal(ctx, open, one, goal, goal < reached, goals));
                    }
                    goal += 1;
                    let told = self.judged(open, goal - 1);
                    if goal <= reached && !told.is_empty() {
                        mark(&mut out, goal);
                        out.extend(told);
                    }
                }
                Item::Question(one) => {
                    mark(&mut out, goal);
                    if goal <= reached {
                        out.push(self.question(ctx, open, one, question));
                    }
                    question += 1;
                }
                Item::Let(..) => {}
            }
        }
        mark(&mut out, goal);
        out
    }

    fn goal(
        &self,
        ctx: &Context<Self>,
        open: &Open,
        goal: &Goal,
        number: usize,
        done: bool,
        goals: usize,
    ) -> Html {
        let heading =
            self.lang.fill(Key::LessonGoal, &[&grouped(number as u64 + 1), &grouped(goals as u64)]);
        let state = self.t(if done { Key::GoalDone } else { Key::GoalOpen });
        let heading = el("h3", "")
            .child(icon(if done { Icon::Check } else { Icon::Circle }))
            .child(el("span", "").text(&heading).done())
            .child(el("span", "sr").text(state).done());
        let text = open.section(self.lang, &format!("goal {}", goal.name));
        let mut section = el("section", if done { "goal done" } else { "goal now" })
            .id(&format!("goal-{}", number + 1))
            .attr("data-done", done.to_string())
            .child(heading.done())
            .child(self.prose(open, "prose", text));
        if !done {
            section = section
                .attr("aria-current", "step".to_owned())
                .children(self.hints(ctx, open, &goal.name, number));
        }
        section.done()
    }

    /// The hints that were asked for, and a button for the next.
    fn hints(&self, ctx: &Context<Self>, open: &Open, goal: &str, number: usize) -> Vec<Html> {
        let hints: Vec<&str> = open.sections(self.lang, &format!("hint {goal}")).collect();
        let given = open.hints.get(number).map_or(0, |given| (*given).min(hints.len()));
        let mut out: Vec<Html> = (1..)
            .zip(&hints[..given])
            .map(|(n, hint)| {
                el("div", "hint")
                    .attr("id", format!("hint-{number}-{n}"))
                    .attr("tabindex", "-1".to_owned())
                    .child(self.prose(open, "prose", hint))
                    .done()
            })
            .collect();
        if given < hints.len() {
            let text = self
                .lang
                .fill(Key::LessonHint, &[&grouped(given as u64 + 1), &grouped(hints.len() as u64)]);
            let msg = Msg::Lesson(LessonMsg::Hint(number));
            out.push(self.button(ctx, "quiet", "hint", msg).text(&text).done());
        }
        out
    }

    fn question(
        &self,
        ctx: &Context<Self>,
        open: &Open,
        question: &Question,
        number: usize,
    ) -> Html {
        let cursor = self.timeline.cursor();
        let answer = open.course.answer_to(number);
        let verdict = match open.course.asked(number, cursor) {
            // What is known at once is told to who has answered.
            Asked::Judged(_) if question.until.is_none() && answer.is_none() => None,
            Asked::Judged(verdict) => Some(verdict),
            _ => None,
        };
        let name = &question.name;
        let mut section = el("section", "question")
            .id(&format!("question-{}", number + 1))
            .attr("id", format!("question-{number}"))
            .attr("tabindex", "-1".to_owned())
            .attr("data-answered", answer.is_some().to_string())
            .child(el("h3", "").text(self.t(Key::QuestionTitle)).done())
            .child(self.prose(open, "prose", open.section(self.lang, &format!("question {name}"))));
        section = match &question.asks {
            Asks::Choice(choices) => {
                let one = |(index, (choice, _)): (usize, &(String, _))| {
                    let text = open.section(self.lang, &format!("choice {name} {choice}"));
                    self.one_choice(ctx, open, number, index, text, answer, verdict.as_ref())
                };
                let choices = choices.iter().enumerate().map(one).collect();
                section.child(el("div", "choices").children(choices).done())
            }
            // Too late: the answer is known.
            Asks::Number(_) if verdict.is_some() && answer.is_none() => section,
            Asks::Number(_) => section.child(self.number_field(ctx, open, number, answer)),
        };
        match (&verdict, answer) {
            (Some(verdict), _) if question.until.is_none() => {
                section.children(self.outcome(open, name, verdict, answer)).done()
            }
            (None, Some(_)) => {
                section.child(el("p", "small soft").text(self.t(Key::QuestionLocked)).done()).done()
            }
            _ => section.done(),
        }
    }

    /// What came true of the questions whose answer a goal has told: behind that goal, where
    /// learners are when they learn it.
    fn judged(&self, open: &Open, goal: usize) -> Vec<Html> {
        let cursor = self.timeline.cursor();
        let questions = open.lesson.questions().enumerate();
        let one = |(number, question): (usize, &Question)| {
            let Asked::Judged(verdict) = open.course.asked(number, cursor) else { return None };
            let answer = open.course.answer_to(number);
            let section = el("section", "question")
                .child(el("h3", "").text(self.t(Key::QuestionTitle)).done())
                .children(self.outcome(open, &question.name, &verdict, answer));
            Some(section.done())
        };
        questions.filter(|(_, q)| q.until == Some(goal)).filter_map(one).collect()
    }

    /// That the last move reached a goal, for narrow screens, on which the lesson is out of
    /// sight: a way to what comes next.
    pub(crate) fn goal_reached(&self, ctx: &Context<Self>) -> Html {
        let open = self.lessons.open.as_ref().filter(|_| self.timeline.recording().is_none());
        let Some((open, (before, reached))) = open.and_then(|open| Some((open, open.fresh?)))
        else {
            return Html::default();
        };
        self.button(ctx, "reached", "reached", Msg::Lesson(LessonMsg::Onward))
            .child(icon(Icon::Check))
            .text(&self.reached_words(open, before, reached))
            .done()
    }

    /// That goals are reached, from one up to another, and what became of predictions with them.
    pub(super) fn reached_words(&self, open: &Open, before: usize, reached: usize) -> String {
        let goals = open.lesson.goals().count();
        let mut said = match reached == goals {
            true => self.t(Key::LessonDone).to_owned(),
            false => {
                let numbers = [reached, goals].map(|n| grouped(n as u64));
                self.lang.fill(Key::GoalReached, &[&numbers[0], &numbers[1]])
            }
        };
        for (number, question) in open.lesson.questions().enumerate() {
            let told = question.until.is_some_and(|goal| (before..reached).contains(&goal));
            if let Some(answer) = open.course.answer_to(number).filter(|_| told)
                && let Asked::Judged(verdict) = open.course.asked(number, self.timeline.cursor())
                && verdict != Verdict::Choice(None)
            {
                let right = verdict.agrees(answer);
                said.push(' ');
                said.push_str(self.t(if right { Key::AnswerRight } else { Key::AnswerWrong }));
            }
        }
        said
    }

    #[allow(clippy::too_many_arguments)] // They are one button's.
    fn one_choice(
        &self,
        ctx: &Context<Self>,
        open: &Open,
        question: usize,
        index: usize,
        text: &str,
        answer: Option<Answer>,
        verdict: Option<&Verdict>,
    ) -> Html {
        let chosen = answer == Some(Answer::Choice(index));
        let right = *verdict.unwrap_or(&Verdict::Choice(None)) == Verdict::Choice(Some(index));
        let mark = match (right, chosen && verdict.is_some()) {
            (true, _) => Some((Icon::Check, "right")),
            (false, true) => Some((Icon::Cross, "wrong")),
            (false, false) => None,
        };
        let class = format!(
            "choice {}{}",
            mark.map_or("", |(_, class)| class),
            if chosen { " chosen" } else { "" }
        );
        let msg = Msg::Lesson(LessonMsg::Choose(question, index));
        let id = format!("choice-{}-{}", question + 1, index + 1);
        let mut button = self
            .button(ctx, &class, &id, msg)
            .attr("aria-pressed", chosen.to_string())
            .attr("data-right", right.to_string());
        if answer.is_some() || verdict.is_some() {
            button = button.attr("disabled", "disabled".to_owned());
        }
        let button = button.child(icon(mark.map_or(Icon::Circle, |(icon, _)| icon)));
        button.child(self.prose(open, "", text)).done()
    }

    fn number_field(
        &self,
        ctx: &Context<Self>,
        open: &Open,
        question: usize,
        answer: Option<Answer>,
    ) -> Html {
        if let Some(Answer::Number(number)) = answer {
            let number = crate::i18n::grouped_signed(number);
            let text = self.lang.fill(Key::QuestionSaid, &[&number]);
            return el("p", "").text(&text).done();
        }
        let onsubmit = ctx.link().callback(move |event: SubmitEvent| {
            event.prevent_default();
            Msg::Lesson(LessonMsg::Number(question))
        });
        let wrong = open.no_number.then(|| self.t(Key::QuestionNoNumber));
        html! {
            <form class="number-field" {onsubmit}>
                <input
                    id="lesson-number"
                    data-testid="number"
                    inputmode="numeric"
                    autocomplete="off"
                    aria-label={self.t(Key::QuestionNumber)}
                    aria-invalid={open.no_number.to_string()}
                />
                <button type="submit" data-testid="number-ok">{ self.t(Key::QuestionLock) }</button>
                <p class="small" role="alert">{ wrong.unwrap_or_default() }</p>
            </form>
        }
    }

    /// What came true, and why.
    fn outcome(
        &self,
        open: &Open,
        name: &str,
        verdict: &Verdict,
        answer: Option<Answer>,
    ) -> Vec<Html> {
        let agrees = answer.map(|answer| verdict.agrees(answer));
        let (said, class) = match agrees {
            Some(true) => (self.t(Key::AnswerRight), "outcome right"),
            Some(false) => (self.t(Key::AnswerWrong), "outcome wrong"),
            None => (self.t(Key::AnswerNone), "outcome"),
        };
        let said = match verdict {
            Verdict::Number(right) if agrees != Some(true) => {
                let right = right.parse().map_or(right.clone(), crate::i18n::grouped_signed);
                format!("{said} {}", self.lang.fill(Key::AnswerNumber, &[&right]))
            }
            // The learner has made a world in which none of the answers is the right one.
            Verdict::Choice(None) => {
                return vec![self.outcome_line(self.t(Key::AnswerOpen), "outcome")];
            }
            _ => said.to_owned(),
        };
        // Who has not predicted it is told all of it.
        let section = if agrees == Some(true) { "right" } else { "wrong" };
        let text = open.section(self.lang, &format!("{section} {name}"));
        vec![self.outcome_line(&said, class), self.prose(open, "prose", text)]
    }

    fn outcome_line(&self, text: &str, class: &str) -> Html {
        el("p", class).id("outcome").text(text).done()
    }

    /// What is to be taken home.
    fn lesson_end(&self, ctx: &Context<Self>, open: &Open) -> Html {
        let next = (open.place + 1 < self.lessons.shelf.entries().len()).then(|| {
            let msg = LessonMsg::Open(open.place + 1);
            self.lesson_button(ctx, "primary", "lesson-next", Key::LessonNext, msg)
        });
        el("section", "after")
            .id("after")
            .child(el("h3", "").text(self.t(Key::LessonAfter)).done())
            .child(self.prose(open, "prose", open.section(self.lang, "after")))
            .children(next.into_iter().collect())
            .done()
    }

    /// How many interventions, and what else can be done.
    fn lesson_foot(&self, ctx: &Context<Self>, open: &Open, cursor: u64) -> Html {
        let used = open.course.used(cursor);
        let counted = self
            .lang
            .fill(Key::LessonUsed, &[&grouped(used as u64), &grouped(u64::from(open.lesson.best))]);
        let mut foot =
            el("div", "lesson-foot").child(el("p", "small soft").id("used").text(&counted).done());
        if open.course.is_done(cursor) && !open.shown {
            let key = match used.cmp(&(open.lesson.best as usize)) {
                Ordering::Less => Key::LessonBeaten,
                Ordering::Equal => Key::LessonIsBest,
                Ordering::Greater => Key::LessonCanBeat,
            };
            foot = foot.child(el("p", "small").id("best").text(self.t(key)).done());
        }
        let button = |id, key, msg| self.lesson_button(ctx, "quiet", id, key, msg);
        foot.child(
            el("div", "row")
                .child(button("clean-slate", Key::LessonCleanSlate, LessonMsg::CleanSlate))
                .child(button("show-me", Key::LessonShow, LessonMsg::Show))
                .done(),
        )
        .done()
    }

    fn lesson_button(
        &self,
        ctx: &Context<Self>,
        class: &str,
        id: &str,
        key: Key,
        msg: LessonMsg,
    ) -> Html {
        self.button(ctx, class, id, Msg::Lesson(msg))
            .attr("id", id.to_owned())
            .text(self.t(key))
            .done()
    }

    /// The list of lessons, in two parts.
    pub(crate) fn shelf(&self, ctx: &Context<Self>) -> Html {
        let entries = match &self.lessons.shelf {
            Shelf::Awaited => return Html::default(),
            Shelf::Missing => {
                let again = LessonMsg::Again;
                return el("div", "shelf")
                    .id("shelf-missing")
                    .child(el("h2", "").text(self.t(Key::LessonsTitle)).done())
                    .child(el("p", "small").text(self.t(Key::LessonsMissing)).done())
                    .child(self.lesson_button(
                        ctx,
                        "quiet",
                        "shelf-again",
                        Key::LessonsAgain,
                        again,
                    ))
                    .done();
            }
            Shelf::Here(entries) => entries,
        };
        let part = |second: bool, key: Key| -> El {
            let ours = entries.iter().enumerate().filter(|(_, e)| e.is_part_two() == second);
            let items = ours.map(|(place, entry)| self.shelf_entry(ctx, place, entry)).collect();
            el("div", "")
                .child(el("h3", "").text(self.t(key)).done())
                .child(el("ol", "lessons").children(items).done())
        };
        let two = entries.iter().any(Entry::is_part_two).then(|| part(true, Key::PartTwo).done());
        let one =
            entries.iter().any(|e| !e.is_part_two()).then(|| part(false, Key::PartOne).done());
        el("div", "shelf")
            .id("shelf")
            .child(el("h2", "").text(self.t(Key::LessonsTitle)).done())
            .children(one.into_iter().chain(two).collect())
            .child(self.shelf_foot(ctx, entries.len()))
            .done()
    }

    fn shelf_entry(&self, ctx: &Context<Self>, place: usize, entry: &Entry) -> Html {
        let record = self.lessons.progress.of(&entry.name).unwrap_or_default();
        let far = self
            .lang
            .fill(Key::LessonFar, &[&grouped(record.goals.into()), &grouped(entry.goals.into())]);
        let state = match (record.done, record.goals) {
            (true, _) => icon(Icon::Check),
            (false, 0) => Html::default(),
            _ => el("span", "far")
                .attr("aria-hidden", "true".to_owned())
                .text(&format!("{}/{}", record.goals, entry.goals))
                .done(),
        };
        let said = match (record.done, record.goals) {
            (true, _) => self.t(Key::GoalDone).to_owned(),
            (false, 0) => String::new(),
            _ => format!(" ({far})"),
        };
        let button = self
            .button(ctx, "title", &format!("lesson-{}", entry.name), {
                Msg::Lesson(LessonMsg::Open(place))
            })
            .attr("id", format!("lesson-{place}"))
            .child(el("span", "number").text(&entry.number.to_string()).done())
            .child(el("span", "name").text(entry.title(self.lang)).done())
            .child(state)
            .child(el("span", "sr").text(&said).done());
        el("li", if record.done { "done" } else { "" }).child(button.done()).done()
    }

    /// What was done, to take along, to bring back, to forget.
    fn shelf_foot(&self, ctx: &Context<Self>, lessons: usize) -> Html {
        let done = self.lessons.progress.done();
        let count =
            self.lang.fill(Key::LessonsDone, &[&grouped(done as u64), &grouped(lessons as u64)]);
        let foot =
            el("div", "shelf-foot").child(el("p", "small soft").id("done").text(&count).done());
        if self.lessons.forgetting {
            let button = |id, key, answer| {
                self.lesson_button(ctx, "quiet", id, key, LessonMsg::Forget(Some(answer)))
            };
            return foot
                .child(el("p", "small").text(self.t(Key::ProgressForgetSure)).done())
                .child(
                    el("div", "row")
                        .child(button("forget-yes", Key::ProgressForgetYes, true))
                        .child(button("forget-no", Key::ProgressForgetNo, false))
                        .done(),
                )
                .done();
        }
        let button = |id, key, msg| self.lesson_button(ctx, "quiet", id, key, msg);
        let import = self.t(Key::ProgressImport);
        foot.child(
            el("div", "row")
                .child(button("export", Key::ProgressExport, LessonMsg::Export))
                .child(own::file_button(import, "import", "quiet", vec![Html::from(import)]).done())
                .child(button("forget", Key::ProgressForget, LessonMsg::Forget(None)))
                .done(),
        )
        .done()
    }
}

/// The title, which takes the focus when the lesson is opened.
fn plain_heading(html: &str) -> Html {
    el("h2", "")
        .attr("id", "lesson-title".to_owned())
        .id("lesson-title")
        .attr("tabindex", "-1".to_owned())
        .child(Html::from_html_unchecked(html.to_owned().into()))
        .done()
}
