//! Parsing commands and writing replies.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockstep_core::resp::request::encode;
use lockstep_core::resp::{Limits, Range32, Reply, RequestParser, decode};
use std::hint::black_box;

/// Parses everything in `input`, and says how many commands that was.
fn parse_all(
    parser: &mut RequestParser,
    input: &[u8],
    limits: &Limits,
    ranges: &mut Vec<Range32>,
) -> usize {
    let (mut at, mut count) = (0, 0);
    ranges.clear();
    while let Ok(Some(parsed)) = parser.parse(&input[at..], limits, ranges) {
        at += parsed.consumed;
        count += 1;
    }
    count
}

fn requests(c: &mut Criterion) {
    let mut set = Vec::new();
    encode(&mut set, &[b"SET", b"key:000000012345", b"xxx"]);
    let batch = set.repeat(64);
    let mut inline = b"SET key:000000012345 xxx\r\n".repeat(64);
    inline.shrink_to_fit();
    let (limits, mut ranges, mut parser) = (Limits::default(), Vec::new(), RequestParser::new());
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Elements(64));
    group.bench_function("64 SETs", |b| {
        b.iter(|| parse_all(&mut parser, black_box(&batch), &limits, &mut ranges));
    });
    group.bench_function("64 inline SETs", |b| {
        b.iter(|| {
            // An inline command's ranges refer to the parser's scratch: one at a time.
            parse_all(&mut parser, black_box(&inline), &limits, &mut ranges)
        });
    });
    group.finish();

    let mut big = Vec::new();
    encode(&mut big, &[b"SET", b"key", &vec![b'x'; 1 << 20]]);
    let mut group = c.benchmark_group("parse in pieces");
    group.throughput(Throughput::Bytes(big.len() as u64));
    group.bench_function("1 MB value in 16 KB pieces", |b| {
        b.iter(|| {
            ranges.clear();
            for end in (0..big.len()).step_by(16 * 1024).chain([big.len()]) {
                let _ = black_box(parser.parse(&big[..end], &limits, &mut ranges));
            }
        });
    });
    group.finish();
}

fn replies(c: &mut Criterion) {
    let mut reply = Reply::new();
    c.bench_function("reply/bulk of 3 bytes", |b| {
        b.iter(|| {
            reply.buffer_mut().clear();
            reply.bulk(black_box(b"xxx"));
        });
    });
    c.bench_function("reply/double", |b| {
        b.iter(|| {
            reply.buffer_mut().clear();
            reply.double(black_box(0.1));
        });
    });
    let mut array = Reply::new();
    array.array(100);
    (0..100).for_each(|n| array.bulk_int(n));
    c.bench_function("decode/array of 100", |b| {
        b.iter(|| decode::decode(black_box(array.bytes())));
    });
}

criterion_group!(benches, requests, replies);
criterion_main!(benches);
