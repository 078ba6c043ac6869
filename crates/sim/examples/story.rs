//! Prints a scenario as a story: `cargo run -p lockstep-sim --example story [first_light]`.
#![allow(clippy::print_stdout, reason = "printing is all it does")]

use lockstep_sim::{Timeline, narrate, scenarios};

fn main() {
    let name = std::env::args().nth(1);
    let timeline: Timeline = match name.as_deref() {
        Some("first_light") => scenarios::first_light(),
        _ => {
            let mut t = scenarios::handshake();
            scenarios::until_online(&mut t);
            t
        }
    };
    for step in timeline.steps() {
        let at = step.at.0 as f64 / 1e6;
        println!("{:4} {at:9.4} {}", step.index, narrate::narrate(step));
        for detail in narrate::details(step).iter().skip(1) {
            println!("                 - {detail}");
        }
        for message in &step.sent {
            println!("                 > {:?} {}", message.kind, message.label(70));
        }
    }
    println!("{} steps", timeline.len());
}
