//! Saving, loading, leaving.

use super::Net;
use super::lone::Lone;

#[test]
fn what_is_saved_is_what_a_node_loads() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    net.run(client, "SET a 1");
    net.run(client, "RPUSH l x y z");
    assert_eq!(net.run(client, "SAVE"), r"+OK\r\n");
    let file = net.file(node, "dump.rdb").expect("saved").to_vec();
    let digest = net.run(client, "DEBUG DIGEST");
    let other = net.node(|_| {});
    assert_eq!(net.load(other, &file), Ok(2));
    let client = net.client(other);
    assert_eq!(net.run(client, "DEBUG DIGEST"), digest);
}

#[test]
fn a_file_that_is_cut_short_is_an_error_and_changes_nothing() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    net.run(client, "SET a 1");
    net.run(client, "SAVE");
    let file = net.file(node, "dump.rdb").expect("saved").to_vec();
    for end in 0..file.len() {
        assert!(net.load(node, &file[..end]).is_err(), "{end}");
    }
    assert_eq!(net.run(client, "GET a"), r"$1\r\n1\r\n");
}

#[test]
fn shutdown_saves_if_there_are_save_points() {
    for (save, saved) in [(vec![(3600, 1)], true), (Vec::new(), false)] {
        let mut net = Net::new();
        let node = net.node(|config| config.save = save);
        let client = net.client(node);
        net.run(client, "SET a 1");
        net.run(client, "SHUTDOWN");
        assert!(net.exited(node));
        assert_eq!(net.file(node, "dump.rdb").is_some(), saved);
    }
}

#[test]
fn only_a_save_in_the_background_that_failed_refuses_writes() {
    for (command, refused) in [("SAVE", false), ("BGSAVE", true)] {
        let mut lone = Lone::new(|config| config.save = vec![(3600, 1000)]);
        let client = lone.client(0);
        lone.send(client, "SET a 1");
        lone.send(client, command);
        lone.work();
        lone.commit_failed();
        lone.take(client, usize::MAX);
        lone.send(client, "SET b 2");
        let reply = lone.take(client, usize::MAX);
        assert_eq!(reply.starts_with(b"-MISCONF"), refused, "{command}");
    }
}
