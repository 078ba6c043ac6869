//! Reading config texts, line by line.

use super::directives::{Directive, Shape, lookup};
use super::value::ValueError;
use super::{Config, Source, parse};

/// Directives of Redis 3 to 6 that Redis 7 still reads, and ignores.
const FORGOTTEN: [&str; 3] =
    ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/// Directives that Lockstep refuses rather than ignores, since who wrote them relies on what they
/// forbid or add.
const REFUSED: [(&str, &str); 2] = [
    ("loadmodule", "there are no modules here"),
    ("sentinel", "sentinel directive while not in sentinel mode"),
];

/// Reads config texts into a [`Config`], line by line.
#[derive(Debug, Clone, Default, Hash)]
pub struct Reader {
    /// What has been read so far.
    pub config: Config,
    saw_save: bool,
}

/// What a line of a config text was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Nothing to do.
    Done,
    /// `dir` was set: to be entered at once, since later relative paths count from there.
    Dir,
    /// A command was renamed, see [`Config::renamed`]: whether it exists only the caller knows.
    Renamed,
    /// The files that match this pattern are to be read here.
    Include(Vec<u8>),
}

impl Reader {
    /// A reader that starts from `config`.
    pub fn new(config: Config) -> Self {
        Self { config, saw_save: false }
    }

    /// Reads a line as [`parse::lines`] yields it.
    ///
    /// # Errors
    /// What is wrong with it, in Redis's words.
    pub fn line(&mut self, line: &[u8]) -> Result<Line, ValueError> {
        let args = parse::split_args(line).ok_or("Unbalanced quotes in configuration line")?;
        let Some((name, values)) = args.split_first() else { return Ok(Line::Done) };
        if let Some((directive, known)) = lookup(name) {
            self.directive(directive, known, values)?;
            let entered = directive.name == "dir";
            return Ok(if entered { Line::Dir } else { Line::Done });
        }
        let name = name.to_ascii_lowercase();
        let is = |known: &str| name == known.as_bytes();
        if values.len() == 1 && FORGOTTEN.into_iter().any(is) {
            return Ok(Line::Done);
        }
        if values.len() == 1 && is("include") {
            return Ok(Line::Include(values[0].clone()));
        }
        if let ([old, new], true) = (values, is("rename-command")) {
            self.config.renamed.push((old.clone(), new.clone()));
            return Ok(Line::Renamed);
        }
        if is("user") && !values.is_empty() {
            return self.user(values);
        }
        if let Some((_, why)) = REFUSED.into_iter().find(|(known, _)| is(known))
            && !values.is_empty()
        {
            return Err(why.into());
        }
        if name.contains(&b'.') {
            // Configuration of a module, which would have been refused above.
            return match values {
                [] => Err("Module config specified without value".into()),
                _ => Ok(Line::Done),
            };
        }
        Err("Bad directive or wrong number of arguments".into())
    }

    /// A `user` line: of the default user, with passwords perhaps, but without restrictions.
    fn user(&mut self, words: &[Vec<u8>]) -> Result<Line, ValueError> {
        let Some((name, rules)) = words.split_first().filter(|(name, _)| *name == b"default")
        else {
            return Err("there are no ACL users here but the default one".into());
        };
        debug_assert_eq!(name, b"default");
        let rules = rules.iter().map(Vec::as_slice);
        self.config.set_user(rules).map_err(|(rule, why)| {
            format!("Error in user declaration '{}': {why}", String::from_utf8_lossy(rule))
        })?;
        Ok(Line::Done)
    }

    /// The configuration, when all has been read.
    pub fn finish(self) -> Config {
        self.config
    }

