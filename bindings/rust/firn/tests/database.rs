//! Opening, closing, options, durability.

use std::time::Duration;

use firn::{Compression, Db, Durability, ErrorKind, Options};
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn what_was_written_is_there_after_closing_and_opening() {
    let directory = directory();
    let path = directory.path().join("db");
    let db = Db::open(&path).unwrap();
    let other = db.clone();
    other.put("k", "v").unwrap();
    drop(db);
    assert_eq!(other.get("k").unwrap().unwrap(), b"v");
    drop(other);
    let db = Options::new().create_if_missing(false).open(&path).unwrap();
    assert_eq!(db.get("k").unwrap().unwrap(), b"v");
    assert!(db.recovery().unwrap().clean);
    drop(db);
    Db::verify(&path).unwrap();
}

#[test]
fn a_namespace_keeps_the_database_open() {
    let db = Db::in_memory().unwrap();
    let namespace = db.namespace("n").unwrap();
    drop(db);
    namespace.put("k", "v").unwrap();
    assert!(namespace.exists("k").unwrap());
}

#[test]
fn after_a_close_every_call_answers_closed() {
    let db = Db::in_memory().unwrap();
    db.put("k", "v").unwrap();
    let clone = db.clone();
    let mut iter = clone.iter();
    db.close().unwrap();
    db.close().unwrap();
    let closed = [
        clone.get("k").map(drop).unwrap_err(),
        clone.put("k", "v").unwrap_err(),
        clone.add("k", 1).map(drop).unwrap_err(),
        clone.multi_get(["k"]).map(drop).unwrap_err(),
        clone.multi_pin(["k"]).map(drop).unwrap_err(),
        clone.sync().unwrap_err(),
        clone.stats_json().map(drop).unwrap_err(),
        clone.snapshot().map(drop).unwrap_err(),
        clone.iter().next().unwrap().unwrap_err(),
        iter.next().unwrap().unwrap_err(),
    ];
    for error in closed {
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    }
    assert!(iter.next().is_none());
}

