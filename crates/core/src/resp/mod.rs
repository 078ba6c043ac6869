//! RESP, the Redis serialisation protocol, versions 2 and 3.
//!
//! * [`request`]: commands as clients send them (multibulk and inline), parsed resumably into
//!   ranges of the input, without a copy.
//! * [`reply`]: the writer of replies, for either protocol version.
//! * [`decode`]: replies parsed into a tree, for those who look at them (console, inspector,
//!   simulated clients, the replica's handshake).

pub mod decode;
pub mod reply;
pub mod request;

pub use reply::Reply;
pub use request::{Args, Range32};
