//! Every byte has exactly one explanation: over all messages of the scenarios, over real RDB files,
//! whole, cut and damaged, and over bytes that nobody meant.

use lockstep_core::config::Era;
use lockstep_sim::{Grain, Timeline, scenarios};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::i18n::{Key, Lang};

pub(super) fn covers_every_byte_once(dissection: &Dissection, len: usize) {
    let mut at = 0;
    for leaf in &dissection.leaves {
        assert_eq!(leaf.start, at);
        assert!(leaf.end > leaf.start);
        at = leaf.end;
    }
    assert_eq!(at, len);
    let mut next = 0;
    for row in &dissection.rows {
        assert_eq!(row.leaves.start, next, "{row:?}");
        assert!(!row.leaves.is_empty(), "{row:?}");
        next = row.leaves.end;
    }
    assert_eq!(next, dissection.leaves.len());
}

/// Labels and values of all rows.
pub(super) fn labels(reading: Reading, bytes: &[u8]) -> Vec<String> {
    let whole = Dissection::of(reading, bytes);
    covers_every_byte_once(&whole, bytes.len());
    let line = |row: &Row| {
        row.label.to(Lang::En) + &row.value.as_ref().map(|v| format!(" = {v}")).unwrap_or_default()
    };
    whole.rows.iter().map(line).collect()
}

/// What is said where something was not understood.
const LOST: [Key; 6] = [
    Key::DissectOdd,
    Key::DissectCutOff,
    Key::DissectMore,
    Key::DissectDamaged,
    Key::DissectSurplus,
    Key::DissectChecksumWrong,
];

fn understood(dissection: &Dissection) -> bool {
    let lost = |say: &Say| LOST.contains(&say.key);
    !dissection.rows.iter().any(|row| lost(&row.label) || row.note.as_ref().is_some_and(lost))
}

const READINGS: [Reading; 4] =
    [Reading::Commands, Reading::Replies, Reading::Transfer, Reading::File];

/// A small generator of numbers.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize
    }
}

#[test]
fn any_bytes_are_covered() {
    let marks =
        b"*$+-:~%>#_,(!=|0123456789\r\nREDIS0011\xfa\xfe\xfb\xff\xfc\x00\x01\x0b\xc0\xc3\x80\x81";
    let mut noise = Noise(7);
    for round in 0..3_000 {
        let starts: [&[u8]; 3] = [b"$EOF:", b"REDIS0011", b""];
        let mut bytes = starts[round % 3].to_vec();
        for _ in 0..round % 97 {
            let pick = noise.next();
            bytes.push(if pick.is_multiple_of(4) {
                (pick >> 8) as u8
            } else {
                marks[pick % marks.len()]
            });
        }
        for reading in READINGS {
            covers_every_byte_once(&Dissection::of(reading, &bytes), bytes.len());
        }
    }
}

#[test]
fn a_part_covers_its_range() {
    let bytes = b"*3\r\n$3\r\nSET\r\n$4\r\nname\r\n$6\r\nchaoge\r\n*1\r\n$4\r\nPING\r\n";
    for start in 0..bytes.len() {
        for end in start..=bytes.len() {
            let part = Dissection::part(Reading::Commands, bytes, start..end);
            covers_every_byte_once(&part, end - start);
        }
    }
}

#[test]
fn a_byte_leads_to_its_leaf() {
    let bytes = b"*1\r\n$4\r\nPING\r\n";
    let whole = Dissection::of(Reading::Commands, bytes);
    for byte in 0..bytes.len() {
        let leaf = &whole.leaves[whole.leaf_at(byte).expect("covered")];
        assert!((leaf.start..leaf.end).contains(&byte));
    }
    assert_eq!(whole.leaf_at(bytes.len()), None);
}

#[test]
fn bytes_read_as_text_or_as_hex() {
    assert_eq!(readable(b"$4\r\n", 24), "$4\\r\\n");
    assert_eq!(readable(&[0xfa], 24), "fa");
    assert_eq!(readable("主从复制".as_bytes(), 2), "主从…");
    assert_eq!(readable(&[0; 20], 9), "00 00 00 …");
}

/// The worlds of the page's scenarios, a few hundred steps on.
fn histories() -> Vec<Timeline> {
    let mut all = vec![scenarios::first_light()];
    let experiments = 0..crate::guide::EXPERIMENTS.len();
    all.extend(experiments.map(|index| crate::guide::start(index, Era::default())));
    for timeline in &mut all {
        for _ in 0..300 {
            timeline.forward(Grain::Event);
        }
    }
    all
}

#[test]
fn every_message_of_every_scenario_is_understood() {
    let mut seen = 0;
    for timeline in histories() {
        for step in timeline.steps() {
            for message in step.sent.iter().filter(|message| !message.bytes.is_empty()) {
                let dissection = Context::of(timeline.steps(), message).dissect();
                covers_every_byte_once(&dissection, message.bytes.len());
                assert!(understood(&dissection) || !message.complete, "{dissection:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen} messages");
}

/// Over files: a browser has none.
#[cfg(not(target_arch = "wasm32"))]
mod files {
    use std::path::PathBuf;

    use super::*;

    fn read(path: PathBuf) -> Vec<u8> {
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The real files, written by many versions of Redis.
    fn files() -> Vec<(String, Vec<u8>)> {
        let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
        let mut found = Vec::new();
        for folder in ["rdb", "made"] {
            let list = std::fs::read_dir(data.join(folder)).expect("the folder is there");
            for entry in list.filter_map(Result::ok) {
                let path = entry.path();
                if path.extension().is_some_and(|ext| ext == "rdb") {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    found.push((name, read(path)));
                }
            }
        }
        found.sort();
        assert!(found.len() > 25);
        found
    }

    #[test]
    fn real_files_are_understood_to_their_last_byte() {
        for (name, mut bytes) in files() {
            if name == "redis_40_with_module.rdb" {
                // It was taken from a diskless transfer, with the mark of its end.
                bytes.truncate(bytes.len() - 40);
            }
            let whole = Dissection::of(Reading::File, &bytes);
            covers_every_byte_once(&whole, bytes.len());
            let lost: Vec<_> =
                whole.rows.iter().filter(|row| LOST.contains(&row.label.key)).collect();
            assert!(understood(&whole), "{name}: {lost:?}");
        }
    }

    #[test]
    fn cut_and_damaged_files_are_covered() {
        let mut noise = Noise(3);
        for (_, bytes) in files() {
            let step = bytes.len() / 200 + 1;
            for len in (0..bytes.len()).step_by(step) {
                covers_every_byte_once(&Dissection::of(Reading::File, &bytes[..len]), len);
            }
            for _ in 0..60 {
                let mut damaged = bytes.clone();
                for _ in 0..1 + noise.next() % 3 {
                    let at = noise.next() % damaged.len();
                    damaged[at] = noise.next() as u8;
                }
                covers_every_byte_once(&Dissection::of(Reading::File, &damaged), damaged.len());
                let middle = damaged.len() / 3..damaged.len() / 2;
                let part = Dissection::part(Reading::File, &damaged, middle.clone());
                covers_every_byte_once(&part, middle.len());
            }
        }
    }

    #[test]
    fn damage_is_seen() {
        let (_, mut bytes) = files().swap_remove(2);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        assert!(!understood(&Dissection::of(Reading::File, &bytes)));
    }
}
