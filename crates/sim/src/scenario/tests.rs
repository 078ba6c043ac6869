//! Tests of the format: what is written is read, and what is wrong is said.

use lockstep_core::rng::Rng;

use super::*;
use crate::message::MessageKind;

/// The example in the module's documentation.
fn example() -> &'static str {
    "title Replica B was away for two seconds
title-zh 副本 B 断开了两秒

node master 6380
node replica-a 6381 of master
node replica-b 6382 of master
preload
  SET greeting hello

when all online
after 300ms
master> SET name chaoge
cut master replica-b
after 2s
master> INCR visits
restore master replica-b
when replica-b sends \"PSYNC * *\" to master within 5s
when all online and all equal
expect master.psync.verdict = partial and master.psync.condition = \"by-replid\"
expect replica-b(GET visits) = 1
"
}

#[test]
fn the_example_in_the_documentation_does_what_it_says() {
    let documented: String = include_str!("mod.rs")
        .lines()
        .skip_while(|line| *line != "//! ```text")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.strip_prefix("//!").unwrap_or(line))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    assert_eq!(documented, example());
    let run = Scenario::parse(example()).unwrap().run(u64::MAX, &mut |_, _| {});
    assert!(run.passed(), "{:#?}", run.findings);
    assert_eq!(run.findings.len(), 5);
}

#[test]
fn the_printer_writes_what_the_parser_read() {
    let scenario = Scenario::parse(example()).unwrap();
    let blank = |text: &str| text.replace("\n\n", "\n");
    assert_eq!(blank(&scenario.to_string()), blank(example()));
}

#[test]
fn errors_say_where_what_is_there_and_what_would_be_right() {
    let world = "node master 6380\nnode replica 6381 of master\n";
    for (text, error) in [
        (
            "",
            "line 1, column 1: expected at least one node (`node NAME PORT`), found the end of \
              the line",
        ),
        (
            "node 7 7",
            "line 1, column 6: expected a name that no other node has, of letters, \
                      digits, `-` and `_`, found `7`",
        ),
        (
            "node a 0",
            "line 1, column 8: expected a port from 1 to 65535 that no other has, found \
                      `0`",
        ),
        ("node a 1 off b", "line 1, column 10: expected the end of the line, found `off`"),
        ("node a 1\nnode b 2 of c", "line 2, column 13: expected a node (a), found `c`"),
        (
            "node a 1\n  prot 5",
            "line 2, column 3: expected a directive of redis.conf (Bad \
                                directive or wrong number of arguments), found `prot`",
        ),
        (
            "node a 1\n  port 5",
            "line 2, column 3: expected a directive of redis.conf (the port \
                                is said behind the node's name), found `port`",
        ),
        (
            "  node a 1",
            "line 1, column 3: expected a statement at the beginning of the line: only \
                        what belongs to config, node, preload or conversation is indented, found \
                        `node`",
        ),
        ("era 5", "line 1, column 5: expected one of 2.6, 2.8, 3.2, 4.0, 7, found `5`"),
    ] {
        assert_eq!(Scenario::parse(text).unwrap_err().to_string(), error, "{text}");
    }
    for (text, error) in [
        ("after 5", "column 7: expected a time such as 300ms or 5s, found `5`"),
        ("after 600000min", "column 7: expected a time of at most a year, found `600000min`"),
        (
            "after 99999999999999999999s",
            "column 7: expected a time such as 300ms or 5s, found \
                                          `99999999999999999999s`",
        ),
        ("cut master replca", "column 12: expected a node (master, replica), found `replca`"),
        (
            "expect master.ofset = 1",
            "column 8: expected a field of a node (power, role, master, \
            link, replid, replid2, second-offset, offset, cached-replid, cached-offset, \
            backlog-first, backlog-histlen, backlog-size, keys, replicas, digest, files, reply, \
            REPLICA.state, info.F, config.F, psync.F), found `master.ofset`",
        ),
        (
            "expect replica.link = conected",
            "column 23: expected one of None, Connect, Connecting, \
            ReceivePingReply, SendHandshake, ReceiveAuthReply, ReceivePortReply, ReceiveIpReply, \
            ReceiveCapaReply, SendPsync, ReceivePsyncReply, Transfer, Connected, found `conected`",
        ),
        (
            "expect master(GET x = 1",
            "column 15: expected a command and a closing bracket, found \
            `GET`",
        ),
        (
            "expect master.offset",
            "column 21: expected one of = != < <= > >= ~, found the end of \
            the line",
        ),
        ("when all online witin 5s", "column 17: expected the end of the line, found `witin`"),
        ("expect (all online", "column 19: expected `)`, found the end of the line"),
        (
            "expect master.replid = $old",
            "column 24: expected something that `let` remembered \
            before, found `$old`",
        ),
        (
            "expect master sends \"PING",
            "column 21: expected a text with a closing quote, found \
            `\"`",
        ),
        (
            "expect master sends pings",
            "column 21: expected a message: \"its words\", bytes \
            \"...\", or a kind such as ack or keepalive, found `pings`",
        ),
        (
            "副本> PING",
            "column 1: expected a statement: title, title-zh, seed, era, link, unix-ms, stagger, config, node, preload; after, at, when, expect, always, never, eventually, mark, let, \
            conversation; `NODE> COMMAND`, or another intervention, found `副本`",
        ),
        (
            "mark\nnode c 3",
            "column 1: expected a statement of the script: after, at, when, \
            expect, always, never, eventually, mark, let, conversation; `NODE> COMMAND`, or \
            another intervention, found `node`",
        ),
        (
            "conversation replica master\n  = PING",
            "column 3: expected `> words`, `< words` or \
            `...`, found `=`",
        ),
    ] {
        let found = Scenario::parse(&format!("{world}{text}")).unwrap_err().to_string();
        let found = found.split_once(", ").map_or("", |(_, rest)| rest);
        assert_eq!(found, error, "{text}");
    }
}

