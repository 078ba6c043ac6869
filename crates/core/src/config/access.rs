//! `CONFIG GET` and `CONFIG SET`: by name and by pattern, all or nothing.

use super::directives::{DIRECTIVES, Directive, Shape, Store, When, lookup};
use super::value::ValueError;
use super::{Config, Source};

/// Who asks for `CONFIG SET`, as far as it matters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting {
    /// A dataset is being loaded.
    pub loading: bool,
    /// The client is on this machine (loopback or unix socket): `local` allows it.
    pub local: bool,
}

/// Directives that Redis does not have begin so. `CONFIG GET *` shows what Redis would show.
const OWN: &str = "lockstep-";

impl Config {
    /// `CONFIG GET`: names and values of the directives that match any of the patterns. A name
    /// without pattern characters is given back as it was asked for.
    pub fn get<P: AsRef<[u8]>>(&self, patterns: &[P]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut seen: Vec<&'static str> = Vec::new();
        for pattern in patterns.iter().map(AsRef::as_ref) {
            if !crate::glob::is_pattern(pattern) {
                if let Some((directive, name)) = lookup(pattern)
                    && !seen.contains(&name)
                {
                    seen.push(name);
                    found.push((pattern.to_vec(), self.text(directive)));
                }
                continue;
            }
            let own = pattern.starts_with(OWN.as_bytes());
            let shown = |d: &&Directive| !d.hidden || (own && d.name.starts_with(OWN));
            for directive in DIRECTIVES.iter().filter(shown) {
                for name in directive.names() {
                    if !seen.contains(&name) && crate::glob::matches(pattern, name.as_bytes(), true)
                    {
                        seen.push(name);
                        found.push((name.into(), self.text(directive)));
                    }
                }
            }
        }
        found
    }

    /// The value of one directive as `CONFIG GET` shows it.
    pub fn text(&self, directive: &Directive) -> Vec<u8> {
        match directive.shape {
            Shape::One(kind, Store::Field { get, .. }) => kind.format(get(self)),
            Shape::One(_, Store::Inert(default)) => {
                self.inert.get(directive.name).map_or(default, String::as_str).into()
            }
            Shape::Own { get, .. } => get(self),
        }
    }

    /// The value of a directive by its name; empty if there is none.
    pub fn text_of(&self, name: &str) -> String {
        let text = lookup(name.as_bytes()).map(|(directive, _)| self.text(directive));
        String::from_utf8_lossy(&text.unwrap_or_default()).into_owned()
    }

    /// `CONFIG SET`: all pairs of name and value, or none. Returns the directives that were set,
    /// for the caller to act upon.
    ///
    /// # Errors
    /// The text of the error reply, code first.
    pub fn set<B: AsRef<[u8]>>(
        &mut self,
        pairs: &[(B, B)],
        setting: Setting,
    ) -> Result<Vec<&'static Directive>, String> {
        let directives = self.settable(pairs, setting)?;
        let mut changed = self.clone();
        for ((directive, name), (_, value)) in directives.iter().zip(pairs) {
            let value = value.as_ref();
            let args: Vec<&[u8]> = match directive.shape {
                Shape::Own { many: true, .. } if value.is_empty() => Vec::new(),
                Shape::Own { many: true, .. } => value.split(|b| *b == b' ').collect(),
                _ => vec![value],
            };
            changed
                .apply(directive, name, &args, Source::Set)
                .map_err(|why| set_failed(name.as_bytes(), &why))?;
        }
        changed.revision = self.revision + 1;
        *self = changed;
        Ok(directives.into_iter().map(|(directive, _)| directive).collect())
    }

    /// Checks everything but the values, in Redis's order of precedence.
    fn settable<B: AsRef<[u8]>>(
        &self,
        pairs: &[(B, B)],
        setting: Setting,
    ) -> Result<Vec<(&'static Directive, &'static str)>, String> {
        let mut found: Vec<(&Directive, &str)> = Vec::with_capacity(pairs.len());
        for (asked, _) in pairs {
            let asked = asked.as_ref();
            let Some((directive, name)) = lookup(asked) else {
                let asked = String::from_utf8_lossy(asked);
                return Err(format!(
                    "ERR Unknown option or number of arguments for CONFIG SET - '{asked}'"
                ));
            };
            if directive.when == When::Start {
                return Err(set_failed(asked, "can't set immutable config"));
            }
            if directive.when == When::Protected && !self.protected_allowed(setting) {
                return Err(set_failed(asked, "can't set protected config"));
            }
            if directive.deny_loading && setting.loading {
                return Err("LOADING Redis is loading the dataset in memory".into());
            }
            if found.iter().any(|(_, earlier)| *earlier == name) {
                return Err(set_failed(asked, "duplicate parameter"));
            }
            found.push((directive, name));
        }
        Ok(found)
    }

    fn protected_allowed(&self, setting: Setting) -> bool {
        match self.enable_protected_configs.as_str() {
            "yes" => true,
            "local" => setting.local,
            _ => false,
        }
    }

    pub(super) fn apply(
        &mut self,
        directive: &Directive,
        name: &str,
        args: &[&[u8]],
        source: Source,
    ) -> Result<(), ValueError> {
        match (directive.shape, args) {
            (Shape::Own { set, many: true, .. }, _) => set(self, args, source),
            (Shape::Own { set, .. }, [_]) => set(self, args, source),
            (Shape::One(kind, store), [arg]) => {
                let value = kind.parse(name, arg)?;
                match store {
                    Store::Field { set, .. } => set(self, value),
                    Store::Inert(_) => {
                        let text = String::from_utf8_lossy(&kind.format(value)).into_owned();
                        self.inert.insert(directive.name.into(), text);
                    }
                }
                Ok(())
            }
            _ => Err("wrong number of arguments".into()),
        }
    }

    /// The directives without effect here that were set to something else than Redis's default:
    /// name and value.
    pub fn ignored(&self) -> impl Iterator<Item = (&str, &str)> {
        // The file of users is read by the driver.
        let inert = self.inert.iter().filter(|(name, _)| *name != "aclfile");
        inert.map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, value)| {
            let untouched = Self::default();
            let default = lookup(name.as_bytes()).map(|(d, _)| untouched.text(d));
            default.as_deref() != Some(value.as_bytes())
        })
    }
}

