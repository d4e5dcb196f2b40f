//! Against a `BTreeMap`: whatever is done, in whatever order, both hold the same.

use std::collections::BTreeMap;
use std::ops::Bound;

use firn::{Batch, Db, Iter, Options, Txn};
use proptest::collection::vec;
use proptest::prelude::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Ends = (Bound<Vec<u8>>, Bound<Vec<u8>>);

#[derive(Clone, Debug)]
enum Write {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
}

/// What is done with an iterator.
#[derive(Clone, Debug)]
enum Move {
    Next,
    NextBack,
    Seek(Vec<u8>),
    SeekBack(Vec<u8>),
}

#[derive(Clone, Debug)]
enum Step {
    Write(Write),
    Batch(Vec<Write>),
    /// Writes, reads in between, and whether it is committed.
    Txn(Vec<Write>, Ends, Vec<Move>, bool),
    Get(Vec<Vec<u8>>),
    /// A range, and how its entries are taken.
    Range(Ends, Vec<Move>),
    Prefix(Vec<u8>),
    DeleteRange(Ends),
    Flush,
    Compact,
    Reopen,
}

/// Few bytes, so that keys meet; with those at which prefixes end.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0), Just(1), Just(b'a'), Just(0xfe), Just(0xff)], 1..5)
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (key(), vec(any::<u8>(), 0..20)).prop_map(|(key, value)| Write::Put(key, value)),
        1 => key().prop_map(Write::Delete),
    ]
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![key().prop_map(Bound::Included), key().prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => Just(Move::Next),
        8 => Just(Move::NextBack),
        1 => key().prop_map(Move::Seek),
        1 => key().prop_map(Move::SeekBack),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let ends = || (bound(), bound());
    let moves = || vec(a_move(), 0..40);
    prop_oneof![
        8 => write().prop_map(Step::Write),
        2 => vec(write(), 0..20).prop_map(Step::Batch),
        2 => (vec(write(), 0..10), ends(), moves(), any::<bool>()).prop_map(|(w, e, m, c)| Step::Txn(w, e, m, c)),
        3 => vec(key(), 0..5).prop_map(Step::Get),
        5 => (ends(), moves()).prop_map(|(ends, moves)| Step::Range(ends, moves)),
        2 => key().prop_map(Step::Prefix),
        1 => ends().prop_map(Step::DeleteRange),
        1 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

/// `BTreeMap::range` panics for these.
fn is_empty((start, end): &Ends) -> bool {
    match (start, end) {
        (Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => start > end,
        _ => false,
    }
}

fn expected(model: &Model, ends: &Ends) -> Vec<(Vec<u8>, Vec<u8>)> {
    if is_empty(ends) {
        return Vec::new();
    }
    model.range(ends.clone()).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Moves an iterator, then takes the rest from the front, and compares with a slice of which the same is left.
fn compare<S>(mut iter: Iter<'_, S>, expected: Vec<(Vec<u8>, Vec<u8>)>, moves: &[Move]) -> Result<(), TestCaseError> {
    let (mut front, mut back) = (0, expected.len());
    for one in moves {
        match one {
            Move::Next => {
                let wanted = (front < back).then(|| expected[front].clone());
                front += usize::from(wanted.is_some());
                prop_assert_eq!(iter.next().transpose().unwrap(), wanted);
            }
            Move::NextBack => {
                let wanted = (front < back).then(|| expected[back - 1].clone());
                back -= usize::from(wanted.is_some());
                prop_assert_eq!(iter.next_back().transpose().unwrap(), wanted);
            }
            Move::Seek(key) => {
                front = expected.partition_point(|(there, _)| there < key);
                iter.seek(key).unwrap();
            }
            Move::SeekBack(key) => {
                back = expected.partition_point(|(there, _)| there <= key);
                iter.seek_back(key).unwrap();
            }
        }
    }
    let rest: Vec<_> = iter.map(Result::unwrap).collect();
    prop_assert_eq!(&rest[..], expected.get(front..back).unwrap_or_default());
    Ok(())
}

fn apply(model: &mut Model, write: &Write) {
    match write {
        Write::Put(key, value) => drop(model.insert(key.clone(), value.clone())),
        Write::Delete(key) => drop(model.remove(key)),
    }
}

fn write_to_txn(txn: &Txn<'_>, write: &Write) {
    match write {
        Write::Put(key, value) => txn.put(key, value).unwrap(),
        Write::Delete(key) => txn.delete(key).unwrap(),
    }
}

struct Pair {
    directory: tempfile::TempDir,
    db: Db,
    model: Model,
}

impl Pair {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let db = Self::open(&directory);
        Self { directory, db, model: Model::new() }
    }

    fn open(directory: &tempfile::TempDir) -> Db {
        Options::new().memtable_bytes(1 << 14).open(directory.path().join("db")).unwrap()
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Write(write) => {
                match &write {
                    Write::Put(key, value) => self.db.put(key, value).unwrap(),
                    Write::Delete(key) => self.db.delete(key).unwrap(),
                }
                apply(&mut self.model, &write);
            }
            Step::Batch(writes) => self.batch(&writes),
            Step::Txn(writes, ends, moves, is_committed) => self.transact(&writes, &ends, &moves, is_committed)?,
            Step::Get(keys) => {
                let values = self.db.multi_get(&keys).unwrap();
                let pinned = self.db.multi_pin(&keys).unwrap();
                for (i, key) in keys.iter().enumerate() {
                    prop_assert_eq!(self.db.get(key).unwrap(), self.model.get(key).cloned());
                    prop_assert_eq!(values.get(i), self.model.get(key).map(|value| &value[..]));
                    prop_assert_eq!(pinned.get(i), values.get(i));
                }
            }
            Step::Range(ends, moves) => compare(self.db.range(ends.clone()), expected(&self.model, &ends), &moves)?,
            Step::Prefix(prefix) => {
                let wanted = self.model.iter().filter(|(key, _)| key.starts_with(&prefix));
                let wanted: Vec<_> = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
                compare(self.db.prefix(&prefix), wanted, &[Move::NextBack, Move::Next])?;
            }
            Step::DeleteRange(ends) => {
                let keys: Vec<_> = expected(&self.model, &ends).into_iter().map(|(key, _)| key).collect();
                prop_assert_eq!(self.db.delete_range(ends).unwrap(), keys.len() as u64);
                keys.iter().for_each(|key| drop(self.model.remove(key)));
            }
            Step::Flush => self.db.flush().unwrap(),
            Step::Compact => self.db.compact().unwrap(),
            Step::Reopen => {
                self.db.close().unwrap();
                self.db = Self::open(&self.directory);
            }
        }
        Ok(())
    }

    fn batch(&mut self, writes: &[Write]) {
        let mut batch = Batch::new();
        for write in writes {
            match write {
                Write::Put(key, value) => batch.put(key, value),
                Write::Delete(key) => batch.delete(key),
            };
            apply(&mut self.model, write);
        }
        self.db.write(&batch).unwrap();
    }

    fn transact(&mut self, writes: &[Write], ends: &Ends, moves: &[Move], is_committed: bool) -> Result<(), TestCaseError> {
        let mut inside = self.model.clone();
        let txn = self.db.txn().unwrap();
        for write in writes {
            write_to_txn(&txn, write);
            apply(&mut inside, write);
        }
        compare(txn.range(ends.clone()), expected(&inside, ends), moves)?;
        compare(self.db.range(ends.clone()), expected(&self.model, ends), moves)?;
        if is_committed {
            txn.commit().unwrap();
            self.model = inside;
        }
        Ok(())
    }
}

/// With FIRN_DEEP set, as `./dev test --deep` does, a longer run.
fn cases() -> u32 {
    if std::env::var_os("FIRN_DEEP").is_some() { 3000 } else { 100 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_database_is_a_btreemap(steps in vec(step(), 1..80)) {
        let mut pair = Pair::new();
        for step in steps {
            pair.take(step)?;
        }
        let all = (Bound::Unbounded, Bound::Unbounded);
        compare(pair.db.iter(), expected(&pair.model, &all), &[])?;
    }
}