#[test]
fn a_failed_expectation_says_what_was_seen_instead() {
    let script = "
expect replica.link = connected
when all online and all equal
let offset = master.offset
expect master.offset = $offset + 1
expect replica(GET name) = \"ada\" or replica(EXISTS name) = 1
expect replica sends \"PSYNC ? 0\" to master
expect master logs \"Partial*\"
expect master sends ack = 2 times
conversation replica master
  > PING
  < +PANG
conversation master replica
  > PING
never master.role = master
eventually master(GET name) = ada within 2s
when replica sends \"SYNC\" within 3s
expect all online
";
    let text = format!("node master 6380\nnode replica 6381 of master\n{script}");
    let run = Scenario::parse(&text).unwrap().run(u64::MAX, &mut |_, _| {});
    let seen: Vec<(u32, &str)> =
        run.findings.iter().filter(|f| !f.met).map(|f| (f.line, f.seen.as_str())).collect();
    assert_eq!(
        seen,
        [
            (4, "replica.link is \"Connect\""),
            (7, "master.offset is \"0\"; $offset + 1 is \"1\""),
            (8, "replica(GET name) is \"none\"; replica(EXISTS name) is \"0\""),
            (
                9,
                "`replica sends \"PSYNC ? 0\" to master` has not happened (last: \"REPLCONF ACK \
                 0\")"
            ),
            (
                10,
                "`master logs \"Partial*\"` has not happened (last: \"Synchronization with \
                  replica 127.0.0.1:6381 succeeded\")"
            ),
            (11, "`master sends ack` has not happened (last: \"RDB 209 bytes\")"),
            (12, "instead of line 2 (`< +PANG`): `< +PONG`"),
            (15, "no connection was opened"),
            (17, "master.role is \"master\""),
            (18, "master(GET name) is \"none\""),
            (19, "`replica sends \"SYNC\"` has not happened (last: \"REPLCONF ACK 0\")"),
        ]
    );
}

