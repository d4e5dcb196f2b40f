//! Scans: ranges, prefixes, both ends, one state.

use std::ops::Bound;

use firn::{Db, ErrorKind, Scan};

fn numbered(count: u32) -> Db {
    let db = Db::in_memory().unwrap();
    for i in 0..count {
        db.put(i.to_be_bytes(), i.to_le_bytes()).unwrap();
    }
    db
}

fn keys(iter: impl Iterator<Item = firn::Result<(Vec<u8>, Vec<u8>)>>) -> Vec<u32> {
    iter.map(|entry| u32::from_be_bytes(entry.unwrap().0.try_into().unwrap())).collect()
}

#[test]
fn both_ends_meet_wherever_they_are_moved_to() {
    let count = 300; // several fetches of either end
    let db = numbered(count);
    for taken in [0, 1, 7, 8, 9, 150, 292, 299, 300] {
        let mut iter = db.iter();
        let front = keys(iter.by_ref().take(taken));
        let back = keys(iter.by_ref().rev());
        assert_eq!(front, (0..taken as u32).collect::<Vec<_>>());
        assert_eq!(back, (taken as u32..count).rev().collect::<Vec<_>>());
        assert!(iter.next().is_none() && iter.next_back().is_none());
    }
    let mut iter = db.iter();
    let mut alternating = Vec::new();
    while let Some(entry) = if alternating.len() % 2 == 0 { iter.next() } else { iter.next_back() } {
        alternating.push(u32::from_be_bytes(entry.unwrap().0.try_into().unwrap()));
    }
    alternating.sort_unstable();
    assert_eq!(alternating, (0..count).collect::<Vec<_>>());
}

#[test]
fn an_iterator_sees_one_state_also_from_an_end_that_is_used_late() {
    let db = numbered(20);
    let mut iter = db.iter();
    assert_eq!(iter.next().unwrap().unwrap().1, 0u32.to_le_bytes());
    for i in 0..20u32 {
        db.put(i.to_be_bytes(), "later").unwrap();
    }
    db.put(99u32.to_be_bytes(), "later").unwrap();
    db.delete(18u32.to_be_bytes()).unwrap();
    db.flush().unwrap();
    assert_eq!(iter.next_back().unwrap().unwrap(), (19u32.to_be_bytes().to_vec(), 19u32.to_le_bytes().to_vec()));
    assert_eq!(keys(iter), (1..19).collect::<Vec<_>>());
}

#[test]
fn ranges_are_those_of_rust() {
    let db = numbered(10);
    let key = |i: u32| i.to_be_bytes();
    assert_eq!(keys(db.range(key(3)..key(6))), [3, 4, 5]);
    assert_eq!(keys(db.range(key(3)..=key(6))), [3, 4, 5, 6]);
    assert_eq!(keys(db.range(..key(2))), [0, 1]);
    assert_eq!(keys(db.range(..=key(2))), [0, 1, 2]);
    assert_eq!(keys(db.range(key(8)..)), [8, 9]);
    assert_eq!(keys(db.range((Bound::Excluded(key(7)), Bound::Unbounded))), [8, 9]);
    assert_eq!(keys(db.range::<&[u8]>(..)).len(), 10);
    assert_eq!(keys(db.range(key(6)..key(3))), []);
    assert_eq!(keys(db.range(key(3)..key(3))), []);
    assert_eq!(keys(db.range(key(3)..key(6)).rev()), [5, 4, 3]);
    assert_eq!(keys(db.range(key(20)..).rev()), []);
}

#[test]
fn prefixes_find_what_begins_with_them() {
    let db = Db::in_memory().unwrap();
    for key in [&b"a"[..], b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"] {
        db.put(key, "").unwrap();
    }
    let count = |prefix: &[u8]| (db.prefix(prefix).count(), db.prefix(prefix).rev().count());
    assert_eq!(count(b"a"), (3, 3));
    assert_eq!(count(b"a\xff"), (2, 2));
    assert_eq!(count(b"\xff"), (2, 2));
    assert_eq!(count(b""), (6, 6));
    assert_eq!(count(b"c"), (0, 0));
}

#[test]
fn lent_entries_are_those_of_the_iterator() {
    let db = numbered(100);
    let mut iter = db.iter();
    let mut count = 0u32;
    while let Some((key, value)) = iter.next_entry().unwrap() {
        assert_eq!((key, value), (&count.to_be_bytes()[..], &count.to_le_bytes()[..]));
        count += 1;
    }
    assert_eq!(count, 100);
    assert_eq!(iter.next_entry().unwrap(), None);
    assert_eq!(iter.next_entry_back().unwrap(), None);
    assert_eq!(db.iter().next_entry_back().unwrap(), Some((&99u32.to_be_bytes()[..], &99u32.to_le_bytes()[..])));
}

