//! Operating a database: what it has done by itself, a copy of it as it is, going on after a failure of the disk.

use std::path::Path;
use std::time::{Duration, SystemTime};

use firn_sys as sys;

use crate::db::Db;
use crate::error::{Error, Result, check, check_number};
use crate::settings::c_path;

/// So many are kept, see firn_events_poll.
const EVENTS_KEPT: usize = 256;

/// Something that the database has done by itself, or that has happened to it: [`Db::events`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Event {
    /// 1, 2, 3 and so on since the opening; a gap: older events gave way to newer ones.
    pub number: u64,
    /// When it ended.
    pub time: SystemTime,
    /// What happened.
    pub kind: EventKind,
    /// Of a flush or a compaction: why it failed (it is tried again); of [`EventKind::Error`]: its kind.
    pub error: Option<Error>,
    /// Of flush, compaction (work alone, not the pauses) and stall.
    pub duration: Duration,
    /// By a compaction.
    pub bytes_read: u64,
    /// By a flush or a compaction.
    pub bytes_written: u64,
}

/// What an [`Event`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// Memtables became tables.
    Flush,
    /// Tables became fewer.
    Compaction,
    /// A writer had to wait for a flush or a compaction; told when the wait is over.
    Stall,
    /// The database has become read-only: [`Db::last_error`] tells why, [`Db::resume`] ends it.
    Error,
    /// It takes writes again.
    Resumed,
    /// Of a kind that this version of the crate has no name for.
    Other(u32),
}

impl EventKind {
    fn new(kind: u32) -> Self {
        match kind {
            sys::FIRN_EVENT_FLUSH => Self::Flush,
            sys::FIRN_EVENT_COMPACTION => Self::Compaction,
            sys::FIRN_EVENT_STALL => Self::Stall,
            sys::FIRN_EVENT_ERROR => Self::Error,
            sys::FIRN_EVENT_RESUMED => Self::Resumed,
            other => Self::Other(other),
        }
    }
}

impl Event {
    fn new(c: &sys::firn_event) -> Self {
        Self {
            number: c.number,
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(c.time_ms).unwrap_or(0)),
            kind: EventKind::new(c.kind),
            error: check(c.code).err(),
            duration: Duration::from_micros(c.duration_us),
            bytes_read: c.bytes_read,
            bytes_written: c.bytes_written,
        }
    }
}

impl Db {
    /// The events from number `from` on, oldest first; the last 256 are kept. To go on, pass the last number + 1: readers do not disturb each other.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// db.put("ice", "old snow")?;
    /// db.flush()?;
    /// let events = db.events(1)?;
    /// assert_eq!(events[0].kind, firn::EventKind::Flush);
    /// assert!(events[0].error.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self, from: u64) -> Result<Vec<Event>> {
        let mut kept = Vec::<sys::firn_event>::with_capacity(EVENTS_KEPT);
        // SAFETY: there is room for that many.
        let answer = unsafe { sys::firn_events_poll(self.handle(), from, kept.as_mut_ptr(), EVENTS_KEPT) };
        let count = self.explain(check_number(answer))? as usize;
        // SAFETY: the engine has filled in `count` events, not more than there was room for.
        unsafe { kept.set_len(count) };
        Ok(kept.iter().map(Event::new).collect())
    }

    /// Makes a database of its own in the directory `path`, which must not exist while its parent must: everything that was acknowledged before the call, as
    /// one state, whatever is written meanwhile. Tables are linked where the file system can, else copied; writers are not held up. Durable when it
    /// returns; on a failure nothing is left there.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("copy");
    /// # let db = firn::Db::in_memory()?;
    /// db.put("ice", "then")?;
    /// db.checkpoint(&path)?;
    /// db.put("ice", "now")?;
    /// assert_eq!(firn::Db::open(&path)?.get("ice")?.as_deref(), Some(&b"then"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn checkpoint(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path)?;
        let mut error = sys::firn_error::INIT;
        // SAFETY: a C string and a firn_error with its size set.
        match unsafe { sys::firn_checkpoint(self.handle(), path.as_ptr(), &mut error) } {
            sys::FIRN_OK => Ok(()),
            _ => Err(Error::from_engine(&error)),
        }
    }

    /// After a failed write or sync has made the database read-only, and its cause is gone (space was freed): makes everything that readers see durable, and takes
    /// writes again. Does nothing where there was no failure. After an error the database is as before: call again.
    pub fn resume(&self) -> Result<()> {
        // SAFETY: a handle that was opened.
        self.explain(check(unsafe { sys::firn_resume(self.handle()) }))
    }
}
