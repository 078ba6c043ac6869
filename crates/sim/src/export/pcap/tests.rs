//! Packets are taken apart again, and what they say is compared with what was sent.

use std::collections::BTreeSet;

use super::super::Form;
use super::super::tests::exported;
use super::*;
use crate::scenario::{LIBRARY, STEPS_MAX, Scenario};

/// A packet, taken apart again.
struct Packet<'a> {
    at: u64,
    from: u16,
    to: u16,
    seq: u32,
    ack: u32,
    flags: u8,
    payload: &'a [u8],
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// Takes a file apart; every length and every checksum must be right.
fn packets(mut file: &[u8]) -> Vec<Packet<'_>> {
    let mut take = |len: usize| {
        let (head, rest) = file.split_at_checked(len)?;
        file = rest;
        Some(head)
    };
    let little = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    let head = take(24).expect("a header");
    assert_eq!((little(&head[..4]), little(&head[20..])), (0xa1b2_c3d4, 1));
    let mut packets = Vec::new();
    while let Some(record) = take(16) {
        let [seconds, micros, len, whole] = [0, 4, 8, 12].map(|at| little(&record[at..at + 4]));
        assert_eq!(len, whole);
        let frame = take(len as usize).expect("a whole packet");
        let (ip, tcp) = (&frame[14..34], &frame[34..]);
        assert_eq!((&frame[12..14], ip[0], ip[9]), (&[8, 0][..], 0x45, 6));
        assert_eq!(number(&ip[2..4]) as usize, frame.len() - 14);
        assert_eq!(checksum(0, ip), 0, "the checksum of IP");
        let pseudo = [&ip[12..20], &[0, 6], &(tcp.len() as u16).to_be_bytes()].concat();
        assert_eq!(checksum(sum_of(&pseudo), tcp), 0, "the checksum of TCP");
        packets.push(Packet {
            at: u64::from(seconds) * 1_000_000 + u64::from(micros),
            from: number(&tcp[..2]) as u16,
            to: number(&tcp[2..4]) as u16,
            seq: number(&tcp[4..8]),
            ack: number(&tcp[8..12]),
            flags: tcp[13],
            payload: &tcp[usize::from(tcp[12] >> 4) * 4..],
        });
    }
    packets
}

/// What each direction of each connection has said: a receiver of the packets would put it
/// together like this, and stumble over every gap.
fn said(packets: &[Packet<'_>]) -> BTreeMap<(u16, u16), Vec<u8>> {
    let mut streams: BTreeMap<(u16, u16), Vec<u8>> = BTreeMap::new();
    let mut next: BTreeMap<(u16, u16), u32> = BTreeMap::new();
    let mut last = 0;
    for packet in packets {
        assert!(packet.at >= last, "time goes on");
        last = packet.at;
        let way = (packet.from, packet.to);
        let here = next.entry(way).or_insert(packet.seq);
        if packet.flags & SYN != 0 {
            *here = packet.seq;
        }
        if packet.flags & RST == 0 {
            assert_eq!(*here, packet.seq, "no gap and nothing twice: {way:?}");
        }
        let space = packet.payload.len() as u32 + u32::from(packet.flags & (SYN | FIN) != 0);
        *here = here.wrapping_add(space);
        streams.entry(way).or_default().extend(packet.payload);
        // What is acknowledged was sent.
        let other = next.get(&(packet.to, packet.from));
        if let Some(other) = other.filter(|_| packet.flags & ACK != 0) {
            assert!(packet.ack.wrapping_sub(*other) as i32 <= 0, "{way:?} acknowledges too much");
        }
    }
    streams
}

#[test]
fn the_packets_of_every_scenario_carry_what_was_sent() {
    for (name, text) in LIBRARY {
        let mut sent: BTreeMap<WireId, [Vec<u8>; 2]> = BTreeMap::new();
        let mut dialers: BTreeMap<WireId, Peer> = BTreeMap::new();
        let scenario = Scenario::parse(text).unwrap();
        scenario.run(STEPS_MAX, &mut |_, step| {
            for message in &step.sent {
                let from = match message.kind {
                    MessageKind::Accept | MessageKind::Refuse => message.to,
                    _ => message.from,
                };
                let dialer = *dialers.entry(message.wire).or_insert(from);
                let side = usize::from(message.from != dialer);
                sent.entry(message.wire).or_default()[side].extend(&message.bytes);
            }
        });
        let file = exported(Form::Pcap, name);
        let packets = packets(&file);
        let mut found: Vec<Vec<u8>> = said(&packets).into_values().collect();
        let mut expected: Vec<Vec<u8>> = sent.into_values().flatten().collect();
        // Ports are the file's own matter: what was said is compared, whoever said it.
        found.retain(|bytes| !bytes.is_empty());
        expected.retain(|bytes| !bytes.is_empty());
        found.sort();
        expected.sort();
        assert!(found == expected, "{name}: {} and {}", found.len(), expected.len());
    }
}

#[test]
fn a_connection_begins_with_a_handshake_and_ends_with_both_sides() {
    let file = exported(Form::Pcap, "d07-restarts");
    let packets = packets(&file);
    let dialed: BTreeSet<(u16, u16)> =
        packets.iter().filter(|p| p.flags == SYN).map(|p| (p.from, p.to)).collect();
    assert!(dialed.len() > 3, "{dialed:?}");
    let mut closed = 0;
    for (from, to) in dialed {
        let between = |p: &&Packet<'_>| [(from, to), (to, from)].contains(&(p.from, p.to));
        let flags: Vec<u8> = packets.iter().filter(between).map(|p| p.flags).collect();
        match flags[1] {
            0x14 => assert_eq!(flags.len(), 2, "refused, and that is all"),
            _ => assert_eq!(flags[..3], [SYN, SYN | ACK, ACK]),
        }
        let fins = flags.iter().filter(|f| **f & FIN != 0).count();
        assert!(fins == 0 || fins == 2, "{flags:x?}");
        closed += fins / 2;
    }
    assert!(closed > 0, "some of them are closed in good order");
}

#[test]
fn what_arrives_is_acknowledged_when_it_does() {
    let file = exported(Form::Pcap, "a01-handshake-7");
    let packets = packets(&file);
    let asked = |p: &&Packet<'_>| p.payload.starts_with(b"*1\r\n$4\r\nPING");
    let ask = packets.iter().find(asked).expect("PING");
    let back = |p: &&Packet<'_>| (p.from, p.to) == (ask.to, ask.from) && !p.payload.is_empty();
    let answer = packets.iter().find(back).expect("its answer");
    assert_eq!(answer.ack, ask.seq.wrapping_add(ask.payload.len() as u32));
    let next = answer.seq.wrapping_add(answer.payload.len() as u32);
    let seen = packets.iter().find(|p| p.from == ask.from && p.ack == next).expect("heard");
    // One way there, one way back.
    assert_eq!(seen.at - answer.at, answer.at - ask.at);
}
