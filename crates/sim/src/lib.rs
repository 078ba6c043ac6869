//! A deterministic world of Redis nodes, and a timeline to walk through it both ways.
//!
//! The nodes are those of `lockstep-core`, unchanged; links, disks, clients and the clock are
//! simulated here. A page that shows replication step by step and tests that look for faults in it
//! use the same [`Timeline`].
//!
//! ```text
//! World      hosts, links, clients, clock: step() makes the next visible event happen
//! Timeline   forward, back, seek; act(..) intervenes, in the past too
//! view       what a page shows: nodes, links, messages in flight
//! narrate    one sentence per step, as data
//! capture    captures of packets, as recordings
//! check      what must hold after every step
//! export     a conversation as a file: text, JSON, packets
//! rdb        files of Redis as people look at them: an index of keys, what takes room, values
//! permalink  a moment in a history as a short text
//! lesson     scenarios with goals and questions for a learner
//! scenario   worlds, scripts and expectations as text
//! scenarios  the worlds that the page begins with
//! recording  a conversation that was recorded elsewhere: a trace, a capture, a live session
//! search     random worlds, traffic and faults; what fails, shrunk
//! trace      what happened, as text: written by worlds and by native servers, read, compared
//! ```
//!
//! # Invariants
//!
//! * Seed + script decide everything: no clock, no network, no threads, no unseeded randomness.
//! * The same history has the same states natively and in WebAssembly.
#![forbid(unsafe_code)]

pub mod capture;
pub mod check;
pub mod console;
pub mod export;
mod fingerprint;
pub mod hash;
mod ids;
pub mod lesson;
pub mod message;
pub mod narrate;
pub mod permalink;
pub mod rdb;
pub mod recording;
pub mod scenario;
pub mod scenarios;
pub mod script;
pub mod search;
mod splitter;
pub mod step;
mod timeline;
pub mod trace;
pub mod view;
mod world;

pub use ids::{ClientId, MessageId, NodeId, Peer, WireId};
pub use message::{Message, MessageKind, MessageRef, StreamRange};
pub use permalink::Permalink;
pub use recording::Recording;
pub use script::{Act, Cut, DiskFault, Intervention, NODES_MAX, Stop};
pub use step::{Cause, Effect, Grain, Impossible, Note, Recorded, Step};
pub use timeline::{
    Branch, Comparison, Difference, Differs, FORWARD_STEPS_MAX, HISTORY_STEPS_MAX, NAME_BYTES_MAX,
    Timeline,
};
pub use world::{IP, QUIET_EVENTS_MAX, Setup, World};