#[test]
fn a_message_on_its_way_is_found_by_its_words_and_held_or_cut_off() {
    let text = "node master 6380
node replica 6381 of master
when all online
after 300ms
master> SET name chaoge
after 10ms
hold \"SET name *\" from master to replica
after 2s
expect replica(GET name) = none
release \"SET name *\" from master
after 100ms
expect replica(GET name) = chaoge
master> SET name ada
after 10ms
reset-at \"SET name ada\" from master 10
after 100ms
expect replica(GET name) = chaoge
when replica(GET name) = ada within 5s
hold ack from master
";
    let run = Scenario::parse(text).unwrap().run(u64::MAX, &mut |_, _| {});
    let missed: Vec<_> = run.findings.iter().filter(|f| !f.met).collect();
    let [missed] = missed[..] else { panic!("{missed:#?}") };
    assert_eq!((missed.line, missed.seen.as_str()), (19, "no such message is on its way"));
    assert_eq!(missed.text, "hold ack from master");
}

/// A scenario of random statements.
struct Author(Rng);

impl Author {
    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.0.below(of.len() as u64) as usize]
    }

    fn node(&mut self) -> NodeId {
        NodeId(self.0.below(3) as u32)
    }

    fn text(&mut self) -> String {
        let texts =
            ["", "a", "and", "not", "none", "12", "*", "say \"hi\"\t\\", "#", "日志", "a.b"];
        self.pick(&texts).to_owned()
    }

    fn wording(&mut self) -> Wording {
        match self.0.below(3) {
            0 => Wording::Text(self.text()),
            1 => Wording::Bytes(self.0.hex::<8>().iter().map(|byte| byte ^ 0xa5).collect()),
            _ => Wording::Kind(MessageKind::Ack),
        }
    }

    fn term(&mut self) -> Term {
        let node = self.node();
        match self.0.below(8) {
            0 => Term::Number(self.0.next_u64() as i64),
            1 => Term::Text(self.text()),
            2 => Term::Remembered("x".into()),
            3 => Term::Field(node, Field::Plain(self.pick(FIELDS))),
            4 => Term::Field(node, Field::Replica(NodeId(1), self.pick(REPLICA_FIELDS))),
            5 => Term::Field(node, Field::Info("sync_full".into())),
            6 => Term::Answer(node, "LRANGE \"a)\" 0 -1".into()),
            _ => Term::Sum(
                Box::new(Term::Number(1)),
                vec![
                    (true, Term::Field(node, Field::Psync("bytes".into()))),
                    (false, Term::Answer(node, String::new())),
                ],
            ),
        }
    }

    fn predicate(&mut self, depth: u64) -> Predicate {
        let relation = [Relation::Equal, Relation::AtMost, Relation::More, Relation::Like];
        let relation = relation[self.0.below(4) as usize];
        let node = self.node();
        match self.0.below(if depth == 0 { 5 } else { 8 }) {
            0 => Predicate::AllOnline,
            1 => Predicate::AllEqual,
            2 => {
                let what = Happening::Logs { node, text: self.text() };
                Predicate::Happened(what, relation, self.0.below(3))
            }
            3 => {
                let other = Some(self.node()).filter(|id| id.0 > 0);
                let (sends, what) = (self.0.below(2) == 0, self.wording());
                let what = Happening::Message { node, sends, what, other };
                Predicate::Happened(what, Relation::AtLeast, 1)
            }
            4 => match (self.term(), self.term()) {
                // What a state is compared with must be one.
                (Term::Field(node, Field::Plain("link")), Term::Text(_)) => {
                    let link = Term::Field(node, Field::Plain("link"));
                    Predicate::Compare(link, relation, Term::Text("Transfer".into()))
                }
                (left @ Term::Field(..), Term::Text(_)) => {
                    Predicate::Compare(left, relation, Term::Number(5))
                }
                (left, right) => Predicate::Compare(left, relation, right),
            },
            5 => Predicate::Not(Box::new(self.predicate(depth - 1))),
            n => {
                let parts = (0..2).map(|_| self.predicate(depth - 1)).collect();
                if n == 6 { Predicate::And(parts) } else { Predicate::Or(parts) }
            }
        }
    }

    fn act(&mut self) -> Intervention {
        let form = &FORMS[self.0.below(FORMS.len() as u64) as usize];
        let arg = |author: &mut Self, kind: &Kind| match kind {
            Kind::Node => Arg::Number(author.0.below(3)),
            Kind::Line | Kind::Quoted => Arg::Text("SET k \"a b\" # no comment".into()),
            _ => Arg::Number(author.0.below(1_000_000_000)),
        };
        let args = form.args.iter().map(|kind| arg(self, kind)).collect();
        build(form.verb, args).expect("a row of the table")
    }

    fn instruction(&mut self) -> Instruction {
        let time = self.0.below(10_000_000);
        let limit = Some(time).filter(|time| time.is_multiple_of(2));
        match self.0.below(12) {
            0 => Instruction::After(time),
            1 => Instruction::At(time),
            2 => Instruction::AtStep(time, limit),
            3 => Instruction::When(self.predicate(3), limit),
            4 => Instruction::Expect(self.predicate(3)),
            5 => Instruction::Always(self.predicate(2)),
            6 => Instruction::Never(self.predicate(2)),
            7 => Instruction::Eventually(self.predicate(1), limit),
            8 if self.0.below(2) == 0 => Instruction::Mark,
            8 => {
                let verb = self.pick(&["hold", "release", "reset-at"]);
                let byte = if verb == "reset-at" { self.0.below(100) } else { 0 };
                let (what, from) = (self.wording(), self.node());
                Instruction::Touch(Touch { verb, what, from, to: limit.map(|_| NodeId(1)), byte })
            }
            9 => {
                let said = (0..self.0.below(4)).map(|_| match self.0.below(3) {
                    0 => Said::Dialer(self.wording()),
                    1 => Said::Acceptor(self.wording()),
                    _ => Said::Anything,
                });
                Instruction::Conversation(NodeId(0), NodeId(1), said.collect())
            }
            _ => Instruction::Do(self.act(), None),
        }
    }

    fn scenario(&mut self) -> Scenario {
        let spec = |name: &str, port, of: Option<u32>, config: &[&str]| NodeSpec {
            name: name.into(),
            port,
            of: of.map(NodeId),
            config: config.iter().map(|line| (*line).to_owned()).collect(),
        };
        let mut script = vec![Instruction::Let("x".into(), Term::Number(1))];
        script.extend((0..self.0.below(12)).map(|_| self.instruction()));
        Scenario {
            title: "Two words".into(),
            title_zh: self.pick(&["", "两个词"]).to_owned(),
            seed: self.0.next_u64(),
            era: Era::ALL[self.0.below(5) as usize],
            link: (self.0.below(1_000_000), self.0.below(1_000) * 1_000),
            unix_ms: self.0.below(1 << 45),
            stagger_us: self.0.below(200_000),
            config: vec!["maxmemory 100mb".into()],
            nodes: vec![
                spec("master", 6380, None, &["requirepass \"a b\"", "save 10 1"]),
                spec("replica-a", 6381, Some(0), &[]),
                spec("b", 6382, Some(1), &["lockstep-era 3.2"]),
            ],
            links: vec![(NodeId(0), NodeId(2), self.0.below(100_000), 0)],
            preload: vec!["SET a \"b c\"".into()],
            script: script.into_iter().map(|what| Statement { line: 0, what }).collect(),
        }
    }
}

fn without_lines(mut scenario: Scenario) -> Scenario {
    scenario.script.iter_mut().for_each(|statement| statement.line = 0);
    scenario
}

proptest::proptest! {
    #[test]
    fn what_is_printed_is_read_back(seed: u64) {
        let scenario = Author(Rng::new(seed)).scenario();
        let text = scenario.to_string();
        let read = Scenario::parse(&text).map(without_lines);
        assert_eq!(read, Ok(scenario), "{text}");
    }

    #[test]
    fn no_text_panics(text: String, at: usize, line in ".{0,30}") {
        let _ = Scenario::parse(&text);
        let _ = Predicate::parse(&text, &Scenario::parse(example()).unwrap().names());
        let mut lines: Vec<&str> = example().lines().collect();
        let at = at % lines.len();
        lines[at] = &line;
        let _ = Scenario::parse(&lines.join("\n"));
    }
}
