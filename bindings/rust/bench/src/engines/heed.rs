use std::ops::Bound;
use std::path::Path;

use crate::engine::{Engine, Key, Reader, Value};
use heed::types::Bytes;
use heed::{Database, Env, EnvOpenOptions, RoTxn, WithoutTls};

const MAP_BYTES: usize = 64 << 30;

pub struct Heed {
    env: Env<WithoutTls>,
    db: Database<Bytes, Bytes>,
}

impl Engine for Heed {
    const NAME: &'static str = "heed (LMDB)";

    fn open(directory: &Path) -> Self {
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        // SAFETY: nobody else opens or changes this directory.
        let env = unsafe { options.map_size(MAP_BYTES).max_readers(64).open(directory) }.unwrap();
        let mut txn = env.write_txn().unwrap();
        let db = env.create_database(&mut txn, None).unwrap();
        txn.commit().unwrap();
        Self { env, db }
    }

    fn put(&self, key: &Key, value: &Value) {
        self.put_many(std::iter::once((*key, *value)));
    }

    fn put_many(&self, pairs: impl Iterator<Item = (Key, Value)>) {
        let mut txn = self.env.write_txn().unwrap();
        for (key, value) in pairs {
            self.db.put(&mut txn, &key, &value).unwrap();
        }
        txn.commit().unwrap();
    }

    fn remove_many(&self, keys: impl Iterator<Item = Key>) {
        let mut txn = self.env.write_txn().unwrap();
        for key in keys {
            self.db.delete(&mut txn, &key).unwrap();
        }
        txn.commit().unwrap();
    }

    fn read<T>(&self, work: impl FnOnce(&mut dyn Reader) -> T) -> T {
        work(&mut Reads { txn: self.env.read_txn().unwrap(), db: self.db })
    }

    fn compact(&mut self) {}
}

struct Reads<'db> {
    txn: RoTxn<'db, WithoutTls>,
    db: Database<Bytes, Bytes>,
}

impl Reader for Reads<'_> {
    fn get(&mut self, key: &Key) -> Option<u8> {
        self.db.get(&self.txn, key).unwrap().map(|value| value[0])
    }

    fn scan(&mut self, key: &Key, count: usize) -> u64 {
        let range = self.db.range(&self.txn, &(Bound::Included(&key[..]), Bound::Unbounded)).unwrap();
        range.take(count).map(|entry| u64::from(entry.unwrap().1[0])).sum()
    }
}
