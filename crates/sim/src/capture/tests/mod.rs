//! Captures, real and made up: the stories that they tell, and what they must never do.

#[cfg(not(target_arch = "wasm32"))]
mod lossy;
mod made;

mod story;
mod strange;

use super::*;
use crate::narrate::narrate;

/// The conversation in sentences, with its departures from the protocol.
fn story(capture: &Capture) -> String {
    let recording = &capture.recording;
    let mut text = String::new();
    for step in recording.steps() {
        let sentence = narrate(step).with_names(&|id| recording.node_name(id));
        // Long lines are broken where the sentence has its middle.
        let sentence = sentence.replace("full copy; it", "full copy;\n      it");
        text.push_str(&format!("{:.3} {sentence}\n", step.at.0 as f64 / 1e6));
        for (_, breach) in recording.breaches().iter().filter(|(at, _)| *at == step.index) {
            let (packet, byte) = (breach.packet.unwrap_or(0), breach.byte);
            text.push_str(&format!("  ! packet {packet}, byte {byte}: {}\n", breach.english()));
        }
    }
    text
}
