//! From bytes to commands.
//!
//! Commands are run in batches: first everything that was received is parsed into ranges, then the
//! places in the table that the batch will need are touched, so that their cache misses overlap,
//! then the commands run one after the other.

use super::Node;
use super::conn::{Conn, Kind};
use crate::config::parse::quote;
use crate::resp::{Args, Limits, Parsed, ProtocolError, Range32};
use crate::trace::{CloseReason, Level, Trace};

/// Commands in a batch at most.
const BATCH_MAX: usize = 64;

/// Capacity of an idle connection's query buffer, at most.
pub(super) const PENDING_KEEP_BYTES: usize = 64 * 1024;

/// Argument ranges whose memory is kept from batch to batch, at most.
const RANGES_KEEP: usize = 64 * 1024;

/// A command of the batch: where it begins in the buffer, and where its ranges begin.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Request {
    at: usize,
    parsed: Parsed,
    first_range: usize,
}

/// Buffers that every batch uses again.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Batch {
    requests: Vec<Request>,
    ranges: Vec<Range32>,
    hashes: Vec<u64>,
    warmed: Vec<u32>,
}

/// Why the parsing of a batch ended.
enum End {
    /// The batch is full, or the buffer is used up.
    More,
    /// The next command is not complete.
    Incomplete,
    /// The last command of the batch lies in the parser's scratch buffer.
    Scratch(Vec<u8>),
    /// What follows is not a command.
    Error(ProtocolError),
}

impl<T: Trace> Node<T> {
    /// Runs the commands in what a client (or a replica of ours) sent. An incomplete command stays
    /// in the connection's `pending`; only then anything is copied.
    pub(super) fn client_input(&mut self, conn: &mut Conn, input: &[u8]) {
        if conn.pending.is_empty() {
            let used = self.run_commands(conn, input);
            conn.pending.extend_from_slice(&input[used..]);
        } else {
            let mut pending = std::mem::take(&mut conn.pending);
            pending.extend_from_slice(input);
            let used = if pending.len() < conn.parser.wants() {
                0
            } else {
                self.run_commands(conn, &pending)
            };
            pending.drain(..used);
            conn.pending = pending;
        }
        if conn.kept_bytes() as u64 > self.config.client_query_buffer_limit {
            self.close_overfull(conn);
        }
        if conn.pending.is_empty() && conn.pending.capacity() > PENDING_KEEP_BYTES {
            conn.pending = Vec::new();
        }
    }

    /// Gives up a client whose unfinished requests are longer than `client-query-buffer-limit`.
    #[cold]
    fn close_overfull(&mut self, conn: &mut Conn) {
        const SHOWN: usize = 64;
        let client = self.describe_client(conn);
        let start = quote(&conn.pending[..conn.pending.len().min(SHOWN)]);
        let start = String::from_utf8_lossy(&start);
        let what = "Closing client that reached max query buffer length";
        self.log(Level::Warning, format!("{what}: {client} (qbuf initial bytes: {start})"));
        conn.pending = Vec::new();
        conn.multi = None;
        self.unwatch_all(conn);
        conn.closing = Some(CloseReason::Protocol("query buffer limit".into()));
    }

    /// Runs what is complete in `buf` and returns how many bytes that were.
    fn run_commands(&mut self, conn: &mut Conn, buf: &[u8]) -> usize {
        let mut batch = std::mem::take(&mut self.batch);
        let mut at = 0;
        while at < buf.len() && conn.runs_commands() {
            let end = self.parse_batch(conn, buf, &mut at, &mut batch);
            self.warm(conn.db, buf, &mut batch);
            let scratch =
                if let End::Scratch(bytes) = &end { Some(bytes.as_slice()) } else { None };
            if let Some(stopped_at) = self.run_batch(conn, buf, &batch, scratch) {
                at = stopped_at;
                conn.parser.reset();
                break;
            }
            match end {
                End::More | End::Scratch(_) => {}
                End::Incomplete => break,
                // It is looked at when the client is free to run it.
                End::Error(_) if !conn.runs_commands() => {
                    conn.parser.reset();
                    break;
                }
                End::Error(error) => {
                    self.protocol_error(conn, error);
                    break;
                }
            }
        }
        // One command with millions of arguments must not keep its memory for ever.
        batch.ranges.shrink_to(RANGES_KEEP);
        self.batch = batch;
        // After a protocol error, or QUIT, what follows is not to be looked at.
        if conn.closing.is_some() { buf.len() } else { at }
    }

