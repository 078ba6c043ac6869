//! RDB: the same calls, or the same error, whether the bytes arrive whole or in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::packed::{Elem, Intset, Listpack};
use lockstep_core::rdb::{Meta, RdbError, Reader, Settings, Sink, Taken};

/// Folds everything it is given into one number.
#[derive(Debug, Default, PartialEq)]
struct Digest(u64);

impl Digest {
    fn add(&mut self, bytes: &[u8]) -> Taken {
        self.0 = lockstep_core::rdb::crc64::update(self.0, &[0xff]);
        self.0 = lockstep_core::rdb::crc64::update(self.0, bytes);
        Ok(())
    }
}

impl Sink for Digest {
    fn select_db(&mut self, db: u64) -> Taken {
        self.add(&db.to_le_bytes())
    }
    fn begin(&mut self, key: &[u8], meta: &Meta) -> Taken {
        self.add(format!("{meta:?}").as_bytes())?;
        self.add(key)
    }
    fn string(&mut self, value: Elem<'_>) -> Taken {
        self.add(&value.to_vec())
    }
    fn list_item(&mut self, item: &[u8]) -> Taken {
        self.add(item)
    }
    fn list_node(&mut self, node: Listpack) -> Taken {
        self.add(node.as_bytes())
    }
    fn set_item(&mut self, member: &[u8]) -> Taken {
        self.add(member)
    }
    fn intset(&mut self, members: Intset) -> Taken {
        self.add(members.as_bytes())
    }
    fn set_listpack(&mut self, members: Listpack) -> Taken {
        self.add(members.as_bytes())
    }
    fn hash_field(&mut self, field: &[u8], value: &[u8]) -> Taken {
        self.add(field)?;
        self.add(value)
    }
    fn hash_listpack(&mut self, pairs: Listpack) -> Taken {
        self.add(pairs.as_bytes())
    }
    fn zset_item(&mut self, member: &[u8], score: f64) -> Taken {
        assert!(!score.is_nan());
        self.add(member)?;
        self.add(&score.to_le_bytes())
    }
    fn zset_listpack(&mut self, pairs: Listpack) -> Taken {
        self.add(pairs.as_bytes())
    }
    fn end(&mut self) -> Taken {
        self.add(b"end")
    }
}

fn read(input: &[u8], step: usize) -> (u64, Result<(), RdbError>) {
    // Sums would stop the fuzzer at the first changed byte.
    let mut reader = Reader::new(Settings { checksum: false, ..Settings::default() });
    let mut digest = Digest::default();
    for piece in input.chunks(step) {
        if let Err(error) = reader.feed(piece, &mut digest) {
            return (digest.0, Err(error));
        }
    }
    (digest.0, reader.finish())
}

fuzz_target!(|input: &[u8]| {
    assert_eq!(read(input, 1), read(input, input.len().max(1)));
});
