//! The notation of arguments in the table of commands, parsed for `COMMAND DOCS`.
//!
//! `[a]` optional, `<a | b>` a choice, `[a | b]` an optional choice, `a [a ...]` one or more,
//! words in upper case stand for themselves.

/// An argument, as `COMMAND DOCS` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Arg {
    pub(super) name: String,
    /// `string`, `integer`, `double`, `key`, `pattern`, `pure-token`, `oneof` or `block`.
    pub(super) kind: &'static str,
    pub(super) token: Option<String>,
    pub(super) optional: bool,
    pub(super) multiple: bool,
    /// The token is repeated with the rest.
    pub(super) multiple_token: bool,
    pub(super) children: Vec<Arg>,
}

/// Where `numkeys` stands among the arguments (the command's name is argument 0), if keys are
/// counted.
pub(super) fn numkeys_index(syntax: &str) -> Option<usize> {
    let before = syntax.split_ascii_whitespace().take_while(|word| !word.starts_with(['[', '<']));
    before.enumerate().find(|(_, word)| *word == "numkeys").map(|(at, _)| at + 1)
}

/// The arguments of a command, from its notation.
pub(super) fn parse(syntax: &str) -> Vec<Arg> {
    let spaced = ['[', ']', '<', '>', '|']
        .iter()
        .fold(syntax.to_owned(), |text, mark| text.replace(*mark, &format!(" {mark} ")));
    let words: Vec<&str> = spaced.split_ascii_whitespace().collect();
    let mut parser = Parser { words: &words, at: 0 };
    parser.sequence().0
}

struct Parser<'a> {
    words: &'a [&'a str],
    at: usize,
}

impl Parser<'_> {
    /// Arguments up to a closing bracket or a bar, and whether `...` ended them.
    fn sequence(&mut self) -> (Vec<Arg>, bool) {
        let mut out: Vec<Arg> = Vec::new();
        let mut repeated = false;
        while let Some(word) = self.words.get(self.at).copied() {
            match word {
                "]" | ">" | "|" => break,
                "..." => repeated = true,
                "[" | "<" => {
                    self.at += 1;
                    let (arg, repeats) = self.group(word == "[");
                    match repetition(&arg) {
                        // `field value [field value ...]`, `GET pattern [GET pattern ...]`
                        Some(once) if repeats && out.ends_with(&once) => {
                            let first = out.split_off(out.len() - once.len());
                            let multiple_token = arg.token.is_some();
                            out.push(Arg { multiple: true, multiple_token, ..tokened(first) });
                        }
                        _ => out.push(Arg { multiple: arg.multiple || repeats, ..arg }),
                    }
                }
                _ => out.push(word_arg(word)),
            }
            self.at += 1;
        }
        (out, repeated)
    }

    /// What stands in brackets, up to the closing one.
    fn group(&mut self, optional: bool) -> (Arg, bool) {
        let mut choices = Vec::new();
        let mut repeated = false;
        loop {
            let (arguments, repeats) = self.sequence();
            repeated |= repeats;
            choices.push(tokened(arguments));
            if self.words.get(self.at) != Some(&"|") {
                break;
            }
            self.at += 1;
        }
        let arg = match choices.len() {
            1 => choices.remove(0),
            _ => Arg { name: joined(&choices), kind: "oneof", children: choices, ..Arg::default() },
        };
        (Arg { optional, ..arg }, repeated)
    }
}

/// What must stand before an optional group for the group to be its repetition.
fn repetition(group: &Arg) -> Option<Vec<Arg>> {
    let mut once: Vec<Arg> = group.token.iter().map(|token| word_arg(token)).collect();
    match group.kind {
        "pure-token" | "oneof" => return None,
        "block" => once.extend(group.children.iter().cloned()),
        _ => once.push(Arg { token: None, optional: false, ..group.clone() }),
    }
    Some(once)
}

/// `COUNT count` is one argument with a token, `AUTH username password` a block with one.
fn tokened(mut arguments: Vec<Arg>) -> Arg {
    let leads = arguments.len() > 1 && arguments[0].kind == "pure-token";
    if !leads {
        return block(arguments);
    }
    let token = arguments.remove(0).token;
    let mut arg = block(arguments);
    if arg.token.is_some() || arg.optional || arg.multiple {
        // A token before something that has its own marks needs a block around it.
        let name = arg.name.clone();
        arg = Arg { name, kind: "block", children: vec![arg], ..Arg::default() };
    }
    Arg { token, ..arg }
}

