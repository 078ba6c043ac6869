//! `xtask-lessons`: the lessons in `web/lessons`.
//!
//! ```text
//! check LESSONS [FOLDER...]   whether texts and scenarios agree, and solutions do; all without any
//! write LESSONS OUT           one file for each lesson, its Markdown made HTML, and index.txt
//! ```
//!
//! # What the page fetches
//!
//! `index.txt` has a line for each lesson: its file, its number, its name, how many goals and
//! questions it has, and its titles in English and in Chinese, separated by tabs. A lesson's file
//! is a bundle (`lockstep_sim::lesson::text::bundle`) of `scenario`, and of the sections of both
//! texts with `en ` or `zh ` before their names. Its name carries a hash of its content.
#![allow(clippy::print_stdout, clippy::print_stderr)] // Its reader is whoever writes lessons.

mod html;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lockstep_sim::lesson::text::{self, Piece, Section};
use lockstep_sim::lesson::{Lesson, check};

/// A lesson as it is in its folder.
struct Source {
    /// `01-handshake`.
    folder: String,
    scenario: String,
    lesson: Lesson,
    /// The languages with their sections.
    texts: Vec<(&'static str, Vec<Section>)>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["check", lessons, folders @ ..] => folders_of(lessons, folders).and_then(|f| check(&f)),
        ["write", lessons, out] => {
            folders_of(lessons, &[]).and_then(|folders| write(&folders, Path::new(out)))
        }
        _ => Err("usage: xtask-lessons check LESSONS [FOLDER...] | write LESSONS OUT".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The folders that were named, or all.
fn folders_of(lessons: &str, named: &[&str]) -> Result<Vec<PathBuf>, String> {
    if !named.is_empty() {
        return Ok(named.iter().map(PathBuf::from).collect());
    }
    let entries = fs::read_dir(lessons).map_err(|error| format!("{lessons}: {error}"))?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort();
    if folders.is_empty() { Err(format!("{lessons}: no lessons")) } else { Ok(folders) }
}

/// Reads a lesson; everything that is wrong with its texts.
fn read(folder: &Path) -> Result<Source, Vec<String>> {
    let file = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| vec![format!("{}: {error}", path.display())])
    };
    let scenario = file("lesson.scenario")?;
    let lesson =
        Lesson::parse(&scenario).map_err(|error| vec![format!("lesson.scenario: {error}")])?;
    let (mut texts, mut wrong) = (Vec::new(), Vec::new());
    for (lang, name) in [("en", "en.md"), ("zh", "zh.md")] {
        let sections = file(name).and_then(|markdown| {
            let sections =
                text::sections(&markdown).map_err(|why| vec![format!("{name}: {why}")])?;
            let prefix = |why: String| format!("{name}: {why}");
            let agreed = text::agree(&lesson, &sections);
            agreed.map_err(|all| all.into_iter().map(prefix).collect::<Vec<_>>())?;
            html::render(&sections).map_err(|why| vec![prefix(why)])
        });
        match sections {
            Ok(sections) => texts.push((lang, sections)),
            Err(more) => wrong.extend(more),
        }
    }
    let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if number_and_name(&folder).is_none() {
        wrong.push(format!("`{folder}` is not NN-name"));
    }
    if wrong.is_empty() { Ok(Source { folder, scenario, lesson, texts }) } else { Err(wrong) }
}

/// `01-handshake` is 1 and `handshake`.
fn number_and_name(folder: &str) -> Option<(u32, &str)> {
    let (number, name) = folder.split_once('-')?;
    Some((number.parse().ok().filter(|_| number.len() == 2)?, name))
}

fn check(folders: &[PathBuf]) -> Result<(), String> {
    let mut bad = 0;
    for folder in folders {
        println!("{}", folder.display());
        let told = read(folder).and_then(|source| {
            let report = check::play(&source.lesson, &mut |_, _| {})?;
            Ok(report.tell(&source.lesson, &terms(&source)))
        });
        match told {
            Ok(told) => print!("{told}"),
            Err(wrong) => {
                bad += 1;
                wrong.iter().for_each(|why| println!("  WRONG {why}"));
            }
        }
    }
    if bad == 0 { Ok(()) } else { Err(format!("{bad} of {} lessons are wrong", folders.len())) }
}

/// The terms that the texts of a lesson show.
fn terms(source: &Source) -> Vec<String> {
    let texts = source.texts.iter().flat_map(|(_, sections)| sections);
    let mut terms: Vec<String> = texts
        .flat_map(|(_, text)| text::pieces(text))
        .filter_map(|piece| match piece {
            Piece::Term(term) => Some(html::unescape(term)),
            Piece::Text(_) => None,
        })
        .collect();
    terms.sort();
    terms.dedup();
    terms
}

fn write(folders: &[PathBuf], out: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(out).map_err(|error| failed(out, error))?;
    let mut index = String::new();
    for folder in folders {
        let source =
            read(folder).map_err(|wrong| format!("{}: {}", folder.display(), wrong.join("\n")))?;
        let mut sections = vec![("scenario".to_owned(), source.scenario.clone())];
        for (lang, texts) in &source.texts {
            sections
                .extend(texts.iter().map(|(name, text)| (format!("{lang} {name}"), text.clone())));
        }
        let bundle = text::bundle(&sections);
        let file = format!("{}-{:016x}.txt", source.folder, hash(bundle.as_bytes()));
        fs::write(out.join(&file), bundle).map_err(|error| failed(&out.join(&file), error))?;
        index.push_str(&line(&source, &file));
    }
    let path = out.join("index.txt");
    fs::write(&path, index).map_err(|error| failed(&path, error))?;
    println!("{} lessons are in {}", folders.len(), out.display());
    Ok(())
}

/// The line of a lesson in the index.
fn line(source: &Source, file: &str) -> String {
    let (number, name) = number_and_name(&source.folder).unwrap_or_default();
    let (goals, questions) = (source.lesson.goals().count(), source.lesson.questions().count());
    let title = |lang: &str| {
        let found = source.texts.iter().find(|(known, _)| *known == lang);
        let title = found.and_then(|(_, texts)| texts.iter().find(|(name, _)| name == "title"));
        title.map_or("", |(_, title)| title).to_owned()
    };
    format!("{file}\t{number}\t{name}\t{goals}\t{questions}\t{}\t{}\n", title("en"), title("zh"))
}

/// FNV-1a: it tells versions of one file apart, nothing more.
fn hash(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
