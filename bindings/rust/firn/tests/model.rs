//! Against a `BTreeMap`: whatever is done, in whatever order, both hold the same.

use std::collections::BTreeMap;
use std::ops::Bound;

use firn::{Batch, Db, Options, Txn};
use proptest::collection::vec;
use proptest::prelude::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Ends = (Bound<Vec<u8>>, Bound<Vec<u8>>);

#[derive(Clone, Debug)]
enum Write {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
}

#[derive(Clone, Debug)]
enum Step {
    Write(Write),
    Batch(Vec<Write>),
    /// Writes, reads in between, and whether it is committed.
    Txn(Vec<Write>, Ends, Vec<bool>, bool),
    Get(Vec<Vec<u8>>),
    /// A range, and from which end its entries are taken.
    Range(Ends, Vec<bool>),
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

fn step() -> impl Strategy<Value = Step> {
    let ends = || (bound(), bound());
    let sides = || vec(any::<bool>(), 0..40);
    prop_oneof![
        8 => write().prop_map(Step::Write),
        2 => vec(write(), 0..20).prop_map(Step::Batch),
        2 => (vec(write(), 0..10), ends(), sides(), any::<bool>()).prop_map(|(w, e, s, c)| Step::Txn(w, e, s, c)),
        3 => vec(key(), 0..5).prop_map(Step::Get),
        5 => (ends(), sides()).prop_map(|(ends, sides)| Step::Range(ends, sides)),
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

/// Takes entries from the sides that `sides` says, then the rest from the front, and compares with a slice that is eaten in the same way.
fn compare<I>(mut iter: I, mut expected: Vec<(Vec<u8>, Vec<u8>)>, sides: &[bool]) -> Result<(), TestCaseError>
where
    I: DoubleEndedIterator<Item = firn::Result<(Vec<u8>, Vec<u8>)>>,
{
    for &from_front in sides {
        let (got, wanted) =
            if from_front { (iter.next(), (!expected.is_empty()).then(|| expected.remove(0))) } else { (iter.next_back(), expected.pop()) };
        prop_assert_eq!(got.transpose().unwrap(), wanted);
    }
    let rest: Vec<_> = iter.map(Result::unwrap).collect();
    prop_assert_eq!(rest, expected);
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
            Step::Txn(writes, ends, sides, is_committed) => self.transact(&writes, &ends, &sides, is_committed)?,
            Step::Get(keys) => {
                let values = self.db.multi_get(&keys).unwrap();
                for (i, key) in keys.iter().enumerate() {
                    prop_assert_eq!(self.db.get(key).unwrap(), self.model.get(key).cloned());
                    prop_assert_eq!(values.get(i), self.model.get(key).map(|value| &value[..]));
                }
            }
            Step::Range(ends, sides) => compare(self.db.range(ends.clone()), expected(&self.model, &ends), &sides)?,
            Step::Prefix(prefix) => {
                let wanted = self.model.iter().filter(|(key, _)| key.starts_with(&prefix));
                let wanted: Vec<_> = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
                compare(self.db.prefix(&prefix), wanted, &[false, true])?;
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

    fn transact(&mut self, writes: &[Write], ends: &Ends, sides: &[bool], is_committed: bool) -> Result<(), TestCaseError> {
        let mut inside = self.model.clone();
        let txn = self.db.txn().unwrap();
        for write in writes {
            write_to_txn(&txn, write);
            apply(&mut inside, write);
        }
        compare(txn.range(ends.clone()), expected(&inside, ends), sides)?;
        compare(self.db.range(ends.clone()), expected(&self.model, ends), sides)?;
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
