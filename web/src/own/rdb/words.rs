//! Words about files.

use lockstep_core::rdb::scan;

use crate::i18n::{Key, Lang, grouped};

/// The types there are, as `TYPE` answers.
pub(super) const KINDS: [&str; 7] = ["string", "list", "set", "zset", "hash", "stream", "module"];

/// A type of the file, in words: what `TYPE` answers and how it is laid out.
pub(super) fn layout(type_byte: u8) -> String {
    format!("{} ({type_byte})", scan::layout_name(type_byte))
}

/// How much a value holds: elements, or bytes of a string.
pub(super) fn extent(lang: Lang, type_byte: u8, elements: u64) -> String {
    match scan::type_name(type_byte) {
        "string" => lang.bytes(elements),
        "module" => "–".to_owned(),
        _ => grouped(elements),
    }
}

/// What a field of information means.
pub(super) fn aux_note(name: &[u8]) -> Option<Key> {
    Some(match name {
        b"redis-ver" | b"valkey-ver" => Key::DissectAuxVer,
        b"redis-bits" => Key::DissectAuxBits,
        b"ctime" => Key::DissectAuxCtime,
        b"used-mem" => Key::DissectAuxMem,
        b"aof-base" | b"aof-preamble" => Key::DissectAuxAof,
        b"repl-stream-db" => Key::DissectAuxStreamDb,
        b"repl-id" => Key::DissectAuxReplId,
        b"repl-offset" => Key::DissectAuxReplOffset,
        _ => return None,
    })
}

/// A moment as `2026-01-01 08:00:00 UTC`, from milliseconds since the Unix epoch.
pub(super) fn date(unix_ms: u64) -> String {
    let seconds = unix_ms / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years of 400-year cycles, counted from March of the year 0.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn moments_are_read_by_people() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_671_963_072_573, "2022-12-25 10:11:12 UTC"),
            (1_767_254_400_000, "2026-01-01 08:00:00 UTC"),
            (4_107_542_399_000, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(date(ms), text);
        }
    }
}
