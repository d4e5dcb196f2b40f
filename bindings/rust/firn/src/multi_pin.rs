//! Many values in place, in one call.

use std::fmt;

use firn_sys as sys;

use crate::db::Db;
use crate::error::{Error, Result, check_number, found};
use crate::multi_get::{PackedKeys, pack_keys, pack_requests};
use crate::namespace::Namespace;
use crate::pinned::{Pinned, in_place};

/// The answers of [`multi_pin`](Namespace::multi_pin), in the order of the keys: values that lie in the engine, read without copies. As a snapshot it
/// keeps the whole state alive that was read, until it is dropped: drop it soon. They stay readable, and unchanged, also when keys
/// are overwritten or the database is closed meanwhile.
pub struct PinnedValues<'db> {
    answers: Vec<sys::firn_answer>,
    /// Holds what the answers point into, no value of its own.
    _pin: Pinned<'db>,
}

// SAFETY: as for `Pinned`: the bytes do not change until the release, and firn.h allows the release from any thread.
unsafe impl Send for PinnedValues<'_> {}
// SAFETY: as above; a shared reference only reads.
unsafe impl Sync for PinnedValues<'_> {}

impl PinnedValues<'_> {
    /// What `look_up(answers, max, pin)` finds for `count` keys. The code of one key, unless it is absent, is an error of all.
    ///
    /// # Safety
    /// When `look_up` returns n with 0 <= n <= max, it has initialized n answers, and the data of those with `FIRN_OK` stay readable, and unchanged, until `pin` is released;
    /// it has filled in `pin`, or left it zeroed.
    pub(crate) unsafe fn fill(
        count: usize,
        look_up: impl FnOnce(*mut sys::firn_answer, usize, *mut sys::firn_pin_t) -> i64,
    ) -> Result<Self> {
        let mut pin = Pinned::none();
        let mut answers = Vec::<sys::firn_answer>::with_capacity(count);
        let answered = check_number(look_up(answers.as_mut_ptr(), count, pin.raw()))?;
        if answered != count as u64 {
            return Err(Error::new(sys::FIRN_INTERNAL, "the engine's answer to multi_pin is malformed"));
        }
        // SAFETY: the caller's promise: `count` answers are initialized.
        unsafe { answers.set_len(count) };
        answers.iter().try_for_each(|answer| found(answer.code).map(drop))?;
        Ok(Self { answers, _pin: pin })
    }

    fn answer_of(&self, index: usize) -> Option<&sys::firn_answer> {
        self.answers.get(index).filter(|answer| answer.code == sys::FIRN_OK)
    }

    /// How many keys were asked for.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether none were.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// The value of the key at `index`; `None` when it was absent, or when there was no such key.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        // SAFETY: the promise of `fill`'s caller: readable and unchanged until the release, which is in the drop of `_pin`.
        self.answer_of(index).map(|answer| unsafe { in_place(answer.data, answer.len) })
    }

    /// Of the commit that wrote the value at `index`, 0 for a transaction's own write; `None` where [`get`](Self::get) has none.
    pub fn version(&self, index: usize) -> Option<u64> {
        self.answer_of(index).map(|answer| answer.version)
    }

    /// All values, in the order of the keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> + DoubleEndedIterator + '_ {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl fmt::Debug for PinnedValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Namespace {
    /// Many values in place, of one state of the database, in one call and without copies: for values from about 1 KiB on; [`multi_get`](Self::multi_get) is for small
    /// ones. What they point into is kept alive: drop them soon.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// db.put("a", [7; 4096])?;
    /// let values = db.multi_pin(["a", "b"])?;
    /// db.put("a", "newer")?;
    /// assert_eq!(values.iter().collect::<Vec<_>>(), [Some(&[7; 4096][..]), None]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "multi_get_pinned")]
    pub fn multi_pin<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<PinnedValues<'_>> {
        self.multi_pin_packed(&pack_keys(self.id(), keys)?)
    }

    fn multi_pin_packed(&self, keys: &PackedKeys) -> Result<PinnedValues<'_>> {
        let (handle, packed) = (self.handle(), &keys.bytes);
        // SAFETY: `packed` outlives the call; of the rest firn.h says what `fill` wants to be promised.
        let values = unsafe {
            PinnedValues::fill(keys.count, |to, max, pin| sys::firn_multi_pin(handle, packed.as_ptr(), packed.len(), to, max, pin))
        };
        self.explain(values)
    }
}

impl Db {
    /// Many values in place, of one state of the database, from several namespaces, in one call and without copies.
    pub fn multi_pin_from<'n, K: AsRef<[u8]>>(&self, requests: impl IntoIterator<Item = (&'n Namespace, K)>) -> Result<PinnedValues<'_>> {
        self.multi_pin_packed(&pack_requests(self.inner().id(), requests)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of `answers`, with `answered` as the number of them, for `count` keys.
    fn filled(answers: &[sys::firn_answer], answered: i64, count: usize) -> Result<PinnedValues<'static>> {
        let look_up = |to: *mut sys::firn_answer, max: usize, _: *mut sys::firn_pin_t| {
            assert_eq!(max, count);
            // SAFETY: there is room for `max` answers.
            unsafe { std::ptr::copy_nonoverlapping(answers.as_ptr(), to, answers.len().min(max)) };
            answered
        };
        // SAFETY: as many answers as are told are copied, or more are told than fit; their data are static.
        unsafe { PinnedValues::fill(count, look_up) }
    }

    fn value(data: &'static [u8]) -> sys::firn_answer {
        sys::firn_answer { data: data.as_ptr(), len: data.len(), version: 7, code: sys::FIRN_OK, reserved: 0 }
    }

    fn code(code: i32) -> sys::firn_answer {
        sys::firn_answer { data: std::ptr::null(), len: 0, version: 0, code, reserved: 0 }
    }

    #[test]
    fn answers_are_values_and_absent_keys() {
        let empty_at_no_address = sys::firn_answer { data: std::ptr::null(), ..value(b"") };
        let values = filled(&[value(b"abc"), code(sys::FIRN_NOT_FOUND), empty_at_no_address], 3, 3).unwrap();
        assert_eq!(values.iter().collect::<Vec<_>>(), [Some(&b"abc"[..]), None, Some(&b""[..])]);
        assert_eq!((values.version(0), values.version(1), values.version(2), values.version(3)), (Some(7), None, Some(7), None));
        assert!(filled(&[], 0, 0).unwrap().is_empty());
    }

    #[test]
    fn more_or_fewer_answers_than_keys_are_refused() {
        let two = [value(b"a"), value(b"b")];
        assert_eq!(filled(&two, 2, 2).unwrap().len(), 2);
        for (answered, count) in [(2, 1), (1, 2), (0, 1), (1, 0)] {
            assert_eq!(filled(&two, answered, count).unwrap_err().code(), sys::FIRN_INTERNAL);
        }
        assert_eq!(filled(&two, i64::from(sys::FIRN_CLOSED), 2).unwrap_err().code(), sys::FIRN_CLOSED);
    }

    #[test]
    fn a_code_of_one_key_is_an_error_of_all() {
        assert!(filled(&[value(b"a"), code(sys::FIRN_NOT_FOUND)], 2, 2).is_ok());
        assert_eq!(filled(&[value(b"a"), code(sys::FIRN_CORRUPT)], 2, 2).unwrap_err().code(), sys::FIRN_CORRUPT);
    }
}
