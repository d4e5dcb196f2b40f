//! Snapshots: reads of one state of the database.

use std::fmt;
use std::ops::{Deref, RangeBounds};

use firn_sys as sys;

use crate::bounds::Bounds;
use crate::db::{Db, Inner};
use crate::error::{Result, check_predicate, found};
use crate::fill::{fill, fill_new};
use crate::multi_get::{PackedKeys, Values, pack_keys, pack_requests};
use crate::multi_pin::PinnedValues;
use crate::namespace::{Entry, Namespace};
use crate::pinned::Pinned;
use crate::scan::{Iter, Scan, Source, Walk};
use crate::txn::TxnHandle;

/// One state of the whole database, which later writes do not change. It keeps the files alive that it reads: drop it soon.
///
/// One thread at a time: it is [`Send`], not [`Sync`]. Taking another one costs next to nothing.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// db.put("k", "old")?;
/// let before = db.snapshot()?;
/// db.put("k", "new")?;
/// assert_eq!(before.get("k")?.as_deref(), Some(&b"old"[..]));
/// # Ok(())
/// # }
/// ```
pub struct Snapshot<'db> {
    handle: TxnHandle,
    inner: &'db Inner,
    is_txn: bool,
}

impl<'db> Snapshot<'db> {
    pub(crate) fn of_txn(handle: TxnHandle, inner: &'db Inner) -> Self {
        Self { handle, inner, is_txn: true }
    }

    pub(crate) fn handle(&self) -> *mut sys::firn_txn {
        self.handle.as_ptr()
    }

    pub(crate) fn inner(&self) -> &'db Inner {
        self.inner
    }

    #[inline]
    pub(crate) fn root(&self) -> Reads<'_> {
        Reads { snapshot: self, ns: 0 }
    }

    /// Reads in another namespace.
    pub fn namespace(&self, namespace: &Namespace) -> Result<Reads<'_>> {
        namespace.id_in(self.inner.id()).map(|ns| Reads { snapshot: self, ns })
    }

    /// The version of the last commit that it sees.
    pub fn version(&self) -> u64 {
        // SAFETY: a handle that was begun.
        unsafe { sys::firn_txn_version(self.handle()) }
    }
}

/// The reads of the default namespace, as [`Reads`] has them.
impl Snapshot<'_> {
    /// The value, copied into a new vector.
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        self.root().get(key)
    }

    /// The value, copied into `buf`; `false` when the key is absent.
    #[inline]
    pub fn get_into(&self, key: impl AsRef<[u8]>, buf: &mut Vec<u8>) -> Result<bool> {
        self.root().get_into(key, buf)
    }

    /// The value in place, without a copy.
    pub fn get_pinned(&self, key: impl AsRef<[u8]>) -> Result<Option<Pinned<'_>>> {
        self.root().get_pinned(key)
    }

    /// The value with its version and expiry.
    pub fn get_entry(&self, key: impl AsRef<[u8]>) -> Result<Option<Entry>> {
        self.root().get_entry(key)
    }

    /// Whether the key is there.
    pub fn exists(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.root().exists(key)
    }

    /// Many values in one call.
    pub fn multi_get<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Values> {
        self.root().multi_get(keys)
    }

    /// Many values from several namespaces in one call.
    pub fn multi_get_from<'n, K: AsRef<[u8]>>(&self, requests: impl IntoIterator<Item = (&'n Namespace, K)>) -> Result<Values> {
        self.root().multi_get_packed(&pack_requests(self.inner.id(), requests)?)
    }

    /// Many values in place, without copies, in one call.
    pub fn multi_pin<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<PinnedValues<'_>> {
        self.root().multi_pin(keys)
    }

    /// Many values in place, without copies, from several namespaces in one call.
    pub fn multi_pin_from<'n, K: AsRef<[u8]>>(&self, requests: impl IntoIterator<Item = (&'n Namespace, K)>) -> Result<PinnedValues<'_>> {
        self.root().multi_pin_packed(&pack_requests(self.inner.id(), requests)?)
    }

    /// All entries in key order.
    pub fn iter(&self) -> Iter<'_, Snapshot<'_>> {
        self.root().iter()
    }

    /// The entries of a range of keys.
    pub fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Iter<'_, Snapshot<'_>> {
        self.root().range(range)
    }

    /// The entries whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> Iter<'_, Snapshot<'_>> {
        self.root().prefix(prefix)
    }

    /// The entries that `scan` describes.
    pub fn scan(&self, scan: &Scan) -> Iter<'_, Snapshot<'_>> {
        self.root().scan(scan)
    }
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version()).finish_non_exhaustive()
    }
}

/// One namespace as a [`Snapshot`] or a [`Txn`](crate::Txn) sees it.
#[derive(Clone, Copy)]
pub struct Reads<'t> {
    snapshot: &'t Snapshot<'t>,
    ns: u32,
}

impl<'t> Reads<'t> {
    #[inline]
    pub(crate) fn handle(&self) -> *mut sys::firn_txn {
        self.snapshot.handle()
    }

    #[inline]
    pub(crate) fn ns(&self) -> u32 {
        self.ns
    }

