//! RESP: commands (arrays of bulks, or inline as one types them in telnet) and replies of both
//! versions, with the words of the replication handshake explained.

use lockstep_core::commands::table;

use super::{Builder, Read, Stop, readable};
use crate::i18n::{Key, Say};

/// Nested aggregates deeper than this are left unexplained.
const DEPTH_MAX: u8 = 9;

/// Commands until the end of the input.
pub(super) fn commands(b: &mut Builder<'_>) -> Read<()> {
    while b.goes_on() {
        b.depth = 0;
        command(b)?;
    }
    b.wanted_or_done()
}

/// Replies until the end of the input.
pub(super) fn replies(b: &mut Builder<'_>) -> Read<()> {
    while b.goes_on() {
        b.depth = 0;
        reply(b)?;
    }
    b.wanted_or_done()
}

/// The length of the line at the start of the rest, its end included.
fn line_len(b: &Builder<'_>) -> Read<usize> {
    b.rest().iter().position(|&byte| byte == b'\n').map(|at| at + 1).ok_or(Stop::CutOff)
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn number(digits: &[u8]) -> Read<i64> {
    let text = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
    text.ok_or(Stop::Odd)
}

fn command(b: &mut Builder<'_>) -> Read<()> {
    match b.first()? {
        b'*' => array_command(b),
        b'\n' => keepalive(b),
        _ => inline_command(b),
    }
}

fn keepalive(b: &mut Builder<'_>) -> Read<()> {
    b.row(Key::DissectKeepalive);
    b.note(Key::DissectKeepaliveNote);
    b.leaf(1, Key::DissectKeepalive).map(drop)
}

fn inline_command(b: &mut Builder<'_>) -> Read<()> {
    let len = line_len(b)?;
    let line = b.peek(len)?;
    let content = trimmed(line);
    if content.iter().all(u8::is_ascii_whitespace) {
        b.row(Key::DissectEmpty);
        b.note(Key::DissectEmptyNote);
        return b.leaf(len, Key::DissectEmpty).map(drop);
    }
    b.row(Key::DissectInline);
    b.note(Key::DissectInlineNote);
    let quoted = content.iter().any(|&byte| matches!(byte, b'"' | b'\''));
    if quoted {
        b.leaf(content.len(), Key::DissectInline)?;
    } else {
        inline_words(b, content)?;
    }
    b.minor(len - content.len(), Key::DissectLineEnd).map(drop)
}

fn inline_words(b: &mut Builder<'_>, content: &[u8]) -> Read<()> {
    let mut words: Vec<&[u8]> = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        b.minor(spaces, Key::DissectSpace)?;
        rest = &rest[spaces..];
        let len = rest.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let (word, after) = rest.split_at(len);
        b.leaf(len, meaning(&words, word).0)?;
        words.push(word);
        rest = after;
    }
    Ok(())
}

fn array_command(b: &mut Builder<'_>) -> Read<()> {
    let len = line_len(b)?;
    let count = number(&trimmed(b.peek(len)?)[1..])?;
    if count <= 0 {
        b.row(Key::DissectEmpty);
        b.note(Key::DissectEmptyNote);
        return b.leaf(len, Key::DissectEmpty).map(drop);
    }
    b.row(Say::with(Key::DissectArray, &[&count]));
    b.leaf(len, Say::with(Key::DissectArrayHead, &[&count]))?;
    b.depth = 1;
    let mut words: Vec<&[u8]> = Vec::new();
    for index in 0..count {
        b.wanted()?;
        b.row(Say::with(Key::DissectArgument, &[&index]));
        let word = bulk(b, &words)?;
        words.push(word);
    }
    Ok(())
}

/// One bulk of a command whose earlier words are known: these tell what it means.
fn bulk<'a>(b: &mut Builder<'a>, before: &[&[u8]]) -> Read<&'a [u8]> {
    if b.first()? != b'$' {
        return Err(Stop::Odd);
    }
    let head = line_len(b)?;
    let len = number(&trimmed(b.peek(head)?)[1..])?;
    let len = usize::try_from(len).map_err(|_| Stop::Odd)?;
    b.minor(head, Say::with(Key::DissectBulkHead, &[&len]))?;
    let there = b.peek(len.min(b.rest().len()))?;
    let (label, note) = meaning(before, there);
    b.relabel(label.clone());
    if let Some(note) = note {
        b.note(note);
    }
    let content = b.begun(len, label)?;
    line_end(b)?;
    Ok(content)
}

