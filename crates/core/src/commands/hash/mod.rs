//! Hash commands.

mod incr;
mod random;
mod read;
mod specs;
mod write;

pub(crate) use specs::COMMANDS;

use super::CmdError;
use crate::keyspace::{Hash, Keyspace, Value};

/// The hash under `key`, for reading.
fn hash<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a Hash>, CmdError> {
    match keyspace.get(db, key) {
        None => Ok(None),
        Some(Value::Hash(hash)) => Ok(Some(hash)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// The hash under `key`, made if there is none, to be changed.
fn hash_or_new<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<&'a mut Hash, CmdError> {
    match keyspace.get_or_insert_with(db, key, || Value::Hash(Box::default())) {
        Value::Hash(hash) => Ok(hash),
        _ => Err(CmdError::WRONG_TYPE),
    }
}

#[cfg(test)]
mod tests;
