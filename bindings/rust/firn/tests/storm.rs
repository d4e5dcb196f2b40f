//! Many threads do everything while the database is closed in the middle: every call answers, with the truth or with `Closed`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use firn::{Batch, Db, Error, ErrorKind, Options, Result};

/// One of everything; values are their keys twice, so that a wrong or torn one is seen.
fn work(db: &Db, seed: u64) -> Result<()> {
    let key = (seed % 512).to_be_bytes();
    let value = [key, key].concat();
    match seed % 11 {
        0 | 1 => db.put(key, &value)?,
        2 => drop(db.write(Batch::new().put(key, &value).delete((seed % 7).to_be_bytes()))?),
        3 => drop(db.update(|txn| {
            let seen = txn.get(key)?;
            check(&key, seen.as_deref());
            txn.put(key, &value)
        })?),
        4 => check(&key, db.get_pinned(key)?.as_deref()),
        5 => {
            let snapshot = db.snapshot()?;
            check(&key, snapshot.get(key)?.as_deref());
            check_all(snapshot.range(key..).rev().take(10))?;
        }
        6 => check_all(db.iter().take(20))?,
        7 => {
            let mut iter = db.range(key..);
            while let Some((key, value)) = iter.next_entry_back()? {
                check(key, Some(value));
            }
        }
        8 => db.delete(key)?,
        9 => db.multi_get([key]).map(|values| check(&key, values.get(0)))?,
        _ => db.sync()?,
    }
    Ok(())
}

fn check(key: &[u8], value: Option<&[u8]>) {
    if let Some(value) = value {
        assert!(value.len() == 16 && &value[..8] == key && &value[8..] == key, "{key:?} has the value {value:?}");
    }
}

fn check_all(entries: impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>>) -> Result<()> {
    for entry in entries {
        let (key, value) = entry?;
        check(&key, Some(&value));
    }
    Ok(())
}

/// Until the database is closed. The number of calls that went well.
fn storm(db: &Db, thread: u64, is_closing: &AtomicBool, calls: &AtomicU64) {
    let mut seed = thread.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    loop {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        match work(db, seed) {
            Ok(()) => drop(calls.fetch_add(1, Ordering::Relaxed)),
            Err(error) => return expect_closed(&error, is_closing),
        }
    }
}

fn expect_closed(error: &Error, is_closing: &AtomicBool) {
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert!(is_closing.load(Ordering::SeqCst), "closed before somebody closed it");
}

fn close_in_the_middle(options: &Options) {
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let db = options.open(directory.path()).unwrap();
        let (is_closing, calls) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (db, is_closing, calls) = (db.clone(), &is_closing, &calls);
                scope.spawn(move || storm(&db, round * 10 + thread + 1, is_closing, calls));
            }
            while calls.load(Ordering::Relaxed) < 200 {
                std::thread::sleep(Duration::from_micros(100));
            }
            is_closing.store(true, Ordering::SeqCst);
            db.close().unwrap();
        });
        assert_eq!(db.get("k").unwrap_err().kind(), ErrorKind::Closed);
        let db = options.open(directory.path()).unwrap(); // the lock is free, and the data are whole
        assert!(db.recovery().unwrap().clean);
        check_all(db.iter()).unwrap();
    }
}

#[test]
fn a_close_in_the_middle_of_a_storm_is_an_answer() {
    close_in_the_middle(&Options::new());
}

#[test]
fn a_close_in_the_middle_of_a_storm_is_an_answer_with_small_memtables() {
    close_in_the_middle(&Options::new().memtable_bytes(1 << 13).background_threads(2));
}

#[test]
fn the_last_clone_closes_wherever_it_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..50u64 {
        let db = Db::open(directory.path()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let db = db.clone();
                scope.spawn(move || (0..20).for_each(|i| work(&db, round + thread * 100 + i).unwrap()));
            }
            drop(db);
        });
    }
}
