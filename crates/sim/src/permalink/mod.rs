//! Permalinks: a world, what was done to it, and where one stands in its history, as a short text
//! that opens the very same moment elsewhere.
//!
//! A link is what follows [`FRAGMENT`] in an address of the page: URL-safe base64 (without padding)
//! of
//!
//! ```text
//! version    1 byte, VERSION
//! checksum   4 bytes, little-endian: the low half of the CRC-64 of the packed body
//! body       packed, see `pack`
//! ```
//!
//! and the body, of numbers (seven bits a byte, the lowest first) and texts (length and UTF-8):
//!
//! ```text
//! start      0, name of a scenario, low 32 bits of the CRC-64 of its world as text
//!            1, the world as the text of a scenario without a script
//! cursor     the step one stands at
//! branch     its name; empty without one
//! acts       how many, then for each: steps since the one before; microseconds since the one
//!            before; the number of the intervention in `scenario::acts`, and what stands in its
//!            places
//! ```
//!
//! # Invariants
//!
//! * Whatever the text, decoding it neither panics nor allocates more than the limits here allow.
//! * A changed or missing character is noticed.

mod pack;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod wire;

use std::fmt;

use lockstep_core::rdb::crc64;
use lockstep_core::time::Instant;

use crate::scenario::{
    self, Arg, FORMS, Instruction, Kind, STEPS_MAX, Scenario, ScenarioError, Statement, build,
    parts,
};
use crate::script::Act;
use crate::timeline::Timeline;
use wire::{Reader, put, put_text};

/// Version of the format.
pub const VERSION: u8 = 1;

/// The address of the page, as `lockstep play` serves it.
pub const PAGE: &str = "http://127.0.0.1:8379/";

/// What stands between the page's address and the link.
pub const FRAGMENT: &str = "#run=";

/// Longest link, in characters.
pub const TEXT_MAX: usize = 64 * 1024;

/// Longest body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// How a world begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// As the scenario of the library of this name begins: this one.
    Named(String, Box<Scenario>),
    /// As this scenario begins. Its script does not matter.
    Inline(Box<Scenario>),
}

/// A moment in a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permalink {
    /// How the world begins.
    pub start: Start,
    /// What was done to it, also after the cursor.
    pub script: Vec<Act>,
    /// The step at which one stands.
    pub cursor: u64,
    /// The name of the branch, if it has one.
    pub branch: Option<String>,
}

/// Why a link cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// It is longer than [`TEXT_MAX`].
    TooLong(usize),
    /// It is too short to be one.
    TooShort,
    /// A character that does not belong into links: its place, from 1, and the character.
    Character(usize, char),
    /// It has another version.
    Version(u8),
    /// Its checksum is wrong.
    Damaged,
    /// Its checksum is right, but this makes no sense.
    Senseless(&'static str),
    /// There is no such scenario.
    UnknownScenario(String),
    /// The scenario of this name begins differently here.
    OtherScenario(String),
    /// The text of its world is wrong.
    Scenario(ScenarioError),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(len) => {
                write!(f, "this link has {len} characters; the longest has {TEXT_MAX}")
            }
            Self::TooShort => write!(
                f,
                "this link is too short: it was not copied whole; what follows `{FRAGMENT}` is \
                 missing"
            ),
            Self::Character(place, c) => write!(
                f,
                "this link is damaged: character {place}, `{}`, does not belong there; copy it \
                 again",
                c.escape_debug()
            ),
            Self::Version(version) => write!(
                f,
                "this link has format {version}, and this Lockstep reads format {VERSION}: it was \
                 made by another version, or is damaged"
            ),
            Self::Damaged => f.write_str(
                "this link is damaged, or was not copied whole: its checksum is wrong; copy it \
                 again",
            ),
            Self::Senseless(what) => {
                write!(f, "this link makes no sense, though it is not damaged: {what}")
            }
            Self::UnknownScenario(name) => {
                write!(f, "this link is about the scenario `{name}`, which does not exist here")
            }
            Self::OtherScenario(name) => write!(
                f,
                "this link is about the scenario `{name}`, which begins differently in this \
                 version of Lockstep"
            ),
            Self::Scenario(error) => write!(f, "the world in this link cannot be made: {error}"),
        }
    }
}

impl std::error::Error for LinkError {}

impl Start {
    /// As the scenario of the library of this name begins; `text` is what the library says of it.
    ///
    /// # Errors
    /// It has none of this name, or cannot read it.
    pub fn named(name: &str, text: Option<&str>) -> Result<Self, LinkError> {
        let text = text.ok_or_else(|| LinkError::UnknownScenario(name.to_owned()))?;
        let scenario = Scenario::parse(text).map_err(LinkError::Scenario)?;
        Ok(Self::Named(name.to_owned(), Box::new(scenario)))
    }

    /// The scenario; its script is not part of the start.
    pub fn scenario(&self) -> &Scenario {
        match self {
            Self::Named(_, scenario) | Self::Inline(scenario) => scenario,
        }
    }
}

impl Permalink {
    /// The whole address.
    pub fn address(&self) -> String {
        format!("{PAGE}{FRAGMENT}{}", self.encode())
    }

