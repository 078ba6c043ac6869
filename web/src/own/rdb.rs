//! An RDB file that somebody brought, from its header to the value of any key.
//!
//! The file is read in pieces ([`PIECE_BYTES`]), each in a turn of its own, so that the page stays
//! alive and the reading can be stopped; what is kept is the index. Searches go on in slices. The
//! bytes of a key are read once more when somebody wants to see them.

mod detail;
mod memory;
mod table;
mod top;
mod words;

use std::ops::Range;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use lockstep_sim::rdb::{Extract, Filter, Index, Order, Prefixes, Search, VALUE_PARTS, Value};
use yew::prelude::*;

use super::drop::File;
use super::world::Loaded;
use crate::i18n::{Key, Lang};
use crate::platform;
use crate::view::el::{El, el};

/// The file is read in pieces of this size.
const PIECE_BYTES: u64 = 1024 * 1024;
/// A value is read in pieces of this size.
const VALUE_PIECE_BYTES: u64 = 256 * 1024;
/// So many bytes of a record are shown as bytes.
const RECORD_BYTES_MAX: u64 = 64 * 1024;
/// Keys that are looked at in one turn.
const SLICE_KEYS: u32 = 50_000;
/// Keys on a page of the list.
const PAGE_KEYS: usize = 100;
/// Most elements of a value that are shown.
const PARTS_MAX: usize = 10_000;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lang: Lang,
    pub(crate) file: File,
    /// Back to the playground.
    pub(crate) close: Callback<()>,
    /// The file becomes the dataset of a world.
    pub(crate) load: Callback<Loaded>,
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Going,
    /// Somebody has stopped it.
    Stopped,
    /// The browser does not give out the file (any more).
    Refused,
    /// To the end, or to where the file is damaged.
    Over,
}

/// What of the file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A key of the list.
    Key(u32),
    /// All before the first key.
    Head,
    /// Where the file is damaged.
    Fault,
}

/// What is shown of a place.
struct Picked {
    place: Place,
    at: Range<u64>,
    /// What was read of the value, and how many elements are wanted.
    value: Value,
    parts: usize,
    /// Where the next piece begins.
    next: u64,
    /// The first bytes of the record, once they are here.
    bytes: Option<Rc<Vec<u8>>>,
    show_bytes: bool,
}

pub(crate) enum RdbMsg {
    /// A piece of the file. The number tells what is of an earlier file.
    Piece(u32, Option<Vec<u8>>),
    /// Goes on searching.
    Work,
    Stop,
    Text(String),
    Kind(String),
    Db(String),
    Expires(String),
    Order(String),
    Page(usize),
    Separator(String),
    /// Looks into the keys that begin with this.
    Within(Vec<u8>),
    Pick(Place),
    PickedPiece(u32, Option<Vec<u8>>),
    /// More of the value.
    More,
    ShowBytes(bool),
    Load,
    LoadPiece(u32, Option<Vec<u8>>),
}

/// The view of a file.
pub(crate) struct Rdb {
    number: u32,
    index: Index,
    reading: Reading,
    next: u64,
    magic: Vec<u8>,
    search: Search,
    order: Order,
    page: usize,
    /// The keys of the page.
    rows: Vec<u32>,
    separator: String,
    prefixes: Prefixes,
    timer: Option<Timeout>,
    picked: Option<Picked>,
    /// Counts what was picked: tells pieces of an earlier one.
    picks: u32,
    load: Option<Extract>,
    /// What gets the focus once it is drawn.
    focus: Option<&'static str>,
}

