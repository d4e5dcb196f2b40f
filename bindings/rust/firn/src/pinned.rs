//! A value in place.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use firn_sys as sys;

/// Bytes that lie in the engine.
///
/// # Safety
/// They are readable and unchanged for `len` bytes and for `'a`, unless `len` is 0: the engine may give any pointer then.
#[inline]
pub(crate) unsafe fn in_place<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, len) }
}

/// A value that lies in the engine, read without a copy; dereferences to `[u8]`. It keeps the files or the memory alive that it points into, so
/// drop it soon. It stays readable, and unchanged, also when the key is overwritten or the database is closed meanwhile.
pub struct Pinned<'db> {
    pin: sys::firn_pin_t,
    _borrowed_from: PhantomData<&'db ()>,
}

// SAFETY: the bytes do not change until the release, and firn.h allows the release from any thread.
unsafe impl Send for Pinned<'_> {}
// SAFETY: as above; a shared reference only reads.
unsafe impl Sync for Pinned<'_> {}

impl Pinned<'_> {
    /// To be filled in by a call.
    #[inline]
    pub(crate) fn none() -> Self {
        let pin = sys::firn_pin_t { data: std::ptr::null(), len: 0, version: 0, owner: std::ptr::null_mut() };
        Self { pin, _borrowed_from: PhantomData }
    }

    #[inline]
    pub(crate) fn raw(&mut self) -> &mut sys::firn_pin_t {
        &mut self.pin
    }

    /// Of the commit that wrote the value; 0 for a transaction's own write.
    pub fn version(&self) -> u64 {
        self.pin.version
    }
}

impl Deref for Pinned<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: firn.h: readable and unchanged until the release, which is in `drop`.
        unsafe { in_place(self.pin.data, self.pin.len) }
    }
}

impl AsRef<[u8]> for Pinned<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Pinned<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.pin.owner.is_null() {
            // SAFETY: filled in by the engine and released once.
            unsafe { sys::firn_unpin(&mut self.pin) };
        }
    }
}

impl fmt::Debug for Pinned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
