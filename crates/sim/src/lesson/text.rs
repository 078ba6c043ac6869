//! The texts of a lesson: Markdown with sections that the lesson's plan names.
//!
//! ```text
//! # The cut
//!
//! One sentence of what one will have understood.
//!
//! The story: {{master.offset}} is filled from the world at the cursor.
//!
//! ## goal cut
//!
//! What to do.
//!
//! > The first hint.
//!
//! > The second one: each block quote below a goal is a hint.
//!
//! ## question answer
//!
//! Full or partial?
//!
//! - partial: the bytes are still there
//! - full: they are not
//!
//! ### right
//!
//! Why it is so.
//!
//! ### wrong
//!
//! Why it is so, for who thought otherwise.
//!
//! ## after
//!
//! What to take home.
//! ```

use super::{Asks, Lesson};
use crate::scenario::Term;

/// A part of a lesson's text: what it is (`title`, `lead`, `story`, `goal NAME`, `hint NAME`,
/// `question NAME`, `choice QUESTION NAME`, `right QUESTION`, `wrong QUESTION`, `after`), and what
/// it says, as Markdown or, once the page is built, as HTML.
pub type Section = (String, String);

/// What separates the sections of a lesson in one file: at the beginning of a line.
const MARK: &str = "@@ ";

/// Reads the Markdown of a lesson.
///
/// # Errors
/// The line, and what is wrong there.
pub fn sections(markdown: &str) -> Result<Vec<Section>, String> {
    let mut reader = Reader::default();
    let mut fenced = false;
    for (number, line) in (1..).zip(markdown.lines()) {
        fenced ^= line.trim_start().starts_with("```");
        reader.line(line, fenced).map_err(|why| format!("line {number}: {why}"))?;
    }
    let sections = reader.sections.into_iter().map(|(name, text)| (name, text.trim().to_owned()));
    let sections: Vec<Section> = sections.collect();
    match sections.iter().find(|(_, text)| text.is_empty()) {
        Some((name, _)) => Err(format!("`{name}` says nothing")),
        None => Ok(sections),
    }
}

#[derive(Default)]
struct Reader {
    sections: Vec<Section>,
    /// The heading that is open: `goal cut`, `question answer`.
    heading: String,
    /// Whether the line before was quoted.
    quoting: bool,
}

impl Reader {
    fn open(&mut self, name: String, text: &str) {
        self.sections.push((name, format!("{text}\n")));
    }

    fn line(&mut self, line: &str, fenced: bool) -> Result<(), String> {
        if !fenced && let Some(title) = line.strip_prefix("# ") {
            if !self.sections.is_empty() {
                return Err("a second title".into());
            }
            self.open("title".into(), title);
        } else if self.sections.is_empty() {
            if !line.trim().is_empty() {
                return Err("the first line must be `# Title`".into());
            }
        } else if !fenced && let Some(heading) = line.strip_prefix("### ") {
            let about = self.heading.strip_prefix("question ");
            match (heading.trim(), about) {
                (verdict @ ("right" | "wrong"), Some(name)) => {
                    self.open(format!("{verdict} {name}"), "");
                }
                _ => return Err("`### right` or `### wrong`, below a question".into()),
            }
        } else if !fenced && let Some(heading) = line.strip_prefix("## ") {
            let words: Vec<&str> = heading.split_whitespace().collect();
            if !matches!(words[..], ["goal" | "question", _] | ["after"]) {
                return Err("`## goal NAME`, `## question NAME` or `## after`".into());
            }
            self.heading = words.join(" ");
            self.open(self.heading.clone(), "");
        } else {
            self.text(line, fenced)?;
        }
        Ok(())
    }

    /// A line below a heading.
    fn text(&mut self, line: &str, fenced: bool) -> Result<(), String> {
        let last = self.sections.last_mut().ok_or("no section")?;
        let kind = last.0.split(' ').next().unwrap_or_default().to_owned();
        let quoted = line.strip_prefix('>').map(str::trim).filter(|_| !fenced);
        let before = std::mem::replace(&mut self.quoting, quoted.is_some());
        match (kind.as_str(), quoted) {
            // The title is one line, what follows is the lead, and then the story.
            ("title", _) if line.trim().is_empty() => {}
            ("title", _) => self.open("lead".into(), line),
            ("lead", _) if line.trim().is_empty() => self.open("story".into(), ""),
            ("goal" | "hint", Some(quote)) => {
                let name = self.heading.strip_prefix("goal ").ok_or("a hint belongs to a goal")?;
                let marked = quote == "hint" || quote.starts_with("hint:");
                let begins = marked || kind == "goal" || !before;
                let quote = if marked { quote[4..].trim_start_matches(':').trim() } else { quote };
                if begins {
                    let (name, quote) = (format!("hint {name}"), quote.to_owned());
                    self.open(name, &quote);
                } else {
                    last.1.push_str(quote);
                    last.1.push('\n');
                }
            }
            ("hint", None) if line.trim().is_empty() => last.1.push('\n'),
            ("hint", None) => return Err("text behind a hint: hints come last".into()),
            ("question" | "choice", _) if line.starts_with("- ") && !fenced => {
                let (name, text) = line[2..].split_once(':').ok_or("a choice is `- NAME: text`")?;
                let question = self.heading.strip_prefix("question ").unwrap_or_default();
                self.open(format!("choice {question} {}", name.trim()), text.trim());
            }
            _ => {
                last.1.push_str(line);
                last.1.push('\n');
            }
        }
        Ok(())
    }
}

