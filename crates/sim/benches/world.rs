//! How many events of a simulated world one core handles in a second.
//!
//! The world is that of the articles (a master, two replicas, links of 40 ms) with a client that
//! writes every 2 ms and, every 2,000 events, the next of a round of faults. An event is what
//! [`World::events`] counts. A second figure has every checker look at every step, as a search
//! does.
#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockstep_sim::check::Checkers;
use lockstep_sim::scenarios::{MASTER, REPLICA_A, REPLICA_B, three_nodes};
use lockstep_sim::{Cut, Intervention, Stop, World};

/// Events of one run, from the start of the processes.
const EVENTS: u64 = 40_000;

/// Events between two faults.
const EVENTS_PER_FAULT: u64 = 2_000;

/// The round of faults, each undone by the one after it.
fn fault(turn: u64) -> Intervention {
    let (a, b, node) = (MASTER, REPLICA_A, REPLICA_B);
    match turn % 8 {
        0 => Intervention::CutLink { a, b, cut: Cut::Reset },
        2 => Intervention::CutLink { a, b, cut: Cut::Silent },
        1 | 3 => Intervention::RestoreLink { a, b },
        4 => Intervention::StopNode { node, stop: Stop::Crash },
        5 => Intervention::StartNode { node },
        turn => Intervention::PauseNode { node, paused: turn == 6 },
    }
}

/// One run; returns the world at its end.
fn run(seed: u64, checked: bool) -> World {
    let mut world = three_nodes(seed);
    let mut checkers = Checkers::new();
    let mut faults = 0;
    world.intervene(Intervention::Traffic { node: MASTER, every_ms: 2 });
    while world.events() < EVENTS {
        if world.events() / EVENTS_PER_FAULT > faults {
            world.intervene(fault(faults));
            faults += 1;
        }
        let step = world.step().expect("a world with traffic goes on");
        if checked {
            checkers.check(&world, &step).expect("nothing is violated");
        }
    }
    world
}

fn events(c: &mut Criterion) {
    let world = run(1, false);
    println!("one run: {} events, {} of them visible", world.events(), world.steps());
    let mut group = c.benchmark_group("world");
    group.throughput(Throughput::Elements(world.events())).sample_size(10);
    group.bench_function("events", |b| b.iter(|| run(black_box(1), false)));
    group.bench_function("events, checked", |b| b.iter(|| run(black_box(1), true)));
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
