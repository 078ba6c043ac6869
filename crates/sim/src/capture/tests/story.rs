//! What captures tell.

use expect_test::expect;
use lockstep_core::replication::state::ReplState;

use super::made::{ACK, FIN, Form, PLAIN, RST, Seg, command, file, said};
use super::*;
use crate::recording::NoDataset;
use crate::scenarios;
use crate::step::Grain;
use crate::view::Role;

/// Two redis-servers 7.0.15 and redis-cli, on the loopback interface: full resynchronisation,
/// stream, `CLIENT KILL TYPE replica`, partial resynchronisation.
pub(super) const RESYNC: &[u8] =
    include_bytes!("../../../../../tests/data/captures/resync-7.0.15.pcap");
/// Much the same, without the replica's clients, by `tcpdump -i any -s 96`.
const CUT_SHORT: &[u8] = include_bytes!("../../../../../tests/data/captures/cut-short-7.0.15.pcap");

#[test]
fn a_capture_of_two_redis_servers_reads_as_their_story() {
    let capture = read(RESYNC).expect("a capture");
    expect![[r#"
        0.000 redis-cli asks 26381 for a connection.
        0.000 26381 has accepted: redis-cli is connected.
        0.000 A client sends 26381: replicaof 127.0.0.1 26380
        0.000 26381 asks 26380 for a connection.
        0.000 26380 has accepted: 26381 is connected.
        0.000 26381 answers its client: OK
        0.001 26381 learns that redis-cli has closed the connection.
        0.001 26381 asks 26380: are you there?
        0.001 26380 answers 26381: here I am.
        0.001 26381 tells 26380 on which port it listens: 26381.
        0.001 26380 answers 26381: OK.
        0.001 26381 tells 26380 what it understands: eof psync2.
        0.001 26380 answers 26381: OK.
        0.001 26381 asks 26380 to go on with history 26b598 at byte 1.
        0.001 26380 answers 26381: you get a full copy;
              it stands for history 417798 up to offset 0.
        0.003 26380 announces to 26381 an RDB of unknown length, which ends at a mark.
        0.003 26381 receives 270 bytes of the RDB of 26380.
        0.004 26381 reports to 26380: I hold everything up to byte 0.
        1.001 26381 reports to 26380: I hold everything up to byte 0.
        2.002 26381 receives ping from 26380: bytes 1 to 14 of the stream.
        2.008 26381 reports to 26380: I hold everything up to byte 14.
        3.010 redis-cli asks 26380 for a connection.
        3.010 26380 has accepted: redis-cli is connected.
        3.012 26381 reports to 26380: I hold everything up to byte 14.
        3.015 A client sends 26380: set article one
        3.015 26381 receives SELECT 0 from 26380: bytes 15 to 37 of the stream.
        3.015 26381 receives set article one from 26380: bytes 38 to 72 of the stream.
        3.015 26380 answers its client: OK
        3.015 26380 learns that redis-cli has closed the connection.
        3.023 redis-cli asks 26380 for a connection.
        3.023 26380 has accepted: redis-cli is connected.
        3.023 A client sends 26380: incr views
        3.023 26381 receives incr views from 26380: bytes 73 to 97 of the stream.
        3.023 26380 answers its client: (integer) 1
        3.024 26380 learns that redis-cli has closed the connection.
        4.012 26381 receives ping from 26380: bytes 98 to 111 of the stream.
        4.015 26381 reports to 26380: I hold everything up to byte 111.
        5.018 26381 reports to 26380: I hold everything up to byte 111.
        5.031 redis-cli asks 26380 for a connection.
        5.031 26380 has accepted: redis-cli is connected.
        5.031 A client sends 26380: client kill type replica
        5.031 26381 learns that 26380 has closed the connection.
        5.031 26380 answers its client: (integer) 1
        5.031 26381 asks 26380 for a connection.
        5.031 26380 has accepted: 26381 is connected.
        5.031 26381 asks 26380: are you there?
        5.031 26380 learns that redis-cli has closed the connection.
        5.032 26380 answers 26381: here I am.
        5.032 26381 tells 26380 on which port it listens: 26381.
        5.032 26380 answers 26381: OK.
        5.032 26381 tells 26380 what it understands: eof psync2.
        5.032 26380 answers 26381: OK.
        5.032 26381 asks 26380 to go on with history 417798 at byte 112.
        5.032 26381 goes on with history 417798 at byte 112.
        5.147 redis-cli asks 26380 for a connection.
        5.147 26380 has accepted: redis-cli is connected.
        5.147 A client sends 26380: set missed yes
        5.147 26381 receives set missed yes from 26380: bytes 112 to 145 of the stream.
        5.147 26380 answers its client: OK
        5.148 26380 learns that redis-cli has closed the connection.
        6.018 26381 receives ping from 26380: bytes 146 to 159 of the stream.
        6.022 26381 reports to 26380: I hold everything up to byte 159.
        7.031 26381 reports to 26380: I hold everything up to byte 159.
        8.027 26381 receives ping from 26380: bytes 160 to 173 of the stream.
        8.040 26381 reports to 26380: I hold everything up to byte 173.
        8.154 redis-cli asks 26380 for a connection.
        8.154 26380 has accepted: redis-cli is connected.
        8.154 A client sends 26380: incr views
        8.154 26381 receives incr views from 26380: bytes 174 to 198 of the stream.
        8.154 26380 answers its client: (integer) 2
        8.154 26380 learns that redis-cli has closed the connection.
    "#]]
    .assert_eq(&story(&capture));
    assert_eq!((capture.summary.links, capture.summary.clients), (2, 6));
    assert_eq!((capture.summary.missing, capture.summary.damaged), (0, 0));
}

#[test]
fn the_nodes_are_what_was_seen_of_them() {
    let mut recording = read(RESYNC).expect("a capture").recording;
    recording.seek(recording.len());
    let nodes = recording.nodes();
    let names: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    assert_eq!(names, ["127.0.0.1:26380", "127.0.0.1:26381"]);
    let live = |index: usize| nodes[index].live.clone().expect("it runs");
    let (master, replica) = (live(0), live(1));
    assert_eq!((master.role, replica.role), (Role::Master, Role::Replica));
    assert_eq!((master.offset, replica.offset), (198, 198));
    assert_eq!(master.replid, replica.replid);
    assert_eq!(replica.master.expect("a master").state, ReplState::Connected);
    assert_eq!(master.replicas.len(), 1);
    assert_eq!(master.replicas[0].ack_offset, 173);
    assert_eq!(master.replicas[0].lag_bytes, 25);
    // What nobody said is not known.
    assert!(!master.known.keys && !master.known.backlog && master.backlog.is_none());
}

#[test]
fn the_views_are_the_same_whichever_way_the_cursor_came() {
    let mut there = read(RESYNC).expect("a capture").recording;
    let mut back = there.clone();
    back.seek(back.len());
    let mut seen = Vec::new();
    while there.forward(Grain::Event) {
        seen.push((there.cursor(), there.nodes(), there.links(), there.in_flight()));
    }
    for (index, nodes, links, flights) in seen.into_iter().rev() {
        assert_eq!(back.cursor(), index);
        assert_eq!((back.nodes(), back.links(), back.in_flight()), (nodes, links, flights));
        assert!(back.back(Grain::Event));
    }
    assert!(!back.back(Grain::Event));
}

#[test]
fn a_capture_that_was_cut_short_says_so_and_invents_nothing() {
    let capture = read(CUT_SHORT).expect("a capture");
    assert_eq!(capture.summary.links, 2);
    assert!(capture.summary.missing > 500, "{:?}", capture.summary);
    assert_eq!(capture.recording.breaches(), []);
    let told = story(&capture);
    assert!(told.contains("the capture kept only the beginning of packets"), "{told}");
}

/// The handshake of the articles: Redis 3.2, `+FULLRESYNC` at offset 3194, an RDB of 273 bytes
/// without a line end after it, the first ACK.
fn articles() -> Vec<(usize, Vec<u8>)> {
    let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    let mut rdb = b"REDIS0007\xfa\x09redis-ver\x073.2.100\xfa\x0aredis-bits\xc0\x40".to_vec();
    rdb.extend(b"\xfa\x05ctime\xc2\x15\xcd\x6f\x59\xfa\x08used-mem\xc2\xf0\x0f\x0d\x00");
    rdb.extend(b"\xfe\x00\xfb\x01\x00\x00\x04name");
    let value = 273 - 9 - rdb.len() - 2;
    rdb.extend([0x40 | (value >> 8) as u8, value as u8]);
    rdb.extend(vec![b'x'; value]);
    rdb.push(0xff);
    let sum = lockstep_core::rdb::crc64::update(0, &rdb);
    rdb.extend(sum.to_le_bytes());
    assert_eq!(rdb.len(), 273);
    let mut transfer = b"$273\r\n".to_vec();
    transfer.extend(rdb);
    vec![
        (0, command("PING")),
        (1, b"+PONG\r\n".to_vec()),
        (0, command("REPLCONF listening-port 6381")),
        (1, b"+OK\r\n".to_vec()),
        (0, command("REPLCONF capa eof")),
        (1, b"+OK\r\n".to_vec()),
        (0, command("PSYNC ? -1")),
        (1, format!("+FULLRESYNC {id} 3194\r\n").into_bytes()),
        (1, transfer),
        (0, command("REPLCONF ACK 3194")),
        (1, command("SELECT 0")),
        (1, command("set name chaoge")),
        (1, command("PING")),
        (0, command("REPLCONF ACK 3266")),
    ]
}

fn borrowed(all: &[(usize, Vec<u8>)]) -> Vec<(usize, &[u8])> {
    all.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect()
}

#[test]
fn the_handshake_of_the_articles_reads_as_their_story() {
    let capture = read(&file(&said(50_000, &borrowed(&articles())), PLAIN)).expect("a capture");
    expect![[r#"
        0.000 6381 asks 6380 for a connection.
        0.002 6380 has accepted: 6381 is connected.
        0.003 6381 asks 6380: are you there?
        0.004 6380 answers 6381: here I am.
        0.006 6381 tells 6380 on which port it listens: 6381.
        0.007 6380 answers 6381: OK.
        0.009 6381 tells 6380 what it understands: eof.
        0.011 6380 answers 6381: OK.
        0.012 6381 has no history and asks 6380 for everything.
        0.013 6380 answers 6381: you get a full copy;
              it stands for history 0a1b2c up to offset 3194.
        0.015 6380 announces to 6381 an RDB of 273 bytes.
        0.015 6381 receives 273 bytes of the RDB of 6380.
        0.017 6381 reports to 6380: I hold everything up to byte 3194.
        0.018 6381 receives SELECT 0 from 6380: bytes 3195 to 3217 of the stream.
        0.019 6381 receives set name chaoge from 6380: bytes 3218 to 3252 of the stream.
        0.021 6381 receives PING from 6380: bytes 3253 to 3266 of the stream.
        0.022 6381 reports to 6380: I hold everything up to byte 3266.
    "#]]
    .assert_eq(&story(&capture));
}

#[test]
fn every_form_of_capture_tells_the_same_story() {
    let segs = said(50_000, &borrowed(&articles()));
    let plain = story(&read(&file(&segs, PLAIN)).expect("a capture"));
    let six = plain.replace("10.0.0.1", "[fd00::1]").replace("10.0.0.2", "[fd00::2]");
    for link in [0, 1, 101, 113, 276] {
        for n in 0..16 {
            let (big, nanos) = (n & 1 == 1, n & 2 == 2);
            let form = Form { link, big, nanos, ng: n & 4 == 4, six: n & 8 == 8, ..PLAIN };
            let capture = read(&file(&segs, form)).unwrap_or_else(|e| panic!("{form:?}: {e}"));
            assert_eq!(story(&capture), if form.six { &*six } else { &*plain }, "{form:?}");
            assert_eq!(capture.recording.started_unix_ms(), 1_700_000_000_000);
        }
    }
}

#[test]
fn segments_may_come_in_any_order_twice_and_cut_elsewhere() {
    let all = articles();
    let plain = story(&read(&file(&said(50_000, &borrowed(&all)), PLAIN)).expect("a capture"));
    let words = |text: &str| -> Vec<String> {
        text.lines().map(|line| line[6..].to_owned()).filter(|l| !l.contains("RDB")).collect()
    };
    let mut segs = said(50_000, &borrowed(&all));
    // The header and the beginning of the RDB come again, overlapping, with more.
    let rdb = segs.iter().position(|seg| seg.data.len() > 200).expect("the RDB");
    let whole = segs[rdb].clone();
    let part = |from: usize, to: usize| Seg {
        seq: whole.seq.wrapping_add(from as u32),
        data: whole.data[from..to].to_vec(),
        ..whole.clone()
    };
    let parts = [part(0, 50), part(100, 200), part(30, 120), part(150, 279), part(0, 50)];
    segs.splice(rdb..=rdb, parts);
    let capture = read(&file(&segs, PLAIN)).expect("a capture");
    assert_eq!(words(&story(&capture)), words(&plain));
    assert!(capture.summary.again > 0);
    assert_eq!(capture.summary.missing, 0);
}

#[test]
fn a_message_in_several_packets_is_told_once_and_whole() {
    let all = articles();
    let plain = story(&read(&file(&said(50_000, &borrowed(&all)), PLAIN)).expect("a capture"));
    let words = |text: &str| -> Vec<String> {
        text.lines().map(|line| line[6..].to_owned()).filter(|l| !l.contains("RDB")).collect()
    };
    for size in [1, 2, 7, 30] {
        let cut: Vec<(usize, &[u8])> = all
            .iter()
            .flat_map(|(side, bytes)| bytes.chunks(size).map(|part| (*side, part)))
            .collect();
        let capture = read(&file(&said(50_000, &cut), PLAIN)).expect("a capture");
        assert_eq!(words(&story(&capture)), words(&plain), "{size}");
        assert_eq!(capture.recording.breaches(), [], "{size}");
    }
    // What ends in its middle is told as far as it came.
    let segs = said(50_000, &[borrowed(&all), vec![(1, b"*3\r\n$3\r\nset\r\n$4\r\nna")]].concat());
    let capture = read(&file(&segs, PLAIN)).expect("a capture");
    assert_eq!(capture.recording.len(), plain.lines().count() as u64);
    assert_eq!(capture.recording.breaches(), []);
}

#[test]
fn what_the_capture_did_not_see_is_told_where_it_is_missing() {
    let mut segs = said(50_000, &borrowed(&articles()));
    let lost = segs.iter().position(|seg| seg.data.starts_with(b"*3\r\n$3\r\nset")).expect("SET");
    segs.remove(lost);
    let capture = read(&file(&segs, PLAIN)).expect("a capture");
    let told = story(&capture);
    let missing = "35 bytes from 6380 to 6381 are missing here: they are not in the capture.";
    assert!(told.contains(missing), "{told}");
    // Offsets go on behind the gap, and nobody is accused.
    assert!(told.contains("6381 receives PING from 6380: bytes 3253 to 3266"), "{told}");
    assert_eq!(capture.recording.breaches(), []);
}

#[test]
fn a_capture_that_begins_in_the_middle_finds_the_offsets_from_what_is_acknowledged() {
    let segs = said(50_000, &borrowed(&articles()));
    let from = segs.iter().position(|seg| seg.data == command("REPLCONF ACK 3194")).expect("ACK");
    let capture = read(&file(&segs[from..], PLAIN)).expect("a capture");
    let told = story(&capture);
    assert!(told.contains("their connection was open before the recording began"), "{told}");
    assert!(told.contains("bytes 3218 to 3252 of the stream"), "{told}");
    assert_eq!(capture.recording.breaches(), []);
}

#[test]
fn an_end_and_a_reset_are_seen_from_the_other_side() {
    for (flags, words) in [(FIN | ACK, "has closed the connection"), (RST, "is gone")] {
        let mut segs = said(50_000, &borrowed(&articles()));
        let last = segs.iter().rev().find(|seg| seg.side == 1).expect("the master's").clone();
        let seq = last.seq.wrapping_add(last.data.len() as u32);
        segs.push(Seg { flags, seq, data: Vec::new(), ..last });
        let capture = read(&file(&segs, PLAIN)).expect("a capture");
        let told = story(&capture);
        assert!(told.lines().last().is_some_and(|line| line.contains(words)), "{told}");
    }
}

#[test]
fn the_dataset_that_a_replica_was_given_can_be_taken_on() {
    let mut recording = read(RESYNC).expect("a capture").recording;
    assert_eq!(recording.dataset(), Err(NoDataset::NoRdb));
    recording.seek(recording.len());
    let dataset = recording.dataset().expect("it was seen");
    assert!(dataset.rdb.starts_with(b"REDIS0010"), "{}", dataset.rdb.escape_ascii());
    assert_eq!(dataset.rdb.len(), 270 - 40);
    let commands = ["SELECT 0", "set article one", "incr views", "set missed yes", "incr views"];
    assert_eq!(dataset.commands, commands);
    let setup = crate::world::Setup {
        rdb: Some(std::sync::Arc::new(dataset.rdb)),
        preload: dataset.commands,
        ..scenarios::setup(1)
    };
    let mut timeline = crate::Timeline::new(crate::World::new(setup));
    scenarios::until_online(&mut timeline);
    for node in timeline.world().nodes() {
        assert_eq!(node.live.expect("it runs").keys, 6);
    }
    // Where bytes are missing nothing is taken for whole.
    let mut cut = read(CUT_SHORT).expect("a capture").recording;
    cut.seek(cut.len());
    assert_eq!(cut.dataset(), Err(NoDataset::Missing));
}
