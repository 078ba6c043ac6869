//! What a console's user has typed: history and completion, without the page.

use std::cell::RefCell;
use std::rc::Rc;

use lockstep_sim::console::assist;

/// Lines remembered at most.
const LINES_MAX: usize = 500;

/// What belongs to a node's console beside the world, whatever moment is shown.
pub(crate) type Desk = Rc<RefCell<Consoles>>;

/// The two consoles of a node.
#[derive(Debug, Default)]
pub(crate) struct Consoles {
    /// Whether the raw connection is shown.
    pub(crate) raw: bool,
    /// Lines typed into redis-cli, and into the raw connection.
    histories: [History; 2],
    /// Lines that were there when the screen was cleared.
    pub(crate) cleared: [usize; 2],
}

impl Consoles {
    /// The history of the console that is shown.
    pub(crate) fn history(&mut self) -> &mut History {
        &mut self.histories[usize::from(self.raw)]
    }
}

/// Lines that were typed, and where their user is among them.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: Vec<String>,
    /// The line that is shown; behind the last: a new one.
    at: usize,
    /// The new line, while an old one is shown.
    draft: String,
}

impl History {
    /// A line was sent.
    pub(crate) fn push(&mut self, line: &str) {
        if !line.is_empty() && self.lines.last().is_none_or(|last| last != line) {
            self.lines.push(line.to_owned());
            if self.lines.len() > LINES_MAX {
                self.lines.remove(0);
            }
        }
        self.at = self.lines.len();
        self.draft.clear();
    }

    /// The line before (`true`) or after the one that is shown.
    pub(crate) fn step(&mut self, back: bool, shown: &str) -> Option<String> {
        let at = if back { self.at.checked_sub(1)? } else { self.at + 1 };
        if at > self.lines.len() {
            return None;
        }
        if self.at == self.lines.len() {
            shown.clone_into(&mut self.draft);
        }
        self.at = at;
        Some(self.lines.get(at).unwrap_or(&self.draft).clone())
    }

    /// The youngest line older than the one that is shown that contains a text.
    pub(crate) fn search(&mut self, text: &str) -> Option<String> {
        let text = text.to_lowercase();
        let at = (0..self.at).rev().find(|&at| self.lines[at].to_lowercase().contains(&text))?;
        self.at = at;
        Some(self.lines[at].clone())
    }
}

/// The commands that Tab offers in turn, and the line it began with.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    offers: Vec<String>,
    at: usize,
    began: String,
}

impl Completion {
    /// The next offer for what is typed; after the last one, what it began with. `None`: there is
    /// nothing to offer.
    pub(crate) fn next(&mut self, line: &str) -> Option<String> {
        if self.offers.is_empty() {
            if line.trim().is_empty() {
                return None;
            }
            self.began = line.to_owned();
            self.offers = assist::completions(line.trim_start());
            // A command that is there already is no offer.
            self.offers.retain(|offer| offer != line);
            self.at = 0;
        } else {
            self.at = (self.at + 1) % (self.offers.len() + 1);
        }
        match self.offers.get(self.at) {
            Some(offer) => Some(offer.clone()),
            None if self.offers.is_empty() => None,
            None => Some(self.began.clone()),
        }
    }

    /// What it began with, if it is under way: Escape brings that back.
    pub(crate) fn cancel(&mut self) -> Option<String> {
        let under_way = !self.offers.is_empty();
        self.offers.clear();
        under_way.then(|| std::mem::take(&mut self.began))
    }

    /// Something else was typed.
    pub(crate) fn end(&mut self) {
        self.offers.clear();
    }
}

/// Whether redis-cli shows a line of a reply as an error: by itself, or as an element of arrays.
pub(crate) fn is_error(line: &str) -> bool {
    let mut rest = line.trim_start();
    loop {
        if rest.starts_with("(error) ") {
            return true;
        }
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let after = digits.strip_prefix([')', '~', '#']).filter(|_| digits.len() < rest.len());
        let Some(after) = after.and_then(|after| after.strip_prefix(' ')) else { return false };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_arrows_go_through_what_was_typed_and_back_to_the_draft() {
        let mut history = History::default();
        assert_eq!(history.step(true, "x"), None);
        for line in ["GET a", "GET b", "GET b"] {
            history.push(line);
        }
        assert_eq!(history.step(true, "dra").as_deref(), Some("GET b"));
        assert_eq!(history.step(true, "GET b").as_deref(), Some("GET a"));
        assert_eq!(history.step(true, "GET a"), None);
        assert_eq!(history.step(false, "GET a").as_deref(), Some("GET b"));
        assert_eq!(history.step(false, "GET b").as_deref(), Some("dra"));
        assert_eq!(history.step(false, "dra"), None);
    }

    #[test]
    fn a_search_goes_further_back_each_time() {
        let mut history = History::default();
        for line in ["SET name 1", "PING", "GET name", "INFO"] {
            history.push(line);
        }
        assert_eq!(history.search("NAME").as_deref(), Some("GET name"));
        assert_eq!(history.search("name").as_deref(), Some("SET name 1"));
        assert_eq!(history.search("name"), None);
    }

    #[test]
    fn tab_offers_one_command_after_the_other_and_then_what_was_typed() {
        let mut tab = Completion::default();
        assert_eq!(tab.next("config re").as_deref(), Some("CONFIG RESETSTAT"));
        assert_eq!(tab.next("CONFIG RESETSTAT").as_deref(), Some("CONFIG REWRITE"));
        assert_eq!(tab.next("CONFIG REWRITE").as_deref(), Some("config re"));
        assert_eq!(tab.next("config re").as_deref(), Some("CONFIG RESETSTAT"));
        assert_eq!(tab.cancel().as_deref(), Some("config re"));
        assert_eq!(tab.cancel(), None);
        assert_eq!(tab.next("nosuch"), None);
        assert_eq!(tab.next("  "), None, "the key keeps its usual meaning");
        assert_eq!(tab.next("GET"), Some("GETBIT".to_owned()));
    }

    #[test]
    fn errors_are_found_inside_arrays() {
        for line in ["(error) ERR no", "1) (error) ERR no", " 2) 10) (error) X", "1# (error) X"] {
            assert!(is_error(line), "{line}");
        }
        for line in ["\"(error) no\"", "1) \"(error) x\"", "OK", "1) 2", "", "1 (error) x"] {
            assert!(!is_error(line), "{line}");
        }
    }
}
