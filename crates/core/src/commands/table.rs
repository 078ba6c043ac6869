//! The table of all commands.

use std::hash::{Hash, Hasher};

use super::{Handler, server::NodeCommand};

/// One command: everything `COMMAND` and the dispatcher need to know.
#[derive(Debug, Clone, Copy)]
pub struct CommandSpec {
    /// Name in lower case. Subcommands (`CONFIG GET`) are handled inside their container.
    pub name: &'static str,
    /// Redis's arity: the exact number of arguments, name included; negative: at least that many.
    pub arity: i16,
    /// What the dispatcher must know before running it.
    pub flags: Flags,
    /// Where its keys are.
    pub keys: Keys,
    /// Its family, as in `COMMAND DOCS`.
    pub group: Group,
    /// Who carries it out.
    pub run: Run,
}

/// What `COMMAND DOCS` tells of a command. Kept apart from [`CommandSpec`]: what runs commands does
/// not need it, and the playground fetches it later.
#[derive(Debug, Clone, Copy)]
pub struct Docs {
    /// The Redis version that introduced it.
    pub since: &'static str,
    /// One line about what it does, in our own words.
    pub summary: &'static str,
    /// Its arguments in Redis's notation (`key value [NX | XX] [GET]`), which redis-cli shows as a
    /// hint.
    pub syntax: &'static str,
}

/// A row of a family's table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(super) spec: CommandSpec,
    pub(super) docs: Docs,
}

impl Row {
    /// The same command with its keys elsewhere.
    pub(super) const fn with_keys(mut self, keys: Keys) -> Self {
        self.spec.keys = keys;
        self
    }
}

/// By its name, which tells it from all others: the rest follows from it, and the address of a
/// handler is another one in every build, and in every process.
impl Hash for CommandSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Who carries a command out.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// A function over the keyspace.
    Data(Handler),
    /// The node itself.
    Node(NodeCommand),
}

/// Redis's command flags, as far as they mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// May change data: refused on a read-only replica.
    pub const WRITE: Self = Self(1);
    /// Never changes data.
    pub const READONLY: Self = Self(1 << 1);
    /// May need more memory.
    pub const DENYOOM: Self = Self(1 << 2);
    /// An administrative command.
    pub const ADMIN: Self = Self(1 << 3);
    /// Constant or logarithmic time.
    pub const FAST: Self = Self(1 << 4);
    /// Allowed while the dataset is being loaded.
    pub const LOADING: Self = Self(1 << 5);
    /// Allowed on a replica with stale data.
    pub const STALE: Self = Self(1 << 6);
    /// Allowed without authentication.
    pub const NO_AUTH: Self = Self(1 << 7);
    /// Not allowed inside MULTI.
    pub const NO_MULTI: Self = Self(1 << 8);
    /// May block the client.
    pub const BLOCKING: Self = Self(1 << 9);
    /// Not from scripts.
    pub const NOSCRIPT: Self = Self(1 << 10);
    /// Publish or subscribe.
    pub const PUBSUB: Self = Self(1 << 11);
    /// Key positions depend on the arguments.
    pub const MOVABLEKEYS: Self = Self(1 << 12);
    /// Propagated even where it is not a write (`PUBLISH`).
    pub const MAY_REPLICATE: Self = Self(1 << 13);
    /// Not shown by MONITOR.
    pub const SKIP_MONITOR: Self = Self(1 << 14);

    /// Both sets of flags.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all flags of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// Positions of keys among the arguments, as in the reply of `COMMAND`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keys {
    /// Index of the first key, 0 if there is none.
    pub first: i16,
    /// Index of the last key; negative counts from the end.
    pub last: i16,
    /// Distance between keys.
    pub step: i16,
}

impl Keys {
    /// No keys.
    pub const NONE: Self = Self { first: 0, last: 0, step: 0 };
    /// One key, the first argument.
    pub const ONE: Self = Self { first: 1, last: 1, step: 1 };
    /// Two keys, the first arguments.
    pub const TWO: Self = Self { first: 1, last: 2, step: 1 };
    /// All arguments are keys.
    pub const ALL: Self = Self { first: 1, last: -1, step: 1 };
    /// Keys and values alternate.
    pub const PAIRS: Self = Self { first: 1, last: -1, step: 2 };
}

/// Families of commands, as in `COMMAND DOCS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Group {
    Generic,
    String,
    Bitmap,
    List,
    Set,
    SortedSet,
    Hash,
    PubSub,
    Transactions,
    Connection,
    Server,
    Cluster,
}

