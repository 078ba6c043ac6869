//! What people do to a world.
//!
//! Scripts come from links that anybody may have written: every number and name is checked here,
//! and what cannot be done changes nothing.

use lockstep_core::config::{Config, Reader, parse};
use lockstep_core::node::Signal;

use super::World;
use super::host::Host;
use crate::ids::NodeId;
use crate::script::{
    DELAY_US_MAX, Intervention, JUMP_MS_MAX, LINE_BYTES_MAX, NODES_MAX, SKEW_PPM_MAX, Stop,
};
use crate::step::{Cause, Impossible, Note, Step};

type Outcome = Result<Option<Note>, Impossible>;

impl World {
    /// Does something to the world, now. Always a step, even if it changes nothing (a node that is
    /// not there, a link that is cut already): the step's note says why then.
    pub fn intervene(&mut self, what: Intervention) -> Step {
        self.note = self.try_to(&what).unwrap_or_else(|why| Some(Note::Impossible(why)));
        let cause = Cause::Intervention(what);
        self.finish(cause, true).expect("an intervention is always a step")
    }

    fn try_to(&mut self, what: &Intervention) -> Outcome {
        use Intervention as I;
        match what {
            I::CutLink { a, b, cut } => self.cut_link(*a, *b, *cut)?,
            I::RestoreLink { a, b } => self.restore_link(*a, *b)?,
            I::CutOneWay { from, to } => self.cut_one_way(*from, *to)?,
            I::RestoreOneWay { from, to } => self.restore_one_way(*from, *to)?,
            I::ResetConnections { a, b } => self.reset_connections(*a, *b)?,
            I::Heal => self.heal(),
            I::SetLink { a, b, latency_us, bandwidth } => {
                self.shape_link(*a, *b, *latency_us, *bandwidth)?;
            }
            I::SetJitter { a, b, jitter_us } => {
                self.link_mut(*a, *b)?.jitter_us = (*jitter_us).min(DELAY_US_MAX);
            }
            I::SetSegments { a, b, random } => {
                change(&mut self.link_mut(*a, *b)?.random_segments, *random)?;
            }
            I::HoldMessage { message } => return self.hold_message(*message).map(Some),
            I::ReleaseMessage { message } => return self.release_message(*message).map(Some),
            I::ResetAt { message, byte } => return self.reset_at(*message, *byte).map(Some),
            I::AddReplica { .. }
            | I::AddNode { .. }
            | I::AddClient { .. }
            | I::AddWriter { .. } => {
                return self.add(what).map(Some);
            }
            I::Console { node, line } => {
                let console = self.console_of(*node).ok_or(Impossible::NoNode(*node))?;
                self.type_line(console, line)?;
            }
            I::Telnet { node, line } => self.type_raw(*node, line)?,
            I::ClientLine { client, line } => self.type_line(*client, line)?,
            I::CloseClient { client } => self.close_client(*client)?,
            I::Traffic { node, every_ms } => self.set_traffic(*node, *every_ms)?,
            I::SetWriter { client, every_us } => self.set_pace(*client, *every_us)?,
            _ => self.do_to_node(what)?,
        }
        Ok(None)
    }

    /// Ends every fault.
    fn heal(&mut self) {
        self.mend_links();
        let now = self.now;
        for host in &mut self.hosts {
            host.paused = false;
            host.refuses = false;
            host.clock.skew(now, 0);
            host.clock.set(now, self.unix_ms + now.0 / 1_000);
            host.disk.mend();
        }
        self.node_ids().for_each(|node| self.thaw(node));
    }

    fn do_to_node(&mut self, what: &Intervention) -> Result<(), Impossible> {
        use Intervention as I;
        let now = self.now;
        match what {
            I::StopNode { node, stop } => self.stop_node(*node, *stop)?,
            I::StartNode { node } => {
                if self.checked_host(*node)?.node.is_some() {
                    return Err(Impossible::Running(*node));
                }
                self.power_on(*node);
            }
            I::PauseNode { node, paused } => {
                if self.checked_host(*node)?.node.is_none() {
                    return Err(Impossible::Down(*node));
                }
                change(&mut self.hosts[node.0 as usize].paused, *paused)?;
                self.thaw(*node);
            }
            I::RefuseConnections { node, refused } => {
                change(&mut self.checked_host(*node)?.refuses, *refused)?;
            }
            I::SkewClock { node, ppm } => {
                let ppm = (*ppm).clamp(-SKEW_PPM_MAX, SKEW_PPM_MAX);
                self.checked_host(*node)?.clock.skew(now, ppm);
            }
            I::JumpClock { node, ms } => {
                self.checked_host(*node)?.clock.jump((*ms).clamp(-JUMP_MS_MAX, JUMP_MS_MAX));
            }
            I::SetDisk { node, latency_us, bandwidth } => {
                let disk = &mut self.checked_host(*node)?.disk;
                disk.latency_us = (*latency_us).min(DELAY_US_MAX);
                disk.bandwidth = *bandwidth;
            }
            I::BreakDisk { node, fault } => {
                change(&mut self.checked_host(*node)?.disk.fault, *fault)?
            }
            _ => {}
        }
        Ok(())
    }

