//! Which Redis a node replicates like.
//!
//! The facts of each era, from the sources of 2.6.13, 2.8, 3.2 and 4.0; 7 is 7.0.15, measured. Only
//! replication differs: the commands, and everything else, are always those of 7.

use super::own::single;
use super::value::ValueError;
use super::{Config, Source};

/// `lockstep-era`: the Redis whose way of replicating a node follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum Era {
    /// `SYNC` only: every reconnection is a full resynchronisation.
    V2_6,
    /// `PSYNC` by run id, a backlog, acknowledgements.
    V2_8,
    /// `REPLCONF capa eof`, and aux fields in the RDB.
    V3_2,
    /// PSYNC2: replication ids that outlive a promotion and a replica's restart.
    V4_0,
    /// Everything.
    #[default]
    V7,
}

impl Era {
    /// All, oldest first.
    pub const ALL: [Self; 5] = [Self::V2_6, Self::V2_8, Self::V3_2, Self::V4_0, Self::V7];

    /// The name in the directive.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_6 => "2.6",
            Self::V2_8 => "2.8",
            Self::V3_2 => "3.2",
            Self::V4_0 => "4.0",
            Self::V7 => "7",
        }
    }

    /// `redis-ver` in the RDB.
    pub const fn redis_version(self) -> &'static str {
        match self {
            Self::V2_6 => "2.6.17",
            Self::V2_8 => "2.8.24",
            Self::V3_2 => "3.2.12",
            Self::V4_0 => "4.0.14",
            Self::V7 => "7.0.15",
        }
    }

    /// The version of the RDB that is written.
    pub fn rdb_version(self) -> u16 {
        match self {
            Self::V2_6 | Self::V2_8 => 6,
            Self::V3_2 => 7,
            Self::V4_0 => 8,
            Self::V7 => 10,
        }
    }

    /// `PSYNC`, a backlog, acknowledgements, offsets in `INFO`.
    pub fn has_psync(self) -> bool {
        self >= Self::V2_8
    }

    /// `REPLCONF capa` and `ip-address`.
    pub fn has_capa(self) -> bool {
        self >= Self::V3_2
    }

    /// Replication ids of their own, and a second one; before, the id is the master's run id.
    pub fn has_psync2(self) -> bool {
        self >= Self::V4_0
    }

    /// The newest: times are streamed as absolute ones, the handshake is pipelined, a lost link is
    /// dialled again at once.
    pub fn is_modern(self) -> bool {
        self == Self::V7
    }
}

/// What the fields of `INFO` are called that came with a later Redis, as beginnings of their names.
const LATER_FIELDS: &[(&str, Era)] = &[
    ("master_failover_state", Era::V7),
    ("master_replid", Era::V4_0),
    ("master_repl_offset", Era::V2_8),
    ("second_repl_offset", Era::V4_0),
    ("repl_backlog_", Era::V2_8),
    ("slave_repl_offset", Era::V2_8),
    ("slave_read_repl_offset", Era::V7),
    ("replica_announced", Era::V7),
    ("min_slaves_", Era::V2_8),
    ("master_sync_total_bytes", Era::V7),
    ("master_sync_read_bytes", Era::V7),
    ("master_sync_perc", Era::V7),
    ("sync_", Era::V2_8),
];

impl Era {
    /// Leaves in a section of `INFO` what this era knows, in its form.
    pub(crate) fn info(self, section: &str) -> String {
        let known = |line: &&str| {
            LATER_FIELDS.iter().all(|(name, since)| self >= *since || !line.starts_with(name))
        };
        let mut kept = String::with_capacity(section.len());
        for line in section.split_inclusive("\r\n").filter(known) {
            match self.has_psync() {
                true => kept.push_str(line),
                false => kept.push_str(&positional(line)),
            }
        }
        kept
    }
}

/// 2.6 shows a replica as `slave0:127.0.0.1,6381,online`.
fn positional(line: &str) -> String {
    let replica = line.split_once(":ip=").filter(|(name, _)| name.starts_with("slave"));
    let Some((name, rest)) = replica else { return line.to_owned() };
    let mut parts = rest.split(',').map(|part| part.rsplit_once('=').map_or(part, |(_, v)| v));
    let mut next = || parts.next().unwrap_or_default();
    format!("{name}:{},{},{}\r\n", next(), next(), next())
}

/// An era brings the default of its time for `repl-diskless-sync`; what follows may change it.
pub(super) fn set(config: &mut Config, args: &[&[u8]], _: Source) -> Result<(), ValueError> {
    let name = single(args)?;
    let era = Era::ALL.into_iter().find(|era| era.name().as_bytes() == name);
    config.set_era(era.ok_or_else(|| {
        let names = Era::ALL.map(Era::name).join(", ");
        ValueError::from(format!("argument(s) must be one of the following: {names}"))
    })?);
    Ok(())
}

pub(super) fn get(config: &Config) -> Vec<u8> {
    config.era.name().into()
}

impl Config {
    /// `lockstep-era`, with the defaults of its time.
    pub fn set_era(&mut self, era: Era) {
        self.era = era;
        self.repl_diskless_sync = era.is_modern();
    }
}