fn set_failed(name: &[u8], why: &str) -> String {
    let name = String::from_utf8_lossy(name);
    format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What redis-server 7.0.15 answers to `CONFIG GET *` when it is started without arguments in
    /// `/tmp`, sorted.
    const GOLDEN: &str = include_str!("config-get-7.0.15.txt");

    fn shown(config: &Config, pattern: &str) -> String {
        let mut lines: Vec<String> = config
            .get(&[pattern])
            .iter()
            .map(|(name, value)| format!("{} {}", name.escape_ascii(), value.escape_ascii()))
            .collect();
        lines.sort();
        lines.join("|")
    }

    fn set(config: &mut Config, words: &[&str]) -> Result<(), String> {
        let pairs: Vec<(&str, &str)> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        config.set(&pairs, Setting::default()).map(|_| ())
    }

    #[test]
    fn defaults_are_those_of_redis() {
        let config = Config { dir: "/tmp".into(), ..Config::server() };
        let golden: Vec<&str> = GOLDEN.lines().collect();
        assert_eq!(shown(&config, "*").split('|').collect::<Vec<_>>(), golden);
    }

    #[test]
    fn getting_by_name_and_pattern() {
        let config = Config::default();
        assert_eq!(shown(&config, "*READ-only"), "replica-read-only yes|slave-read-only yes");
        assert_eq!(shown(&config, "TIMEOUT"), "TIMEOUT 0");
        assert_eq!(shown(&config, "watchdog*"), "");
        assert_eq!(shown(&config, "watchdog-period"), "watchdog-period 0");
        assert_eq!(shown(&config, ""), "");
        assert_eq!(config.get(&["TIMEOUT", "timeout", "time*"]).len(), 1);
    }

    #[test]
    fn values_are_shown_as_redis_shows_them() {
        for (name, value, shown_value) in [
            ("hz", "1000", "500"),
            ("hz", "0", "1"),
            ("repl-backlog-size", "16kb", "16384"),
            ("maxmemory-clients", "5%", "5%"),
            ("maxmemory", "1KB", "1024"),
            ("maxmemory", "", "0"),
            ("loglevel", "NOTICE", "notice"),
            ("shutdown-on-sigint", "now save", "save now"),
            ("shutdown-on-sigint", "default save", "save"),
            ("save", "900 1 300 10", "900 1 300 10"),
            ("save", "", ""),
            (
                "client-output-buffer-limit",
                "replica 1mb 2k 3",
                "normal 0 0 0 slave 1048576 2000 3 pubsub 33554432 8388608 60",
            ),
            ("notify-keyspace-events", "KEA", "AKE"),
            ("notify-keyspace-events", "Kg$n", "g$nK"),
            ("notify-keyspace-events", "KEAmnd", "AKEm"),
            ("notify-keyspace-events", "Eg$lshzxetdmn", "AEm"),
            ("oom-score-adj-values", "1 2 3", "1 2 3"),
            ("latency-tracking-info-percentiles", "50.50 99.99999", "50.5 99.99999"),
            ("latency-tracking-info-percentiles", "", ""),
            ("bind", "127.0.0.1 ::1", "127.0.0.1 ::1"),
            ("replica-announce-ip", "x y", "x y"),
            ("slave-priority", "3", "3"),
        ] {
            let mut config = Config::default();
            assert_eq!(set(&mut config, &[name, value]), Ok(()), "{name} {value}");
            assert_eq!(shown(&config, name), format!("{name} {shown_value}"));
        }
    }

    #[test]
    fn refusals_are_those_of_redis() {
        let failed = |name: &str, why: &str| {
            format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
        };
        let limits = "client-output-buffer-limit";
        let tails = "latency-tracking-info-percentiles";
        let oom = "oom-score-adj-values";
        let not_int = "argument couldn't be parsed into an integer";
        let points = "Invalid save parameters";
        for (words, name, why) in [
            (&["port", "abc"][..], "port", not_int),
            (&["timeout", " 1"], "timeout", not_int),
            (&["timeout", ""], "timeout", not_int),
            (&["dir", "/tmp"], "dir", "can't set protected config"),
            (&["databases", "3"], "databases", "can't set immutable config"),
            (&["databases", "1", "foo", "2"], "databases", "can't set immutable config"),
            (&["timeout", "1", "TIMEOUT", "2"], "TIMEOUT", "duplicate parameter"),
            (&["replica-priority", "1", "hz", "3", "timeout", "x"], "timeout", not_int),
            (&["SLAVE-priority", "x"], "slave-priority", not_int),
            (&["save", "900"], "save", points),
            (&["save", "900 1 0 1"], "save", points),
            (&["save", "1  2"], "save", points),
            (&["save", " 1 2"], "save", points),
            (
                &[limits, "normal 1 2"],
                limits,
                "Wrong number of arguments in buffer limit configuration.",
            ),
            (
                &[limits, "master 1 2 3"],
                limits,
                "Invalid client class specified in buffer limit configuration.",
            ),
            (
                &[limits, "normal 1 2 -3"],
                limits,
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            ),
            (
                &["notify-keyspace-events", "q"],
                "notify-keyspace-events",
                "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
            ),
            (&[oom, "1 2"], oom, "wrong number of arguments"),
            (
                &[oom, "1 2 3000"],
                oom,
                "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
            ),
            (&[tails, "50 foo"], tails, "Invalid latency-tracking-info-percentiles parameters"),
            (
                &[tails, "101"],
                tails,
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
            ),
            (
                &["bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"],
                "bind",
                "Too many bind addresses specified.",
            ),
            (
                &["proc-title-template", "{foo}"],
                "proc-title-template",
                "template format is invalid or contains unknown variables",
            ),
            (
                &["shutdown-on-sigint", "foo"],
                "shutdown-on-sigint",
                "argument(s) must be one of the following: default, save, nosave, now, force",
            ),
        ] {
            let mut config = Config::default();
            let before = config.clone();
            assert_eq!(set(&mut config, words), Err(failed(name, why)), "{words:?}");
            assert_eq!(config, before, "a refused CONFIG SET changes nothing");
        }
        let unknown = "ERR Unknown option or number of arguments for CONFIG SET - 'foo'";
        let words = ["timeout", "1", "foo", "2", "port", "3"];
        assert_eq!(set(&mut Config::default(), &words), Err(unknown.into()));
    }

    #[test]
    fn a_load_in_progress_forbids_some() {
        let mut config = Config::default();
        let loading = Setting { loading: true, ..Setting::default() };
        let refused = config.set(&[("repl-diskless-load", "swapdb")], loading);
        assert_eq!(
            refused.map(|_| ()),
            Err("LOADING Redis is loading the dataset in memory".into())
        );
        assert!(config.set(&[("timeout", "1")], loading).is_ok());
        assert_eq!((config.timeout, config.revision), (1, 1));
    }

    #[test]
    fn what_is_ignored_is_known() {
        let mut config = Config::default();
        let words = ["maxmemory-clients", "1mb", "slave-lazy-flush", "yes", "activedefrag", "no"];
        set(&mut config, &words).expect("valid");
        let ignored: Vec<_> = config.ignored().collect();
        assert_eq!(ignored, [("maxmemory-clients", "1048576"), ("replica-lazy-flush", "yes")]);
    }
}
