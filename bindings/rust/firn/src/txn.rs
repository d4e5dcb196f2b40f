//! Transactions: a snapshot, and writes that nobody else sees before the commit.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::time::Duration;

use firn_sys as sys;

use crate::batch::{Batch, WriteOptions};
use crate::conditional::sum;
use crate::db::{Db, Inner};
use crate::error::{Error, ErrorKind, Result, check, check_number};
use crate::namespace::Namespace;
use crate::snapshot::{Reads, Snapshot};

/// A transaction of the engine, closed when it is dropped.
pub(crate) struct TxnHandle(NonNull<sys::firn_txn>);

// SAFETY: firn.h: one thread at a time, may move between threads. It is not Sync.
unsafe impl Send for TxnHandle {}

impl TxnHandle {
    #[inline]
    pub(crate) fn begin(db: *mut sys::firn_db, flags: u32) -> Result<Self> {
        let mut error = sys::firn_error::INIT;
        // SAFETY: handles are checked by the engine; `error` has its size set.
        let handle = NonNull::new(unsafe { sys::firn_txn_begin(db, flags, &mut error) });
        handle.map(Self).ok_or_else(|| Error::from_engine(&error))
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut sys::firn_txn {
        self.0.as_ptr()
    }
}

impl Drop for TxnHandle {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and closed once.
        unsafe { sys::firn_txn_close(self.0.as_ptr()) };
    }
}

/// How a transaction behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxnOptions {
    flags: u32,
    write: WriteOptions,
    attempts: u32,
}

impl Default for TxnOptions {
    fn default() -> Self {
        Self { flags: 0, write: WriteOptions::new(), attempts: 100 }
    }
}

impl TxnOptions {
    /// Conflicts are changes of what was read; [`update`](Db::update) tries 100 times.
    pub fn new() -> Self {
        Self::default()
    }

    /// Never waits: neither for room nor for another attempt.
    #[cfg(feature = "tokio")]
    pub(crate) fn at_once() -> Self {
        Self { write: WriteOptions::new().no_block(), attempts: 4, ..Self::default() }
    }

    /// New keys inside what was scanned are conflicts too.
    pub fn serializable(mut self) -> Self {
        self.flags |= sys::FIRN_TXN_SERIALIZABLE;
        self
    }

    /// The commit is durable when it returns, whatever the durability of the database.
    pub fn sync(mut self) -> Self {
        self.write = self.write.sync();
        self
    }

    /// How often [`update_with`](Db::update_with) tries, at least once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }
}

/// A transaction. It reads one snapshot, taken when it began, and its own writes; its writes become visible all at once by [`commit`](Self::commit), which fails with
/// [`Conflict`](ErrorKind::Conflict) if, and only if, something that was read has changed meanwhile. Writing is not reading: of two transactions that only write, the
/// later one wins. Dropped without a commit it leaves nothing behind.
///
/// It dereferences to [`Snapshot`], which has the reads. One thread at a time: it is [`Send`], not [`Sync`]. [`Db::update`] retries after conflicts.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// # db.put("from", "10")?;
/// let txn = db.txn()?;
/// if let Some(value) = txn.get("from")? {
///     txn.put("to", value)?;
///     txn.delete("from")?;
/// }
/// txn.commit()?;
/// # assert_eq!(db.get("to")?.as_deref(), Some(&b"10"[..]));
/// # Ok(())
/// # }
/// ```
pub struct Txn<'db> {
    pub(crate) reads: Snapshot<'db>,
    /// How it is committed when nothing else is said.
    pub(crate) write: WriteOptions,
}

impl<'db> Txn<'db> {
    fn begin(db: &'db Db, options: &TxnOptions) -> Result<Self> {
        let handle = TxnHandle::begin(db.inner().handle(), options.flags)?;
        Ok(Self { reads: Snapshot::of_txn(handle, db.inner()), write: options.write })
    }

    /// Reads and writes in another namespace.
    pub fn namespace(&self, namespace: &Namespace) -> Result<TxnNamespace<'_>> {
        self.reads.namespace(namespace).map(|reads| TxnNamespace { reads })
    }

    fn root(&self) -> TxnNamespace<'_> {
        TxnNamespace { reads: self.reads.root() }
    }

    /// Stores a value, in the default namespace as all of these; the key never expires.
    #[inline]
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.root().put(key, value)
    }

    /// Stores a value that expires after `ttl`, counted from now.
    pub fn put_with_ttl(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, ttl: Duration) -> Result<()> {
        self.root().put_with_ttl(key, value, ttl)
    }

    /// Removes a key; it is no error when it was absent.
    #[inline]
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<()> {
        self.root().delete(key)
    }

    /// Adds to a counter; see [`Namespace::add`]. The key is read and written.
    pub fn add(&self, key: impl AsRef<[u8]>, delta: i64) -> Result<i64> {
        self.root().add(key, delta)
    }

    /// Applies a batch to the transaction, all of it or nothing.
    pub fn write(&self, batch: &Batch) -> Result<()> {
        let packed = batch.packed_for(self.reads.inner().id())?;
        // SAFETY: `packed` outlives the call.
        let answer = unsafe { sys::firn_txn_write(self.reads.handle(), packed.as_ptr(), packed.len()) };
        self.explain(check_number(answer)).map(drop)
    }

    /// Forgets the writes; dropping does the same.
    pub fn rollback(self) {}

    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.reads.inner().explain(error))
    }
}

