//! Replies: the same values are found whether the bytes arrive whole or one by one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::resp::decode::{Decoder, decode};

fuzz_target!(|input: &[u8]| {
    let whole = decode(input);
    let mut decoder = Decoder::default();
    for end in 0..=input.len() {
        match decoder.decode(&input[..end]) {
            Ok(None) => {}
            other => {
                // Compared as text: NaN is not equal to itself.
                assert_eq!(format!("{other:?}"), format!("{whole:?}"));
                return;
            }
        }
    }
    assert_eq!(whole, Ok(None));
});
