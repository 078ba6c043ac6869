//! The grammar of config files and of the command line, without a file system.
//!
//! A file is lines; a line is split like a command typed into redis-cli: words, double quotes with
//! escapes, single quotes. `#` starts a comment at the beginning of a line only. Options of the
//! command line become lines too, so that one grammar serves all.

/// Splits a line into its arguments; `None` when its quotes are unbalanced or a closing quote is
/// not followed by a space.
///
/// Inside double quotes `\n \r \t \b \a` and `\xHH` are escapes, and a backslash before anything
/// else stands for that byte; inside single quotes only `\'` is an escape.
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut args = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        // A NUL byte ends the line, as for every C string.
        if matches!(rest.first(), None | Some(0)) {
            return Some(args);
        }
        let (arg, behind) = one_arg(rest)?;
        args.push(arg);
        rest = behind;
    }
}

fn one_arg(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut arg = Vec::new();
    loop {
        match *rest {
            [] | [0, ..] => return Some((arg, rest)),
            [b' ' | b'\n' | b'\r' | b'\t', ..] => return Some((arg, rest)),
            // A quote opens anywhere in a word, but a word ends where a quote closes.
            [b'"', ref quoted @ ..] => {
                rest = double_quoted(quoted, &mut arg)?;
                return ends_word(rest).then_some((arg, rest));
            }
            [b'\'', ref quoted @ ..] => {
                rest = single_quoted(quoted, &mut arg)?;
                return ends_word(rest).then_some((arg, rest));
            }
            [byte, ref behind @ ..] => {
                arg.push(byte);
                rest = behind;
            }
        }
    }
}

fn ends_word(rest: &[u8]) -> bool {
    rest.first().is_none_or(|b| *b == 0 || b.is_ascii_whitespace() || *b == 0x0b)
}

fn double_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match *rest {
            [] | [0, ..] => return None,
            [b'"', ref behind @ ..] => return Some(behind),
            [b'\\', b'x', high, low, ref behind @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                arg.push(hex(high) << 4 | hex(low));
                rest = behind;
            }
            [b'\\', escaped, ref behind @ ..] if escaped != 0 => {
                arg.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => other,
                });
                rest = behind;
            }
            [byte, ref behind @ ..] => {
                arg.push(byte);
                rest = behind;
            }
        }
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match *rest {
            [] | [0, ..] => return None,
            [b'\\', b'\'', ref behind @ ..] => {
                arg.push(b'\'');
                rest = behind;
            }
            [b'\'', ref behind @ ..] => return Some(behind),
            [byte, ref behind @ ..] => {
                arg.push(byte);
                rest = behind;
            }
        }
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Writes an argument in double quotes so that [`split_args`] gives it back.
pub fn quote(arg: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in arg {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    out.push(b'"');
    out
}

/// The lines of a config text that say something: number (from 1), and the line without the white
/// space around it.
pub fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|b| *b == b'\n')
        .map(<[u8]>::trim_ascii)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && line[0] != b'#')
        .map(|(index, line)| (index + 1, line))
}

/// What the command line of `redis-server` asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The config file: the first argument, if it is no option.
    pub file: Option<Vec<u8>>,
    /// `-` as the first or the last argument: read standard input after the file.
    pub stdin: bool,
    /// The options as lines of a config text, to be read last.
    pub options: Vec<u8>,
}

