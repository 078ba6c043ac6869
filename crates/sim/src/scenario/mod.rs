//! Scenarios as data: a world, what is done to it, and what is expected, as a text that people
//! write and read. The same code reads it natively and in the page.
//!
//! ```text
//! title Replica B was away for two seconds
//! title-zh 副本 B 断开了两秒
//!
//! node master 6380
//! node replica-a 6381 of master
//! node replica-b 6382 of master
//! preload
//!   SET greeting hello
//!
//! when all online
//! after 300ms
//! master> SET name chaoge
//! cut master replica-b
//! after 2s
//! master> INCR visits
//! restore master replica-b
//! when replica-b sends "PSYNC * *" to master within 5s
//! when all online and all equal
//! expect master.psync.verdict = partial and master.psync.condition = "by-replid"
//! expect replica-b(GET visits) = 1
//! ```
//!
//! One statement a line. A line that begins with `#` is a comment. Indented lines belong to the
//! statement above them.
//!
//! # The world
//!
//! * `title TEXT`, `title-zh TEXT`: what it is about, in English and in Chinese
//! * `seed N`: decides every random choice; 1 if not said
//! * `era 2.6|2.8|3.2|4.0|7`: the Redis that all nodes replicate like; 7 if not said
//! * `link LATENCY [RATE]`: every link; `40ms 200kb/s` if not said. Without RATE: no limit
//! * `unix-ms N`, `stagger TIME`: the wall clock at the start; time between the starts of two
//!   processes
//! * `config`: directives for all nodes, on indented lines, as in redis.conf
//! * `node NAME PORT [of MASTER]`: a node; its own directives on indented lines
//! * `link NODE NODE LATENCY [RATE]`: one link, other than the rest
//! * `preload`: commands, on indented lines, that the first node ran before anybody could
//!   watch
//!
//! Nodes begin with Redis's defaults, except: no save points, `repl-backlog-size 16kb` (the
//! smallest), `repl-diskless-sync-delay 1`. Times are `5us`, `300ms`, `5s`, `2min`; rates `200kb/s`
//! (thousands of bytes), `0` for no limit.
//!
//! # The script
//!
//! * `after TIME`: lets that much time pass
//! * `at TIME`: lets time pass until then, counted from the start
//! * `at step N [TIME]`: goes to step N, and then, before the next one, until TIME
//! * `when CONDITION [within TIME]`: goes on until it is true, counting what happens from here
//!   on; a minute if not said. If it does not become true, the scenario has failed and ends
//! * `expect CONDITION`: it is true now, counting what has happened since the last `mark`
//! * `always CONDITION`, `never CONDITION`: from here on, after every step
//! * `eventually CONDITION [within TIME]`: from here on, some time; nobody waits for it
//! * `mark`: what happened before counts no more for `expect` and `conversation`
//! * `let NAME = TERM`: remembers a value; `$NAME` is that value
//! * `conversation DIALER ACCEPTOR`: how the first connection that the one opened to the other
//!   since the last `mark` begins, on indented lines
//! * an intervention: see below
//!
//! # Interventions
//!
//! * `NODE> COMMAND`: a line typed into a node's console
//! * `telnet NODE LINE`: a line typed into a raw connection, sent as it is
//! * `traffic NODE TIME`: somebody writes to a node that often; `0`: never
//! * `add-client NODE`, `client c5 COMMAND`, `close-client c5`: another console
//! * `add-writer NODE TIME KEYS COMMAND`, `writer c5 TIME`: a client that repeats a command;
//!   `__rand_int__` in it is a number below KEYS
//! * `cut A B`, `partition A B`, `stall A B`, `restore A B`: a link breaks and both ends know;
//!   nobody knows; nothing moves; it works again
//! * `cut-one-way FROM TO`, `restore-one-way FROM TO`: one direction
//! * `reset-connections A B`: the connections break, the link works
//! * `set-link A B LATENCY RATE`, `jitter A B TIME`, `random-segments A B`, `whole-segments A
//!   B`: how a link carries bytes
//! * `hold WHAT from NODE [to NODE]`, `release ...`, `reset-at ... BYTE`: the first such message
//!   that is on its way is kept back, let go, cut off at a byte with its connection. WHAT is as in
//!   conditions below. A message can also be named: `hold m12`
//! * `shutdown NODE`, `crash NODE`, `power-loss NODE`, `start NODE`: SIGTERM, SIGKILL, all at
//!   once
//! * `pause NODE`, `resume NODE`, `refuse NODE`, `accept NODE`: SIGSTOP, SIGCONT, a firewall
//! * `skew-clock NODE 500ppm`, `jump-clock NODE -5s`: its clock runs fast; is set back
//! * `disk NODE TIME RATE`, `fill-disk NODE`, `break-disk NODE`, `mend-disk NODE`: its disk
//! * `heal`: ends every fault
//! * `add-replica MASTER [as NAME]`, `add-node "DIRECTIVES" [as NAME]`: another node
//!
//! # Conditions
//!
//! `P and Q`, `P or Q`, `not P`, brackets; and:
//!
//! * `TERM = TERM`, also `!= < <= > >=`: numbers as numbers, everything else as text
//! * `TERM ~ "Err*"`: the text is like the pattern, in which `*` is any text
//! * `all online`: every replica is connected, every master sees its replicas online
//! * `all equal`: every running node stands at the same offset of the same history, with equal
//!   data
//! * `NODE logs "LINE"`: it has logged that line; `*` is any text
//! * `NODE sends WHAT [to NODE]`: such a message was put on the wire
//! * `NODE receives WHAT [from NODE]`: such a message arrived
//! * the last three `= 2 times`, also `!= < <= > >=`: so often; at least once if not said
//!
//! WHAT is `"SET * chaoge"` (the words of the command, or the line of the reply), `bytes
//! "+PONG\r\n"` (the very bytes, in which `{*}` is any bytes), or a kind: connect accept refuse fin
//! reset handshake reply error rdb-header rdb stream ping ack keepalive request response.
//!
//! # Terms
//!
//! * `12`, `"some text"`, `word`: itself
//! * `$NAME`: what `let` remembered
//! * `NODE(GET name)`: what the node would answer now, elements of arrays with spaces between;
//!   the world is not touched
//! * `NODE.role`: master, replica
//! * `NODE.power`: up, frozen, down; dark without power
//! * `NODE.master`, `NODE.link`: a replica's master (`ip:port`), and the state of its link:
//!   Connect, Connecting, ReceivePingReply, ... Transfer, Connected; None on a master
//! * `NODE.replid`, `.replid2`, `.second-offset`, `.offset`: histories and offsets
//! * `NODE.cached-replid`, `.cached-offset`: what it would ask its master for
//! * `NODE.backlog-first`, `.backlog-histlen`, `.backlog-size`: the backlog's window
//! * `NODE.keys`, `.digest`, `.replicas`: of its dataset; connected replicas
//! * `NODE.files`: the names of the files on its disk, with spaces between
//! * `NODE.reply`: what its console was answered to the last line typed, as redis-cli shows
//!   it; none until the answer is there
//! * `MASTER.REPLICA.state`: a replica as its master sees it: WaitBgsaveStart, WaitBgsaveEnd,
//!   SendBulk, Online; also `.sent`, `.ack`, `.lag` (bytes), `.lag-seconds`
//! * `NODE.info.FIELD`: a field of INFO
//! * `NODE.config.DIRECTIVE`: a directive
//! * `NODE.psync.FIELD`: its latest decision about a resynchronisation, fields as in `LOCKSTEP
//!   PSYNC`: side, request, verdict (partial, full), condition, bytes,
//!   sufficient-backlog-size, explanation, ...
//! * `TERM + TERM`, `TERM - TERM`: of numbers
//!
//! What does not exist is `none`.

