//! Packed structures: what is accepted can be walked both ways, changed, and stays valid.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::packed::{Intset, Listpack, Ziplist, Zipmap};

fuzz_target!(|input: &[u8]| {
    if let Ok(set) = Intset::from_bytes(input.to_vec()) {
        assert!(set.iter().all(|value| set.contains(value)));
    }
    if let Ok(list) = Ziplist::from_bytes(input.to_vec()) {
        assert!(list.iter().eq(list.to_listpack().iter()));
    }
    if let Ok(map) = Zipmap::from_bytes(input.to_vec()) {
        assert_eq!(map.to_listpack().len(), 2 * map.iter().count());
    }
    let Ok(mut list) = Listpack::from_bytes(input.to_vec()) else { return };
    assert_eq!(list.iter().count(), list.len());
    assert_eq!(list.iter().rev().count(), list.len());
    for index in 0..list.len().min(8) as i64 {
        let pos = list.seek(index).expect("in range");
        let bytes = list.get(pos).to_vec();
        assert!(list.find(&bytes, list.first(), 0).expect("it is there") <= pos);
        list.replace(pos, &bytes);
        let pos = list.insert_after(pos, &bytes);
        list.remove(pos);
    }
    list.push_front(b"front");
    list.push_back(b"12345");
    assert!(Listpack::from_bytes(list.into_bytes()).is_ok());
});
