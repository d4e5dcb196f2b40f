//! Single keys: what is put is got, in every way of getting; conditions, counters, times to live; limits and misuse.

use std::time::{Duration, SystemTime};

use firn::{Db, ErrorKind, PutOptions, Ttl};

fn kind<T: std::fmt::Debug>(result: firn::Result<T>) -> ErrorKind {
    result.expect_err("it was to fail").kind()
}

#[test]
fn what_is_put_is_got_in_every_way() {
    let db = Db::in_memory().unwrap();
    for size in [0, 1, 511, 512, 513, 70_000] {
        let value: Vec<u8> = (0..size).map(|i| i as u8).collect();
        db.put("k", &value).unwrap();
        assert_eq!(db.get("k").unwrap().unwrap(), value);
        let mut buf = b"before".to_vec();
        assert!(db.get_into("k", &mut buf).unwrap());
        assert_eq!(buf, value);
        assert_eq!(*db.get_pinned("k").unwrap().unwrap(), value);
        let entry = db.get_entry("k").unwrap().unwrap();
        assert_eq!((entry.value, entry.expires), (value, None));
        assert!(db.exists("k").unwrap());
    }
}

#[test]
fn an_absent_key_is_none_and_an_empty_value_is_not() {
    let db = Db::in_memory().unwrap();
    db.put("empty", "").unwrap();
    assert_eq!(db.get("empty").unwrap(), Some(vec![]));
    assert_eq!(&*db.get_pinned("empty").unwrap().unwrap(), b"");
    assert_eq!(db.get("absent").unwrap(), None);
    assert!(db.get_pinned("absent").unwrap().is_none());
    assert!(db.get_entry("absent").unwrap().is_none());
    let mut buf = vec![1];
    assert!(!db.get_into("absent", &mut buf).unwrap());
    assert!(buf.is_empty());
    db.delete("empty").unwrap();
    db.delete("empty").unwrap();
    assert!(!db.exists("empty").unwrap());
}

#[test]
fn a_pinned_value_stays_what_it_was() {
    let db = Db::in_memory().unwrap();
    db.put("k", "old").unwrap();
    let pinned = db.get_pinned("k").unwrap().unwrap();
    db.put("k", "new").unwrap();
    db.flush().unwrap();
    db.delete("k").unwrap();
    assert_eq!(&*pinned, b"old");
    db.close().unwrap();
    assert_eq!(pinned.as_ref(), b"old");
    assert!(pinned.version() > 0);
}

#[test]
fn conditional_puts_answer_with_the_condition_that_failed() {
    let db = Db::in_memory().unwrap();
    assert_eq!(kind(db.put_with("k", "1", &PutOptions::new().if_present())), ErrorKind::NotFound);
    let version = db.put_with("k", "1", &PutOptions::new().if_absent()).unwrap();
    assert_eq!(kind(db.put_with("k", "2", &PutOptions::new().if_absent())), ErrorKind::Exists);
    assert_eq!(db.get_entry("k").unwrap().unwrap().version, version);
    let newer = db.put_with("k", "2", &PutOptions::new().if_version(version).sync()).unwrap();
    assert!(newer > version);
    let conflict = db.put_with("k", "3", &PutOptions::new().if_version(version)).unwrap_err();
    assert_eq!(conflict.kind(), ErrorKind::Conflict);
    assert!(conflict.is_retryable());
    assert_eq!(db.get("k").unwrap().unwrap(), b"2");
    // The last condition counts, and takes the version of an earlier one with it.
    db.put_with("k", "4", &PutOptions::new().if_version(version).if_present()).unwrap();
    assert_eq!(kind(db.put_with("k", "5", &PutOptions::new().if_version(0))), ErrorKind::Conflict);
}

#[test]
fn values_are_swapped_only_when_they_are_what_was_expected() {
    let db = Db::in_memory().unwrap();
    assert!(!db.compare_swap("k", "", "1").unwrap());
    assert_eq!(db.swap("k", "1").unwrap(), None);
    assert!(db.compare_swap("k", "1", "2").unwrap());
    assert!(!db.compare_swap("k", "1", "3").unwrap());
    assert_eq!(db.swap("k", vec![9; 2000]).unwrap(), Some(b"2".to_vec()));
    assert_eq!(db.swap("k", "3").unwrap(), Some(vec![9; 2000]));
    assert!(db.compare_swap_with_ttl("k", "3", "4", Duration::from_secs(60)).unwrap());
    assert!(matches!(db.ttl("k").unwrap(), Some(Ttl::After(left)) if left <= Duration::from_secs(60)));
}

#[test]
fn counters_add_and_refuse_what_is_no_counter() {
    let db = Db::in_memory().unwrap();
    assert_eq!(db.add("n", i64::MAX).unwrap(), i64::MAX);
    assert_eq!(kind(db.add("n", 1)), ErrorKind::Overflow);
    assert_eq!(db.add("n", i64::MIN).unwrap(), -1);
    db.put("text", "abc").unwrap();
    assert_eq!(kind(db.add("text", 1)), ErrorKind::TypeMismatch);
}