impl<'db> Deref for Txn<'db> {
    type Target = Snapshot<'db>;

    #[inline]
    fn deref(&self) -> &Snapshot<'db> {
        &self.reads
    }
}

impl fmt::Debug for Txn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Txn").field("version", &self.version()).finish_non_exhaustive()
    }
}

/// One namespace in a transaction; dereferences to [`Reads`].
#[derive(Clone, Copy)]
pub struct TxnNamespace<'t> {
    reads: Reads<'t>,
}

impl<'t> TxnNamespace<'t> {
    /// Stores a value; the key never expires.
    #[inline]
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let (key, value) = (key.as_ref(), value.as_ref());
        // SAFETY: `key` and `value` outlive the call.
        let code = unsafe { sys::firn_txn_put(self.reads.handle(), self.reads.ns(), key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
        self.reads.explain(check(code))
    }

    /// Stores a value that expires after `ttl`, counted from now.
    pub fn put_with_ttl(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, ttl: Duration) -> Result<()> {
        let packed = Batch::single_put(self.reads.ns(), key.as_ref(), value.as_ref(), ttl)?;
        // SAFETY: `packed` outlives the call.
        let answer = unsafe { sys::firn_txn_write(self.reads.handle(), packed.as_ptr(), packed.len()) };
        self.reads.explain(check_number(answer)).map(drop)
    }

    /// Removes a key; it is no error when it was absent.
    #[inline]
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<()> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        self.reads.explain(check(unsafe { sys::firn_txn_delete(self.reads.handle(), self.reads.ns(), key.as_ptr(), key.len()) }))
    }

    /// Adds to a counter; see [`Namespace::add`].
    pub fn add(&self, key: impl AsRef<[u8]>, delta: i64) -> Result<i64> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        let answer = unsafe { sys::firn_txn_add(self.reads.handle(), self.reads.ns(), key.as_ptr(), key.len(), delta) };
        self.reads.explain(sum(answer))
    }
}

impl<'t> Deref for TxnNamespace<'t> {
    type Target = Reads<'t>;

    #[inline]
    fn deref(&self) -> &Reads<'t> {
        &self.reads
    }
}

impl Db {
    /// Begins a transaction.
    pub fn txn(&self) -> Result<Txn<'_>> {
        self.txn_with(&TxnOptions::new())
    }

    /// Begins a transaction with options.
    pub fn txn_with(&self, options: &TxnOptions) -> Result<Txn<'_>> {
        Txn::begin(self, options)
    }

    /// Runs `body` in a transaction and commits it, again from the beginning after a [`Conflict`](ErrorKind::Conflict), which only the last of 100 attempts
    /// hands on. When `body` fails nothing is written; [`Error::abort`] carries an error of the program's own.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// # db.put("stock", [3])?;
    /// let left = db.update(|txn| {
    ///     let stock = txn.get("stock")?.map_or(0, |value| value[0]);
    ///     let left = stock.checked_sub(1).ok_or_else(|| firn::Error::abort("sold out"))?;
    ///     txn.put("stock", [left])?;
    ///     Ok(left)
    /// })?;
    /// assert_eq!(left, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<T>(&self, body: impl FnMut(&Txn<'_>) -> Result<T>) -> Result<T> {
        self.update_with(&TxnOptions::new(), body)
    }

    /// The same with options.
    pub fn update_with<T>(&self, options: &TxnOptions, mut body: impl FnMut(&Txn<'_>) -> Result<T>) -> Result<T> {
        for attempt in 1.. {
            let txn = Txn::begin(self, options)?;
            let outcome = body(&txn).and_then(|value| txn.commit().map(|_| value));
            match outcome {
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < options.attempts => back_off(attempt, self.inner()),
                _ => return outcome,
            }
        }
        unreachable!("the last attempt returns")
    }
}

/// The first attempts follow at once; then those who contend step aside for ever longer, and not all for the same time.
fn back_off(attempt: u32, inner: &Inner) {
    const AT_ONCE: u32 = 4;
    const LONGEST_US: u64 = 2000;
    if attempt <= AT_ONCE {
        return std::thread::yield_now();
    }
    let limit = (8u64 << (attempt - AT_ONCE).min(10)).min(LONGEST_US);
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&(std::thread::current().id(), attempt, inner.id()), &mut hasher);
    std::thread::sleep(Duration::from_micros(std::hash::Hasher::finish(&hasher) % limit));
}
