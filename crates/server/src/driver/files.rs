//! File operations of the node, in the working directory (`dir`).
//!
//! Writing goes to the page cache and is done at once. A commit waits for the disk, so it is done
//! on a thread; its end wakes the loop.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use lockstep_core::config::Config;
use lockstep_core::node::{FileEvent, FileOp};
use mio::Waker;

use crate::sys::{lock, words};

/// Carries out file operations.
#[derive(Debug)]
pub(crate) struct Files {
    /// Temporary files being written.
    writing: Vec<(String, File)>,
    /// Files being read, by who reads them: a transfer takes its time, and must go on with the same
    /// file even when another has its name.
    reading: BTreeMap<u64, io::Result<File>>,
    done: Receiver<FileEvent>,
    committer: Sender<FileEvent>,
    waker: Arc<Waker>,
    /// The last commit, which the next one waits for.
    committing: Option<JoinHandle<()>>,
}

impl Files {
    /// No files; commits wake `waker`.
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        let (committer, done) = channel();
        Self {
            writing: Vec::new(),
            reading: BTreeMap::new(),
            done,
            committer,
            waker,
            committing: None,
        }
    }

    /// Does it, or starts it. The event, if there is one yet, is for the node.
    pub(crate) fn run(&mut self, op: FileOp) -> Option<FileEvent> {
        match op {
            FileOp::Create { name } => match File::create(&name) {
                Ok(file) => {
                    // While it is open, and so locked, nobody takes it for a leftover.
                    let _ = lock(&file);
                    self.writing.retain(|(other, _)| *other != name);
                    self.writing.push((name, file));
                    None
                }
                Err(error) => Some(FileEvent::NotCreated { name, error: words(&error) }),
            },
            FileOp::Append { name, data } => {
                let result = match self.writing.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, file)) => file.write_all(&data),
                    None => Err(io::Error::other("The file is not open")),
                };
                let error = result.err()?;
                self.take(&name);
                Some(failed(name, None, &error))
            }
            FileOp::Commit { name, to } => self.commit(name, to),
            FileOp::Remove { name } => {
                self.take(&name);
                match fs::remove_file(&name) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => Some(failed(name, None, &e)),
                    _ => None,
                }
            }
            FileOp::Open { token, name } => {
                self.reading.insert(token, File::open(name));
                None
            }
            FileOp::Read { token, offset, len } => Some(match self.read(token, offset, len) {
                Ok(data) => FileEvent::Data { token, data },
                Err(error) => failed(String::new(), Some(token), &error),
            }),
            FileOp::Close { token } => {
                self.reading.remove(&token);
                None
            }
        }
    }

    /// A commit that has ended.
    pub(crate) fn poll(&mut self) -> Option<FileEvent> {
        self.done.try_recv().ok()
    }

    /// Removes temporary files that were not committed: the process leaves.
    pub(crate) fn abandon(&mut self) {
        for (name, _) in self.writing.drain(..) {
            let _ = fs::remove_file(name);
        }
    }

    fn take(&mut self, name: &str) -> Option<File> {
        let index = self.writing.iter().position(|(other, _)| other == name)?;
        Some(self.writing.swap_remove(index).1)
    }

    fn commit(&mut self, name: String, to: String) -> Option<FileEvent> {
        let Some(file) = self.take(&name) else {
            return Some(failed(name, None, &io::Error::other("The file is not open")));
        };
        let (sender, waker) = (self.committer.clone(), self.waker.clone());
        let before = self.committing.take();
        let work = {
            let name = name.clone();
            move || {
                // One after the other: an earlier file must not take a later one's place.
                let _ = before.map(JoinHandle::join);
                let event = match commit(&file, &name, &to) {
                    Ok(len) => FileEvent::Committed { name, to, len },
                    Err(error) => failed(name, None, &error),
                };
                let _ = sender.send(event);
                let _ = waker.wake();
            }
        };
        match std::thread::Builder::new().name("commit".into()).spawn(work) {
            Ok(thread) => {
                self.committing = Some(thread);
                None
            }
            Err(error) => Some(failed(name, None, &error)),
        }
    }

    fn read(&mut self, token: u64, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let file = match self.reading.get(&token) {
            Some(Ok(file)) => file,
            Some(Err(error)) => {
                let code = error.raw_os_error();
                return Err(code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error));
            }
            None => return Err(io::Error::other("The file is not open")),
        };
        let size = file.metadata()?.len();
        let mut data =
            vec![0; len.min(usize::try_from(size.saturating_sub(offset)).unwrap_or(len))];
        file.read_exact_at(&mut data, offset)?;
        Ok(data)
    }
}

/// Removes the temporary files of processes that are gone, and returns their names. A file that
/// another process is still writing is locked.
pub(crate) fn clear_leftovers() -> Vec<String> {
    let is_ours = |name: &str| {
        let id = name.strip_prefix("temp-").and_then(|rest| rest.strip_suffix(".rdb"));
        id.is_some_and(|id| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let entries = fs::read_dir(".").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let left = |name: &String| is_ours(name) && File::open(name).is_ok_and(|file| lock(&file));
    names.filter(left).filter(|name| fs::remove_file(name).is_ok()).collect()
}

/// `CONFIG REWRITE`: the file says what is in force. It is replaced in one step, so that nobody
/// ever reads half of it, and keeps its mode.
pub(crate) fn rewrite_config(config: &Config) -> io::Result<()> {
    let path = Path::new(&config.driver.process.config_file);
    let (old, mode) = match fs::read(path) {
        Ok(old) => (old, Some(fs::metadata(path)?.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), None),
        Err(error) => return Err(error),
    };
    let temp = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&temp).and_then(|mut file| {
        file.write_all(&config.rewrite(&old))?;
        if let Some(mode) = mode {
            file.set_permissions(mode)?;
        }
        file.sync_all()?;
        fs::rename(&temp, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&temp);
    }
    written
}

/// After this the new file is there under its name even if the machine loses power.
fn commit(file: &File, name: &str, to: &str) -> io::Result<u64> {
    file.sync_all()?;
    let len = file.metadata()?.len();
    fs::rename(name, to)?;
    File::open(".")?.sync_all()?;
    Ok(len)
}

fn failed(name: String, token: Option<u64>, error: &io::Error) -> FileEvent {
    FileEvent::Failed { name, token, error: words(error) }
}
