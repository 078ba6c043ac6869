//! Administrative commands on a whole node.

use crate::node::tests::Net;

/// A node and a client of it.
fn one() -> (Net, impl Fn(&mut Net, &str) -> String) {
    let mut net = Net::new();
    let host = net.node(|_| {});
    let client = net.client(host);
    (net, move |net: &mut Net, command: &str| net.run(client, command))
}

/// The value of a field of `INFO`.
fn field(info: &str, name: &str) -> Option<String> {
    let lines = info.split(r"\r\n");
    lines.filter_map(|line| line.split_once(':')).find(|(n, _)| *n == name).map(|(_, v)| v.into())
}

#[test]
fn info_has_the_fields_of_redis() {
    let (mut net, run) = one();
    run(&mut net, "set a 1");
    run(&mut net, "get b");
    run(&mut net, "incr a x");
    let info = run(&mut net, "info everything");
    for (name, value) in [
        ("redis_version", "7.0.15"),
        ("tcp_port", "6380"),
        ("connected_clients", "1"),
        ("role", "master"),
        ("connected_slaves", "0"),
        ("second_repl_offset", "-1"),
        ("repl_backlog_size", "1048576"),
        ("keyspace_misses", "1"),
        ("rdb_changes_since_last_save", "1"),
        ("total_error_replies", "1"),
        ("errorstat_ERR", "count=1"),
        ("cmdstat_set", "calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0"),
        ("cmdstat_incr", "calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0"),
        ("db0", "keys=1,expires=0,avg_ttl=0"),
    ] {
        assert_eq!(field(&info, name).as_deref(), Some(value), "{name}");
    }
    let usual = run(&mut net, "info");
    assert!(usual.contains("# Server") && !usual.contains("# Commandstats"), "{usual}");
    assert_eq!(
        run(&mut net, "info cluster nonsense"),
        r"$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n"
    );
    assert_eq!(run(&mut net, "info nonsense"), r"$0\r\n\r\n");
}

#[test]
fn rates_are_those_of_the_last_second() {
    let (mut net, run) = one();
    net.pass_ms(1500);
    for _ in 0..50 {
        run(&mut net, "ping");
    }
    net.pass_ms(1000);
    let info = run(&mut net, "info stats");
    assert_eq!(field(&info, "instantaneous_ops_per_sec").as_deref(), Some("50"));
}

#[test]
fn hello_introduces_both_sides() {
    let (mut net, run) = one();
    let greeting = run(&mut net, "hello 3 setname me");
    assert!(greeting.starts_with(r"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"), "{greeting}");
    assert!(greeting.contains(r"$5\r\nproto\r\n:3\r\n"), "{greeting}");
    assert_eq!(run(&mut net, "client getname"), r"$2\r\nme\r\n");
    for (command, reply) in [
        ("hello 4", r"-NOPROTO unsupported protocol version\r\n"),
        ("hello x", r"-ERR Protocol version is not an integer or out of range\r\n"),
        ("hello 2 foo", r"-ERR Syntax error in HELLO option \'foo\'\r\n"),
        ("hello 2 auth default", r"-ERR Syntax error in HELLO option \'auth\'\r\n"),
        ("reset", r"+RESET\r\n"),
        ("client getname", r"$-1\r\n"),
    ] {
        assert_eq!(run(&mut net, command), reply, "{command}");
    }
}

#[test]
fn a_password_is_asked_for() {
    let mut net = Net::new();
    let host = net.node(|config| config.requirepass = b"secret".to_vec());
    let client = net.client(host);
    let wrong = r"-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    assert_eq!(net.run(client, "get a"), r"-NOAUTH Authentication required.\r\n");
    assert!(net.run(client, "hello 3").starts_with("-NOAUTH HELLO must be called"));
    assert_eq!(net.run(client, "auth bad"), wrong);
    assert_eq!(net.run(client, "auth nobody secret"), wrong);
    assert!(net.run(client, "hello 2 auth default secret").starts_with("*14"));
    assert_eq!(net.run(client, "get a"), r"$-1\r\n");
    assert_eq!(net.run(client, "reset"), r"+RESET\r\n");
    assert_eq!(net.run(client, "get a"), r"-NOAUTH Authentication required.\r\n");
}

