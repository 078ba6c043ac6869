//! The keyspace with a million strings (16-byte keys, 32-byte values): lookups one by one and in
//! warmed batches, overwriting, growing, snapshots. Prints the memory per key and the longest
//! insertion, which criterion has no form for.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lockstep_core::keyspace::cut::CutOptions;
use lockstep_core::keyspace::{Expiry, Keyspace, Ttl};
use lockstep_core::rng::Rng;

const KEYS: u64 = 1_000_000;
const BATCH: usize = 16;

fn key(n: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut rest = n;
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

fn empty() -> Keyspace {
    let mut keys = Keyspace::new(1, 16);
    keys.begin(1_700_000_000_000, Expiry::Delete);
    keys
}

/// A million keys, and the longest insertion in microseconds.
fn filled() -> (Keyspace, u128) {
    let mut keys = empty();
    let mut longest = 0;
    for n in 0..KEYS {
        let start = Instant::now();
        keys.set_str(0, &key(n), &[b'x'; 32], Ttl::Clear);
        longest = longest.max(start.elapsed().as_micros());
    }
    (keys, longest)
}

#[allow(clippy::print_stderr)] // a benchmark's output
fn report() -> Keyspace {
    let (keys, longest) = filled();
    // As asked of the allocator, which may add to it.
    eprintln!("bytes per key (16 + 32): {:.1}", keys.memory() as f64 / KEYS as f64);
    eprintln!("longest insertion on the way to {KEYS} keys: {longest} us");
    keys
}

fn lookups(c: &mut Criterion, keys: &mut Keyspace) {
    let mut group = c.benchmark_group("keyspace");
    let mut rng = Rng::new(2);
    group.throughput(Throughput::Elements(BATCH as u64));
    let mut batch = || -> Vec<[u8; 16]> { (0..BATCH).map(|_| key(rng.below(KEYS))).collect() };
    group.bench_function("get", |b| {
        b.iter_batched(
            &mut batch,
            |batch| batch.iter().filter(|key| black_box(keys.get(0, *key)).is_some()).count(),
            BatchSize::SmallInput,
        );
    });
    let (mut hashes, mut scratch) = (Vec::new(), Vec::new());
    group.bench_function("get, warmed by batch", |b| {
        b.iter_batched(
            &mut batch,
            |batch| {
                hashes.clear();
                hashes.extend(batch.iter().map(|key| keys.hash(key)));
                keys.warm(0, &hashes, &mut scratch);
                batch.iter().filter(|key| black_box(keys.get(0, *key)).is_some()).count()
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("set, in place", |b| {
        b.iter_batched(
            &mut batch,
            |batch| {
                batch.iter().for_each(|key| {
                    keys.set_str(0, key, &[b'y'; 32], Ttl::Clear);
                });
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn whole(c: &mut Criterion, keys: &mut Keyspace) {
    let mut group = c.benchmark_group("keyspace of a million");
    group.sample_size(10).throughput(Throughput::Elements(KEYS));
    group.bench_function("filled, growing", |b| b.iter_with_large_drop(|| filled().0));
    group.bench_function("filled, reserved", |b| {
        b.iter_with_large_drop(|| {
            let mut keys = empty();
            keys.reserve(0, KEYS as usize);
            for n in 0..KEYS {
                keys.set_str(0, &key(n), &[b'x'; 32], Ttl::Clear);
            }
            keys
        });
    });
    group.bench_function("cut", |b| {
        b.iter(|| {
            keys.cut_begin(CutOptions::default());
            let mut bytes = 0;
            loop {
                let progress = keys.cut_step(64 * 1024);
                bytes += keys.cut_output().len();
                keys.cut_output().clear();
                if progress.done {
                    break;
                }
            }
            keys.cut_end();
            bytes
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    let mut keys = report();
    lookups(c, &mut keys);
    whole(c, &mut keys);
}

criterion_group!(benches, all);
criterion_main!(benches);
