//! Sharing: the very moment in the address of the page, in other pages, and as a file.
//!
//! ```text
//! files   the conversation as text, JSON, packets; its hash
//! ```

mod files;

use lockstep_sim::Permalink;
use lockstep_sim::Timeline;
use lockstep_sim::export::Form;
use lockstep_sim::permalink::{FRAGMENT, LinkError, Start, TEXT_MAX, VERSION};
use lockstep_sim::scenario::Scenario;
use yew::Context;

use crate::app::{App, Msg};
use crate::i18n::{Key, Lang};
use crate::platform;

/// The moment that an address names, if it names one.
fn named(
    hash: &str,
    library: impl FnOnce(&str) -> Option<String>,
) -> Option<Result<Permalink, LinkError>> {
    hash.starts_with(FRAGMENT).then(|| Permalink::decode_in(hash, library))
}

/// Where the text of a scenario of the library is, if its name can be one.
fn path(name: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    name.bytes().all(fits).then(|| format!("./scenarios/{name}.scenario"))
}

/// What makes no sense in a link, as the simulator says it, and in Chinese.
const SENSELESS: &[(&str, &str)] = &[
    ("its body cannot be unpacked", "正文无法解压"),
    ("its interventions are not in order", "操作的先后次序不对"),
    ("it ends too early", "内容提前结束"),
    ("it begins neither with a scenario nor a world", "开头既不是场景，也不是环境"),
    ("it stands at a step that nobody reaches", "所在的步骤无法到达"),
    ("something is done at a time that nobody reaches", "有操作发生在无法到达的时刻"),
    ("something follows its end", "结尾之后还有内容"),
];

/// Why a link cannot be opened, in the language of the page.
fn words(lang: Lang, error: &LinkError) -> String {
    match error {
        LinkError::TooLong(len) => {
            lang.fill(Key::LinkTooLong, &[&len.to_string(), &TEXT_MAX.to_string()])
        }
        LinkError::TooShort => lang.fill(Key::LinkTooShort, &[FRAGMENT]),
        LinkError::Character(place, c) => {
            let shown = c.escape_debug().to_string();
            lang.fill(Key::LinkCharacter, &[&place.to_string(), &shown])
        }
        LinkError::Version(version) => {
            lang.fill(Key::LinkVersion, &[&version.to_string(), &VERSION.to_string()])
        }
        LinkError::Damaged => lang.t(Key::LinkDamaged).to_owned(),
        LinkError::Senseless(what) => {
            let chinese = SENSELESS.iter().find(|(en, _)| lang == Lang::Zh && en == what);
            lang.fill(Key::LinkSenseless, &[chinese.map_or(*what, |(_, zh)| zh)])
        }
        LinkError::UnknownScenario(name) => lang.fill(Key::LinkUnknownScenario, &[name]),
        LinkError::OtherScenario(name) => lang.fill(Key::LinkOtherScenario, &[name]),
        LinkError::Scenario(error) => {
            let (line, column) = (error.line.to_string(), error.column.to_string());
            let place = [&*line, &*column, &*error.expected, &*error.found];
            lang.fill(Key::LinkScenario, &[&lang.fill(Key::LinkPlace, &place)])
        }
    }
}

/// What of the page's state belongs to sharing.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// What is shown about the moment, while that is open.
    pub(crate) panel: Option<Panel>,
    /// What the scenario that the address names is called, in both languages.
    pub(crate) title: Option<[String; 2]>,
    /// The scenario of the library that was asked for last: its name, and its text if there is one.
    library: Option<(String, Option<String>)>,
    /// A scenario of the library is on its way.
    pub(crate) awaits: bool,
}

impl Sharing {
    fn text(&self, name: &str) -> Option<String> {
        let (known, text) = self.library.as_ref()?;
        text.clone().filter(|_| known == name)
    }
}

/// What is to be known about a moment that is shared.
#[derive(Debug)]
pub(crate) struct Panel {
    /// The whole address.
    pub(crate) address: String,
    /// What another page says to show it.
    pub(crate) embed: String,
    /// The hash of the trace up to here; `None`: that would take long.
    pub(crate) hash: Option<u64>,
}

/// What can be done to share.
#[derive(Debug)]
pub(crate) enum ShareMsg {
    /// Puts a link to this moment into the address, and shows what there is to share.
    Open,
    Close,
    CopyLink,
    CopyEmbed,
    /// Gives the conversation to the reader as a file.
    Export(Form),
    /// The text of a scenario of the library has arrived, or cannot be had.
    Arrived(String, Option<String>),
}