mod acts;
mod conversation;
pub(crate) mod lesson;
mod lex;
mod library;
mod names;
mod parse;
mod predicate;
mod print;
mod run;
mod term;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod watch;

use std::sync::Arc;

use lockstep_core::commands::lookup;
use lockstep_core::config::{Config, Era, Line, Reader};

pub use acts::print as act_line;
pub(crate) use acts::{Arg, FORMS, Kind, build, parts};
pub use conversation::Said;
pub use lex::ScenarioError;
pub(crate) use lex::TIME_US_MAX;
pub use library::{LIBRARY, find};
pub use names::Names;
pub use predicate::{Happening, Predicate, Relation, Wording};
pub use run::{Finding, Run, STEPS_MAX};
pub use term::{FIELDS, Field, NONE, REPLICA_FIELDS, Term};
pub use watch::Watch;

use crate::ids::NodeId;
use crate::scenarios;
use crate::script::{Act, Intervention};
use crate::world::{IP, Setup, World};

/// Longest text of a scenario, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;

/// Latency of a link, in microseconds, and its bandwidth, unless something else is said.
pub const LINK: (u64, u64) = (40_000, 200_000);

/// A scenario. See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// Decides every random choice.
    pub seed: u64,
    /// The Redis that the nodes replicate like.
    pub era: Era,
    /// Latency of the links, in microseconds, and their bandwidth, in bytes per second (0: without
    /// limit).
    pub link: (u64, u64),
    /// What the hosts' clocks show at the start: milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// Time between the starts of two processes, in microseconds.
    pub stagger_us: u64,
    /// Directives for all nodes, as lines of redis.conf.
    pub config: Vec<String>,
    /// The nodes.
    pub nodes: Vec<NodeSpec>,
    /// Links that differ from the rest: ends, latency, bandwidth.
    pub links: Vec<(NodeId, NodeId, u64, u64)>,
    /// Commands that the first node ran before anybody could watch.
    pub preload: Vec<String>,
    /// What is done and expected.
    pub script: Vec<Statement>,
}

/// A node of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// What it is called.
    pub name: String,
    /// The port that it listens on.
    pub port: u16,
    /// Its master; `None`: it is one itself.
    pub of: Option<NodeId>,
    /// Its directives, as lines of redis.conf.
    pub config: Vec<String>,
}

/// A statement of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its line in the text; 0 if it never was in one.
    pub line: u32,
    /// What it says.
    pub what: Instruction,
}

