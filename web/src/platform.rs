//! The little the page asks of the browser: its language, its colours, a place to remember both.

use web_sys::{Element, HtmlElement, Storage, window};

use crate::i18n::Lang;

/// The element the page lives in.
pub(crate) fn root() -> Option<Element> {
    window()?.document()?.get_element_by_id("app")
}

fn html() -> Option<Element> {
    window()?.document()?.document_element()
}

fn storage() -> Option<Storage> {
    window()?.local_storage().ok().flatten()
}

/// Light or dark, as somebody chose it; without a choice the system's setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// The theme that is shown now.
    pub(crate) fn current() -> Self {
        let chosen = html().and_then(|html| html.get_attribute("data-theme"));
        match chosen.as_deref() {
            Some("dark") => Self::Dark,
            Some("light") => Self::Light,
            _ => Self::of_system(),
        }
    }

    fn of_system() -> Self {
        let query = window().and_then(|w| w.match_media("(prefers-color-scheme: dark)").ok());
        if query.flatten().is_some_and(|q| q.matches()) { Self::Dark } else { Self::Light }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }

    /// Shows the theme and remembers it.
    pub(crate) fn choose(self) {
        let name = if self == Self::Dark { "dark" } else { "light" };
        if let Some(html) = html() {
            let _ = html.set_attribute("data-theme", name);
        }
        remember("lockstep.theme", name);
    }
}

/// Keeps a text in the browser.
pub(crate) fn remember(key: &str, value: &str) {
    // A browser that refuses storage only forgets.
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// A text that was kept.
pub(crate) fn recall(key: &str) -> Option<String> {
    storage().and_then(|storage| storage.get_item(key).ok().flatten())
}

/// The language that the address asks for, the one chosen before, or the browser's.
pub(crate) fn language() -> Lang {
    let asked = html().and_then(|html| html.get_attribute("data-lang"));
    let chosen = asked.or_else(|| recall("lockstep.lang"));
    let tag = chosen.or_else(|| window()?.navigator().language());
    Lang::from_tag(&tag.unwrap_or_default())
}

/// Remembers the language.
pub(crate) fn choose_language(lang: Lang) {
    remember("lockstep.lang", lang.tag());
}

/// Tells the document which language it is in.
pub(crate) fn show_language(lang: Lang, title: &str) {
    if let Some(html) = html() {
        let _ = html.set_attribute("lang", lang.tag());
    }
    if let Some(document) = window().and_then(|w| w.document()) {
        document.set_title(title);
    }
}

/// Whether the page is shown inside another one, and bare (`?embed=1`).
pub(crate) fn is_embedded() -> bool {
    html().is_some_and(|html| html.has_attribute("data-embed"))
}

/// Whether nobody sees the page.
pub(crate) fn is_hidden() -> bool {
    window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}

/// Whether a key pressed here belongs to a control (a text field, the slider, a button).
pub(crate) fn wants_keys(target: &Element) -> Wants {
    match target.tag_name().as_str() {
        "INPUT" | "SELECT" | "TEXTAREA" => Wants::All,
        "BUTTON" | "A" | "SUMMARY" => Wants::Space,
        _ => Wants::None,
    }
}

/// Which keys a control wants for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    None,
    Space,
    All,
}

/// Whether the document's head says so by a `meta` of this name.
pub(crate) fn has_meta(name: &str) -> bool {
    let document = window().and_then(|w| w.document());
    let meta = document.map(|d| d.query_selector(&format!("meta[name=\"{name}\"]")));
    matches!(meta, Some(Ok(Some(_))))
}

/// What of the page's address follows `#`, with it; empty if there is nothing.
pub(crate) fn hash() -> String {
    window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// The page's address without query and fragment.
pub(crate) fn base() -> String {
    let href = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    href.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// Puts something behind the page's address, without a new page; returns the whole address.
pub(crate) fn set_hash(hash: &str) -> String {
    let Some(window) = window() else { return String::new() };
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(hash));
    }
    window.location().href().unwrap_or_default()
}

/// A field of the address's query (`?lesson=the-cut`).
pub(crate) fn query(name: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    let fields = search.trim_start_matches('?').split('&');
    let value = |field: &str| Some(field.strip_prefix(name)?.strip_prefix('=')?.to_owned());
    fields.filter_map(value).next()
}

/// Puts a query and what follows `#` into the page's address, without a new page.
pub(crate) fn set_query(query: &str, hash: &str) {
    let path = window().and_then(|window| window.location().pathname().ok()).unwrap_or_default();
    let sign = if query.is_empty() { "" } else { "?" };
    set_hash(&format!("{path}{sign}{query}{hash}"));
}

/// What stands in a field.
pub(crate) fn value_of(id: &str) -> String {
    use wasm_bindgen::JsCast;
    let element = window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id(id));
    let field = element.and_then(|e| e.dyn_into::<web_sys::HtmlInputElement>().ok());
    field.map(|field| field.value()).unwrap_or_default()
}

/// Gives a text to the reader as a file.
pub(crate) fn save_text(name: &str, text: &str) {
    lockstep_save_text(name, text);
}

/// Puts a text where it can be pasted from.
pub(crate) fn copy(text: &str) {
    lockstep_copy(text);
}

/// Gives the reader a file.
pub(crate) fn give(name: &str, bytes: &[u8]) {
    lockstep_give(name, bytes);
}