#[test]
fn a_scan_filters_and_may_leave_values_out() {
    let db = Db::in_memory().unwrap();
    for key in ["user:1:mail", "user:1:name", "user:22:mail", "zebra"] {
        db.put(key, "value").unwrap();
    }
    let mails: Vec<_> = db.scan(&Scan::new().glob("user:*:mail").keys_only()).map(Result::unwrap).collect();
    assert_eq!(mails, [(b"user:1:mail".to_vec(), vec![]), (b"user:22:mail".to_vec(), vec![])]);
    assert_eq!(db.scan(&Scan::new().prefix("user:").glob("*:??:*")).rev().count(), 1);
    assert_eq!(db.scan(&Scan::new().range("v"..)).count(), 1);
    assert_eq!(db.scan(&Scan::new().glob("")).count(), 0);
    let malformed = db.scan(&Scan::new().glob("[a")).next().unwrap().unwrap_err();
    assert_eq!(malformed.kind(), ErrorKind::Invalid);
}

#[test]
fn the_parts_of_a_scan_narrow_it_together() {
    let db = numbered(10);
    let key = |i: u32| i.to_be_bytes();
    assert_eq!(keys(db.scan(&Scan::new().range(key(2)..).range(..=key(4)).prefix([0]))), [2, 3, 4]);
    assert_eq!(keys(db.scan(&Scan::new().prefix([1]).range(key(2)..))), []);
    assert_eq!(keys(db.scan(&Scan::new().range(key(2)..key(2)).prefix([0])).rev()), []);
}

#[test]
fn a_seek_moves_its_end_and_the_ends_still_meet() {
    let db = numbered(100);
    let key = |i: u32| i.to_be_bytes();
    let mut iter = db.range(key(10)..key(90));
    let one = |iter: &mut firn::Iter<'_>| keys(iter.by_ref().take(1)).first().copied();
    assert_eq!(one(&mut iter), Some(10));
    iter.seek(key(50)).unwrap();
    assert_eq!(one(&mut iter), Some(50));
    iter.seek(key(0)).unwrap(); // the range begins at 10
    assert_eq!(one(&mut iter), Some(10));
    iter.seek_back(key(20)).unwrap();
    assert_eq!(keys(iter.by_ref().rev().take(1)), [20]);
    assert_eq!(keys(iter.by_ref()), (11..20).collect::<Vec<_>>());
    assert!(iter.next().is_none());
    iter.seek_back(key(99)).unwrap(); // away from the end
    assert_eq!(keys(iter.by_ref().rev().take(1)), [89]);
    iter.seek(key(95)).unwrap();
    assert!(iter.next().is_none());
    assert_eq!(iter.seek(vec![0; 70_000]).unwrap_err().kind(), ErrorKind::TooLarge);
    iter.seek(key(10)).unwrap();
    assert!(iter.next().is_none(), "errors stay");
}

#[test]
fn an_end_that_was_sought_bounds_the_other_one() {
    let db = numbered(10);
    let key = |i: u32| i.to_be_bytes();
    let mut iter = db.iter();
    iter.seek_back(key(4)).unwrap();
    assert_eq!(keys(iter), [0, 1, 2, 3, 4]);
    let mut iter = db.iter();
    iter.seek(key(4)).unwrap();
    assert_eq!(keys(iter.rev()), [9, 8, 7, 6, 5, 4]);
    // Ends that have passed each other give nothing until one of them goes back.
    let mut iter = db.iter();
    iter.seek(key(7)).unwrap();
    iter.seek_back(key(3)).unwrap();
    assert!(iter.next().is_none() && iter.next_back().is_none());
    iter.seek(key(2)).unwrap();
    assert_eq!(keys(iter), [2, 3]);
}

#[test]
fn what_an_end_found_and_did_not_return_is_not_lost() {
    let db = numbered(10);
    let key = |i: u32| i.to_be_bytes();
    let mut iter = db.iter();
    assert_eq!(keys(iter.by_ref().take(5)), [0, 1, 2, 3, 4]);
    assert_eq!(keys(iter.by_ref().rev()), [9, 8, 7, 6, 5]);
    assert!(iter.next().is_none()); // where it finds 5, which the back has returned
    iter.seek_back(key(9)).unwrap();
    assert_eq!(keys(iter.by_ref().rev()), [9, 8, 7, 6, 5]);
    iter.seek_back(key(6)).unwrap();
    assert_eq!(keys(iter.by_ref()), [5, 6]);
    // An end that has returned everything leaves nothing, wherever the other one goes.
    let mut iter = db.iter();
    assert_eq!(iter.by_ref().count(), 10);
    iter.seek_back(key(9)).unwrap();
    assert!(iter.next_back().is_none());
    iter.seek(key(8)).unwrap();
    assert_eq!(keys(iter.rev()), [9, 8]);
}

#[test]
fn an_error_is_one_item_and_then_the_end() {
    let db = numbered(3);
    let namespace = db.namespace("gone").unwrap();
    db.drop_namespace(&namespace).unwrap();
    let mut iter = namespace.iter();
    assert_eq!(iter.next().unwrap().unwrap_err().kind(), ErrorKind::Invalid);
    assert!(iter.next().is_none() && iter.next_back().is_none());
}

#[test]
fn an_iterator_moves_to_another_thread() {
    let db = numbered(50);
    let mut iter = db.iter();
    iter.next().unwrap().unwrap();
    let rest = std::thread::scope(|scope| scope.spawn(|| iter.count()).join().unwrap());
    assert_eq!(rest, 49);
}
