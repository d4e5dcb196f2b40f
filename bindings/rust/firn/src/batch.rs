//! Many writes as one atomic commit, and many reads in one call.

use std::ops::RangeBounds;
use std::time::Duration;

use firn_sys as sys;

use crate::bounds::Bounds;
use crate::conditional::ttl_ms;
use crate::db::Db;
use crate::error::{Error, Result, check_number};
use crate::namespace::Namespace;

/// Writes that become visible, and survive, all together or not at all. Of several on one key the last one counts.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// let mut batch = firn::Batch::new();
/// batch.put("a", "1").put("b", "2").delete("c");
/// db.write(&batch)?;
/// # assert_eq!(db.get("b")?.as_deref(), Some(&b"2"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    packed: Vec<u8>,
    count: usize,
    /// The database whose namespaces it names.
    database: Option<u64>,
    /// Why it cannot be written.
    refusal: Option<(i32, &'static str)>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for `bytes` of keys and values (and 24 bytes for each operation).
    pub fn with_capacity(bytes: usize) -> Self {
        Self { packed: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Stores a value in the default namespace.
    #[inline]
    pub fn put(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        self.push(sys::FIRN_OP_PUT, 0, 0, key.as_ref(), value.as_ref())
    }

    /// Removes a key of the default namespace.
    #[inline]
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> &mut Self {
        self.push(sys::FIRN_OP_DELETE, 0, 0, key.as_ref(), &[])
    }

    /// For operations on another namespace than the default one, and all sorts of operations.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// let users = db.namespace("users")?;
    /// let mut batch = firn::Batch::new();
    /// batch.on(&users).put("7", "Ada").delete("8");
    /// db.write(&batch)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(&mut self, namespace: &Namespace) -> BatchOn<'_> {
        let database = namespace.inner().id();
        if *self.database.get_or_insert(database) != database {
            self.refusal = Some((sys::FIRN_INVALID, "the batch names namespaces of two databases"));
        }
        BatchOn { id: namespace.id(), batch: self }
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Forgets the operations and keeps the memory.
    pub fn clear(&mut self) {
        self.packed.clear();
        (self.count, self.database, self.refusal) = (0, None, None);
    }

    /// u32 op, u32 ns, u32 key_len, u32 val_len, i64 ttl_ms, key, value
    fn push(&mut self, kind: u32, ns: u32, number: i64, key: &[u8], value: &[u8]) -> &mut Self {
        let (Ok(key_len), Ok(value_len)) = (u32::try_from(key.len()), u32::try_from(value.len())) else {
            self.refusal = Some((sys::FIRN_TOO_LARGE, "a key or a value in the batch is longer than can be"));
            return self;
        };
        let mut header = [0; 24];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        header[4..8].copy_from_slice(&ns.to_le_bytes());
        header[8..12].copy_from_slice(&key_len.to_le_bytes());
        header[12..16].copy_from_slice(&value_len.to_le_bytes());
        header[16..].copy_from_slice(&number.to_le_bytes());
        self.packed.reserve(header.len() + key.len() + value.len());
        self.packed.extend_from_slice(&header);
        self.packed.extend_from_slice(key);
        self.packed.extend_from_slice(value);
        self.count += 1;
        self
    }

    /// One put, packed.
    pub(crate) fn single_put(ns: u32, key: &[u8], value: &[u8], ttl: Duration) -> Result<Vec<u8>> {
        let mut batch = Self::new();
        batch.push(sys::FIRN_OP_PUT, ns, ttl_ms(ttl), key, value);
        batch.refusal.map_or(Ok(batch.packed), |(code, message)| Err(Error::new(code, message)))
    }

    /// The operations as the engine reads them, for the database `id`.
    pub(crate) fn packed_for(&self, database: u64) -> Result<&[u8]> {
        match self.refusal {
            Some((code, message)) => Err(Error::new(code, message)),
            None if self.database.is_some_and(|own| own != database) => {
                Err(Error::new(sys::FIRN_INVALID, "the batch names a namespace of another database"))
            }
            None => Ok(&self.packed),
        }
    }
}

/// Operations of a [`Batch`] on one namespace.
#[derive(Debug)]
pub struct BatchOn<'b> {
    batch: &'b mut Batch,
    id: u32,
}

impl BatchOn<'_> {
    #[inline]
    fn push(self, kind: u32, number: i64, key: &[u8], value: &[u8]) -> Self {
        self.batch.push(kind, self.id, number, key, value);
        self
    }

    /// Stores a value.
    #[inline]
    pub fn put(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.push(sys::FIRN_OP_PUT, 0, key.as_ref(), value.as_ref())
    }

    /// Stores a value that expires after `ttl`.
    pub fn put_with_ttl(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, ttl: Duration) -> Self {
        self.push(sys::FIRN_OP_PUT, ttl_ms(ttl), key.as_ref(), value.as_ref())
    }

    /// Stores a value; the key expires when it did before.
    pub fn put_keep_ttl(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.push(sys::FIRN_OP_PUT_KEEP_TTL, 0, key.as_ref(), value.as_ref())
    }

    /// Removes a key.
    #[inline]
    pub fn delete(self, key: impl AsRef<[u8]>) -> Self {
        self.push(sys::FIRN_OP_DELETE, 0, key.as_ref(), &[])
    }

    /// Removes all keys in the range, at most 1,000,000: else the write fails with [`TooLarge`](crate::ErrorKind::TooLarge).
    pub fn delete_range<K: AsRef<[u8]>>(self, range: impl RangeBounds<K>) -> Self {
        match Bounds::of_range(&range) {
            Some(bounds) => self.push(sys::FIRN_OP_DELETE_RANGE, 0, first_key(bounds.lower()), bounds.upper().unwrap_or_default()),
            None => self,
        }
    }

    /// Adds to a counter; see [`Namespace::add`].
    pub fn add(self, key: impl AsRef<[u8]>, delta: i64) -> Self {
        self.push(sys::FIRN_OP_ADD, 0, key.as_ref(), &delta.to_le_bytes())
    }

    /// Writes nothing: before the batch the key has this version (0: it is absent), else the write fails with [`Conflict`](crate::ErrorKind::Conflict).
    pub fn expect_version(self, key: impl AsRef<[u8]>, version: u64) -> Self {
        match i64::try_from(version) {
            Ok(version) => self.push(sys::FIRN_OP_EXPECT_VERSION, version, key.as_ref(), &[]),
            Err(_) => {
                self.batch.refusal = Some((sys::FIRN_INVALID, "no commit has a version above 2^63"));
                self
            }
        }
    }
}