    fn parse_batch(
        &mut self,
        conn: &mut Conn,
        buf: &[u8],
        at: &mut usize,
        batch: &mut Batch,
    ) -> End {
        batch.requests.clear();
        batch.ranges.clear();
        let unauthenticated = self.must_authenticate(conn);
        let limits = Limits { bulk_max: self.config.proto_max_bulk_len, unauthenticated };
        // AUTH changes what may follow it.
        let most = if unauthenticated { 1 } else { BATCH_MAX };
        while *at < buf.len() && batch.requests.len() < most {
            let first_range = batch.ranges.len();
            let parsed = match conn.parser.parse(&buf[*at..], &limits, &mut batch.ranges) {
                Ok(None) => return End::Incomplete,
                Err(error) => return End::Error(error),
                Ok(Some(parsed)) => parsed,
            };
            let begin = std::mem::replace(at, *at + parsed.consumed);
            if parsed.args == 0 {
                self.empty_query(conn);
                continue;
            }
            batch.requests.push(Request { at: begin, parsed, first_range });
            if parsed.in_scratch {
                return End::Scratch(conn.parser.scratch().to_vec());
            }
        }
        End::More
    }

    /// Touches the buckets that the batch is about to look into.
    fn warm(&self, db: usize, buf: &[u8], batch: &mut Batch) {
        if batch.requests.len() < 2 {
            return;
        }
        let hasher = self.keyspace.hasher();
        let keys = batch.requests.iter().filter(|r| r.parsed.args > 1 && !r.parsed.in_scratch);
        batch.hashes.clear();
        batch.hashes.extend(keys.map(|request| {
            let key = batch.ranges[request.first_range + 1];
            hasher.hash(&buf[request.at + key.start as usize..request.at + key.end as usize])
        }));
        self.keyspace.warm(db, &batch.hashes, &mut batch.warmed);
    }

    /// Runs the batch. If a command closed or blocked the connection before the end of the batch,
    /// returns where the first command that did not run begins.
    fn run_batch(
        &mut self,
        conn: &mut Conn,
        buf: &[u8],
        batch: &Batch,
        scratch: Option<&[u8]>,
    ) -> Option<usize> {
        self.admin.watch.start();
        for request in &batch.requests {
            if !conn.runs_commands() {
                return Some(request.at);
            }
            let bytes = match scratch {
                Some(scratch) if request.parsed.in_scratch => scratch,
                _ => &buf[request.at..request.at + request.parsed.consumed],
            };
            let last_range = request.first_range + request.parsed.args;
            let args = Args::new(bytes, &batch.ranges[request.first_range..last_range]);
            if !self.execute(conn, args) {
                return Some(request.at);
            }
        }
        None
    }

    fn protocol_error(&mut self, conn: &mut Conn, error: ProtocolError) {
        let client = self.describe_client(conn);
        self.log(
            Level::Verbose,
            format!("Protocol error ({error}) from client: {client}. Query buffer is discarded"),
        );
        error.reply(&mut conn.out);
        self.stats.error_reply("ERR");
        conn.closing = Some(CloseReason::Protocol(error.to_string()));
    }

    /// An empty line: a replica that loads a snapshot says so that it is alive.
    fn empty_query(&mut self, conn: &mut Conn) {
        let now = self.now.instant;
        if let Kind::Replica(peer) = &mut conn.kind {
            peer.ack_time = now;
        }
    }
}
