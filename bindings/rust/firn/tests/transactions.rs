//! Snapshots and transactions: what they see, what conflicts, what a retry does.

use std::time::Duration;

use firn::{Db, ErrorKind, Options, TxnOptions, WriteOptions};

fn counted(db: &Db) -> i64 {
    db.get("n").unwrap().map_or(0, |value| i64::from_le_bytes(value.try_into().unwrap()))
}

#[test]
fn a_snapshot_does_not_see_what_comes_later() {
    let db = Db::in_memory().unwrap();
    let users = db.namespace("users").unwrap();
    db.put("k", "old").unwrap();
    users.put("u", "old").unwrap();
    let snapshot = db.snapshot().unwrap();
    let version = snapshot.version();
    db.put("k", "new").unwrap();
    db.put("l", "new").unwrap();
    users.clear().unwrap();
    db.flush().unwrap();

    assert_eq!(snapshot.version(), version);
    assert_eq!(snapshot.get("k").unwrap().unwrap(), b"old");
    assert_eq!(&*snapshot.get_pinned("k").unwrap().unwrap(), b"old");
    assert!(!snapshot.exists("l").unwrap());
    assert_eq!(snapshot.multi_get(["l", "k"]).unwrap().to_vecs(), [None, Some(b"old".to_vec())]);
    assert_eq!(snapshot.iter().count(), 1);
    assert_eq!(snapshot.iter().rev().count(), 1);
    let mut buf = Vec::new();
    assert!(snapshot.namespace(&users).unwrap().get_into("u", &mut buf).unwrap());
    assert_eq!(buf, b"old");
    assert!(snapshot.get_entry("k").unwrap().unwrap().version <= version);
}

#[test]
fn a_transaction_reads_its_own_writes_and_nobody_else_does() {
    let db = Db::in_memory().unwrap();
    let users = db.namespace("users").unwrap();
    db.put("a", "1").unwrap();
    let txn = db.txn().unwrap();
    txn.put("b", "2").unwrap();
    txn.delete("a").unwrap();
    txn.namespace(&users).unwrap().put("u", "3").unwrap();
    assert_eq!(txn.namespace(&users).unwrap().add("n", 5).unwrap(), 5);
    let mut batch = firn::Batch::new();
    batch.put("c", "4");
    batch.on(&users).delete("absent");
    txn.write(&batch).unwrap();

    assert_eq!(txn.get("a").unwrap(), None);
    assert_eq!(txn.get("b").unwrap().unwrap(), b"2");
    assert_eq!(txn.get_entry("b").unwrap().unwrap().version, 0);
    let seen: Vec<_> = txn.iter().map(|entry| entry.unwrap().0).collect();
    assert_eq!(seen, [b"b".to_vec(), b"c".to_vec()]);
    assert_eq!(db.get("b").unwrap(), None);
    assert!(db.exists("a").unwrap());

    let version = txn.commit().unwrap();
    assert_eq!(db.get_entry("b").unwrap().unwrap().version, version);
    assert_eq!(db.get("c").unwrap().unwrap(), b"4");
    assert_eq!(users.get("u").unwrap().unwrap(), b"3");
    assert!(!db.exists("a").unwrap());
}

