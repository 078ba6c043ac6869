//! The hash of a trace: equal if, and only if (but for chance), two runs were the same, step by
//! step, byte by byte, on whatever machine.

use crate::step::Step;
use crate::trace::write_step;

/// The hash of the steps it was shown, in their order: FNV-1a with 64 bits over the lines that
/// [`write_step`] writes for them. Those hold the time and the cause of every step, every message
/// with all its bytes, and every event inside nodes with all it says; `lockstep sim run --trace
/// lines` prints them.
#[derive(Debug, Clone)]
pub struct TraceHash {
    hash: u64,
    lines: String,
}

impl Default for TraceHash {
    fn default() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: String::new() }
    }
}

impl TraceHash {
    /// Adds a step.
    pub fn step(&mut self, step: &Step) {
        self.lines.clear();
        write_step(&mut self.lines, step);
        for byte in self.lines.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The hash of what was added so far.
    pub fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;

    #[test]
    fn the_hash_is_that_of_the_lines() {
        let mut timeline = scenarios::handshake();
        scenarios::pass(&mut timeline, 400);
        let (mut hash, mut lines) = (TraceHash::default(), String::new());
        for step in timeline.steps() {
            hash.step(step);
            write_step(&mut lines, step);
        }
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        assert!(lines.len() > 1_000);
        assert_eq!(hash.finish(), lines.bytes().fold(0xcbf2_9ce4_8422_2325, fnv));
        assert_ne!(hash.finish(), TraceHash::default().finish());
    }
}
