//! The scans of a scenario, over a namespace, a snapshot or a transaction.

use std::ops::Bound;

use firn::{Iter, Result, Scan};

use crate::file::Command;

pub type Entry = (Vec<u8>, Vec<u8>);

/// An iterator of the binding, whatever it reads from.
pub trait Ends {
    fn step(&mut self, is_reverse: bool) -> Result<Option<Entry>>;
    fn seek_to(&mut self, is_reverse: bool, key: &[u8]) -> Result<()>;
}

impl<S> Ends for Iter<'_, S> {
    fn step(&mut self, is_reverse: bool) -> Result<Option<Entry>> {
        if is_reverse { self.next_back() } else { self.next() }.transpose()
    }

    fn seek_to(&mut self, is_reverse: bool, key: &[u8]) -> Result<()> {
        if is_reverse { self.seek_back(key) } else { self.seek(key) }
    }
}

/// One direction of it, with the limit of the C API.
pub struct Cursor<'a> {
    ends: Box<dyn Ends + 'a>,
    is_reverse: bool,
    limit: u64,
    left: u64,
    /// Looked at when the cursor was opened, since errors of opening come with the first step.
    peeked: Option<Result<Option<Entry>>>,
}

impl<'a> Cursor<'a> {
    pub fn new(ends: Box<dyn Ends + 'a>, command: &Command) -> Result<Self> {
        let limit = command.number("limit").filter(|&limit| limit != 0).unwrap_or(u64::MAX);
        let mut cursor = Self { ends, is_reverse: command.is_set("reverse"), limit, left: limit, peeked: None };
        command.find("seek").map_or(Ok(()), |key| cursor.seek(key))?;
        Ok(cursor)
    }

    /// Not in a transaction: there it would count as read.
    pub fn peek(&mut self) -> Result<()> {
        match self.ends.step(self.is_reverse) {
            Err(error) => Err(error),
            Ok(entry) => {
                self.peeked = Some(Ok(entry));
                Ok(())
            }
        }
    }

    pub fn seek(&mut self, key: &[u8]) -> Result<()> {
        (self.left, self.peeked) = (self.limit, None);
        self.ends.seek_to(self.is_reverse, key)
    }

    pub fn read(&mut self, max: u64) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        while (entries.len() as u64) < max && self.left > 0 {
            let step = self.peeked.take().unwrap_or_else(|| self.ends.step(self.is_reverse));
            let Some(entry) = step? else { break };
            entries.push(entry);
            self.left -= 1;
        }
        Ok(entries)
    }
}

pub fn range_of(command: &Command) -> (Bound<&[u8]>, Bound<&[u8]>) {
    let lower = command.find("lower").map_or(Bound::Unbounded, Bound::Included);
    let upper = command.find("upper").map_or(Bound::Unbounded, Bound::Excluded);
    (lower, upper)
}

pub fn scan_of(command: &Command) -> Scan {
    let mut scan = Scan::new().range::<&[u8]>(range_of(command));
    if let Some(prefix) = command.find("prefix") {
        scan = scan.prefix(prefix);
    }
    if let Some(glob) = command.find("glob") {
        scan = scan.glob(glob);
    }
    if command.is_set("keys_only") { scan.keys_only() } else { scan }
}