/// What another page says to show a moment.
fn embed_code(base: &str, lang: Lang, link: &str) -> String {
    let (tag, title) = (lang.tag(), lang.t(Key::Title));
    format!(
        "<iframe src=\"{base}?embed=1&amp;lang={tag}{link}\" title=\"{title}\" width=\"100%\" \
         height=\"480\" style=\"border: 1px solid #ccc; border-radius: 8px\" \
         loading=\"lazy\"></iframe>"
    )
}

/// Something to tell beside the sentence of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) bad: bool,
}

impl App {
    /// What names the moment at the cursor, and what lies ahead of it.
    fn permalink(&self) -> Permalink {
        let start = Scenario { script: Vec::new(), ..self.start.clone() };
        Permalink {
            start: Start::Inline(Box::new(start)),
            script: self.timeline.script().to_vec(),
            cursor: self.timeline.cursor(),
            branch: self.timeline.name().map(str::to_owned),
        }
    }

    /// The link to the moment, without the page's address.
    fn fragment(&self) -> String {
        format!("{FRAGMENT}{}", self.permalink().encode())
    }

    /// The address that shows this moment in the whole page.
    pub(crate) fn full_address(&self) -> String {
        format!("{}?lang={}{}", platform::base(), self.lang.tag(), self.fragment())
    }

    pub(crate) fn sharing(&mut self, ctx: &Context<Self>, msg: ShareMsg) {
        match (msg, &self.sharing.panel) {
            (ShareMsg::Open, None) => self.share(),
            (ShareMsg::Open | ShareMsg::Close, _) => {
                self.sharing.panel = None;
                platform::focus("share");
            }
            (ShareMsg::CopyLink, Some(panel)) => {
                platform::copy(&panel.address);
                self.tell(self.t(Key::ShareCopied).to_owned(), false);
            }
            (ShareMsg::CopyEmbed, Some(panel)) => {
                platform::copy(&panel.embed);
                self.tell(self.t(Key::ShareCopied).to_owned(), false);
            }
            (ShareMsg::Export(form), _) => self.export(form),
            (ShareMsg::Arrived(name, text), _) => {
                self.sharing.library = Some((name, text));
                self.sharing.awaits = false;
                self.open_place(ctx);
            }
            (ShareMsg::CopyLink | ShareMsg::CopyEmbed, None) => {}
        }
    }

    /// The moment that the address names, if it names one and the page shows it: its history, if
    /// that began as this scenario does.
    pub(crate) fn shared_moment(&self, start: &Scenario) -> Option<Option<Timeline>> {
        let link = named(&platform::hash(), |_| None)?.ok()?;
        let begins = link.start.scenario().header_text() == start.header_text();
        Some(link.open().ok().filter(|_| begins))
    }

    /// Puts the moment into the address, and the address where it can be pasted from.
    fn share(&mut self) {
        self.stop();
        if self.is_recorded() || self.own.world.is_some() {
            // The file does not fit into an address, and is nobody else's business.
            let key = if self.is_recorded() { Key::RecNoShare } else { Key::OwnNoLink };
            return self.tell(self.t(key).to_owned(), true);
        }
        let fragment = self.fragment();
        let address = platform::set_hash(&fragment);
        platform::copy(&address);
        let embed = embed_code(&platform::base(), self.lang, &fragment);
        self.refocus = Some("share-close".to_owned());
        self.sharing.panel = Some(Panel { address, embed, hash: self.trace_hash() });
        self.tell(self.t(Key::ShareDone).to_owned(), false);
    }

    /// Opens what the address names: a moment, or a scenario of the library, which is files beside
    /// the page.
    pub(crate) fn open_place(&mut self, ctx: &Context<Self>) {
        let Some((name, path)) = self.wanted() else { return self.open_known() };
        let arrived = move |text| Msg::Share(ShareMsg::Arrived(String::clone(&name), text));
        self.sharing.awaits = true;
        platform::fetch(&path, ctx.link().callback(arrived));
    }

    /// The scenario that the address needs and nobody has asked for: its name, and where it is.
    fn wanted(&self) -> Option<(String, String)> {
        let name = match self.named() {
            Some(Err(LinkError::UnknownScenario(name))) => name,
            Some(_) => return None,
            None => platform::query("scenario")?,
        };
        let asked = self.sharing.library.as_ref().is_some_and(|(known, _)| *known == name);
        let path = path(&name).filter(|_| !asked)?;
        Some((name, path))
    }

    /// The moment that the address names, if it names one.
    fn named(&self) -> Option<Result<Permalink, LinkError>> {
        named(&platform::hash(), |name| self.sharing.text(name))
    }