#[test]
fn failures_of_opening_have_a_kind_and_a_text() {
    let directory = directory();
    let path = directory.path().join("db");
    let missing = Options::new().create_if_missing(false).open(&path).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);

    let db = Db::open(&path).unwrap();
    let locked = Db::open(&path).unwrap_err();
    assert_eq!(locked.kind(), ErrorKind::Locked);
    assert!(locked.is_retryable() && !locked.to_string().is_empty());
    let io: std::io::Error = locked.into();
    assert_eq!(io.kind(), std::io::ErrorKind::WouldBlock);
    drop(db);
    assert_eq!(Options::new().error_if_exists(true).open(&path).unwrap_err().kind(), ErrorKind::Exists);

    let file = directory.path().join("file");
    std::fs::write(&file, "not a database").unwrap();
    assert_eq!(Db::open(&file).unwrap_err().kind(), ErrorKind::NotADatabase);
    assert_eq!(std::fs::read(&file).unwrap(), b"not a database");
    assert_eq!(Db::open("a\0b").unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(Db::verify(directory.path().join("nothing")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn options_reach_the_engine_and_wrong_ones_are_named() {
    let open = |options: Options| options.open_in_memory();
    for durability in
        [Durability::None, Durability::Process, Durability::Every(10), Durability::Interval(Duration::from_millis(5)), Durability::Sync]
    {
        let db = open(Options::new().durability(durability)).unwrap();
        db.put("k", "v").unwrap();
        db.sync().unwrap();
    }
    let all = Options::new()
        .memtable_bytes(1 << 20)
        .cache_bytes(1 << 20)
        .compression(Compression::None)
        .log_io_pwrite(true)
        .table_io_pread(true)
        .background_threads(2)
        .lock_timeout(Duration::from_millis(1))
        .verify_on_open(true);
    open(all).unwrap().put("k", "v").unwrap();

    let unknown = open(Options::new().set("colour", "blue")).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Invalid);
    assert!(unknown.to_string().contains("colour"), "{unknown}");
    assert_eq!(open(Options::new().background_threads(99)).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(open(Options::new().set("a\0", "b")).unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn a_reader_beside_a_writer_cannot_write() {
    let directory = directory();
    let writer = Db::open(directory.path()).unwrap();
    writer.put("k", "v").unwrap();
    writer.flush().unwrap();
    let reader = Options::new().read_only(true).open(directory.path()).unwrap();
    assert_eq!(reader.get("k").unwrap().unwrap(), b"v");
    assert_eq!(reader.put("k", "w").unwrap_err().kind(), ErrorKind::ReadOnly);
    writer.put("k", "newer").unwrap();
    writer.flush().unwrap();
    assert_eq!(reader.get("k").unwrap().unwrap(), b"v");
    reader.refresh().unwrap();
    assert_eq!(reader.get("k").unwrap().unwrap(), b"newer");
}

#[test]
fn maintenance_keeps_the_data() {
    let directory = directory();
    let db = Options::new().memtable_bytes(1 << 16).open(directory.path()).unwrap();
    for i in 0..2000u32 {
        db.put(i.to_be_bytes(), vec![i as u8; 100]).unwrap();
    }
    db.flush().unwrap();
    db.delete(7u32.to_be_bytes()).unwrap();
    db.compact().unwrap();
    db.sync().unwrap();
    assert_eq!(db.iter().count(), 1999);
    assert!(db.stats_json().unwrap().starts_with('{'));
    assert!(db.last_error().is_none());
}

#[test]
fn pinned_values_stay_what_they_were() {
    let directory = directory();
    let db = Db::open(directory.path()).unwrap();
    let large = vec![7; 100_000];
    db.put("in a table", &large).unwrap();
    db.put("empty in a table", "").unwrap();
    db.flush().unwrap();
    let version = db.write(firn::Batch::new().put("in memory", "old").put("empty", "")).unwrap();
    let keys = ["in memory", "absent", "empty", "in a table", "empty in a table"];
    let values = db.multi_pin(keys).unwrap();
    let are_as_before = || {
        assert_eq!((values.len(), values.is_empty()), (5, false));
        let expected = [Some(&b"old"[..]), None, Some(&b""[..]), Some(&large[..]), Some(&b""[..])];
        assert_eq!(values.iter().collect::<Vec<_>>(), expected);
        assert!(values.iter().rev().eq(expected.into_iter().rev()));
        assert_eq!((0..6).map(|i| values.get(i)).collect::<Vec<_>>(), [&expected[..], &[None]].concat());
        assert_eq!(
            (values.version(0), values.version(1), values.version(2), values.version(5)),
            (Some(version), None, Some(version), None)
        );
        assert!(values.version(3).unwrap() < version);
    };
    are_as_before();
    keys.iter().for_each(|key| db.put(key, "new").unwrap());
    are_as_before();
    db.flush().unwrap();
    db.delete("in a table").unwrap();
    db.compact().unwrap();
    are_as_before();
    // What dropping the last handle does; a handle that lends values cannot be dropped.
    let other = db.clone();
    other.close().unwrap();
    drop(other);
    are_as_before();
    std::thread::scope(|scope| scope.spawn(are_as_before).join().unwrap());
}

#[test]
fn pinned_values_come_from_several_namespaces() {
    let db = Db::in_memory().unwrap();
    let (users, empty) = (db.namespace("users").unwrap(), db.namespace("empty").unwrap());
    db.put("k", "default").unwrap();
    users.put("k", "user").unwrap();
    let values = db.multi_pin_from([(&users, "k"), (&empty, "k"), (&*db, "k"), (&users, "l")]).unwrap();
    assert_eq!(values.iter().collect::<Vec<_>>(), [Some(&b"user"[..]), None, Some(&b"default"[..]), None]);
    assert_eq!(users.multi_pin(["l", "k"]).unwrap().iter().collect::<Vec<_>>(), [None, Some(&b"user"[..])]);
    assert_eq!(format!("{:?}", users.multi_pin(["k", "l"]).unwrap()), "[Some([117, 115, 101, 114]), None]");
}

#[test]
fn values_are_pinned_of_all_keys_or_of_none() {
    let db = Db::in_memory().unwrap();
    db.put("k", "v").unwrap();
    let foreign = Db::in_memory().unwrap();
    let dropped = db.namespace("dropped").unwrap();
    db.drop_namespace(&dropped).unwrap();
    let kind = |result: firn::Result<firn::PinnedValues<'_>>| result.expect_err("it was to fail").kind();
    assert_eq!(kind(dropped.multi_pin(["k"])), ErrorKind::Invalid);
    for bad in [&dropped, &db.namespace_by_id(99), &*foreign] {
        assert_eq!(kind(db.multi_pin_from([(&*db, "k"), (bad, "k")])), ErrorKind::Invalid);
    }
    assert_eq!(kind(db.multi_pin(["k", ""])), ErrorKind::Invalid);
    assert_eq!(kind(db.multi_pin(["k", &"k".repeat(65_536)])), ErrorKind::TooLarge);
}

#[test]
fn values_of_no_keys_are_pinned() {
    let db = Db::in_memory().unwrap();
    let values = db.multi_pin(Vec::<&str>::new()).unwrap();
    assert_eq!((values.len(), values.is_empty(), values.get(0), values.iter().next()), (0, true, None, None));
    assert!(db.multi_pin_from(Vec::<(&firn::Namespace, &str)>::new()).unwrap().is_empty());
}

#[test]
fn pinned_values_keep_files_until_they_are_dropped() {
    let directory = directory();
    let db = Db::open(directory.path()).unwrap();
    let bad = db.namespace_by_id(99);
    db.put("k", vec![7; 100_000]).unwrap();
    db.flush().unwrap();
    let kept = || db.stats().unwrap().retired_table_bytes;
    // A job that has just ended may keep them for a moment too.
    let are_released = || {
        (0..10_000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            kept() == 0
        })
    };

    let values = db.multi_pin(["k"]).unwrap();
    db.put("l", "v").unwrap();
    db.compact().unwrap();
    assert!(kept() > 0);
    drop(values);
    assert!(are_released());

    db.multi_pin_from([(&*db, "k"), (&bad, "k")]).unwrap_err();
    db.put("l", "w").unwrap();
    db.compact().unwrap();
    assert!(are_released());
}

#[test]
fn a_version_can_be_waited_for() {
    let directory = directory();
    let db = Db::open(directory.path()).unwrap();
    let version = db.write(firn::Batch::new().put("k", "v")).unwrap();
    db.wait_durable(version).unwrap();
    db.wait_durable(0).unwrap();
    assert!(db.wait_durable_for(version, Duration::ZERO).unwrap());
    assert_eq!(db.wait_durable(version + 1000).unwrap_err().kind(), ErrorKind::Invalid);
    db.wake().unwrap();
}

#[test]
fn a_wait_is_ended_by_a_wake() {
    let directory = directory();
    // Nobody syncs but by the clock: once soon after the opening, at whatever moment that is, and then not for a day.
    let db = Options::new().durability(Durability::Interval(Duration::from_secs(86_400))).open(directory.path()).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            loop {
                // So one wait may end well.
                db.put("k", "v").unwrap();
                if let Err(error) = db.wait_durable(0) {
                    return error.kind();
                }
            }
        });
        while !waiter.is_finished() {
            db.wake().unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(waiter.join().unwrap(), ErrorKind::Cancelled);
    });
    let waits_in_vain = || {
        db.put("k", "w").unwrap();
        !db.wait_durable_for(0, Duration::from_millis(1)).unwrap()
    };
    assert!(waits_in_vain() || waits_in_vain());
}

#[test]
fn sizes_of_ranges_are_guessed() {
    let db = Db::in_memory().unwrap();
    for i in 0..1000u32 {
        db.put(i.to_be_bytes(), [0; 100]).unwrap();
    }
    db.compact().unwrap();
    let all = db.approximate_count::<&[u8]>(..).unwrap();
    assert!((500..2000).contains(&all), "{all}");
    let half = db.approximate_count(..500u32.to_be_bytes()).unwrap();
    assert!(half < all && half > 0, "{half}");
    assert!(db.approximate_bytes::<&[u8]>(..).unwrap() > 50_000);
    assert_eq!(db.approximate_count("b".."a").unwrap(), 0);
}

#[test]
fn a_single_threaded_database_runs_its_jobs_when_asked() {
    let db = Options::new().single_threaded(true).open_in_memory().unwrap();
    db.put("k", "v").unwrap();
    while db.run_jobs(10).unwrap() {}
    assert_eq!(db.get("k").unwrap().unwrap(), b"v");
    let threaded = Db::in_memory().unwrap();
    assert_eq!(threaded.run_jobs(1).unwrap_err().kind(), ErrorKind::Misuse);
}

#[test]
fn handles_are_for_any_thread() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Db>();
    is_sync::<Db>();
    is_sync::<firn::Namespace>();
    is_send::<firn::Pinned<'_>>();
    is_sync::<firn::Pinned<'_>>();
    is_send::<firn::PinnedValues<'_>>();
    is_sync::<firn::PinnedValues<'_>>();
    is_send::<firn::Iter<'_>>();
    is_send::<firn::Snapshot<'_>>();
    is_send::<firn::Txn<'_>>();
    is_send::<firn::Error>();
    is_sync::<firn::Error>();
}

#[test]
fn the_library_tells_what_it_is() {
    assert_eq!(firn::library_version(), (0, 1, 0));
    assert!(firn::build_info().contains("0.1.0"));
}

#[test]
fn a_descriptor_outlives_its_database_and_shares_the_counter() {
    use std::io::Read;
    let db = Db::in_memory().unwrap();
    let (mut one, mut other) = (std::fs::File::from(db.notify_fd().unwrap()), std::fs::File::from(db.notify_fd().unwrap()));
    let would_block = |outcome: std::io::Result<usize>| outcome.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    let _ = one.read(&mut [0; 8]);
    db.wake().unwrap();
    assert_eq!(one.read(&mut [0; 8]).unwrap(), 8);
    assert!(would_block(other.read(&mut [0; 8])));
    db.close().unwrap();
    // Where the engine's own descriptor was there may be another file now; these are still ours.
    assert_eq!(other.read(&mut [0; 8]).unwrap(), 8);
    assert!(would_block(one.read(&mut [0; 8])));
    assert_eq!(db.notify_fd().unwrap_err().kind(), ErrorKind::Closed);
}