    /// A host, if there is such a one.
    pub(super) fn checked_host(&mut self, node: NodeId) -> Result<&mut Host, Impossible> {
        self.hosts.get_mut(node.0 as usize).ok_or(Impossible::NoNode(node))
    }

    /// Makes a link this fast, for what is sent from now on.
    pub(crate) fn shape_link(
        &mut self,
        a: NodeId,
        b: NodeId,
        latency_us: u64,
        bandwidth: u64,
    ) -> Result<(), Impossible> {
        let link = self.link_mut(a, b)?;
        link.latency_us = latency_us.min(DELAY_US_MAX);
        link.bandwidth = bandwidth;
        Ok(())
    }

    fn link_mut(&mut self, a: NodeId, b: NodeId) -> Result<&mut super::net::Link, Impossible> {
        self.links.get_mut(&(a.min(b), a.max(b))).ok_or(Impossible::NoLink(a, b))
    }

    fn stop_node(&mut self, node: NodeId, stop: Stop) -> Result<(), Impossible> {
        let host = self.checked_host(node)?;
        let (down, dark) = (host.node.is_none(), host.dark);
        match stop {
            Stop::PowerLoss if dark => return Err(Impossible::AlreadySo),
            Stop::Graceful | Stop::Crash if down => return Err(Impossible::Down(node)),
            Stop::Graceful => {
                let now = self.clock(node);
                self.with_node(node, |n| n.handle_signal(now, Signal::Term));
            }
            Stop::Crash | Stop::PowerLoss => self.power_off(node, stop),
        }
        Ok(())
    }

    fn add(&mut self, what: &Intervention) -> Result<Note, Impossible> {
        match what {
            Intervention::AddReplica { of } => {
                let master = self.checked_host(*of)?;
                let mut config = master.config.clone();
                config.replicaof = Some((super::IP.to_owned(), master.port));
                config.port = 0;
                self.add_node(config)
            }
            Intervention::AddNode { config } => {
                if config.len() > LINE_BYTES_MAX {
                    return Err(Impossible::TooLong);
                }
                self.add_node(read_config(config)?)
            }
            Intervention::AddClient { node } => self.add_second_console(*node).map(Note::Client),
            Intervention::AddWriter { node, every_us, line, keys } => {
                self.add_writer(*node, *every_us, line, *keys).map(Note::Client)
            }
            _ => Err(Impossible::AlreadySo),
        }
    }

    /// Adds a node; port 0: the next free one.
    fn add_node(&mut self, mut config: Config) -> Result<Note, Impossible> {
        if self.hosts.len() >= NODES_MAX {
            return Err(Impossible::TooManyNodes);
        }
        let last = self.hosts.iter().map(|h| h.port).max().unwrap_or(0);
        if config.port == 0 {
            config.port = last.checked_add(1).ok_or(Impossible::PortTaken(last))?;
        }
        if self.hosts.iter().any(|h| h.port == config.port) {
            return Err(Impossible::PortTaken(config.port));
        }
        Ok(Note::Node(self.add_host(config, None)))
    }
}

/// Reads the text of a configuration file. What it does not say is as `redis-server` has it.
fn read_config(text: &str) -> Result<Config, Impossible> {
    let mut reader = Reader::new(Config { port: 0, ..Config::default() });
    for (_, line) in parse::lines(text.as_bytes()) {
        let bad = |error: String| {
            let line = String::from_utf8_lossy(line).into_owned();
            Impossible::BadConfig { line, error }
        };
        reader.line(line).map_err(|error| bad(error.to_string()))?;
    }
    Ok(reader.finish())
}

/// Changes something that could be so already.
fn change<T: PartialEq>(place: &mut T, to: T) -> Result<(), Impossible> {
    if *place == to {
        return Err(Impossible::AlreadySo);
    }
    *place = to;
    Ok(())
}