#[test]
fn clients_are_listed_named_and_killed() {
    let mut net = Net::new();
    let host = net.node(|_| {});
    let (a, b) = (net.client(host), net.client(host));
    net.run(a, "client setname first");
    let list = net.run(b, "client list");
    assert!(list.contains("id=3 ") && list.contains("name=first") && list.contains("id=4 "));
    assert!(list.contains("cmd=client|list user=default redir=-1 resp=2"), "{list}");
    assert!(!net.run(b, "client list id 3").contains("id=4 "));
    assert_eq!(net.run(b, "client list type master"), r"$0\r\n\r\n");
    for (command, reply) in [
        ("client kill 1.2.3.4:5", r"-ERR No such client\r\n"),
        ("client kill id x", r"-ERR client-id should be greater than 0\r\n"),
        ("client kill type foo", r"-ERR Unknown client type \'foo\'\r\n"),
        ("client kill", r"-ERR wrong number of arguments for \'client|kill\' command\r\n"),
        ("client foo", r"-ERR unknown subcommand \'foo\'. Try CLIENT HELP.\r\n"),
        ("client kill id 3", r":1\r\n"),
        ("client kill id 4", r":0\r\n"),
    ] {
        assert_eq!(net.run(b, command), reply, "{command}");
    }
    assert!(!net.is_open(a) && net.is_open(b));
    net.run(b, "client kill id 4 skipme no");
    assert!(!net.is_open(b));
}

#[test]
fn replies_can_be_switched_off() {
    let (mut net, run) = one();
    assert_eq!(run(&mut net, "client reply skip"), "");
    assert_eq!(run(&mut net, "ping"), "");
    assert_eq!(run(&mut net, "ping"), r"+PONG\r\n");
    assert_eq!(run(&mut net, "client reply off"), "");
    assert_eq!(run(&mut net, "ping"), "");
    assert_eq!(run(&mut net, "client reply on"), r"+OK\r\n");
}

#[test]
fn configuration_is_read_and_changed() {
    let (mut net, run) = one();
    for (command, reply) in [
        ("config get repl-time*", r"*2\r\n$12\r\nrepl-timeout\r\n$2\r\n60\r\n"),
        ("config set repl-timeout 7 hz 20", r"+OK\r\n"),
        ("config get repl-timeout", r"*2\r\n$12\r\nrepl-timeout\r\n$1\r\n7\r\n"),
        (
            "config set repl-timeout",
            r"-ERR wrong number of arguments for \'config|set\' command\r\n",
        ),
        ("config rewrite", r"-ERR The server is running without a config file\r\n"),
        ("config resetstat", r"+OK\r\n"),
    ] {
        assert_eq!(run(&mut net, command), reply, "{command}");
    }
    let info = run(&mut net, "info stats");
    assert_eq!(field(&info, "total_commands_processed").as_deref(), Some("1"));
}

#[test]
fn debug_fills_shows_and_reloads() {
    let (mut net, run) = one();
    for (command, reply) in [
        ("debug populate 3", r"+OK\r\n"),
        ("get key:2", r"$7\r\nvalue:2\r\n"),
        ("debug populate 2 p 10", r"+OK\r\n"),
        ("get p:1", r"$10\r\nvalue:1\x00\x00\x00\r\n"),
        ("debug populate x", r"-ERR value is out of range, must be positive\r\n"),
        ("rpush l a b", r":2\r\n"),
        ("expire p:0 100", r":1\r\n"),
        ("debug object nothing", r"-ERR no such key\r\n"),
        (
            "debug foo",
            r"-ERR unknown subcommand or wrong number of arguments for \'foo\'. Try DEBUG HELP.\r\n",
        ),
        (
            "debug error BAD thing",
            r"-ERR unknown subcommand or wrong number of arguments for \'error\'. Try DEBUG HELP.\r\n",
        ),
        ("dbsize", r":6\r\n"),
    ] {
        assert_eq!(run(&mut net, command), reply, "{command}");
    }
    let object = run(&mut net, "debug object l");
    assert!(
        object.contains("encoding:quicklist serializedlength:") && object.contains("ql_nodes:1")
    );
    let before = run(&mut net, "debug digest");
    assert_eq!(run(&mut net, "debug reload"), r"+OK\r\n");
    assert_eq!(run(&mut net, "debug digest"), before);
    assert_eq!(run(&mut net, "ttl p:0"), r":100\r\n");
    run(&mut net, "flushall");
    assert_eq!(run(&mut net, "debug digest"), format!(r"+{}\r\n", "0".repeat(40)));
}

