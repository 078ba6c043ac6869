//! Directives whose values have rules of their own: several arguments, or a text of a certain form.

use super::value::{ValueError, parse_memory};
use super::{Config, EventClasses, OutputLimit, Source};
use crate::num::double;
use crate::num::parse_i64;

/// Those that have no effect here.
pub(super) const INERT: &[&str] = &["oom-score-adj-values", "proc-title-template"];

/// Redis binds at most this many addresses.
const BIND_ADDRESSES_MAX: usize = 16;
/// Words of `shutdown-on-sigint` and `shutdown-on-sigterm`, in the order Redis shows them.
const SHUTDOWN_WORDS: [&str; 5] = ["default", "save", "nosave", "now", "force"];
const PROC_TITLE: &str = "{title} {listen-addr} {server-mode}";

type Set = Result<(), ValueError>;

fn text(bytes: &[u8]) -> Result<String, ValueError> {
    let text = std::str::from_utf8(bytes).map_err(|_| "argument must be UTF-8 text")?;
    Ok(text.to_owned())
}

pub(super) fn single<'a>(args: &[&'a [u8]]) -> Result<&'a [u8], ValueError> {
    match args {
        [one] => Ok(one),
        _ => Err("wrong number of arguments".into()),
    }
}

fn keep(config: &mut Config, name: &str, value: String) {
    config.inert.insert(name.into(), value);
}

fn kept(config: &Config, name: &str, default: &str) -> Vec<u8> {
    config.inert.get(name).map_or(default, String::as_str).into()
}

fn join<T: ToString>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| word.to_string()).collect::<Vec<_>>().join(" ")
}

/// A number the way C's `strtoll` reads it, when nothing is left behind it: leading white space, a
/// sign and leading zeros are fine, and no digits at all are 0.
fn lenient(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return text.is_empty().then_some(0);
    }
    let value = digits.iter().try_fold(0_i64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        Some(value.saturating_mul(10).saturating_add(digit))
    })?;
    Some(if negative { -value } else { value })
}

pub(super) fn set_bind(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    if args.len() > BIND_ADDRESSES_MAX {
        return Err("Too many bind addresses specified.".into());
    }
    let args = if args == [b""] { &[] } else { args };
    config.driver.bind = args.iter().map(|arg| text(arg)).collect::<Result<_, _>>()?;
    Ok(())
}

pub(super) fn get_bind(config: &Config) -> Vec<u8> {
    config.driver.bind.join(" ").into()
}

pub(super) fn set_hz(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    let hz = parse_i64(single(args)?).ok_or("argument couldn't be parsed into an integer")?;
    if !(0..=i64::from(i32::MAX)).contains(&hz) {
        return Err(format!("argument must be between 0 and {} inclusive", i32::MAX).into());
    }
    config.hz = hz.clamp(1, 500) as u32;
    Ok(())
}

pub(super) fn get_hz(config: &Config) -> Vec<u8> {
    config.hz.to_string().into()
}

fn shutdown_words(args: &[&[u8]]) -> Result<String, ValueError> {
    let known = |arg: &&[u8]| {
        SHUTDOWN_WORDS.iter().position(|word| arg.eq_ignore_ascii_case(word.as_bytes()))
    };
    let mut chosen = Vec::new();
    for arg in args {
        chosen.push(known(arg).ok_or_else(|| {
            let words = SHUTDOWN_WORDS.join(", ");
            ValueError::from(format!("argument(s) must be one of the following: {words}"))
        })?);
    }
    chosen.retain(|word| *word != 0);
    if chosen.contains(&1) && chosen.contains(&2) {
        return Err("Conflicting options: save and nosave".into());
    }
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.is_empty() {
        chosen.push(0);
    }
    Ok(join(chosen.iter().map(|word| SHUTDOWN_WORDS[*word])))
}

pub(super) fn set_on_sigint(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    config.driver.shutdown_on_sigint = shutdown_words(args)?;
    Ok(())
}

pub(super) fn get_on_sigint(config: &Config) -> Vec<u8> {
    config.driver.shutdown_on_sigint.clone().into()
}

pub(super) fn set_on_sigterm(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    config.driver.shutdown_on_sigterm = shutdown_words(args)?;
    Ok(())
}

pub(super) fn get_on_sigterm(config: &Config) -> Vec<u8> {
    config.driver.shutdown_on_sigterm.clone().into()
}

pub(super) fn set_dir(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    config.dir = text(single(args)?)?;
    Ok(())
}

pub(super) fn get_dir(config: &Config) -> Vec<u8> {
    config.dir.clone().into()
}

