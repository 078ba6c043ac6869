//! The playground: a page on which people step through Redis replication.
//!
//! Everything the page shows comes from `lockstep-sim`: real nodes over simulated links. The page
//! holds no protocol of its own and invents no state.
//!
//! ```text
//! app        the state of the page, and what changes it
//! view       what it looks like: stage, space-time lane, inspector, consoles, transport bar
//! console    history and completion of the consoles
//! sentence   one sentence per step
//! dissect    what every byte of a message, or of an RDB file, means
//! provenance where a byte of the stream comes from
//! guide      experiments, and goals checked on the state of the world
//! eras       one fault in the time of each Redis
//! watch      checks on the way forward
//! worlds     worlds to play in
//! keys       the keyboard
//! lesson     the lessons, and what was done in them
//! inside     what nodes hold and say of themselves
//! share      permalinks
//! live       real nodes, while `lockstep play` tells what they do
//! i18n       all texts, in two languages
//! own        files that people bring: RDB, captures, traces
//! marks      what of a history deserves a mark over the slider
//! platform   the little the page asks of the browser
//! ```
//!
//! # For tests in a browser
//!
//! `<main>` carries `data-step` (cursor), `data-steps` (steps known), `data-time` (virtual
//! microseconds), `data-playing`, `data-whole` (all of the program is there, and the scenario that
//! the address names) and, from then on while paused, `data-fingerprint`: equal fingerprints are
//! equal states. Controls and cards have a `data-testid`; a node's card has `data-node`,
//! `data-port`, `data-role`, `data-state`, `data-offset`, `data-replid`.

mod app;
mod console;
mod dissect;
mod eras;
mod guide;
mod i18n;
mod inside;
mod keys;
mod lesson;
mod live;
mod marks;
mod own;
mod platform;
mod provenance;
mod recording;
mod sentence;
mod share;
mod stage;
mod view;
mod watch;
mod worlds;

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Shows the page in the element `#app` of the current document, in place of what is there.
pub fn start() {
    if let Some(root) = platform::root() {
        yew::Renderer::<app::App>::with_root(root).render();
    }
}
