//! Sorted sets of 100,000 members: adding, moving, ranking, ranges, building at once.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_core::config::EncodingLimits;
use lockstep_core::keyspace::ZSet;
use lockstep_core::keyspace::table::Hasher;
use lockstep_core::keyspace::zset::{AddOptions, ScoreRange};
use lockstep_core::rng::Rng;

const MEMBERS: u64 = 100_000;

fn name(n: u64) -> Vec<u8> {
    format!("element:{n:012}").into_bytes()
}

fn filled(hasher: Hasher) -> ZSet {
    let mut rng = Rng::new(1);
    let members = (0..MEMBERS).map(|n| (name(n), rng.below(1 << 30) as f64)).collect();
    ZSet::from_members(members, &EncodingLimits::default(), hasher).expect("they are different")
}

fn zset(c: &mut Criterion) {
    let (limits, hasher) = (EncodingLimits::default(), Hasher::new(1));
    let options = AddOptions::default();
    let mut rng = Rng::new(2);
    c.bench_function("zset/add 100,000 random members", |b| {
        b.iter(|| {
            let mut zset = ZSet::new();
            for _ in 0..MEMBERS {
                let (member, score) = (name(rng.below(MEMBERS)), rng.below(1 << 30) as f64);
                zset.add(&member, score, options, &limits, hasher);
            }
            zset.len()
        });
    });
    let mut set = filled(hasher);
    c.bench_function("zset/change a score", |b| {
        b.iter(|| {
            let (member, score) = (name(rng.below(MEMBERS)), rng.below(1 << 30) as f64);
            set.add(&member, score, options, &limits, hasher)
        });
    });
    c.bench_function("zset/rank of a member", |b| {
        b.iter(|| set.rank(&name(rng.below(MEMBERS))));
    });
    c.bench_function("zset/100 members by score", |b| {
        b.iter(|| {
            let min = rng.below(1 << 30) as f64;
            let range =
                ScoreRange { min, max: f64::INFINITY, min_exclusive: false, max_exclusive: false };
            let ranks = set.ranks_by_score(&range);
            let some = ranks.start..ranks.end.min(ranks.start + 100);
            set.range(some).map(|(member, _)| member.byte_len()).sum::<usize>()
        });
    });
    c.bench_function("zset/build of 100,000 at once", |b| b.iter(|| black_box(filled(hasher))));
}

criterion_group!(benches, zset);
criterion_main!(benches);