/// Points of a file add to those before them; the first of them replaces the defaults, and so
/// does every `CONFIG SET`. An empty text takes all points away.
pub(super) fn set_save(config: &mut Config, args: &[&[u8]], source: Source) -> Set {
    let empty = args == [b""];
    let args = if empty { &[] } else { args };
    let invalid = || ValueError::from("Invalid save parameters");
    let mut points = Vec::with_capacity(args.len() / 2);
    for pair in args.chunks(2) {
        let &[seconds, changes] = pair else { return Err(invalid()) };
        let seconds = lenient(seconds).filter(|s| *s >= 1).ok_or_else(invalid)?;
        let changes = lenient(changes).filter(|c| *c >= 0).ok_or_else(invalid)?;
        points.push((seconds as u64, changes as u64));
    }
    if empty || source != (Source::File { first: false }) {
        config.save.clear();
    }
    config.save.append(&mut points);
    Ok(())
}

pub(super) fn get_save(config: &Config) -> Vec<u8> {
    join(config.save.iter().map(|(seconds, changes)| format!("{seconds} {changes}"))).into()
}

pub(super) fn set_replicaof(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    let &[host, port] = args else { return Err("wrong number of arguments".into()) };
    config.replicaof = None;
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(());
    }
    let port = lenient(port).and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or("Invalid master port")?;
    config.replicaof = Some((text(host)?, port));
    Ok(())
}

pub(super) fn get_replicaof(config: &Config) -> Vec<u8> {
    config.replicaof.as_ref().map_or(Vec::new(), |(host, port)| format!("{host} {port}").into())
}

pub(super) fn set_output_limits(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    if !args.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    let mut limits =
        [config.output_limit_normal, config.output_limit_replica, config.output_limit_pubsub];
    for class in args.chunks(4) {
        let which = match class[0].to_ascii_lowercase().as_slice() {
            b"normal" => 0,
            b"slave" | b"replica" => 1,
            b"pubsub" => 2,
            _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
        };
        let limit = || {
            Some(OutputLimit {
                hard: parse_memory(class[1])?,
                soft: parse_memory(class[2])?,
                soft_seconds: lenient(class[3])?.try_into().ok()?,
            })
        };
        limits[which] = limit()
            .ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
    }
    [config.output_limit_normal, config.output_limit_replica, config.output_limit_pubsub] = limits;
    Ok(())
}

pub(super) fn get_output_limits(config: &Config) -> Vec<u8> {
    let classes = [
        ("normal", config.output_limit_normal),
        ("slave", config.output_limit_replica),
        ("pubsub", config.output_limit_pubsub),
    ];
    join(classes.map(|(class, limit)| {
        format!("{class} {} {} {}", limit.hard, limit.soft, limit.soft_seconds)
    }))
    .into()
}

pub(super) fn set_percentiles(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    let args = if args == [b""] { &[] } else { args };
    let mut shown = Vec::with_capacity(args.len());
    for arg in args {
        let value =
            double::parse(arg).ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&value) {
            return Err("latency-tracking-info-percentiles parameters should sit between \
                        [0.0,100.0]"
                .into());
        }
        // Redis shows ten significant digits.
        let digits = if value >= 10.0 { 8 } else { 9 };
        let text = double::fixed(value, digits);
        shown.push(text.trim_end_matches('0').trim_end_matches('.').to_owned());
    }
    keep(config, "latency-tracking-info-percentiles", join(shown));
    Ok(())
}

pub(super) fn get_percentiles(config: &Config) -> Vec<u8> {
    kept(config, "latency-tracking-info-percentiles", "50 99 99.9")
}

pub(super) fn set_keyspace_events(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    let unknown = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    config.keyspace_events = EventClasses::parse(single(args)?).ok_or(unknown)?;
    Ok(())
}

pub(super) fn get_keyspace_events(config: &Config) -> Vec<u8> {
    config.keyspace_events.letters().into_bytes()
}

pub(super) fn set_proc_title(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    const KNOWN: [&str; 7] =
        ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];
    let template = text(single(args)?)?;
    let mut rest = template.as_str();
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|close| open + close);
        let known = close.is_some_and(|close| KNOWN.contains(&&rest[open + 1..close]));
        if !known {
            return Err("template format is invalid or contains unknown variables".into());
        }
        rest = &rest[close.unwrap_or(open)..];
    }
    keep(config, "proc-title-template", template);
    Ok(())
}

pub(super) fn get_proc_title(config: &Config) -> Vec<u8> {
    kept(config, "proc-title-template", PROC_TITLE)
}

pub(super) fn set_oom_values(config: &mut Config, args: &[&[u8]], _: Source) -> Set {
    if args.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let mut values = [0; 3];
    for (value, arg) in values.iter_mut().zip(args) {
        *value = lenient(arg)
            .filter(|value| (-2000..=2000).contains(value))
            .ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")?;
    }
    keep(config, "oom-score-adj-values", join(values));
    Ok(())
}

pub(super) fn get_oom_values(config: &Config) -> Vec<u8> {
    kept(config, "oom-score-adj-values", "0 200 800")
}
