//! The sentences, as names with an English text. `{0}` to `{9}` stand for arguments, in the order
//! of [`super::Sentence::args`]; a translation uses the same numbers in any order.

use super::opening::{IN_OPENING, pick};

macro_rules! keys {
    ($($key:ident = $en:literal;)*) => {
        /// The name of a sentence; its documentation is its English text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $(#[doc = $en] $key,)*
        }

        impl Key {
            /// All sentences.
            pub const ALL: &[Self] = &[$(Self::$key),*];

            /// The name, as written here.
            pub fn name(self) -> &'static str {
                match self { $(Self::$key => stringify!($key),)* }
            }

            /// The English text.
            pub fn english(self) -> &'static str {
                match AT_ONCE[self as usize] {
                    "" => later(self),
                    text => text,
                }
            }
        }

        static AT_ONCE: [&str; Key::ALL.len()] = pick([$($en),*], &IN_OPENING, true);
        static LATER: [&str; Key::ALL.len()] = pick([$($en),*], &IN_OPENING, false);
    };
}

/// Apart, so that what it refers to need not be there before it is called.
#[inline(never)]
fn later(key: Key) -> &'static str {
    LATER[key as usize]
}

keys! {
    // Connections.
    ConnectArrives = "{0} asks {1} for a connection.";
    AcceptArrives = "{0} has accepted: {1} is connected.";
    RefusalArrives = "Nobody listens at {0}: the attempt of {1} is refused.";
    CloseArrives = "{1} learns that {0} has closed the connection.";
    ResetArrives = "{1} learns that {0} is gone.";
    UnclaimedArrives =
        "{2} from {0} reaches {1}, which knows nothing of this connection: a reset goes back.";
    DialFails = "{0} cannot reach its master.";

    // The handshake, seen where the message arrives.
    PingArrives = "{0} asks {1}: are you there?";
    AuthArrives = "{0} shows {1} its password.";
    PortArrives = "{0} tells {1} on which port it listens: {2}.";
    AddressArrives = "{0} tells {1} under which address it is known: {2}.";
    CapaArrives = "{0} tells {1} what it understands: {2}.";
    PsyncFreshArrives = "{0} has no history and asks {1} for everything.";
    PsyncArrives = "{0} asks {1} to go on with history {2} at byte {3}.";
    SyncArrives = "{0} asks {1} for a full copy, the old way: SYNC.";
    HandshakeArrives = "{0} sends {1}: {2}";
    PongArrives = "{0} answers {1}: here I am.";
    OkArrives = "{0} answers {1}: OK.";
    FullResyncArrives =
        "{0} answers {1}: you get a full copy; it stands for history {2} up to offset {3}.";
    ContinueArrives = "{0} answers {1}: go on where you were.";
    ReplyArrives = "{0} answers {1}: {2}";
    ErrorArrives = "{0} answers {1} with an error: {2}";

    // The transfer.
    RdbLengthArrives = "{0} announces to {1} an RDB of {2} bytes.";
    RdbMarkArrives = "{0} announces to {1} an RDB of unknown length, which ends at a mark.";
    RdbArrives = "{1} receives {2} bytes of the RDB of {0}.";
    KeepaliveArrives = "{0} tells {1} that it is still there: a newline, outside the stream.";

    // The stream.
    StreamArrives = "{1} receives {2} from {0}: bytes {3} to {4} of the stream.";
    StreamApplied = "{1} applies {2} from {0} and is now at offset {3}.";
    StreamPingArrives = "{1} receives the PING of {0}, {2} bytes of the stream: now at offset {3}.";
    AckArrives = "{0} reports to {1}: I hold everything up to byte {2}.";
    PartArrives = "{1} receives {2} bytes from {0}; the rest of the message is still to come.";

    // Clients.
    RequestArrives = "A client sends {0}: {1}";
    WriteArrives =
        "A client sends {0}: {1}. The change joins the stream, {2} bytes: {0} is now at offset {3}.";
    ResponseArrives = "{0} answers its client: {1}";
    ClientSends = "A client sends off its next command to {0}: {1}";
    ClientRests = "A client cannot reach its node.";

    // Timers and files.
    PingFed = "{0} appends a PING to the stream, so that its replicas hear from it: offset {1}.";
    AckSent = "A second has passed: {0} reports that it holds everything up to byte {1}.";
    DialSent = "{0} tries to reach its master {1}.";
    DialTried = "{0} tries to reach its master.";
    KeyEvicted = "Memory is full ({2} bytes, maxmemory {3}): {0} gives up key {1}.";
    KeyExpired = "The time of key {1} has come: {0} deletes it.";
    TimerFired = "A timer of {0} fires.";
    FileSaved = "{0} has put {1} on its disk.";
    FileAnswered = "The disk of {0} has answered.";
    FileFailed = "A file operation of {0} failed: {1}.";
    Woke = "{0} goes on after its sleep.";

    // Recordings.
    RecordedInside = "Something happens in {0}.";
    RecordedSent = "{0} sends {1}: {2}";
    RecordedAct = "Somebody intervenes: {0}";
    RecordedEnded = "The process of {0} has ended.";
    RecordedLeftOut = "{0} events are missing here: they were not recorded.";
    RecordedGap = "{2} bytes from {0} to {1} are missing here: they are not in the capture.";
    RecordedCutShort =
        "{2} bytes from {0} to {1} are missing here: the capture kept only the beginning of packets.";
    RecordedUnderWay =
        "{0} and {1} talk already: their connection was open before the recording began.";

    // Interventions.
    Typed = "You type into the console of {0}: {1}";
    TypedRaw = "You type into a raw connection to {0}: {1}";
    Interrupted = "You press Ctrl-C: the connection to {0} is closed, and what waited with it.";
    LinkCut = "You cut the link between {0} and {1}; both notice at once.";
    LinkStalled = "You cut the link between {0} and {1} silently: bytes wait, nobody is told.";
    LinkRestored = "You mend the link between {0} and {1}.";
    LinkChanged = "You change the link between {0} and {1}: {2} ms, {3} bytes per second.";
    LinkChangedUnlimited = "You change the link between {0} and {1}: {2} ms, any bandwidth.";
    LinkHeld = "You stall the link between {0} and {1}: bytes stay where they are.";
    OneWayCut =
        "You cut the way from {0} to {1} silently: {1} hears nothing any more, {0} still hears {1}.";
    OneWayRestored = "You mend the way from {0} to {1}.";
    ConnectionsReset = "You break all connections between {0} and {1}; the link works.";
    JitterSet = "You make the link between {0} and {1} uneven: up to {2} ms more, at random.";
    JitterOff = "You make the link between {0} and {1} even again.";
    SegmentsRandom =
        "From now on the link between {0} and {1} carries bytes in pieces of random sizes.";
    SegmentsFull = "From now on the link between {0} and {1} carries bytes in full segments.";
    MessageHeld =
        "You keep back {2}, on its way from {0} to {1}; what is behind it waits too.";
    MessageReleased = "You let {2} go on, from {0} to {1}.";
    MessageReset =
        "You break the connection at byte {3} of {2}, on its way from {0} to {1}: no more arrives.";
    NodeStopped = "You ask {0} to shut down.";
    NodeCrashed = "You kill {0}.";
    NodePowerLost =
        "The host of {0} loses its power: nobody is told, and what was not synced is lost.";
    ConnectionsRefused = "{0} refuses new connections from now on.";
    ConnectionsAccepted = "{0} accepts new connections again.";
    ClockFast = "The clocks of {0} run fast from now on, by {1} millionths.";
    ClockSlow = "The clocks of {0} run slow from now on, by {1} millionths.";
    ClockRight = "The clocks of {0} run right again.";
    ClockForward = "You set the wall clock of {0} forward by {1} ms.";
    ClockBack = "You set the wall clock of {0} back by {1} ms.";
    DiskChanged =
        "You change the disk of {0}: {1} ms for an operation, {2} bytes per second.";
    DiskChangedUnlimited = "You change the disk of {0}: {1} ms for an operation, any bandwidth.";
    DiskFull = "The disk of {0} is full: no space left on device.";
    DiskFails = "The disk of {0} fails: input/output error.";
    DiskMended = "The disk of {0} works again.";
    NodeStarted = "You start {0}.";
    NodePaused = "You freeze {0}.";
    NodeResumed = "You let {0} go on.";
    ReplicaAdded = "You add a replica of {0}.";
    TrafficOn = "A client begins to write to {0}, every {1} ms.";
    TrafficOff = "The client of {0} stops writing.";
    Healed = "You end every fault: links, disks and clocks are as at the start.";
    NodeAdded = "You add a node: {0}.";
    ClientAdded = "You open another console of {0}: client {1}.";
    ClientTyped = "You type into the console of client {0}: {1}";
    ClientClosed = "Client {0} closes its connection.";
    WriterAdded = "Client {1} begins to write to {0}, every {2} microseconds: {3}";
    WriterRests = "Client {0} stops writing.";
    WriterPace = "Client {0} writes every {1} microseconds from now on.";

    // Interventions that change nothing.
    NoNode = "Nothing happens: there is no {0}.";
    NoLink = "Nothing happens: there is no link between {0} and {1}.";
    NoClient = "Nothing happens: there is no client {0} that could do that.";
    NoMessage = "Nothing happens: no message {0} is on its way.";
    NodeRuns = "Nothing happens: {0} is running.";
    NodeIsDown = "Nothing happens: {0} is down.";
    NodesMax = "Nothing happens: there are {0} nodes, and there cannot be more.";
    ClientsMax = "Nothing happens: there are {0} clients, and there cannot be more.";
    PortTaken = "Nothing happens: another node has port {0}.";
    BadConfig = "Nothing happens, for the configuration is wrong at {0}: {1}";
    TextTooLong = "Nothing happens: the text is longer than {0} bytes.";
    AlreadySo = "Nothing happens: it is so already.";

    // Decisions about a PSYNC.
    DecidedContinue =
        "{0} decides: partial. {1} wants byte {2} next, and the backlog goes back to byte {3}: \
         {4} bytes are all it needs.";
    DecidedContinueNothing =
        "{0} decides: partial. {1} wants byte {2} next, the very next to come: nothing to send.";
    DecidedContinueById2 =
        "{0} decides: partial. {1} names the history that {0} followed before ({5}), up to a byte \
         both share: it wants {2} next, the backlog goes back to {3}, {4} bytes are sent.";
    DecidedFullSync = "{0} decides: full, for {1} speaks the old SYNC.";
    DecidedFullFresh = "{0} decides: full, for {1} has no history.";
    DecidedFullId = "{0} decides: full. {1} followed history {2}, which is not {0}'s ({3}).";
    DecidedFullSecond =
        "{0} decides: full. {1} followed the earlier history {2} beyond the byte where it ends for \
         {0}, by {3} bytes.";
    DecidedFullNoBacklog = "{0} decides: full, for it has no backlog.";
    DecidedFullBefore =
        "{0} decides: full. {1} wants byte {2}, but the backlog begins at {3}: {4} bytes are gone. \
         A backlog of {5} bytes would have been enough.";
    DecidedFullNeverHeld =
        "{0} decides: full. {1} wants byte {2}, but the backlog begins at {3}: {4} bytes are \
         missing. It was created at byte {5} only, so no size would have been enough.";
    DecidedFullAfter =
        "{0} decides: full. {1} wants byte {2}, {3} bytes after the last one that {0} has produced.";

    // Inside nodes.
    PsyncSent =
        "{0} holds everything up to byte {3} of history {1}, so it asks to go on at byte {2}.";
    PsyncFreshSent = "{0} has no history to go on with and asks for a full copy: {1}.";
    ReplStateChanged = "{0}'s link to its master: {1} becomes {2} ({3}).";
    ReplicaAppeared = "{0} counts one replica more, in state {1} ({2}).";
    ReplicaStateChanged = "For {0}, its replica goes from {1} to {2} ({3}).";
    ReplicaGone = "{0} counts one replica less ({1}).";
    SnapshotToDisk = "{0} begins to save its dataset; keys: {1}.";
    SnapshotToReplicas = "{0} begins a snapshot for its replicas, as of offset {2}; keys: {1}.";
    SnapshotDone = "{0}'s snapshot is complete: {1} bytes.";
    SnapshotFailed = "{0}'s snapshot is given up.";
    Loaded = "{0} has replaced its dataset with that of its master; keys: {1}.";
    BacklogCreated = "{0} creates its backlog of {1} bytes; the first byte will be {2}.";
    BacklogFreed = "{0} frees its backlog after {1} seconds without replicas.";
    ReplIdShifted =
        "{0} begins a new history, {1}. It remembers the old one, {2}, which ends before byte {3}.";
    BecameReplica = "{0} is now a replica of {1}.";
    BecameMaster = "{0} is now a master.";
    MasterCached = "{0} remembers where it was: history {1}, next byte {2}.";
    MasterDiscarded = "{0} forgets where it was ({1}).";
    Continued = "{0} goes on with history {1} at byte {2}.";
    ContinuedNewId = "{0} goes on at byte {2} under the new id {1}.";
    WaitsForKeys = "{0} lets a client wait until there is something under {1}.";
    WaitsForAcks = "{0} lets a client wait until {1} replicas have acknowledged offset {2}.";
    WaitsForPause = "{0} holds a command back: clients are paused.";
    WaitOver = "{0} answers a client that has waited ({1}).";
    ClosedByPeer = "{0} has lost a connection.";
    ClosedTimeout = "{0} closes a connection on which it heard nothing for too long.";
    ClosedOutputLimit = "{0} closes a connection: its output exceeds client-output-buffer-limit.";
    ClosedProtocol = "{0} closes a connection that does not speak the protocol: {1}.";
    ClosedAsked = "{0} closes a connection.";
    ClosedHistory = "{0} closes a connection whose history is no longer its own.";
}
