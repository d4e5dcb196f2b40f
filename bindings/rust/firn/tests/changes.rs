//! The change feed: every commit, in order, as results.

use std::time::Duration;

use firn::{Batch, ChangeKind, Changes, Db, Durability, ErrorKind, Options};

#[test]
fn every_commit_is_told_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(directory.path()).unwrap();
    let users = db.namespace("users").unwrap();
    let (first, _) = db.changes_bounds().unwrap();
    let one = db.write(Batch::new().put("a", "1").delete("b")).unwrap();
    users.add("n", 5).unwrap();
    users.clear().unwrap();
    db.drop_namespace(&users).unwrap();

    let changes = db.changes(first).unwrap();
    let kinds: Vec<_> = changes.iter().map(|change| (change.namespace, change.kind)).collect();
    let id = users.id();
    let added = 5i64.to_le_bytes();
    let expected = [
        (0, ChangeKind::Put { key: b"a", value: b"1", expires: None }),
        (0, ChangeKind::Delete { key: b"b" }),
        (id, ChangeKind::Put { key: b"n", value: &added, expires: None }),
        (id, ChangeKind::NamespaceCleared { name: b"users" }),
        (id, ChangeKind::NamespaceDropped { name: b"users" }),
    ];
    assert_eq!(kinds[kinds.len() - 5..], expected);
    assert!(changes.iter().any(|change| change.version == one));
    assert!(db.changes(changes.next_version().unwrap()).unwrap().is_empty());
    db.sync().unwrap();
    assert_eq!(db.durable_changes(first).unwrap().iter().count(), kinds.len());
    let (_, next) = db.changes_bounds().unwrap();
    assert_eq!(db.changes(next + 1).unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn a_commit_larger_than_the_first_buffer_arrives_whole() {
    let db = Db::in_memory().unwrap();
    let large = vec![7; 1_000_000];
    let (_, next) = db.changes_bounds().unwrap();
    db.put("large", &large).unwrap();
    let changes = db.changes(next).unwrap();
    assert_eq!(changes.iter().next().unwrap().kind, ChangeKind::Put { key: b"large", value: &large, expires: None });
}

/// The keys of what a follower gives, until there are `count`.
fn keys(follower: impl Iterator<Item = firn::Result<Changes>>, count: usize) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    for changes in follower {
        for change in changes.unwrap().iter() {
            if let ChangeKind::Put { key, .. } = change.kind {
                keys.push(key.to_vec());
            }
        }
        if keys.len() >= count {
            break;
        }
    }
    keys
}

#[test]
fn followers_get_what_other_threads_write_in_its_order() {
    let db = Db::in_memory().unwrap();
    let (_, next) = db.changes_bounds().unwrap();
    let expected: Vec<_> = (0..300u32).map(|i| i.to_be_bytes().to_vec()).collect();
    std::thread::scope(|scope| {
        let followers: Vec<_> = (0..3).map(|_| scope.spawn(|| keys(db.follow_changes(next), 300))).collect();
        for key in &expected {
            db.put(key, []).unwrap();
        }
        for follower in followers {
            assert_eq!(follower.join().unwrap(), expected);
        }
    });
}

#[test]
fn a_follower_can_look_and_wait_for_a_time() {
    let db = Db::in_memory().unwrap();
    let (_, next) = db.changes_bounds().unwrap();
    let mut follower = db.follow_changes(next);
    assert!(follower.try_next().unwrap().is_none());
    for time in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(20)] {
        assert!(follower.next_for(time).unwrap().is_none());
    }
    assert_eq!(follower.next_version(), next);
    let version = db.write(Batch::new().put("a", "1").put("b", "2")).unwrap();
    let changes = follower.next_for(Duration::MAX).unwrap().unwrap();
    assert_eq!(changes.iter().map(|change| change.version).collect::<Vec<_>>(), [version, version]);
    assert_eq!(follower.next_version(), version + 1);
    assert!(follower.try_next().unwrap().is_none());
    db.put("c", "3").unwrap();
    assert_eq!(keys(db.follow_changes(next), 3), [b"a", b"b", b"c"]); // another one, from before
    assert_eq!(keys(follower, 1), [b"c"]);
}

#[test]
fn a_follower_ends_with_the_database_and_with_an_error() {
    let db = Db::in_memory().unwrap();
    let (_, next) = db.changes_bounds().unwrap();
    let mut lost = db.follow_changes(next + 1);
    assert_eq!(lost.next().unwrap().unwrap_err().kind(), ErrorKind::Invalid);
    assert!(lost.next().is_none());
    let mut follower = db.follow_changes(next);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| follower.next().is_none());
        db.wake().unwrap(); // is no end
        std::thread::sleep(Duration::from_millis(10));
        assert!(!waits.is_finished());
        db.close().unwrap();
        assert!(waits.join().unwrap());
    });
    assert!(follower.next().is_none());
    assert_eq!(follower.try_next().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(db.follow_changes(next).next_for(Duration::ZERO).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_follower_of_durable_commits_waits_for_the_sync() {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().durability(Durability::None).open(directory.path()).unwrap();
    db.sync().unwrap();
    let (_, next) = db.changes_bounds().unwrap();
    db.put("k", "v").unwrap();
    let mut follower = db.follow_durable_changes(next);
    assert!(follower.next_for(Duration::from_millis(5)).unwrap().is_none());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| keys(follower, 1));
        db.sync().unwrap();
        assert_eq!(waits.join().unwrap(), [b"k"]);
    });
}

#[test]
fn a_reader_follows_its_writer() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Db::open(directory.path()).unwrap();
    writer.put("then", "").unwrap();
    let reader = Options::new().read_only(true).open(directory.path()).unwrap();
    let (_, next) = reader.changes_bounds().unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| keys(reader.follow_changes(next), 1));
        std::thread::sleep(Duration::from_millis(5));
        writer.put("now", "").unwrap();
        assert_eq!(waits.join().unwrap(), [b"now"]);
    });
}
