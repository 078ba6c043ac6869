//! Questions to a node that leave no trace in its world.

use lockstep_core::id::ConnId;
use lockstep_core::node::Origin;
use lockstep_core::resp::request::encode;

use super::{IP, World};
use crate::console;
use crate::ids::NodeId;

impl World {
    /// What a node would answer to a command right now: the reply's bytes. It is asked of a copy,
    /// which is then thrown away: the world stays as it is, and writes come to nothing. The copy
    /// has one client more, and counts one command more.
    ///
    /// `None`: the node is down, does not exist, or would let the client wait; or the line's quotes
    /// are not balanced.
    pub fn ask(&self, node: NodeId, line: &str) -> Option<Vec<u8>> {
        let host = self.hosts.get(node.0 as usize)?;
        let args = console::split_line(line).filter(|args| !args.is_empty())?;
        let mut copy = host.node.clone()?;
        let conn = ConnId { index: host.sockets(), generation: 1 };
        let mut bytes = Vec::new();
        encode(&mut bytes, &args.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let (now, local) = (self.clock(node), host.address());
        copy.handle_open(now, conn, Origin::Accepted { peer: format!("{IP}:0"), local });
        copy.handle_input(now, conn, &bytes);
        while copy.poll_action().is_some() {}
        let mut reply = Vec::new();
        copy.outgoing(conn).slices().for_each(|slice| reply.extend_from_slice(slice));
        (!reply.is_empty()).then_some(reply)
    }
}
