//! List commands.
//!
//! The blocking forms (`BLPOP`, `BRPOP`, `BLMOVE`, `BRPOPLPUSH`, `BLMPOP`) act as their other forms
//! with data. Without data they answer null, as Redis does inside MULTI, and tell the node what to
//! wait for.

mod blocking;
mod edit;
mod pop;
mod push;
mod read;
mod specs;

pub(crate) use specs::COMMANDS;

use super::CmdError;
use crate::keyspace::list::{End, List};
use crate::keyspace::{Keyspace, Value};
use crate::num::parse_i64;

/// The list under `key`, for reading.
fn list<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a List>, CmdError> {
    match keyspace.get(db, key) {
        None => Ok(None),
        Some(Value::List(list)) => Ok(Some(list)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// The list under `key`, to be changed.
fn list_mut<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a mut List>, CmdError> {
    match keyspace.get_mut(db, key) {
        None => Ok(None),
        Some(Value::List(list)) => Ok(Some(list)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

fn int(arg: &[u8]) -> Result<i64, CmdError> {
    parse_i64(arg).ok_or(CmdError::NOT_INT)
}

/// An integer of at least `min`; anything else is the error `message`.
fn int_from(arg: &[u8], min: i64, message: &'static str) -> Result<i64, CmdError> {
    parse_i64(arg).filter(|value| *value >= min).ok_or(CmdError::fixed(message))
}

/// `LEFT` or `RIGHT`.
fn end(arg: &[u8]) -> Result<End, CmdError> {
    if arg.eq_ignore_ascii_case(b"left") {
        Ok(End::Head)
    } else if arg.eq_ignore_ascii_case(b"right") {
        Ok(End::Tail)
    } else {
        Err(CmdError::SYNTAX)
    }
}

/// `start` and `stop` as commands give them (negative: from the end) to the elements they mean:
/// first index and number.
fn span(start: i64, stop: i64, len: usize) -> (usize, usize) {
    let len = len as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let start = from_end(start).max(0);
    let stop = from_end(stop).min(len - 1);
    if start > stop || start >= len {
        return (0, 0);
    }
    (start as usize, (stop - start + 1) as usize)
}

#[cfg(test)]
mod tests;
