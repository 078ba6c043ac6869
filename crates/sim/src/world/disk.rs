//! Disks: files by name, what a crash leaves of them, and how a disk can be slow, full or broken.
//!
//! A file is written under a temporary name; the writes are in the page cache at once and wait for
//! nobody. Committing it (sync, rename) takes the disk's time. What a real driver would report of
//! all this, the node is told: see `lockstep_core::node::FileOp`.

use std::sync::Arc;

use lockstep_core::node::{FileEvent, FileOp};
use lockstep_core::sorted::Sorted;
use lockstep_core::time::Instant;

use crate::script::DiskFault;

/// How long an operation on a file takes at first, in microseconds.
pub(super) const DISK_LATENCY_US: u64 = 500;

/// A disk.
#[derive(Debug, Clone, Hash)]
pub(super) struct Disk {
    /// Files that are safe.
    pub(super) files: Sorted<String, Arc<Vec<u8>>>,
    /// Files being written: in the page cache only.
    unsynced: Sorted<String, Vec<u8>>,
    /// Files being synced, to get another name then: temporary name, name, content.
    committing: Vec<(String, String, Arc<Vec<u8>>)>,
    /// Files that somebody has open, whatever has their names now.
    reading: Sorted<u64, Arc<Vec<u8>>>,
    pub(super) latency_us: u64,
    /// Bytes per second; 0: without limit.
    pub(super) bandwidth: u64,
    pub(super) fault: Option<DiskFault>,
    busy_until: Instant,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            files: Sorted::new(),
            unsynced: Sorted::new(),
            committing: Vec::new(),
            reading: Sorted::new(),
            latency_us: DISK_LATENCY_US,
            bandwidth: 0,
            fault: None,
            busy_until: Instant(0),
        }
    }
}

impl Disk {
    /// Begins one operation. What it comes to, and when (what does not need the disk fails now);
    /// `None`: nobody waits for an answer.
    pub(super) fn run(&mut self, op: FileOp, now: Instant) -> Option<(Instant, FileEvent)> {
        match op {
            FileOp::Create { name } => match self.fault {
                // A full disk still has room for a name.
                Some(DiskFault::Failing) => {
                    let error = EIO.into();
                    Some((now, FileEvent::NotCreated { name, error }))
                }
                _ => {
                    self.unsynced.insert(name, Vec::new());
                    None
                }
            },
            FileOp::Append { name, data } => {
                let error = match (self.fault_of_writing(), self.unsynced.get_mut(&name)) {
                    (None, Some(file)) => {
                        file.extend_from_slice(&data);
                        return None;
                    }
                    (Some(error), _) => error,
                    (None, None) => ENOENT,
                };
                self.unsynced.remove(&name);
                Some((now, failed(name, None, error)))
            }
            FileOp::Commit { name, to } => {
                let Some(data) = self.unsynced.remove(&name) else {
                    return Some((now, failed(name, None, ENOENT)));
                };
                let len = data.len() as u64;
                let at = self.busy_for(len, now);
                // On a full disk, what is written already has its place.
                if self.fault == Some(DiskFault::Failing) {
                    return Some((at, failed(name, None, EIO)));
                }
                self.committing.push((name.clone(), to.clone(), Arc::new(data)));
                Some((at, FileEvent::Committed { name, to, len }))
            }
            FileOp::Remove { name } => {
                self.unsynced.remove(&name);
                self.files.remove(&name);
                None
            }
            FileOp::Open { token, name } => {
                if let Some(file) = self.files.get(&name) {
                    self.reading.insert(token, file.clone());
                }
                None
            }
            FileOp::Close { token } => {
                self.reading.remove(&token);
                None
            }
            FileOp::Read { token, offset, len } => {
                let data = self.read(token, offset, len);
                let size = data.as_ref().map_or(0, |data| data.len() as u64);
                let event = match data {
                    Ok(data) => FileEvent::Data { token, data },
                    Err(error) => failed(String::new(), Some(token), error),
                };
                Some((self.busy_for(size, now), event))
            }
        }
    }

    fn read(&self, token: u64, offset: u64, len: usize) -> Result<Vec<u8>, &'static str> {
        if self.fault == Some(DiskFault::Failing) {
            return Err(EIO);
        }
        let file = self.reading.get(&token).ok_or(ENOENT)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(file.len());
        let to = from.saturating_add(len).min(file.len());
        Ok(file[from..to].to_vec())
    }

    /// A whole file, as a process reads it when it starts.
    pub(super) fn load(&self, name: &str) -> Option<Result<Arc<Vec<u8>>, &'static str>> {
        let file = self.files.get(name)?;
        Some(if self.fault == Some(DiskFault::Failing) { Err(EIO) } else { Ok(file.clone()) })
    }

    /// A commit has come to its end: the file has its name.
    pub(super) fn finish(&mut self, event: &FileEvent) {
        let FileEvent::Committed { name, .. } = event else { return };
        if let Some(at) = self.committing.iter().position(|(temp, ..)| temp == name) {
            let (_, to, data) = self.committing.remove(at);
            self.files.insert(to, data);
        }
    }

    /// The process is gone. What it had not committed is left over under its temporary name, if
    /// the page cache survives, until the next process cleans up.
    pub(super) fn abandon(&mut self, keep_unsynced: bool) {
        let unsynced = std::mem::take(&mut self.unsynced);
        let committing = std::mem::take(&mut self.committing);
        self.reading.clear();
        if keep_unsynced {
            for (name, data) in unsynced.iter() {
                self.files.insert(name.clone(), Arc::new(data.clone()));
            }
            for (name, _, data) in committing {
                self.files.insert(name, data);
            }
        }
    }

    /// Removes what an earlier process left over.
    pub(super) fn clear_leftovers(&mut self) {
        self.files.retain(|name, _| !(name.starts_with("temp-") && name.ends_with(".rdb")));
    }

    fn fault_of_writing(&self) -> Option<&'static str> {
        self.fault.map(|fault| match fault {
            DiskFault::Full => ENOSPC,
            DiskFault::Failing => EIO,
        })
    }

    /// It is as at the start, with its files.
    pub(super) fn mend(&mut self) {
        (self.latency_us, self.bandwidth, self.fault) = (DISK_LATENCY_US, 0, None);
    }

    /// Takes the disk's time for an operation on so many bytes; the end of it.
    fn busy_for(&mut self, bytes: u64, now: Instant) -> Instant {
        let moving = bytes.saturating_mul(1_000_000).checked_div(self.bandwidth).unwrap_or(0);
        self.busy_until = self.busy_until.max(now) + self.latency_us + moving;
        self.busy_until
    }
}

// The system's words.
const ENOENT: &str = "No such file or directory";
const ENOSPC: &str = "No space left on device";
const EIO: &str = "Input/output error";

fn failed(name: String, token: Option<u64>, error: &str) -> FileEvent {
    FileEvent::Failed { name, token, error: error.into() }
}
