//! Departures from the protocol, and bytes that are no capture at all.

use super::made::{PLAIN, command, file, said};
use super::*;

/// Who says what, in turn.
type Said = Vec<(usize, Vec<u8>)>;

const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
const OTHER: &str = "1111111111111111111111111111111111111111";

/// The first departure in a link on which this is said after the handshake.
fn departure(after: &[(usize, Vec<u8>)]) -> String {
    let mut all: Vec<(usize, Vec<u8>)> = vec![
        (0, command("PING")),
        (1, b"+PONG\r\n".to_vec()),
        (0, command("REPLCONF listening-port 6381")),
        (1, b"+OK\r\n".to_vec()),
    ];
    all.extend_from_slice(after);
    let all: Vec<(usize, &[u8])> = all.iter().map(|(side, b)| (*side, b.as_slice())).collect();
    let capture = read(&file(&said(50_000, &all), PLAIN)).expect("a capture");
    let first = capture.recording.breaches().first();
    first.map(|(_, breach)| breach.english()).unwrap_or_default()
}

fn reply(line: &str) -> (usize, Vec<u8>) {
    (1, format!("{line}\r\n").into_bytes())
}

fn ask(words: &str) -> (usize, Vec<u8>) {
    (0, command(words))
}

fn rdb() -> Vec<u8> {
    let mut rdb = b"REDIS0009\xfe\x00\x00\x01k\x01v\xff".to_vec();
    let sum = lockstep_core::rdb::crc64::update(0, &rdb);
    rdb.extend(sum.to_le_bytes());
    rdb
}

fn transfer(announced: usize, rdb: &[u8]) -> (usize, Vec<u8>) {
    let mut bytes = format!("${announced}\r\n").into_bytes();
    bytes.extend_from_slice(rdb);
    (1, bytes)
}

#[test]
fn the_first_departure_from_the_protocol_is_named() {
    let (rdb, full) = (rdb(), format!("+FULLRESYNC {ID} 100"));
    let len = rdb.len();
    let online = |more: &[(usize, Vec<u8>)]| {
        let mut all = vec![ask("PSYNC ? -1"), reply(&full), transfer(len, &rdb)];
        all.extend_from_slice(more);
        all
    };
    let resume = format!("PSYNC {ID} 101");
    let mut longer = rdb.clone();
    longer.extend(command("PING"));
    let cases: Vec<(Said, &str)> = vec![
        (online(&[(1, command("PING")), ask("REPLCONF ACK 114")]), ""),
        (vec![reply("+OK")], "No answer was due, but one came: +OK"),
        (
            vec![ask("PSYNC ? -1"), reply("+OK")],
            "The answer should have been +FULLRESYNC, +CONTINUE, -ERR; what came is +OK",
        ),
        (
            vec![ask("PSYNC ? -1"), reply("+FULLRESYNC abc 5")],
            "A full resynchronisation is answered with +FULLRESYNC, an id of 40 characters and an \
             offset; what came is +FULLRESYNC abc 5",
        ),
        (
            vec![ask("PSYNC ? -1"), reply("+CONTINUE")],
            "The partial resynchronisation can only go on with a full resynchronisation; what came \
             is +CONTINUE",
        ),
        (
            vec![ask(&resume), reply("+CONTINUE nobody")],
            "The partial resynchronisation can only go on with \
             0a1b2c3d4e5f60718293a4b5c6d7e8f901234567; what came is +CONTINUE nobody",
        ),
        (
            online(&[ask("REPLCONF ACK 101")]),
            "The stream had been sent up to byte 100, but the replica acknowledges 101",
        ),
        (
            online(&[(1, command("PING")), ask("REPLCONF ACK 114"), ask("REPLCONF ACK 113")]),
            "The replica had acknowledged 114 already, and now acknowledges 113",
        ),
        (
            online(&[ask("GET key")]),
            "Once the stream flows a replica says nothing but REPLCONF ACK; what came is GET key",
        ),
        (
            online(&[(1, b"+what\r\n".to_vec())]),
            "A command of the stream should have come; what came is +what",
        ),
        (
            vec![ask("PSYNC ? -1"), reply(&full), transfer(len + 14, &longer)],
            "The RDB was announced with 39 bytes, but it ends after 25",
        ),
        (
            vec![ask("PSYNC ? -1"), reply(&full), transfer(len - 3, &rdb)],
            "The RDB was announced with 22 bytes, but after them it has not ended",
        ),
    ];
    for (said, expected) in cases {
        let found = departure(&said);
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{found}");
    }
}

