//! What is exported as packets reads back as the same conversation.

use std::collections::BTreeMap;

use lockstep_sim::export::{Export, Form, Words};
use lockstep_sim::scenario::{LIBRARY, STEPS_MAX, Scenario};
use lockstep_sim::{Cause, Message, MessageKind, Peer, Step, WireId, World, capture};

struct Mute;

impl Words for Mute {
    fn sentence(&self, _: &Step) -> String {
        String::new()
    }

    fn peer(&self, peer: Peer) -> String {
        peer.to_string()
    }
}

/// What each side of each connection said, in order: kinds of messages, and their bytes. A message
/// in several parts is one.
type Said = BTreeMap<(WireId, Peer), Vec<(MessageKind, Vec<u8>)>>;

fn hear(said: &mut Said, message: &Message) {
    if message.kind.is_control() {
        return;
    }
    // Whoever types SYNC into telnet is a replica to those who only see the packets.
    let kind = match message.kind {
        MessageKind::Handshake => MessageKind::Request,
        MessageKind::Reply => MessageKind::Response,
        kind => kind,
    };
    let all = said.entry((message.wire, message.from)).or_default();
    match all.last_mut() {
        // How the snapshot is cut into parts is the network's matter.
        Some((MessageKind::Rdb, bytes)) if kind == MessageKind::Rdb => {
            bytes.extend(&message.bytes);
        }
        _ => all.push((kind, message.bytes.clone())),
    }
}

fn sorted(said: Said) -> Vec<Vec<(MessageKind, Vec<u8>)>> {
    let mut all: Vec<_> = said.into_values().collect();
    all.sort();
    all
}

#[test]
fn every_scenario_reads_back_as_the_same_conversation() {
    for (name, text) in LIBRARY {
        let scenario = Scenario::parse(text).expect("it is right");
        let mut export = Export::new(Form::Pcap, &scenario.world(), &Mute, &[]);
        let mut said = Said::new();
        scenario.run(STEPS_MAX, &mut |world: &World, step: &Step| {
            export.step(world, step, &Mute);
            step.sent.iter().for_each(|message| hear(&mut said, message));
        });
        let file = export.finish().expect("it is short");
        let capture = capture::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Nobody is accused but the one that is no Redis.
        let breaches = capture.recording.breaches().iter();
        let breaches: Vec<String> = breaches.map(|(_, breach)| breach.english()).collect();
        let strange = *name == "a19-a-master-that-speaks-another-protocol";
        assert_eq!(!breaches.is_empty(), strange, "{name}: {breaches:?}");
        let mut read = Said::new();
        for step in capture.recording.steps() {
            if let Cause::Delivered(message) = &step.cause {
                hear(&mut read, message);
            }
        }
        let (read, said) = (sorted(read), sorted(said));
        assert_eq!(read.len(), said.len(), "{name}: who said something");
        for (read, said) in read.iter().zip(&said) {
            let shown = |(kind, bytes): &(MessageKind, Vec<u8>)| {
                format!("{kind:?} {}", bytes.escape_ascii())
            };
            let (read, said): (Vec<_>, Vec<_>) =
                (read.iter().map(shown).collect(), said.iter().map(shown).collect());
            assert_eq!(read, said, "{name}");
        }
    }
}
