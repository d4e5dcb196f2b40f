use std::path::Path;

use crate::engine::{CACHE_BYTES, Engine, Key, Reader, Value};
use redb::{Database, ReadOnlyTable, ReadableDatabase, TableDefinition};

const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("t");

pub struct Redb(Database);

impl Engine for Redb {
    const NAME: &'static str = "redb";

    fn open(directory: &Path) -> Self {
        Self(Database::builder().set_cache_size(CACHE_BYTES).create(directory.join("db")).unwrap())
    }

    fn put(&self, key: &Key, value: &Value) {
        self.put_many(std::iter::once((*key, *value)));
    }

    fn put_many(&self, pairs: impl Iterator<Item = (Key, Value)>) {
        let txn = self.0.begin_write().unwrap();
        let mut table = txn.open_table(TABLE).unwrap();
        for (key, value) in pairs {
            table.insert(&key[..], &value[..]).unwrap();
        }
        drop(table);
        txn.commit().unwrap();
    }

    fn remove_many(&self, keys: impl Iterator<Item = Key>) {
        let txn = self.0.begin_write().unwrap();
        let mut table = txn.open_table(TABLE).unwrap();
        for key in keys {
            table.remove(&key[..]).unwrap();
        }
        drop(table);
        txn.commit().unwrap();
    }

    fn read<T>(&self, work: impl FnOnce(&mut dyn Reader) -> T) -> T {
        work(&mut Reads(self.0.begin_read().unwrap().open_table(TABLE).unwrap()))
    }

    fn compact(&mut self) {
        self.0.compact().unwrap();
    }
}

struct Reads(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Reader for Reads {
    fn get(&mut self, key: &Key) -> Option<u8> {
        self.0.get(&key[..]).unwrap().map(|value| value.value()[0])
    }

    fn scan(&mut self, key: &Key, count: usize) -> u64 {
        let range = self.0.range(&key[..]..).unwrap();
        range.take(count).map(|entry| u64::from(entry.unwrap().1.value()[0])).sum()
    }
}