    fn directive(
        &mut self,
        directive: &Directive,
        name: &str,
        values: &[Vec<u8>],
    ) -> Result<(), ValueError> {
        let first = directive.name != "save" || !self.saw_save;
        self.saw_save |= directive.name == "save";
        let source = Source::File { first };
        // `save "900 1 300 10"` is one argument that holds several.
        if let (Shape::Own { many: true, .. }, [one]) = (directive.shape, values)
            && !one.is_empty()
        {
            let words = parse::split_args(one).ok_or("Unbalanced quotes in configuration line")?;
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            return self.config.apply(directive, name, &words, source);
        }
        let words: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        self.config.apply(directive, name, &words, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let mut reader = Reader::default();
        for (number, line) in parse::lines(text.as_bytes()) {
            reader.line(line).map_err(|why| format!("{number}: {why}"))?;
        }
        Ok(reader.config)
    }

    #[test]
    fn save_points_add_up_behind_the_first() {
        for (text, points) in [
            ("", &[(3600, 1), (300, 100), (60, 10_000)][..]),
            ("save 10 10\nsave 20 20", &[(10, 10), (20, 20)]),
            ("save 10 10\nsave \"\"", &[]),
            ("save \"\"\nsave 5 5", &[(5, 5)]),
            ("save \"7 7 9 9\"", &[(7, 7), (9, 9)]),
            ("save \"7  7\"", &[(7, 7)]),
            ("save 7 7\nsave", &[(7, 7)]),
            ("save +7 07", &[(7, 7)]),
        ] {
            assert_eq!(read(text).map(|c| c.save), Ok(points.to_vec()), "{text}");
        }
    }

    #[test]
    fn several_values_may_come_as_one() {
        let config = read("bind \"127.0.0.1 -::1\"\nSLAVEOF \"a 1\"\n").expect("valid");
        assert_eq!(config.driver.bind, ["127.0.0.1", "-::1"]);
        assert_eq!(config.replicaof, Some(("a".into(), 1)));
        assert_eq!(read("bind ''").map(|c| c.driver.bind), Ok(vec![]));
        assert_eq!(read("replicaof a 1\nreplicaof no one").map(|c| c.replicaof), Ok(None));
    }

    #[test]
    fn errors_are_those_of_redis() {
        for (text, error) in [
            ("foo bar", "1: Bad directive or wrong number of arguments"),
            ("\n# c\nport \"abc", "3: Unbalanced quotes in configuration line"),
            ("port", "1: wrong number of arguments"),
            ("port 1 2", "1: wrong number of arguments"),
            ("save 1", "1: Invalid save parameters"),
            ("save \"\" foo bar", "1: Invalid save parameters"),
            ("loglevel  xyz  # c", "1: wrong number of arguments"),
            ("rename-command foo", "1: Bad directive or wrong number of arguments"),
            ("a.b", "1: Module config specified without value"),
            ("sentinel a b", "1: sentinel directive while not in sentinel mode"),
            ("dbfilename a/b", "1: dbfilename can't be a path, just a filename"),
            ("appendfilename a/b", "1: appendfilename can't be a path, just a filename"),
            ("appendfilename ''", "1: appendfilename can't be empty"),
            ("appenddirname a/b", "1: appenddirname can't be a path, just a dirname"),
            ("replicaof a 99999", "1: Invalid master port"),
            ("replicaof a", "1: wrong number of arguments"),
            ("unixsocketperm 999", "1: argument couldn't be parsed as an octal number"),
            ("unixsocketperm 1000", "1: argument must be between 0 and 777 inclusive"),
            ("include", "1: Bad directive or wrong number of arguments"),
            (
                "client-output-buffer-limit normal 0 0",
                "1: Wrong number of arguments in buffer limit configuration.",
            ),
        ] {
            assert_eq!(read(text).map(|_| ()), Err(error.into()), "{text}");
        }
        for text in ["list-max-ziplist-entries 4", "a.b c", "sentinel", "dbfilename ''"] {
            let bare_sentinel = text == "sentinel";
            assert_eq!(read(text).is_ok(), !bare_sentinel, "{text}");
        }
    }

    #[test]
    fn the_users_that_redis_writes_are_known() {
        let nopass = "user default on nopass sanitize-payload ~* &* +@all";
        assert!(read(nopass).is_ok_and(|config| !config.needs_password()));
        for line in ["user default off", "user default on ~a* +@all", "user x on ~* +@all"] {
            let why = read(line).expect_err("a restriction");
            assert!(why.contains("the default"), "{line}: {why}");
        }
        let foo = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        let hashed = read(&format!("user default on #{foo} ~* &* +@all")).expect("valid");
        assert!(hashed.is_password(b"foo") && !hashed.is_password(b"bar"));
    }

    #[test]
    fn includes_and_directories_are_the_drivers() {
        let mut reader = Reader::default();
        assert_eq!(
            reader.line(b"include conf.d/*.conf"),
            Ok(Line::Include(b"conf.d/*.conf".into()))
        );
        assert_eq!(reader.line(b"dir /var/lib"), Ok(Line::Dir));
        assert_eq!(reader.line(b"port 1"), Ok(Line::Done));
        assert_eq!(reader.config.dir, "/var/lib");
    }
}