#[test]
fn pinned_values_of_a_snapshot_are_of_its_state_and_stay_so() {
    let db = Db::in_memory().unwrap();
    let users = db.namespace("users").unwrap();
    db.put("k", "old").unwrap();
    db.put("empty", "").unwrap();
    users.put("u", vec![7; 10_000]).unwrap();
    let snapshot = db.snapshot().unwrap();
    db.put("k", "new").unwrap();
    db.put("l", "new").unwrap();
    users.clear().unwrap();
    let later = db.namespace("later").unwrap();

    let values = snapshot.multi_pin(["l", "k", "empty"]).unwrap();
    let several = snapshot.multi_pin_from([(&users, "u"), (&*db, "k"), (&users, "k")]).unwrap();
    let of_users = snapshot.namespace(&users).unwrap().multi_pin(["u"]).unwrap();
    let are_as_before = || {
        assert_eq!(values.iter().collect::<Vec<_>>(), [None, Some(&b"old"[..]), Some(&b""[..])]);
        assert_eq!(several.iter().collect::<Vec<_>>(), [Some(&[7; 10_000][..]), Some(&b"old"[..]), None]);
        assert_eq!(of_users.iter().collect::<Vec<_>>(), [Some(&[7; 10_000][..])]);
        assert!((1..=snapshot.version()).contains(&values.version(1).unwrap()));
    };
    are_as_before();
    assert!(snapshot.multi_pin(Vec::<&str>::new()).unwrap().is_empty());
    assert_eq!(snapshot.multi_pin_from([(&*db, "k"), (&later, "k")]).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(snapshot.multi_pin([""]).unwrap_err().kind(), ErrorKind::Invalid);
    db.flush().unwrap();
    db.compact().unwrap();
    are_as_before();
    db.close().unwrap();
    assert_eq!(snapshot.multi_pin(["k"]).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(values.get(1), Some(&b"old"[..]));
    assert_eq!(several.get(0), Some(&[7; 10_000][..]));
}

#[test]
fn pinned_values_of_a_transaction_are_its_own_writes_too_and_stay_so() {
    let db = Db::in_memory().unwrap();
    let users = db.namespace("users").unwrap();
    db.put("a", "1").unwrap();
    db.put("b", "1").unwrap();
    let txn = db.txn().unwrap();
    txn.put("b", vec![2; 10_000]).unwrap();
    txn.put("c", "").unwrap();
    txn.namespace(&users).unwrap().put("u", "3").unwrap();
    txn.delete("a").unwrap();
    txn.put("a", "4").unwrap();
    txn.delete("a").unwrap();
    db.put("d", "unseen").unwrap();

    let values = txn.multi_pin(["a", "b", "c", "d"]).unwrap();
    let several = txn.multi_pin_from([(&users, "u"), (&*db, "b")]).unwrap();
    let of_users = txn.namespace(&users).unwrap().multi_pin(["u"]).unwrap();
    let are_as_before = || {
        assert_eq!(values.iter().collect::<Vec<_>>(), [None, Some(&[2; 10_000][..]), Some(&b""[..]), None]);
        assert_eq!((values.version(0), values.version(1), values.version(2)), (None, Some(0), Some(0)));
        assert_eq!(several.iter().collect::<Vec<_>>(), [Some(&b"3"[..]), Some(&[2; 10_000][..])]);
        assert_eq!(of_users.get(0), Some(&b"3"[..]));
    };
    are_as_before();
    for i in 0..100u8 {
        txn.put("b", vec![i; 10_000]).unwrap();
        txn.put("c", [i]).unwrap();
    }
    txn.namespace(&users).unwrap().delete("u").unwrap();
    are_as_before();
    db.close().unwrap();
    are_as_before();
}

#[test]
fn a_scan_of_a_transaction_sees_the_writes_before_it_from_both_ends() {
    let db = Db::in_memory().unwrap();
    for i in 0..50u8 {
        db.put([i], [i]).unwrap();
    }
    let txn = db.txn().unwrap();
    txn.put([60], "own").unwrap();
    txn.delete([0]).unwrap();
    let mut iter = txn.iter();
    assert_eq!(iter.next().unwrap().unwrap().0, [1]);
    for i in 0..200u8 {
        txn.put([i], "later").unwrap();
    }
    assert_eq!(iter.next_back().unwrap().unwrap(), (vec![60], b"own".to_vec()));
    assert_eq!(iter.next_entry_back().unwrap(), Some((&[49][..], &[49][..])));
    assert_eq!(iter.next_entry().unwrap(), Some((&[2][..], &[2][..])));
    assert_eq!(iter.count(), 46);
}

#[test]
fn what_was_read_and_has_changed_is_a_conflict_and_nothing_else_is() {
    let db = Db::in_memory().unwrap();
    for key in ["a", "b", "c", "d"] {
        db.put(key, "1").unwrap();
    }
    let commit_after = |read: &dyn Fn(&firn::Txn<'_>), change: &str| {
        let txn = db.txn().unwrap();
        read(&txn);
        txn.put("result", "x").unwrap();
        db.put(change, "2").unwrap();
        txn.commit().map(drop).map_err(|error| error.kind())
    };
    assert_eq!(commit_after(&|_| (), "a"), Ok(()));
    assert_eq!(commit_after(&|txn| drop(txn.get("a")), "a"), Err(ErrorKind::Conflict));
    assert_eq!(commit_after(&|txn| drop(txn.get("a")), "b"), Ok(()));
    assert_eq!(commit_after(&|txn| drop(txn.get("absent")), "absent"), Err(ErrorKind::Conflict));
    assert_eq!(commit_after(&|txn| drop(txn.multi_pin(["c", "a"])), "a"), Err(ErrorKind::Conflict));
    assert_eq!(commit_after(&|txn| drop(txn.multi_pin(["c", "a"])), "b"), Ok(()));
    // Only what an iterator has returned is read: nothing is fetched ahead.
    assert_eq!(commit_after(&|txn| drop(txn.iter().next()), "a"), Err(ErrorKind::Conflict));
    assert_eq!(commit_after(&|txn| drop(txn.iter().next()), "b"), Ok(()));
    assert_eq!(commit_after(&|txn| drop(txn.range("b"..).next_back()), "result"), Err(ErrorKind::Conflict));
    assert_eq!(commit_after(&|txn| drop(txn.range(..="d").next_back()), "c"), Ok(()));
    // A key that was not there is no conflict, unless the transaction is serializable.
    assert_eq!(commit_after(&|txn| txn.range("a".."c").for_each(drop), "aa"), Ok(()));
    let txn = db.txn_with(&TxnOptions::new().serializable()).unwrap();
    assert_eq!(txn.range("a".."c").count(), 4);
    txn.put("result", "y").unwrap();
    db.put("ab", "new").unwrap();
    assert_eq!(txn.commit().unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn a_commit_that_would_have_waited_gives_the_transaction_back() {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().memtable_bytes(1 << 13).open(directory.path()).unwrap();
    let at_once = WriteOptions::new().no_block();
    let begin = || {
        let txn = db.txn().unwrap();
        txn.put("k", [7; 8000]).unwrap();
        txn
    };
    // Every commit fills a memtable, faster than they are flushed.
    let refused = (0..100_000).find_map(|_| begin().try_commit(at_once).err()).expect("no commit had to wait");
    let (error, mut txn) = refused.into_parts();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    txn.as_ref().unwrap().put("l", "w").unwrap();
    assert_eq!(txn.as_ref().unwrap().get("k").unwrap().unwrap(), [7; 8000]);
    assert!(!db.exists("l").unwrap());
    let version = loop {
        match txn.take().unwrap().try_commit(at_once).map_err(|refused| refused.into_parts()) {
            Ok(version) => break version,
            Err((error, again)) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                txn = again;
                std::thread::yield_now();
            }
        }
    };
    assert_eq!(db.get_entry("l").unwrap().unwrap().version, version);

    let txn = db.txn().unwrap();
    txn.get("k").unwrap();
    txn.put("m", "x").unwrap();
    db.put("k", "other").unwrap();
    let failed = txn.try_commit(at_once).unwrap_err();
    assert_eq!(failed.to_string(), failed.error().to_string());
    let (error, txn) = failed.into_parts();
    assert!(error.kind() == ErrorKind::Conflict && txn.is_none());
}

#[test]
fn a_transaction_that_is_dropped_leaves_nothing_behind() {
    let db = Db::in_memory().unwrap();
    let txn = db.txn().unwrap();
    txn.put("k", "v").unwrap();
    drop(txn);
    let txn = db.txn().unwrap();
    txn.put("k", "v").unwrap();
    txn.rollback();
    assert!(!db.exists("k").unwrap());
}

#[test]
fn an_update_tries_again_until_it_has_seen_the_last_state() {
    let db = Db::in_memory().unwrap();
    let mut runs = 0;
    let seen = db.update(|txn| {
        runs += 1;
        let seen = txn.get("k")?;
        if runs < 3 {
            db.put("k", [runs])?; // somebody else
        }
        txn.put("k", "mine")?;
        Ok(seen)
    });
    assert_eq!((seen.unwrap(), runs), (Some(vec![2]), 3));
    assert_eq!(db.get("k").unwrap().unwrap(), b"mine");

    let mut runs = 0;
    let options = TxnOptions::new().attempts(7).sync();
    let gave_up = db.update_with(&options, |txn| {
        runs += 1;
        txn.get("k")?;
        db.put("k", [runs])?;
        txn.put("l", "")
    });
    assert_eq!((gave_up.unwrap_err().kind(), runs), (ErrorKind::Conflict, 7));
}

#[test]
fn an_update_that_is_given_up_writes_nothing_and_keeps_the_reason() {
    let db = Db::in_memory().unwrap();
    let aborted: firn::Result<()> = db.update(|txn| {
        txn.put("k", "v")?;
        let number: i32 = "x".parse().map_err(firn::Error::abort)?;
        txn.put("n", number.to_string())
    });
    let error = aborted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<std::num::ParseIntError>());
    assert!(!db.exists("k").unwrap());
}

#[test]
fn updates_of_many_threads_lose_nothing() {
    let db = Db::in_memory().unwrap();
    let (threads, rounds) = (4, 200);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..rounds {
                    db.update_with(&TxnOptions::new().attempts(100_000), |txn| {
                        let n = txn.get("n")?.map_or(0, |value| i64::from_le_bytes(value.try_into().unwrap()));
                        txn.put("n", (n + 1).to_le_bytes())
                    })
                    .unwrap();
                }
            });
        }
    });
    assert_eq!(counted(&db), threads * rounds);
}

