//! Permalinks: the very moment, in the address of the page.

use lockstep_sim::Permalink;
use lockstep_sim::permalink::{FRAGMENT, LinkError, Start, TEXT_MAX, VERSION};
use lockstep_sim::scenario::Scenario;

use crate::app::App;
use crate::i18n::{Key, Lang};
use crate::platform;

/// The moment that an address names, if it names one.
pub(crate) fn named(hash: &str) -> Option<Result<Permalink, LinkError>> {
    hash.starts_with(FRAGMENT).then(|| Permalink::decode(hash))
}

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
        LinkError::Senseless(what) => lang.fill(Key::LinkSenseless, &[what]),
        LinkError::UnknownScenario(name) => lang.fill(Key::LinkUnknownScenario, &[name]),
        LinkError::OtherScenario(name) => lang.fill(Key::LinkOtherScenario, &[name]),
        LinkError::Scenario(error) => lang.fill(Key::LinkScenario, &[&error.to_string()]),
    }
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

    /// Puts the moment into the address, and the address where it can be pasted from.
    pub(crate) fn share(&mut self) {
        if self.is_recorded() || self.own.world.is_some() {
            // The file does not fit into an address, and is nobody else's business.
            let key = if self.is_recorded() { Key::RecNoShare } else { Key::OwnNoLink };
            let text = self.t(key).to_owned();
            self.notice = Some(Notice { text, bad: true });
            return;
        }
        let address = platform::set_hash(&format!("{FRAGMENT}{}", self.permalink().encode()));
        platform::copy(&address);
        let text = self.t(Key::ShareDone).to_owned();
        self.announced.clone_from(&text);
        self.notice = Some(Notice { text, bad: false });
    }

    /// Opens the moment that the address names, if it names one.
    pub(crate) fn open_address(&mut self) {
        let Some(link) = named(&platform::hash()) else { return };
        let opened = link.and_then(|link| {
            let (start, timeline) = (link.start.scenario()?, link.open()?);
            Ok((start, timeline, link))
        });
        match opened {
            Ok((start, mut timeline, link)) => {
                if let Some(name) = &link.branch {
                    timeline.set_name(name);
                }
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
            Err(error) => {
                let text = self.lang.fill(Key::ShareBad, &[&words(self.lang, &error)]);
                self.notice = Some(Notice { text, bad: true });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::config::Era;
    use lockstep_sim::{Timeline, scenarios};
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
        let read = named(&hash).expect("it is a link").expect("it is whole");
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
    fn what_is_no_link_is_left_alone() {
        assert_eq!(named(""), None);
        assert_eq!(named("#elsewhere"), None);
        assert!(matches!(named("#run=x"), Some(Err(_))));
    }
}