/// Reads the arguments behind the program's name.
///
/// `--name` starts a directive, everything else is an argument of the directive begun last, and so
/// is what begins with `--` where a directive has no argument yet (`--requirepass --x`).
/// `--save` without an argument means `--save ''`.
pub fn command_line<A: AsRef<[u8]>>(args: &[A]) -> CommandLine {
    let mut result = CommandLine::default();
    let mut at = 0;
    if let Some(first) = args.first().map(AsRef::as_ref)
        && first.first() != Some(&b'-')
    {
        result.file = Some(first.to_vec());
        at = 1;
    }
    let options = &mut result.options;
    let mut complete = true; // whether the last directive has an argument
    for (index, arg) in args.iter().map(AsRef::as_ref).enumerate().skip(at) {
        let last = index + 1 == args.len();
        if arg == b"-" && (index == 0 || last) {
            result.stdin = true;
        } else if let Some(directive) = arg.strip_prefix(b"--")
            && complete
        {
            if !options.is_empty() {
                options.push(b'\n');
            }
            options.extend_from_slice(directive);
            options.push(b' ');
            // `--port 6380` may be one argument, quoted for a shell.
            complete = split_args(arg).is_some_and(|words| words.len() != 1);
            let bare_save = arg.eq_ignore_ascii_case(b"--save");
            let next_is_option =
                args.get(index + 1).is_some_and(|next| next.as_ref().starts_with(b"--"));
            if bare_save && (last || next_is_option) {
                options.extend_from_slice(b"\"\"");
                complete = true;
            }
        } else {
            options.extend(quote(arg));
            options.push(b' ');
            complete = true;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<Vec<String>> {
        let args = split_args(line.as_bytes())?;
        Some(args.iter().map(|arg| arg.escape_ascii().to_string()).collect())
    }

    #[test]
    fn words_and_quotes_as_in_redis() {
        for (line, args) in [
            ("", &[] as &[&str]),
            ("  port   6380\t", &["port", "6380"]),
            (r#"save """#, &["save", ""]),
            ("save ''", &["save", ""]),
            (r#"a "b c" d"#, &["a", "b c", "d"]),
            (r#"a "\x41\xfF\n\t\"\\\q\xZ1""#, &["a", r#"A\xff\n\t\"\\qxZ1"#]),
            (r"a 'it\'s \n'", &["a", r"it\'s \\n"]),
            (r#"bind a"b""#, &["bind", "ab"]),
            ("a # b", &["a", "#", "b"]),
        ] {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert_eq!(split(line), Some(args), "{line}");
        }
        for line in [r#"port "abc"#, "port 'abc", r#"a "b"c"#, "a 'b'c", r#"a "b\"#] {
            assert_eq!(split(line), None, "{line}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = b"\n# comment\n  port 1 \r\n\n\tdir x\n#end";
        let found: Vec<_> = lines(text).collect();
        assert_eq!(found, [(3, &b"port 1"[..]), (5, &b"dir x"[..])]);
    }

    fn options(args: &[&str]) -> (Option<String>, bool, String) {
        let parsed = command_line(args);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("ascii");
        (parsed.file.map(text), parsed.stdin, text(parsed.options))
    }

    #[test]
    fn the_command_line_becomes_lines() {
        let none = String::new;
        for (args, file, stdin, lines) in [
            (&[][..], None, false, none()),
            (&["a.conf"], Some("a.conf"), false, none()),
            (&["-"], None, true, none()),
            (&["a.conf", "-"], Some("a.conf"), true, none()),
            (&["-", "--port", "1"], None, true, "port \"1\" ".into()),
            (
                &["a.conf", "--port", "1", "--save", "900", "1"],
                Some("a.conf"),
                false,
                "port \"1\" \nsave \"900\" \"1\" ".into(),
            ),
            (&["--save", "", "--port", "1"], None, false, "save \"\" \nport \"1\" ".into()),
            (&["--save", "--port", "1"], None, false, "save \"\"\nport \"1\" ".into()),
            (&["--port", "1", "--save"], None, false, "port \"1\" \nsave \"\"".into()),
            (
                &["--requirepass", "--x", "--port", "1"],
                None,
                false,
                "requirepass \"--x\" \nport \"1\" ".into(),
            ),
            (&["--port 1", "--hz", "2"], None, false, "port 1 \nhz \"2\" ".into()),
            (&["--port", "-", "--hz", "2"], None, false, "port \"-\" \nhz \"2\" ".into()),
            (&["--replicaof", "a b", "1\"2"], None, false, "replicaof \"a b\" \"1\\\"2\" ".into()),
        ] {
            let expected = (file.map(str::to_owned), stdin, lines);
            assert_eq!(options(args), expected, "{args:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_quoted_is_split_back(arg: Vec<u8>) {
            assert_eq!(split_args(&quote(&arg)), Some(vec![arg]));
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = split_args(&line);
            let _ = command_line(&[&line, &line]);
        }
    }
}
