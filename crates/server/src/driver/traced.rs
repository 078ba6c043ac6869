//! What the driver tells a tracer (`--trace`). Without one each place costs a branch.

use lockstep_core::id::ConnId;
use lockstep_core::node::FileEvent;
use lockstep_core::time::Now;
use lockstep_sim::trace::What;

use super::Driver;
use crate::tracer::Tracer;

impl Driver {
    /// Tells the tracer, if there is one.
    pub(super) fn traced(&mut self, tell: impl FnOnce(&mut Tracer)) {
        if let Some(tracer) = &mut self.node.trace_mut().tracer {
            tell(tracer);
        }
    }

    /// Tells of bytes that are still to be taken off the node's output.
    pub(super) fn trace_sent(&mut self, now: Now, id: ConnId, sent: usize) {
        if let Some(mut tracer) = self.node.trace_mut().tracer.take() {
            tracer.sent(now.instant, id, self.node.outgoing(id).slices(), sent);
            self.node.trace_mut().tracer = Some(tracer);
        }
    }

    /// Has what waited long enough written. A trace that cannot be written any more ends, and the
    /// log says why.
    pub(super) fn trace_tick(&mut self, now: Now) {
        let log = self.node.trace_mut();
        if let Some(text) = log.tracer.as_mut().and_then(|t| t.tick(now.instant)) {
            log.tracer = None;
            log.warning(&text);
        }
    }

    /// Before what follows is sent: has told what the node has come to hold by what it was given.
    pub(super) fn trace_state(&mut self) {
        let Some(mut tracer) = self.node.trace_mut().tracer.take() else { return };
        tracer.settled(&self.node, self.clock.now().instant);
        self.node.trace_mut().tracer = Some(tracer);
    }

    /// After a turn: has what the node holds told, to who wants to know. A node that was only there
    /// to be watched, and is not any more, leaves.
    pub(super) fn trace_turn(&mut self, turn: Now) {
        let Some(mut tracer) = self.node.trace_mut().tracer.take() else { return };
        tracer.turned(&self.node, turn.instant, self.clock.now().instant);
        if tracer.is_abandoned() {
            self.exit = Some(0);
        }
        self.node.trace_mut().tracer = Some(tracer);
    }

    pub(super) fn handle_file(&mut self, now: Now, event: FileEvent) {
        self.traced(|t| t.set_cause(Some(cause(&event))));
        self.node.handle_file(now, event);
        self.traced(|t| t.set_cause(None));
    }
}

fn cause(event: &FileEvent) -> What {
    let (name, ok) = match event {
        FileEvent::Committed { to, .. } => (to.clone(), true),
        FileEvent::Data { .. } => (String::new(), true),
        FileEvent::Failed { name, .. } | FileEvent::NotCreated { name, .. } => {
            (name.clone(), false)
        }
    };
    What::File { name, ok }
}
