//! What `CONFIG SET` changes outside the node: where it listens, its directory, how many files it
//! may open. All of it is done or nothing.

use lockstep_core::config::Config;
use lockstep_core::node::ConfigFault;

use super::listen::{self, Listener};
use super::{Driver, RESERVED_FILES};
use crate::log::Log;
use crate::sys::{raise_open_files, words};

/// The configuration as the driver has applied it.
#[derive(Debug)]
pub(super) struct Applied {
    port: u16,
    bind: Vec<String>,
    dir: String,
    maxclients: usize,
}

impl Applied {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            port: config.port,
            bind: config.driver.bind.clone(),
            dir: config.dir.clone(),
            maxclients: config.maxclients,
        }
    }
}

fn fault(name: &str, why: impl Into<String>) -> ConfigFault {
    ConfigFault { name: name.into(), why: why.into() }
}

impl Driver {
    /// Does what the node's configuration asks for. Nothing has changed if it fails.
    pub(super) fn apply_config(&mut self) -> Result<(), ConfigFault> {
        let config = self.node.config().clone();
        if config.maxclients > self.applied.maxclients {
            let wanted = config.maxclients as u64 + RESERVED_FILES;
            let (files, refused) = raise_open_files(wanted);
            if files < wanted && refused.is_some() {
                let possible = files.saturating_sub(RESERVED_FILES);
                return Err(fault(
                    "maxclients",
                    format!(
                        "The operating system is not able to handle the specified number of \
                         clients, try with {possible}"
                    ),
                ));
            }
        }
        if config.dir != self.applied.dir {
            std::env::set_current_dir(&config.dir).map_err(|error| fault("dir", words(&error)))?;
        }
        if (config.port, &config.driver.bind) != (self.applied.port, &self.applied.bind)
            && !self.listen_again(&config)
        {
            let _ = std::env::set_current_dir(&self.applied.dir);
            return Err(if config.port == self.applied.port {
                fault("bind", "Failed to bind to specified addresses.")
            } else {
                fault("port", "Unable to listen on this port. Check server logs.")
            });
        }
        self.node.trace_mut().level = Log::level_named(&config.driver.loglevel);
        self.applied = Applied::new(&config);
        if let Ok(dir) = std::env::current_dir() {
            // As `CONFIG GET dir` shows it: absolute.
            self.applied.dir = dir.to_string_lossy().into_owned();
            self.node.set_dir(self.applied.dir.clone());
        }
        Ok(())
    }

    /// Moves to other addresses; when one of them cannot be had, stays where it is.
    fn listen_again(&mut self, config: &Config) -> bool {
        // The old sockets stand in the way of new ones on the same addresses.
        let (mut unix, tcp): (Vec<_>, Vec<_>) =
            self.listeners.drain(..).partition(|l| matches!(l, Listener::Unix(..)));
        drop(tcp);
        for listener in &mut unix {
            listener.deregister(self.poll.registry());
        }
        let opened = |config: &Config, log: &mut Log| match config.port {
            0 => Some(Vec::new()),
            _ => listen::open_tcp(config, log),
        };
        let moved = opened(config, self.node.trace_mut());
        let done = moved.is_some();
        let mut listeners = moved.unwrap_or_else(|| {
            let mut before = config.clone();
            before.port = self.applied.port;
            before.driver.bind.clone_from(&self.applied.bind);
            opened(&before, self.node.trace_mut()).unwrap_or_default()
        });
        listeners.extend(unix);
        if let Err(error) = self.listen_on(listeners) {
            let why = words(&error);
            self.node.trace_mut().warning(&format!("Can't listen on the new addresses: {why}"));
        }
        done
    }
}