    #[inline]
    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.snapshot.inner.explain(error))
    }

    /// The value, copied into a new vector; `None` when the key is absent.
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let (handle, ns, key) = (self.handle(), self.ns, key.as_ref());
        // SAFETY: `key` outlives the call; the engine writes at most `capacity` bytes at `to`, and all of the length that it returns if that fits.
        self.explain(unsafe { fill_new(|to, capacity| sys::firn_txn_get(handle, ns, key.as_ptr(), key.len(), to, capacity)) })
    }

    /// The value, copied into `buf`, whose old content goes and whose capacity is used. `false` when the key is absent.
    #[inline]
    pub fn get_into(&self, key: impl AsRef<[u8]>, buf: &mut Vec<u8>) -> Result<bool> {
        let (handle, ns, key) = (self.handle(), self.ns, key.as_ref());
        // SAFETY: as in `get`.
        self.explain(unsafe { fill(buf, |to, capacity| sys::firn_txn_get(handle, ns, key.as_ptr(), key.len(), to, capacity)) })
    }

    /// The value in place, without a copy.
    pub fn get_pinned(&self, key: impl AsRef<[u8]>) -> Result<Option<Pinned<'t>>> {
        let key = key.as_ref();
        let mut pin = Pinned::none();
        // SAFETY: `key` outlives the call; `pin` is a firn_pin_t, filled on FIRN_OK and zeroed otherwise.
        let code = unsafe { sys::firn_txn_pin(self.handle(), self.ns, key.as_ptr(), key.len(), pin.raw()) };
        self.explain(found(code)).map(|is_there| is_there.then_some(pin))
    }

    /// The value with its version and expiry. The version of an own write is 0.
    pub fn get_entry(&self, key: impl AsRef<[u8]>) -> Result<Option<Entry>> {
        let (handle, ns, key) = (self.handle(), self.ns, key.as_ref());
        let mut about = sys::firn_entry::INIT;
        // SAFETY: as in `get`; `about` is a firn_entry with its size set.
        let value =
            unsafe { fill_new(|to, capacity| sys::firn_txn_get_entry(handle, ns, key.as_ptr(), key.len(), to, capacity, &mut about)) };
        Ok(self.explain(value)?.map(|value| Entry::new(value, &about)))
    }

    /// Whether the key is there.
    pub fn exists(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        self.explain(check_predicate(unsafe { sys::firn_txn_exists(self.handle(), self.ns, key.as_ptr(), key.len()) }))
    }

    /// Many values in one call; see [`Namespace::multi_get`].
    pub fn multi_get<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Values> {
        self.multi_get_packed(&pack_keys(self.ns, keys)?)
    }

    fn multi_get_packed(&self, keys: &PackedKeys) -> Result<Values> {
        let (handle, packed) = (self.handle(), &keys.bytes);
        // SAFETY: `packed` outlives the call; the engine writes at most `capacity` bytes at `to`, and all of the length that it returns if that fits.
        let answers = unsafe { fill_new(|to, capacity| sys::firn_txn_multi_get(handle, packed.as_ptr(), packed.len(), to, capacity)) };
        self.explain(answers.and_then(|answers| Values::parse(answers.unwrap_or_default())))
    }

    /// Many values in place, without copies, in one call; see [`Namespace::multi_pin`]. The version of an own write is 0.
    pub fn multi_pin<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<PinnedValues<'t>> {
        self.multi_pin_packed(&pack_keys(self.ns, keys)?)
    }

    fn multi_pin_packed(&self, keys: &PackedKeys) -> Result<PinnedValues<'t>> {
        let (handle, packed) = (self.handle(), &keys.bytes);
        // SAFETY: `packed` outlives the call; of the rest firn.h says what `fill` wants to be promised.
        let values = unsafe {
            PinnedValues::fill(keys.count, |to, max, pin| sys::firn_txn_multi_pin(handle, packed.as_ptr(), packed.len(), to, max, pin))
        };
        self.explain(values)
    }

    /// All entries in key order.
    pub fn iter(&self) -> Iter<'t, Snapshot<'t>> {
        self.walk(Scan::new())
    }

    /// The entries of a range of keys. In a transaction, what was returned counts as read.
    pub fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Iter<'t, Snapshot<'t>> {
        self.walk(Scan::bounded(Bounds::of_range(&range)))
    }

    /// The entries whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> Iter<'t, Snapshot<'t>> {
        self.walk(Scan::bounded(Some(Bounds::of_prefix(prefix.as_ref()))))
    }

    /// The entries that `scan` describes. In a transaction, own writes made before this call are among them.
    pub fn scan(&self, scan: &Scan) -> Iter<'t, Snapshot<'t>> {
        self.walk(scan.clone())
    }

    fn walk(&self, scan: Scan) -> Iter<'t, Snapshot<'t>> {
        let source = if self.snapshot.is_txn { Source::Txn(self.handle()) } else { Source::Snapshot(self.handle()) };
        Iter::new(Walk::new(source, self.snapshot.inner.handle(), self.ns, scan))
    }
}

impl fmt::Debug for Reads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reads").field("namespace", &self.ns).finish_non_exhaustive()
    }
}

impl Db {
    /// A snapshot of now.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        let handle = TxnHandle::begin(self.deref().handle(), sys::FIRN_TXN_READ_ONLY)?;
        Ok(Snapshot { handle, inner: self.inner(), is_txn: false })
    }
}
