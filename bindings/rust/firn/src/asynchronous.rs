//! Futures over a database: what does not wait is done at once, what would wait goes to tokio's pool for blocking work.

use std::collections::VecDeque;
use std::ops::Deref;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::batch::{Batch, WriteOptions};
use crate::conditional::PutOptions;
use crate::db::Db;
use crate::error::{Error, ErrorKind, Result};
use crate::multi_get::{Values, pack_keys};
use crate::namespace::Namespace;
use crate::scan::{End, Scan, Walk, to_pair};
use crate::txn::{Txn, TxnOptions};

/// Entries that one trip to the pool fetches.
const PAGE: usize = 256;
/// Keys that one `multi_get` looks up on the runtime's own thread.
const KEYS_AT_ONCE: usize = 64;
/// Entries that are fetched at once, on the runtime's own thread.
const FIRST_PAGE: usize = 16;

/// How long a trip to the pool waits at a time: a runtime that shuts down waits for its trips.
pub(crate) const WAIT_SLICE: Duration = Duration::from_millis(100);

/// A database for tasks of tokio (feature `tokio`); made by [`Db::to_async`], as cheap to clone as a [`Db`], and the same database.
///
/// Point reads take no lock and are done at once, on the runtime's thread. Writes are done at once unless they would have to wait: for room in the memtables,
/// or, with [`Durability::Sync`](crate::Durability::Sync) or `sync()`, for the disk; then they go to the pool for blocking work, and so does everything else.
/// A future that is dropped before it is ready may have written all the same.
///
/// What is done at once still reads the disk where the system has not got the page in memory: point reads, a [`multi_get`](AsyncNamespace::multi_get) of up to 64
/// keys, the first entries of a [`scan`](AsyncNamespace::scan), what a follower or the tail of a log finds there (for a tail 64 KiB at a time). And
/// dropping the last handle closes the database where it is dropped, which waits for background work and the disk: [`close`](Self::close) it before.
///
/// A future that waits, [`wait_durable`](Self::wait_durable) or the `next` of a follower or a tail, holds a thread of the pool while it does, for a tenth
/// of a second at a time, then queues again. Where more of them wait than the pool has threads (512, unless the runtime is built with another
/// `max_blocking_threads`), whatever else goes to the pool queues behind them.
///
/// It dereferences to its default [`AsyncNamespace`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> firn::Result<()> {
/// let db = firn::Db::in_memory()?.to_async();
/// db.put("k", "v").await?;
/// assert_eq!(db.get("k").await?.as_deref(), Some(&b"v"[..]));
/// let version = db.write(firn::Batch::new().put("k", "w").clone()).await?;
/// db.wait_durable(version).await?;
///
/// let mut entries = db.scan(firn::Scan::new());
/// while let Some(entry) = entries.next().await {
///     let (key, value) = entry?;
///     println!("{key:?} = {value:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AsyncDb {
    db: Db,
    root: AsyncNamespace,
}

/// A namespace of an [`AsyncDb`].
#[derive(Clone, Debug)]
pub struct AsyncNamespace {
    db: Db,
    namespace: Namespace,
}

/// Runs `work` in the pool. A panic in it goes on here.
pub(crate) async fn in_pool<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    joined(spawn_blocking(work).await)?
}

fn joined<T>(outcome: std::result::Result<T, tokio::task::JoinError>) -> Result<T> {
    outcome.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::new(firn_sys::FIRN_CANCELLED, "the runtime was shut down"),
    })
}

fn would_block<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Of a transaction that has not waited.
fn has_to_wait<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(|error| [ErrorKind::WouldBlock, ErrorKind::Conflict].contains(&error.kind()))
}

impl Db {
    /// The same database for tasks of tokio.
    pub fn to_async(&self) -> AsyncDb {
        let root = AsyncNamespace { db: self.clone(), namespace: (**self).clone() };
        AsyncDb { db: self.clone(), root }
    }
}

impl AsyncDb {
    /// The same database for threads.
    pub fn as_db(&self) -> &Db {
        &self.db
    }

