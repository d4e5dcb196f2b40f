//! Futures: what they answer, that waiting does not stop the runtime, that dropping one loses nothing.
#![cfg(feature = "tokio")]

use std::time::Duration;

use firn::{Batch, Db, Durability, ErrorKind, Options, PutOptions, Scan};

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
    assert!(polled_once(&mut wait).await.is_none());
    db.sync().await.unwrap();
    wait.await.unwrap();
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
