//! The durable log: records with dense indexes, appended at the end, removed at either end.

use std::ffi::CStr;
use std::fmt;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use firn_sys as sys;

use crate::append::Append;
use crate::db::{Recovery, duplicate};
use crate::error::{Error, Result, check, check_number, found, last_failure, with_cause};
use crate::fill::{fill, fill_new};
use crate::log_options::LogOptions;
use crate::pinned::Pinned;
use crate::settings::{Manner, Settings};
use crate::tail::{Records, Tail};
#[cfg(feature = "tokio")]
use crate::watch::{Watched, Watches};

/// A durable log in a directory of its own: records with the indexes 0, 1, 2 ..., appended at the end, removed at either end.
///
/// A cheap handle, like [`Db`](crate::Db): clones are the same log. Any thread may call anything at any time.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// let log = firn::Log::open(directory.path().join("log"))?;
/// let index = log.append("hello")?;
/// log.append_all(firn::Append::new().push("a").push("b"))?;
/// assert_eq!(log.read(index)?.as_deref(), Some(&b"hello"[..]));
/// assert_eq!(log.bounds()?, 0..3);
/// log.sync()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    handle: NonNull<sys::firn_log>,
    manner: Manner,
    #[cfg(feature = "tokio")]
    watches: Watches,
    /// Held by a close, and by those whom it must not overtake.
    closing: Mutex<()>,
}

// SAFETY: firn.h: "Every function may be called by any thread at any time".
unsafe impl Send for Inner {}
// SAFETY: as above; also a close that overlaps other calls is an answer.
unsafe impl Sync for Inner {}

impl Inner {
    fn close(&self) -> Result<()> {
        let _alone = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: closing a second time answers FIRN_CLOSED.
        let code = unsafe { sys::firn_log_close(self.handle.as_ptr()) };
        #[cfg(feature = "tokio")]
        self.watches.closed();
        match code {
            sys::FIRN_OK | sys::FIRN_CLOSED => Ok(()),
            code => Err(Error::from_code(i64::from(code))),
        }
    }

    fn last_error(&self) -> Option<sys::firn_error> {
        // SAFETY: a handle that was opened, and a firn_error with its size set.
        last_failure(|error| unsafe { sys::firn_log_error(self.handle.as_ptr(), error) })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nobody is there to hear of an error; `Log::close` is for those who want to.
        let _ = self.close();
    }
}

