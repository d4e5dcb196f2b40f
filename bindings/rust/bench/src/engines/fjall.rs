use std::path::Path;

use crate::engine::{CACHE_BYTES, Engine, Key, Reader, Value};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};

pub struct Fjall {
    db: Database,
    keyspace: Keyspace,
}

impl Engine for Fjall {
    const NAME: &'static str = "fjall";

    fn open(directory: &Path) -> Self {
        let db = Database::builder(directory).cache_size(CACHE_BYTES as u64).open().unwrap();
        let keyspace = db.keyspace("t", KeyspaceCreateOptions::default).unwrap();
        Self { db, keyspace }
    }

    fn put(&self, key: &Key, value: &Value) {
        self.put_many(std::iter::once((*key, *value)));
    }

    fn put_many(&self, pairs: impl Iterator<Item = (Key, Value)>) {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncAll));
        for (key, value) in pairs {
            batch.insert(&self.keyspace, key, value);
        }
        batch.commit().unwrap();
    }

    fn remove_many(&self, keys: impl Iterator<Item = Key>) {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncAll));
        for key in keys {
            batch.remove(&self.keyspace, key);
        }
        batch.commit().unwrap();
    }

    fn read<T>(&self, work: impl FnOnce(&mut dyn Reader) -> T) -> T {
        work(&mut Reads { snapshot: self.db.snapshot(), keyspace: &self.keyspace })
    }

    fn compact(&mut self) {
        self.keyspace.rotate_memtable_and_wait().unwrap();
        self.keyspace.major_compact().unwrap();
    }
}

struct Reads<'db> {
    snapshot: Snapshot,
    keyspace: &'db Keyspace,
}

impl Reader for Reads<'_> {
    fn get(&mut self, key: &Key) -> Option<u8> {
        self.snapshot.get(self.keyspace, key).unwrap().map(|value| value[0])
    }

    fn scan(&mut self, key: &Key, count: usize) -> u64 {
        let range = self.snapshot.range(self.keyspace, &key[..]..);
        range.take(count).map(|entry| u64::from(entry.value().unwrap()[0])).sum()
    }
}
