//! `DEBUG`

use super::super::conn::Conn;
use super::super::load::Loading;
use super::super::{Action, Node};
use super::config::is_local;
use super::debug_rest::debug_rest;
use crate::commands::{CmdError, Outcome};
use crate::keyspace::digest::hex;
use crate::keyspace::list::List;
use crate::keyspace::{Ttl, Value};
use crate::num::double::fixed;
use crate::num::{LongDouble, parse_i64};
use crate::rdb::Writer;
use crate::replication::psync::Retirement;
use crate::resp::Args;
use crate::trace::{Level, Trace};

const FORBIDDEN: CmdError = CmdError::fixed(
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can \
     run it from a local connection, otherwise you need to set this option in the configuration \
     file, and then restart the server.",
);

/// Longest `DEBUG SLEEP`, in seconds.
const SLEEP_MAX_SECONDS: f64 = 86_400.0;

impl<T: Trace> Node<T> {
    pub(super) fn debug(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let allowed = match self.config.enable_debug_command.as_str() {
            "yes" => true,
            "local" => is_local(&conn.peer),
            _ => false,
        };
        if !allowed {
            return Err(FORBIDDEN);
        }
        let (sub, len) = (args.at(1).to_ascii_lowercase(), args.len());
        match (sub.as_slice(), len) {
            (b"digest", 2) => {
                let digest = self.keyspace.digest();
                conn.out.simple(&hex(&digest));
            }
            (b"digest-value", 2..) => {
                self.begin_read();
                conn.out.array(len - 2);
                for key in args.from(2) {
                    let digest = self.keyspace.digest_value(conn.db, key);
                    conn.out.simple(&hex(&digest));
                }
            }
            (b"populate", 3..=5) => return self.debug_populate(conn, args),
            (b"sleep", 3) => return self.debug_sleep(conn, args),
            (b"object", 3) => return self.debug_object(conn, args.at(2)),
            (b"set-active-expire", 3) => {
                self.admin.active_expire = atoi(args.at(2)) != 0;
                conn.out.ok();
            }
            (b"change-repl-id", 2) => {
                let text = "Changing replication IDs after receiving DEBUG change-repl-id";
                self.log(Level::Warning, text);
                self.stream.new_history(&mut self.rng, Retirement::Changed);
                conn.out.ok();
            }
            (b"reload", 2..) => return self.debug_reload(conn, args),
            _ => return debug_rest(self, conn, args),
        }
        Ok(())
    }

