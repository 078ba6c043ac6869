//! What `lockstep play` tells of live nodes, line by line, put into a recording.
//!
//! The lines are those of a trace, with comments of their own; the server's module `live` describes
//! them.

use lockstep_core::time::Instant;
use lockstep_sim::trace::{self, Reader, What};
use lockstep_sim::{NodeId, Recording};

/// A story, as far as it was told.
#[derive(Debug)]
pub(crate) struct Story {
    reader: Reader,
    /// The Redis that is followed, unless own nodes are shown.
    pub(crate) followed: Option<String>,
    /// The nodes that tell: names in the trace, addresses.
    pub(crate) nodes: Vec<(String, String)>,
}

/// What a piece of a story held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// How many lines could not be read: this page and the program do not belong together.
    pub(crate) unreadable: u64,
    /// Something that people would want to be told of: a command, a change of state.
    pub(crate) notable: bool,
}

impl Story {
    /// Whether a piece is the beginning of a story.
    pub(crate) fn begins(text: &str) -> bool {
        text.starts_with(trace::HEADER)
    }

    /// Begins a story with its first lines; returns what is left of the piece.
    pub(crate) fn begin(text: &str) -> (Self, Recording, &str) {
        let mut reader = Reader::new();
        let mut followed = None;
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\n') {
            let own = line.strip_prefix("# live ").and_then(|live| live.strip_prefix("follow "));
            let header = ["# live ", "# started ", "# node "].iter().any(|h| line.starts_with(h));
            if !header && line != trace::HEADER {
                break;
            }
            if let Some(address) = own {
                followed = Some(address.replacen("localhost:", "127.0.0.1:", 1));
            }
            // A header that cannot be read shows in the lines that follow.
            let _ = reader.read(line);
            rest = after;
        }
        let mut recording = Recording::new(reader.started_unix_ms());
        // The master first: that is where it stands on the stage.
        if let Some(address) = &followed {
            recording.add_node(address);
        }
        for (name, address) in reader.nodes() {
            recording.push_node(name, address);
        }
        let nodes = reader.nodes().to_vec();
        (Self { reader, followed, nodes }, recording, rest)
    }

    /// Goes on.
    pub(crate) fn go_on(&mut self, text: &str, recording: &mut Recording) -> Told {
        let mut told = Told::default();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                self.comment(comment, recording);
                continue;
            }
            match self.reader.read(line) {
                Ok(Some(mut record)) => {
                    if let What::State(view) = &mut record.what
                        && let Some(master) = &mut view.master
                        && master.node.is_none()
                    {
                        let address = format!("{}:{}", master.host, master.port);
                        let address = address.replacen("localhost:", "127.0.0.1:", 1);
                        master.node = (self.followed == Some(address)).then_some(NodeId(0));
                    }
                    recording.push(&record);
                    told.notable |= is_notable(&record.what);
                }
                Ok(None) => {}
                Err(_) => told.unreadable += 1,
            }
        }
        told
    }

    fn comment(&self, comment: &str, recording: &mut Recording) {
        match comment.split_once(' ') {
            Some(("left-out", count)) => recording.left_out(count.parse().unwrap_or(1)),
            Some(("ended", name)) => {
                let at = recording.steps().last().map_or(Instant(0), |last| last.at);
                let known = self.nodes.iter().find(|(known, _)| known == name);
                if let Some(id) = known.and_then(|(_, address)| recording.add_node(address)) {
                    recording.ended(at, id);
                }
            }
            _ => {}
        }
    }
}

fn is_notable(what: &What) -> bool {
    use lockstep_core::trace::Event;
    match what {
        What::Event(event) => !matches!(
            event,
            Event::TimerFired(_) | Event::Acked { .. } | Event::Fed { .. } | Event::Applied { .. }
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::view::{Power, Role};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const HEAD: &str = "# lockstep trace 1\n# live follow localhost:6379\n# started 5\n\
                        # node n0 127.0.0.1:7000\n";

    #[test]
    fn a_story_becomes_a_recording_that_grows() {
        let piece = format!(
            "{HEAD}0.1 n0 send wire=w0 to=localhost:6379 kind=connect\n\
             0.2 n0 recv wire=w0 from=localhost:6379 local=127.0.0.1:9 kind=accept\n"
        );
        assert!(Story::begins(&piece));
        let (mut story, mut recording, rest) = Story::begin(&piece);
        assert_eq!(story.followed.as_deref(), Some("127.0.0.1:6379"));
        assert_eq!(story.go_on(rest, &mut recording), Told::default());
        assert_eq!((recording.nodes().len(), recording.len()), (2, 2));
        let id = "1".repeat(40);
        let more = format!(
            "0.3 n0 recv wire=w0 from=localhost:6379 kind=reply bytes=\"+PONG\\r\\n\"\n\
             0.3 n0 link-state from=receive-ping-reply to=send-handshake why=\"x\"\n\
             0.3 n0 state role=replica replid={id} offset=7 keys=1 master=\"localhost:6379\" \
             link=send-handshake last_io=0\n# left-out 3\n# ended n0\nnonsense\n"
        );
        let told = story.go_on(&more, &mut recording);
        assert_eq!(told, Told { unreadable: 1, notable: true });
        recording.seek(3);
        let nodes = recording.nodes();
        let live = nodes[1].live.as_ref().expect("it runs");
        assert_eq!((live.role, live.offset), (Role::Replica, 7));
        assert_eq!(live.master.as_ref().and_then(|master| master.node), Some(NodeId(0)));
        recording.seek(recording.len());
        assert_eq!(recording.len(), 5);
        assert_eq!(recording.nodes()[1].power, Power::Down);
    }
}
