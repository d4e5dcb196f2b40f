use std::path::Path;

use crate::engine::{CACHE_BYTES, Engine, Key, Reader, Value};
use sled::{Batch, Db};

/// sled has no snapshots: its reader reads what there is.
pub struct Sled(Db);

impl Engine for Sled {
    const NAME: &'static str = "sled";

    fn open(directory: &Path) -> Self {
        Self(sled::Config::new().path(directory).cache_capacity(CACHE_BYTES as u64).open().unwrap())
    }

    fn put(&self, key: &Key, value: &Value) {
        self.0.insert(key, &value[..]).unwrap();
        self.0.flush().unwrap();
    }

    fn put_many(&self, pairs: impl Iterator<Item = (Key, Value)>) {
        let mut batch = Batch::default();
        for (key, value) in pairs {
            batch.insert(&key, &value[..]);
        }
        self.0.apply_batch(batch).unwrap();
        self.0.flush().unwrap();
    }

    fn remove_many(&self, keys: impl Iterator<Item = Key>) {
        let mut batch = Batch::default();
        for key in keys {
            batch.remove(&key);
        }
        self.0.apply_batch(batch).unwrap();
        self.0.flush().unwrap();
    }

    fn read<T>(&self, work: impl FnOnce(&mut dyn Reader) -> T) -> T {
        work(&mut Reads(&self.0))
    }

    fn compact(&mut self) {}
}

struct Reads<'db>(&'db Db);

impl Reader for Reads<'_> {
    fn get(&mut self, key: &Key) -> Option<u8> {
        self.0.get(key).unwrap().map(|value| value[0])
    }

    fn scan(&mut self, key: &Key, count: usize) -> u64 {
        let range = self.0.range(&key[..]..);
        range.take(count).map(|entry| u64::from(entry.unwrap().1[0])).sum()
    }
}