/// What the sections of a lesson must be, hints aside, in their order.
pub fn expected(lesson: &Lesson) -> Vec<String> {
    let mut names: Vec<String> = ["title", "lead", "story"].map(str::to_owned).to_vec();
    for item in &lesson.items {
        match item {
            super::Item::Goal(goal) => names.push(format!("goal {}", goal.name)),
            super::Item::Question(question) => {
                let name = &question.name;
                names.push(format!("question {name}"));
                if let Asks::Choice(choices) = &question.asks {
                    let choice = |(choice, _): &(String, _)| format!("choice {name} {choice}");
                    names.extend(choices.iter().map(choice));
                }
                names.extend([format!("right {name}"), format!("wrong {name}")]);
            }
            super::Item::Let(..) => {}
        }
    }
    names.push("after".into());
    names
}

/// Compares the sections of a text with the lesson's plan, and reads its terms. Their order is the
/// author's, since questions may be asked before the goal under which a text puts them.
///
/// # Errors
/// What is missing, too much, or no term.
pub fn agree(lesson: &Lesson, sections: &[Section]) -> Result<(), Vec<String>> {
    let expected = expected(lesson);
    let mut wrong = Vec::new();
    for name in &expected {
        match sections.iter().filter(|(known, _)| known == name).count() {
            1 => {}
            0 => wrong.push(format!("there is no `{name}`")),
            n => wrong.push(format!("there are {n} of `{name}`")),
        }
    }
    let is_hint = |name: &str| {
        let goal = name.strip_prefix("hint ").map(|goal| format!("goal {goal}"));
        goal.is_some_and(|goal| expected.contains(&goal))
    };
    for (name, text) in sections {
        if !expected.contains(name) && !is_hint(name) {
            wrong.push(format!("`{name}` is not in lesson.scenario"));
        }
        let bad = pieces(text).into_iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Term(term) => Term::parse(term, &lesson.names).err(),
        });
        wrong.extend(bad.map(|error| format!("`{name}`: {{{{…}}}}: {error}")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it is.
    Text(&'a str),
    /// What stood between `{{` and `}}`.
    Term(&'a str),
}

/// Splits a text at its terms.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(len) = rest[start..].find("}}") else { break };
        found.push(Piece::Text(&rest[..start]));
        found.push(Piece::Term(rest[start + 2..start + len].trim()));
        rest = &rest[start + len + 2..];
    }
    found.push(Piece::Text(rest));
    found
}

/// The sections of a lesson in one text, such that [`unbundle`] gives them back.
pub fn bundle(sections: &[Section]) -> String {
    let mut out = String::new();
    for (name, text) in sections {
        let text = text.replace(&format!("\n{MARK}"), &format!("\n {MARK}"));
        out.push_str(&format!("{MARK}{name}\n{}\n", text.trim_end()));
    }
    out
}

/// The sections in a text that [`bundle`] made.
pub fn unbundle(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix(MARK), sections.last_mut()) {
            (Some(name), _) => sections.push((name.to_owned(), String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_its_sections() {
        let text = "# Title\n\nLead.\n\nStory,\ntwo lines.\n\n\
                    ## goal cut\n\nDo it.\n\n> hint\n> One.\n\n\
                    > Two,\n> and more.\n\n## question what\n\nWhich?\n\n\
                    - a: first\n  goes on\n\
                    - b: second\n\n### right\n\nYes.\n\n### wrong\n\nNo.\n\n\
                    ## after\n\nEnd {{master.offset}}.\n";
        let found = sections(text).expect("it is well formed");
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(
            found,
            [
                ("title", "Title"),
                ("lead", "Lead."),
                ("story", "Story,\ntwo lines."),
                ("goal cut", "Do it."),
                ("hint cut", "One."),
                ("hint cut", "Two,\nand more."),
                ("question what", "Which?"),
                ("choice what a", "first\n  goes on"),
                ("choice what b", "second"),
                ("right what", "Yes."),
                ("wrong what", "No."),
                ("after", "End {{master.offset}}."),
            ]
        );
    }

    #[test]
    fn complaints_name_the_line() {
        for (text, line) in [
            ("Title", "line 1: the first line"),
            ("# T\n\nL\n\n## gaol x\n", "line 5: `## goal NAME`"),
            ("# T\n\nL\n\ns\n\n## goal x\n\nt\n\n> hint\n> a\n\nbehind\n", "line 14: text behind"),
            ("# T\n\nL\n\ns\n\n### right\n", "line 7: `### right`"),
            ("# T\n\nL\n\ns\n\n## after\n", "`after` says nothing"),
        ] {
            let error = sections(text).expect_err(text);
            assert!(error.starts_with(line), "{error}");
        }
    }

    #[test]
    fn a_bundle_is_taken_apart_again() {
        let sections = vec![
            ("en title".to_owned(), "A\n".to_owned()),
            ("en story".to_owned(), "<p>b</p>\n\n<pre>\nc\n</pre>\n".to_owned()),
        ];
        assert_eq!(unbundle(&bundle(&sections)), sections);
    }

    #[test]
    fn terms_are_found() {
        assert_eq!(
            pieces("a {{ b }} c {{d}}{{"),
            [
                Piece::Text("a "),
                Piece::Term("b"),
                Piece::Text(" c "),
                Piece::Term("d"),
                Piece::Text("{{"),
            ]
        );
    }
}
