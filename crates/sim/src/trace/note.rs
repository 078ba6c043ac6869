//! What a line says of an intervention beside what it was: one more field, if there is more to
//! know.

use super::text::{Fields, Writer};
use crate::step::{Impossible, Note};

/// Longest text of a message that is quoted, in characters.
const LABEL_MAX: usize = 60;

/// What is to be known about an intervention beside what it was: [`Note`], as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// It changed nothing, and why.
    Impossible(String),
    /// It was about this message: who sent it, to whom, and what it is.
    About(String),
    /// It gave this node or client to the world.
    Gave(String),
}

impl Remark {
    /// Of a step's note. `None`: it is not about an intervention.
    pub(super) fn new(note: &Note) -> Option<Self> {
        Some(match note {
            Note::Impossible(why) => Self::Impossible(reason(why)),
            Note::About(m) => Self::About(format!("{} > {}: {}", m.from, m.to, m.label(LABEL_MAX))),
            Note::Node(id) => Self::Gave(id.to_string()),
            Note::Client(id) => Self::Gave(id.to_string()),
            Note::Unclaimed => return None,
        })
    }

    pub(super) fn put(&self, line: &mut Writer<'_>) {
        match self {
            Self::Impossible(why) => line.put("impossible", why),
            Self::About(message) => line.put("about", message),
            Self::Gave(name) => line.word("gave", name),
        }
    }

    pub(super) fn take(fields: &Fields<'_>) -> Result<Option<Self>, String> {
        if let Some(why) = fields.take_if_any("impossible")? {
            return Ok(Some(Self::Impossible(why)));
        }
        if let Some(message) = fields.take_if_any("about")? {
            return Ok(Some(Self::About(message)));
        }
        Ok(fields.text("gave").map(|name| Self::Gave(name.to_owned())))
    }
}

/// Why nothing changed, in words of the format's own: sentences may be put better some day.
fn reason(why: &Impossible) -> String {
    use Impossible as I;
    match why {
        I::NoNode(id) => format!("no node {id}"),
        I::NoLink(a, b) => format!("no link between {a} and {b}"),
        I::NoClient(id) => format!("no such client {id}"),
        I::NoMessage(id) => format!("no message {id} on its way"),
        I::Running(id) => format!("{id} is running"),
        I::Down(id) => format!("{id} is down"),
        I::TooManyNodes => "too many nodes".to_owned(),
        I::TooManyClients => "too many clients".to_owned(),
        I::PortTaken(port) => format!("port {port} is taken"),
        I::BadConfig { line, error } => format!("bad configuration `{line}`: {error}"),
        I::TooLong => "text too long".to_owned(),
        I::AlreadySo => "already so".to_owned(),
    }
}
