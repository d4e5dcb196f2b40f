//! Futures over the keys of a namespace.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use crate::asynchronous::{has_to_wait, in_pool, would_block, write_in};
use crate::batch::{Batch, WriteOptions};
use crate::conditional::PutOptions;
use crate::db::Db;
use crate::error::Result;
use crate::multi_get::{Values, pack_keys};
use crate::namespace::{Entry, Namespace, Ttl};
use crate::pinned::Pinned;
use crate::txn::{Txn, TxnOptions};

/// Keys that one `multi_get` looks up on the runtime's own thread.
pub(crate) const KEYS_AT_ONCE: usize = 64;

/// A namespace of an [`AsyncDb`](crate::AsyncDb).
#[derive(Clone, Debug)]
pub struct AsyncNamespace {
    // Of the database, where an operation begins there.
    db: Db,
    namespace: Namespace,
}

impl AsyncNamespace {
    pub(crate) fn new(db: &Db, namespace: Namespace) -> Self {
        Self { db: db.clone(), namespace }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// The same namespace for threads, for batches and transactions.
    pub fn as_namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The value; `None` when the key is absent.
    pub async fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        self.namespace.get(key)
    }

    /// The value, copied into `buf`; `false` when the key is absent.
    pub async fn get_into(&self, key: impl AsRef<[u8]>, buf: &mut Vec<u8>) -> Result<bool> {
        self.namespace.get_into(key, buf)
    }

