//! Futures over a log.

use crate::append::Append;
use crate::asynchronous::{WAIT_SLICE, in_pool};
use crate::error::Result;
use crate::log::Log;
use crate::tail::{Chunk, Record, to_record};

/// A log for tasks of tokio (feature `tokio`); made by [`Log::to_async`], and the same log.
///
/// Appends and reads are done at once, but with [`Durability::Sync`](crate::Durability::Sync) appends go to the pool for blocking work, as everything
/// does that waits.
#[derive(Clone, Debug)]
pub struct AsyncLog {
    log: Log,
}

impl Log {
    /// The same log for tasks of tokio.
    pub fn to_async(&self) -> AsyncLog {
        AsyncLog { log: self.clone() }
    }
}

impl AsyncLog {
    /// The same log for threads.
    pub fn as_log(&self) -> &Log {
        &self.log
    }

    /// Appends a record and returns its index.
    pub async fn append(&self, record: impl AsRef<[u8]>) -> Result<u64> {
        if !self.log.waits_at_append() {
            return self.log.append(record);
        }
        let (log, record) = (self.log.clone(), record.as_ref().to_vec());
        in_pool(move || log.append(record)).await
    }

    /// Appends records together and returns the index of the first.
    pub async fn append_all(&self, records: Append) -> Result<u64> {
        if !self.log.waits_at_append() {
            return self.log.append_all(&records);
        }
        let log = self.log.clone();
        in_pool(move || log.append_all(&records)).await
    }

    /// The record; `None` outside the bounds.
    pub async fn read(&self, index: u64) -> Result<Option<Vec<u8>>> {
        self.log.read(index)
    }

    /// Everything appended before the call is durable when it is ready.
    pub async fn sync(&self) -> Result<()> {
        let log = self.log.clone();
        in_pool(move || log.sync()).await
    }

    /// The records from `from` on, and then those that are appended.
    pub fn tail(&self, from: u64) -> AsyncTail {
        AsyncTail { log: self.log.clone(), chunk: Chunk::new(from) }
    }

    /// Closes the log for all clones.
    pub async fn close(&self) -> Result<()> {
        let log = self.log.clone();
        in_pool(move || log.close()).await
    }
}

/// The records of a log, and those that are still to come; see [`AsyncLog::tail`]. A call of `next` that is dropped before it is ready loses nothing.
pub struct AsyncTail {
    log: Log,
    chunk: Chunk,
}

impl AsyncTail {
    /// The next record, as soon as it is there. [`Closed`](crate::ErrorKind::Closed) when the log is closed.
    pub async fn next(&mut self) -> Result<Record> {
        loop {
            if let Some(record) = self.chunk.next(&self.log)? {
                return Ok(to_record(record));
            }
            let (log, index) = (self.log.clone(), self.chunk.next_index());
            in_pool(move || log.wait_for(index, WAIT_SLICE)).await?;
        }
    }
}

impl std::fmt::Debug for AsyncTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncTail").field("next", &self.chunk.next_index()).finish_non_exhaustive()
    }
}
