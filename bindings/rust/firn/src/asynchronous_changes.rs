//! The change feed as futures.

use firn_sys as sys;

use crate::asynchronous::{AsyncDb, WAIT_SLICE, in_pool};
use crate::changes::Changes;
use crate::db::Db;
use crate::error::Result;
use crate::follow::Cursor;

/// What was committed, and what is still to come; see [`AsyncDb::follow_changes`]. A call of `next` that is dropped before it is ready loses nothing.
pub struct AsyncChangeFollower {
    db: Db,
    cursor: Cursor,
}

impl AsyncDb {
    /// The commits from version `from` on, and then those that are made; see [`Db::follow_changes`]. What is there is read at once, waiting is done in the pool.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?.to_async();
    /// let (_, next) = db.as_db().changes_bounds()?;
    /// let mut follower = db.follow_changes(next);
    /// db.put("k", "v").await?;
    /// assert_eq!(follower.next().await?.iter().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow_changes(&self, from: u64) -> AsyncChangeFollower {
        AsyncChangeFollower { db: self.as_db().clone(), cursor: Cursor::new(from, 0) }
    }

    /// The same of durable commits only.
    pub fn follow_durable_changes(&self, from: u64) -> AsyncChangeFollower {
        AsyncChangeFollower { db: self.as_db().clone(), cursor: Cursor::new(from, sys::FIRN_CHANGES_DURABLE) }
    }
}

impl AsyncChangeFollower {
    /// The next commits, as soon as there are any. [`Closed`](crate::ErrorKind::Closed) when the database is closed.
    pub async fn next(&mut self) -> Result<Changes> {
        loop {
            if let Some(changes) = self.cursor.try_next(&self.db)? {
                return Ok(changes);
            }
            let (db, signal) = (self.db.clone(), self.cursor.signal(&self.db)?);
            in_pool(move || signal.wait(&db, WAIT_SLICE)).await?;
        }
    }

    /// From where to go on: one above the last version that it gave.
    pub fn next_version(&self) -> u64 {
        self.cursor.next_version()
    }
}

impl std::fmt::Debug for AsyncChangeFollower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncChangeFollower").field("next", &self.cursor.next_version()).finish_non_exhaustive()
    }
}