impl Log {
    /// Opens the log in the directory `path`, creating it when it is missing. [`LogOptions`] is for everything else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        LogOptions::new().open(path)
    }

    pub(crate) fn open_with(path: &CStr, settings: &Settings) -> Result<Self> {
        let options = settings.to_engine()?;
        let mut error = sys::firn_error::INIT;
        // SAFETY: a C string, a live handle and a firn_error with its size set; all outlive the call.
        let handle = NonNull::new(unsafe { sys::firn_log_open(path.as_ptr(), options.as_ptr(), &mut error) });
        let handle = handle.ok_or_else(|| Error::from_engine(&error))?;
        let inner = Inner {
            handle,
            manner: settings.manner(),
            #[cfg(feature = "tokio")]
            watches: Watches::default(),
            closing: Mutex::new(()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    #[inline]
    pub(crate) fn handle(&self) -> *mut sys::firn_log {
        self.inner.handle.as_ptr()
    }

    pub(crate) fn manner(&self) -> &Manner {
        &self.inner.manner
    }

    /// Closes the log for all clones, and ends their waits: makes everything durable, releases the lock. Every later call fails with
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn close(&self) -> Result<()> {
        self.inner.close()
    }

    /// Appends a record of 0 bytes to 1 GiB and returns its index.
    #[inline]
    pub fn append(&self, record: impl AsRef<[u8]>) -> Result<u64> {
        let record = record.as_ref();
        // SAFETY: `record` outlives the call.
        self.number(unsafe { sys::firn_log_append(self.handle(), record.as_ptr(), record.len()) })
    }

    /// Appends records together and returns the index of the first; of none: the next index.
    pub fn append_all(&self, records: &Append) -> Result<u64> {
        let packed = records.packed()?;
        // SAFETY: the packed records outlive the call.
        self.number(unsafe { sys::firn_log_append_batch(self.handle(), packed.as_ptr(), packed.len()) })
    }

    /// The record, copied into a new vector; `None` outside the bounds.
    pub fn read(&self, index: u64) -> Result<Option<Vec<u8>>> {
        let handle = self.handle();
        // SAFETY: the engine writes at most `capacity` bytes at `to`, and all of the length that it returns if that fits.
        self.explain(unsafe { fill_new(|to, capacity| sys::firn_log_read(handle, index, to, capacity)) })
    }

    /// The record, copied into `buf`; `false` outside the bounds.
    pub fn read_into(&self, index: u64, buf: &mut Vec<u8>) -> Result<bool> {
        let handle = self.handle();
        // SAFETY: as in `read`.
        self.explain(unsafe { fill(buf, |to, capacity| sys::firn_log_read(handle, index, to, capacity)) })
    }

    /// The record in place, without a copy; its `version()` is the index.
    pub fn read_pinned(&self, index: u64) -> Result<Option<Pinned<'_>>> {
        let mut pin = Pinned::none();
        // SAFETY: `pin` is a firn_pin_t, filled on FIRN_OK and zeroed otherwise.
        let code = unsafe { sys::firn_log_pin(self.handle(), index, pin.raw()) };
        self.explain(found(code)).map(|is_there| is_there.then_some(pin))
    }

    /// The records from `from` on, up to the present end. [`NotFound`](crate::ErrorKind::NotFound) when it is outside the bounds.
    pub fn records(&self, from: u64) -> Records<'_> {
        Records::new(self, from)
    }

    /// The records from `from` on, and then those that are appended, waiting for them. A [`read_only`](LogOptions::read_only) opening is refreshed many times a
    /// second, so that it gives those of the writer.
    pub fn tail(&self, from: u64) -> Tail<'_> {
        Tail::new(self, from)
    }

    /// The indexes that can be read.
    pub fn bounds(&self) -> Result<Range<u64>> {
        let (mut first, mut next) = (0, 0);
        // SAFETY: two numbers to be filled in.
        self.check(unsafe { sys::firn_log_bounds_to(self.handle(), &mut first, &mut next) })?;
        Ok(first..next)
    }

    /// Records below this index are durable.
    pub fn durable(&self) -> Result<u64> {
        // SAFETY: a handle that was opened.
        self.number(unsafe { sys::firn_log_durable(self.handle()) })
    }

    /// Everything appended before the call is durable after it. Does not block appends.
    pub fn sync(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_log_sync(self.handle()) })
    }

    /// Waits until the record is there. [`Cancelled`](crate::ErrorKind::Cancelled) after [`wake`](Self::wake), [`NotFound`](crate::ErrorKind::NotFound) when it was
    /// removed at the front.
    pub fn wait(&self, index: u64) -> Result<()> {
        // SAFETY: plain numbers besides the handle.
        self.check(unsafe { sys::firn_log_wait(self.handle(), index, -1) })
    }

    /// The same for at most this time; whether it is there.
    pub fn wait_for(&self, index: u64, time: Duration) -> Result<bool> {
        let timeout_ms = i32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
        // SAFETY: plain numbers besides the handle.
        match unsafe { sys::firn_log_wait(self.handle(), index, timeout_ms) } {
            sys::FIRN_TIMEOUT => Ok(false),
            code => self.check(code).map(|()| true),
        }
    }

    /// Ends the waits that go on.
    pub fn wake(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_log_wake(self.handle()) })
    }

    /// A descriptor for poll(2) and event loops, readable with the first append after [`records`](Self::records) or a [`tail`](Self::tail) had come to the end,
    /// when the durable bound moves, after [`wake`](Self::wake) and when the log closes. It is the caller's own and stays open when the log is closed. The counter behind it is
    /// shared; see [`Db::notify_fd`](crate::Db::notify_fd).
    pub fn notify_fd(&self) -> Result<OwnedFd> {
        // SAFETY: a handle that was opened.
        self.explain(duplicate(&self.inner.closing, || unsafe { sys::firn_log_notify_fd(self.handle()) }))
    }

    /// The first index whose record was appended at `time` or later; the next index when there is none.
    pub fn seek_time(&self, time: SystemTime) -> Result<u64> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        // SAFETY: plain numbers besides the handle.
        self.number(unsafe { sys::firn_log_seek_time(self.handle(), ms) })
    }

    /// Removes the records before `index`, which becomes the first. Durable when it returns.
    pub fn trim_before(&self, index: u64) -> Result<()> {
        // SAFETY: plain numbers besides the handle.
        self.check(unsafe { sys::firn_log_trim_before(self.handle(), index) })
    }

    /// Removes the records after `index`, which is the last one kept; later appends are given their indexes again. Durable when it returns.
    pub fn trim_after(&self, index: u64) -> Result<()> {
        // SAFETY: plain numbers besides the handle.
        self.check(unsafe { sys::firn_log_trim_after(self.handle(), index) })
    }

    /// Empties the log; it goes on at `next`. Durable when it returns.
    pub fn reset(&self, next: u64) -> Result<()> {
        // SAFETY: plain numbers besides the handle.
        self.check(unsafe { sys::firn_log_reset(self.handle(), next) })
    }

    /// Applies the retention of the options now; how many segments were deleted.
    pub fn retain(&self) -> Result<u64> {
        // SAFETY: a handle that was opened.
        self.number(unsafe { sys::firn_log_retain(self.handle()) })
    }

    /// A [`read_only`](LogOptions::read_only) opening goes on to what a writer has made since.
    pub fn refresh(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_log_refresh(self.handle()) })
    }

    /// What opening found.
    pub fn recovery(&self) -> Result<Recovery> {
        let mut info = sys::firn_recovery_info::INIT;
        // SAFETY: `info` is a firn_recovery_info with its size set.
        self.check(unsafe { sys::firn_log_recovery(self.handle(), &mut info) })?;
        Ok(Recovery::new(&info))
    }

    /// The error that has made the log read-only, if there was one.
    pub fn last_error(&self) -> Option<Error> {
        self.inner.last_error().map(|error| Error::from_engine(&error))
    }

    /// Adds what the log knows about the failure of its disk, when the error is of that sort.
    #[inline]
    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| with_cause(error, || self.inner.last_error()))
    }

    #[inline]
    fn number(&self, answer: i64) -> Result<u64> {
        self.explain(check_number(answer))
    }

    #[inline]
    fn check(&self, code: i32) -> Result<()> {
        self.explain(check(code))
    }
}

#[cfg(feature = "tokio")]
impl Watched for Log {
    fn descriptor(&self) -> Result<OwnedFd> {
        self.notify_fd()
    }

    fn is_read_only(&self) -> bool {
        self.inner.manner.is_read_only
    }

    fn refresh(&self) -> Result<()> {
        self.refresh()
    }

    fn watches(&self) -> &Watches {
        &self.inner.watches
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("bounds", &self.bounds().ok()).finish()
    }
}
