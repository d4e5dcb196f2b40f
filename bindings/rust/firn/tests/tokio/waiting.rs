//! Waiting: it holds no thread, every kind of end is heard of, and to drop a future ends its wait.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use firn::{AsyncDb, AsyncLog, Batch, Db, Durability, ErrorKind, Log, LogOptions, Options};
use tokio::runtime::{Builder, Runtime};

use crate::polled_once;

const POOL: usize = 4;
const WAITING: usize = 600;
const DAY: Duration = Duration::from_secs(24 * 3600);

fn small_runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).max_blocking_threads(POOL).enable_all().build().unwrap()
}

/// No thread of the pool is free until what is returned is dropped.
fn hold_the_pool() -> Vec<Sender<()>> {
    let (started, all_started) = channel();
    let holds = (0..POOL).map(|_| {
        let ((release, held), started) = (channel::<()>(), started.clone());
        tokio::task::spawn_blocking(move || {
            started.send(()).unwrap();
            let _ = held.recv();
        });
        release
    });
    let holds = holds.collect();
    (0..POOL).for_each(|_| all_started.recv().unwrap());
    holds
}

/// Has looked once, and waits.
macro_rules! waiting {
    ($future:expr) => {{
        let mut future = Box::pin($future);
        assert!(polled_once(&mut future).await.is_none(), "it should wait");
        tokio::spawn(future)
    }};
}

fn log() -> (tempfile::TempDir, Log) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::open(directory.path()).unwrap();
    (directory, log)
}

#[test]
fn six_hundred_tails_hold_no_thread() {
    let (_directory, log) = log();
    small_runtime().block_on(async {
        let (log, db) = (log.to_async(), Db::in_memory().unwrap().to_async());
        let mut tails = Vec::new();
        for i in 0..WAITING as u64 {
            // Each is dropped while it waits, and waits again; the last index is that of its own record.
            let mut tail = log.tail(0);
            assert!(polled_once(tail.next()).await.is_none());
            tails.push(waiting!(async move {
                while tail.next_index() < i {
                    tail.next().await.unwrap();
                }
                tail.next().await.unwrap()
            }));
        }
        let ordinary = || async {
            db.put("k", "v").await.unwrap();
            assert_eq!(db.get("k").await.unwrap().unwrap(), b"v");
        };
        ordinary().await;
        db.flush().await.unwrap(); // the pool is free
        let hold = hold_the_pool();
        ordinary().await;
        for i in 0..WAITING {
            assert_eq!(log.append(i.to_string()).await.unwrap(), i as u64);
        }
        for (i, tail) in tails.into_iter().enumerate() {
            let record = tail.await.unwrap();
            assert_eq!((record.index, record.data), (i as u64, i.to_string().into_bytes()));
        }
        drop(hold);
        log.sync().await.unwrap();
    });
}

#[test]
fn six_hundred_followers_hold_no_thread() {
    small_runtime().block_on(async {
        let db = Db::in_memory().unwrap().to_async();
        let (_, next) = db.changes_bounds().await.unwrap();
        let mut followers = Vec::new();
        for _ in 0..WAITING {
            let mut follower = db.follow_changes(next);
            followers.push(waiting!(async move { follower.next().await.unwrap().iter().count() }));
        }
        let _hold = hold_the_pool();
        db.put("k", "v").await.unwrap();
        for follower in followers {
            assert_eq!(follower.await.unwrap(), 1);
        }
    });
}

fn synced_by_the_clock() -> (tempfile::TempDir, Db) {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().durability(Durability::Interval(DAY)).open(directory.path()).unwrap();
    (directory, db)
}

#[test]
fn six_hundred_waits_for_the_clock_hold_no_thread() {
    let (_directory, db) = synced_by_the_clock();
    small_runtime().block_on(async {
        let db = db.to_async();
        let mut waits = Vec::new();
        for i in 0..WAITING {
            let version = db.write(Batch::new().put(i.to_be_bytes(), "").clone()).await.unwrap();
            let db = db.clone();
            let mut wait = Box::pin(async move { db.wait_durable(version).await });
            // The clock strikes once when the database is young.
            if polled_once(&mut wait).await.is_none() {
                waits.push(tokio::spawn(wait));
            }
        }
        assert!(waits.len() > POOL);
        let _hold = hold_the_pool();
        db.as_db().sync().unwrap();
        for wait in waits {
            wait.await.unwrap().unwrap();
        }
    });
}