/// Listens to changes of the address while it lives.
pub(crate) struct Listener(#[allow(dead_code)] wasm_bindgen::closure::Closure<dyn FnMut()>);

/// Calls when what follows `#` in the address has changed, but not by [`set_hash`].
pub(crate) fn on_hash(callback: yew::Callback<()>) -> Listener {
    use wasm_bindgen::JsCast;
    let closure = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || callback.emit(()));
    if let Some(window) = window() {
        let function = closure.as_ref().unchecked_ref();
        let _ = window.add_event_listener_with_callback("hashchange", function);
    }
    Listener(closure)
}

/// Calls once all of the program is there (`web/later.js`), at once if it came in one piece.
pub(crate) fn when_whole(callback: yew::Callback<()>) {
    lockstep_when_whole(&wasm_bindgen::closure::Closure::once_into_js(move || callback.emit(())));
}

/// Fetches a text beside the page, and calls with it once the whole program has arrived, or with
/// nothing if it cannot be had.
pub(crate) fn fetch(path: &str, then: yew::Callback<Option<String>>) {
    let done =
        wasm_bindgen::closure::Closure::once_into_js(move |text: Option<String>| then.emit(text));
    lockstep_fetch(path, &done);
}

/// Gives the space-time diagram to the reader as a file (`web/diagram.js`).
pub(crate) fn save_diagram(kind: &str, step: u64) {
    let kind = kind.to_ascii_lowercase();
    lockstep_save(&kind, &format!("lockstep-{step}.{kind}"));
}

#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = lockstepFetch)]
    fn lockstep_fetch(path: &str, done: &wasm_bindgen::JsValue);

    #[wasm_bindgen(js_name = lockstepWhenWhole)]
    fn lockstep_when_whole(done: &wasm_bindgen::JsValue);

    #[wasm_bindgen(js_name = lockstepSave)]
    fn lockstep_save(kind: &str, name: &str);

    #[wasm_bindgen(js_name = lockstepSaveText)]
    fn lockstep_save_text(name: &str, text: &str);

    #[wasm_bindgen(js_name = lockstepCopy)]
    fn lockstep_copy(text: &str);

    #[wasm_bindgen(js_name = lockstepGive)]
    fn lockstep_give(name: &str, bytes: &[u8]);
}

/// Scrolls a part of the page so far that an element in it is seen.
pub(crate) fn reveal(part: &str, id: &str) {
    use wasm_bindgen::JsCast;
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let part = document.query_selector(part).ok().flatten();
    let element = document.get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if let (Some(part), Some(element)) = (part, element) {
        part.set_scroll_top(element.offset_top() - REVEAL_PX);
    }
}

/// Room above what is scrolled to.
const REVEAL_PX: i32 = 56;

/// Scrolls the page to an element.
pub(crate) fn scroll_to(id: &str) {
    let element = window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id(id));
    if let Some(element) = element {
        element.scroll_into_view();
    }
}

/// Moves the focus to the element of this id, or of this test id.
pub(crate) fn focus(id: &str) {
    let _ = focus_first(&format!("#{id}, [data-testid=\"{id}\"]"));
}

/// Moves the focus to the first element that a selector finds. Returns whether it is there.
pub(crate) fn focus_first(selector: &str) -> bool {
    use wasm_bindgen::JsCast;
    let document = window().and_then(|w| w.document());
    let element = document.and_then(|d| d.query_selector(selector).ok().flatten());
    let Some(element) = element.and_then(|e| e.dyn_into::<HtmlElement>().ok()) else {
        return false;
    };
    // What is not shown cannot have it.
    element.focus().is_ok() && focused().as_ref() == Some(&*element)
}

/// What has the focus, and where it is to go should that disappear.
pub(crate) struct Focus {
    element: Element,
    id: Option<String>,
    /// Selectors: what has the same test id, then what the parts around it name in `data-refocus`.
    fallbacks: Vec<String>,
}

impl Focus {
    /// What has the focus now, if anything has.
    pub(crate) fn now() -> Option<Self> {
        let element = focused()?;
        let id = test_id(&element);
        let same = id.as_ref().map(|id| format!("[data-testid=\"{id}\"]"));
        let mut fallbacks: Vec<String> = same.into_iter().collect();
        let mut around = element.closest("[data-refocus]").ok().flatten();
        while let Some(part) = around {
            fallbacks.extend(part.get_attribute("data-refocus"));
            let outer = part.parent_element();
            around = outer.and_then(|outer| outer.closest("[data-refocus]").ok().flatten());
        }
        Some(Self { element, id, fallbacks })
    }

    /// Gives the focus back if it was lost, or if its element became another control.
    pub(crate) fn mend(&self) {
        let lost = match focused() {
            None => true,
            Some(element) => element == self.element && test_id(&element) != self.id,
        };
        if lost {
            let _ = self.fallbacks.iter().any(|selector| focus_first(selector));
        }
    }
}

fn test_id(element: &Element) -> Option<String> {
    element.get_attribute("data-testid")
}

/// Whether the element of this test id has the focus.
pub(crate) fn is_focused(id: &str) -> bool {
    focused().and_then(|element| test_id(&element)).is_some_and(|focused| focused == id)
}

/// What has the focus, if anything has.
fn focused() -> Option<Element> {
    let document = window()?.document()?;
    document.active_element().filter(|element| element.tag_name() != "BODY")
}
