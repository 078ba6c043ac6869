//! A world that begins with a file: it lies on the master's disk, and two replicas come for it.

use std::sync::Arc;

use lockstep_sim::scenario::Scenario;
use lockstep_sim::{NodeId, Timeline, scenarios};

use crate::app::{App, Selected};
use crate::i18n::Key;
use crate::share::Notice;
use crate::worlds::{self, Shape};

/// A file as a node finds it on its disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loaded {
    /// Its name.
    pub(crate) name: String,
    pub(crate) file: Arc<Vec<u8>>,
    /// When it was written, if it says so: the clocks of the world begin then, so that what had not
    /// expired is there.
    pub(crate) unix_ms: Option<u64>,
    /// As many databases as it needs.
    pub(crate) databases: u64,
    /// What was done to it afterwards: commands, as one types them.
    pub(crate) preload: Vec<String>,
}

/// Replicas of such a world.
const REPLICAS: usize = 2;

impl App {
    /// Begins such a world, at the moment in which both replicas have the file.
    pub(crate) fn load_world(&mut self, loaded: Loaded) {
        let start = worlds::scenario(Shape::Star, REPLICAS, self.era);
        let mut config = Vec::new();
        if loaded.databases > 16 {
            config.push(format!("databases {}", loaded.databases));
        }
        let unix_ms = loaded.unix_ms.unwrap_or(start.unix_ms);
        let preload = loaded.preload.clone();
        self.start = Scenario { preload, config, unix_ms, ..start };
        let world = self.start.world_with(Some(loaded.file.clone()));
        let mut timeline = Timeline::new(world);
        let online = scenarios::until_online(&mut timeline);
        self.stop();
        self.experiment = usize::MAX;
        self.shape = None;
        self.timeline.replace(timeline);
        self.selected = Selected::Node(NodeId(0));
        self.begin();
        self.own.rdb = None;
        let master = self.scene.node(NodeId(0)).and_then(|node| node.live.as_ref());
        let keys = self.lang.keys(master.map_or(0, |live| live.keys));
        let (key, bad) = match master {
            Some(_) if online => (Key::OwnLoaded, false),
            Some(_) => (Key::OwnLoading, false),
            None => (Key::OwnNotLoaded, true),
        };
        let text = self.lang.fill(key, &[&loaded.name, &keys]);
        self.announced.clone_from(&text);
        self.notice = Some(Notice { text, bad });
        self.own.world = Some(loaded);
    }
}