/// Rows of the families' tables.
#[allow(clippy::too_many_arguments)] // a row of a table
impl Group {
    /// A command of this family that is a function over the keyspace.
    pub(crate) const fn data(
        self,
        name: &'static str,
        arity: i16,
        flags: Flags,
        keys: Keys,
        since: &'static str,
        handler: Handler,
        syntax: &'static str,
        summary: &'static str,
    ) -> Row {
        let run = Run::Data(handler);
        let spec = CommandSpec { name, arity, flags, keys, group: self, run };
        Row { spec, docs: Docs { since, summary, syntax } }
    }

    /// A command of this family that the node carries out.
    pub(crate) const fn node(
        self,
        name: &'static str,
        arity: i16,
        flags: Flags,
        keys: Keys,
        since: &'static str,
        command: NodeCommand,
        syntax: &'static str,
        summary: &'static str,
    ) -> Row {
        let run = Run::Node(command);
        let spec = CommandSpec { name, arity, flags, keys, group: self, run };
        Row { spec, docs: Docs { since, summary, syntax } }
    }
}

impl Group {
    /// The name in `COMMAND DOCS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::String => "string",
            Self::Bitmap => "bitmap",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "sorted-set",
            Self::Hash => "hash",
            Self::PubSub => "pubsub",
            Self::Transactions => "transactions",
            Self::Connection => "connection",
            Self::Server => "server",
            Self::Cluster => "cluster",
        }
    }
}

/// The families' tables.
const FAMILIES: &[&[Row]] = &[
    super::string::COMMANDS,
    super::bitmap::COMMANDS,
    super::keys::COMMANDS,
    super::list::COMMANDS,
    super::hash::COMMANDS,
    super::set::COMMANDS,
    super::zset::COMMANDS,
    super::pubsub::COMMANDS,
    super::server::COMMANDS,
];

const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

/// All rows, family by family.
#[allow(clippy::large_const_arrays)] // nothing reads it but the compiler
const ROWS: [Row; COUNT] = {
    let mut rows = [FAMILIES[0][0]; COUNT];
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut at = 0;
        while at < FAMILIES[family].len() {
            rows[count] = FAMILIES[family][at];
            (count, at) = (count + 1, at + 1);
        }
        family += 1;
    }
    rows
};

static SPECS: [CommandSpec; COUNT] = {
    let mut specs = [ROWS[0].spec; COUNT];
    let mut at = 0;
    while at < COUNT {
        specs[at] = ROWS[at].spec;
        at += 1;
    }
    specs
};

/// Of the commands in the same places.
static DOCS: [Docs; COUNT] = {
    let mut docs = [ROWS[0].docs; COUNT];
    let mut at = 0;
    while at < COUNT {
        docs[at] = ROWS[at].docs;
        at += 1;
    }
    docs
};

impl CommandSpec {
    /// What `COMMAND DOCS` tells of it.
    pub fn docs(&self) -> &'static Docs {
        let place = SPECS.iter().position(|spec| spec.name == self.name);
        &DOCS[place.unwrap_or_default()]
    }
}

/// All commands, family by family.
pub fn all() -> impl Iterator<Item = &'static CommandSpec> {
    SPECS.iter()
}

const SLOTS: usize = 1024;

/// Open addressing over the names; built once, when the first node needs it.
static INDEX: std::sync::LazyLock<[Option<&'static CommandSpec>; SLOTS]> =
    std::sync::LazyLock::new(|| {
        let mut slots = [None; SLOTS];
        for spec in all() {
            let mut at = slot(spec.name.as_bytes());
            while slots[at].is_some() {
                at = (at + 1) % SLOTS;
            }
            slots[at] = Some(spec);
        }
        slots
    });

fn slot(name: &[u8]) -> usize {
    // FNV-1a over the lower-cased letters: names are short, and the table is a few cache lines.
    let hash = name.iter().fold(0x811c_9dc5_u32, |h, b| {
        (h ^ u32::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    (hash ^ (hash >> 15)) as usize % SLOTS
}

/// The command of that name, in any case.
pub fn lookup(name: &[u8]) -> Option<&'static CommandSpec> {
    let mut at = slot(name);
    while let Some(spec) = INDEX[at] {
        if spec.name.as_bytes().eq_ignore_ascii_case(name) {
            return Some(spec);
        }
        at = (at + 1) % SLOTS;
    }
    None
}