#[test]
fn a_replica_that_comes_back_cannot_hold_what_it_was_not_sent() {
    let (rdb, full) = (rdb(), format!("+FULLRESYNC {ID} 100\r\n"));
    let hello = [command("PING"), command("REPLCONF listening-port 6381")];
    let (fresh, transfer) = (command("PSYNC ? -1"), transfer(rdb.len(), &rdb).1);
    let all: Vec<(usize, &[u8])> = vec![
        (0, &hello[0]),
        (1, b"+PONG\r\n"),
        (0, &hello[1]),
        (1, b"+OK\r\n"),
        (0, &fresh),
        (1, full.as_bytes()),
        (1, &transfer),
    ];
    let again = command(&format!("PSYNC {ID} 102"));
    let strange = format!("+CONTINUE {OTHER}\r\n");
    let mut then = all[..4].to_vec();
    then.extend([(0, again.as_slice()), (1, strange.as_bytes())]);
    let mut segs = said(50_000, &all);
    segs.extend(said(50_001, &then));
    let capture = read(&file(&segs, PLAIN)).expect("a capture");
    let (step, breach) = &capture.recording.breaches()[0];
    assert_eq!(
        breach.english(),
        "The replica has been sent the stream up to the byte before 101, but asks for byte 102"
    );
    assert_eq!((breach.byte, breach.packet), (63, Some(16)));
    assert_eq!(*step, 17);
}

#[test]
fn a_file_that_breaks_off_anywhere_is_read_up_to_there() {
    let (rdb, full) = (rdb(), format!("+FULLRESYNC {ID} 100\r\n"));
    let (ping, port) = (command("PING"), command("REPLCONF listening-port 6381"));
    let (psync, transfer) = (command("PSYNC ? -1"), transfer(rdb.len(), &rdb).1);
    let all: Vec<(usize, &[u8])> = vec![
        (0, &ping),
        (1, b"+PONG\r\n"),
        (0, &port),
        (1, b"+OK\r\n"),
        (0, &psync),
        (1, full.as_bytes()),
        (1, &transfer),
    ];
    for ng in [false, true] {
        let whole = file(&said(50_000, &all), made::Form { ng, ..PLAIN });
        let steps = read(&whole).expect("a capture").recording.len();
        let mut known = 0;
        for end in 0..whole.len() {
            match read(&whole[..end]) {
                Ok(capture) => {
                    let len = capture.recording.len();
                    assert!(len >= known && len <= steps, "{end}: {len} after {known}");
                    known = len;
                }
                Err(CaptureError::NoCapture) => assert!(end < 24, "{end}"),
                Err(error) => assert_eq!(known, 0, "{end}: {error}"),
            }
        }
    }
}

#[test]
fn what_holds_no_redis_says_so() {
    assert_eq!(read(b"GIF89a").err(), Some(CaptureError::NoCapture));
    assert_eq!(read(b"").err(), Some(CaptureError::NoCapture));
    let http = said(50_000, &[(0, b"GET / HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")]);
    let tls = said(50_001, &[(0, b"\x16\x03\x01\x02\x00"), (1, b"\x16\x03\x03\x00\x7a")]);
    let error = read(&file(&[http, tls].concat(), PLAIN)).err();
    let counts = CaptureError::NoRedis { packets: 8, connections: 2, encrypted: 1 };
    assert_eq!(error, Some(counts));
    let wifi = file(&said(50_000, &[(0, b"PING\r\n")]), made::Form { link: 105, ..PLAIN });
    assert_eq!(read(&wifi).err(), Some(CaptureError::LinkType(105)));
}

#[cfg(not(target_arch = "wasm32"))]
mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Nothing that is in a file brings the reader to a panic.
        #[test]
        fn any_bytes_are_read_to_their_end(
            ng in any::<bool>(),
            changes in prop::collection::vec((0..100_000_usize, any::<u8>()), 0..40),
            noise in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let ping = command("PING");
            let port = command("REPLCONF listening-port 6381");
            let noise: Vec<(usize, &[u8])> =
                vec![(0, &ping), (1, b"+PONG\r\n"), (0, &port), (1, &noise), (0, &noise)];
            let mut bytes = file(&said(50_000, &noise), made::Form { ng, ..PLAIN });
            let len = bytes.len();
            changes.iter().for_each(|(at, byte)| bytes[at % len] = *byte);
            if let Ok(mut capture) = read(&bytes) {
                story(&capture);
                while capture.recording.forward(crate::Grain::Event) {
                    capture.recording.nodes();
                }
            }
        }
    }
}
