//! Config files: reading them, their includes, standard input and the command line's options in the
//! order of redis-server, and saying where a mistake is.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use lockstep_core::commands::lookup;
use lockstep_core::config::parse::{self, CommandLine};
use lockstep_core::config::{Config, Line, Process, Reader};
use lockstep_core::glob;

use crate::REDIS_VERSION;
use crate::sys::{system_name, words};

/// Files that include files that include files...: more than this is a mistake.
const INCLUDE_DEPTH_MAX: usize = 16;

/// Everything the server starts with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The values.
    pub(crate) config: Config,
    /// Whether anything at all was configured.
    pub(crate) configured: bool,
}

/// Why the configuration cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SettingsError {
    /// A line is wrong.
    Line {
        /// Which text it is in: a path, or a description.
        place: String,
        /// Line in that text, from 1.
        number: usize,
        /// The line.
        line: String,
        /// What is wrong with it.
        what: String,
    },
    /// A file cannot be read.
    Open {
        /// Its path.
        path: String,
        /// The system's words.
        what: String,
    },
    /// The values do not go together.
    Whole(String),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, what } => {
                write!(f, "Fatal error, can't open config file '{path}': {what}")
            }
            Self::Line { place, number, line, what } => write!(
                f,
                "\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n\
                 Reading the configuration file, at line {number} of {place}\n\
                 >>> '{line}'\n{what}"
            ),
            Self::Whole(what) => {
                write!(f, "\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n{what}")
            }
        }
    }
}

/// Reads all that the command line of redis-server names. As there, `dir` is entered while
/// reading: the working directory of the process changes.
pub(crate) fn read(args: &[Vec<u8>]) -> Result<Settings, SettingsError> {
    let CommandLine { file, stdin, options } = parse::command_line(args);
    let mut reader = Reader::new(Config::server());
    let mut absolute = None;
    if let Some(file) = file {
        let path = Path::new(OsStr::from_bytes(&file));
        // Remembered before a `dir` in it changes what relative means.
        absolute = Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        files(&mut reader, &file, 0)?;
    }
    if stdin {
        let mut input = Vec::new();
        io::stdin()
            .read_to_end(&mut input)
            .map_err(|e| SettingsError::Open { path: "-".into(), what: words(&e) })?;
        text(&mut reader, &input, "standard input", 0)?;
    }
    text(&mut reader, &options, "the command line's options", 0)?;
    users(&mut reader)?;
    let mut config = reader.finish();
    check(&config)?;
    if let Ok(dir) = std::env::current_dir() {
        config.dir = dir.to_string_lossy().into_owned();
    }
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    config.driver.process = Process {
        id: std::process::id(),
        executable: std::env::current_exe().map(path).unwrap_or_default(),
        config_file: absolute.map(path).unwrap_or_default(),
        allocator: "mimalloc".into(),
        os: system_name(),
    };
    Ok(Settings { config, configured: !args.is_empty() })
}

fn check(config: &Config) -> Result<(), SettingsError> {
    if !config.driver.logfile.is_empty() {
        let log = fs::OpenOptions::new().append(true).create(true).open(&config.driver.logfile);
        log.map_err(|e| SettingsError::Whole(format!("Can't open the log file: {}", words(&e))))?;
    }
    Ok(())
}

/// Reads one file, or all that a pattern names.
fn files(reader: &mut Reader, pattern: &[u8], depth: usize) -> Result<(), SettingsError> {
    if !glob::is_pattern(pattern) {
        return file(reader, Path::new(OsStr::from_bytes(pattern)), depth);
    }
    for path in expand(pattern) {
        file(reader, &path, depth)?;
    }
    Ok(())
}

fn file(reader: &mut Reader, path: &Path, depth: usize) -> Result<(), SettingsError> {
    let place = path.display().to_string();
    let input =
        fs::read(path).map_err(|e| SettingsError::Open { path: place.clone(), what: words(&e) })?;
    text(reader, &input, &place, depth)
}

fn text(reader: &mut Reader, input: &[u8], place: &str, depth: usize) -> Result<(), SettingsError> {
    for (number, line) in parse::lines(input) {
        let failed = |what: String| SettingsError::Line {
            place: place.to_owned(),
            number,
            line: String::from_utf8_lossy(line).into_owned(),
            what,
        };
        match reader.line(line).map_err(|what| failed(what.into_owned()))? {
            Line::Done => {}
            Line::Renamed => renamed(&reader.config).map_err(|what| failed(what.into()))?,
            Line::Dir => std::env::set_current_dir(&reader.config.dir)
                .map_err(|error| failed(words(&error)))?,
            Line::Include(_) if depth == INCLUDE_DEPTH_MAX => {
                return Err(failed(format!(
                    "files include each other more than {INCLUDE_DEPTH_MAX} levels deep"
                )));
            }
            Line::Include(pattern) => files(reader, &pattern, depth + 1)?,
        }
    }
    Ok(())
}

