//! What the clients of a search say: every kind of write, on few keys, so that they meet.

use lockstep_core::rng::Rng;

/// Templates of writes. `K`: one of a few keys of the type that the command wants, `N`: a small
/// number, `M`: a member, `T`: milliseconds, `A`: a Unix time in milliseconds soon after the start,
/// `B`: a value, now and then a long one.
const WRITES: &[&str] = &[
    "SET sK B",
    "SET sK B",
    "SET sK M PX T",
    "SET sK M PXAT A",
    "SET sK M KEEPTTL",
    "SETEX sK 1 M",
    "PSETEX sK T M",
    "SETNX sK M",
    "GETSET sK M",
    "GETDEL sK",
    "GETEX sK PX T",
    "GETEX sK PERSIST",
    "APPEND sK M",
    "SETRANGE sK N M",
    "MSET sK M sK B",
    "INCR nK",
    "INCRBY nK N",
    "DECR nK",
    "INCRBYFLOAT fK 0.5",
    "SETBIT bK N 1",
    "BITOP OR bK bK bK",
    "BITFIELD bK SET u8 N 7",
    "RPUSH lK M M B",
    "LPUSH lK M",
    "LPOP lK",
    "RPOP lK 2",
    "LMPOP 2 lK lK LEFT COUNT 2",
    "LMOVE lK lK LEFT RIGHT",
    "RPOPLPUSH lK lK",
    "LTRIM lK 0 N",
    "LSET lK 0 M",
    "LINSERT lK BEFORE M M",
    "LREM lK 1 M",
    "HSET hK M N M B",
    "HSETNX hK M N",
    "HINCRBY hK count N",
    "HINCRBYFLOAT hK ratio 1.5",
    "HDEL hK M M",
    "SADD tK M M M",
    "SREM tK M",
    "SPOP tK",
    "SPOP tK 2",
    "SPOP tK 100",
    "SMOVE tK tK M",
    "SUNIONSTORE tK tK tK",
    "SINTERSTORE tK tK tK",
    "ZADD zK N M N M",
    "ZADD zK GT CH N M",
    "ZINCRBY zK N M",
    "ZREM zK M",
    "ZPOPMIN zK 2",
    "ZMPOP 1 zK MAX",
    "ZREMRANGEBYRANK zK 0 0",
    "ZUNIONSTORE zK 2 zK zK",
    "ZRANGESTORE zK zK 0 2",
    "EXPIRE sK 1",
    "PEXPIRE sK T",
    "PEXPIRE lK T",
    "PEXPIREAT hK A",
    "EXPIREAT tK 1",
    "PERSIST sK",
    "DEL sK lK",
    "UNLINK hK tK",
    "RENAME sK sK",
    "COPY sK sK REPLACE",
    "COPY lK lK DB 1 REPLACE",
    "MOVE sK 1",
    "SORT lK ALPHA STORE lK",
];

/// Commands that wait; none for long.
const WAITING: &[&str] = &[
    "BLPOP lK 0.3",
    "BRPOP lK lK 0.2",
    "BLMOVE lK lK LEFT RIGHT 0.2",
    "BRPOPLPUSH lK lK 0.2",
    "BLMPOP 0.2 2 lK lK LEFT COUNT 2",
    "BZPOPMIN zK 0.3",
    "BZMPOP 0.2 1 zK MIN",
];

/// Commands that read what may have expired.
const READS: &[&str] =
    &["GET sK", "TTL sK", "EXISTS sK", "LRANGE lK 0 -1", "HGETALL hK", "DBSIZE", "RANDOMKEY"];

/// What operators do to the dataset and to the node. (A FAILOVER without a timeout may wait for
/// ever.)
const ADMIN: &[&str] = &[
    "BGSAVE",
    "BGSAVE",
    "SAVE",
    "FLUSHALL",
    "FLUSHDB",
    "SWAPDB 0 1",
    "DEBUG SLEEP 0.4",
    "DEBUG RELOAD",
    "CLIENT PAUSE 400 WRITE",
    "CLIENT PAUSE 200 ALL",
    "CLIENT KILL TYPE replica",
    "CLIENT KILL TYPE master",
    "CLIENT KILL TYPE normal",
    "CONFIG SET repl-backlog-size 16kb",
    "CONFIG SET repl-backlog-size 64kb",
    "CONFIG SET repl-diskless-sync no",
    "CONFIG SET repl-diskless-sync yes",
    "CONFIG SET min-replicas-to-write 1",
    "CONFIG SET min-replicas-to-write 0",
    "CONFIG SET maxmemory 0",
    "PUBLISH news M",
    "DEBUG CHANGE-REPL-ID",
    "REPLICAOF 127.0.0.1 6399",
    "SHUTDOWN NOSAVE",
    "SHUTDOWN SAVE",
    "FAILOVER TIMEOUT 500",
    "FAILOVER TO 127.0.0.1 6381 TIMEOUT 900",
    "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 100",
    "REPLCONF GETACK *",
];

/// Unix time at which generated deadlines begin, in milliseconds: the start of the world.
const START_MS: u64 = 1_767_254_400_000;

fn fill(rng: &mut Rng, template: &str) -> String {
    let mut line = String::with_capacity(template.len() + 8);
    let mut rest = template.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let last = rest.peek().is_none_or(|next| *next == ' ');
        match c {
            'K' if before.is_ascii_lowercase() && last => {
                line.push_str(&rng.below(4).to_string());
            }
            'N' if before == ' ' && last => line.push_str(&rng.below(40).to_string()),
            'M' if before == ' ' && last => {
                line.push('m');
                line.push_str(&rng.below(9).to_string());
            }
            'T' if before == ' ' && last => line.push_str(&(1 + rng.below(1_500)).to_string()),
            'A' if before == ' ' && last => {
                line.push_str(&(START_MS + rng.below(15_000)).to_string());
            }
            'B' if before == ' ' && last => {
                let len = if rng.below(8) == 0 { rng.below(7_000) } else { rng.below(12) };
                line.extend((0..=len).map(|n| char::from(b'a' + (n % 26) as u8)));
            }
            other => line.push(other),
        }
        before = c;
    }
    line
}

fn one(rng: &mut Rng, templates: &[&str]) -> String {
    let template = templates[rng.below(templates.len() as u64) as usize];
    fill(rng, template)
}

pub(super) fn write(rng: &mut Rng) -> String {
    one(rng, WRITES)
}

/// A write, what reads it, or what waits: mostly writes. `WAIT` asks for what was just written.
pub(super) fn traffic(rng: &mut Rng) -> String {
    match rng.below(24) {
        0 => one(rng, WAITING),
        1 | 2 => one(rng, READS),
        3 => format!("WAIT {} {}", 1 + rng.below(2), 50 + rng.below(600)),
        4 => format!("SELECT {}", rng.below(3)),
        _ => write(rng),
    }
}

pub(super) fn read(rng: &mut Rng) -> String {
    one(rng, READS)
}

pub(super) fn admin(rng: &mut Rng) -> String {
    one(rng, ADMIN)
}

#[cfg(test)]
mod tests {
    use lockstep_core::commands::lookup;

    use super::*;

    #[test]
    fn every_template_is_a_command_whose_places_are_filled() {
        let mut rng = Rng::new(1);
        for template in [WRITES, WAITING, READS, ADMIN].concat() {
            let line = fill(&mut rng, template);
            let name = line.split(' ').next().unwrap_or_default();
            assert!(lookup(name.to_ascii_lowercase().as_bytes()).is_some(), "{line}");
            assert!(!line.split(' ').any(|w| w.ends_with('K') && w.len() == 2), "{line}");
        }
    }
}