    /// Opens what the address names, with what has been fetched for it.
    pub(crate) fn open_known(&mut self) {
        match (self.named(), platform::query("scenario")) {
            (Some(link), _) => self.open_moment(link),
            (None, Some(name)) => self.open_scenario(&name),
            (None, None) => {}
        }
    }

    /// Opens a scenario: all of it is known, and one stands at its beginning, or at the step that
    /// the address says.
    fn open_scenario(&mut self, name: &str) {
        let scenario = match Start::named(name, self.sharing.text(name).as_deref()) {
            Ok(start) => start.scenario().clone(),
            Err(error) => return self.cannot_show(&error),
        };
        let mut timeline = scenario.play();
        let step = platform::query("step").and_then(|step| step.parse().ok());
        timeline.seek(step.unwrap_or(0).min(timeline.len()));
        self.sharing.title = Some([scenario.title.clone(), scenario.title_zh.clone()]);
        self.show(Scenario { script: Vec::new(), ..scenario }, timeline);
    }

    /// Shows a world that an address has named.
    fn show(&mut self, start: Scenario, timeline: Timeline) {
        self.stop();
        self.experiment = usize::MAX;
        self.shape = None;
        self.own.world = None;
        self.era = start.era;
        self.start = start;
        self.timeline.replace(timeline);
        self.begin();
        self.message = self.moment();
    }

    fn cannot_show(&mut self, error: &LinkError) {
        let text = self.lang.fill(Key::ShareBad, &[&words(self.lang, error)]);
        self.notice = Some(Notice { text, bad: true });
    }

    fn open_moment(&mut self, link: Result<Permalink, LinkError>) {
        match link.and_then(|link| Ok((link.open()?, link))) {
            Ok((mut timeline, link)) => {
                if let Some(name) = &link.branch {
                    timeline.set_name(name);
                }
                self.sharing.title = None;
                self.show(link.start.scenario().clone(), timeline);
            }
            Err(error) => self.cannot_show(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::config::Era;
    use lockstep_sim::scenarios;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::worlds::{Shape, scenario};

    fn again(start: Scenario, timeline: &Timeline) -> Timeline {
        let link = Permalink {
            start: Start::Inline(Box::new(start)),
            script: timeline.script().to_vec(),
            cursor: timeline.cursor(),
            branch: None,
        };
        let hash = format!("{FRAGMENT}{}", link.encode());
        let read = named(&hash, |_| None).expect("it is a link").expect("it is whole");
        assert_eq!(read, link);
        read.open().expect("it can be opened")
    }

    #[test]
    fn a_link_opens_the_very_moment() {
        let start = || scenario(Shape::Star, 2, Era::default());
        let here = scenarios::first_light();
        let there = again(start(), &here);
        assert_eq!(there.world().fingerprint(), here.world().fingerprint());
        assert_eq!(there.steps(), here.steps());
    }

    #[test]
    fn the_page_says_what_the_command_line_says() {
        let errors = [
            LinkError::TooLong(70_000),
            LinkError::TooShort,
            LinkError::Character(3, '\''),
            LinkError::Version(9),
            LinkError::Damaged,
            LinkError::Senseless("there is no node 9"),
            LinkError::UnknownScenario("x".to_owned()),
            LinkError::OtherScenario("y".to_owned()),
            LinkError::Scenario(Scenario::parse("nonsense").unwrap_err()),
        ];
        for error in errors {
            assert_eq!(words(Lang::En, &error), error.to_string());
            assert_ne!(words(Lang::Zh, &error), error.to_string());
        }
    }

    #[test]
    fn another_page_shows_the_moment_in_its_readers_language() {
        let code = embed_code("https://example.org/x/", Lang::Zh, "#run=AB");
        let src = "<iframe src=\"https://example.org/x/?embed=1&amp;lang=zh-CN#run=AB\" title=\"";
        assert!(code.starts_with(src) && code.ends_with("></iframe>"), "{code}");
    }

    #[test]
    fn what_makes_no_sense_is_said_in_chinese() {
        // Right in itself, and about a step that nobody reaches.
        let far = Permalink {
            start: Start::Inline(Box::new(scenario(Shape::Star, 2, Era::default()))),
            script: Vec::new(),
            cursor: u64::MAX,
            branch: None,
        };
        let error = Permalink::decode(&far.encode()).expect_err("nobody gets there");
        let said = words(Lang::Zh, &error);
        assert!(said.ends_with("所在的步骤无法到达"), "{said}");
    }

    #[test]
    fn what_is_no_link_is_left_alone() {
        assert_eq!(named("", |_| None), None);
        assert_eq!(named("#elsewhere", |_| None), None);
        assert!(matches!(named("#run=x", |_| None), Some(Err(_))));
    }
}
