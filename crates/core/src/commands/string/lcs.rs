//! `LCS`: the longest common subsequence of two strings.

use super::int;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::Value;
use crate::resp::{Args, Reply};

const NOT_STRINGS: CmdError = CmdError::fixed("ERR The specified keys must contain string values");
const TOO_LARGE: CmdError =
    CmdError::fixed("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");

#[derive(Debug, Default)]
struct Options {
    len: bool,
    idx: bool,
    min_match_len: i64,
    with_match_len: bool,
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Self, CmdError> {
        let mut options = Self::default();
        let mut rest = args.from(3);
        while let Some(word) = rest.next() {
            if word.eq_ignore_ascii_case(b"idx") {
                options.idx = true;
            } else if word.eq_ignore_ascii_case(b"len") {
                options.len = true;
            } else if word.eq_ignore_ascii_case(b"withmatchlen") {
                options.with_match_len = true;
            } else if word.eq_ignore_ascii_case(b"minmatchlen") {
                options.min_match_len = int(rest.next().ok_or(CmdError::SYNTAX)?)?.max(0);
            } else {
                return Err(CmdError::SYNTAX);
            }
        }
        if options.idx && options.len {
            return Err(CmdError::fixed(
                "ERR If you want both the length and indexes, please just use IDX.",
            ));
        }
        Ok(options)
    }
}

/// `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]`
pub(super) fn lcs(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let db = ctx.db;
    for key in [args.at(1), args.at(2)] {
        if !matches!(ctx.keyspace.get(db, key), None | Some(Value::Str(_))) {
            return Err(NOT_STRINGS);
        }
    }
    let options = Options::parse(args)?;
    let bytes = |key| match ctx.keyspace.peek(db, key) {
        Some(Value::Str(value)) => value.bytes(),
        _ => b"",
    };
    let (a, b) = (bytes(args.at(1)), bytes(args.at(2)));
    let table = Table::new(a, b)?;
    if options.idx {
        let matches = table.matches(&options);
        reply_matches(ctx.reply, &matches, table.longest(), &options);
    } else if options.len {
        ctx.reply.int(i64::from(table.longest()));
    } else {
        ctx.reply.bulk(&table.subsequence());
    }
    Ok(())
}

/// A run of bytes that both strings have: where it starts in each, and its length.
#[derive(Debug, Clone, Copy)]
struct Match {
    a: usize,
    b: usize,
    len: usize,
}

fn reply_matches(reply: &mut Reply, matches: &[Match], longest: u32, options: &Options) {
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(matches.len());
    for found in matches {
        reply.array(2 + usize::from(options.with_match_len));
        for start in [found.a, found.b] {
            reply.array(2);
            reply.count(start);
            reply.count(start + found.len - 1);
        }
        if options.with_match_len {
            reply.count(found.len);
        }
    }
    reply.bulk(b"len");
    reply.int(i64::from(longest));
}

/// Lengths of the longest common subsequences of all prefixes.
#[derive(Debug)]
struct Table<'a> {
    a: &'a [u8],
    b: &'a [u8],
    lengths: Vec<u32>,
}

impl<'a> Table<'a> {
    fn new(a: &'a [u8], b: &'a [u8]) -> Result<Self, CmdError> {
        let width = b.len() + 1;
        let cells = (a.len() as u64 + 1) * width as u64;
        if cells * 4 > super::STRING_MAX as u64 {
            return Err(TOO_LARGE);
        }
        let mut lengths = vec![0_u32; cells as usize];
        for i in 1..=a.len() {
            let (above, row) = lengths[(i - 1) * width..(i + 1) * width].split_at_mut(width);
            for j in 1..=b.len() {
                row[j] =
                    if a[i - 1] == b[j - 1] { above[j - 1] + 1 } else { above[j].max(row[j - 1]) };
            }
        }
        Ok(Self { a, b, lengths })
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.lengths[i * (self.b.len() + 1) + j]
    }

    fn longest(&self) -> u32 {
        self.at(self.a.len(), self.b.len())
    }

    /// Walks from the end to the start; `step` gets the indexes of each common byte. Of equally
    /// long ways it takes Redis's.
    fn trace(&self, mut step: impl FnMut(usize, usize)) {
        let (mut i, mut j) = (self.a.len(), self.b.len());
        while i > 0 && j > 0 {
            if self.a[i - 1] == self.b[j - 1] {
                (i, j) = (i - 1, j - 1);
                step(i, j);
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
    }

    fn subsequence(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.longest() as usize);
        self.trace(|i, _| bytes.push(self.a[i]));
        bytes.reverse();
        bytes
    }

    /// The runs, last first.
    fn matches(&self, options: &Options) -> Vec<Match> {
        let mut runs: Vec<Match> = Vec::new();
        self.trace(|a, b| match runs.last_mut() {
            Some(run) if run.a == a + 1 && run.b == b + 1 => {
                *run = Match { a, b, len: run.len + 1 };
            }
            _ => runs.push(Match { a, b, len: 1 }),
        });
        runs.retain(|run| run.len as i64 >= options.min_match_len);
        runs
    }
}
