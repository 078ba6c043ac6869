//! `lockstep-refuse-empty-master`: a master that lost its data does not take its replicas'.

use super::{End, Net};
use crate::replication::state::ReplState;

/// A replica with three keys, whose master has restarted without them.
fn bereft(refuse: bool) -> (Net, usize, End) {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let replica = net.node(|config| {
        config.replicaof = Some(("127.0.0.1".into(), 6380));
        config.refuse_empty_master = refuse;
    });
    let writer = net.client(master);
    net.run(writer, "MSET a 1 b 2 c 3");
    net.pass_ms(3_000);
    // A restart without the dataset: another history, and nothing in it.
    net.run(writer, "DEBUG CHANGE-REPL-ID");
    net.cut(replica, master);
    net.run(writer, "FLUSHALL");
    net.pass_ms(1_500);
    let reader = net.client(replica);
    (net, replica, reader)
}

#[test]
fn by_default_an_empty_master_empties_its_replicas() {
    let (mut net, _, reader) = bereft(false);
    net.pass_ms(3_000);
    assert_eq!(net.run(reader, "DBSIZE"), r":0\r\n");
}

#[test]
fn a_replica_that_refuses_keeps_its_data_and_asks_again_ever_more_rarely() {
    let (mut net, replica, reader) = bereft(true);
    net.pass_ms(100_000);
    assert_eq!(net.run(reader, "DBSIZE"), r":3\r\n");
    let log = net.log(replica);
    let refusals: Vec<_> =
        log.iter().filter(|line| line.starts_with("Full resync refused")).collect();
    // After 2, 4, 8, 16, 32 and 64 seconds.
    assert!((5..=7).contains(&refusals.len()), "{refusals:#?}");
    assert!(refusals[0].contains("holds 3 keys, which it keeps"), "{}", refusals[0]);
    assert!(refusals[1].contains("asks again in 4 seconds"), "{}", refusals[1]);
    assert_ne!(net.at(replica).link().expect("a replica").state, ReplState::Connected);
    let info = net.run(reader, "INFO replication");
    assert!(info.contains("master_link_status:down"), "{info}");
    assert!(info.contains("lockstep_link_refused:empty master"), "{info}");
}

#[test]
fn what_the_operator_decides_takes_effect_at_the_next_try() {
    let (mut net, replica, reader) = bereft(true);
    net.pass_ms(10_000);
    assert_eq!(net.run(reader, "DBSIZE"), r":3\r\n");
    net.run(reader, "CONFIG SET lockstep-refuse-empty-master no");
    net.pass_ms(70_000);
    assert_eq!(net.run(reader, "DBSIZE"), r":0\r\n");
    assert_eq!(net.at(replica).link().expect("a replica").state, ReplState::Connected);
    assert!(!net.run(reader, "INFO replication").contains("lockstep_link_refused"));
}

#[test]
fn a_master_with_data_and_a_replica_without_are_never_refused() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let replica = net.node(|config| {
        config.replicaof = Some(("127.0.0.1".into(), 6380));
        config.refuse_empty_master = true;
    });
    net.pass_ms(3_000);
    assert_eq!(net.at(replica).link().expect("a replica").state, ReplState::Connected);
    let (writer, reader) = (net.client(master), net.client(replica));
    net.run(writer, "SET a 1");
    net.run(writer, "DEBUG CHANGE-REPL-ID");
    net.cut(replica, master);
    net.run(writer, "SET b 2");
    net.pass_ms(4_000);
    assert_eq!(net.run(reader, "DBSIZE"), r":2\r\n");
}
