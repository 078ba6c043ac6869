//! What people bring: files that are looked at in the page and never leave it.
//!
//! ```text
//! drop   how a file comes, what it is, how it is read
//! rdb    an RDB file, from its header to the value of any key
//! world  a world that begins with a file
//! ```

pub(crate) mod drop;
mod rdb;
mod world;

use yew::prelude::*;

use crate::app::{App, Msg};
use crate::i18n::{Key, Lang};
use crate::recording::{Reading, RecordingMsg, Told};
use crate::share::Notice;
use crate::view::el::{self, El};
use crate::view::icons::{Icon, icon};
use drop::{File, MAGIC_BYTES, Magic};
pub(crate) use world::Loaded;

/// What of the page's state belongs to files that were brought.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// The RDB file that is shown.
    pub(crate) rdb: Option<File>,
    /// The file that the world began with.
    pub(crate) world: Option<Loaded>,
    /// What the recording is that is shown, if it came from a file.
    pub(crate) told: Option<Told>,
    /// A capture or a trace on its way in, and how many there were.
    pub(crate) reading: Option<Reading>,
    pub(crate) readings: u32,
}

/// What happens to files.
#[derive(Debug)]
pub(crate) enum OwnMsg {
    /// Somebody has brought one.
    Brought(File),
    /// Its first bytes.
    Begins(File, Option<Vec<u8>>),
    /// A file becomes the dataset of a world.
    Load(Loaded),
    /// About a capture or a trace.
    Recording(RecordingMsg),
    /// Back to the playground.
    Close,
}

/// Listens for files from now on.
pub(crate) fn listen(ctx: &Context<App>) {
    drop::on_file(ctx.link().callback(|file| Msg::Own(OwnMsg::Brought(file))));
}

/// The button that lets people choose a file.
pub(crate) fn button(lang: Lang, id: &str, class: &str) -> Html {
    let text = el::el("span", "wide").text(lang.t(Key::OwnOpen)).done();
    file_button(lang.t(Key::OwnOpen), id, class, vec![icon(Icon::File), text])
        .attr("title", lang.t(Key::OwnOpenNote).to_owned())
        .done()
}

/// A button that lets people choose a file of some kind; what it looks like.
pub(crate) fn file_button(name: &str, id: &str, class: &str, look: Vec<Html>) -> El {
    let input = el::el("input", "sr")
        .attr("type", "file".to_owned())
        .attr("aria-label", name.to_owned())
        .id(id)
        .done();
    el::el("label", &format!("button {class}")).children(look).child(input)
}

impl App {
    /// Something happens to a file. Returns whether the page looks different.
    pub(crate) fn own(&mut self, ctx: &Context<Self>, msg: OwnMsg) -> bool {
        match msg {
            OwnMsg::Brought(file) => {
                let brought = file.clone();
                let then = ctx
                    .link()
                    .callback(move |bytes| Msg::Own(OwnMsg::Begins(brought.clone(), bytes)));
                file.read(0, MAGIC_BYTES, then);
                return false;
            }
            OwnMsg::Begins(file, None) => self.cannot_open(Key::OwnUnreadable, &file),
            OwnMsg::Begins(file, Some(start)) => {
                self.stop();
                self.own.reading = None;
                match Magic::of(&start) {
                    Some(Magic::Progress) => crate::lesson::import(ctx, &file),
                    Some(Magic::Rdb) => self.own.rdb = Some(file),
                    Some(magic) => self.open_recording(ctx, file, magic),
                    None => self.cannot_open(Key::OwnUnknown, &file),
                }
            }
            OwnMsg::Load(loaded) => self.load_world(loaded),
            OwnMsg::Recording(what) => return self.of_recording(ctx, what),
            OwnMsg::Close => self.own.rdb = None,
        }
        true
    }

    /// The view of a file that was brought, if there is one.
    pub(crate) fn own_view(&self, ctx: &Context<Self>) -> Option<Html> {
        let file = self.own.rdb.clone()?;
        let close = ctx.link().callback(|()| Msg::Own(OwnMsg::Close));
        let load = ctx.link().callback(|loaded| Msg::Own(OwnMsg::Load(loaded)));
        Some(html! { <rdb::Rdb lang={self.lang} {file} {close} {load} /> })
    }

    /// Says why a file is not shown.
    pub(crate) fn cannot_open(&mut self, why: Key, file: &File) {
        let text = self.lang.fill(why, &[&file.name]);
        self.notice = Some(Notice { text, bad: true });
    }
}
