//! Futures: what they answer, that waiting does not stop the runtime, that dropping one loses nothing.
#![cfg(feature = "tokio")]

mod waiting;

use std::time::Duration;

use firn::{Append, AsyncDb, AsyncLog, Batch, Db, Durability, ErrorKind, LogOptions, Options, PutOptions, Scan, Ttl, TxnOptions};

#[tokio::test]
async fn keys_batches_counters_and_transactions() {
    let db = Db::in_memory().unwrap().to_async();
    let users = db.namespace("users").await.unwrap();
    db.put("k", "1").await.unwrap();
    users.put_with("k", "2", PutOptions::new().if_absent().ttl(Duration::from_secs(60))).await.unwrap();
    assert_eq!(users.put_with("k", "3", PutOptions::new().if_absent()).await.unwrap_err().kind(), ErrorKind::Exists);
    assert_eq!(db.get("k").await.unwrap().unwrap(), b"1");
    assert_eq!(users.get("k").await.unwrap().unwrap(), b"2");
    assert!(users.compare_swap("k", "2", "3").await.unwrap());
    assert!(!users.compare_swap("k", "2", "4").await.unwrap());
    assert_eq!(users.add("n", 4).await.unwrap(), 4);
    let mut buf = Vec::new();
    assert!(users.get_into("n", &mut buf).await.unwrap() && users.exists("n").await.unwrap());
    assert_eq!(db.multi_get(["k", "n"]).await.unwrap().to_vecs(), [Some(b"1".to_vec()), None]);
    users.delete("n").await.unwrap();
    assert!(!users.exists("n").await.unwrap());
    users.blocking(|users| users.expire("k", Duration::from_secs(9))).await.unwrap();

    let mut batch = Batch::new();
    batch.put("a", "1").put("b", "2");
    batch.on(users.as_namespace()).put("c", "3");
    db.write(batch).await.unwrap();
    let moved = db.update(|txn| {
        let value = txn.get("a")?.unwrap_or_default();
        txn.delete("a")?;
        txn.put("moved", &value)?;
        Ok(value)
    });
    assert_eq!(moved.await.unwrap(), b"1");
    assert!(!db.as_db().exists("a").unwrap());
    for maintenance in [db.flush().await, db.compact().await, db.wait_durable(0).await, db.sync().await, db.close().await] {
        maintenance.unwrap();
    }
    assert_eq!(db.put("k", "v").await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn what_threads_can_do_with_keys_tasks_can() {
    let directory = tempfile::tempdir().unwrap();
    let db = AsyncDb::open(directory.path()).await.unwrap();
    assert_eq!(AsyncDb::open_with(Options::new().read_only(false), directory.path()).await.unwrap_err().kind(), ErrorKind::Locked);
    let users = db.namespace("users").await.unwrap();
    users.put("a", "1").await.unwrap();
    assert_eq!(users.ttl("a").await.unwrap(), Some(Ttl::Never));
    users.expire("a", Duration::from_secs(60)).await.unwrap();
    assert!(matches!(users.ttl("a").await.unwrap(), Some(Ttl::After(_))));
    users.persist("a").await.unwrap();
    assert_eq!(users.swap("a", "2").await.unwrap().unwrap(), b"1");
    let entry = users.get_entry("a").await.unwrap().unwrap();
    assert_eq!((&entry.value[..], entry.expires), (&b"2"[..], None));
    assert_eq!(&*users.get_pinned("a").await.unwrap().unwrap(), b"2");
    assert!(users.compare_swap_with_ttl("a", "2", "3", Duration::from_secs(60)).await.unwrap());
    assert!(users.get_entry("a").await.unwrap().unwrap().expires.is_some());

    for key in ["b", "c", "d"] {
        users.put(key, key).await.unwrap();
    }
    assert!(users.approximate_count("a".."c").await.unwrap() > 0 && users.approximate_bytes("a"..).await.is_ok());
    assert_eq!(users.range("b".."d").collect().await.unwrap().len(), 2);
    assert_eq!(users.prefix("d").collect().await.unwrap().len(), 1);
    assert_eq!(users.delete_range("b"..="c").await.unwrap(), 2);
    assert_eq!(users.iter().collect().await.unwrap().len(), 2);
    assert_eq!(db.multi_get_from([(&users, "d"), (&*db, "d")]).await.unwrap().to_vecs(), [Some(b"d".to_vec()), None]);
    assert_eq!(db.multi_get_from((0..100).map(|_| (&users, "d"))).await.unwrap().len(), 100);
    users.clear().await.unwrap();
    assert!(users.iter().next().await.is_none());

    assert_eq!(db.namespaces().await.unwrap(), [b"users"]);
    assert!(db.existing_namespace("users").await.unwrap().is_some() && db.existing_namespace("x").await.unwrap().is_none());
    assert_eq!(db.namespace_by_id(users.as_namespace().id()).as_namespace().id(), users.as_namespace().id());
    db.drop_namespace(&users).await.unwrap();
    assert_eq!(users.get("a").await.unwrap_err().kind(), ErrorKind::Invalid);

    let seen = db.update_with(TxnOptions::new().serializable(), |txn| txn.put("k", "v").map(|()| txn.version()));
    let version = seen.await.unwrap();
    assert_eq!(db.read(|snapshot| Ok((snapshot.get("k")?, snapshot.version() > 0))).await.unwrap(), (Some(b"v".to_vec()), true));
    assert_eq!(db.changes(version + 1).await.unwrap().iter().count(), 1);
    db.sync().await.unwrap();
    assert_eq!(db.durable_changes(version + 1).await.unwrap().iter().count(), 1);
    assert!(db.blocking(Db::stats_json).await.unwrap().starts_with('{'));
    for nothing_to_do in [db.resume().await, db.refresh().await] {
        nothing_to_do.unwrap();
    }
}

#[tokio::test]
async fn what_threads_can_do_with_a_log_tasks_can() {
    let directory = tempfile::tempdir().unwrap();
    let log = AsyncLog::open_with(LogOptions::new().segment_bytes(1 << 20), directory.path()).await.unwrap();
    for i in 0..5u8 {
        log.append([i]).await.unwrap();
    }
    assert_eq!(log.append_all(Append::new().push("5").clone()).await.unwrap(), 5);
    let mut buf = Vec::new();
    assert!(log.read_into(4, &mut buf).await.unwrap() && !log.read_into(9, &mut Vec::new()).await.unwrap());
    assert_eq!((&buf[..], &*log.read_pinned(4).await.unwrap().unwrap()), (&[4][..], &[4][..]));
    assert_eq!(log.read(3).await.unwrap().unwrap(), [3]);
    assert_eq!(log.seek_time(std::time::SystemTime::UNIX_EPOCH).await.unwrap(), 0);
    log.sync().await.unwrap();
    assert_eq!(log.durable().await.unwrap(), 6);
    log.trim_before(1).await.unwrap();
    log.trim_after(3).await.unwrap();
    assert_eq!(log.bounds().await.unwrap(), 1..4);
    let mut tail = log.tail(3);
    assert_eq!(tail.try_next().unwrap().unwrap().data, [3]);
    assert!(tail.try_next().unwrap().is_none() && tail.next_index() == 4);
    log.reset(9).await.unwrap();
    assert_eq!(log.bounds().await.unwrap(), 9..9);
    assert_eq!(log.retain().await.unwrap(), 0);
    assert!(log.blocking(|log| log.recovery()).await.unwrap().clean);
    log.refresh().await.unwrap();
    log.close().await.unwrap();
    assert_eq!(log.append("x").await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_durable_database_writes_in_the_pool() {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().durability(Durability::Sync).open(directory.path()).unwrap().to_async();
    db.put("k", "v").await.unwrap();
    db.write(Batch::new().put("l", "w").clone()).await.unwrap();
    assert_eq!(db.update(|txn| txn.add("n", 1)).await.unwrap(), 1);
    assert_eq!(db.get("k").await.unwrap().unwrap(), b"v");
}

#[tokio::test]
async fn writers_that_have_to_wait_for_room_all_arrive() {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().memtable_bytes(1 << 13).open(directory.path()).unwrap().to_async();
    let value = vec![7; 4000];
    for i in 0..500u32 {
        db.put(i.to_be_bytes(), &value).await.unwrap();
    }
    assert_eq!(db.scan(Scan::new()).collect().await.unwrap().len(), 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_of_many_tasks_lose_nothing() {
    let db = Db::in_memory().unwrap().to_async();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..20 {
                db.add("n", 1).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.add("n", 0).await.unwrap(), 400);
}

#[tokio::test]
async fn counters_and_swaps_that_have_to_wait_are_no_transactions() {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().durability(Durability::Sync).open(directory.path()).unwrap().to_async();
    let begun = db.as_db().stats().unwrap().transactions;
    assert_eq!((db.add("n", 2).await.unwrap(), db.add("n", 3).await.unwrap()), (2, 5));
    assert!(db.compare_swap("n", 5i64.to_le_bytes(), "new").await.unwrap());
    assert!(!db.compare_swap("n", "old", "newer").await.unwrap());
    // So they cannot end with a conflict, however many there are.
    assert_eq!(db.as_db().stats().unwrap().transactions, begun);
}

/// What a future answers when it is polled for the first time.
async fn polled_once<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        answer = future => Some(answer),
        () = std::future::ready(()) => None,
    }
}

#[test]
fn many_keys_are_looked_up_in_the_pool() {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let db = numbered(100);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let holds_the_pool = tokio::task::spawn_blocking(move || held.recv());
        let keys = |count: u32| (0..count).map(u32::to_be_bytes);
        assert_eq!(polled_once(db.multi_get(keys(64))).await.unwrap().unwrap().len(), 64);
        assert!(polled_once(db.multi_get(keys(65))).await.is_none());
        release.send(()).unwrap();
        holds_the_pool.await.unwrap().unwrap();
        let values = db.multi_get(keys(101)).await.unwrap();
        assert_eq!((values.len(), values.get(99), values.get(100)), (101, Some(&[][..]), None));
    });
}

#[tokio::test]
async fn a_wait_for_the_disk_ends_with_the_sync() {
    let directory = tempfile::tempdir().unwrap();
    let day = Duration::from_secs(24 * 3600);
    let db = Options::new().durability(Durability::Interval(day)).open(directory.path()).unwrap().to_async();
    let version = db.write(Batch::new().put("k", "v").clone()).await.unwrap();
    let waiting = db.clone();
    let mut wait = Box::pin(async move { waiting.wait_durable(version).await });
    // The clock strikes once when the database is young: then there may be nothing to wait for.
    let is_waiting = polled_once(&mut wait).await.is_none();
    db.sync().await.unwrap();
    if is_waiting {
        wait.await.unwrap();
    }
    assert!(polled_once(db.wait_durable(version)).await.unwrap().is_ok());
}

fn numbered(count: u32) -> firn::AsyncDb {
    let db = Db::in_memory().unwrap();
    for i in 0..count {
        db.put(i.to_be_bytes(), []).unwrap();
    }
    db.to_async()
}

fn number(item: Option<firn::Result<(Vec<u8>, Vec<u8>)>>) -> Option<u32> {
    item.map(|entry| u32::from_be_bytes(entry.unwrap().0.try_into().unwrap()))
}

#[tokio::test]
async fn an_iterator_meets_itself_across_pages() {
    let db = numbered(1000);
    for taken in [0, 1, 15, 16, 17, 300, 999, 1000] {
        let mut iter = db.scan(Scan::new());
        for i in 0..taken {
            assert_eq!(number(iter.next().await), Some(i));
        }
        for i in (taken..1000).rev() {
            assert_eq!(number(iter.next_back().await), Some(i));
        }
        assert!(iter.next().await.is_none() && iter.next_back().await.is_none());
    }
    let mut iter = db.scan(Scan::new());
    for i in (1..1000u32).rev() {
        assert_eq!(number(iter.next_back().await), Some(i));
    }
    assert_eq!(number(iter.next().await), Some(0));
    assert!(iter.next().await.is_none());

    let mut iter = db.scan(Scan::new());
    assert_eq!(number(iter.next_back().await), Some(999)); // the rest of that page is met from the front
    for i in 0..999 {
        assert_eq!(number(iter.next().await), Some(i));
    }
    assert!(iter.next().await.is_none());
}

#[tokio::test]
async fn a_step_that_is_dropped_loses_nothing() {
    let db = numbered(2000);
    let mut iter = db.scan(Scan::new());
    let mut seen = 0;
    while seen < 2000 {
        // Polled once, then dropped, most of them in the middle of a trip to the pool.
        if let Some(item) = polled_once(iter.next()).await {
            assert_eq!(number(item), Some(seen));
            seen += 1;
        } else {
            tokio::task::yield_now().await;
        }
    }
    assert!(iter.next().await.is_none());
}

#[tokio::test]
async fn an_error_of_a_scan_is_an_item() {
    let db = numbered(3);
    db.close().await.unwrap();
    let mut iter = db.scan(Scan::new());
    assert_eq!(iter.next().await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(iter.next().await.is_none());
}

#[tokio::test]
async fn a_follower_waits_without_stopping_the_runtime() {
    let db = Db::in_memory().unwrap().to_async();
    let (_, next) = db.as_db().changes_bounds().unwrap();
    let (mut follower, mut durable) = (db.follow_changes(next), db.follow_durable_changes(next));
    let writer = db.clone();
    let waits = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 20 {
            // Dropped again and again, which loses nothing.
            if let Ok(changes) = tokio::time::timeout(Duration::from_millis(1), follower.next()).await {
                seen += changes.unwrap().iter().count();
            }
        }
        follower.next_version()
    });
    for i in 0..20u32 {
        writer.put(i.to_be_bytes(), []).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(waits.await.unwrap(), next + 20);
    db.sync().await.unwrap();
    assert_eq!(durable.next().await.unwrap().iter().next().unwrap().version, next);

    let (_, end) = db.as_db().changes_bounds().unwrap();
    let mut follower = db.follow_changes(end);
    let waits = tokio::spawn(async move { follower.next().await.unwrap_err().kind() });
    tokio::task::yield_now().await;
    db.close().await.unwrap();
    assert_eq!(waits.await.unwrap(), ErrorKind::Closed);
}