/// One argument, or several as one.
fn block(mut arguments: Vec<Arg>) -> Arg {
    match arguments.len() {
        1 => arguments.remove(0),
        _ => {
            let name = joined(&arguments);
            Arg { name, kind: "block", children: arguments, ..Arg::default() }
        }
    }
}

fn joined(arguments: &[Arg]) -> String {
    let names: Vec<&str> = arguments.iter().map(|arg| arg.name.as_str()).collect();
    names.join("_")
}

fn word_arg(word: &str) -> Arg {
    if !word.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let (name, token) = (word.to_ascii_lowercase(), Some(word.to_owned()));
        return Arg { name, kind: "pure-token", token, ..Arg::default() };
    }
    Arg { name: word.into(), kind: kind_of(word), ..Arg::default() }
}

/// The type of an argument, by its name.
fn kind_of(name: &str) -> &'static str {
    const INTEGERS: &[&str] = &[
        "numkeys",
        "count",
        "num-matches",
        "index",
        "index1",
        "index2",
        "start",
        "stop",
        "end",
        "rank",
        "len",
        "maxlen",
        "offset",
        "cursor",
        "seconds",
        "milliseconds",
        "limit",
        "bit",
        "db",
        "destination-db",
        "protover",
        "port",
        "min-match-len",
        "samples",
    ];
    match name {
        "key" | "source" | "destination" | "newkey" | "key1" | "key2" | "destkey" => "key",
        "pattern" => "pattern",
        "score" | "timeout" => "double",
        "unix-time-seconds" | "unix-time-milliseconds" => "unix-time",
        _ if INTEGERS.contains(&name) => "integer",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::table::all;

    /// The arguments in the notation again, as redis-cli puts hints together.
    fn hint(args: &[Arg]) -> String {
        let texts: Vec<String> = args.iter().map(one).collect();
        texts.join(" ")
    }

    fn one(arg: &Arg) -> String {
        let body = match arg.kind {
            "pure-token" => String::new(),
            "oneof" => {
                let choices = arg.children.iter().map(one).collect::<Vec<_>>().join(" | ");
                // Brackets that are there anyway need no others.
                let bare = arg.optional && arg.token.is_none();
                if bare { choices } else { format!("<{choices}>") }
            }
            "block" => hint(&arg.children),
            _ => arg.name.clone(),
        };
        let mut text = match &arg.token {
            Some(token) if body.is_empty() => token.clone(),
            Some(token) => format!("{token} {body}"),
            None => body,
        };
        if arg.multiple {
            // A choice is long enough without being said twice.
            let once = arg.kind == "oneof";
            text = if once { format!("{text} ...") } else { format!("{text} [{text} ...]") };
        }
        if arg.optional { format!("[{text}]") } else { text }
    }

    #[test]
    fn every_notation_of_the_table_comes_back() {
        let wrong: Vec<_> = all()
            .map(|spec| (hint(&parse(spec.docs().syntax)), spec.docs().syntax))
            .filter(|(hint, syntax)| hint != syntax)
            .collect();
        assert_eq!(wrong, []);
    }

    #[test]
    fn tokens_choices_and_repetitions_are_understood() {
        let args = parse("key <LEFT | RIGHT> [COUNT count] [member ...]");
        let kinds: Vec<&str> = args.iter().map(|arg| arg.kind).collect();
        assert_eq!(kinds, ["key", "oneof", "integer", "string"]);
        assert_eq!(args[1].children.len(), 2);
        assert_eq!(args[2].token.as_deref(), Some("COUNT"));
        assert!(args[2].optional && args[3].optional && args[3].multiple);
        let pairs = parse("key field value [field value ...]");
        assert_eq!(pairs[1].kind, "block");
        assert!(pairs[1].multiple && !pairs[1].optional);
    }

    #[test]
    fn counted_keys_are_found() {
        assert_eq!(numkeys_index("timeout numkeys key [key ...]"), Some(2));
        assert_eq!(numkeys_index("key [numkeys]"), None);
    }
}