    /// What follows [`FRAGMENT`].
    pub fn encode(&self) -> String {
        let mut body = Vec::new();
        match &self.start {
            Start::Named(name, scenario) => {
                put(&mut body, 0);
                put_text(&mut body, name);
                put(&mut body, check(scenario));
            }
            Start::Inline(scenario) => {
                put(&mut body, 1);
                put_text(&mut body, &scenario.header_text());
            }
        }
        put(&mut body, self.cursor);
        put_text(&mut body, self.branch.as_deref().unwrap_or_default());
        put(&mut body, self.script.len() as u64);
        let (mut index, mut at) = (0, 0);
        for act in &self.script {
            put(&mut body, act.index.saturating_sub(index));
            put(&mut body, act.at.0.saturating_sub(at));
            (index, at) = (act.index, act.at.0);
            let (verb, args) = parts(&act.what);
            let form = FORMS.iter().position(|form| form.verb == verb).unwrap_or_default();
            put(&mut body, form as u64);
            for arg in &args {
                match arg {
                    Arg::Number(n) => put(&mut body, *n),
                    Arg::Text(text) => put_text(&mut body, text),
                }
            }
        }
        let packed = pack::pack(&body);
        let mut bytes = vec![VERSION];
        bytes.extend((crc64::update(0, &packed) as u32).to_le_bytes());
        bytes.extend(packed);
        pack::to_text(&bytes)
    }

    /// Reads a link: a whole address, or what follows [`FRAGMENT`] in it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(text: &str) -> Result<Self, LinkError> {
        Self::decode_in(text, |name| scenario::find(name).map(str::to_owned))
    }

    /// As [`Permalink::decode`], with a library that is not this program's: the text of the
    /// scenario of a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode_in(
        text: &str,
        library: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Self, LinkError> {
        let text = text.split_once(FRAGMENT).map_or(text, |(_, link)| link).trim();
        if text.len() > TEXT_MAX {
            return Err(LinkError::TooLong(text.len()));
        }
        let bytes = pack::from_text(text).map_err(|(place, c)| LinkError::Character(place, c))?;
        let (version, rest) = bytes.split_first().ok_or(LinkError::TooShort)?;
        if *version != VERSION {
            return Err(LinkError::Version(*version));
        }
        let (sum, packed) = rest.split_first_chunk::<4>().ok_or(LinkError::TooShort)?;
        // The same bytes as another text would be another link to the same moment: the bits behind
        // the last byte count too.
        if u32::from_le_bytes(*sum) != crc64::update(0, packed) as u32
            || pack::to_text(&bytes) != text
        {
            return Err(LinkError::Damaged);
        }
        let body = pack::unpack(packed, BODY_BYTES_MAX)
            .ok_or(LinkError::Senseless("its body cannot be unpacked"))?;
        body_of(&mut Reader::new(&body), library)
    }

    /// The same as a scenario: its interventions in the places where they were, up to its moment.
    pub fn scenario(&self) -> Scenario {
        let mut scenario = self.start.scenario().clone().with_acts(&self.script);
        let what = Instruction::AtStep(self.cursor, None);
        scenario.script.push(Statement { line: 0, what });
        scenario
    }

    /// The timeline, at its moment.
    ///
    /// # Errors
    /// Its interventions are not in order.
    pub fn open(&self) -> Result<Timeline, LinkError> {
        let world = self.start.scenario().world();
        Timeline::replay(world, self.script.clone(), self.cursor)
            .ok_or(LinkError::Senseless("its interventions are not in order"))
    }
}

/// What tells a scenario's beginning from that of another one by the same name.
fn check(scenario: &Scenario) -> u64 {
    // Only what decides the world: titles may change.
    let titles = (String::new(), String::new());
    let world = Scenario { title: titles.0, title_zh: titles.1, ..scenario.clone() };
    crc64::update(0, world.header_text().as_bytes()) & u64::from(u32::MAX)
}

fn body_of(
    reader: &mut Reader<'_>,
    library: impl FnOnce(&str) -> Option<String>,
) -> Result<Permalink, LinkError> {
    let cut = || LinkError::Senseless("it ends too early");
    let start = match reader.number().ok_or_else(cut)? {
        0 => {
            let name = reader.text().ok_or_else(cut)?.to_owned();
            let sum = reader.number().ok_or_else(cut)?;
            let start = Start::named(&name, library(&name).as_deref())?;
            if check(start.scenario()) != sum {
                return Err(LinkError::OtherScenario(name));
            }
            start
        }
        1 => {
            let text = reader.text().ok_or_else(cut)?;
            Start::Inline(Box::new(Scenario::parse(text).map_err(LinkError::Scenario)?))
        }
        _ => return Err(LinkError::Senseless("it begins neither with a scenario nor a world")),
    };
    let cursor = reader.number().ok_or_else(cut)?;
    if cursor > STEPS_MAX {
        return Err(LinkError::Senseless("it stands at a step that nobody reaches"));
    }
    let branch = reader.text().ok_or_else(cut)?;
    let branch = (!branch.is_empty()).then(|| branch.to_owned());
    let count = reader.number().ok_or_else(cut)?;
    let mut script = Vec::new();
    let (mut index, mut at) = (0, 0);
    for _ in 0..count {
        let act = act(reader, index, at).ok_or_else(cut)?;
        (index, at) = (act.index, act.at.0);
        script.push(act);
        if index > STEPS_MAX || at > scenario::TIME_US_MAX {
            return Err(LinkError::Senseless("something is done at a time that nobody reaches"));
        }
    }
    match reader.is_done() {
        true => Ok(Permalink { start, script, cursor, branch }),
        false => Err(LinkError::Senseless("something follows its end")),
    }
}

/// An intervention; `None` if it is none, or comes no later than the one before.
fn act(reader: &mut Reader<'_>, index: u64, at: u64) -> Option<Act> {
    let index = index.checked_add(reader.number()?.max(1))?;
    let at = Instant(at.checked_add(reader.number()?)?);
    let form = FORMS.get(usize::try_from(reader.number()?).ok()?)?;
    let mut args = Vec::with_capacity(form.args.len());
    for kind in form.args {
        args.push(match kind {
            Kind::Line | Kind::Quoted => Arg::Text(reader.text()?.to_owned()),
            _ => Arg::Number(reader.number()?),
        });
    }
    Some(Act { index, at, what: build(form.verb, args)? })
}
