//! Which lessons there are, and how they come.

use crate::i18n::Lang;

/// The list of lessons, beside the page. `cargo xtask lessons` writes it.
pub(super) const INDEX: &str = "./lessons/index.txt";

/// Lessons from this number on are of the second part.
const PART_TWO: u32 = 20;

/// The lessons there are.
#[derive(Debug, Default)]
pub(super) enum Shelf {
    /// Their list is on its way.
    #[default]
    Awaited,
    /// It could not be fetched.
    Missing,
    Here(Vec<Entry>),
}

/// A lesson on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    file: String,
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) goals: u32,
    pub(super) questions: u32,
    titles: [String; 2],
}

impl Shelf {
    /// The list that was fetched.
    pub(super) fn read(index: &str) -> Self {
        let entry = |line: &str| {
            let mut fields = line.split('\t');
            let mut next = || fields.next().map(str::to_owned);
            let (file, number, name) = (next()?, next()?.parse().ok()?, next()?);
            let (goals, questions) = (next()?.parse().ok()?, next()?.parse().ok()?);
            Some(Entry { file, number, name, goals, questions, titles: [next()?, next()?] })
        };
        Self::Here(index.lines().filter_map(entry).collect())
    }

    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Self::Here(entries) => entries,
            _ => &[],
        }
    }
}

impl Entry {
    /// Where it is fetched from.
    pub(super) fn path(&self) -> String {
        format!("./lessons/{}", self.file)
    }

    pub(super) fn title(&self, lang: Lang) -> &str {
        &self.titles[usize::from(lang == Lang::Zh)]
    }

    /// Whether an address means this lesson: `handshake`, `01-handshake`, `1`.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = name[..name.len() - rest.len()].parse().ok();
        self.name == name
            || number == Some(self.number)
                && (rest.is_empty() || rest.strip_prefix('-') == Some(&self.name))
    }

    pub(super) fn is_part_two(&self) -> bool {
        self.number > PART_TWO
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_list_is_read_and_lessons_are_found_by_any_of_their_names() {
        let index = "01-cut-0f.txt\t1\tcut\t3\t1\tThe cut\t链路中断\nbroken\n\
                     21-kill-1e.txt\t21\tkill\t2\t0\tThe kill\t断开\n";
        let shelf = Shelf::read(index);
        let [cut, kill] = shelf.entries() else { panic!("{shelf:?}") };
        assert_eq!((cut.title(Lang::En), cut.title(Lang::Zh)), ("The cut", "链路中断"));
        assert_eq!(cut.path(), "./lessons/01-cut-0f.txt");
        assert!(!cut.is_part_two() && kill.is_part_two());
        for name in ["cut", "1", "01", "01-cut"] {
            assert!(cut.is_called(name) && !kill.is_called(name), "{name}");
        }
        for name in ["", "2", "01-kill", "cu", "cut-01", "1x"] {
            assert!(!cut.is_called(name), "{name}");
        }
    }
}
