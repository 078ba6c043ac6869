//! Commands: the same ones are found whether the bytes arrive whole or one by one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::resp::request::encode;
use lockstep_core::resp::{Args, Limits, ProtocolError, RequestParser};

type Found = (Vec<Vec<Vec<u8>>>, Result<usize, ProtocolError>);

fn commands(input: &[u8], step: usize) -> Found {
    let (mut parser, mut start, mut found) = (RequestParser::new(), 0, Vec::new());
    let ends = (0..input.len()).step_by(step).chain([input.len()]);
    for end in ends {
        loop {
            let mut ranges = Vec::new();
            let buf = &input[start..end.max(start)];
            let parsed = match parser.parse(buf, &Limits::default(), &mut ranges) {
                Err(error) => return (found, Err(error)),
                Ok(None) => break,
                Ok(Some(parsed)) => parsed,
            };
            if parsed.args > 0 {
                let bytes = parser.command(buf, &parsed);
                let words: Vec<Vec<u8>> =
                    Args::new(bytes, &ranges).from(0).map(<[u8]>::to_vec).collect();
                let mut canonical = Vec::new();
                encode(&mut canonical, &words.iter().map(Vec::as_slice).collect::<Vec<_>>());
                assert_eq!(bytes, canonical);
                found.push(words);
            }
            start += parsed.consumed;
        }
    }
    (found, Ok(start))
}

fuzz_target!(|input: &[u8]| {
    // The longest line is judged by what has arrived, so pieces differ there by design.
    if input.len() < 60_000 {
        assert_eq!(commands(input, 1), commands(input, input.len().max(1)));
    }
});
