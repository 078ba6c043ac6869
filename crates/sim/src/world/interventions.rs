//! What people do to a world.

use super::World;
use crate::ids::{NodeId, WireId};
use crate::message::MessageKind;
use crate::script::{Cut, Intervention, Stop};
use crate::step::{Cause, Step};

/// Most nodes a world may have.
pub const NODES_MAX: usize = 16;

impl World {
    /// Does something to the world, now. Always a step, even if it changes nothing (a node that is
    /// not there, a link that is cut already).
    pub fn intervene(&mut self, what: Intervention) -> Step {
        match &what {
            Intervention::Console { node, line } => self.type_line(*node, line),
            Intervention::Telnet { node, line } if self.has(*node) => self.type_raw(*node, line),
            Intervention::CutLink { a, b, cut } => self.cut_link(*a, *b, *cut),
            Intervention::RestoreLink { a, b } => self.restore_link(*a, *b),
            Intervention::SetLink { a, b, latency_us, bandwidth } => {
                if let Some(link) = self.links.get_mut(&pair(*a, *b)) {
                    link.latency_us = *latency_us;
                    link.bandwidth = *bandwidth;
                }
            }
            Intervention::StopNode { node, stop } if self.has(*node) => match stop {
                Stop::Graceful => {
                    let now = self.clock();
                    self.with_node(*node, |n| {
                        n.handle_signal(now, lockstep_core::node::Signal::Term)
                    });
                }
                Stop::Crash => self.power_off(*node, MessageKind::Reset),
            },
            Intervention::StartNode { node } if self.has(*node) => {
                self.power_on(*node);
                self.kick_all();
            }
            Intervention::PauseNode { node, paused } if self.has(*node) => {
                self.hosts[node.0 as usize].paused = *paused;
                self.kick_all();
            }
            Intervention::AddReplica { of } if self.has(*of) => self.add_replica(*of),
            Intervention::Traffic { node, every_ms } if self.has(*node) => {
                self.set_traffic(*node, *every_ms);
            }
            _ => {}
        }
        self.finish(Cause::Intervention(what), true).expect("an intervention is always a step")
    }

    fn has(&self, node: NodeId) -> bool {
        (node.0 as usize) < self.hosts.len()
    }

    fn cut_link(&mut self, a: NodeId, b: NodeId, cut: Cut) {
        let pair = pair(a, b);
        let Some(link) = self.links.get_mut(&pair) else { return };
        let before = link.cut.replace(cut);
        match cut {
            Cut::Silent if before.is_none() => self.hold_messages(pair),
            Cut::Silent => {}
            Cut::Reset => {
                let ids: Vec<WireId> = self
                    .wires
                    .iter()
                    .filter(|(_, w)| w.nodes() == Some(pair))
                    .map(|(id, _)| *id)
                    .collect();
                for id in ids {
                    self.reset_wire(id);
                }
            }
        }
    }

    fn restore_link(&mut self, a: NodeId, b: NodeId) {
        let pair = pair(a, b);
        let cut = self.links.get_mut(&pair).and_then(|l| l.cut.take());
        if cut.is_some() {
            self.resend_held(pair);
        }
    }

    fn add_replica(&mut self, of: NodeId) {
        if self.hosts.len() >= NODES_MAX {
            return;
        }
        let Some(port) = self.hosts.iter().map(|h| h.port).max().and_then(|p| p.checked_add(1))
        else {
            return;
        };
        let master = &self.hosts[of.0 as usize];
        let mut config = master.config.clone();
        config.port = port;
        config.replicaof = Some((super::IP.to_owned(), master.port));
        self.add_host(config);
    }
}

/// The key of the link between two nodes.
fn pair(a: NodeId, b: NodeId) -> (NodeId, NodeId) {
    (a.min(b), a.max(b))
}
