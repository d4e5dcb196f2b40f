use std::path::Path;

use crate::engine::{Engine, Key, Reader, Value};
use firn::{Batch, Db, Durability, Options, Snapshot};

pub struct Firn(Db);

impl Engine for Firn {
    const NAME: &'static str = "firn";

    fn open(directory: &Path) -> Self {
        Self(Options::new().durability(Durability::Sync).open(directory).unwrap())
    }

    fn put(&self, key: &Key, value: &Value) {
        self.0.put(key, value).unwrap();
    }

    fn put_many(&self, pairs: impl Iterator<Item = (Key, Value)>) {
        let mut batch = Batch::new();
        for (key, value) in pairs {
            batch.put(key, value);
        }
        self.0.write(&batch).unwrap();
    }

    fn remove_many(&self, keys: impl Iterator<Item = Key>) {
        let mut batch = Batch::new();
        for key in keys {
            batch.delete(key);
        }
        self.0.write(&batch).unwrap();
    }

    fn read<T>(&self, work: impl FnOnce(&mut dyn Reader) -> T) -> T {
        let snapshot = self.0.snapshot().unwrap();
        work(&mut Reads { snapshot, buf: Vec::new() })
    }

    fn compact(&mut self) {
        self.0.compact().unwrap();
    }
}

struct Reads<'db> {
    snapshot: Snapshot<'db>,
    buf: Vec<u8>,
}

impl Reader for Reads<'_> {
    fn get(&mut self, key: &Key) -> Option<u8> {
        self.snapshot.get_into(key, &mut self.buf).unwrap().then(|| self.buf[0])
    }

    fn scan(&mut self, key: &Key, count: usize) -> u64 {
        let mut iter = self.snapshot.range(&key[..]..);
        let mut sum = 0;
        for _ in 0..count {
            let Some((_, value)) = iter.next_entry().unwrap() else { break };
            sum += u64::from(value[0]);
        }
        sum
    }
}