    /// The namespace of this name, created when it is missing.
    pub async fn namespace(&self, name: impl AsRef<[u8]>) -> Result<AsyncNamespace> {
        let (db, name) = (self.db.clone(), name.as_ref().to_vec());
        let namespace = in_pool(move || db.namespace(name)).await?;
        Ok(AsyncNamespace { db: self.db.clone(), namespace })
    }

    /// Writes a batch, all of it or nothing. The version of the commit.
    pub async fn write(&self, batch: Batch) -> Result<u64> {
        self.write_with(batch, WriteOptions::new()).await
    }

    /// The same with options.
    pub async fn write_with(&self, batch: Batch, options: WriteOptions) -> Result<u64> {
        if !self.db.inner().waits_at_commit() && !options.is_sync() {
            let at_once = self.db.write_with(&batch, options.no_block());
            if !would_block(&at_once) {
                return at_once;
            }
        }
        let db = self.db.clone();
        in_pool(move || db.write_with(&batch, options)).await
    }

    /// Runs `body` in a transaction and commits it, again after a conflict: see [`Db::update`]. `body` runs on the runtime's thread, up to
    /// four times, and where these conflicted or the commit would have to wait, again in the pool, up to 100 times; then the
    /// [`Conflict`](ErrorKind::Conflict) is the answer.
    pub async fn update<T, F>(&self, mut body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Txn<'_>) -> Result<T> + Send + 'static,
    {
        if !self.db.inner().waits_at_commit() {
            let at_once = self.db.update_with(&TxnOptions::at_once(), &mut body);
            if !has_to_wait(&at_once) {
                return at_once;
            }
        }
        let db = self.db.clone();
        in_pool(move || db.update(body)).await
    }

    /// Ready when the commits up to `version` are durable (0: all that were acknowledged before the call); see [`Db::wait_durable`]. Waiting tasks share the
    /// syncs.
    pub async fn wait_durable(&self, version: u64) -> Result<()> {
        // "All so far" is fixed now: the waits below are several.
        let version = if version == 0 { self.db.snapshot()?.version() } else { version };
        let mut is_durable = self.db.wait_durable_for(version, Duration::ZERO)?;
        while !is_durable {
            let db = self.db.clone();
            is_durable = in_pool(move || db.wait_durable_for(version, WAIT_SLICE)).await?;
        }
        Ok(())
    }

    /// Everything acknowledged before the call is durable when it is ready; see [`Db::sync`].
    pub async fn sync(&self) -> Result<()> {
        let db = self.db.clone();
        in_pool(move || db.sync()).await
    }

    /// Writes the memtables to tables.
    pub async fn flush(&self) -> Result<()> {
        let db = self.db.clone();
        in_pool(move || db.flush()).await
    }

    /// Brings the whole database into its smallest form.
    pub async fn compact(&self) -> Result<()> {
        let db = self.db.clone();
        in_pool(move || db.compact()).await
    }

    /// Makes a database of its own in the directory `path`, as this one is now; see [`Db::checkpoint`].
    pub async fn checkpoint(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        let (db, path) = (self.db.clone(), path.as_ref().to_owned());
        in_pool(move || db.checkpoint(path)).await
    }

    /// Closes the database for all clones; see [`Db::close`].
    pub async fn close(&self) -> Result<()> {
        let db = self.db.clone();
        in_pool(move || db.close()).await
    }
}

impl Deref for AsyncDb {
    type Target = AsyncNamespace;

    fn deref(&self) -> &AsyncNamespace {
        &self.root
    }
}

impl AsyncNamespace {
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

    /// Whether the key is there.
    pub async fn exists(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.namespace.exists(key)
    }