#[test]
fn of_all_that_wait_for_the_disk_one_syncs() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap(); // without drivers, for nobody needs them
    runtime.block_on(async {
        let db = Db::open(directory.path()).unwrap().to_async();
        let version = db.write(Batch::new().put("k", "v").clone()).await.unwrap();
        let before = db.as_db().stats().unwrap().syncs;
        let hold = || {
            let (release, held) = channel::<()>();
            (release, tokio::task::spawn_blocking(move || held.recv()))
        };
        let first = hold();
        // This one has begun the sync, and is dropped: the others are not left alone.
        assert!(polled_once(db.wait_durable(version)).await.is_none());
        let second = hold(); // the thread will not be free for anybody else
        let mut waits = Vec::new();
        for _ in 0..WAITING {
            let db = db.clone();
            waits.push(waiting!(async move { db.wait_durable(version).await }));
        }
        drop(first);
        for wait in waits {
            wait.await.unwrap().unwrap();
        }
        assert_eq!(db.as_db().stats().unwrap().syncs - before, 1);
        drop(second);
    });
}

#[tokio::test]
async fn an_event_loop_that_reads_the_descriptor_takes_nothing_away() {
    use std::io::Read;
    let (_directory, log) = log();
    let mut others = std::fs::File::from(log.notify_fd().unwrap());
    let watched = log.to_async();
    for i in 0..20 {
        let mut tail = watched.tail(i);
        let tail = waiting!(async move { tail.next().await.unwrap().index });
        tokio::time::sleep(Duration::from_millis(1)).await; // for what is left of the last round
        // Before the runtime, whose thread this is, can see that it is readable.
        log.append("x").unwrap();
        assert_eq!(others.read(&mut [0; 8]).unwrap(), 8);
        assert_eq!(tail.await.unwrap(), i);
    }
}

#[tokio::test]
async fn threads_and_tasks_that_follow_do_not_disturb_each_other() {
    const COMMITS: usize = 200;
    let db = Db::in_memory().unwrap();
    let (_, next) = db.changes_bounds().unwrap();
    let mut follower = db.to_async().follow_changes(next);
    let thread = {
        let db = db.clone();
        std::thread::spawn(move || {
            let mut follower = db.follow_changes(next);
            while follower.next_version() < next + COMMITS as u64 {
                follower.next_for(DAY).unwrap();
            }
        })
    };
    for i in 0..COMMITS as u64 {
        let put = {
            let db = db.clone();
            move || db.put("k", i.to_be_bytes()).unwrap()
        };
        let writer = std::thread::spawn(put);
        while follower.next_version() == next + i {
            follower.next().await.unwrap();
        }
        writer.join().unwrap();
    }
    thread.join().unwrap();
}

#[test]
fn a_runtime_that_ends_does_not_take_the_waits_of_another_along() {
    let (_directory, log) = log();
    let shared: AsyncLog = log.to_async();
    let (first, second) = (small_runtime(), small_runtime());
    let mut tail = shared.tail(0);
    first.block_on(async { assert!(polled_once(tail.next()).await.is_none()) }); // it listens
    let mut other = shared.tail(0);
    #[allow(clippy::async_yields_async)] // it is awaited below, when the other runtime has gone
    let other = second.block_on(async move { waiting!(async move { other.next().await.unwrap().index }) });
    second.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await }); // until the first has told that it listens
    drop(first);
    log.append("x").unwrap();
    assert_eq!(second.block_on(other).unwrap(), 0);
    assert_eq!(second.block_on(tail.next()).unwrap().index, 0);
}

