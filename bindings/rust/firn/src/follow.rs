//! Following the change feed: commits as they are made, by whichever thread or process. A follower is used by one thread at a time.

use std::ffi::{c_int, c_short, c_ulong};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use firn_sys as sys;

use crate::changes::Changes;
use crate::db::Db;
use crate::error::{ErrorKind, Result};

/// A wait looks again so often: another follower may have taken the signal.
const TURN: Duration = Duration::from_millis(100);
/// How often a read-only opening looks for what its writer, in another process, has made.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// What [`Db::changes`] gives, and then what is committed, waiting for it; see [`Db::follow_changes`].
///
/// As an iterator it waits for ever: it ends when the database is closed, and after an error. [`NotFound`](ErrorKind::NotFound) is the one of a follower
/// that was so slow that what comes next is not kept any more.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// let (_, next) = db.changes_bounds()?;
/// let mut follower = db.follow_changes(next);
/// std::thread::scope(|scope| {
///     scope.spawn(|| db.put("k", "v").unwrap());
///     for changes in &mut follower {
///         for change in changes?.iter() {
///             println!("{change:?}");
///         }
///         break;
///     }
///     firn::Result::Ok(())
/// })?;
/// assert!(follower.next_for(std::time::Duration::from_millis(5))?.is_none());
/// assert_eq!(follower.next_version(), next + 1);
/// # Ok(())
/// # }
/// ```
pub struct ChangeFollower<'db> {
    db: &'db Db,
    cursor: Cursor,
    is_over: bool,
}

impl ChangeFollower<'_> {
    /// From where to go on: one above the last version that it gave.
    pub fn next_version(&self) -> u64 {
        self.cursor.next_version()
    }

    /// The next commits if they are there already.
    pub fn try_next(&mut self) -> Result<Option<Changes>> {
        self.cursor.try_next(self.db)
    }

    /// The next commits, waited for at most this time.
    pub fn next_for(&mut self, time: Duration) -> Result<Option<Changes>> {
        self.next_until(Instant::now().checked_add(time))
    }

    fn next_until(&mut self, end: Option<Instant>) -> Result<Option<Changes>> {
        loop {
            if let Some(changes) = self.try_next()? {
                return Ok(Some(changes));
            }
            let left = end.map_or(TURN, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            self.cursor.signal(self.db)?.wait(self.db, left)?;
        }
    }
}

impl Iterator for ChangeFollower<'_> {
    type Item = Result<Changes>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let step = self.next_until(None);
        self.is_over = step.is_err();
        match step {
            Err(error) if error.kind() == ErrorKind::Closed => None,
            step => step.transpose(),
        }
    }
}

impl std::iter::FusedIterator for ChangeFollower<'_> {}

impl std::fmt::Debug for ChangeFollower<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeFollower").field("next", &self.next_version()).finish_non_exhaustive()
    }
}

impl Db {
    /// The commits from version `from` on, and then those that are made, waiting for them. A [`read_only`](crate::Options::read_only) opening is refreshed
    /// many times a second.
    pub fn follow_changes(&self, from: u64) -> ChangeFollower<'_> {
        ChangeFollower { db: self, cursor: Cursor::new(from, 0), is_over: false }
    }

    /// The same of durable commits only.
    pub fn follow_durable_changes(&self, from: u64) -> ChangeFollower<'_> {
        ChangeFollower { db: self, cursor: Cursor::new(from, sys::FIRN_CHANGES_DURABLE), is_over: false }
    }
}

/// Where a follower is.
pub(crate) struct Cursor {
    next: u64,
    flags: u32,
    /// Made when there is something to wait for.
    signal: Option<Arc<Signal>>,
}

impl Cursor {
    pub(crate) fn new(from: u64, flags: u32) -> Self {
        Self { next: from, flags, signal: None }
    }

    pub(crate) fn next_version(&self) -> u64 {
        self.next
    }

    pub(crate) fn try_next(&mut self, db: &Db) -> Result<Option<Changes>> {
        let changes = db.read_changes(self.next, self.flags)?;
        let Some(next) = changes.next_version() else { return Ok(None) };
        self.next = next;
        Ok(Some(changes))
    }

    pub(crate) fn signal(&mut self, db: &Db) -> Result<Arc<Signal>> {
        if let Some(signal) = &self.signal {
            return Ok(Arc::clone(signal));
        }
        let signal = Arc::new(Signal::new(db)?);
        self.signal = Some(Arc::clone(&signal));
        Ok(signal)
    }
}

/// What tells that there may be more commits.
pub(crate) enum Signal {
    /// Of the database, but a descriptor of the follower's own.
    Descriptor(File),
    /// Whoever writes is in another process.
    Clock,
}

impl Signal {
    fn new(db: &Db) -> Result<Self> {
        if db.inner().manner().is_read_only {
            return Ok(Self::Clock);
        }
        db.inner().notify_fd().map(|own| Self::Descriptor(own.into()))
    }

    /// Comes back when there may be more commits, when the database is closed, or after `time`, if not before.
    pub(crate) fn wait(&self, db: &Db, time: Duration) -> Result<()> {
        match self {
            Self::Descriptor(descriptor) => {
                if is_readable(descriptor.as_raw_fd(), time.min(TURN)) {
                    // It does not block. Where another follower has read it already, that is well too.
                    let _ = { descriptor }.read(&mut [0; 8]);
                }
                Ok(())
            }
            Self::Clock => {
                std::thread::sleep(time.min(POLL));
                db.refresh()
            }
        }
    }
}

/// `struct pollfd` of poll(2).
#[repr(C)]
struct PollFd {
    fd: c_int,
    events: c_short,
    revents: c_short,
}

const POLLIN: c_short = 1;

unsafe extern "C" {
    fn poll(fds: *mut PollFd, count: c_ulong, timeout_ms: c_int) -> c_int;
}

/// Waits for a descriptor. A signal that interrupts the wait ends it.
fn is_readable(fd: RawFd, time: Duration) -> bool {
    let mut one = PollFd { fd, events: POLLIN, revents: 0 };
    let timeout_ms = c_int::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX);
    // SAFETY: one pollfd, which outlives the call.
    unsafe { poll(&mut one, 1, timeout_ms) > 0 }
}
