//! Values into memory of the caller: the call answers with the full length, and with nothing copied when that exceeds the capacity.

use std::mem::MaybeUninit;

use firn_sys as sys;

use crate::error::{Error, Result};

/// A value of up to this size costs one call and one exact allocation.
const STACK_BYTES: usize = 512;

/// Fills `buf` with what `read(pointer, capacity)` copies out; its capacity is used, and grown when it is too small. A value may grow
/// between two calls, so it is asked until it fits. `Ok(false)`: not found, `buf` is empty.
///
/// # Safety
/// When `read` returns n with 0 <= n <= capacity, it has initialized n bytes at the pointer.
#[inline]
pub(crate) unsafe fn fill(buf: &mut Vec<u8>, mut read: impl FnMut(*mut u8, usize) -> i64) -> Result<bool> {
    buf.clear();
    loop {
        let answer = read(buf.as_mut_ptr(), buf.capacity());
        let Ok(length) = usize::try_from(answer) else { return absent(answer) };
        if length <= buf.capacity() {
            // SAFETY: the caller's promise: `length` bytes are initialized.
            unsafe { buf.set_len(length) };
            return Ok(true);
        }
        buf.reserve_exact(length);
    }
}

/// The same into a new vector of the right size.
///
/// # Safety
/// As [`fill`].
#[inline]
pub(crate) unsafe fn fill_new(mut read: impl FnMut(*mut u8, usize) -> i64) -> Result<Option<Vec<u8>>> {
    let mut stack = [const { MaybeUninit::<u8>::uninit() }; STACK_BYTES];
    let answer = read(stack.as_mut_ptr().cast(), STACK_BYTES);
    let Ok(length) = usize::try_from(answer) else { return absent(answer).map(|_| None) };
    if length <= STACK_BYTES {
        // SAFETY: the caller's promise: `length` bytes are initialized.
        let bytes = unsafe { std::slice::from_raw_parts(stack.as_ptr().cast::<u8>(), length) };
        return Ok(Some(bytes.to_vec()));
    }
    let mut value = Vec::with_capacity(length);
    // SAFETY: the caller's promise.
    Ok(unsafe { fill(&mut value, read) }?.then_some(value))
}

#[cold]
fn absent(answer: i64) -> Result<bool> {
    if answer == i64::from(sys::FIRN_NOT_FOUND) { Ok(false) } else { Err(Error::from_code(answer)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for the engine: copies `value` when it fits.
    fn reader(value: &[u8]) -> impl FnMut(*mut u8, usize) -> i64 + '_ {
        move |to, capacity| {
            if value.len() <= capacity {
                // SAFETY: the caller gives `capacity` bytes.
                unsafe { std::ptr::copy_nonoverlapping(value.as_ptr(), to, value.len()) };
            }
            value.len() as i64
        }
    }

    #[test]
    fn a_value_of_any_size_arrives_whole() {
        for size in [0, 1, STACK_BYTES - 1, STACK_BYTES, STACK_BYTES + 1, 100_000] {
            let value: Vec<u8> = (0..size).map(|i| i as u8).collect();
            // SAFETY: `reader` keeps the promise.
            let new = unsafe { fill_new(reader(&value)) }.unwrap().unwrap();
            assert_eq!(new, value);
            assert_eq!(new.capacity(), size);
            let mut reused = vec![7; 3];
            // SAFETY: `reader` keeps the promise.
            assert!(unsafe { fill(&mut reused, reader(&value)) }.unwrap());
            assert_eq!(reused, value);
        }
    }

    #[test]
    fn a_value_that_grows_between_two_calls_arrives_whole() {
        let mut sizes = [1000, 2000, 3000].into_iter();
        let growing = |to: *mut u8, capacity: usize| {
            let size = sizes.next().unwrap_or(3000);
            if size <= capacity {
                // SAFETY: the caller gives `capacity` bytes.
                unsafe { to.write_bytes(1, size) };
            }
            size as i64
        };
        // SAFETY: what is counted is written, or exceeds the capacity.
        let value = unsafe { fill_new(growing) };
        assert_eq!(value.unwrap().unwrap(), vec![1; 3000]);
    }

    #[test]
    fn absence_empties_the_buffer_and_codes_are_errors() {
        let mut buf = vec![1, 2, 3];
        // SAFETY: nothing is ever copied.
        assert!(!unsafe { fill(&mut buf, |_, _| i64::from(sys::FIRN_NOT_FOUND)) }.unwrap());
        assert!(buf.is_empty());
        // SAFETY: nothing is ever copied.
        assert!(unsafe { fill_new(|_, _| i64::from(sys::FIRN_CORRUPT)) }.is_err());
    }
}
