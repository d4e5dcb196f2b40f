//! Many threads do everything while the database is closed in the middle: every call answers, with the truth or with `Closed`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use firn::{Append, Batch, Db, Error, ErrorKind, Log, LogOptions, Options, Result};

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

/// Numbers that follow from the first one, and are not 0.
fn seeds(thread: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(thread.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1), |seed| {
        let mut seed = seed ^ (seed << 13);
        seed ^= seed >> 7;
        Some(seed ^ (seed << 17))
    })
    .skip(1)
}

/// Until what `work` works on is closed.
fn storm(thread: u64, is_closing: &AtomicBool, calls: &AtomicU64, work: impl Fn(u64) -> Result<()>) {
    for seed in seeds(thread) {
        match work(seed) {
            Ok(()) => drop(calls.fetch_add(1, Ordering::Relaxed)),
            Err(error) => return expect_closed(&error, is_closing),
        }
    }
}

fn expect_closed(error: &Error, is_closing: &AtomicBool) {
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert!(is_closing.load(Ordering::SeqCst), "closed before somebody closed it");
}

/// Four threads work until they are told that it is closed; in the middle it is.
fn close_in_the_middle(round: u64, work: impl Fn(u64) -> Result<()> + Sync, close: impl FnOnce() -> Result<()>) {
    let (is_closing, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let (closing, count, work) = (&is_closing, &calls, &work);
        let threads = [1, 2, 3, 4].map(|thread| scope.spawn(move || storm(round * 10 + thread, closing, count, work)));
        while calls.load(Ordering::Relaxed) < 200 && !threads.iter().any(|thread| thread.is_finished()) {
            std::thread::sleep(Duration::from_micros(100));
        }
        is_closing.store(true, Ordering::SeqCst);
        close().unwrap();
    });
}

fn close_databases_in_the_middle(options: &Options) {
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let db = options.open(directory.path()).unwrap();
        close_in_the_middle(round, |seed| work(&db, seed), || db.close());
        assert_eq!(db.get("k").unwrap_err().kind(), ErrorKind::Closed);
        expect_whole(options, directory.path());
    }
}

/// The lock is free, and the data are whole.
fn expect_whole(options: &Options, path: &Path) {
    let db = options.open(path).unwrap();
    assert!(db.recovery().unwrap().clean);
    check_all(db.iter()).unwrap();
}

#[test]
fn a_close_in_the_middle_of_a_storm_is_an_answer() {
    close_databases_in_the_middle(&Options::new());
}

#[test]
fn a_close_in_the_middle_of_a_storm_is_an_answer_with_small_memtables() {
    close_databases_in_the_middle(&Options::new().memtable_bytes(1 << 13).background_threads(2));
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

/// A record tells how long it is, so that a wrong or torn one is seen.
fn record(seed: u64) -> Vec<u8> {
    let length = 8 + seed % 200;
    [&length.to_le_bytes()[..], &vec![length as u8; length as usize - 8]].concat()
}

fn check_record(data: &[u8]) {
    let (length, rest) = data.split_first_chunk::<8>().expect("a record has a length");
    let length = u64::from_le_bytes(*length);
    assert!(data.len() as u64 == length && rest.iter().all(|&byte| byte == length as u8), "{data:?}");
}

/// What is outside the bounds by now is no error.
fn if_there<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn log_work(log: &Log, seed: u64) -> Result<()> {
    match seed % 10 {
        0 | 1 => drop(log.append(record(seed >> 8))?),
        2 => drop(log.append_all(Append::new().push(record(seed >> 8)).push(record(seed >> 16)))?),
        3 => log.read(log.bounds()?.start)?.iter().for_each(|data| check_record(data)),
        4 => log.read_pinned(log.bounds()?.start)?.iter().for_each(|data| check_record(data)),
        5 => {
            for record in log.records(log.bounds()?.start).take(20) {
                if let Some(record) = if_there(record)? {
                    check_record(&record.data);
                }
            }
        }
        6 => {
            let mut tail = log.tail(log.bounds()?.end);
            if let Some(Some(record)) = if_there(tail.next_for(Duration::from_millis(1)))? {
                check_record(&record.data);
            }
        }
        7 => log.sync()?,
        8 if seed % 7 == 0 => match log.trim_before(log.bounds()?.end.saturating_sub(50)) {
            // Another thread has trimmed further meanwhile, or there were not so many.
            Err(error) if error.kind() == ErrorKind::Invalid => {}
            trimmed => trimmed?,
        },
        _ => drop(log.seek_time(std::time::SystemTime::now())?),
    }
    Ok(())
}

fn expect_whole_log(path: &Path) {
    let log = Log::open(path).unwrap();
    assert!(log.recovery().unwrap().clean);
    log.records(log.bounds().unwrap().start).for_each(|record| check_record(&record.unwrap().data));
}

#[test]
fn a_log_is_closed_in_the_middle_of_a_storm() {
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let log = LogOptions::new().segment_bytes(1 << 16).open(directory.path()).unwrap();
        close_in_the_middle(round, |seed| log_work(&log, seed), || log.close());
        assert_eq!(log.append("x").unwrap_err().kind(), ErrorKind::Closed);
        expect_whole_log(directory.path());
    }
}