    /// Many values in one call. More than 64 are looked up in the pool.
    pub async fn multi_get<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Values> {
        let mut count = 0;
        let packed = pack_keys(self.namespace.id(), keys.into_iter().inspect(|_| count += 1))?;
        if count <= KEYS_AT_ONCE {
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
        if !self.db.inner().waits_at_commit() && !options.is_sync() {
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
        self.db.to_async().write(batch).await.map(drop)
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

    /// Runs `body` in a transaction that never waits. `None`: the engine's own atomic call has to do it, which may wait and knows no conflicts.
    fn try_at_once<T>(&self, body: impl FnMut(&Txn<'_>) -> Result<T>) -> Option<Result<T>> {
        if self.db.inner().waits_at_commit() {
            return None;
        }
        let outcome = self.db.update_with(&TxnOptions::at_once(), body);
        (!has_to_wait(&outcome)).then_some(outcome)
    }

    /// Anything else, in the pool: `users.blocking(move |users| users.expire("k", ttl)).await`.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Namespace) -> Result<T> + Send + 'static,
    {
        let namespace = self.namespace.clone();
        in_pool(move || work(&namespace)).await
    }

    /// The entries that `scan` describes, in pages that are fetched in the pool, but for a first small one. The state is that of this call.
    pub fn scan(&self, scan: Scan) -> AsyncIter {
        let mut walk = Box::new(OwnedWalk { walk: Walk::of_namespace(&self.namespace, scan), _keeps_open: self.db.clone() });
        AsyncIter { front: walk.page(End::Front, FIRST_PAGE).into(), back: VecDeque::new(), fetching: Fetching::Idle(walk) }
    }
}

type Item = Result<(Vec<u8>, Vec<u8>)>;

/// A walk with the database that it needs.
struct OwnedWalk {
    // The walk first: it is dropped before the database may close.
    walk: Walk,
    _keeps_open: Db,
}

impl OwnedWalk {
    /// In the order in which they come from this end. Empty: the end.
    fn page(&mut self, end: End, count: usize) -> Vec<Item> {
        let step = || self.walk.step(end).map(|entry| entry.map(to_pair)).transpose();
        std::iter::from_fn(step).take(count).collect()
    }
}

/// What a trip to the pool brings back.
type Trip = JoinHandle<(Box<OwnedWalk>, End, Vec<Item>)>;

enum Fetching {
    Idle(Box<OwnedWalk>),
    Trip(Trip),
    /// All has been fetched.
    Over,
}

/// Entries in key order, from both ends; see [`AsyncNamespace::scan`]. A call of `next` that is dropped before it is ready loses nothing.
pub struct AsyncIter {
    /// Fetched from the front, in key order, and from the back, in reverse order.
    front: VecDeque<Item>,
    back: VecDeque<Item>,
    fetching: Fetching,
}

impl AsyncIter {
    /// The next entry.
    pub async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.front.pop_front() {
                return Some(item);
            }
            if let Fetching::Over = self.fetching {
                return self.back.pop_back();
            }
            self.fetch(End::Front).await;
        }
    }

    /// The last entry that has not been returned.
    pub async fn next_back(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.back.pop_front() {
                return Some(item);
            }
            if let Fetching::Over = self.fetching {
                return self.front.pop_back();
            }
            self.fetch(End::Back).await;
        }
    }

    /// All that is left.
    pub async fn collect(mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut entries = Vec::new();
        while let Some(entry) = self.next().await {
            entries.push(entry?);
        }
        Ok(entries)
    }

    /// Puts a page where it belongs: of `end`, or of the other one if that was under way.
    async fn fetch(&mut self, end: End) {
        if let Fetching::Idle(_) = self.fetching {
            let Fetching::Idle(mut walk) = std::mem::replace(&mut self.fetching, Fetching::Over) else { return };
            self.fetching = Fetching::Trip(spawn_blocking(move || {
                let page = walk.page(end, PAGE);
                (walk, end, page)
            }));
        }
        // The trip stays in `self` while it is awaited: when this future is dropped the next call goes on with it.
        let Fetching::Trip(trip) = &mut self.fetching else { return };
        match joined(trip.await) {
            Ok((walk, end, page)) => {
                self.fetching = if page.is_empty() { Fetching::Over } else { Fetching::Idle(walk) };
                match end {
                    End::Front => self.front.extend(page),
                    End::Back => self.back.extend(page),
                }
            }
            Err(error) => {
                self.fetching = Fetching::Over;
                self.front.push_back(Err(error));
            }
        }
    }
}

impl std::fmt::Debug for AsyncIter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncIter").field("fetched", &(self.front.len() + self.back.len())).finish_non_exhaustive()
    }
}
