//! A database: opening and closing, durability, maintenance. Keys and values are in [`Namespace`].

use std::ffi::CStr;
use std::fmt;
use std::ops::Deref;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use firn_sys as sys;

use crate::error::{Error, Result, last_failure, with_cause};
use crate::namespace::Namespace;
use crate::options::Options;
use crate::settings::{Manner, Settings, c_path};
#[cfg(feature = "tokio")]
use crate::watch::{Watched, Watches};

/// An open database.
///
/// A cheap handle: clone it, send it, share it; all clones are the same database, which closes with the last of them, or for all of them with
/// [`close`](Self::close). Any thread may call anything at any time.
///
/// It dereferences to its default [`Namespace`], so that `db.get(..)`, `db.put(..)` and `db.range(..)` work on it.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// let db = firn::Db::in_memory()?;
/// db.put("ice", "old snow")?;
/// assert_eq!(db.get("ice")?.as_deref(), Some(&b"old snow"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Db {
    root: Namespace,
}

/// What all clones share.
pub(crate) struct Inner {
    handle: NonNull<sys::firn_db>,
    /// Distinguishes databases, also one that lies where an earlier one lay.
    id: u64,
    manner: Manner,
    #[cfg(feature = "tokio")]
    watches: Watches,
    /// Held by a close, and by those whom it must not overtake.
    closing: Mutex<()>,
}

// SAFETY: firn.h: "firn_db: any thread at any time".
unsafe impl Send for Inner {}
// SAFETY: as above; also a close that overlaps other calls is an answer (FIRN_CLOSED), never undefined.
unsafe impl Sync for Inner {}

impl Inner {
    #[inline]
    pub(crate) fn handle(&self) -> *mut sys::firn_db {
        self.handle.as_ptr()
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn manner(&self) -> &Manner {
        &self.manner
    }

    /// Adds what the database knows about its last background or disk error, when `error` is of that sort.
    #[cold]
    pub(crate) fn explain(&self, error: Error) -> Error {
        with_cause(error, || self.last_error())
    }

    fn last_error(&self) -> Option<sys::firn_error> {
        // SAFETY: a handle that was opened, and a firn_error with its size set.
        last_failure(|error| unsafe { sys::firn_db_error(self.handle(), error) })
    }

    pub(crate) fn notify_fd(&self) -> Result<OwnedFd> {
        // SAFETY: a handle that was opened.
        duplicate(&self.closing, || unsafe { sys::firn_notify_fd(self.handle()) }).map_err(|error| self.explain(error))
    }

    fn close(&self) -> Result<()> {
        let _alone = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: closing a second time answers FIRN_CLOSED.
        let code = unsafe { sys::firn_close(self.handle()) };
        #[cfg(feature = "tokio")]
        self.watches.closed();
        match code {
            sys::FIRN_OK | sys::FIRN_CLOSED => Ok(()),
            code => Err(Error::from_code(i64::from(code))),
        }
    }
}

/// A descriptor of the caller's own for the engine's, which `ask` tells and which a close, that takes the lock `closing`, makes invalid.
pub(crate) fn duplicate(closing: &Mutex<()>, ask: impl FnOnce() -> i32) -> Result<OwnedFd> {
    let _not_closing = closing.lock().unwrap_or_else(PoisonError::into_inner);
    let theirs = ask();
    if theirs < 0 {
        return Err(Error::from_code(i64::from(theirs)));
    }
    // SAFETY: the engine has it open until it is closed, which waits for the lock.
    let theirs = unsafe { BorrowedFd::borrow_raw(theirs) };
    theirs.try_clone_to_owned().map_err(|error| Error::explained(sys::FIRN_IO, format!("the system gave no descriptor: {error}")))
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nobody is there to hear of an error; `Db::close` is for those who want to.
        let _ = self.close();
    }
}

