//! Set commands.

mod algebra;
mod edit;
mod random;
mod read;
mod specs;

pub(crate) use specs::COMMANDS;

use super::CmdError;
use crate::keyspace::{Keyspace, Set, Value};

/// The set under `key`, for reading.
fn set<'a>(keyspace: &'a mut Keyspace, db: usize, key: &[u8]) -> Result<Option<&'a Set>, CmdError> {
    match keyspace.get(db, key) {
        None => Ok(None),
        Some(Value::Set(set)) => Ok(Some(set)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// The set under `key`, to be changed.
fn set_mut<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a mut Set>, CmdError> {
    match keyspace.get_mut(db, key) {
        None => Ok(None),
        Some(Value::Set(set)) => Ok(Some(set)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// The set under `key`, created if there is none. The caller adds a member.
fn set_or_new<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<&'a mut Set, CmdError> {
    match keyspace.get_or_insert_with(db, key, || Value::Set(Box::default())) {
        Value::Set(set) => Ok(set),
        _ => Err(CmdError::WRONG_TYPE),
    }
}

#[cfg(test)]
mod tests;
