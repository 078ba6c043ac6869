//! From an RDB stream to a dataset.
//!
//! The stream is loaded into a [`Keyspace`] of its own, which takes the place of the live one when
//! it is complete: a stream that breaks off or lies costs nothing.

use super::{Hash, Keyspace, List, Set, Str, Ttl, Value, ZSet};
use crate::config::EncodingLimits;
use crate::packed::{Elem, Intset, Listpack};
use crate::rdb::{Kind, Meta, Sink, Taken};
use crate::resp::reply::IntBuf;

/// Aux fields kept for the caller: a stream may hold any number of them.
const AUX_FIELDS_MAX: usize = 64;

/// Builds a dataset out of what an RDB reader finds.
#[derive(Debug, Clone, Hash)]
pub struct Loader {
    keyspace: Keyspace,
    limits: EncodingLimits,
    /// Keys whose time has come are left out (a master at start); a replica keeps them until its
    /// master says otherwise.
    drop_expired: bool,
    db: usize,
    key: Vec<u8>,
    expire_at_ms: Option<u64>,
    idle_seconds: Option<u64>,
    value: Building,
    aux: Vec<(Vec<u8>, Vec<u8>)>,
    functions: u64,
    keys: u64,
    expired: Vec<(usize, Vec<u8>)>,
}

/// The value of the current key so far.
#[derive(Debug, Clone)]
enum Building {
    Nothing,
    Str(Str),
    List(Box<List>),
    Hash(Box<Hash>),
    Set(Box<Set>),
    ZSet(Box<ZSet>),
    /// Members of a sorted set, which is built in one go.
    Members(Vec<(Vec<u8>, f64)>),
}

impl std::hash::Hash for Building {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Nothing => {}
            Self::Str(str) => str.hash(state),
            Self::List(list) => list.hash(state),
            Self::Hash(hash) => hash.hash(state),
            Self::Set(set) => set.hash(state),
            Self::ZSet(zset) => zset.hash(state),
            Self::Members(members) => {
                for (member, score) in members {
                    (member, score.to_bits()).hash(state);
                }
            }
        }
    }
}

impl Loader {
    /// A loader into `fresh` databases (see [`Keyspace::fresh`]), whose time is the time of the
    /// load.
    pub fn new(fresh: Keyspace, limits: EncodingLimits, drop_expired: bool) -> Self {
        Self {
            keyspace: fresh,
            limits,
            drop_expired,
            db: 0,
            key: Vec::new(),
            expire_at_ms: None,
            idle_seconds: None,
            value: Building::Nothing,
            aux: Vec::new(),
            functions: 0,
            keys: 0,
            expired: Vec::new(),
        }
    }

    /// Keys loaded so far.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// How many keys were left out because their time had come.
    pub fn expired(&self) -> u64 {
        self.expired.len() as u64
    }

    /// Those keys, each with its database: replicas may still hold them.
    pub fn take_expired(&mut self) -> Vec<(usize, Vec<u8>)> {
        std::mem::take(&mut self.expired)
    }

    /// Libraries of functions that the stream holds and this version leaves out.
    pub fn functions(&self) -> u64 {
        self.functions
    }

    /// The stream's aux fields.
    pub fn aux(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.aux
    }

    /// The dataset.
    pub fn into_keyspace(self) -> Keyspace {
        self.keyspace
    }

    fn list(&mut self) -> Result<&mut List, String> {
        match &mut self.value {
            Building::List(list) => Ok(list),
            _ => Err(misplaced("list")),
        }
    }
}

fn misplaced(kind: &str) -> String {
    format!("an element of a {kind} where none belongs")
}

impl Sink for Loader {
    fn aux(&mut self, name: &[u8], value: &[u8]) -> Taken {
        if self.aux.len() < AUX_FIELDS_MAX {
            self.aux.push((name.to_vec(), value.to_vec()));
        }
        Ok(())
    }

    fn select_db(&mut self, db: u64) -> Taken {
        let databases = self.keyspace.databases();
        self.db = usize::try_from(db).ok().filter(|db| *db < databases).ok_or_else(|| {
            format!(
                "FATAL: Data file was created with a Redis server configured to handle more than \
                 {databases} databases: it uses database {db}. Raise `databases` and try again"
            )
        })?;
        Ok(())
    }

    fn resize_db(&mut self, keys: u64, _expires: u64) -> Taken {
        self.keyspace.reserve(self.db, usize::try_from(keys).unwrap_or(usize::MAX));
        Ok(())
    }

    fn function(&mut self, _code: &[u8]) -> Taken {
        self.functions += 1;
        Ok(())
    }

