//! Lessons: a scenario with something to reach and something to predict.
//!
//! A lesson is a folder with `lesson.scenario`, `en.md` and `zh.md`. The scenario's script leads to
//! the moment at which the learner begins (see [`crate::scenario`]); statements of the lesson
//! follow it:
//!
//! ```text
//! question answer until back
//!   choice partial master.psync.verdict = partial
//!   choice full master.psync.verdict = full
//! goal cut not replica-b.link = Connected
//! let missing = master.offset - replica-b.offset
//! goal back all online and all equal
//!
//! solution
//!   cut master replica-b
//!   after 1s
//!   restore master replica-b
//! best 2
//! ```
//!
//! * `goal NAME CONDITION`: something to reach. Goals are reached in their order; what happens is
//!   counted from the step at which the one before was reached, the first from the start
//! * `question NAME [until GOAL|now]`: is asked when the goals above it are reached. Its answer is
//!   known at the step that reaches the goal, if not said the next one; with `now` at once, in the
//!   world in which it is asked. Below it either `choice NAME CONDITION` for each choice, of which
//!   exactly one must then hold (what happens is counted from the question on), or `number TERM`
//! * `let NAME = TERM`: remembers a value when the goals above it are reached; `$NAME` is that
//!   value in what follows, and in the texts
//! * `solution`: statements of the script, indented, that reach all goals
//! * `best N`: the fewest interventions that are known to do; those of the solution if not said
//! * `calculator backlog`: the page shows the calculator of the backlog's size
//!
//! The texts are Markdown, see [`text`].
//!
//! # Invariants
//!
//! * Goals and answers are functions of a history: of its states and of what happened in it, never
//!   of what was clicked. See [`Course`] for what going back means.
//! * A lesson that is read is within fixed limits; one that is played is tested ([`check`]).

pub mod check;
mod course;
mod progress;
pub mod text;

pub use course::{Answer, Asked, Course, Verdict};
pub use progress::{PROGRESS_BYTES_MAX, Progress, Record};

pub use crate::scenario::lesson::{Asks, Goal, Item, Lesson, Question};
