//! A proxy between two servers that breaks connections where a test wants them broken: in the
//! middle of a command, of a snapshot, of a handshake.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A budget that is never used up.
const ENDLESS: i64 = i64::MAX;

#[derive(Debug)]
struct Shared {
    target: u16,
    /// Whether connections are let through; otherwise they are closed as soon as they come.
    open: AtomicBool,
    stop: AtomicBool,
    /// Bytes from the target that still pass before everything is cut.
    budget: AtomicI64,
    cuts: AtomicU64,
    links: Mutex<Vec<TcpStream>>,
}

impl Shared {
    fn cut(&self) {
        let mut links = self.links.lock().expect("no thread of the proxy panics");
        for link in links.drain(..) {
            let _ = link.shutdown(Shutdown::Both);
        }
        self.budget.store(ENDLESS, Ordering::SeqCst);
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }
}

/// A port that leads to another one as long as it is open.
#[derive(Debug)]
pub struct Proxy {
    /// Where to connect.
    pub port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// An open proxy before this port of this machine.
    ///
    /// # Panics
    /// If there is no port for it.
    #[must_use]
    pub fn before(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            target,
            open: AtomicBool::new(true),
            stop: AtomicBool::new(false),
            budget: AtomicI64::new(ENDLESS),
            cuts: AtomicU64::new(0),
            links: Mutex::new(Vec::new()),
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accept(&listener, &theirs));
        Self { port, shared, thread: Some(thread) }
    }

    /// Breaks what is connected now. New connections are let through.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Breaks everything when so many more bytes have come from the target.
    pub fn cut_after(&self, bytes: u32) {
        self.shared.budget.store(i64::from(bytes), Ordering::SeqCst);
    }

    /// How often it has cut so far.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// Breaks what is connected and lets nothing through until [`Proxy::open`].
    pub fn close(&self) {
        self.shared.open.store(false, Ordering::SeqCst);
        self.shared.cut();
    }

    /// Lets connections through again.
    pub fn open(&self) {
        self.shared.open.store(true, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.cut();
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        if shared.open.load(Ordering::SeqCst) {
            let _ = join(client, shared);
        }
    }
}

/// Connects the two sides with a thread for each direction.
fn join(client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", shared.target))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let up = (client.try_clone()?, server.try_clone()?);
    {
        let mut links = shared.links.lock().expect("no thread of the proxy panics");
        links.push(client.try_clone()?);
        links.push(server.try_clone()?);
    }
    // A close that came while we were connecting must not be missed.
    if !shared.open.load(Ordering::SeqCst) {
        shared.cut();
    }
    std::thread::spawn(move || pump(up.0, up.1, |_| (usize::MAX, false)));
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let allow = |len: usize| {
            let left = shared.budget.load(Ordering::SeqCst);
            if left == ENDLESS {
                return (len, false);
            }
            let left = left - len as i64;
            shared.budget.store(left.max(0), Ordering::SeqCst);
            (len.saturating_add_signed(left.min(0) as isize), left <= 0)
        };
        if pump(server, client, allow) {
            shared.cut();
        }
    });
    Ok(())
}

/// Copies until an end or until `allow` says so (how much of what came may pass, and whether that
/// was the last); whether it was `allow`.
fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    mut allow: impl FnMut(usize) -> (usize, bool),
) -> bool {
    let mut buffer = [0; 16 * 1024];
    let mut over = false;
    while let Ok(len) = from.read(&mut buffer) {
        if len == 0 {
            break;
        }
        let (passes, last) = allow(len);
        over = last;
        if to.write_all(&buffer[..len.min(passes)]).is_err() || last {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
    over
}
