//! The panel of a node's host: power, connections, clock, disk, and replicas of other times.

use lockstep_core::config::Era;
use lockstep_sim::view::{NodeView, Power};
use lockstep_sim::{DiskFault, Intervention, NodeId, Stop};
use yew::prelude::*;

use super::links::{BANDWIDTHS, LATENCIES, millis, rate};
use crate::app::{App, Msg, Selected};
use crate::i18n::Key;
use crate::view::dial::Dial;
use crate::view::el::el;
use crate::view::icons::{Icon, icon};

/// How wrong a clock can be set to run, in parts per million, as dials know numbers: above
/// [`RIGHT`] it is fast.
const DRIFTS: &[u64] = &[400_000, 490_000, 499_000, RIGHT, 501_000, 510_000, 600_000];
const RIGHT: u64 = 500_000;

const MINUTE_MS: i64 = 60_000;

impl App {
    /// The button that opens the panel.
    pub(super) fn host_button(&self, ctx: &Context<Self>) -> Html {
        self.button(ctx, "tool", "host", Msg::HostPanel)
            .attr("aria-expanded", self.host_panel.to_string())
            .attr("title", self.t(Key::Host).to_owned())
            .child(icon(Icon::Host))
            .text(self.t(Key::Host))
            .done()
    }

    pub(super) fn host_panel(&self, ctx: &Context<Self>) -> Html {
        let Selected::Node(id) = self.selected else { return Html::default() };
        let node = self.scene.node(id).filter(|_| self.host_panel);
        let Some(node) = node else { return Html::default() };
        let title = self.lang.fill(Key::HostTitle, &[&self.name(id)]);
        let close = self
            .button(ctx, "quiet square close", "host-close", Msg::HostPanel)
            .attr("aria-label", self.t(Key::Close).to_owned())
            .child(icon(Icon::Cross));
        let eras = Era::ALL.iter().map(|era| {
            let port = node.port;
            let config = format!("replicaof 127.0.0.1 {port}\nlockstep-era {}\n", era.name());
            let act = Msg::Act(vec![Intervention::AddNode { config }]);
            self.button(ctx, "seg", &format!("add-{}", era.name()), act).text(era.name()).done()
        });
        let eras = el("div", "row")
            .child(el("span", "small").text(self.t(Key::HostEra)).done())
            .child(el("span", "segs").children(eras.collect()).done());
        el("div", "panel host-panel")
            .id("host-panel")
            .attr("data-refocus", "[data-testid=host]".to_owned())
            .attr("role", "group".to_owned())
            .attr("aria-label", title.clone())
            .child(el("b", "").text(&title).done())
            .child(close.done())
            .children(self.host_dials(ctx, node))
            .child(el("div", "acts").children(self.host_acts(ctx, node)).done())
            .child(eras.done())
            .done()
    }

    fn host_dials(&self, ctx: &Context<Self>, host: &NodeView) -> Vec<Html> {
        let (node, latency_us, bandwidth) = (host.id, host.disk.latency_us, host.disk.bandwidth);
        let latency = Dial {
            id: "disk-latency",
            label: Key::DiskLatency,
            values: LATENCIES,
            at: latency_us,
            text: millis(latency_us),
        };
        let speed = Dial {
            id: "disk-speed",
            label: Key::DiskSpeed,
            values: BANDWIDTHS,
            at: bandwidth,
            text: match bandwidth {
                0 => self.t(Key::LinkUnlimited).to_owned(),
                some => rate(some),
            },
        };
        let ppm = host.clock_ppm;
        let drift = Dial {
            id: "drift",
            label: Key::ClockDrift,
            values: DRIFTS,
            at: RIGHT.saturating_add_signed(ppm),
            text: self.drift(ppm),
        };
        let disk = move |latency_us, bandwidth| {
            Msg::Act(vec![Intervention::SetDisk { node, latency_us, bandwidth }])
        };
        vec![
            self.dial(ctx, latency, move |to| disk(to, bandwidth)),
            self.dial(ctx, speed, move |to| disk(latency_us, to)),
            self.dial(ctx, drift, move |to| {
                let ppm = to as i64 - RIGHT as i64;
                Msg::Act(vec![Intervention::SkewClock { node, ppm }])
            }),
        ]
    }

    /// How wrong a clock runs, in words.
    fn drift(&self, ppm: i64) -> String {
        let size = ppm.unsigned_abs();
        let percent = match size % 10_000 {
            0 => (size / 10_000).to_string(),
            rest => format!("{}.{}", size / 10_000, rest / 1_000),
        };
        match ppm {
            0 => self.t(Key::ClockRight).to_owned(),
            1.. => self.lang.fill(Key::ClockFast, &[&percent]),
            _ => self.lang.fill(Key::ClockSlow, &[&percent]),
        }
    }

    fn host_acts(&self, ctx: &Context<Self>, host: &NodeView) -> Vec<Html> {
        let node: NodeId = host.id;
        let tool = |mark, key, id, act| self.tool(ctx, mark, key, id, vec![act]);
        let disk = |fault| Intervention::BreakDisk { node, fault };
        let mut acts = Vec::new();
        if host.power != Power::Down && host.power != Power::Dark {
            let stop = Intervention::StopNode { node, stop: Stop::PowerLoss };
            acts.push(tool(Icon::Power, Key::DoPowerLoss, "power-loss", stop));
        }
        let refused = !host.refuses;
        let key = if refused { Key::DoRefuse } else { Key::DoAccept };
        let refuse = Intervention::RefuseConnections { node, refused };
        acts.push(tool(Icon::Cross, key, "refuse", refuse));
        if host.disk.fault.is_some() {
            acts.push(tool(Icon::Check, Key::DiskMend, "disk-mend", disk(None)));
        } else {
            let (full, failing) = (Some(DiskFault::Full), Some(DiskFault::Failing));
            acts.push(tool(Icon::Save, Key::DiskFull, "disk-full", disk(full)));
            acts.push(tool(Icon::Bolt, Key::DiskFails, "disk-fails", disk(failing)));
        }
        for (key, id, ms) in
            [(Key::ClockBack, "clock-back", -MINUTE_MS), (Key::ClockOn, "clock-on", MINUTE_MS)]
        {
            acts.push(tool(Icon::Restart, key, id, Intervention::JumpClock { node, ms }));
        }
        acts
    }
}
