//! `DUMP` and `RESTORE`: one value as an RDB file holds it, with a version and a sum behind it.

use super::int;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::load::Loader;
use crate::keyspace::{KeyEvent, Ttl, Value};
use crate::rdb::crc64;
use crate::rdb::{Options, Reader, Settings, Writer};
use crate::resp::Args;
use crate::resp::reply::IntBuf;

/// Two bytes of version, eight of sum.
const FOOTER: usize = 10;

/// Newest version of a payload that is taken.
const VERSION_MAX: u16 = 11;

/// `DUMP key`
pub(super) fn dump(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(value) = ctx.keyspace.get(ctx.db, args.at(1)) else {
        ctx.reply.null();
        return Ok(());
    };
    let options = Options { checksum: false, ..Options::default() };
    let mut writer = Writer::new(options);
    writer.byte(value.rdb_type(&writer));
    value.save(&mut writer);
    let mut payload = writer.take();
    payload.extend_from_slice(&options.version.to_le_bytes());
    let sum = crc64::update(0, &payload);
    payload.extend_from_slice(&sum.to_le_bytes());
    ctx.reply.bulk(&payload);
    Ok(())
}

#[derive(Debug, Default)]
struct RestoreOptions {
    replace: bool,
    absttl: bool,
    idle_seconds: Option<u64>,
    freq: bool,
}

impl RestoreOptions {
    fn parse(args: Args<'_>) -> Result<Self, CmdError> {
        let mut options = Self::default();
        let mut rest = args.from(4);
        while let Some(word) = rest.next() {
            if word.eq_ignore_ascii_case(b"replace") {
                options.replace = true;
            } else if word.eq_ignore_ascii_case(b"absttl") {
                options.absttl = true;
            } else if word.eq_ignore_ascii_case(b"idletime") && !options.freq {
                let seconds = int(rest.next().ok_or(CmdError::SYNTAX)?)?;
                let invalid = CmdError::fixed("ERR Invalid IDLETIME value, must be >= 0");
                options.idle_seconds = Some(u64::try_from(seconds).map_err(|_| invalid)?);
            } else if word.eq_ignore_ascii_case(b"freq") && options.idle_seconds.is_none() {
                let freq = int(rest.next().ok_or(CmdError::SYNTAX)?)?;
                if !(0..=255).contains(&freq) {
                    let text = "ERR Invalid FREQ value, must be >= 0 and <= 255";
                    return Err(CmdError::fixed(text));
                }
                options.freq = true;
            } else {
                return Err(CmdError::SYNTAX);
            }
        }
        Ok(options)
    }
}

/// `RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]`
pub(super) fn restore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (db, key) = (ctx.db, args.at(1));
    let options = RestoreOptions::parse(args)?;
    if !options.replace && ctx.keyspace.get(db, key).is_some() {
        return Err(CmdError::fixed("BUSYKEY Target key name already exists."));
    }
    let ttl = u64::try_from(int(args.at(2))?)
        .map_err(|_| CmdError::fixed("ERR Invalid TTL value, must be >= 0"))?;
    let value = decode(ctx, args.at(3))?;
    let replaced = options.replace && ctx.keyspace.remove(db, key).is_some();
    let now_ms = ctx.now_ms();
    let at = if options.absttl { ttl } else { now_ms.saturating_add(ttl) };
    if ttl > 0 && at <= now_ms && !ctx.from_master {
        if replaced {
            ctx.effects.rewrite(&[b"DEL", key]);
            ctx.changed(KeyEvent::DEL, key, 1);
        }
        ctx.reply.ok();
        return Ok(());
    }
    ctx.keyspace.insert(db, key, value, if ttl > 0 { Ttl::At(at) } else { Ttl::Clear });
    if let Some(seconds) = options.idle_seconds {
        ctx.keyspace.set_idle_seconds(db, key, seconds);
    }
    if ttl > 0 && !options.absttl {
        let mut digits = IntBuf::new();
        let mut words: Vec<&[u8]> = args.from(0).collect();
        words[2] = digits.format(at as i64);
        words.push(b"ABSTTL");
        ctx.effects.rewrite(&words);
    }
    ctx.changed(KeyEvent::generic("restore"), key, 1);
    ctx.reply.ok();
    Ok(())
}

/// The value in a payload. It is read as the only key of an RDB stream.
fn decode(ctx: &Ctx<'_>, payload: &[u8]) -> Result<Value, CmdError> {
    const WRONG: CmdError = CmdError::fixed("ERR DUMP payload version or checksum are wrong");
    const BAD: CmdError = CmdError::fixed("ERR Bad data format");
    let split = payload.len().checked_sub(FOOTER).ok_or(WRONG)?;
    let (body, footer) = payload.split_at(split);
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    let sum = u64::from_le_bytes(footer[2..].try_into().map_err(|_| WRONG)?);
    // As with files, a sum of 0 means that there is none.
    if version > VERSION_MAX || (sum != 0 && sum != crc64::update(0, &payload[..split + 2])) {
        return Err(WRONG);
    }
    let (value_type, body) = body.split_first().ok_or(BAD)?;
    let mut writer =
        Writer::new(Options { version: VERSION_MAX, compress: false, checksum: false });
    writer.header();
    writer.begin(b"", *value_type, None);
    writer.raw(body);
    writer.eof();
    let settings = Settings { checksum: false, ..Settings::default() };
    let mut loader = Loader::new(ctx.keyspace.fresh(), ctx.limits.clone(), false);
    let status = Reader::new(settings).feed(writer.bytes(), &mut loader).map_err(|_| BAD)?;
    let one = status.done && status.consumed == writer.bytes().len() && loader.keys() == 1;
    let value = loader.into_keyspace().remove(0, b"").filter(|_| one);
    value.ok_or(BAD)
}