#[test]
fn times_to_live_are_told_kept_and_taken_away() {
    let db = Db::in_memory().unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(db.ttl("k").unwrap(), None);
    assert_eq!(kind(db.expire("k", hour)), ErrorKind::NotFound);
    db.put("k", "1").unwrap();
    assert_eq!(db.ttl("k").unwrap(), Some(Ttl::Never));
    db.expire("k", hour).unwrap();
    db.put_with("k", "2", &PutOptions::new().keep_ttl()).unwrap();
    assert!(matches!(db.ttl("k").unwrap(), Some(Ttl::After(left)) if left <= hour && left > hour / 2));
    let expires = db.get_entry("k").unwrap().unwrap().expires.unwrap();
    assert!(expires > SystemTime::now() + hour / 2);
    db.persist("k").unwrap();
    assert_eq!(db.ttl("k").unwrap(), Some(Ttl::Never));
    db.put_with("short", "x", &PutOptions::new().ttl(Duration::from_millis(1))).unwrap();
    while db.exists("short").unwrap() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(db.get("short").unwrap(), None);
}

#[test]
fn what_is_out_of_bounds_is_an_error_and_changes_nothing() {
    let db = Db::in_memory().unwrap();
    assert_eq!(kind(db.put("", "x")), ErrorKind::Invalid);
    assert_eq!(kind(db.get("")), ErrorKind::Invalid);
    assert_eq!(kind(db.put(vec![b'k'; 65_536], "x")), ErrorKind::TooLarge);
    db.put(vec![b'k'; 65_535], "x").unwrap();
    assert_eq!(kind(db.namespace("")), ErrorKind::Invalid);
    assert_eq!(kind(db.namespace([0; 256])), ErrorKind::TooLarge);
    assert_eq!(db.iter().count(), 1);
}

#[test]
fn namespaces_hold_keys_of_their_own() {
    let db = Db::in_memory().unwrap();
    assert!(db.existing_namespace("a").unwrap().is_none());
    let a = db.namespace("a").unwrap();
    let b = db.namespace(b"b\0\xff").unwrap();
    assert_eq!(db.existing_namespace("a").unwrap().unwrap().id(), a.id());
    for (namespace, value) in [(&*db, "root"), (&a, "a"), (&b, "b")] {
        namespace.put("k", value).unwrap();
    }
    assert_eq!(db.get("k").unwrap().unwrap(), b"root");
    assert_eq!(a.get("k").unwrap().unwrap(), b"a");
    assert_eq!(db.namespaces().unwrap(), [b"a".to_vec(), b"b\0\xff".to_vec()]);
    a.clear().unwrap();
    assert_eq!(a.get("k").unwrap(), None);
    db.drop_namespace(&b).unwrap();
    assert_eq!(kind(b.get("k")), ErrorKind::Invalid);
    assert_eq!(db.namespaces().unwrap(), [b"a".to_vec()]);
}

#[test]
fn a_namespace_of_another_database_is_refused() {
    let (one, other) = (Db::in_memory().unwrap(), Db::in_memory().unwrap());
    let foreign = other.namespace("n").unwrap();
    one.namespace("n").unwrap();
    assert_eq!(kind(one.drop_namespace(&foreign)), ErrorKind::Invalid);
    let mut batch = firn::Batch::new();
    batch.on(&foreign).put("k", "v");
    assert_eq!(kind(one.write(&batch)), ErrorKind::Invalid);
    other.write(&batch).unwrap();
    batch.on(&one.namespace("n").unwrap()).put("k", "v");
    assert_eq!(kind(other.write(&batch)), ErrorKind::Invalid);
    batch.clear();
    batch.put("k", "v");
    one.write(&batch).unwrap();
    assert_eq!(one.get("k").unwrap().unwrap(), b"v");
}

#[test]
fn a_batch_is_all_or_nothing_and_the_last_operation_counts() {
    let db = Db::in_memory().unwrap();
    let users = db.namespace("users").unwrap();
    let mut batch = firn::Batch::with_capacity(100);
    batch.put("a", "1").put("a", "2").put("b", "1").delete("b");
    batch.on(&users).put("a", "3").put_with_ttl("t", "x", Duration::from_secs(60));
    assert_eq!((batch.len(), batch.is_empty()), (6, false));
    let version = db.write(&batch).unwrap();
    assert_eq!(db.get_entry("a").unwrap().unwrap().version, version);
    assert_eq!(db.multi_get(["a", "b"]).unwrap().to_vecs(), [Some(b"2".to_vec()), None]);
    assert!(matches!(users.ttl("t").unwrap(), Some(Ttl::After(_))));

    batch.clear();
    batch.put("c", "1").put("", "empty keys are refused");
    assert_eq!(kind(db.write(&batch)), ErrorKind::Invalid);
    assert!(!db.exists("c").unwrap());
}

#[test]
fn multi_get_answers_in_order_whatever_the_sizes() {
    let db = Db::in_memory().unwrap();
    db.put("small", "s").unwrap();
    db.put("large", vec![7; 100_000]).unwrap();
    let values = db.multi_get(["large", "absent", "small"]).unwrap();
    assert_eq!(values.len(), 3);
    assert_eq!(values.get(0).unwrap(), vec![7; 100_000]);
    assert_eq!((values.get(1), values.get(2), values.get(3)), (None, Some(&b"s"[..]), None));
    assert!(db.multi_get(Vec::<&str>::new()).unwrap().is_empty());
}
