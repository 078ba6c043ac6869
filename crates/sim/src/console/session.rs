//! What redis-cli remembers of its session, and shows in its prompt.

use std::collections::VecDeque;

/// The state behind a prompt. Changed by answers, as redis-cli does it: what was only asked for
/// does not count.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Session {
    /// The database that was selected.
    db: u32,
    /// In a transaction: the database that was selected before it.
    transaction: Option<u32>,
    /// The last attempt to connect failed.
    refused: bool,
    /// Commands that are not answered yet.
    waiting: VecDeque<Asked>,
}

/// A command that waits for its answer.
#[derive(Debug, Clone, Hash)]
struct Asked {
    /// Whether the answer is shown as it is.
    raw: bool,
    what: What,
}

/// What an answer means for the session.
#[derive(Debug, Clone, Copy, Hash)]
enum What {
    Nothing,
    /// Asked by redis-cli itself: nobody sees the answer.
    Own,
    Select(u32),
    Multi,
    Exec,
    Discard,
    Reset,
}

impl Session {
    /// The prompt of a console at this address.
    pub(crate) fn prompt(&self, address: &str) -> String {
        if self.refused {
            return "not connected> ".to_owned();
        }
        let mut prompt = address.to_owned();
        if self.db > 0 {
            prompt += &format!("[{}]", self.db);
        }
        if self.transaction.is_some() {
            prompt.push_str("(TX)");
        }
        prompt + "> "
    }

    /// Whether an answer is awaited.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A command is sent.
    pub(crate) fn asked(&mut self, args: &[Vec<u8>]) {
        let name = args.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        let number = |arg: &Vec<u8>| std::str::from_utf8(arg).ok()?.parse().ok();
        let what = match (name.as_slice(), args.len()) {
            (b"select", 2) => number(&args[1]).map_or(What::Nothing, What::Select),
            (b"multi", 1) => What::Multi,
            (b"exec", 1) => What::Exec,
            (b"discard", 1) => What::Discard,
            (b"reset", 1) => What::Reset,
            _ => What::Nothing,
        };
        let raw = super::is_raw(args);
        // Each channel is answered by itself.
        let answers = match name.as_slice() {
            b"subscribe" | b"psubscribe" | b"ssubscribe" => args.len().saturating_sub(1).max(1),
            _ => 1,
        };
        self.waiting.extend(std::iter::repeat_n(Asked { raw, what }, answers));
    }

    /// What redis-cli sends by itself after it had to connect anew, before the user's command: the
    /// connection begins in database 0.
    pub(crate) fn connected(&mut self, anew: bool) -> Option<Vec<Vec<u8>>> {
        self.refused = false;
        if !anew {
            return None;
        }
        if let Some(db) = self.transaction.take() {
            self.db = db;
        }
        self.waiting.clear();
        if self.db == 0 {
            return None;
        }
        self.waiting.push_back(Asked { raw: false, what: What::Own });
        Some(vec![b"SELECT".to_vec(), self.db.to_string().into_bytes()])
    }

    /// Nobody listens.
    pub(crate) fn refused(&mut self) {
        self.refused = true;
    }

    /// The connection is gone, and its answers with it.
    pub(crate) fn lost(&mut self) {
        self.waiting.clear();
    }

    /// An answer has come: how it is shown (`true`: as it is). `None`: nobody sees it.
    pub(crate) fn answered(&mut self, reply: &[u8]) -> Option<bool> {
        let Some(asked) = self.waiting.pop_front() else { return Some(false) };
        let failed = reply.starts_with(b"-");
        let nil = [&b"*-1"[..], b"$-1", b"_"].iter().any(|nil| reply.starts_with(nil));
        match asked.what {
            What::Own => return None,
            // In a transaction the answer is +QUEUED; redis-cli's prompt changes all the same.
            What::Select(db) if !failed => self.db = db,
            What::Multi if !failed => self.transaction = Some(self.db),
            What::Exec => {
                if let Some(db) = self.transaction.take().filter(|_| failed || nil) {
                    self.db = db;
                }
            }
            What::Discard if !failed => {
                if let Some(db) = self.transaction.take() {
                    self.db = db;
                }
            }
            What::Reset if !failed => (self.db, self.transaction) = (0, None),
            _ => {}
        }
        Some(asked.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(session: &mut Session, line: &str, reply: &str) -> String {
        let args: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        session.asked(&args);
        session.answered(reply.as_bytes());
        session.prompt("h:1")
    }

    #[test]
    fn the_prompt_tells_database_and_transaction() {
        let mut s = Session::default();
        assert_eq!(s.prompt("h:1"), "h:1> ");
        assert_eq!(say(&mut s, "SELECT 99", "-ERR DB index is out of range\r\n"), "h:1> ");
        assert_eq!(say(&mut s, "select 3", "+OK\r\n"), "h:1[3]> ");
        assert_eq!(say(&mut s, "MULTI", "+OK\r\n"), "h:1[3](TX)> ");
        assert_eq!(say(&mut s, "MULTI", "-ERR MULTI calls can not be nested\r\n"), "h:1[3](TX)> ");
        assert_eq!(say(&mut s, "SELECT 5", "+QUEUED\r\n"), "h:1[5](TX)> ");
        assert_eq!(say(&mut s, "DISCARD", "+OK\r\n"), "h:1[3]> ");
        say(&mut s, "MULTI", "+OK\r\n");
        say(&mut s, "SELECT 5", "+QUEUED\r\n");
        assert_eq!(say(&mut s, "EXEC", "*-1\r\n"), "h:1[3]> ");
        say(&mut s, "MULTI", "+OK\r\n");
        say(&mut s, "SELECT 5", "+QUEUED\r\n");
        assert_eq!(say(&mut s, "EXEC", "*1\r\n+OK\r\n"), "h:1[5]> ");
        assert_eq!(say(&mut s, "RESET", "+RESET\r\n"), "h:1> ");
    }

    #[test]
    fn a_new_connection_selects_the_database_again() {
        let mut s = Session::default();
        assert_eq!(s.connected(true), None);
        say(&mut s, "select 3", "+OK\r\n");
        s.refused();
        assert_eq!(s.prompt("h:1"), "not connected> ");
        assert_eq!(s.connected(true), Some(vec![b"SELECT".to_vec(), b"3".to_vec()]));
        assert_eq!(s.answered(b"+OK\r\n"), None);
        assert_eq!(s.prompt("h:1"), "h:1[3]> ");
    }

    #[test]
    fn texts_for_people_are_told_from_the_rest() {
        let mut s = Session::default();
        s.asked(&[b"INFO".to_vec()]);
        s.asked(&[b"GET".to_vec(), b"x".to_vec()]);
        assert_eq!(s.answered(b"$0\r\n\r\n"), Some(true));
        assert!(s.waits());
        assert_eq!(s.answered(b"$-1\r\n"), Some(false));
        assert!(!s.waits());
    }
}