/// Reads the file of users, if there is one.
fn users(reader: &mut Reader) -> Result<(), SettingsError> {
    let path = reader.config.text_of("aclfile");
    if path.is_empty() {
        return Ok(());
    }
    let input = fs::read(&path).map_err(|error| {
        let what = format!("Error loading ACLs, opening file '{path}': {}", words(&error));
        SettingsError::Whole(format!("Aborting Redis startup because of ACL errors: {what}"))
    })?;
    text(reader, &input, &path, INCLUDE_DEPTH_MAX)
}

/// Checks the last `rename-command`.
fn renamed(config: &Config) -> Result<(), &'static str> {
    let Some(((old, new), earlier)) = config.renamed.split_last() else { return Ok(()) };
    let gone = |name: &[u8]| earlier.iter().any(|(old, _)| old.eq_ignore_ascii_case(name));
    let taken = |name: &[u8]| earlier.iter().any(|(_, new)| new.eq_ignore_ascii_case(name));
    if lookup(old).is_none() || gone(old) {
        return Err("No such command in rename-command");
    }
    let exists = lookup(new).is_some() && !gone(new) && !new.eq_ignore_ascii_case(old);
    if !new.is_empty() && (exists || taken(new)) {
        return Err("Target command name already exists");
    }
    Ok(())
}

/// The existing paths that match a pattern, sorted. As in a shell, a leading dot is matched only
/// by a dot.
fn expand(pattern: &[u8]) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(if pattern.starts_with(b"/") { "/" } else { "" })];
    for part in pattern.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
        if !glob::is_pattern(part) {
            let part = OsStr::from_bytes(part);
            found = found.into_iter().map(|dir| dir.join(part)).filter(|p| p.exists()).collect();
            continue;
        }
        let mut next = Vec::new();
        for dir in &found {
            let listed = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
            for entry in fs::read_dir(listed).into_iter().flatten().flatten() {
                let name = entry.file_name().into_vec();
                let hidden = name.starts_with(b".") && !part.starts_with(b".");
                if !hidden && glob::matches(part, &name, false) {
                    next.push(dir.join(OsStr::from_bytes(&name)));
                }
            }
        }
        next.sort();
        found = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own, removed at the end.
    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lockstep-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a temporary directory");
            Self(path)
        }

        fn write(&self, name: &str, text: &str) -> Vec<u8> {
            let path = self.0.join(name);
            fs::write(&path, text).expect("a temporary file");
            path.into_os_string().into_vec()
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn read_file(path: &[u8]) -> Result<Config, SettingsError> {
        let mut reader = Reader::new(Config::server());
        files(&mut reader, path, 0)?;
        Ok(reader.config)
    }

    #[test]
    fn includes_are_read_in_place_and_in_order() {
        let dir = Dir::new("includes");
        dir.write("10.part", "timeout 1\nhz 20\n");
        dir.write("20.part", "timeout 2\n");
        dir.write(".30.part", "timeout 3\n");
        let at = dir.0.display();
        let main = dir.write("main.conf", &format!("hz 7\ninclude {at}/*.part\nport 7\n"));
        let config = read_file(&main).expect("valid");
        assert_eq!((config.timeout, config.hz, config.port), (2, 20, 7));
        let none = dir.write("none.conf", &format!("include {at}/*.nothing\n"));
        assert!(read_file(&none).is_ok(), "a pattern may match nothing");
    }

    #[test]
    fn a_mistake_names_file_line_and_directive() {
        let dir = Dir::new("mistake");
        let inner = String::from_utf8(dir.write("inner.conf", "\n\nfoo bar\n")).expect("ascii");
        let main = dir.write("main.conf", &format!("port 1\ninclude {inner}\n"));
        let error = read_file(&main).expect_err("an unknown directive");
        let text = error.to_string();
        assert_eq!(
            text,
            format!(
                "\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n\
                 Reading the configuration file, at line 3 of {inner}\n\
                 >>> 'foo bar'\n\
                 Bad directive or wrong number of arguments"
            )
        );
    }

    #[test]
    fn a_missing_file_and_a_circle_are_errors() {
        let dir = Dir::new("circle");
        let missing = dir.0.join("missing.conf").into_os_string().into_vec();
        let error = read_file(&missing).expect_err("it is missing").to_string();
        assert!(error.ends_with("missing.conf': No such file or directory"), "{error}");
        let path = dir.0.join("circle.conf");
        let main = dir.write("circle.conf", &format!("include {}\n", path.display()));
        let error = read_file(&main).expect_err("a circle").to_string();
        assert!(error.contains("more than 16 levels deep"), "{error}");
    }
}
