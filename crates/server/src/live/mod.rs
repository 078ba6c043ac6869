//! Live nodes for the page: real processes on TCP, whose traces are woven into one story that pages
//! follow over a WebSocket.
//!
//! ```text
//! nodes    processes of this program, in a directory that is removed at the end
//! weave    their traces made one story: one clock, one name for each connection
//! hub      the story as far as it is remembered, for readers who come late or are slow
//! socket   the WebSocket, and who may open it
//! ```
//!
//! The story is a trace as [`lockstep_sim::trace`] describes it, with more comments: `# live` tells
//! whether own nodes are shown (`nodes`) or a Redis is followed (`follow HOST:PORT`),
//! `# left-out N` that lines are missing, `# open w1 w2` which connections are open after that,
//! `# ended n1` that a node's process has ended.
//!
//! Invariant: a node never waits for a page, nor for this program; each stage has a bound, and
//! tells what it leaves out.

pub(crate) mod hub;
mod nodes;
pub(crate) mod socket;
mod weave;

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lockstep_sim::trace;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::sys::{monotonic_us, words};
use hub::Hub;
use nodes::{Home, Plan, Processes, Started};
use weave::Weaver;

/// Nodes at most.
pub(crate) const NODES_MAX: usize = 9;
/// How many nodes there are if nothing is said, and where: the places of the page's own.
const PORTS: [u16; 3] = [6380, 6381, 6382];
/// Bytes of a node's trace that are read in a second at most. What is more it leaves out itself.
const RATE_MAX: usize = 4 * 1024 * 1024;
/// How long a node may take to start.
const START: Duration = Duration::from_secs(20);

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A master and replicas, wherever there is room; the first ports preferred.
    Nodes(usize),
    /// A master and replicas, exactly here.
    Ports(Vec<u16>),
    /// A replica of this Redis.
    Follow {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// As whom.
        user: Option<String>,
        /// With which password.
        password: Option<String>,
    },
}

impl Wish {
    /// Reads `--nodes`: a number of nodes, or their ports.
    ///
    /// # Errors
    /// It is neither.
    pub(crate) fn nodes(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "--nodes takes a number of nodes from 1 to {NODES_MAX}, or their ports \
                 (6380,6381,6382), not '{text}'"
            )
        };
        if let Ok(count) = text.parse::<usize>()
            && (1..=NODES_MAX).contains(&count)
        {
            return Ok(Self::Nodes(count));
        }
        let ports: Result<Vec<u16>, _> = text.split(',').map(|port| port.trim().parse()).collect();
        let ports = ports.map_err(|_| wrong())?;
        let different: BTreeSet<u16> = ports.iter().copied().collect();
        let low = ports.iter().any(|port| usize::from(*port) <= NODES_MAX);
        if different.len() != ports.len() || ports.len() > NODES_MAX || low {
            return Err(wrong());
        }
        Ok(Self::Ports(ports))
    }

    /// Reads `--follow`.
    ///
    /// # Errors
    /// It is no address.
    pub(crate) fn follow(
        address: &str,
        user: Option<String>,
        password: Option<String>,
    ) -> Result<Self, String> {
        let wrong = || format!("--follow takes HOST:PORT, not '{address}'");
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().map_err(|_| wrong())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:%".contains(c);
        if host.is_empty() || port == 0 || !host.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self::Follow { host: host.to_owned(), port, user, password })
    }
}

/// Nodes that run, and their story.
#[derive(Debug)]
pub(crate) struct Live {
    /// The story, for as long as the process lives.
    pub(crate) hub: &'static Hub,
    /// What to tell the user.
    pub(crate) told: String,
    home: Home,
    processes: Arc<Processes>,
}