    /// The value in place, without a copy; see [`Namespace::get_pinned`].
    pub async fn get_pinned(&self, key: impl AsRef<[u8]>) -> Result<Option<Pinned<'_>>> {
        self.namespace.get_pinned(key)
    }

    /// The value with its version and expiry.
    pub async fn get_entry(&self, key: impl AsRef<[u8]>) -> Result<Option<Entry>> {
        self.namespace.get_entry(key)
    }

    /// How long the key lives; `None` when it is absent.
    pub async fn ttl(&self, key: impl AsRef<[u8]>) -> Result<Option<Ttl>> {
        self.namespace.ttl(key)
    }

    /// Whether the key is there.
    pub async fn exists(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.namespace.exists(key)
    }

    /// Many values in one call. More than 64 are looked up in the pool. Values in place, without copies: `as_namespace().multi_pin(..)`.
    pub async fn multi_get<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Values> {
        let packed = pack_keys(self.namespace.id(), keys)?;
        if packed.count <= KEYS_AT_ONCE {
            return self.namespace.multi_get_packed(&packed);
        }
        let namespace = self.namespace.clone();
        in_pool(move || namespace.multi_get_packed(&packed)).await
    }

    /// Stores a value.
    pub async fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.put_with(key, value, PutOptions::new()).await.map(drop)
    }

    /// Stores a value under conditions; see [`PutOptions`].
    pub async fn put_with(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, options: PutOptions) -> Result<u64> {
        let (key, value) = (key.as_ref(), value.as_ref());
        if !self.db.inner().manner().waits_at_commit && !options.is_sync() {
            let at_once = self.namespace.put_with(key, value, &options.clone().no_block());
            if !would_block(&at_once) {
                return at_once;
            }
        }
        let (namespace, key, value) = (self.namespace.clone(), key.to_vec(), value.to_vec());
        in_pool(move || namespace.put_with(key, value, &options)).await
    }

    /// Removes a key; it is no error when it was absent.
    pub async fn delete(&self, key: impl AsRef<[u8]>) -> Result<()> {
        let mut batch = Batch::new();
        batch.on(&self.namespace).delete(key);
        write_in(&self.db, batch, WriteOptions::new()).await.map(drop)
    }

    /// Adds to a counter; see [`Namespace::add`]. Done at once if that can be, and where it is contended in the pool.
    pub async fn add(&self, key: impl AsRef<[u8]>, delta: i64) -> Result<i64> {
        let (namespace, key) = (self.namespace.clone(), key.as_ref().to_vec());
        if let Some(done) = self.try_at_once(|txn| txn.namespace(&namespace)?.add(&key, delta)) {
            return done;
        }
        in_pool(move || namespace.add(key, delta)).await
    }

    /// Replaces the value if it is `old` now; whether it was. The key does not expire afterwards.
    pub async fn compare_swap(&self, key: impl AsRef<[u8]>, old: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Result<bool> {
        let namespace = self.namespace.clone();
        let (key, old, new) = (key.as_ref().to_vec(), old.as_ref().to_vec(), new.as_ref().to_vec());
        let swapped = self.try_at_once(|txn| {
            let txn = txn.namespace(&namespace)?;
            let is_old = txn.get(&key)?.is_some_and(|present| present == old);
            if is_old { txn.put(&key, &new).map(|()| true) } else { Ok(false) }
        });
        if let Some(done) = swapped {
            return done;
        }
        in_pool(move || namespace.compare_swap(key, old, new)).await
    }

    /// The same, and the new value expires after `ttl`.
    pub async fn compare_swap_with_ttl(
        &self,
        key: impl AsRef<[u8]>,
        old: impl AsRef<[u8]>,
        new: impl AsRef<[u8]>,
        ttl: Duration,
    ) -> Result<bool> {
        let (key, old, new) = (key.as_ref().to_vec(), old.as_ref().to_vec(), new.as_ref().to_vec());
        self.blocking(move |namespace| namespace.compare_swap_with_ttl(key, old, new, ttl)).await
    }

    /// Stores a value and returns the one that was there; see [`Namespace::swap`].
    pub async fn swap(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let (key, value) = (key.as_ref().to_vec(), value.as_ref().to_vec());
        self.blocking(move |namespace| namespace.swap(key, value)).await
    }

    /// Lets a key expire after `ttl`; see [`Namespace::expire`].
    pub async fn expire(&self, key: impl AsRef<[u8]>, ttl: Duration) -> Result<()> {
        let key = key.as_ref().to_vec();
        self.blocking(move |namespace| namespace.expire(key, ttl)).await
    }

    /// Takes the expiry of a key away; see [`Namespace::persist`].
    pub async fn persist(&self, key: impl AsRef<[u8]>) -> Result<()> {
        let key = key.as_ref().to_vec();
        self.blocking(move |namespace| namespace.persist(key)).await
    }

    /// Removes all keys in the range; see [`Namespace::delete_range`].
    pub async fn delete_range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Result<u64> {
        let owned = |bound: Bound<&K>| bound.map(|key| key.as_ref().to_vec());
        let range = (owned(range.start_bound()), owned(range.end_bound()));
        self.blocking(move |namespace| namespace.delete_range(range)).await
    }

    /// Removes all keys; see [`Namespace::clear`].
    pub async fn clear(&self) -> Result<()> {
        self.blocking(Namespace::clear).await
    }

    /// About how many entries there are in a range; see [`Namespace::approximate_count`].
    pub async fn approximate_count<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Result<u64> {
        self.namespace.approximate_count(range)
    }

    /// About how many bytes the entries of a range take on disk.
    pub async fn approximate_bytes<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Result<u64> {
        self.namespace.approximate_bytes(range)
    }

    /// Runs `body` in a transaction that never waits. `None`: the engine's own atomic call has to do it, which may wait and knows no conflicts.
    fn try_at_once<T>(&self, body: impl FnMut(&Txn<'_>) -> Result<T>) -> Option<Result<T>> {
        if self.db.inner().manner().waits_at_commit {
            return None;
        }
        let outcome = self.db.update_with(&TxnOptions::at_once(), body);
        (!has_to_wait(&outcome)).then_some(outcome)
    }

    /// Anything else, in the pool: `users.blocking(move |users| users.delete_range_up_to("a".."b", 9)).await`.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Namespace) -> Result<T> + Send + 'static,
    {
        let namespace = self.namespace.clone();
        in_pool(move || work(&namespace)).await
    }
}
