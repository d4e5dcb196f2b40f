//! Futures over a database: what does not wait is done at once, what would block goes to tokio's pool for blocking work, what waits holds no thread.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::asynchronous_namespace::{AsyncNamespace, KEYS_AT_ONCE};
use crate::batch::{Batch, WriteOptions};
use crate::changes::Changes;
use crate::db::Db;
use crate::error::{Error, ErrorKind, Result};
use crate::multi_get::{Values, pack_requests};
use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::txn::{Txn, TxnOptions};
use crate::watch::Watch;

/// A database for tasks of tokio (feature `tokio`); made by [`Db::to_async`] or [`open`](Self::open), as cheap to clone as a [`Db`], and the same database.
///
/// Point reads take no lock and are done at once, on the runtime's thread. Writes are done at once unless they would have to wait: for room in the memtables,
/// or, with [`Durability::Sync`](crate::Durability::Sync) or `sync()`, for the disk; then they go to the pool for blocking work, and so does everything else
/// that works for long. A future that is dropped before it is ready may have written all the same.
///
/// A future that waits for something to happen, [`wait_durable`](Self::wait_durable) or the `next` of a follower or a tail, holds no thread, and may be dropped at
/// any time: one task of the runtime listens for all of them. For that the runtime needs its drivers, which `#[tokio::main]` and `Builder::enable_all` give it,
/// else the wait panics as all of tokio's I/O does. Make an `AsyncDb` in each runtime that uses one: where several share one, all of them
/// wait for the one that waited first.
///
/// What is done at once still reads the disk where the system has not got the page in memory: point reads, a [`multi_get`](AsyncNamespace::multi_get) of up to 64
/// keys, the first entries of a [`scan`](AsyncNamespace::scan), what a follower or the tail of a log finds there (for a tail 64 KiB at a time). And
/// dropping the last handle closes the database where it is dropped, which waits for background work and the disk: [`close`](Self::close) it before.
///
/// What costs nothing and what is seldom asked is not here: [`as_db`](Self::as_db) has it, and [`blocking`](Self::blocking) does it in the pool.
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
    watch: Arc<Watch<Db>>,
    root: AsyncNamespace,
}

/// Runs `work` in the pool. A panic in it goes on here.
pub(crate) async fn in_pool<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    joined(spawn_blocking(work).await)?
}

pub(crate) fn joined<T>(outcome: std::result::Result<T, tokio::task::JoinError>) -> Result<T> {
    outcome.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::new(firn_sys::FIRN_CANCELLED, "the runtime was shut down"),
    })
}

pub(crate) fn would_block<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Of a transaction that has not waited.
pub(crate) fn has_to_wait<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(|error| [ErrorKind::WouldBlock, ErrorKind::Conflict].contains(&error.kind()))
}

impl Db {
    /// The same database for the tasks of a runtime of tokio.
    pub fn to_async(&self) -> AsyncDb {
        AsyncDb { watch: Arc::new(Watch::new(self.clone())), root: AsyncNamespace::new(self, (**self).clone()) }
    }
}

/// Writes at once if that can be, else in the pool.
pub(crate) async fn write_in(db: &Db, batch: Batch, options: WriteOptions) -> Result<u64> {
    if !db.inner().manner().waits_at_commit && !options.is_sync() {
        let at_once = db.write_with(&batch, options.no_block());
        if !would_block(&at_once) {
            return at_once;
        }
    }
    let db = db.clone();
    in_pool(move || db.write_with(&batch, options)).await
}