/// Starts what is wished for.
///
/// # Errors
/// Why that is not possible, and what to do.
pub(crate) fn start(wish: &Wish) -> Result<Live, String> {
    let plans = plans(wish)?;
    let home = Home::create()
        .map_err(|e| format!("can't create a directory for the nodes: {}", words(&e)))?;
    let address = |plan: &Plan| format!("127.0.0.1:{}", plan.port);
    let nodes: Vec<(u32, String)> = (0..).zip(plans.iter().map(address)).collect();
    let desk = Arc::new(Desk {
        origin_us: monotonic_us(),
        weaver: Mutex::new(Weaver::new(&nodes)),
        hub: Box::leak(Box::new(Hub::new(header(wish, &nodes)))),
        processes: Arc::default(),
    });
    for (source, plan) in plans.iter().enumerate() {
        if let Err(text) = begin(&desk, &home, source, plan) {
            desk.processes.end();
            return Err(text);
        }
    }
    let (hub, processes) = (desk.hub, Arc::clone(&desk.processes));
    Ok(Live { hub, told: told(wish, &plans), home, processes })
}

impl Live {
    /// Ends the nodes, and this process, when it is asked to leave.
    pub(crate) fn end_with_the_process(self) -> io::Result<()> {
        let (mut wake, written) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::low_level::pipe::register(signal, written.try_clone()?)?;
        }
        let wait = move || {
            let _ = io::Read::read(&mut wake, &mut [0]);
            self.end();
            std::process::exit(0);
        };
        std::thread::Builder::new().name("signals".into()).spawn(wait).map(|_| ())
    }

    fn end(self) {
        self.hub.close();
        self.processes.end();
        drop(self.home);
        // So that pages hear of the end before it comes.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What each node is started with.
fn plans(wish: &Wish) -> Result<Vec<Plan>, String> {
    let free = |count| nodes::free_ports(count).map_err(|e| format!("no port: {}", words(&e)));
    let ports = match wish {
        Wish::Nodes(count) => {
            let first = (PORTS[0]..).take(*count).collect::<Vec<u16>>();
            if first.iter().all(|port| nodes::is_free(*port)) { first } else { free(*count)? }
        }
        Wish::Ports(ports) => {
            if let Some(port) = ports.iter().find(|port| !nodes::is_free(**port)) {
                return Err(format!(
                    "can't listen on 127.0.0.1:{port}: Address already in use. Other ports can be \
                     given with --nodes PORT,PORT,PORT; --no-nodes serves the page alone."
                ));
            }
            ports.clone()
        }
        Wish::Follow { host, port, user, password } => {
            let master = Some((host.clone(), *port));
            let (user, password) = (user.clone(), password.clone());
            return Ok(vec![Plan { port: free(1)?[0], master, user, password }]);
        }
    };
    let master = ports[0];
    let plan = |&port: &u16| {
        let master = (port != master).then(|| ("127.0.0.1".to_owned(), master));
        Plan { port, master, user: None, password: None }
    };
    Ok(ports.iter().map(plan).collect())
}

/// The first lines of the story. A Redis that is followed tells nothing itself: it is named by its
/// address, and is no node of the trace.
fn header(wish: &Wish, nodes: &[(u32, String)]) -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nodes: Vec<(String, &str)> =
        nodes.iter().map(|(id, address)| (format!("n{id}"), address.as_str())).collect();
    let mut text = String::new();
    let names = nodes.iter().map(|(name, address)| (name.as_str(), *address));
    trace::write_header(&mut text, started.as_millis() as u64, names);
    let live = match wish {
        Wish::Follow { host, port, .. } if host.contains(':') => format!("follow [{host}]:{port}"),
        Wish::Follow { host, port, .. } => format!("follow {host}:{port}"),
        _ => "nodes".to_owned(),
    };
    text.insert_str(trace::HEADER.len(), &format!("\n# live {live}"));
    text
}

fn told(wish: &Wish, plans: &[Plan]) -> String {
    if let Wish::Follow { host, port, .. } = wish {
        let own = plans[0].port;
        return format!(
            "A replica of {host}:{port} runs on 127.0.0.1:{own}; the page shows what the two say."
        );
    }
    let mut text = String::from("Real nodes run beside the page, which shows them (Live):");
    for plan in plans {
        let role = if plan.master.is_some() { "replica" } else { "master" };
        text.push_str(&format!("\n    redis-cli -p {:<5}    {role}", plan.port));
    }
    text
}

/// Where the nodes' lines arrive.
#[derive(Debug)]
struct Desk {
    /// When the story began, on the clock that all processes share.
    origin_us: u64,
    weaver: Mutex<Weaver>,
    hub: &'static Hub,
    processes: Arc<Processes>,
}