/// Futures, among them such that wait, and such that are dropped while they do.
#[cfg(feature = "tokio")]
mod tasks {
    use super::*;
    use std::sync::Arc;

    use firn::{AsyncDb, AsyncLog, Scan};

    async fn soon<T>(wait: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        tokio::time::timeout(Duration::from_millis(1), wait).await.map_or(Ok(None), |done| done.map(Some))
    }

    async fn work(db: &AsyncDb, log: &AsyncLog, seed: u64) -> Result<()> {
        let key = (seed % 512).to_be_bytes();
        let value = [key, key].concat();
        match seed % 13 {
            0 => db.put(key, &value).await?,
            1 => drop(db.write(Batch::new().put(key, &value).delete((seed % 7).to_be_bytes()).clone()).await?),
            2 => check(&key, db.get(key).await?.as_deref()),
            3 => db.delete(key).await?,
            4 => db.update(move |txn| txn.put(key, &value)).await?,
            5 => {
                let mut iter = db.scan(Scan::new());
                for _ in 0..40 {
                    let Some(entry) = iter.next_back().await else { break };
                    let (key, value) = entry?;
                    check(&key, Some(&value));
                }
            }
            6 => drop(soon(db.wait_durable(0)).await?),
            7 => {
                let (_, next) = db.changes_bounds().await?;
                let mut follower = db.follow_changes(next);
                if let Some(changes) = soon(follower.next()).await? {
                    assert!(!changes.is_empty());
                }
            }
            8 => db.multi_get([key; 70]).await.map(|values| check(&key, values.get(69)))?,
            9 => drop(log.append(record(seed >> 8)).await?),
            10 | 11 => {
                let mut tail = log.tail(log.bounds().await?.end);
                if let Some(record) = soon(tail.next()).await? {
                    check_record(&record.data);
                }
            }
            _ => soon(log.wait(log.bounds().await?.end + seed % 3)).await.map(drop)?,
        }
        Ok(())
    }

    #[test]
    fn database_and_log_are_closed_in_the_middle_of_a_storm_of_tasks() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(2).enable_all().build().unwrap();
        for round in 0..20 {
            let directory = tempfile::tempdir().unwrap();
            let paths = (directory.path().join("db"), directory.path().join("log"));
            let state = Arc::new((AtomicBool::new(false), AtomicU64::new(0)));
            runtime.block_on(async {
                let (db, log) = (AsyncDb::open(&paths.0).await.unwrap(), AsyncLog::open(&paths.1).await.unwrap());
                let tasks: Vec<_> = (0..16)
                    .map(|task| {
                        let (db, log, state) = (db.clone(), log.clone(), Arc::clone(&state));
                        tokio::spawn(async move {
                            for seed in seeds(round * 100 + task + 1) {
                                match work(&db, &log, seed).await {
                                    Ok(()) => drop(state.1.fetch_add(1, Ordering::Relaxed)),
                                    Err(error) => return expect_closed(&error, &state.0),
                                }
                            }
                        })
                    })
                    .collect();
                while state.1.load(Ordering::Relaxed) < 200 && !tasks.iter().any(|task| task.is_finished()) {
                    tokio::task::yield_now().await;
                }
                state.0.store(true, Ordering::SeqCst);
                let (db_closed, log_closed) = (db.clone(), log.clone());
                let both = (tokio::spawn(async move { db_closed.close().await }), tokio::spawn(async move { log_closed.close().await }));
                both.0.await.unwrap().unwrap();
                both.1.await.unwrap().unwrap();
                for task in tasks {
                    task.await.unwrap();
                }
                assert_eq!(db.put("k", "v").await.unwrap_err().kind(), ErrorKind::Closed);
            });
            expect_whole(&Options::new(), &paths.0);
            expect_whole_log(&paths.1);
        }
    }
}
