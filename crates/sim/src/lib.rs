//! The deterministic world around Lockstep nodes: links, clock, timeline.