    /// `DEBUG POPULATE count [prefix] [size]`: keys that do not exist yet, not propagated.
    fn debug_populate(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let number = |at: usize| {
            let value = parse_i64(args.at(at)).filter(|value| *value >= 0);
            value.map(|value| value as u64).ok_or(CmdError::NOT_POSITIVE)
        };
        let count = number(2)?;
        let prefix = args.get(3).unwrap_or(b"key");
        let size = if args.len() == 5 { number(4)? } else { 0 };
        if size > self.config.proto_max_bulk_len {
            return Err(CmdError::fixed(
                "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ));
        }
        self.begin_read();
        self.keyspace.reserve(conn.db, usize::try_from(count).unwrap_or(usize::MAX));
        // Redis writes the name into 128 bytes, and cuts it.
        const NAME_MAX: usize = 127;
        for index in 0..count {
            let mut key = prefix.to_vec();
            key.extend_from_slice(format!(":{index}").as_bytes());
            key.truncate(NAME_MAX);
            if self.keyspace.exists(conn.db, &key) {
                continue;
            }
            let mut value = format!("value:{index}").into_bytes();
            if size > 0 {
                value.resize(size as usize, 0);
            }
            self.keyspace.set_str(conn.db, &key, &value, Ttl::Clear);
            self.keyspace.touch_watched(conn.db, &key);
        }
        conn.out.ok();
        Ok(())
    }

    /// `DEBUG SLEEP seconds`: the driver does nothing for that long, once this reply is written.
    fn debug_sleep(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let seconds = LongDouble::parse(args.at(2)).map_or(0.0, LongDouble::to_f64);
        let micros = (seconds.clamp(0.0, SLEEP_MAX_SECONDS) * 1e6) as u64;
        self.actions.push_back(Action::Sleep { micros });
        self.admin.watch.owed += micros * 1000;
        conn.out.ok();
        Ok(())
    }

    /// `DEBUG OBJECT key`. The address is made up: memory has none here.
    fn debug_object(&mut self, conn: &mut Conn, key: &[u8]) -> Outcome {
        self.begin_read();
        let idle = self.keyspace.idle_seconds(conn.db, key).unwrap_or(0);
        let value = self.keyspace.inspect(conn.db, key).ok_or(CmdError::NO_SUCH_KEY)?;
        let mut writer = Writer::default();
        value.save(&mut writer);
        let lru = (self.now.unix_ms / 1000).saturating_sub(idle) & 0xff_ffff;
        let mut text = format!(
            "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{lru} \
             lru_seconds_idle:{idle}",
            value.encoding(),
            writer.len(),
        );
        if let Value::List(list) = value {
            text.push_str(&quicklist_details(list));
        }
        conn.out.simple(&text);
        Ok(())
    }

    /// `DEBUG RELOAD`: the dataset through RDB and back in memory, and onto the disk besides.
    fn debug_reload(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let options: [&[u8]; 3] = [b"merge", b"noflush", b"nosave"];
        if args.from(2).any(|word| !options.iter().any(|known| word.eq_ignore_ascii_case(known))) {
            return Err(CmdError::fixed(
                "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
            ));
        }
        if args.len() > 2 {
            // The file would have to be read while the client, or its EXEC, waits.
            return Err(CmdError::fixed(
                "ERR Lockstep reloads what it holds: DEBUG RELOAD takes no options here",
            ));
        }
        self.begin_read();
        let mut writer = Writer::default();
        writer.header();
        for db in (0..self.keyspace.databases()).filter(|db| !self.keyspace.is_empty(*db)) {
            writer.select_db(db as u64);
            let (keys, expires) = (self.keyspace.len(db), self.keyspace.volatile_len(db));
            writer.resize_db(keys as u64, expires as u64);
            for (key, value, expire_at) in self.keyspace.iter(db) {
                writer.begin(key, value.rdb_type(&writer), expire_at);
                value.save(&mut writer);
            }
        }
        writer.eof();
        // Redis drops here what has expired, without a word to its replicas: they keep it for ever.
        let mut loading = Loading::new(self.keyspace.fresh(), &self.config.encoding, false);
        let loaded = loading.feed(writer.bytes()).and_then(|_| loading.finish());
        match loaded {
            Ok(loaded) => {
                // Nothing else can be saved while a snapshot is under way; it is of now or before.
                if self.snapshot.is_none() && !self.unit.collecting {
                    self.save_for(conn);
                } else {
                    conn.out.ok();
                }
                self.replace_dataset(loaded.keyspace);
                self.log(Level::Warning, "DB reloaded by DEBUG RELOAD");
                Ok(())
            }
            Err(error) => {
                Err(CmdError::new(format!("ERR Error trying to load the RDB dump: {error}")))
            }
        }
    }
}

/// What Redis adds for a list: nodes and their average size.
fn quicklist_details(list: &List) -> String {
    let nodes = list.nodes();
    let average = fixed(list.len() as f64 / nodes.max(1) as f64, 2);
    format!(
        " ql_nodes:{nodes} ql_avg_node:{average} ql_listpack_max:-2 ql_compressed:0 \
         ql_uncompressed_size:{}",
        list.memory()
    )
}

/// C's `atoi`, as far as `DEBUG` needs it.
fn atoi(text: &[u8]) -> i64 {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    parse_i64(&text[..end]).unwrap_or(0)
}
