//! Records that are appended to a log together.

use firn_sys as sys;

use crate::error::{Error, Result};

/// Records that are appended together: all or nothing, and seen all at once.
#[derive(Clone, Debug, Default)]
pub struct Append {
    /// (u32 len, bytes)*
    packed: Vec<u8>,
    count: usize,
    is_too_large: bool,
}

impl Append {
    /// No records.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more record.
    pub fn push(&mut self, record: impl AsRef<[u8]>) -> &mut Self {
        let record = record.as_ref();
        match u32::try_from(record.len()) {
            Ok(length) => {
                self.packed.extend_from_slice(&length.to_le_bytes());
                self.packed.extend_from_slice(record);
                self.count += 1;
            }
            Err(_) => self.is_too_large = true,
        }
        self
    }

    /// The records as the engine takes them.
    pub(crate) fn packed(&self) -> Result<&[u8]> {
        if self.is_too_large { Err(Error::new(sys::FIRN_TOO_LARGE, "a record is longer than can be")) } else { Ok(&self.packed) }
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.packed.clear();
        (self.count, self.is_too_large) = (0, false);
    }
}

impl<R: AsRef<[u8]>> Extend<R> for Append {
    fn extend<I: IntoIterator<Item = R>>(&mut self, records: I) {
        for record in records {
            self.push(record);
        }
    }
}
