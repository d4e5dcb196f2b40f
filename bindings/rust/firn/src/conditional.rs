//! Writes that depend on what is there: conditional puts, swaps, counters, expiries. Each is one atomic commit.

use std::time::Duration;

use firn_sys as sys;

use crate::error::{Error, Result, check, check_number, check_predicate};
use crate::fill::fill_new;
use crate::namespace::Namespace;

/// What [`put_with`](Namespace::put_with) does besides storing.
///
/// ```
/// use std::time::Duration;
/// use firn::{ErrorKind, PutOptions};
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// let lease = PutOptions::new().if_absent().ttl(Duration::from_secs(30));
/// db.put_with("lock", "me", &lease)?;
/// assert_eq!(db.put_with("lock", "you", &lease).unwrap_err().kind(), ErrorKind::Exists);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    condition: u32,
    flags: u32,
    if_version: u64,
    ttl_ms: i64,
}

impl PutOptions {
    /// No condition, no expiry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only if the key is absent; else [`Exists`](crate::ErrorKind::Exists). The last condition that is set counts.
    pub fn if_absent(mut self) -> Self {
        self.condition = sys::FIRN_IF_ABSENT;
        self
    }

    /// Only if the key is there; else [`NotFound`](crate::ErrorKind::NotFound).
    pub fn if_present(mut self) -> Self {
        self.condition = sys::FIRN_IF_PRESENT;
        self
    }

    /// Only if the key has this version (0: is absent); else [`Conflict`](crate::ErrorKind::Conflict).
    pub fn if_version(mut self, version: u64) -> Self {
        self.condition = sys::FIRN_IF_VERSION;
        self.if_version = version;
        self
    }

    /// The key expires after this time, rounded up to milliseconds.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl_ms = ttl_ms(ttl);
        self
    }

    /// The expiry of the present entry stays. Not together with [`ttl`](Self::ttl).
    pub fn keep_ttl(mut self) -> Self {
        self.flags |= sys::FIRN_KEEP_TTL;
        self
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
    pub(crate) fn is_sync(&self) -> bool {
        self.flags & sys::FIRN_SYNC != 0
    }

    fn to_engine(&self) -> sys::firn_put_opts {
        let flags = self.condition | self.flags;
        let if_version = if self.condition == sys::FIRN_IF_VERSION { self.if_version } else { 0 };
        sys::firn_put_opts { flags, if_version, ttl_ms: self.ttl_ms, ..sys::firn_put_opts::INIT }
    }
}

/// At least 1: in the engine 0 stands for "never".
pub(crate) fn ttl_ms(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX).max(1)
}

impl Namespace {
    /// Stores a value under conditions; see [`PutOptions`]. The version of the commit.
    #[inline]
    pub fn put_with(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, options: &PutOptions) -> Result<u64> {
        let (key, value, options) = (key.as_ref(), value.as_ref(), options.to_engine());
        // SAFETY: everything that is pointed at outlives the call; `options` has its size set.
        let answer = unsafe { sys::firn_put_ex(self.handle(), self.id(), key.as_ptr(), key.len(), value.as_ptr(), value.len(), &options) };
        self.explain(check_number(answer))
    }

    /// Replaces the value if it is `old` now; whether it was. An absent key never is. The key does not expire afterwards.
    pub fn compare_swap(&self, key: impl AsRef<[u8]>, old: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Result<bool> {
        self.compare_swap_raw(key.as_ref(), old.as_ref(), new.as_ref(), 0)
    }

    /// The same, and the new value expires after `ttl`.
    pub fn compare_swap_with_ttl(
        &self,
        key: impl AsRef<[u8]>,
        old: impl AsRef<[u8]>,
        new: impl AsRef<[u8]>,
        ttl: Duration,
    ) -> Result<bool> {
        self.compare_swap_raw(key.as_ref(), old.as_ref(), new.as_ref(), ttl_ms(ttl))
    }

    fn compare_swap_raw(&self, key: &[u8], old: &[u8], new: &[u8], ttl_ms: i64) -> Result<bool> {
        // SAFETY: everything that is pointed at outlives the call.
        let answer = unsafe {
            sys::firn_compare_swap(
                self.handle(),
                self.id(),
                key.as_ptr(),
                key.len(),
                old.as_ptr(),
                old.len(),
                new.as_ptr(),
                new.len(),
                ttl_ms,
            )
        };
        self.explain(check_predicate(answer))
    }

    /// Stores a value and returns the one that was there, in one step. The expiry stays.
    pub fn swap(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let (handle, id, key, value) = (self.handle(), self.id(), key.as_ref(), value.as_ref());
        // SAFETY: everything that is pointed at outlives the call; when the old value does not fit nothing has changed, so that asking again is right.
        self.explain(unsafe {
            fill_new(|to, capacity| sys::firn_swap(handle, id, key.as_ptr(), key.len(), value.as_ptr(), value.len(), to, capacity))
        })
    }

    /// Adds to a counter (an `i64`, 8 bytes little-endian; an absent key counts as 0) and returns its new value. The expiry stays.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// assert_eq!(db.add("visits", 2)?, 2);
    /// assert_eq!(db.add("visits", -5)?, -3);
    /// assert_eq!(db.get("visits")?, Some((-3i64).to_le_bytes().to_vec()));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn add(&self, key: impl AsRef<[u8]>, delta: i64) -> Result<i64> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        let answer = unsafe { sys::firn_add(self.handle(), self.id(), key.as_ptr(), key.len(), delta) };
        self.explain(sum(answer))
    }

    /// Lets a key expire after `ttl`; [`NotFound`](crate::ErrorKind::NotFound) when it is absent.
    pub fn expire(&self, key: impl AsRef<[u8]>, ttl: Duration) -> Result<()> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        self.explain(check(unsafe { sys::firn_expire(self.handle(), self.id(), key.as_ptr(), key.len(), ttl_ms(ttl)) }))
    }

    /// Takes the expiry of a key away; [`NotFound`](crate::ErrorKind::NotFound) when it is absent.
    pub fn persist(&self, key: impl AsRef<[u8]>) -> Result<()> {
        let key = key.as_ref();
        // SAFETY: `key` outlives the call.
        self.explain(check(unsafe { sys::firn_persist(self.handle(), self.id(), key.as_ptr(), key.len()) }))
    }
}

/// The result of an addition.
pub(crate) fn sum(answer: sys::firn_i64) -> Result<i64> {
    if answer.status == i64::from(sys::FIRN_OK) { Ok(answer.value) } else { Err(Error::from_code(answer.status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_live_are_rounded_up_and_never_mean_for_ever() {
        assert_eq!(ttl_ms(Duration::ZERO), 1);
        assert_eq!(ttl_ms(Duration::from_micros(1)), 1);
        assert_eq!(ttl_ms(Duration::from_micros(1001)), 2);
        assert_eq!(ttl_ms(Duration::from_secs(3)), 3000);
        assert_eq!(ttl_ms(Duration::MAX), i64::MAX);
    }
}
