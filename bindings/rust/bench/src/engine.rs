//! What the workload asks of an engine. Every implementation takes the fastest way that the engine offers for it; every write is durable when it
//! returns, and a write of many is atomic where the engine can do that.

use std::path::Path;

pub const KEY_BYTES: usize = 24;
pub const VALUE_BYTES: usize = 150;
/// For engines with a cache of their own: larger than the data.
pub const CACHE_BYTES: usize = 4 << 30;

pub type Key = [u8; KEY_BYTES];
pub type Value = [u8; VALUE_BYTES];

pub trait Engine: Sync + Sized {
    const NAME: &'static str;

    fn open(directory: &Path) -> Self;
    /// Durable when it returns.
    fn put(&self, key: &Key, value: &Value);
    /// Durable when it returns.
    fn put_many(&self, pairs: impl Iterator<Item = (Key, Value)>);
    /// Durable when it returns.
    fn remove_many(&self, keys: impl Iterator<Item = Key>);
    fn read<T>(&self, work: impl FnOnce(&mut dyn Reader) -> T) -> T;
    /// Brings the data into their smallest form, if the engine has a way.
    fn compact(&mut self);
}

/// Reads one state of the database.
pub trait Reader {
    /// The first byte of the value.
    fn get(&mut self, key: &Key) -> Option<u8>;
    /// The sum of the first bytes of the next `count` values from `key` on.
    fn scan(&mut self, key: &Key, count: usize) -> u64;
}