impl AsyncDb {
    /// Opens the database in the directory `path`, creating it when it is missing.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(Options::new(), path).await
    }

    /// The same with options.
    pub async fn open_with(options: Options, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        in_pool(move || options.open(path)).await.map(|db| db.to_async())
    }

    /// The same database for threads.
    pub fn as_db(&self) -> &Db {
        self.watch.watched()
    }

    pub(crate) fn watch(&self) -> &Arc<Watch<Db>> {
        &self.watch
    }

    /// The namespace of this name, created when it is missing.
    pub async fn namespace(&self, name: impl AsRef<[u8]>) -> Result<AsyncNamespace> {
        let name = name.as_ref().to_vec();
        let namespace = self.blocking(move |db| db.namespace(name)).await?;
        Ok(AsyncNamespace::new(self.as_db(), namespace))
    }

    /// The namespace of this name if there is one.
    pub async fn existing_namespace(&self, name: impl AsRef<[u8]>) -> Result<Option<AsyncNamespace>> {
        let namespace = self.as_db().existing_namespace(name)?;
        Ok(namespace.map(|namespace| AsyncNamespace::new(self.as_db(), namespace)))
    }

    /// The namespace with this id; see [`Db::namespace_by_id`].
    pub fn namespace_by_id(&self, id: u32) -> AsyncNamespace {
        AsyncNamespace::new(self.as_db(), self.as_db().namespace_by_id(id))
    }

    /// Removes a namespace with all its keys; see [`Db::drop_namespace`].
    pub async fn drop_namespace(&self, namespace: &AsyncNamespace) -> Result<()> {
        let namespace = namespace.as_namespace().clone();
        self.blocking(move |db| db.drop_namespace(&namespace)).await
    }

    /// The names of all named namespaces, in order.
    pub async fn namespaces(&self) -> Result<Vec<Vec<u8>>> {
        self.as_db().namespaces()
    }

    /// Many values, of one state of the database, from several namespaces, in one call. More than 64 are looked up in the pool.
    pub async fn multi_get_from<'n, K: AsRef<[u8]>>(&self, requests: impl IntoIterator<Item = (&'n AsyncNamespace, K)>) -> Result<Values> {
        let requests = requests.into_iter().map(|(namespace, key)| (namespace.as_namespace(), key));
        let packed = pack_requests(self.as_db().inner().id(), requests)?;
        if packed.count <= KEYS_AT_ONCE {
            return self.as_db().multi_get_packed(&packed);
        }
        self.blocking(move |db| db.multi_get_packed(&packed)).await
    }

    /// Writes a batch, all of it or nothing. The version of the commit.
    pub async fn write(&self, batch: Batch) -> Result<u64> {
        self.write_with(batch, WriteOptions::new()).await
    }

    /// The same with options.
    pub async fn write_with(&self, batch: Batch, options: WriteOptions) -> Result<u64> {
        write_in(self.as_db(), batch, options).await
    }

    /// Runs `body` in a transaction and commits it, again after a conflict: see [`Db::update`]. `body` runs on the runtime's thread, up to
    /// four times, and where these conflicted or the commit would have to wait, again in the pool, up to 100 times; then the
    /// [`Conflict`](ErrorKind::Conflict) is the answer.
    pub async fn update<T, F>(&self, mut body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Txn<'_>) -> Result<T> + Send + 'static,
    {
        if !self.as_db().inner().manner().waits_at_commit {
            let at_once = self.as_db().update_with(&TxnOptions::at_once(), &mut body);
            if !has_to_wait(&at_once) {
                return at_once;
            }
        }
        self.update_with(TxnOptions::new(), body).await
    }

    /// The same with options, in the pool from the beginning.
    pub async fn update_with<T, F>(&self, options: TxnOptions, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Txn<'_>) -> Result<T> + Send + 'static,
    {
        self.blocking(move |db| db.update_with(&options, body)).await
    }

    /// Runs `body`, which reads one state of the database, in the pool. What is read at a point or two needs no pool: [`as_db`](Self::as_db) gives a
    /// [`Snapshot`] too, which one task may hold, and move, between its waits.
    pub async fn read<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot<'_>) -> Result<T> + Send + 'static,
    {
        self.blocking(move |db| body(&db.snapshot()?)).await
    }

    /// Ready when the commits up to `version` are durable (0: all that were acknowledged before the call); see [`Db::wait_durable`]. Of all that wait, one
    /// syncs, in the pool; where the clock does that, nobody. [`Db::wake`] does not end it: drop it.
    pub async fn wait_durable(&self, version: u64) -> Result<()> {
        let db = self.as_db();
        // "All so far" is fixed now: it is looked for more than once.
        let version = if version == 0 { db.snapshot()?.version() } else { version };
        let is_durable = |db: &Db| db.wait_durable_for(version, Duration::ZERO);
        if db.inner().manner().syncs_by_clock {
            return self.watch.wait(|db| Ok(is_durable(db)?.then_some(()))).await;
        }
        loop {
            let told = self.watch.told();
            if is_durable(db)? {
                return Ok(());
            }
            match self.watch.begin_sync() {
                Some(turn) => {
                    let work = move |db: &Db| {
                        let _until_done = turn;
                        db.sync()
                    };
                    self.blocking(work).await?;
                }
                None => told.await,
            }
        }
    }

    /// Everything acknowledged before the call is durable when it is ready; see [`Db::sync`].
    pub async fn sync(&self) -> Result<()> {
        self.blocking(Db::sync).await
    }

    /// The commits from version `from` on; see [`Db::changes`]. [`follow_changes`](Self::follow_changes) waits for more.
    pub async fn changes(&self, from: u64) -> Result<Changes> {
        self.blocking(move |db| db.changes(from)).await
    }

    /// The same of durable commits only.
    pub async fn durable_changes(&self, from: u64) -> Result<Changes> {
        self.blocking(move |db| db.durable_changes(from)).await
    }

    /// See [`Db::changes_bounds`].
    pub async fn changes_bounds(&self) -> Result<(u64, u64)> {
        self.as_db().changes_bounds()
    }

    /// Writes the memtables to tables.
    pub async fn flush(&self) -> Result<()> {
        self.blocking(Db::flush).await
    }

    /// Brings the whole database into its smallest form.
    pub async fn compact(&self) -> Result<()> {
        self.blocking(Db::compact).await
    }

    /// Makes a database of its own in the directory `path`, as this one is now; see [`Db::checkpoint`].
    pub async fn checkpoint(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref().to_owned();
        self.blocking(move |db| db.checkpoint(path)).await
    }

    /// Goes on after a failure of the disk; see [`Db::resume`].
    pub async fn resume(&self) -> Result<()> {
        self.blocking(Db::resume).await
    }

    /// A read-only opening goes on to what a writer has made since; see [`Db::refresh`].
    pub async fn refresh(&self) -> Result<()> {
        self.blocking(Db::refresh).await
    }

    /// Closes the database for all clones; see [`Db::close`]. Who waits gets [`Closed`](ErrorKind::Closed).
    pub async fn close(&self) -> Result<()> {
        self.blocking(Db::close).await
    }

    /// Anything else, in the pool: `db.blocking(|db| db.stats_json()).await`.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T> + Send + 'static,
    {
        let db = self.as_db().clone();
        in_pool(move || work(&db)).await
    }
}

impl Deref for AsyncDb {
    type Target = AsyncNamespace;

    fn deref(&self) -> &AsyncNamespace {
        &self.root
    }
}
