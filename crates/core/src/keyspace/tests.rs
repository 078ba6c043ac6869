//! Tests of the parent module.

use super::*;

fn text(bytes: &[u8]) -> Value {
    Value::Str(Str::new(bytes))
}

fn keyspace() -> Keyspace {
    let mut keys = Keyspace::new(1, 4);
    keys.begin(1_000_000, Expiry::Delete);
    keys
}

#[test]
fn a_key_is_there_until_its_deadline_is_past() {
    let mut keys = keyspace();
    assert!(keys.insert(0, b"k", text(b"v"), Ttl::At(1_000_100)));
    keys.begin(1_000_100, Expiry::Delete);
    assert!(keys.get(0, b"k").is_some());
    assert_eq!(keys.next_expire_hint(false), Some(1_000_101));
    keys.begin(1_000_101, Expiry::Delete);
    assert!(keys.get(0, b"k").is_none());
    assert_eq!(keys.take_expired(), [(0, b"k".to_vec())]);
    assert_eq!((keys.len(0), keys.next_expire_hint(false)), (0, None));
    assert_eq!(keys.stats(), Stats { hits: 1, misses: 1, expired: 1 });
}

#[test]
fn a_replica_hides_what_expired_and_the_master_s_commands_see_it() {
    let mut keys = keyspace();
    keys.insert(0, b"k", text(b"v"), Ttl::At(1_000_100));
    keys.begin(2_000_000, Expiry::Hide);
    assert!(keys.get(0, b"k").is_none());
    assert!(keys.peek(0, b"k").is_none());
    assert_eq!(keys.len(0), 1);
    keys.begin(2_000_000, Expiry::Ignore);
    assert!(keys.peek(0, b"k").is_some());
    assert_eq!(keys.expire_at(0, b"k"), Some(Some(1_000_100)));
    assert!(keys.remove(0, b"k").is_some());
    assert!(!keys.has_expired());
}

#[test]
fn ttl_is_kept_cleared_or_set() {
    let mut keys = keyspace();
    keys.insert(0, b"k", text(b"1"), Ttl::At(2_000_000));
    assert!(!keys.insert(0, b"k", text(b"2"), Ttl::Keep));
    assert_eq!(keys.expire_at(0, b"k"), Some(Some(2_000_000)));
    assert!(!keys.set_str(0, b"k", b"3", Ttl::Clear));
    assert_eq!((keys.expire_at(0, b"k"), keys.volatile_len(0)), (Some(None), 0));
    assert!(keys.set_expire_at(0, b"k", Some(3_000_000)));
    assert!(!keys.set_expire_at(0, b"none", Some(3_000_000)));
    assert_eq!(keys.volatile_len(0), 1);
    assert!(keys.remove(0, b"k").is_some());
    assert_eq!(keys.volatile_len(0), 0);
}

#[test]
fn the_cycle_deletes_what_is_due_in_order_and_within_its_budget() {
    let mut keys = keyspace();
    for n in 0..10_u64 {
        let db = (n % 2) as usize;
        keys.insert(db, &[b'a' + n as u8], text(b"v"), Ttl::At(1_000_010 - n));
    }
    keys.begin(1_000_008, Expiry::Delete);
    assert_eq!(keys.expire_cycle(2, false), 2);
    let names: Vec<_> = keys.take_expired().into_iter().map(|(_, key)| key).collect();
    assert_eq!(names, [b"i", b"g"]);
    assert_eq!(keys.expire_cycle(100, false), 5);
    assert_eq!(keys.len(0) + keys.len(1), 3);
    assert_eq!(keys.next_expire_hint(false), Some(1_000_009));
}

#[test]
fn scanning_skips_and_deletes_the_expired() {
    let mut keys = keyspace();
    for n in 0..1_000_u64 {
        let ttl = if n % 2 == 0 { Ttl::At(1_000_001) } else { Ttl::Clear };
        keys.insert(0, format!("k{n}").as_bytes(), text(b"v"), ttl);
    }
    keys.begin(1_000_002, Expiry::Delete);
    let (mut cursor, mut seen) = (0, 0);
    loop {
        let (next, ids) = keys.scan(0, cursor, 10, |_, _| true);
        assert!(ids.iter().all(|id| keys.key_by_id(0, *id).is_some()));
        seen += ids.len();
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!((seen >= 500, keys.len(0), keys.take_expired().len()), (true, 500, 500));
    assert_eq!(keys.keys(0, |key| key.ends_with(b"99")).len(), 10);
}

#[test]
fn idle_time_is_since_the_last_access() {
    let mut keys = keyspace();
    keys.insert(0, b"k", text(b"v"), Ttl::Clear);
    keys.begin(1_060_000, Expiry::Delete);
    assert!(keys.inspect(0, b"k").is_some());
    assert_eq!(keys.idle_seconds(0, b"k"), Some(60));
    keys.get(0, b"k");
    assert_eq!(keys.idle_seconds(0, b"k"), Some(0));
    keys.set_idle_seconds(0, b"k", 500);
    assert_eq!(keys.idle_seconds(0, b"k"), Some(500));
}

#[test]
fn a_dataset_is_replaced_whole() {
    let mut keys = keyspace();
    keys.insert(0, b"old", text(b"v"), Ttl::Clear);
    let mut new = keys.fresh();
    new.insert(3, b"new", text(b"v"), Ttl::At(1));
    keys.replace_data(new);
    assert_eq!((keys.len(0), keys.len(3), keys.volatile_len(3)), (0, 1, 1));
    assert!(keys.contains(3, b"new"));
}
