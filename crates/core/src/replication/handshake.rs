//! The replica's side of the handshake: what it sends, and what it makes of each reply.
//!
//! Order (Redis 2.8 and later): `PING`; then in one go `AUTH` (with a password),
//! `REPLCONF listening-port`, `REPLCONF ip-address` (if announced), `REPLCONF capa`; after all
//! their replies `PSYNC`.
//!
//! Before Redis 7 each was sent, as an inline command, when the one before it had been answered;
//! before 3.2 there was no `capa`, before 2.8 `SYNC` in place of `PSYNC`.

use super::for_log;
use super::state::ReplState;
use crate::id::ReplId;
use crate::resp::request::encode;

/// What a replica says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// `masteruser`; empty: the default user.
    pub user: &'a [u8],
    /// `masterauth`; empty: no `AUTH`.
    pub password: &'a [u8],
    /// Announced port.
    pub port: u16,
    /// Announced address; empty: the master takes the connection's.
    pub ip: &'a str,
    /// Pipelined, as arrays; otherwise one by one, inline.
    pub modern: bool,
    /// Whether it says `capa` (and `ip-address`).
    pub capa: bool,
    /// Whether it says `capa psync2`.
    pub psync2: bool,
}

/// What a reply led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The handshake goes on in this state. The note, if any, belongs into the log.
    Next(ReplState, Option<String>),
    /// The master cannot be replicated from; the text belongs into the log.
    Failed(String),
}

/// Appends a command, as an array or inline.
pub fn say(modern: bool, out: &mut Vec<u8>, words: &[&[u8]]) {
    if modern {
        return encode(out, words);
    }
    out.extend_from_slice(&words.join(&b' '));
    out.extend_from_slice(b"\r\n");
}

/// Takes the reply to `PING`: the handshake proper can begin, even if the master wants a password
/// first.
pub fn ping_reply(line: &[u8]) -> Progress {
    let needs_auth = [&b"-NOAUTH"[..], b"-NOPERM", b"-ERR operation not permitted"];
    if line.first() == Some(&b'+') || needs_auth.iter().any(|e| line.starts_with(e)) {
        let note = "Master replied to PING, replication can continue...".into();
        return Progress::Next(ReplState::SendHandshake, Some(note));
    }
    Progress::Failed(format!("Error reply to PING from master: '{}'", for_log(line)))
}

/// Appends everything between `PING` and `PSYNC`, or the first of it, and returns the state that
/// waits for the first reply.
pub fn introduce(who: &Identity<'_>, out: &mut Vec<u8>) -> ReplState {
    let first = match who.password.is_empty() {
        true => ReplState::ReceivePortReply,
        false => ReplState::ReceiveAuthReply,
    };
    let mut state = first;
    while state != ReplState::SendPsync {
        introduce_part(state, who, out);
        if !who.modern {
            break;
        }
        state = after(state, who);
    }
    first
}

/// Appends what is answered in this state.
pub fn introduce_part(state: ReplState, who: &Identity<'_>, out: &mut Vec<u8>) {
    let mut say = |words: &[&[u8]]| say(who.modern, out, words);
    match state {
        ReplState::ReceiveAuthReply if who.user.is_empty() => say(&[b"AUTH", who.password]),
        ReplState::ReceiveAuthReply => say(&[b"AUTH", who.user, who.password]),
        ReplState::ReceivePortReply => {
            say(&[b"REPLCONF", b"listening-port", who.port.to_string().as_bytes()]);
        }
        ReplState::ReceiveIpReply => say(&[b"REPLCONF", b"ip-address", who.ip.as_bytes()]),
        ReplState::ReceiveCapaReply if who.psync2 => {
            say(&[b"REPLCONF", b"capa", b"eof", b"capa", b"psync2"]);
        }
        ReplState::ReceiveCapaReply => say(&[b"REPLCONF", b"capa", b"eof"]),
        _ => {}
    }
}

/// The state after the reply that is awaited in this one.
fn after(state: ReplState, who: &Identity<'_>) -> ReplState {
    match state {
        ReplState::ReceiveAuthReply => ReplState::ReceivePortReply,
        ReplState::ReceivePortReply | ReplState::ReceiveIpReply if !who.capa => {
            ReplState::SendPsync
        }
        ReplState::ReceivePortReply if !who.ip.is_empty() => ReplState::ReceiveIpReply,
        ReplState::ReceivePortReply | ReplState::ReceiveIpReply => ReplState::ReceiveCapaReply,
        _ => ReplState::SendPsync,
    }
}

/// Takes one of the replies to [`introduce`].
pub fn introduction_reply(state: ReplState, line: &[u8], who: &Identity<'_>) -> Progress {
    let refused = line.first() == Some(&b'-');
    let text = for_log(line);
    let note = |what: &str| {
        refused
            .then(|| format!("(Non critical) Master does not understand REPLCONF {what}: {text}"))
    };
    let note = match state {
        ReplState::ReceiveAuthReply if refused => {
            return Progress::Failed(format!("Unable to AUTH to MASTER: {text}"));
        }
        ReplState::ReceiveAuthReply => None,
        ReplState::ReceivePortReply => note("listening-port"),
        ReplState::ReceiveIpReply => note("ip-address"),
        _ => note("capa"),
    };
    Progress::Next(after(state, who), note)
}

