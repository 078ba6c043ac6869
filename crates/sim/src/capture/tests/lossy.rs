//! Captures that have not seen everything, or not in order: nobody is accused of what is missing.

use proptest::prelude::*;

use super::story::RESYNC;
use super::*;

/// The records of a pcap file, with the byte order of this one.
fn records(file: &[u8]) -> Vec<&[u8]> {
    let mut rest = &file[24..];
    let mut records = Vec::new();
    while let Some(len) = rest.get(8..12).and_then(|len| len.try_into().ok()) {
        let (record, after) = rest.split_at(16 + u32::from_le_bytes(len) as usize);
        records.push(record);
        rest = after;
    }
    records
}

fn file_of(records: &[&[u8]]) -> Vec<u8> {
    [&RESYNC[..24], &records.concat()].concat()
}

fn accuses_nobody(records: &[&[u8]]) {
    if let Ok(capture) = read(&file_of(records)) {
        let departures: Vec<_> =
            capture.recording.breaches().iter().map(|(_, breach)| breach.english()).collect();
        assert!(departures.is_empty(), "{departures:#?} in\n{}", story(&capture));
    }
}

#[test]
fn whichever_packets_are_missing_nobody_is_accused() {
    let whole = records(RESYNC);
    for first in 0..whole.len() {
        for count in 1..=3 {
            let mut some = whole.clone();
            some.drain(first..whole.len().min(first + count));
            accuses_nobody(&some);
        }
        accuses_nobody(&whole[first..]);
        accuses_nobody(&whole[..first]);
    }
}

#[test]
fn what_is_acknowledged_but_was_not_captured_is_missing_where_it_is_acknowledged() {
    let whole = records(RESYNC);
    // The only packet of the master with PING at that time: the replica's answer to it is there.
    let is_ping = |record: &&[u8]| record.windows(8).any(|bytes| bytes == b"$4\r\nping");
    let ping = whole.iter().position(is_ping).expect("a PING");
    let mut some = whole.clone();
    some.remove(ping);
    let capture = read(&file_of(&some)).expect("a capture");
    assert_eq!(capture.summary.missing, 14);
    let told = story(&capture);
    let gap = told.find("14 bytes from 26380 to 26381 are missing").expect("it is told");
    let ack = told.find("26381 reports to 26380: I hold everything up to byte 14.");
    assert!(Some(gap) < ack, "{told}");
    // Also where nothing follows that would show it.
    let is_rdb = |record: &&[u8]| record.windows(9).any(|bytes| bytes == b"REDIS0010");
    let rdb = whole.iter().position(is_rdb).expect("the RDB");
    let capture = read(&file_of(&[&whole[..rdb], &whole[rdb + 1..rdb + 3]].concat()));
    assert!(capture.expect("a capture").summary.missing > 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The loss of any packets, and any disorder of neighbours.
    #[test]
    fn any_loss_and_any_disorder_accuses_nobody(
        lost in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        swapped in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let mut some = records(RESYNC);
        for at in swapped {
            let at = at.index(some.len() - 1);
            some.swap(at, at + 1);
        }
        for at in lost {
            some.remove(at.index(some.len()));
        }
        accuses_nobody(&some);
    }
}