/// What opening found; see [`Db::recovery`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The last opening was closed in order, or the database is new.
    pub clean: bool,
    /// Commits found in the write-ahead log.
    pub records_replayed: u64,
    /// Bytes of these.
    pub bytes_replayed: u64,
    /// The torn tail: written, never made durable, cut.
    pub bytes_dropped: u64,
    /// Where a tail was cut: file and offset.
    pub dropped_at: Option<(std::path::PathBuf, u64)>,
}

impl Recovery {
    pub(crate) fn new(info: &sys::firn_recovery_info) -> Self {
        let file = crate::error::text(&info.dropped_file);
        Self {
            clean: info.clean == 1,
            records_replayed: info.records_replayed,
            bytes_replayed: info.bytes_replayed,
            bytes_dropped: info.bytes_dropped,
            dropped_at: (!file.is_empty()).then(|| (file.into(), info.dropped_offset)),
        }
    }
}

impl Db {
    /// Opens the database in the directory `path`, creating it when it is missing. After a crash no flag is needed: what was acknowledged is
    /// recovered. [`Options`] is for everything else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Options::new().open(path)
    }

    /// Opens a database without files, gone when it is closed.
    pub fn in_memory() -> Result<Self> {
        Options::new().open_in_memory()
    }

    /// [`Options::new`].
    pub fn options() -> Options {
        Options::new()
    }

    pub(crate) fn open_with(path: &CStr, settings: &Settings) -> Result<Self> {
        static OPENINGS: AtomicU64 = AtomicU64::new(0);
        let options = settings.to_engine()?;
        let mut error = sys::firn_error::INIT;
        // SAFETY: a C string, a live handle and a firn_error with its size set; all outlive the call.
        let handle = NonNull::new(unsafe { sys::firn_open(path.as_ptr(), options.as_ptr(), &mut error) });
        let handle = handle.ok_or_else(|| Error::from_engine(&error))?;
        let inner = Inner {
            handle,
            id: OPENINGS.fetch_add(1, Ordering::Relaxed),
            manner: settings.manner(),
            #[cfg(feature = "tokio")]
            watches: Watches::default(),
            closing: Mutex::new(()),
        };
        Ok(Self { root: Namespace::root(Arc::new(inner)) })
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        self.root.inner()
    }

    /// Closes the database for all clones: waits for calls in progress, makes everything acknowledged durable, releases the lock. Always closes, also
    /// when it returns an error. Every later call fails with [`Closed`](crate::ErrorKind::Closed); a second close does nothing.
    pub fn close(&self) -> Result<()> {
        self.inner().close()
    }

    /// Everything acknowledged before the call is durable after it. Does not block writers.
    pub fn sync(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_sync(self.inner().handle()) })
    }

    /// Waits until the commits up to `version` are durable; 0 stands for all that were acknowledged before the call.
    /// [`Cancelled`](crate::ErrorKind::Cancelled) after [`wake`](Self::wake).
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// let version = db.write(firn::Batch::new().put("k", "v"))?;
    /// db.wait_durable(version)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_durable(&self, version: u64) -> Result<()> {
        // SAFETY: plain numbers besides the handle.
        self.check(unsafe { sys::firn_wait_durable(self.inner().handle(), version, -1) })
    }

    /// The same for at most this time, 0 only looks; whether they are durable. A sync that has begun is not cut short.
    pub fn wait_durable_for(&self, version: u64, time: std::time::Duration) -> Result<bool> {
        let timeout_ms = i32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
        // SAFETY: plain numbers besides the handle.
        match unsafe { sys::firn_wait_durable(self.inner().handle(), version, timeout_ms) } {
            sys::FIRN_TIMEOUT => Ok(false),
            code => self.check(code).map(|()| true),
        }
    }

    /// Ends the waits that go on in [`wait_durable`](Self::wait_durable).
    pub fn wake(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_wake(self.inner().handle()) })
    }

    /// A descriptor for poll(2) and event loops, readable when the durable bound moves, with every [`Event`](crate::Event), with the first commit after
    /// [`changes`](Self::changes) had none to give, after [`wake`](Self::wake) and when the database closes. It is the caller's own and stays open when the
    /// database is closed.
    ///
    /// The counter behind it is shared by all descriptors of the database, those of [`follow_changes`](Self::follow_changes) among them: reading 8 bytes clears it
    /// for everybody but the futures of the feature `tokio`. Who waits should look again once in a while.
    pub fn notify_fd(&self) -> Result<OwnedFd> {
        self.inner().notify_fd()
    }

    /// A [`read_only`](Options::read_only) opening goes on to what a writer has made since; what is read at the moment stays where it is.
    pub fn refresh(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_refresh(self.inner().handle()) })
    }

    /// Writes the memtables to tables and waits for it.
    pub fn flush(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_flush(self.inner().handle()) })
    }

    /// Brings the whole database into its smallest form: one sorted run without deleted or expired entries. Waits for it.
    pub fn compact(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.check(unsafe { sys::firn_compact(self.inner().handle()) })
    }

    /// For [`single_threaded`](Options::single_threaded) databases: does background work for at most `max_ms` milliseconds. Whether there is more to do.
    pub fn run_jobs(&self, max_ms: u32) -> Result<bool> {
        let max_ms = i32::try_from(max_ms).unwrap_or(i32::MAX);
        // SAFETY: a handle that was opened.
        let answer = unsafe { sys::firn_run_jobs(self.inner().handle(), max_ms) };
        crate::error::check_predicate(answer).map_err(|error| self.inner().explain(error))
    }

    /// What opening found: whether the last close was clean, and what was cut.
    pub fn recovery(&self) -> Result<Recovery> {
        let mut info = sys::firn_recovery_info::INIT;
        // SAFETY: `info` is a firn_recovery_info with its size set.
        self.check(unsafe { sys::firn_recovery(self.inner().handle(), &mut info) })?;
        Ok(Recovery::new(&info))
    }

    /// The last error of background work or of the disk, if there was one.
    pub fn last_error(&self) -> Option<Error> {
        self.inner().last_error().map(|error| Error::from_engine(&error))
    }

    /// Verifies a database that no one has open for writing: every checksum, the order of keys, tables against the manifest, the log. Reads
    /// everything, writes nothing.
    pub fn verify(path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path)?;
        let mut error = sys::firn_error::INIT;
        // SAFETY: a C string and a firn_error with its size set.
        match unsafe { sys::firn_check(path.as_ptr(), &mut error) } {
            sys::FIRN_OK => Ok(()),
            _ => Err(Error::from_engine(&error)),
        }
    }

    #[inline]
    fn check(&self, code: i32) -> Result<()> {
        crate::error::check(code).map_err(|error| self.inner().explain(error))
    }
}

#[cfg(feature = "tokio")]
impl Watched for Db {
    fn descriptor(&self) -> Result<OwnedFd> {
        self.inner().notify_fd()
    }

    fn is_read_only(&self) -> bool {
        self.inner().manner.is_read_only
    }

    fn refresh(&self) -> Result<()> {
        self.refresh()
    }

    fn watches(&self) -> &Watches {
        &self.inner().watches
    }
}

impl Deref for Db {
    type Target = Namespace;

    #[inline]
    fn deref(&self) -> &Namespace {
        &self.root
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("id", &self.inner().id).finish_non_exhaustive()
    }
}

/// The version of the library that is linked: (major, minor, patch).
pub fn library_version() -> (u8, u8, u8) {
    // SAFETY: takes nothing.
    let version = unsafe { sys::firn_version() };
    ((version >> 16) as u8, (version >> 8) as u8, version as u8)
}

/// What the library was built with: version, compiler, checksum and compression libraries.
pub fn build_info() -> &'static str {
    // SAFETY: static text.
    unsafe { CStr::from_ptr(sys::firn_build_info()) }.to_str().unwrap_or_default()
}
