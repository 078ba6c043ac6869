//! A conversation as a file: what was said in a world, from its beginning to some step.
//!
//! * [`Form::Text`]: for reading. A sentence for each step, and the bytes it sent.
//! * [`Form::Json`]: for programs. The vocabulary of [`crate::trace`]; see `json` for the format.
//! * [`Form::Pcap`]: for Wireshark and its kin. The packets that these connections would have been
//!   over Ethernet; see `pcap`.
//!
//! A writer is shown every step in order, together with the world after it. What it makes depends
//! on nothing else, but for the words that it is given ([`Words`]).

mod json;
mod pcap;

use crate::ids::Peer;
use crate::step::Step;
use crate::trace;
use crate::world::World;

/// The longest file, in bytes: a page holds it in memory.
pub const FILE_BYTES_MAX: usize = 256 << 20;

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Sentences and bytes.
    Text,
    /// Events with all they say.
    Json,
    /// Packets.
    Pcap,
}

impl Form {
    /// How names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Pcap => "pcap",
        }
    }
}

/// How a file says things: the language is its reader's.
pub trait Words {
    /// The sentence of a step.
    fn sentence(&self, step: &Step) -> String;
    /// How an end of a connection is called.
    fn peer(&self, peer: Peer) -> String;
}

/// The file would be longer than [`FILE_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let limit = FILE_BYTES_MAX >> 20;
        write!(f, "the file would be longer than {limit} MB: export fewer steps")
    }
}

impl std::error::Error for TooLong {}

/// Writes a file, step by step.
#[derive(Debug)]
pub struct Export {
    inner: Inner,
    full: bool,
}

#[derive(Debug)]
enum Inner {
    Text(String),
    Json(json::Json),
    Pcap(pcap::Pcap),
}

impl Export {
    /// A file about a world, as it was at its start. `about` are lines that say what it is: a
    /// title, a link. They begin a text and are part of JSON; packets have no place for them.
    pub fn new(form: Form, start: &World, words: &dyn Words, about: &[&str]) -> Self {
        let inner = match form {
            Form::Text => Inner::Text(head(start, words, about)),
            Form::Json => Inner::Json(json::Json::new(start, words, about)),
            Form::Pcap => Inner::Pcap(pcap::Pcap::new(start)),
        };
        Self { inner, full: false }
    }

    /// Adds a step; `world` is as it was after it.
    pub fn step(&mut self, world: &World, step: &Step, words: &dyn Words) {
        if self.full {
            return;
        }
        let len = match &mut self.inner {
            Inner::Text(text) => {
                tell(text, step, words);
                text.len()
            }
            Inner::Json(json) => json.step(step, words),
            Inner::Pcap(pcap) => pcap.step(world, step),
        };
        self.full = len > FILE_BYTES_MAX;
    }

    /// The file.
    ///
    /// # Errors
    /// It would be too long.
    pub fn finish(self) -> Result<Vec<u8>, TooLong> {
        if self.full {
            return Err(TooLong);
        }
        Ok(match self.inner {
            Inner::Text(text) => text.into_bytes(),
            Inner::Json(json) => json.finish(),
            Inner::Pcap(pcap) => pcap.finish(),
        })
    }
}

/// The first lines of a text.
fn head(start: &World, words: &dyn Words, about: &[&str]) -> String {
    let mut text = String::new();
    for line in about {
        text.push_str(line);
        text.push('\n');
    }
    for node in start.nodes() {
        let name = words.peer(Peer::Node(node.id));
        text.push_str(&format!("{name}: {}\n", node.address));
    }
    text.push('\n');
    text
}

/// A step in a text: number, seconds, the sentence; then each message that was sent.
fn tell(text: &mut String, step: &Step, words: &dyn Words) {
    text.push_str(&format!("{:6} ", step.index));
    trace::put_time(text, step.at);
    text.push_str("  ");
    text.push_str(&words.sentence(step));
    text.push('\n');
    for message in &step.sent {
        let (from, to) = (words.peer(message.from), words.peer(message.to));
        text.push_str("           ");
        for part in [&*from, " > ", &*to, "  "] {
            text.push_str(part);
        }
        if message.kind.is_control() {
            text.push_str(&trace::message_kind(message.kind));
        } else {
            trace::quote(text, &message.bytes);
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Names, Scenario, find};
    use crate::{narrate, scenarios};

    pub(super) struct English(pub(super) Names);

    impl Words for English {
        fn sentence(&self, step: &Step) -> String {
            narrate::narrate(step).with_names(&|id| self.0.of(id))
        }

        fn peer(&self, peer: Peer) -> String {
            peer.node().map_or_else(|| peer.to_string(), |id| self.0.of(id))
        }
    }

    /// A scenario of the library as a file.
    pub(super) fn exported(form: Form, name: &str) -> Vec<u8> {
        let scenario = Scenario::parse(find(name).expect("it is there")).expect("it is right");
        let words = English(scenario.all_names());
        let mut export = Export::new(form, &scenario.world(), &words, &["a title"]);
        scenario.run(crate::scenario::STEPS_MAX, &mut |world: &World, step: &Step| {
            export.step(world, step, &words);
        });
        export.finish().expect("it is short")
    }

    #[test]
    fn a_text_has_the_sentences_and_the_bytes() {
        let text = String::from_utf8(exported(Form::Text, "a01-handshake-7")).unwrap();
        assert!(text.starts_with("a title\nmaster: 127.0.0.1:6380\n"), "{text}");
        for part in [
            "\"*1\\r\\n$4\\r\\nPING\\r\\n\"",
            " > master  \"*3\\r\\n$8\\r\\nREPLCONF\\r\\n",
            "master > ",
            "FULLRESYNC",
            "connect\n",
        ] {
            assert!(text.contains(part), "no {part}: {text}");
        }
    }

    #[test]
    fn a_timeline_tells_its_past_again_as_it_was() {
        let mut timeline = scenarios::first_light();
        timeline.back(crate::Grain::Event);
        let mut told = Vec::new();
        timeline.retell(&mut |world, step| {
            assert_eq!(world.now(), step.at);
            told.push(step.clone());
        });
        assert_eq!(told.len() as u64, timeline.cursor());
        assert!(told.iter().eq(timeline.past().iter().map(|step| &**step)));
    }
}