/// Appends the `PSYNC`; `None` asks for a full resynchronisation. `failover`: the other end is to
/// take our place as the master.
pub fn ask(modern: bool, history: Option<(ReplId, u64)>, failover: bool, out: &mut Vec<u8>) {
    let (replid, offset) = match &history {
        None => (&b"?"[..], "-1".to_owned()),
        Some((replid, psync_offset)) => (replid.as_bytes(), psync_offset.to_string()),
    };
    let words: [&[u8]; 4] = [b"PSYNC", replid, offset.as_bytes(), b"FAILOVER"];
    say(modern, out, &words[..3 + usize::from(failover)]);
}

/// The master's reply to `PSYNC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PsyncReply {
    /// An empty line: the master is alive and still at work.
    Keepalive,
    /// A snapshot follows.
    FullResync {
        /// The history.
        replid: ReplId,
        /// Offset of the snapshot (`psync_initial_offset`).
        offset: u64,
    },
    /// The stream goes on.
    Continue {
        /// The history's new id, if the master has shifted it.
        replid: Option<ReplId>,
    },
    /// The master cannot serve us now, but will.
    TryLater(String),
    /// The master knows no `PSYNC` (before 2.8), is in error, or says what nobody knows: `SYNC` may
    /// work.
    NotSupported(String),
}

/// Reads the reply to `PSYNC`.
///
/// # Errors
/// `+FULLRESYNC` with an unusable id or offset: the text, for the log.
pub fn psync_reply(line: &[u8]) -> Result<PsyncReply, String> {
    let shown = || for_log(line);
    if line.is_empty() {
        return Ok(PsyncReply::Keepalive);
    }
    let mut words = line.split(|b| *b == b' ').filter(|w| !w.is_empty());
    match words.next() {
        Some(b"+FULLRESYNC") => {
            let replid = words.next().and_then(ReplId::parse);
            let offset = words
                .next()
                .and_then(|w| std::str::from_utf8(w).ok())
                .and_then(|w| w.parse::<u64>().ok())
                .filter(|offset| *offset <= super::OFFSET_MAX);
            match (replid, offset) {
                (Some(replid), Some(offset)) => Ok(PsyncReply::FullResync { replid, offset }),
                _ => Err("Master replied with wrong +FULLRESYNC syntax.".into()),
            }
        }
        Some(b"+CONTINUE") => {
            Ok(PsyncReply::Continue { replid: words.next().and_then(ReplId::parse) })
        }
        Some(b"-NOMASTERLINK" | b"-LOADING") => Ok(PsyncReply::TryLater(shown())),
        _ => Ok(PsyncReply::NotSupported(shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Identity<'_> = Identity {
        user: b"",
        password: b"",
        port: 6381,
        ip: "",
        modern: true,
        capa: true,
        psync2: true,
    };

    #[test]
    fn the_introduction_is_pipelined_in_redis_order() {
        let mut out = Vec::new();
        let who = Identity { user: b"rep", password: b"pw", ip: "10.0.0.2", ..WHO };
        assert_eq!(introduce(&who, &mut out), ReplState::ReceiveAuthReply);
        let expected = "*3\r\n$4\r\nAUTH\r\n$3\r\nrep\r\n$2\r\npw\r\n\
            *3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$4\r\n6381\r\n\
            *3\r\n$8\r\nREPLCONF\r\n$10\r\nip-address\r\n$8\r\n10.0.0.2\r\n\
            *5\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn a_master_that_wants_a_password_is_no_reason_to_stop() {
        let go_on = |line: &[u8]| matches!(ping_reply(line), Progress::Next(..));
        assert!(go_on(b"+PONG") && go_on(b"-NOAUTH Authentication required."));
        assert!(!go_on(b"-MISCONF no") && !go_on(b"$5"));
    }

    #[test]
    fn refused_replconf_is_noted_and_refused_auth_ends_it() {
        let reply = |state, line: &[u8]| introduction_reply(state, line, &WHO);
        let note =
            "(Non critical) Master does not understand REPLCONF listening-port: -ERR unknown";
        assert_eq!(
            reply(ReplState::ReceivePortReply, b"-ERR unknown"),
            Progress::Next(ReplState::ReceiveCapaReply, Some(note.into()))
        );
        assert!(matches!(reply(ReplState::ReceiveAuthReply, b"-WRONGPASS x"), Progress::Failed(_)));
    }

    #[test]
    fn psync_replies_are_told_apart() {
        let id = "0123456789012345678901234567890123456789";
        let replid = ReplId::parse(id.as_bytes()).expect("forty");
        let read = |text: String| psync_reply(text.as_bytes());
        assert_eq!(
            read(format!("+FULLRESYNC {id} 3194")),
            Ok(PsyncReply::FullResync { replid, offset: 3194 })
        );
        assert_eq!(read("+CONTINUE".into()), Ok(PsyncReply::Continue { replid: None }));
        assert_eq!(
            read(format!("+CONTINUE {id}")),
            Ok(PsyncReply::Continue { replid: Some(replid) })
        );
        assert_eq!(read(String::new()), Ok(PsyncReply::Keepalive));
        assert!(matches!(read("-NOMASTERLINK Can't SYNC".into()), Ok(PsyncReply::TryLater(_))));
        assert!(matches!(read("-ERR unknown".into()), Ok(PsyncReply::NotSupported(_))));
        assert_eq!(read("hello".into()), Ok(PsyncReply::NotSupported("hello".into())));
        for bad in ["+FULLRESYNC", "+FULLRESYNC abc 1"] {
            assert!(read(bad.into()).is_err(), "{bad}");
        }
        assert!(read(format!("+FULLRESYNC {id} -1")).is_err());
        // Further bytes of the stream would leave the range of offsets.
        assert!(read(format!("+FULLRESYNC {id} 9223372036854775806")).is_err());
    }
}