impl Desk {
    fn weave(&self, work: impl FnOnce(&mut Weaver, u64)) {
        let mut weaver = self.weaver.lock().unwrap_or_else(PoisonError::into_inner);
        let now = monotonic_us().saturating_sub(self.origin_us);
        work(&mut weaver, now);
        let lines = weaver.release(now);
        // Still locked: what was released first comes first.
        self.hub.push(lines);
    }

    /// Reads what a node tells, until it ends.
    fn listen(&self, source: usize, trace: UnixStream, ready: &Sender<()>) {
        let mut reader = BufReader::with_capacity(64 * 1024, trace);
        let (mut line, mut read, mut since) = (Vec::new(), 0, Instant::now());
        loop {
            let mut lines = Vec::new();
            // One line at least, then all that have come with it.
            loop {
                line.clear();
                match reader.read_until(b'\n', &mut line) {
                    Ok(len) if len > 0 => read += len,
                    _ => return self.ended(source, &lines),
                }
                lines.push(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
                if !reader.buffer().contains(&b'\n') {
                    break;
                }
            }
            if lines.iter().any(|line| line.starts_with("# now")) {
                let _ = ready.send(());
            }
            self.weave(|weaver, now| {
                for line in &lines {
                    weaver.push(source, line, self.origin_us, now);
                }
            });
            if read > RATE_MAX / 10 {
                std::thread::sleep(Duration::from_millis(100).saturating_sub(since.elapsed()));
                (read, since) = (0, Instant::now());
            }
        }
    }

    fn ended(&self, source: usize, lines: &[String]) {
        self.weave(|weaver, now| {
            for line in lines {
                weaver.push(source, line, self.origin_us, now);
            }
            weaver.end(source);
        });
    }
}

/// Starts a node, and waits until it serves.
fn begin(desk: &Arc<Desk>, home: &Home, source: usize, plan: &Plan) -> Result<(), String> {
    let port = plan.port;
    let failed = |error: io::Error| format!("can't start a node on {port}: {}", words(&error));
    let Started { child, trace, log } = nodes::start(home, plan).map_err(failed)?;
    desk.processes.add(child);
    let (sender, ready) = channel();
    let listening = Arc::clone(desk);
    std::thread::Builder::new()
        .name(format!("node {port}"))
        .spawn(move || listening.listen(source, trace, &sender))
        .map_err(failed)?;
    await_ready(&ready, &log, port)
}

fn await_ready(ready: &Receiver<()>, log: &Path, port: u16) -> Result<(), String> {
    if ready.recv_timeout(START).is_ok() {
        return Ok(());
    }
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let last = log.lines().last().unwrap_or("it has no log");
    Err(format!("the node on 127.0.0.1:{port} did not start: {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_a_number_or_their_ports() {
        assert_eq!(Wish::nodes("3"), Ok(Wish::Nodes(3)));
        assert_eq!(Wish::nodes("7000,7001"), Ok(Wish::Ports(vec![7000, 7001])));
        assert_eq!(Wish::nodes("7000"), Ok(Wish::Ports(vec![7000])));
        for wrong in ["", "0", "10x", "7000,7000", "1,2", "70000", "1,2,3,4,5,6,7,8,9,10,11"] {
            let error = Wish::nodes(wrong).expect_err(wrong);
            assert!(error.contains("--nodes takes a number of nodes from 1 to 9"), "{error}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let follow = |address: &str| Wish::follow(address, None, None);
        for (address, host) in
            [("localhost:1", "localhost"), ("[::1]:2", "::1"), ("1.2.3.4:5", "1.2.3.4")]
        {
            match follow(address).expect(address) {
                Wish::Follow { host: found, .. } => assert_eq!(found, host),
                other => panic!("{other:?}"),
            }
        }
        for wrong in ["", "6379", "host:", "host:0", ":1", "a b:1", "a\nsave 1 1:1", "host:99999"] {
            let error = follow(wrong).expect_err(wrong);
            assert!(error.starts_with("--follow takes HOST:PORT"), "{error}");
        }
    }
}
