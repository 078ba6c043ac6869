//! CRC64, LZF, and the RDB of many small strings.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockstep_core::packed::{Elem, Intset, Listpack};
use lockstep_core::rdb::format::value_type;
use lockstep_core::rdb::{Meta, Reader, Sink, Taken, Writer, crc64, lzf};
use std::hint::black_box;

const KEYS: u64 = 10_000;

/// Counts what it is given.
#[derive(Debug, Default)]
struct Count(u64);

impl Count {
    fn add(&mut self, bytes: usize) -> Taken {
        self.0 += bytes as u64;
        Ok(())
    }
}

impl Sink for Count {
    fn select_db(&mut self, _: u64) -> Taken {
        Ok(())
    }
    fn begin(&mut self, key: &[u8], _: &Meta) -> Taken {
        self.add(key.len())
    }
    fn string(&mut self, value: Elem<'_>) -> Taken {
        self.add(value.byte_len())
    }
    fn list_item(&mut self, item: &[u8]) -> Taken {
        self.add(item.len())
    }
    fn list_node(&mut self, node: Listpack) -> Taken {
        self.add(node.byte_len())
    }
    fn set_item(&mut self, member: &[u8]) -> Taken {
        self.add(member.len())
    }
    fn intset(&mut self, members: Intset) -> Taken {
        self.add(members.byte_len())
    }
    fn set_listpack(&mut self, members: Listpack) -> Taken {
        self.add(members.byte_len())
    }
    fn hash_field(&mut self, field: &[u8], value: &[u8]) -> Taken {
        self.add(field.len() + value.len())
    }
    fn hash_listpack(&mut self, pairs: Listpack) -> Taken {
        self.add(pairs.byte_len())
    }
    fn zset_item(&mut self, member: &[u8], _: f64) -> Taken {
        self.add(member.len())
    }
    fn zset_listpack(&mut self, pairs: Listpack) -> Taken {
        self.add(pairs.byte_len())
    }
    fn end(&mut self) -> Taken {
        Ok(())
    }
}

/// Bytes without any pattern.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(len)
    .collect()
}

fn sums(c: &mut Criterion) {
    let data = noise(64 * 1024);
    let mut group = c.benchmark_group("crc64");
    for len in [64, 4096, 65_536] {
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(format!("{len} bytes"), |b| {
            b.iter(|| crc64::update(0, black_box(&data[..len])));
        });
    }
    group.finish();
}

fn compression(c: &mut Criterion) {
    let text = br#"{"id":12345,"name":"replica","offset":987654321,"state":"online"},"#.repeat(16);
    let (mut compressor, mut out) = (lzf::Compressor::new(), Vec::new());
    let mut group = c.benchmark_group("lzf");
    for (name, data) in [
        ("1 KB of JSON", text[..1024].to_vec()),
        ("32 bytes of noise", noise(32)),
        ("128 bytes of noise", noise(128)),
        ("4 KB of noise", noise(4096)),
    ] {
        group.throughput(Throughput::Bytes(data.len() as u64));
        group.bench_function(format!("compress {name}"), |b| {
            b.iter(|| {
                out.clear();
                compressor.compress(black_box(&data), &mut out)
            });
        });
    }
    let mut packed = Vec::new();
    compressor.compress(&text, &mut packed);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("decompress 1 KB of JSON", |b| {
        b.iter(|| lzf::decompress(black_box(&packed), text.len() as u64));
    });
    group.finish();
}

fn strings(c: &mut Criterion) {
    let keys: Vec<Vec<u8>> = (0..KEYS).map(|n| format!("key:{n:012}").into_bytes()).collect();
    let values: Vec<Vec<u8>> = noise(32 * KEYS as usize).chunks(32).map(<[u8]>::to_vec).collect();
    let write = |writer: &mut Writer| {
        for (key, value) in keys.iter().zip(&values) {
            writer.begin(key, value_type::STRING, None);
            writer.string(value);
        }
    };
    let mut group = c.benchmark_group("strings of 16 and 32 bytes");
    group.throughput(Throughput::Elements(KEYS));
    let mut writer = Writer::default();
    group.bench_function("write", |b| {
        b.iter(|| {
            writer.clear();
            write(&mut writer);
        });
    });
    let mut writer = Writer::default();
    writer.header();
    write(&mut writer);
    writer.eof();
    let file = writer.take();
    group.bench_function("read", |b| {
        b.iter(|| {
            let (mut reader, mut count) = (Reader::default(), Count::default());
            for piece in black_box(&file).chunks(16 * 1024) {
                reader.feed(piece, &mut count).expect("a valid file");
            }
            count.0
        });
    });
    group.finish();
}

criterion_group!(benches, sums, compression, strings);
criterion_main!(benches);
