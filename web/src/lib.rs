//! The playground: a page on which people step through Redis replication.
//!
//! Everything the page shows comes from `lockstep-sim`: real nodes over simulated links. The page
//! holds no protocol of its own and invents no state.
//!
//! Pure parts (the texts of [`i18n`], the explanations of [`dissect`]) run and are tested natively
//! as well as in a browser.

mod dissect;
mod i18n;

/// Shows the page in the current document.
pub fn start() {}
