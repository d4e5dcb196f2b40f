//! A namespace: reading and writing single keys.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use firn_sys as sys;

use crate::db::{Db, Inner};
use crate::error::{Error, Result, check, check_number, check_predicate, found};
use crate::fill::{fill, fill_new};
use crate::pinned::Pinned;

/// A set of keys of its own inside a database. A cheap handle, like [`Db`]: clones are the same namespace, and keep the database open.
///
/// Every [`Db`] has a default one, which it dereferences to; [`Db::namespace`] gives others by name. Keys are 1 to 65,535 bytes, values 0 bytes to
/// 1 GiB, ordered bytewise.
#[derive(Clone)]
pub struct Namespace {
    inner: Arc<Inner>,
    id: u32,
}

/// A value with what belongs to it; see [`Namespace::get_entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Of the commit that wrote it; 0 for a transaction's own write.
    pub version: u64,
    /// When it expires; `None`: never.
    pub expires: Option<SystemTime>,
}

/// How long a key lives; see [`Namespace::ttl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It never expires.
    Never,
    /// It expires after this time.
    After(Duration),
}

impl Namespace {
    pub(crate) fn root(inner: Arc<Inner>) -> Self {
        Self { inner, id: 0 }
    }

    pub(crate) fn new(db: &Db, id: u32) -> Self {
        Self { inner: db.inner().clone(), id }
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    #[inline]
    pub(crate) fn handle(&self) -> *mut sys::firn_db {
        self.inner.handle()
    }

    /// Its number in the database: 0 is the default namespace.
    #[inline]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its number, for a call on the database `id`.
    pub(crate) fn id_in(&self, database: u64) -> Result<u32> {
        if self.inner.id() == database {
            return Ok(self.id);
        }
        Err(Error::new(sys::FIRN_INVALID, "the namespace belongs to another database"))
    }

    #[inline]
    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.inner.explain(error))
    }

    /// The value, copied into a new vector; `None` when the key is absent. [`get_into`](Self::get_into) spares the allocation,
    /// [`get_pinned`](Self::get_pinned) the copy.
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let (handle, id, key) = (self.handle(), self.id, key.as_ref());
        // SAFETY: `key` outlives the call; the engine writes at most `capacity` bytes at `to`, and all of the length that it returns if that fits.
        self.explain(unsafe { fill_new(|to, capacity| sys::firn_get(handle, id, key.as_ptr(), key.len(), to, capacity)) })
    }

    /// The value, copied into `buf`, whose old content goes and whose capacity is used. `false` when the key is absent; `buf` is empty then.
    #[inline]
    pub fn get_into(&self, key: impl AsRef<[u8]>, buf: &mut Vec<u8>) -> Result<bool> {
        let (handle, id, key) = (self.handle(), self.id, key.as_ref());
        // SAFETY: as in `get`.
        self.explain(unsafe { fill(buf, |to, capacity| sys::firn_get(handle, id, key.as_ptr(), key.len(), to, capacity)) })
    }

    /// The value in place, without a copy. What it points into is kept alive: drop it soon.
    #[inline]
    pub fn get_pinned(&self, key: impl AsRef<[u8]>) -> Result<Option<Pinned<'_>>> {
        let key = key.as_ref();
        let mut pin = Pinned::none();
        // SAFETY: `key` outlives the call; `pin` is a firn_pin_t, filled on FIRN_OK and zeroed otherwise.
        let code = unsafe { sys::firn_pin(self.handle(), self.id, key.as_ptr(), key.len(), pin.raw()) };
        self.explain(found(code)).map(|is_there| is_there.then_some(pin))
    }

    /// The value with its version and expiry.
    pub fn get_entry(&self, key: impl AsRef<[u8]>) -> Result<Option<Entry>> {
        let (handle, id, key) = (self.handle(), self.id, key.as_ref());
        let mut about = sys::firn_entry::INIT;
        // SAFETY: as in `get`; `about` is a firn_entry with its size set.
        let value = unsafe { fill_new(|to, capacity| sys::firn_get_entry(handle, id, key.as_ptr(), key.len(), to, capacity, &mut about)) };
        Ok(self.explain(value)?.map(|value| Entry::new(value, &about)))
    }

    /// Whether the key is there.
    #[inline]
    pub fn exists(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        self.explain(check_predicate(unsafe { sys::firn_exists(self.handle(), self.id, key.as_ptr(), key.len()) }))
    }

    /// Stores a value; the key never expires. [`put_with`](Self::put_with) has conditions, times to live and durability.
    #[inline]
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let (key, value) = (key.as_ref(), value.as_ref());
        // SAFETY: `key` and `value` outlive the call.
        let code = unsafe { sys::firn_put(self.handle(), self.id, key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
        self.explain(check(code))
    }

    /// Removes a key; it is no error when it was absent.
    #[inline]
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<()> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        self.explain(check(unsafe { sys::firn_delete(self.handle(), self.id, key.as_ptr(), key.len()) }))
    }

    /// How long the key lives; `None` when it is absent.
    pub fn ttl(&self, key: impl AsRef<[u8]>) -> Result<Option<Ttl>> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        let answer = unsafe { sys::firn_ttl(self.handle(), self.id, key.as_ptr(), key.len()) };
        if answer == i64::from(sys::FIRN_NOT_FOUND) {
            return Ok(None);
        }
        if answer == i64::from(sys::FIRN_NO_EXPIRY) {
            return Ok(Some(Ttl::Never));
        }
        self.explain(check_number(answer)).map(|ms| Some(Ttl::After(Duration::from_millis(ms))))
    }

    /// Removes all keys, in constant time; running scans still see them. The space comes back with compaction.
    pub fn clear(&self) -> Result<()> {
        // SAFETY: plain numbers besides the handle.
        self.explain(check(unsafe { sys::firn_ns_clear(self.handle(), self.id) }))
    }
}

