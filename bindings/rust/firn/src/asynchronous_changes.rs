//! The change feed as futures.

use std::sync::Arc;

use firn_sys as sys;

use crate::asynchronous::AsyncDb;
use crate::changes::Changes;
use crate::db::Db;
use crate::error::Result;
use crate::follow::Cursor;
use crate::watch::Watch;

/// What was committed, and what is still to come; see [`AsyncDb::follow_changes`]. A call of `next` that is dropped before it is ready loses nothing.
pub struct AsyncChangeFollower {
    watch: Arc<Watch<Db>>,
    cursor: Cursor,
}

impl AsyncDb {
    /// The commits from version `from` on, and then those that are made; see [`Db::follow_changes`]. What is there is read at once, waiting holds no thread.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?.to_async();
    /// let (_, next) = db.changes_bounds().await?;
    /// let mut follower = db.follow_changes(next);
    /// db.put("k", "v").await?;
    /// assert_eq!(follower.next().await?.iter().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow_changes(&self, from: u64) -> AsyncChangeFollower {
        AsyncChangeFollower { watch: Arc::clone(self.watch()), cursor: Cursor::new(from, 0) }
    }

    /// The same of durable commits only.
    pub fn follow_durable_changes(&self, from: u64) -> AsyncChangeFollower {
        AsyncChangeFollower { watch: Arc::clone(self.watch()), cursor: Cursor::new(from, sys::FIRN_CHANGES_DURABLE) }
    }
}

impl AsyncChangeFollower {
    /// The next commits, as soon as there are any. [`Closed`](crate::ErrorKind::Closed) when the database is closed.
    pub async fn next(&mut self) -> Result<Changes> {
        let cursor = &mut self.cursor;
        self.watch.wait(|db| cursor.try_next(db)).await
    }

    /// The next commits if they are there already.
    pub fn try_next(&mut self) -> Result<Option<Changes>> {
        self.cursor.try_next(self.watch.watched())
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
