//! The change feed: every commit, in order, as results.

use firn::{Batch, ChangeKind, Db, ErrorKind};

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
