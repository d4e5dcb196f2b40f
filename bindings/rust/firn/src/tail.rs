//! Reading a log in order: up to its end, or on and on.

use std::time::{Duration, Instant, SystemTime};

use firn_sys as sys;

use crate::error::{Error, ErrorKind, Result, check_number};
use crate::follow::POLL;
use crate::log::Log;

const CHUNK_BYTES: usize = 64 << 10;
/// Of a record as the engine packs it, see [`parse_record`].
const HEADER_BYTES: usize = 20;

/// A record of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its index.
    pub index: u64,
    /// When it was appended; never falling.
    pub time: SystemTime,
    /// What was appended.
    pub data: Vec<u8>,
}

/// Records that were read together and are handed out one by one.
pub(crate) struct Chunk {
    packed: Vec<u8>,
    at: usize,
    /// The index of the next record.
    next: u64,
}

impl Chunk {
    pub(crate) fn new(from: u64) -> Self {
        Self { packed: Vec::new(), at: 0, next: from }
    }

    pub(crate) fn next_index(&self) -> u64 {
        self.next
    }

    /// The next record, lent until the next call. `None`: the present end.
    pub(crate) fn next(&mut self, log: &Log) -> Result<Option<(u64, SystemTime, &[u8])>> {
        if self.at == self.packed.len() && !self.fill(log)? {
            return Ok(None);
        }
        let record = parse_record(&self.packed[self.at..]);
        let (index, time, data) = record.ok_or_else(|| Error::new(sys::FIRN_INTERNAL, "the engine's records are malformed"))?;
        self.at += HEADER_BYTES + data.len();
        self.next = index + 1;
        Ok(Some((index, time, data)))
    }

    fn fill(&mut self, log: &Log) -> Result<bool> {
        self.packed.clear();
        self.at = 0;
        self.packed.reserve(CHUNK_BYTES);
        loop {
            let capacity = self.packed.capacity();
            // SAFETY: there is room for `capacity` bytes.
            let answer = unsafe { sys::firn_log_read_chunk(log.handle(), self.next, self.packed.as_mut_ptr(), capacity) };
            if answer == i64::from(sys::FIRN_TOO_LARGE) {
                // SAFETY: firn.h: the size that is needed stands in the first 8 bytes, and there is room for more than these.
                let needed = unsafe { self.packed.as_ptr().cast::<u64>().read_unaligned() };
                self.packed.reserve_exact(usize::try_from(needed).map_err(|_| Error::from_code(answer))?);
                continue;
            }
            let length = log.explain(check_number(answer))? as usize;
            // SAFETY: the engine has filled in `length` bytes, not more than the capacity.
            unsafe { self.packed.set_len(length) };
            return Ok(length != 0);
        }
    }
}

/// The first record: u64 index, i64 time_ms, u32 len, bytes. `None`: it is cut short, or cannot be.
pub(crate) fn parse_record(packed: &[u8]) -> Option<(u64, SystemTime, &[u8])> {
    let (header, behind) = packed.split_first_chunk::<HEADER_BYTES>()?;
    let [.., a, b, c, d] = *header;
    let data = behind.get(..u32::from_le_bytes([a, b, c, d]) as usize)?;
    let number = |at: usize| Some(u64::from_le_bytes(header.get(at..at + 8)?.try_into().ok()?));
    let index = number(0)?.checked_add(1)? - 1; // there is a next one
    Some((index, SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(number(8)?))?, data))
}

pub(crate) fn to_record((index, time, data): (u64, SystemTime, &[u8])) -> Record {
    Record { index, time, data: data.to_vec() }
}

/// The records of a [`Log`] up to its end; see [`Log::records`].
pub struct Records<'log> {
    log: &'log Log,
    chunk: Chunk,
    is_over: bool,
}

impl<'log> Records<'log> {
    pub(crate) fn new(log: &'log Log, from: u64) -> Self {
        Self { log, chunk: Chunk::new(from), is_over: false }
    }

    /// The next record, lent until the next call: index, time, data.
    pub fn next_record(&mut self) -> Result<Option<(u64, SystemTime, &[u8])>> {
        if self.is_over {
            return Ok(None);
        }
        let step = self.chunk.next(self.log);
        self.is_over = !matches!(step, Ok(Some(_)));
        step
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().map(|record| record.map(to_record)).transpose()
    }
}

impl std::iter::FusedIterator for Records<'_> {}

/// The records of a [`Log`], and those that are still to come; see [`Log::tail`].
///
/// As an iterator it waits for each record, for ever: it ends when the log is closed, and after an error, which is an item. A [`Log::wake`] is one too,
/// [`Cancelled`](ErrorKind::Cancelled), after which it goes on.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let log = firn::Log::open(directory.path())?;
/// let mut tail = log.tail(0);
/// std::thread::scope(|scope| {
///     scope.spawn(|| log.append("hello").unwrap());
///     assert_eq!(tail.next().unwrap().unwrap().data, b"hello");
/// });
/// assert!(tail.try_next()?.is_none());
/// # Ok(())
/// # }
/// ```
pub struct Tail<'log> {
    log: &'log Log,
    chunk: Chunk,
    is_over: bool,
}

impl<'log> Tail<'log> {
    pub(crate) fn new(log: &'log Log, from: u64) -> Self {
        Self { log, chunk: Chunk::new(from), is_over: false }
    }

    /// The index of the next record.
    pub fn next_index(&self) -> u64 {
        self.chunk.next_index()
    }

    /// The next record if it is there already.
    pub fn try_next(&mut self) -> Result<Option<Record>> {
        self.chunk.next(self.log).map(|record| record.map(to_record))
    }

    /// The next record, waited for at most this time.
    pub fn next_for(&mut self, time: Duration) -> Result<Option<Record>> {
        if let Some(record) = self.try_next()? {
            return Ok(Some(record));
        }
        if !self.log.manner().is_read_only {
            return if self.log.wait_for(self.next_index(), time)? { self.try_next() } else { Ok(None) };
        }
        let end = Instant::now().checked_add(time);
        loop {
            let left = end.map_or(POLL, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            self.poll(left)?;
            if let Some(record) = self.try_next()? {
                return Ok(Some(record));
            }
        }
    }

    /// Who appends is in another process: nobody tells.
    fn poll(&self, time: Duration) -> Result<()> {
        std::thread::sleep(time.min(POLL));
        self.log.refresh()
    }
}

impl Iterator for Tail<'_> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let step = self.try_next().and_then(|record| match record {
                Some(record) => Ok(Some(record)),
                None if self.log.manner().is_read_only => self.poll(POLL).map(|()| None),
                None => self.log.wait(self.next_index()).map(|()| None),
            });
            match step {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {}
                Err(error) => {
                    self.is_over = error.kind() != ErrorKind::Cancelled;
                    return (error.kind() != ErrorKind::Closed).then_some(Err(error));
                }
            }
        }
        None
    }
}

impl std::iter::FusedIterator for Tail<'_> {}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("next", &self.chunk.next).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Tail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tail").field("next", &self.chunk.next).finish_non_exhaustive()
    }
}