/// What a statement says. Times are in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Lets time pass.
    After(u64),
    /// Lets time pass until then.
    At(u64),
    /// Goes to a step, and then, before the next one, until a time.
    AtStep(u64, Option<u64>),
    /// Goes on until something is true.
    When(Predicate, Option<u64>),
    /// It is true now.
    Expect(Predicate),
    /// It is true from here on.
    Always(Predicate),
    /// It is not true from here on.
    Never(Predicate),
    /// It becomes true some time.
    Eventually(Predicate, Option<u64>),
    /// What happened before counts no more.
    Mark,
    /// Remembers a value.
    Let(String, Term),
    /// How the connection that the first opened to the second begins.
    Conversation(NodeId, NodeId, Vec<Said>),
    /// An intervention on the first message on its way that looks like this.
    Touch(Touch),
    /// An intervention; the name is that of the node that it adds.
    Do(Intervention, Option<String>),
}

/// An intervention on a message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// `hold`, `release` or `reset-at`.
    pub verb: &'static str,
    /// What the message looks like.
    pub what: Wording,
    /// Who has sent it.
    pub from: NodeId,
    /// To whom, if it matters.
    pub to: Option<NodeId>,
    /// How many of its bytes arrive; for `reset-at`.
    pub byte: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            title: String::new(),
            title_zh: String::new(),
            seed: 1,
            era: Era::default(),
            link: LINK,
            unix_ms: scenarios::UNIX_MS,
            stagger_us: scenarios::STAGGER_US,
            config: Vec::new(),
            nodes: Vec::new(),
            links: Vec::new(),
            preload: Vec::new(),
            script: Vec::new(),
        }
    }
}

impl Scenario {
    /// The names of the nodes that the world begins with.
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        self.nodes.iter().for_each(|node| _ = names.add(&node.name));
        names
    }

    /// The names of all nodes, those too that the script adds, and of what it remembers.
    pub fn all_names(&self) -> Names {
        let mut names = self.names();
        for statement in &self.script {
            match &statement.what {
                Instruction::Do(what, name) => names.grow(what, name.as_deref()),
                Instruction::Let(name, _) => _ = names.remember(name),
                _ => {}
            }
        }
        names
    }

    /// The world at its start.
    pub fn world(&self) -> World {
        self.world_with(None)
    }

    /// The world at its start, in which the first node finds this RDB file on its disk.
    pub fn world_with(&self, rdb: Option<Arc<Vec<u8>>>) -> World {
        let nodes: Vec<Config> = self.nodes.iter().map(|node| self.config_of(node)).collect();
        // All have started before anything else happens, see `Setup`.
        let stagger_us = self.stagger_us.min(900_000 / nodes.len().max(1) as u64);
        let mut world = World::new(Setup {
            seed: self.seed,
            unix_ms: self.unix_ms,
            nodes,
            latency_us: self.link.0,
            bandwidth: self.link.1,
            stagger_us,
            preload: self.preload.clone(),
            rdb,
        });
        for (a, b, latency_us, bandwidth) in &self.links {
            // Only a link from a node to itself does not exist.
            _ = world.shape_link(*a, *b, *latency_us, *bandwidth);
        }
        world
    }

    /// The configuration of a node. Lines that redis-server would refuse are not obeyed; a scenario
    /// that was parsed has none.
    fn config_of(&self, node: &NodeSpec) -> Config {
        let mut config = scenarios::config(node.port, None);
        config.set_era(self.era);
        let master = node.of.and_then(|id| self.nodes.get(id.0 as usize));
        config.replicaof = master.map(|master| (IP.to_owned(), master.port));
        let mut reader = Reader::new(config);
        for line in self.config.iter().chain(&node.config) {
            _ = reader.line(line.as_bytes());
        }
        let mut config = reader.finish();
        config.port = node.port;
        config
    }

    /// The same world, with these interventions instead of its script, each exactly where it was in
    /// its history.
    #[must_use]
    pub fn with_acts(mut self, acts: &[Act]) -> Self {
        self.script.clear();
        for act in acts {
            let step = Some(Instruction::AtStep(act.index.saturating_sub(1), Some(act.at.0)));
            let what = Some(Instruction::Do(act.what.clone(), None));
            let statement = |what| Statement { line: 0, what };
            self.script.extend(step.into_iter().chain(what).map(statement));
        }
        self
    }
}

/// Whether redis-server takes a line of configuration that a scenario may have.
///
/// # Errors
/// What is wrong with it, in Redis's words.
fn check_directive(line: &str) -> Result<(), String> {
    let mut reader = Reader::new(Config { port: 1, ..Config::default() });
    let read = reader.line(line.as_bytes()).map_err(|why| why.to_string())?;
    match read {
        Line::Done if reader.config.port == 1 => Ok(()),
        Line::Done => Err("the port is said behind the node's name".into()),
        Line::Renamed => match reader.config.renamed.iter().all(|(old, _)| lookup(old).is_some()) {
            true => Ok(()),
            false => Err("No such command in rename-command".into()),
        },
        Line::Dir | Line::Include(_) => {
            Err("this needs a file system, which these nodes do not have".into())
        }
    }
}
