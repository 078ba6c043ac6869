//! The conversation up to the cursor: as a file, and its hash.

use lockstep_sim::export::{Export, FILE_BYTES_MAX, Form, Words};
use lockstep_sim::hash::TraceHash;
use lockstep_sim::{Peer, Step};

use super::Notice;
use crate::app::App;
use crate::i18n::{Key, Lang, grouped};
use crate::platform;
use crate::sentence::{self, Names};

/// So many steps are hashed without being asked for: about a second.
const HASHED_MAX: u64 = 100_000;

/// Files say what the page says.
struct Page<'a> {
    lang: Lang,
    names: &'a Names,
}

impl Words for Page<'_> {
    fn sentence(&self, step: &Step) -> String {
        sentence::sentence(self.lang, self.names, step)
    }

    fn peer(&self, peer: Peer) -> String {
        self.names.peer(peer)
    }
}

impl App {
    /// The hash of the trace up to the cursor, as `lockstep sim run` prints it.
    pub(super) fn trace_hash(&self) -> Option<u64> {
        let mut hash = TraceHash::default();
        let short = self.timeline.cursor() <= HASHED_MAX;
        short.then(|| {
            self.timeline.retell(&mut |_, step| hash.step(step));
            hash.finish()
        })
    }

    /// Gives the conversation to the reader as a file.
    pub(super) fn export(&mut self, form: Form) {
        let words = Page { lang: self.lang, names: &self.scene.names };
        let cursor = self.timeline.cursor();
        let about = self.lang.fill(Key::ShareAbout, &[&grouped(cursor)]);
        let address = self.sharing.panel.as_ref().map_or("", |panel| &panel.address);
        let mut file = Export::new(form, self.timeline.start(), &words, &[&about, address]);
        self.timeline.retell(&mut |world, step| file.step(world, step, &words));
        match file.finish() {
            Ok(bytes) => {
                platform::give(&format!("lockstep-{cursor}.{}", form.extension()), &bytes);
            }
            Err(_) => {
                let limit = (FILE_BYTES_MAX >> 20).to_string();
                let text = self.lang.fill(Key::ShareTooLong, &[&limit]);
                self.notice = Some(Notice { text, bad: true });
            }
        }
    }
}