    fn begin(&mut self, key: &[u8], meta: &Meta) -> Taken {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.expire_at_ms = meta.expire_at_ms;
        self.idle_seconds = meta.idle_seconds;
        self.value = match meta.kind {
            Kind::String => Building::Nothing,
            Kind::List => Building::List(Box::new(List::new())),
            Kind::Hash => Building::Hash(Box::default()),
            Kind::Set => Building::Set(Box::new(Set::new())),
            Kind::ZSet => Building::Members(Vec::new()),
        };
        Ok(())
    }

    fn string(&mut self, value: Elem<'_>) -> Taken {
        self.value = Building::Str(match value {
            Elem::Int(value) => Str::from_int(value),
            Elem::Bytes(bytes) => Str::new(bytes),
        });
        Ok(())
    }

    fn list_item(&mut self, item: &[u8]) -> Taken {
        let size = self.limits.list_size;
        self.list()?.push(super::list::End::Tail, item, size);
        Ok(())
    }

    fn list_node(&mut self, node: Listpack) -> Taken {
        self.list()?.push_listpack(node);
        Ok(())
    }

    fn set_item(&mut self, member: &[u8]) -> Taken {
        let hasher = self.keyspace.hasher();
        let Building::Set(set) = &mut self.value else { return Err(misplaced("set")) };
        match set.add(member, &self.limits, hasher) {
            true => Ok(()),
            false => Err(format!("the member \"{}\" is there twice", member.escape_ascii())),
        }
    }

    fn intset(&mut self, members: Intset) -> Taken {
        let hasher = self.keyspace.hasher();
        self.value = Building::Set(Box::new(Set::from_intset(members, &self.limits, hasher)));
        Ok(())
    }

    fn set_listpack(&mut self, members: Listpack) -> Taken {
        let mut digits = IntBuf::new();
        members.iter().try_for_each(|member| self.set_item(member.as_bytes(&mut digits)))
    }

    fn hash_field(&mut self, field: &[u8], value: &[u8]) -> Taken {
        let hasher = self.keyspace.hasher();
        let Building::Hash(hash) = &mut self.value else { return Err(misplaced("hash")) };
        match hash.set(field, value, &self.limits, hasher) {
            true => Ok(()),
            false => Err(format!("the field \"{}\" is there twice", field.escape_ascii())),
        }
    }

    fn hash_listpack(&mut self, pairs: Listpack) -> Taken {
        let hash = Hash::from_listpack(pairs, &self.limits, self.keyspace.hasher())
            .map_err(|error| error.to_string())?;
        self.value = Building::Hash(Box::new(hash));
        Ok(())
    }

    fn zset_item(&mut self, member: &[u8], score: f64) -> Taken {
        let Building::Members(members) = &mut self.value else {
            return Err(misplaced("sorted set"));
        };
        members.push((member.to_vec(), score));
        Ok(())
    }

    fn zset_listpack(&mut self, pairs: Listpack) -> Taken {
        let hasher = self.keyspace.hasher();
        let zset =
            ZSet::from_listpack(pairs, &self.limits, hasher).map_err(|error| error.to_string())?;
        self.value = Building::ZSet(Box::new(zset));
        Ok(())
    }

    fn end(&mut self) -> Taken {
        let value = match std::mem::replace(&mut self.value, Building::Nothing) {
            Building::Nothing => return Err("the value is missing".into()),
            Building::Str(value) => Value::Str(value),
            Building::List(list) => Value::List(list),
            Building::Hash(hash) => Value::Hash(hash),
            Building::Set(set) => Value::Set(set),
            Building::ZSet(zset) => Value::ZSet(zset),
            Building::Members(members) => {
                let hasher = self.keyspace.hasher();
                let zset = ZSet::from_members(members, &self.limits, hasher)
                    .map_err(|error| error.to_string())?;
                Value::ZSet(Box::new(zset))
            }
        };
        let now = self.keyspace.now_ms();
        if self.drop_expired && self.expire_at_ms.is_some_and(|at| at < now) {
            self.expired.push((self.db, std::mem::take(&mut self.key)));
            return Ok(());
        }
        let ttl = self.expire_at_ms.map_or(Ttl::Clear, Ttl::At);
        if !self.keyspace.insert(self.db, &self.key, value, ttl) {
            return Err("the key is there twice".into());
        }
        if let Some(idle) = self.idle_seconds {
            self.keyspace.set_idle_seconds(self.db, &self.key, idle);
        }
        self.keys += 1;
        Ok(())
    }
}
