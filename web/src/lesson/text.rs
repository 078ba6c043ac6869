//! The texts of a lesson, with what is computed filled in.

use lockstep_sim::World;
use lockstep_sim::lesson::text::{Piece, pieces};
use lockstep_sim::scenario::{NONE, Names, Term};
use yew::prelude::*;

use super::Open;
use crate::app::App;
use crate::i18n::{Lang, grouped_signed};
use crate::view::el::el;

/// Numbers from here on are shown with their thousands apart: ports are not.
const GROUPED_FROM: i64 = 10_000;

impl Open {
    /// Sections of this name in a language.
    pub(super) fn sections(&self, lang: Lang, name: &str) -> impl Iterator<Item = &str> {
        let prefix = if lang == Lang::Zh { "zh " } else { "en " };
        let name = name.to_owned();
        let is = move |known: &str| known.strip_prefix(prefix) == Some(&name);
        self.sections.iter().filter(move |(known, _)| is(known)).map(|(_, text)| text.trim())
    }

    /// The first of them.
    pub(super) fn section(&self, lang: Lang, name: &str) -> &str {
        self.sections(lang, name).next().unwrap_or_default()
    }

    /// The text of the goal that is next, for being announced.
    pub(super) fn next_goal(&self, lang: Lang, reached: usize) -> String {
        let goal = self.lesson.goals().nth(reached);
        goal.map_or_else(String::new, |goal| {
            plain(self.section(lang, &format!("goal {}", goal.name)))
        })
    }
}

impl App {
    /// A text of a lesson as it is at the cursor.
    pub(super) fn prose(&self, open: &Open, class: &str, html: &str) -> Html {
        let cursor = self.timeline.cursor();
        let remembered = open.course.remembered(cursor);
        let html = filled(html, &open.lesson.names, self.timeline.world(), remembered);
        el("div", class).child(Html::from_html_unchecked(html.into())).done()
    }
}

/// HTML with its terms filled in from a world.
fn filled(html: &str, names: &Names, world: &World, remembered: &[(String, String)]) -> String {
    let mut out = String::with_capacity(html.len());
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Term(term) => {
                let term = Term::parse(&unescaped(term), names);
                let value = term.map_or_else(|_| NONE.to_owned(), |t| t.value(world, remembered));
                out.push_str("<b class=\"live\">");
                out.push_str(&escaped(&shown(&value)));
                out.push_str("</b>");
            }
        }
    }
    out
}

/// A value as the page shows it.
fn shown(value: &str) -> String {
    match value.parse::<i64>() {
        Ok(number) if number.abs() >= GROUPED_FROM => grouped_signed(number),
        _ if value == NONE => "…".to_owned(),
        _ => value.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescaped(html: &str) -> String {
    html.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The text of HTML without its tags and terms.
fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        rest = rest[start..].find('>').map_or("", |end| &rest[start + end + 1..]);
    }
    out.push_str(rest);
    unescaped(&out)
}

#[cfg(test)]
mod tests {
    use lockstep_sim::scenarios;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn terms_are_filled_in_and_nothing_gets_through_unescaped() {
        let mut names = Names::default();
        names.add("master");
        let timeline = scenarios::first_light();
        let remembered = [];
        let fill = |html: &str| filled(html, &names, timeline.world(), &remembered);
        let offset = timeline.world().nodes()[0].live.as_ref().map(|live| live.offset);
        let offset = offset.expect("it runs").to_string();
        assert_eq!(fill("a {{master.offset}} b"), format!("a <b class=\"live\">{offset}</b> b"));
        assert_eq!(
            fill("{{master(ECHO &quot;&lt;i&gt;&quot;)}}"),
            "<b class=\"live\">&lt;i&gt;</b>"
        );
        assert_eq!(fill("{{nobody.offset + }}"), "<b class=\"live\">…</b>");
    }

    #[test]
    fn numbers_are_grouped_and_ports_are_not() {
        assert_eq!(shown("6380"), "6380");
        assert_eq!(shown("16384"), "16\u{202f}384");
        assert_eq!(shown("none"), "…");
    }

    #[test]
    fn what_is_announced_has_no_tags() {
        assert_eq!(plain("<p>Step until <code>a &lt; b</code>.</p>"), "Step until a < b.");
    }
}