/// The line end after a string.
fn line_end(b: &mut Builder<'_>) -> Read<()> {
    b.begun_minor(2, Key::DissectLineEnd)
}

/// What an argument of a command is.
fn meaning(before: &[&[u8]], word: &[u8]) -> (Say, Option<Key>) {
    let Some(name) = before.first() else {
        return (Key::DissectCommand.into(), command_note(word));
    };
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    let position = before.len();
    let (label, note) = if is("PSYNC") {
        match (position, word) {
            (1, b"?") => (Key::DissectNoHistory, Some(Key::DissectNoHistoryNote)),
            (1, _) => (Key::DissectReplid, Some(Key::DissectReplidNote)),
            (2, b"-1") => (Key::DissectNoOffset, None),
            _ => (Key::DissectPsyncOffset, Some(Key::DissectPsyncOffsetNote)),
        }
    } else if is("REPLCONF") {
        replconf(before, word)
    } else if is("SELECT") {
        (Key::DissectDatabase, None)
    } else if is("AUTH") {
        (Key::DissectSecret, None)
    } else {
        return (named(before, word), None);
    };
    (label.into(), note)
}

/// An argument by the name that the table of commands gives it: by its place, by the token before
/// it, or by its place in what is repeated.
fn named(before: &[&[u8]], word: &[u8]) -> Say {
    let position = before.len();
    let syntax = table::lookup(before[0]).map_or("", |spec| spec.docs().syntax);
    let leading: Vec<&str> =
        syntax.split_whitespace().take_while(|word| !word.starts_with(['[', '<'])).collect();
    if let Some(name) = leading.get(position - 1) {
        return argument_name(name);
    }
    let marks = ['[', ']', '<', '>', '|', ' '];
    let words: Vec<&str> = syntax.split(marks).filter(|word| !word.is_empty()).collect();
    let token = |arg: &[u8]| {
        words.iter().position(|word| {
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && arg.eq_ignore_ascii_case(word.as_bytes())
        })
    };
    if token(word).is_some() {
        return Key::DissectOption.into();
    }
    let after = before.last().and_then(|last| token(last)).and_then(|at| words.get(at + 1));
    let lower = |word: &&&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    if let Some(name) = after.filter(lower) {
        return argument_name(name);
    }
    let repeated = syntax.rfind(" ...]").and_then(|end| {
        let start = syntax[..end].rfind('[')? + 1;
        Some(syntax[start..end].split(' ').collect::<Vec<&str>>())
    });
    match repeated.filter(|group| !group.iter().any(|word| token(word.as_bytes()).is_some())) {
        Some(group) if !group.is_empty() => {
            argument_name(group[(position - 1 - leading.len()) % group.len()])
        }
        _ => Say::with(Key::DissectArgument, &[&position]),
    }
}

fn argument_name(name: &str) -> Say {
    match name {
        "key" => Key::DissectKey.into(),
        "value" => Key::DissectValue.into(),
        "field" => Key::DissectField.into(),
        "member" => Key::DissectMember.into(),
        "element" => Key::DissectElement.into(),
        "score" => Key::DissectScore.into(),
        name => Say::with(Key::DissectNamed, &[&name]),
    }
}

fn command_note(word: &[u8]) -> Option<Key> {
    let notes = [
        ("PING", Key::DissectPingNote),
        ("PSYNC", Key::DissectPsyncNote),
        ("SYNC", Key::DissectSyncNote),
        ("REPLCONF", Key::DissectReplconfNote),
        ("SELECT", Key::DissectSelectNote),
        ("MULTI", Key::DissectMultiNote),
    ];
    let found = notes.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|&(_, note)| note)
}

/// Options and values of `REPLCONF` alternate.
fn replconf(before: &[&[u8]], word: &[u8]) -> (Key, Option<Key>) {
    let option = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    if before.len() % 2 == 1 {
        let note = [
            ("ack", Key::DissectAckNote),
            ("getack", Key::DissectGetackNote),
            ("listening-port", Key::DissectPortNote),
            ("capa", Key::DissectCapaNote),
        ];
        let note = note.iter().find(|(name, _)| option(name)).map(|&(_, note)| note);
        return (Key::DissectOption, note);
    }
    let name = before[before.len() - 1];
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    if is("ack") {
        (Key::DissectAckOffset, Some(Key::DissectAckOffsetNote))
    } else if is("listening-port") {
        (Key::DissectPort, None)
    } else if is("ip-address") {
        (Key::DissectIpAddress, None)
    } else if is("getack") {
        (Key::DissectAll, None)
    } else if is("capa") && option("eof") {
        (Key::DissectCapa, Some(Key::DissectCapaEofNote))
    } else if is("capa") && option("psync2") {
        (Key::DissectCapa, Some(Key::DissectCapaPsync2Note))
    } else {
        (Key::DissectValue, None)
    }
}

