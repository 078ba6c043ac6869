//! An RDB file as people look at it: what it says of itself, what keys there are and where, what
//! takes how much room. Works on pieces of the file as they come, and keeps none of them.
//!
//! ```text
//! Index     one pass over the file: its fields, databases, totals, and a short entry for each key
//! Search    the keys that fit a filter, found a slice at a time; sorted, one page of them
//! Prefixes  how many keys and bytes begin alike
//! Value     the value of one key, as far as somebody wants to see it
//! extract   a file of the keys that a node can hold
//! ```
//!
//! Sizes are bytes of the file: what a key takes in it, with its name, its expiry and its value as
//! they are stored there. That is not the memory it takes once it is loaded.

mod extract;
mod index;
mod prefix;
mod search;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod value;

pub use extract::{EXTRACT_BYTES_MAX, Extract, Refusal};
pub use index::{
    Database, Entry, Fault, Index, KEYS_MAX, NAME_BYTES_MAX, NAMES_BYTES_MAX, Total, TypeTotal,
};
pub use prefix::{GROUPS_MAX, Group, Prefixes};
pub use search::{Filter, Order, Search};
pub use value::{Part, Text, VALUE_PARTS, Value};