impl Component for Rdb {
    type Message = RdbMsg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let rdb = Self::new(0);
        rdb.read_on(ctx);
        rdb
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &Props) -> bool {
        if ctx.props().file != old.file {
            *self = Self::new(self.number + 1);
            self.read_on(ctx);
        }
        true
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        if let Some(id) = self.focus.take() {
            platform::focus(id);
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: RdbMsg) -> bool {
        match msg {
            RdbMsg::Piece(number, piece) if number == self.number => self.piece(ctx, piece),
            RdbMsg::PickedPiece(pick, piece) if pick == self.picks => {
                self.picked_piece(ctx, piece);
            }
            RdbMsg::LoadPiece(number, piece) if number == self.number => {
                self.load_piece(ctx, piece);
            }
            RdbMsg::Piece(..) | RdbMsg::PickedPiece(..) | RdbMsg::LoadPiece(..) => return false,
            RdbMsg::Work => self.work(ctx),
            RdbMsg::Stop => self.reading = Reading::Stopped,
            RdbMsg::Text(text) => self.filter(ctx, |filter| filter.text = text),
            RdbMsg::Kind(kind) => {
                let kind = words::KINDS.into_iter().find(|known| *known == kind);
                self.filter(ctx, |filter| filter.kind = kind);
            }
            RdbMsg::Db(db) => self.filter(ctx, |filter| filter.db = db.parse().ok()),
            RdbMsg::Expires(expires) => {
                self.filter(ctx, |filter| filter.expires = expires.parse().ok());
            }
            RdbMsg::Order(order) => {
                self.order = match order.as_str() {
                    "size" => Order::Size,
                    "name" => Order::Name,
                    _ => Order::File,
                };
                self.page = 0;
                self.turn_page();
            }
            RdbMsg::Page(page) => {
                self.page = page;
                self.turn_page();
            }
            RdbMsg::Separator(separator) => {
                self.separator = separator;
                self.group(ctx, Vec::new());
            }
            RdbMsg::Within(prefix) => self.group(ctx, prefix),
            RdbMsg::Pick(place) => self.pick(ctx, place, VALUE_PARTS),
            RdbMsg::More => {
                let now = self.picked.as_ref().map(|picked| (picked.place, picked.parts));
                if let Some((place, parts)) = now {
                    self.pick(ctx, place, (parts * 10).min(PARTS_MAX));
                }
            }
            RdbMsg::ShowBytes(show) => {
                if let Some(picked) = &mut self.picked {
                    picked.show_bytes = show;
                }
            }
            RdbMsg::Load => {
                self.load = Extract::new(&self.index).ok();
                self.load_on(ctx, 0);
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let kept = self.index.listed() > 0;
        el("main", "own")
            .id("own")
            .attr("data-reading", (self.reading == Reading::Going).to_string())
            .child(self.top(ctx))
            .child(
                el("div", "own-grid")
                    .child(
                        el("div", "own-left")
                            .child(self.about(ctx))
                            .child(self.by_type(ctx))
                            .child(self.by_prefix(ctx))
                            .done(),
                    )
                    .child(
                        el(
                            "div",
                            if self.picked.is_some() { "own-right picked" } else { "own-right" },
                        )
                        .children(if kept { vec![self.keys(ctx)] } else { Vec::new() })
                        .children(
                            self.picked.iter().map(|picked| self.detail(ctx, picked)).collect(),
                        )
                        .done(),
                    )
                    .done(),
            )
            .done()
    }
}

impl Rdb {
    fn new(number: u32) -> Self {
        Self {
            number,
            index: Index::default(),
            reading: Reading::Going,
            next: 0,
            magic: Vec::new(),
            search: Search::default(),
            order: Order::File,
            page: 0,
            rows: Vec::new(),
            separator: ":".to_owned(),
            prefixes: Prefixes::new(Vec::new(), ":"),
            timer: None,
            picked: None,
            picks: 0,
            load: None,
            focus: Some("own-title"),
        }
    }

    /// Asks for the next piece of the file.
    fn read_on(&self, ctx: &Context<Self>) {
        let number = self.number;
        let then = ctx.link().callback(move |piece| RdbMsg::Piece(number, piece));
        ctx.props().file.read(self.next, self.next + PIECE_BYTES, then);
    }

    fn piece(&mut self, ctx: &Context<Self>, piece: Option<Vec<u8>>) {
        if self.reading != Reading::Going {
            return;
        }
        let Some(piece) = piece else {
            self.reading = Reading::Refused;
            return;
        };
        let size = ctx.props().file.size;
        if self.next == 0 {
            self.magic = piece[..piece.len().min(9)].to_vec();
        }
        self.next += piece.len() as u64;
        let more = self.index.feed(&piece) && self.next < size && !piece.is_empty();
        if more {
            self.read_on(ctx);
        } else {
            self.index.finish(size);
            self.reading = Reading::Over;
        }
        let searched = self.search.advance(&self.index, SLICE_KEYS);
        let grouped = self.prefixes.advance(&self.index, SLICE_KEYS);
        // While keys come in, only the order of the file does not change what is on the page.
        if self.rows.len() < PAGE_KEYS || !more {
            self.turn_page();
        }
        if !more && (searched || grouped) {
            self.later(ctx);
        }
    }

    /// Goes on working in a turn of its own.
    fn later(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        self.timer = Some(Timeout::new(0, move || link.send_message(RdbMsg::Work)));
    }

    fn work(&mut self, ctx: &Context<Self>) {
        let searched = self.search.advance(&self.index, SLICE_KEYS);
        let grouped = self.prefixes.advance(&self.index, SLICE_KEYS);
        if searched || grouped {
            self.later(ctx);
        }
        if !searched || self.rows.len() < PAGE_KEYS {
            self.turn_page();
        }
    }

    fn filter(&mut self, ctx: &Context<Self>, change: impl FnOnce(&mut Filter)) {
        let mut filter = self.search.filter().clone();
        change(&mut filter);
        self.search = Search::new(filter);
        self.page = 0;
        self.rows.clear();
        self.later(ctx);
    }

    /// Groups the keys that begin with this, and lists them.
    fn group(&mut self, ctx: &Context<Self>, within: Vec<u8>) {
        self.prefixes = Prefixes::new(within.clone(), &self.separator);
        self.filter(ctx, |filter| filter.prefix = within);
    }

    fn turn_page(&mut self) {
        let first = self.page * PAGE_KEYS;
        self.rows = self.search.page(&self.index, self.order, first, PAGE_KEYS);
    }

    /// Shows a place of the file.
    fn pick(&mut self, ctx: &Context<Self>, place: Place, parts: usize) {
        let index = &self.index;
        let first = index.entry(0).map(|entry| entry.at.start);
        let at = match place {
            Place::Key(key) => index.entry(key).map(|entry| entry.at),
            Place::Head => Some(0..first.unwrap_or(index.received())),
            Place::Fault => index.fault().map(|fault| {
                // So much that the damage is in it, with some of what follows.
                let start =
                    fault.start.max(fault.error.offset.saturating_sub(RECORD_BYTES_MAX / 2));
                start..ctx.props().file.size.min(start + RECORD_BYTES_MAX)
            }),
        };
        let Some(at) = at else { return };
        let value = Value::new(&self.index, &at, parts);
        let again = self.picked.as_ref().is_some_and(|picked| picked.place == place);
        let show_bytes = self.picked.as_ref().is_some_and(|picked| picked.show_bytes);
        let bytes = self.picked.take().and_then(|picked| picked.bytes).filter(|_| again);
        let next = at.start;
        self.picks += 1;
        self.picked = Some(Picked { place, at, value, parts, next, bytes, show_bytes });
        self.read_picked(ctx);
        if !again {
            self.focus = Some("picked-title");
        }
    }

    fn read_picked(&self, ctx: &Context<Self>) {
        let (Some(picked), pick) = (&self.picked, self.picks) else { return };
        let then = ctx.link().callback(move |piece| RdbMsg::PickedPiece(pick, piece));
        let to = picked.at.end.min(picked.next + VALUE_PIECE_BYTES);
        ctx.props().file.read(picked.next, to, then);
    }

    fn picked_piece(&mut self, ctx: &Context<Self>, piece: Option<Vec<u8>>) {
        let Some(picked) = &mut self.picked else { return };
        let Some(piece) = piece else {
            self.reading = Reading::Refused;
            return;
        };
        picked.next += piece.len() as u64;
        picked.bytes.get_or_insert_with(|| {
            Rc::new(piece[..piece.len().min(RECORD_BYTES_MAX as usize)].to_vec())
        });
        let more = matches!(picked.place, Place::Key(_)) && picked.value.feed(&piece);
        if more && picked.next < picked.at.end && !piece.is_empty() {
            self.read_picked(ctx);
        }
    }

    fn load_on(&self, ctx: &Context<Self>, from: u64) {
        if self.load.is_none() {
            return;
        }
        let number = self.number;
        let then = ctx.link().callback(move |piece| RdbMsg::LoadPiece(number, piece));
        ctx.props().file.read(from, from + PIECE_BYTES, then);
    }

    fn load_piece(&mut self, ctx: &Context<Self>, piece: Option<Vec<u8>>) {
        let Some(load) = &mut self.load else { return };
        match piece {
            None => {
                self.load = None;
                self.reading = Reading::Refused;
            }
            Some(piece) if load.feed(&piece) && !piece.is_empty() => {
                let from = load.received();
                self.load_on(ctx, from);
            }
            Some(_) => {
                let Some(load) = self.load.take() else { return };
                let databases = self.index.databases().iter().map(|db| db.number + 1).max();
                ctx.props().load.emit(Loaded {
                    name: ctx.props().file.name.clone(),
                    file: load.finish().into(),
                    unix_ms: self.index.aux_number("ctime").map(|at| at.saturating_mul(1_000)),
                    databases: databases.unwrap_or(1),
                    preload: Vec::new(),
                });
            }
        }
    }

    /// The place of the key that is shown.
    fn picked_key(&self) -> Option<u32> {
        match self.picked.as_ref()?.place {
            Place::Key(key) => Some(key),
            _ => None,
        }
    }

    /// A button that sends a message.
    fn button(
        ctx: &Context<Self>,
        class: &str,
        id: &str,
        msg: impl Fn() -> RdbMsg + 'static,
    ) -> El {
        let onclick = ctx.link().callback(move |_: MouseEvent| msg());
        el("button", class).attr("type", "button".to_owned()).id(id).on_click(onclick)
    }
}

/// A section with a heading.
fn section(lang: Lang, class: &str, title: Key) -> El {
    let title = el("h2", "").text(lang.t(title)).done();
    el("section", class).child(title)
}

/// A number with a bar as long as its share.
fn bar(part: u64, whole: u64) -> Html {
    let share = part as f64 / whole.max(1) as f64 * 100.0;
    let width = lockstep_core::num::double::fixed(share, 2);
    let fill = el("i", "").style(format!("width:{width}%")).done();
    let text = lockstep_core::num::double::fixed(share, 1) + "\u{202f}%";
    el("td", "share")
        .child(el("span", "meter").attr("aria-hidden", "true".to_owned()).child(fill).done())
        .child(el("span", "num").text(&text).done())
        .done()
}
