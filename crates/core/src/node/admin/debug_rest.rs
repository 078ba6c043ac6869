//! `DEBUG` subcommands that touch no data: replies for testing clients, switches, sizes.

use super::super::Node;
use super::super::conn::Conn;
use super::help;
use crate::commands::{CmdError, Outcome};
use crate::keyspace::Value;
use crate::resp::request::encode;
use crate::resp::{Args, Reply};
use crate::trace::{Fed, Level, Trace};

/// Carries out what `debug` did not.
pub(super) fn debug_rest<T: Trace>(node: &mut Node<T>, conn: &mut Conn, args: Args<'_>) -> Outcome {
    let sub = args.at(1).to_ascii_lowercase();
    match (sub.as_slice(), args.len()) {
        // Switches of things that are not here.
        (b"set-disable-deny-scripts" | b"pause-cron" | b"aof-flush-sleep" | b"leak", 3) => {
            conn.out.ok();
        }
        (b"drop-cluster-packet-filter", 3) | (b"replybuffer", 4) => conn.out.ok(),
        (b"quicklist-packed-threshold", 3) => return packed_threshold(conn, args.at(2)),
        (b"error", 3) => conn.out.error_bytes(args.at(2)),
        (b"log", 3) => {
            let text = String::from_utf8_lossy(args.at(2));
            node.log(Level::Warning, format!("DEBUG LOG: {text}"));
            conn.out.ok();
        }
        (b"replicate", 3..) => {
            // As it is, without SELECT: whoever asks for this wants to see replicas differ.
            let words: Vec<&[u8]> = args.from(2).collect();
            let mut bytes = Vec::new();
            encode(&mut bytes, &words);
            if node.feeds_stream() {
                node.feed(&bytes, Fed::Command);
            }
            conn.out.ok();
        }
        (b"structsize", 2) => conn.out.simple(
            "bits:64 robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 ",
        ),
        (b"listpack", 3) => return node.debug_listpack(conn, args.at(2)),
        (b"protocol", 3) => return protocol(&mut conn.out, args.at(2)),
        (b"client-eviction", 2) => {
            return Err(CmdError::fixed("ERR maxmemory-clients is disabled."));
        }
        (b"help", 2) => help(&mut conn.out, "DEBUG", HELP),
        _ => {
            let name = &args.at(1)[..args.at(1).len().min(128)];
            let before = "ERR unknown subcommand or wrong number of arguments for '";
            return Err(CmdError::quoting(before, name, "'. Try DEBUG HELP."));
        }
    }
    Ok(())
}

impl<T: Trace> Node<T> {
    /// `DEBUG LISTPACK key`: Redis prints the structure where its log goes; so do we, in brief.
    fn debug_listpack(&mut self, conn: &mut Conn, key: &[u8]) -> Outcome {
        self.begin_read();
        let value = self.keyspace.inspect(conn.db, key).ok_or(CmdError::NO_SUCH_KEY)?;
        if value.encoding() != "listpack" || matches!(value, Value::List(_)) {
            return Err(CmdError::fixed("ERR Not a listpack encoded object."));
        }
        let text = format!("{{listpack of {} bytes}}", value.heap_memory());
        self.log(Level::Notice, text);
        conn.out.simple("Listpack structure printed on stdout");
        Ok(())
    }
}

/// Nothing to tune: a list decides by `list-max-listpack-size` alone.
fn packed_threshold(conn: &mut Conn, size: &[u8]) -> Outcome {
    let limit = crate::config::value::parse_memory(size).filter(|size| *size < 1 << 32);
    limit.ok_or(CmdError::fixed(
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
    ))?;
    conn.out.ok();
    Ok(())
}

/// `DEBUG PROTOCOL type`: a reply of each type, the same ones that Redis gives.
fn protocol(out: &mut Reply, kind: &[u8]) -> Outcome {
    let resp3 = out.resp3();
    match kind.to_ascii_lowercase().as_slice() {
        b"string" => out.bulk(b"Hello World"),
        b"integer" => out.int(12_345),
        #[expect(clippy::approx_constant, reason = "the number is Redis's")]
        b"double" => out.double(3.141),
        b"null" => out.null(),
        b"array" => {
            out.array(3);
            (0..3).for_each(|number| out.int(number));
        }
        b"set" => {
            out.set(3);
            (0..3).for_each(|number| out.int(number));
        }
        b"map" => {
            out.map(3);
            for number in 0..3 {
                out.int(number);
                out.bool(number == 1);
            }
        }
        b"bignum" if resp3 => {
            out.buffer_mut().extend_from_slice(b"(1234567999999999999999999999999999999\r\n");
        }
        b"bignum" => out.bulk(b"1234567999999999999999999999999999999"),
        b"attrib" => {
            if resp3 {
                out.buffer_mut().extend_from_slice(b"|1\r\n");
                out.bulk(b"key-popularity");
                out.array(2);
                out.bulk(b"key:123");
                out.int(90);
            }
            out.bulk(b"Some real reply following the attribute");
        }
        b"push" if !resp3 => {
            return Err(CmdError::fixed("ERR RESP2 is not supported by this command"));
        }
        b"push" => {
            out.push(2);
            out.bulk(b"server-cpu-usage");
            out.int(42);
            out.bulk(b"Some real reply following the push reply");
        }
        b"verbatim" => out.verbatim("txt", b"This is a verbatim\nstring"),
        b"true" => out.bool(true),
        b"false" => out.bool(false),
        _ => {
            return Err(CmdError::fixed(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

const HELP: &[&str] = &[
    "AOF-FLUSH-SLEEP <microsec>",
    "    Accepted, without effect: there is no AOF.",
    "CHANGE-REPL-ID",
    "    Change the replication IDs of the instance.",
    "    Dangerous: should be used only for testing the replication subsystem.",
    "DIGEST",
    "    Output a hex signature representing the current DB content.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Output a hex signature of the values of all the specified keys.",
    "ERROR <string>",
    "    Return a Redis protocol error with <string> as message. Useful for clients",
    "    unit tests to simulate Redis errors.",
    "LEAK <string>",
    "    Accepted, without effect: nothing leaks.",
    "LOG <message>",
    "    Write <message> to the server log.",
    "REPLICATE <string>",
    "    Replicates the provided string to replicas, allowing data divergence.",
    "OBJECT <key>",
    "    Show low level info about `key` and associated value.",
    "DROP-CLUSTER-PACKET-FILTER <packet-type>",
    "    Accepted, without effect: there is no cluster.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Create <count> string keys named key:<num>. If <prefix> is specified then",
    "    it is used instead of the 'key' prefix. These are not propagated to",
    "    replicas.",
    "PROTOCOL <type>",
    "    Reply with a test value of the specified type. <type> can be: string,",
    "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
    "    true, false.",
    "RELOAD",
    "    Save the RDB on disk and reload it back to memory.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Setting it to 0 disables expiring keys in background when they are not",
    "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
    "    default.",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    The size is checked, nothing else: list-max-listpack-size alone decides.",
    "SET-DISABLE-DENY-SCRIPTS <0|1>",
    "    Accepted, without effect: there are no scripts.",
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
    "STRUCTSIZE",
    "    Return the size of different Redis core C structures.",
    "LISTPACK <key>",
    "    Show low level info about the listpack encoding of <key>.",
    "CLIENT-EVICTION",
    "    An error: clients are not evicted, as with maxmemory-clients 0.",
    "PAUSE-CRON <0|1>",
    "    Accepted, without effect.",
    "REPLYBUFFER (PEAK-RESET-TIME|RESIZING) <value>",
    "    Accepted, without effect: reply buffers are not resized by a timer.",
];