fn reply(b: &mut Builder<'_>) -> Read<()> {
    let first = b.first()?;
    match first {
        b'\n' | b'\r' => keepalive(b),
        b'+' => simple(b),
        b'-' => line_reply(b, Key::DissectError, Key::DissectErrorMark),
        b':' => line_reply(b, Key::DissectInteger, Key::DissectIntegerMark),
        b',' => line_reply(b, Key::DissectDouble, Key::DissectTypeMark),
        b'#' => line_reply(b, Key::DissectBoolean, Key::DissectTypeMark),
        b'(' => line_reply(b, Key::DissectBigNumber, Key::DissectTypeMark),
        b'_' => line_reply(b, Key::DissectNull, Key::DissectTypeMark),
        b'$' => bulk_reply(b, Key::DissectString),
        b'=' => bulk_reply(b, Key::DissectVerbatim),
        b'!' => bulk_reply(b, Key::DissectError),
        b'*' | b'~' | b'>' | b'%' | b'|' => aggregate(b, first),
        _ => Err(Stop::Odd),
    }
}

/// A type mark, the content of the line, and its end.
fn line_reply(b: &mut Builder<'_>, label: Key, mark: Key) -> Read<()> {
    let len = line_len(b)?;
    let content = trimmed(b.peek(len)?).len();
    b.row(label);
    b.minor(1, mark)?;
    b.leaf(content - 1, label)?;
    b.minor(len - content, Key::DissectLineEnd).map(drop)
}

/// `+OK`, `+PONG`, and the two answers that decide a resynchronisation.
fn simple(b: &mut Builder<'_>) -> Read<()> {
    let len = line_len(b)?;
    let content = trimmed(b.peek(len)?);
    let words: Vec<&[u8]> = content[1..].split(|&byte| byte == b' ').collect();
    let (first, arguments) = match words[0] {
        b"FULLRESYNC" if words.len() == 3 => {
            (Key::DissectFullresync, &[Key::DissectReplid, Key::DissectSnapshotOffset][..])
        }
        b"CONTINUE" if words.len() <= 2 => {
            (Key::DissectContinue, &[Key::DissectContinueReplid][..])
        }
        _ => return line_reply(b, Key::DissectStatus, Key::DissectStatusMark),
    };
    b.row(first);
    b.note(if first == Key::DissectContinue {
        Key::DissectContinueNote
    } else {
        Key::DissectFullresyncNote
    });
    b.minor(1, Key::DissectStatusMark)?;
    b.leaf(words[0].len(), first)?;
    b.depth = 1;
    for (word, &label) in words[1..].iter().zip(arguments) {
        b.row(label);
        if label == Key::DissectSnapshotOffset {
            b.note(Key::DissectSnapshotOffsetNote);
        }
        b.minor(1, Key::DissectSpace)?;
        b.leaf(word.len(), label)?;
    }
    b.minor(len - content.len(), Key::DissectLineEnd).map(drop)
}

fn bulk_reply(b: &mut Builder<'_>, label: Key) -> Read<()> {
    let head = line_len(b)?;
    let len = number(&trimmed(b.peek(head)?)[1..])?;
    if len < 0 {
        b.row(Key::DissectNull);
        return b.leaf(head, Key::DissectNullBulk).map(drop);
    }
    let mut len = usize::try_from(len).map_err(|_| Stop::Odd)?;
    b.row(label);
    b.minor(head, Say::with(Key::DissectBulkHead, &[&len]))?;
    if label == Key::DissectVerbatim && len >= 4 {
        b.begun_minor(4, Key::DissectFormat)?;
        len -= 4;
    }
    b.begun(len, label)?;
    line_end(b)
}

