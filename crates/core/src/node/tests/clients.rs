//! What clients see.

use super::Net;

fn one_node() -> (Net, (usize, crate::id::ConnId)) {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    (net, client)
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let (mut net, client) = one_node();
    let input = b"PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n\r\nPING hello\r\n";
    assert_eq!(net.raw(client, input), r"+PONG\r\n$2\r\nhi\r\n$5\r\nhello\r\n");
}

#[test]
fn commands_split_at_every_byte_are_understood() {
    let input = b"*2\r\n$4\r\nECHO\r\n$5\r\nabcde\r\nPING\r\n*1\r\n$4\r\nPING\r\n";
    for piece in 1..input.len() {
        let (mut net, client) = one_node();
        net.piece = piece;
        assert_eq!(net.raw(client, input), r"$5\r\nabcde\r\n+PONG\r\n+PONG\r\n", "{piece}");
    }
}

#[test]
fn an_unknown_command_is_named_with_its_arguments() {
    let (mut net, client) = one_node();
    assert_eq!(
        net.run(client, "frobnicate a b"),
        r"-ERR unknown command \'frobnicate\', with args beginning with: \'a\' \'b\' \r\n"
    );
    assert_eq!(net.run(client, "echo"), r"-ERR wrong number of arguments for \'echo\' command\r\n");
}

#[test]
fn quit_answers_and_closes_and_ignores_the_rest() {
    let (mut net, client) = one_node();
    net.raw(client, b"QUIT\r\nPING\r\n");
    assert!(!net.is_open(client));
}

#[test]
fn a_protocol_error_is_answered_after_the_commands_before_it() {
    let (mut net, client) = one_node();
    net.raw(client, b"PING\r\n*1\r\n!3\r\nabc\r\n");
    assert!(!net.is_open(client));
}

#[test]
fn a_transaction_runs_at_once_or_not_at_all() {
    let (mut net, client) = one_node();
    assert_eq!(net.run(client, "MULTI"), r"+OK\r\n");
    assert_eq!(net.run(client, "ECHO a"), r"+QUEUED\r\n");
    assert_eq!(net.run(client, "SELECT 3"), r"+QUEUED\r\n");
    assert_eq!(net.run(client, "EXEC"), r"*2\r\n$1\r\na\r\n+OK\r\n");
    net.run(client, "MULTI");
    net.run(client, "NOSUCH");
    assert_eq!(
        net.run(client, "EXEC"),
        r"-EXECABORT Transaction discarded because of previous errors.\r\n"
    );
    assert_eq!(net.run(client, "EXEC"), r"-ERR EXEC without MULTI\r\n");
    assert_eq!(net.run(client, "DISCARD"), r"-ERR DISCARD without MULTI\r\n");
}

#[test]
fn without_the_password_nothing_else_is_answered() {
    let mut net = Net::new();
    let node = net.node(|config| config.requirepass = b"secret".to_vec());
    let client = net.client(node);
    assert_eq!(net.run(client, "PING"), r"-NOAUTH Authentication required.\r\n");
    assert_eq!(
        net.run(client, "AUTH wrong"),
        r"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
    );
    assert_eq!(net.run(client, "AUTH secret"), r"+OK\r\n");
    assert_eq!(net.run(client, "PING"), r"+PONG\r\n");
}