#[test]
fn times_to_live_in_a_transaction_begin_with_the_put() {
    let db = Db::in_memory().unwrap();
    db.update(|txn| txn.put_with_ttl("k", "v", Duration::from_secs(60))).unwrap();
    assert!(matches!(db.ttl("k").unwrap(), Some(firn::Ttl::After(left)) if left <= Duration::from_secs(60)));
}

#[test]
fn a_batch_may_depend_on_what_is_there() {
    let db = Db::in_memory().unwrap();
    let version = db.put_with("k", "1", &firn::PutOptions::new().ttl(Duration::from_secs(60))).unwrap();
    for i in 0..10u8 {
        db.put([b'r', i], "").unwrap();
    }
    let mut batch = firn::Batch::new();
    batch.on(&db).expect_version("k", version).put_keep_ttl("k", "2").add("n", 3).delete_range([b'r', 2]..[b'r', 5]);
    db.write(&batch).unwrap();
    assert_eq!(db.get("k").unwrap().unwrap(), b"2");
    assert!(matches!(db.ttl("k").unwrap(), Some(firn::Ttl::After(_))));
    assert_eq!((counted(&db), db.prefix("r").count()), (3, 7));
    assert_eq!(db.write(&batch).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(counted(&db), 3);
    assert_eq!(db.delete_range([b'r', 0]..=[b'r', 6]).unwrap(), 4);
    assert_eq!(db.delete_range("z".."a").unwrap(), 0);
    batch.clear();
    batch.on(&db).delete_range::<&[u8]>(..).delete_range("z".."a");
    db.write(&batch).unwrap();
    assert_eq!(db.iter().count(), 0);
    assert_eq!(db.delete_range::<&[u8]>(..).unwrap(), 0);
}

#[test]
fn after_a_close_transactions_answer_closed() {
    let db = Db::in_memory().unwrap();
    let (txn, snapshot) = (db.txn().unwrap(), db.snapshot().unwrap());
    db.clone().close().unwrap();
    assert_eq!(txn.get("k").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(snapshot.iter().next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(txn.put("k", "v").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(txn.commit().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_namespace_of_another_database_is_refused_by_transactions() {
    let (one, other) = (Db::in_memory().unwrap(), Db::in_memory().unwrap());
    let foreign = other.namespace("n").unwrap();
    assert_eq!(one.txn().unwrap().namespace(&foreign).map(drop).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(one.snapshot().unwrap().namespace(&foreign).map(drop).unwrap_err().kind(), ErrorKind::Invalid);
    let mut batch = firn::Batch::new();
    batch.on(&foreign).put("k", "v");
    assert_eq!(one.txn().unwrap().write(&batch).unwrap_err().kind(), ErrorKind::Invalid);
}
