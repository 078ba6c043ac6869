//! The search for violations: random worlds, traffic and faults, every checker after every step.
//!
//! ```text
//! generate   a seed becomes a Plan: a topology, and moves with their times
//! plan       a Plan runs; then all faults end, and everybody must converge
//! shrink     of a Plan that fails, the smallest part that still fails in the same way
//! coverage   which transitions, verdicts and log lines were reached, and which never
//! report     a failure as people read it: the script, the last steps, the link
//! ```
//!
//! Each seed switches some kinds of faults off (swarm testing): without frequent crashes, say, a
//! history gets long enough for its backlog to overflow.
//!
//! # Invariants
//!
//! * A plan is data. Nothing in it was chosen by looking at the world it runs in, so that any part
//!   of it is a plan too.
//! * The same plan fails in the same step with the same words, everywhere.

mod coverage;
mod generate;
mod lines;
mod never;
mod plan;
mod report;
mod shrink;
mod words;

pub use coverage::{Coverage, Unreached};
pub use lines::{LINES, TRANSITIONS};
pub use never::why_never;
pub use plan::{Failure, Move, NodePlan, Plan};
pub use report::report;
pub use shrink::{Shrunk, shrink};