/// The packed format knows no empty key, and "\0" is the first that there can be.
fn first_key(lower: &[u8]) -> &[u8] {
    if lower.is_empty() { b"\0" } else { lower }
}

/// How a batch or a transaction is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    flags: u32,
}

impl WriteOptions {
    /// As the database does it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Durable when the call returns, whatever the durability of the database.
    pub fn sync(mut self) -> Self {
        self.flags |= sys::FIRN_SYNC;
        self
    }

    /// [`WouldBlock`](crate::ErrorKind::WouldBlock) instead of waiting for room in the memtables.
    pub fn no_block(mut self) -> Self {
        self.flags |= sys::FIRN_NO_BLOCK;
        self
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn is_sync(self) -> bool {
        self.flags & sys::FIRN_SYNC != 0
    }

    pub(crate) fn flags(self) -> u32 {
        self.flags
    }
}

impl Db {
    /// Writes a batch, all of it or nothing. The version of the commit.
    #[inline]
    pub fn write(&self, batch: &Batch) -> Result<u64> {
        self.write_with(batch, WriteOptions::new())
    }

    /// The same with options.
    pub fn write_with(&self, batch: &Batch, options: WriteOptions) -> Result<u64> {
        let packed = batch.packed_for(self.inner().id())?;
        // SAFETY: `packed` outlives the call.
        let answer = unsafe { sys::firn_write(self.handle(), packed.as_ptr(), packed.len(), options.flags()) };
        self.explain(check_number(answer))
    }
}

impl Namespace {
    /// Removes all keys in the range, as one commit, and returns how many there were. More than 1,000,000:
    /// [`TooLarge`](crate::ErrorKind::TooLarge), and nothing has changed. The cost grows with the keys; [`clear`](Self::clear) costs nothing.
    pub fn delete_range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Result<u64> {
        self.delete_range_up_to(range, 0)
    }

    /// The same with another limit than 1,000,000 keys (0: this one).
    pub fn delete_range_up_to<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>, limit: u64) -> Result<u64> {
        let Some(bounds) = Bounds::of_range(&range) else { return Ok(0) };
        let lower = bounds.lower();
        let (upper, upper_len) = bounds.upper().map_or((std::ptr::null(), 0), |upper| (upper.as_ptr(), upper.len()));
        // SAFETY: the bounds outlive the call.
        let answer = unsafe { sys::firn_delete_range(self.handle(), self.id(), lower.as_ptr(), lower.len(), upper, upper_len, limit) };
        self.explain(check_number(answer))
    }
}
