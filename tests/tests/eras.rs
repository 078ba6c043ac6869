//! Nodes of every era and the real redis-server 7.0.15, in both roles: what an old one writes, a
//! new one reads, and the other way round.

use std::time::Duration;

use lockstep_tests::dataset::fill;
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::wait_for;

const ERAS: [&str; 5] = ["2.6", "2.8", "3.2", "4.0", "7"];

fn wait_same(master: &Server, replica: &Server, what: &str) {
    wait_for(what, Duration::from_secs(30), || {
        let link = replica.info("replication").text("master_link_status").to_owned();
        let digests = (master.digest(), replica.digest());
        if link == "up" && digests.0 == digests.1 {
            Ok(())
        } else {
            Err(format!("{link} {digests:?}"))
        }
    });
}

#[test]
fn redis_follows_a_master_of_any_era() {
    for era in ERAS {
        let master = Launch::new(Kind::Lockstep).set("lockstep-era", era).start();
        let mut client = master.client();
        fill(&mut client, &mut Rng::new(11), 300);
        let replica = Launch::new(Kind::Redis).replica_of(&master).start();
        wait_same(&master, &replica, &format!("redis to follow {era}"));
        for command in ["SET k v EX 1000", "INCRBYFLOAT f 1.5", "SPOP no", "PERSIST k"] {
            assert!(!client.run(command).is_error(), "{command}");
        }
        wait_same(&master, &replica, &format!("redis to follow the stream of {era}"));
        let falls_back = replica.log().contains("Retrying with SYNC...");
        assert_eq!(falls_back, era == "2.6", "{era}");
    }
}

#[test]
fn a_replica_of_any_era_follows_redis() {
    for era in ERAS {
        let master = Server::redis();
        let mut client = master.client();
        fill(&mut client, &mut Rng::new(12), 300);
        let replica =
            Launch::new(Kind::Lockstep).set("lockstep-era", era).replica_of(&master).start();
        wait_same(&master, &replica, &format!("{era} to follow redis"));
        assert!(!client.run("SET after 1").is_error());
        wait_same(&master, &replica, &format!("{era} to follow the stream of redis"));
        // A broken link: full in 2.6, partial since.
        let before = master.info("stats");
        assert!(!client.run("CLIENT KILL TYPE replica").is_error());
        assert!(!client.run("SET meanwhile 1").is_error());
        wait_same(&master, &replica, &format!("{era} to come back to redis"));
        let after = master.info("stats");
        let grew = |field: &str| after.number(field) - before.number(field);
        let expected = if era == "2.6" { (1, 0) } else { (0, 1) };
        assert_eq!((grew("sync_full"), grew("sync_partial_ok")), expected, "{era}");
    }
}
