//! Deliberate faults, one at a time, to see that the checkers of the simulator find them.
//!
//! They are compiled in only with `--cfg lockstep_mutants`, which the mutation check alone sets
//! (`cargo xtask test mutants`). Without it [`mutant`] is a constant, and nothing is left of it.
#![allow(missing_docs, reason = "`MUTANTS` says what each of them does")]

/// Every fault, with a sentence about it.
pub const MUTANTS: &[(Mutant, &str)] = &[
    (Mutant::OffsetOffByOne, "a promoted replica counts one byte too many"),
    (Mutant::SelectNotReemitted, "after a snapshot the stream does not say its database anew"),
    (Mutant::SecondIdTooFar, "the second id is accepted one byte beyond the promotion"),
    (Mutant::ReplicaExpires, "a replica deletes a key because its time has come"),
    (Mutant::TrimmedTooEarly, "the stream is trimmed without regard to slow replicas"),
    (Mutant::AckCountedTwice, "WAIT counts every acknowledgement twice"),
    (Mutant::PingNotCounted, "a replica does not count PING"),
    (Mutant::GetackCountedFirst, "GETACK's own bytes are counted before the ACK"),
    (Mutant::FullresyncOffsetLate, "+FULLRESYNC names the offset of the reply, not of the cut"),
    (Mutant::SubReplicasStay, "a promotion does not disconnect the sub-replicas"),
    (Mutant::SubReplicasStayOnShift, "+CONTINUE with a new id does not disconnect sub-replicas"),
    (Mutant::MultiNotWrapped, "several commands of one unit are streamed without MULTI and EXEC"),
    (Mutant::NotRewritten, "a command is streamed as the client gave it, relative times included"),
    (Mutant::FedWhileWaiting, "the stream goes to a replica whose snapshot is not sent yet"),
    (Mutant::BacklogTooLarge, "the backlog holds more than repl-backlog-size"),
    (Mutant::WaitTooEarly, "WAIT answers when one replica fewer has acknowledged"),
    (Mutant::MinReplicasIgnored, "min-replicas-to-write is not looked at"),
    (Mutant::ExpiryNotStreamed, "the DEL of an expired key is not streamed"),
    (Mutant::CutSeesLater, "a snapshot holds writes that were made after its cut"),
    (Mutant::TimeoutNever, "repl-timeout never ends a link"),
    (Mutant::ReplicaTimeoutNever, "a silent replica is never disconnected"),
    (Mutant::ContinueAnything, "a partial resynchronisation is granted whatever the id"),
    (Mutant::ContinueBeforeBacklog, "a partial resynchronisation is granted before the backlog"),
    (Mutant::PartialCountedAsFull, "INFO counts a partial resynchronisation as a full one"),
    (Mutant::AckStale, "a replica acknowledges one byte less than it has applied"),
    (Mutant::AckTooHighBelieved, "an acknowledgement is noted as more than it was"),
    (Mutant::StreamDbForgotten, "after a partial resynchronisation the database is 0 again"),
    (Mutant::TransactionCountedEarly, "a transaction is counted before its EXEC"),
    (Mutant::HistlenOffByOne, "the backlog's first byte is one too late"),
    (Mutant::SpopVerbatim, "SPOP is streamed as such, and every replica pops what it likes"),
    (Mutant::OutputLimitIgnored, "client-output-buffer-limit of replicas is not looked at"),
    (Mutant::ExpiredReadable, "a replica shows keys whose time is over"),
    (Mutant::FlushNotStreamed, "FLUSHALL on a master is not streamed"),
    (Mutant::StaleHistoryKept, "after loading a snapshot a node keeps its old history's id"),
];

/// A fault. See [`MUTANTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    OffsetOffByOne,
    SelectNotReemitted,
    SecondIdTooFar,
    ReplicaExpires,
    TrimmedTooEarly,
    AckCountedTwice,
    PingNotCounted,
    GetackCountedFirst,
    FullresyncOffsetLate,
    SubReplicasStay,
    SubReplicasStayOnShift,
    MultiNotWrapped,
    NotRewritten,
    FedWhileWaiting,
    BacklogTooLarge,
    WaitTooEarly,
    MinReplicasIgnored,
    ExpiryNotStreamed,
    CutSeesLater,
    TimeoutNever,
    ReplicaTimeoutNever,
    ContinueAnything,
    ContinueBeforeBacklog,
    PartialCountedAsFull,
    AckStale,
    AckTooHighBelieved,
    StreamDbForgotten,
    TransactionCountedEarly,
    HistlenOffByOne,
    SpopVerbatim,
    OutputLimitIgnored,
    ExpiredReadable,
    FlushNotStreamed,
    StaleHistoryKept,
}

#[cfg(lockstep_mutants)]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Makes one fault active on this thread; `None`: none.
#[cfg(lockstep_mutants)]
pub fn activate(mutant: Option<Mutant>) {
    ACTIVE.set(mutant);
}

/// Whether this fault is active.
#[cfg(lockstep_mutants)]
#[inline]
pub(crate) fn mutant(which: Mutant) -> bool {
    ACTIVE.get() == Some(which)
}

/// Whether this fault is active: never.
#[cfg(not(lockstep_mutants))]
#[inline(always)]
pub(crate) const fn mutant(_: Mutant) -> bool {
    false
}