fn aggregate(b: &mut Builder<'_>, mark: u8) -> Read<()> {
    let head = line_len(b)?;
    let line = trimmed(b.peek(head)?);
    let count = number(&line[1..])?;
    let (key, per_item) = match mark {
        b'~' => (Key::DissectSet, 1),
        b'>' => (Key::DissectPush, 1),
        b'%' => (Key::DissectMap, 2),
        b'|' => (Key::DissectAttribute, 2),
        _ => (Key::DissectArray, 1),
    };
    b.row(if count < 0 { Key::DissectNull.into() } else { Say::with(key, &[&count]) });
    b.leaf(head, Say::with(key, &[&readable(&line[1..], 20)]))?;
    if b.depth >= DEPTH_MAX {
        return Err(Stop::Odd);
    }
    let depth = b.depth;
    b.depth += 1;
    for _ in 0..count.saturating_mul(per_item) {
        b.wanted()?;
        let inner = b.depth;
        reply(b)?;
        b.depth = inner;
    }
    b.depth = depth;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use crate::dissect::{Dissection, Reading, readable};
    use crate::i18n::Lang;

    /// One line a row: depth, label, and the bytes of each leaf.
    fn show(reading: Reading, bytes: &[u8]) -> String {
        let whole = Dissection::of(reading, bytes);
        let mut out = String::new();
        for row in &whole.rows {
            out.push_str(&"  ".repeat(usize::from(row.depth)));
            out.push_str(&row.label.to(Lang::En));
            out.push(':');
            for leaf in &whole.leaves[row.leaves.clone()] {
                out.push(' ');
                out.push_str(&readable(&bytes[leaf.start..leaf.end], 12));
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn psync_is_explained_word_by_word() {
        let bytes = b"*3\r\n$5\r\nPSYNC\r\n$4\r\n8f3a\r\n$4\r\n1276\r\n";
        assert_eq!(
            show(Reading::Commands, bytes),
            "array of 3: *3\\r\\n\n\
             \x20 command: $5\\r\\n PSYNC \\r\\n\n\
             \x20 replication ID: $4\\r\\n 8f3a \\r\\n\n\
             \x20 next byte it needs: $4\\r\\n 1276 \\r\\n\n"
        );
    }

    #[test]
    fn the_verdict_of_the_master_is_explained() {
        let bytes = b"+FULLRESYNC 8f3a 3194\r\n";
        assert_eq!(
            show(Reading::Replies, bytes),
            "full resynchronisation: + FULLRESYNC\n\
             \x20 replication ID: . 8f3a\n\
             \x20 offset of the snapshot: . 3194 \\r\\n\n"
                .replace('.', " ")
        );
        assert_eq!(
            show(Reading::Replies, b"+CONTINUE\r\n"),
            "partial resynchronisation: + CONTINUE \\r\\n\n"
        );
    }

    #[test]
    fn inline_commands_and_keepalives_stand_beside_arrays() {
        assert_eq!(
            show(Reading::Commands, b"\nSYNC\r\n*1\r\n$4\r\nPING\r\n"),
            "keep-alive: \\n\ninline command: SYNC \\r\\n\narray of 1: *1\\r\\n\n  command: $4\\r\\n PING \\r\\n\n"
        );
    }

    #[test]
    fn arguments_have_the_names_that_redis_gives_them() {
        let names = |line: &str| -> Vec<String> {
            let whole = Dissection::of(Reading::Commands, format!("{line}\r\n").as_bytes());
            let words = whole.leaves.iter().filter(|leaf| !leaf.minor);
            words.skip(1).map(|leaf| leaf.what.to(Lang::En)).collect()
        };
        assert_eq!(
            names("SET k v PXAT 1767254409743"),
            ["key", "value", "option", "argument: unix-time-milliseconds"]
        );
        assert_eq!(names("HSET h a 1 b 2"), ["key", "field", "value", "field", "value"]);
        assert_eq!(names("RPUSH l a b"), ["key", "element", "element"]);
        assert_eq!(names("NOSUCH a b"), ["argument 1", "argument 2"]);
        assert_eq!(names("REPLCONF GETACK *"), ["option", "anything: Redis ignores it"]);
    }

    #[test]
    fn replies_nest() {
        assert_eq!(
            show(Reading::Replies, b"*2\r\n:1\r\n%1\r\n+a\r\n$-1\r\n-ERR no\r\n"),
            "array of 2: *2\\r\\n\n  integer: : 1 \\r\\n\n  map of 1: %1\\r\\n\n    status: + a \\r\\n\n    \
             null: $-1\\r\\n\nerror: - ERR no \\r\\n\n"
        );
    }
}