#[test]
fn debug_may_be_forbidden() {
    let mut net = Net::new();
    let host = net.node(|config| config.enable_debug_command = "no".into());
    let client = net.client(host);
    assert!(net.run(client, "debug digest").starts_with("-ERR DEBUG command not allowed."));
}

#[test]
fn sleeping_enters_the_slow_log() {
    let (mut net, run) = one();
    assert_eq!(run(&mut net, "slowlog len"), r":0\r\n");
    assert_eq!(run(&mut net, "debug sleep 0.5"), r"+OK\r\n");
    assert_eq!(run(&mut net, "slowlog len"), r":1\r\n");
    let log = run(&mut net, "slowlog get");
    assert!(log.contains(r":500000\r\n*3\r\n$5\r\ndebug\r\n$5\r\nsleep\r\n"), "{log}");
    assert_eq!(run(&mut net, "slowlog reset"), r"+OK\r\n");
    assert_eq!(run(&mut net, "slowlog get -1"), r"*0\r\n");
    assert!(run(&mut net, "slowlog get -2").starts_with("-ERR count should be"));
}

#[test]
fn commands_describe_themselves() {
    let (mut net, run) = one();
    assert_eq!(
        run(&mut net, "command info llen nope"),
        r"*2\r\n*10\r\n$4\r\nllen\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@list\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*1\r\n+RO\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n$-1\r\n"
    );
    for (command, reply) in [
        ("command getkeys mset a b c d", r"*2\r\n$1\r\na\r\n$1\r\nc\r\n"),
        ("command getkeys lmpop 2 a b left", r"*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
        ("command getkeys blpop a b 0", r"*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
        ("command getkeys memory usage a", r"*1\r\n$1\r\na\r\n"),
        ("command getkeys sort a by b store c limit store d", r"*2\r\n$1\r\na\r\n$1\r\nc\r\n"),
        ("command getkeys spublish a b", r"-ERR The command has no key arguments\r\n"),
        ("command getkeys client nope a", r"-ERR Invalid command specified\r\n"),
        (
            "command getkeysandflags set a b get",
            r"*1\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+update\r\n",
        ),
        ("command getkeys nope a", r"-ERR Invalid command specified\r\n"),
        ("command list filterby pattern lp*x", r"*1\r\n$6\r\nlpushx\r\n"),
        ("command docs nope", r"*0\r\n"),
    ] {
        assert_eq!(run(&mut net, command), reply, "{command}");
    }
    let docs = run(&mut net, "command docs lpop");
    assert!(docs.contains(r"$9\r\narguments\r\n*2\r\n"), "{docs}");
}

#[test]
fn help_names_every_subcommand() {
    let (mut net, run) = one();
    for container in ["client", "command", "config", "memory", "object", "pubsub", "slowlog"] {
        let help = run(&mut net, &format!("{container} help"));
        for sub in super::subcommands::of(container) {
            let row = format!(r"\n+{}", sub.name.to_ascii_uppercase());
            assert!(help.contains(&row), "{container} {}", sub.name);
        }
    }
}

#[test]
fn the_average_time_to_live_is_that_of_the_keys_that_have_one() {
    let (mut net, run) = one();
    for line in ["set a 1 px 1000", "set b 1 px 4000", "set c 1", "set a 1 px 2000"] {
        assert_eq!(run(&mut net, line), r"+OK\r\n");
    }
    let shown = |net: &mut _| run(net, "info keyspace");
    assert!(shown(&mut net).contains("db0:keys=3,expires=2,avg_ttl=3000"));
    net.pass_ms(500);
    assert!(shown(&mut net).contains("db0:keys=3,expires=2,avg_ttl=2500"));
    run(&mut net, "persist a");
    assert!(shown(&mut net).contains("db0:keys=3,expires=1,avg_ttl=3500"));
    run(&mut net, "del b");
    assert!(shown(&mut net).contains("db0:keys=2,expires=0,avg_ttl=0"));
}

#[test]
fn a_running_node_keeps_a_backlog_of_at_least_16_kb() {
    let (mut net, run) = one();
    assert_eq!(run(&mut net, "config set repl-backlog-size 1"), r"+OK\r\n");
    let info = run(&mut net, "info replication");
    assert_eq!(field(&info, "repl_backlog_size").as_deref(), Some("16384"));
    assert!(run(&mut net, "config get repl-backlog-size").ends_with(r"$5\r\n16384\r\n"));
}