impl Entry {
    pub(crate) fn new(value: Vec<u8>, about: &sys::firn_entry) -> Self {
        let expires = u64::try_from(about.expiry_ms).ok().filter(|&ms| ms != 0);
        Self {
            value,
            version: about.version,
            expires: expires.and_then(|ms| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms))),
        }
    }
}

impl Db {
    /// The namespace of this name, created when it is missing. Names are any bytes, 1 to 255 of them.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// let users = db.namespace("users")?;
    /// users.put("7", "Ada")?;
    /// assert!(!db.exists("7")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn namespace(&self, name: impl AsRef<[u8]>) -> Result<Namespace> {
        self.open_namespace(name.as_ref(), 0).map(|id| Namespace::new(self, id))
    }

    /// The namespace of this name if there is one.
    pub fn existing_namespace(&self, name: impl AsRef<[u8]>) -> Result<Option<Namespace>> {
        match self.open_namespace(name.as_ref(), sys::FIRN_NS_EXISTING) {
            Ok(id) => Ok(Some(Namespace::new(self, id))),
            Err(error) if error.code() == sys::FIRN_NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The namespace with this [`id`](Namespace::id), which is never given to another one, also in later openings. It is not looked up: calls on an id that was never
    /// given out fail with [`Invalid`](crate::ErrorKind::Invalid).
    pub fn namespace_by_id(&self, id: u32) -> Namespace {
        Namespace::new(self, id)
    }

    fn open_namespace(&self, name: &[u8], flags: u32) -> Result<u32> {
        // SAFETY: `name` outlives the call.
        let answer = unsafe { sys::firn_ns_open(self.handle(), name.as_ptr(), name.len(), flags) };
        self.explain(check_number(answer)).map(|id| id as u32)
    }

    /// Removes a namespace with all its keys, in constant time. Calls on handles of it fail with [`Invalid`](crate::ErrorKind::Invalid) from then on; opening the
    /// name again makes a new one.
    pub fn drop_namespace(&self, namespace: &Namespace) -> Result<()> {
        let id = namespace.id_in(self.inner().id())?;
        // SAFETY: plain numbers besides the handle.
        self.explain(check(unsafe { sys::firn_ns_drop(self.handle(), id) }))
    }

    /// The names of all named namespaces, in order.
    pub fn namespaces(&self) -> Result<Vec<Vec<u8>>> {
        let handle = self.handle();
        // SAFETY: the engine writes at most `capacity` bytes at `to`, and all of the length that it returns if that fits.
        let packed = self.explain(unsafe { fill_new(|to, capacity| sys::firn_ns_list(handle, to, capacity)) })?.unwrap_or_default();
        parse_names(&packed).ok_or_else(|| Error::new(sys::FIRN_INTERNAL, "the engine's list of namespaces is malformed"))
    }
}

/// (u32 id, u32 name_len, name)*; `None`: it is not.
pub(crate) fn parse_names(mut packed: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    while !packed.is_empty() {
        let (header, behind) = packed.split_first_chunk::<8>()?;
        let [_, _, _, _, a, b, c, d] = *header;
        let (name, rest) = behind.split_at_checked(u32::from_le_bytes([a, b, c, d]) as usize)?;
        names.push(name.to_vec());
        packed = rest;
    }
    Some(names)
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("id", &self.id).field("database", &self.inner.id()).finish()
    }
}