#[test]
fn a_close_ends_every_wait() {
    for is_closed_by_a_task in [false, true] {
        let ((_directory, log), (_other, db)) = (log(), synced_by_the_clock());
        db.put("k", "v").unwrap();
        small_runtime().block_on(async {
            let (log, db) = (log.to_async(), db.to_async());
            let (_, next) = db.changes_bounds().await.unwrap();
            let (mut waits, mut disk_waits) = (Vec::new(), Vec::new());
            for _ in 0..50 {
                let (mut tail, mut follower, log, db) = (log.tail(0), db.follow_changes(next), log.clone(), db.clone());
                waits.push(waiting!(async move { tail.next().await.map(drop) }));
                waits.push(waiting!(async move { log.wait(0).await }));
                waits.push(waiting!(async move { follower.next().await.map(drop) }));
                disk_waits.push(tokio::spawn(async move { db.wait_durable(0).await }));
            }
            if is_closed_by_a_task {
                log.close().await.unwrap();
                db.close().await.unwrap();
            } else {
                log.as_log().close().unwrap();
                db.as_db().close().unwrap();
            }
            for wait in waits {
                assert_eq!(wait.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
            }
            for wait in disk_waits {
                // Closing syncs: who looks in time has what he waited for.
                if let Err(error) = wait.await.unwrap() {
                    assert_eq!(error.kind(), ErrorKind::Closed);
                }
            }
        });
    }
}

#[test]
fn what_waited_and_was_dropped_holds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = small_runtime();
    runtime.block_on(async {
        let log = AsyncLog::open(directory.path()).await.unwrap();
        let _hold = hold_the_pool();
        let mut tails = Vec::new();
        for _ in 0..WAITING {
            let mut tail = log.tail(0);
            tails.push(waiting!(async move { tail.next().await.map(drop) }));
        }
        for tail in tails {
            tail.abort();
            assert!(tail.await.unwrap_err().is_cancelled());
        }
        assert_eq!(log.append("x").await.unwrap(), 0);
        drop(log);
        // That was the last handle, and closed the log; the task that listened has none.
        Log::open(directory.path()).unwrap();
    });
}

#[tokio::test]
async fn nobody_listens_longer_than_there_is_something_to_hear() {
    let (_directory, log) = log();
    let db = Db::in_memory().unwrap();
    let task_count = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for is_closed in [false, true] {
        let (watched_log, watched_db) = (log.to_async(), db.to_async());
        let (_, next) = db.changes_bounds().unwrap();
        assert!(polled_once(watched_log.tail(0).next()).await.is_none());
        assert!(polled_once(watched_db.follow_changes(next).next()).await.is_none());
        assert_eq!(task_count(), 2);
        if is_closed {
            log.close().unwrap();
            db.close().unwrap();
        } else {
            drop((watched_log, watched_db));
        }
        while task_count() != 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_record_that_comes_or_goes_ends_the_wait_for_it() {
    let (_directory, log) = log();
    let log = log.to_async();
    let (third, first) = (log.clone(), log.clone());
    let third = waiting!(async move { third.wait(2).await });
    let first = waiting!(async move { first.wait(0).await });
    log.append("0").await.unwrap();
    first.await.unwrap().unwrap();
    log.append("1").await.unwrap();
    log.append("2").await.unwrap();
    third.await.unwrap().unwrap();
    let gone = {
        let log = log.clone();
        waiting!(async move { log.wait(5).await })
    };
    log.reset(10).await.unwrap();
    assert_eq!(gone.await.unwrap().unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn read_only_openings_follow_their_writer() {
    let (log_directory, log) = log();
    let db_directory = tempfile::tempdir().unwrap();
    let db = Db::open(db_directory.path()).unwrap();
    db.put("k", "v").unwrap();
    log.append("0").unwrap();
    small_runtime().block_on(async {
        let read_log = AsyncLog::open_with(LogOptions::new().read_only(true), log_directory.path()).await.unwrap();
        let read_db = AsyncDb::open_with(Options::new().read_only(true), db_directory.path()).await.unwrap();
        let (_, next) = read_db.changes_bounds().await.unwrap();
        let (mut tails, mut followers) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            let (mut tail, mut follower) = (read_log.tail(1), read_db.follow_changes(next));
            tails.push(waiting!(async move { tail.next().await.unwrap().data }));
            followers.push(waiting!(async move { follower.next().await.unwrap().iter().count() }));
        }
        log.append("1").unwrap();
        db.put("l", "w").unwrap();
        for (tail, follower) in tails.into_iter().zip(followers) {
            assert_eq!((tail.await.unwrap(), follower.await.unwrap()), (b"1".to_vec(), 1));
        }
        let mut tail = read_log.as_log().tail(2);
        assert!(tail.next_for(Duration::from_millis(30)).unwrap().is_none());
        log.append("2").unwrap();
        assert_eq!(tail.next_for(DAY).unwrap().unwrap().data, b"2");
        log.append("3").unwrap();
        assert_eq!(tail.next().unwrap().unwrap().data, b"3");
    });
}
