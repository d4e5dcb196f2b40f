//! Futures over a log.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use firn_sys as sys;

use crate::append::Append;
use crate::asynchronous::in_pool;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;
use crate::log_options::LogOptions;
use crate::pinned::Pinned;
use crate::tail::{Chunk, Record, to_record};
use crate::watch::Watch;

/// A log for tasks of tokio (feature `tokio`); made by [`Log::to_async`] or [`open`](Self::open), and the same log.
///
/// Appends and reads are done at once, but with [`Durability::Sync`](crate::Durability::Sync) appends go to the pool for blocking work, as everything
/// does that waits for the disk. A tail that waits holds no thread; what [`AsyncDb`](crate::AsyncDb) says of drivers and runtimes holds here too.
#[derive(Clone, Debug)]
pub struct AsyncLog {
    watch: Arc<Watch<Log>>,
}

impl Log {
    /// The same log for the tasks of a runtime of tokio.
    pub fn to_async(&self) -> AsyncLog {
        AsyncLog { watch: Arc::new(Watch::new(self.clone())) }
    }
}

impl AsyncLog {
    /// Opens the log in the directory `path`, creating it when it is missing.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(LogOptions::new(), path).await
    }

    /// The same with options.
    pub async fn open_with(options: LogOptions, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        in_pool(move || options.open(path)).await.map(|log| log.to_async())
    }

    /// The same log for threads.
    pub fn as_log(&self) -> &Log {
        self.watch.watched()
    }

    /// Appends a record and returns its index.
    pub async fn append(&self, record: impl AsRef<[u8]>) -> Result<u64> {
        if !self.as_log().manner().waits_at_commit {
            return self.as_log().append(record);
        }
        let record = record.as_ref().to_vec();
        self.blocking(move |log| log.append(record)).await
    }

    /// Appends records together and returns the index of the first.
    pub async fn append_all(&self, records: Append) -> Result<u64> {
        if !self.as_log().manner().waits_at_commit {
            return self.as_log().append_all(&records);
        }
        self.blocking(move |log| log.append_all(&records)).await
    }

    /// The record; `None` outside the bounds.
    pub async fn read(&self, index: u64) -> Result<Option<Vec<u8>>> {
        self.as_log().read(index)
    }

    /// The record, copied into `buf`; `false` outside the bounds.
    pub async fn read_into(&self, index: u64, buf: &mut Vec<u8>) -> Result<bool> {
        self.as_log().read_into(index, buf)
    }

    /// The record in place, without a copy; see [`Log::read_pinned`].
    pub async fn read_pinned(&self, index: u64) -> Result<Option<Pinned<'_>>> {
        self.as_log().read_pinned(index)
    }

    /// The indexes that can be read.
    pub async fn bounds(&self) -> Result<Range<u64>> {
        self.as_log().bounds()
    }

    /// Records below this index are durable.
    pub async fn durable(&self) -> Result<u64> {
        self.as_log().durable()
    }

    /// The first index whose record was appended at `time` or later; see [`Log::seek_time`].
    pub async fn seek_time(&self, time: SystemTime) -> Result<u64> {
        self.blocking(move |log| log.seek_time(time)).await
    }

    /// Everything appended before the call is durable when it is ready.
    pub async fn sync(&self) -> Result<()> {
        self.blocking(Log::sync).await
    }

    /// Ready when the record is there; see [`Log::wait`]. [`Log::wake`] does not end it: drop it.
    pub async fn wait(&self, index: u64) -> Result<()> {
        self.watch
            .wait(|log| {
                let bounds = log.bounds()?;
                if index < bounds.start {
                    return Err(Error::new(sys::FIRN_NOT_FOUND, "the record was removed at the front"));
                }
                if index < bounds.end {
                    return Ok(Some(()));
                }
                // Reading at the end, until it is the end, lets the engine tell of the next append.
                let mut end = Chunk::new(bounds.end);
                loop {
                    match end.next(log) {
                        Ok(Some(_)) => {}
                        Ok(None) => return Ok((index < end.next_index()).then_some(())),
                        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None), // trimmed meanwhile, which is told
                        Err(error) => return Err(error),
                    }
                }
            })
            .await
    }

    /// The records from `from` on, and then those that are appended. Of a [`read_only`](LogOptions::read_only) opening, which is refreshed many times a second,
    /// also those of the writer.
    pub fn tail(&self, from: u64) -> AsyncTail {
        AsyncTail { watch: Arc::clone(&self.watch), chunk: Chunk::new(from) }
    }

    /// Removes the records before `index`; see [`Log::trim_before`].
    pub async fn trim_before(&self, index: u64) -> Result<()> {
        self.blocking(move |log| log.trim_before(index)).await
    }

    /// Removes the records after `index`; see [`Log::trim_after`].
    pub async fn trim_after(&self, index: u64) -> Result<()> {
        self.blocking(move |log| log.trim_after(index)).await
    }

    /// Empties the log; it goes on at `next`.
    pub async fn reset(&self, next: u64) -> Result<()> {
        self.blocking(move |log| log.reset(next)).await
    }

    /// Applies the retention of the options now; how many segments were deleted.
    pub async fn retain(&self) -> Result<u64> {
        self.blocking(Log::retain).await
    }

    /// A read-only opening goes on to what a writer has made since.
    pub async fn refresh(&self) -> Result<()> {
        self.blocking(Log::refresh).await
    }

    /// Closes the log for all clones. Who waits gets [`Closed`](crate::ErrorKind::Closed).
    pub async fn close(&self) -> Result<()> {
        self.blocking(Log::close).await
    }

    /// Anything else, in the pool.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Log) -> Result<T> + Send + 'static,
    {
        let log = self.as_log().clone();
        in_pool(move || work(&log)).await
    }
}

/// The records of a log, and those that are still to come; see [`AsyncLog::tail`]. A call of `next` that is dropped before it is ready loses nothing.
pub struct AsyncTail {
    watch: Arc<Watch<Log>>,
    chunk: Chunk,
}

impl AsyncTail {
    /// The next record, as soon as it is there. [`Closed`](crate::ErrorKind::Closed) when the log is closed. [`Log::wake`] does not end it: drop it.
    pub async fn next(&mut self) -> Result<Record> {
        let chunk = &mut self.chunk;
        self.watch.wait(|log| chunk.next(log).map(|record| record.map(to_record))).await
    }

    /// The next record if it is there already.
    pub fn try_next(&mut self) -> Result<Option<Record>> {
        self.chunk.next(self.watch.watched()).map(|record| record.map(to_record))
    }

    /// The index of the next record.
    pub fn next_index(&self) -> u64 {
        self.chunk.next_index()
    }
}

impl std::fmt::Debug for AsyncTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncTail").field("next", &self.chunk.next_index()).finish_non_exhaustive()
    }
}
