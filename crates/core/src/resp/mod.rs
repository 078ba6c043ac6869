//! RESP, the Redis serialisation protocol, versions 2 and 3.
//!
//! * [`request`]: commands as clients send them, as ranges of the input, without a copy.
//! * [`parser`]: finds them (multibulk and inline), resumably.
//! * [`split`]: Redis's quoting, of inline commands and configuration files.
//! * [`number`]: doubles as Redis writes them.
//! * [`reply`]: the writer of replies, for either protocol version.
//! * [`decode`]: replies parsed into a tree, for those who look at them (console, inspector,
//!   simulated clients, the replica's handshake).

pub mod decode;
pub mod number;
pub mod parser;
pub mod reply;
pub mod request;
pub mod split;

pub use parser::{Limits, Parsed, ProtocolError, RequestParser};
pub use reply::Reply;
pub use request::{Args, OwnedArgs, Range32};
