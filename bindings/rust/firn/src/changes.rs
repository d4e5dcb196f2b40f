//! The change feed: what was committed, in order.

use std::time::{Duration, SystemTime};

use firn_sys as sys;

use crate::db::Db;
use crate::error::{Error, Result, check, check_number};

const FIRST_BYTES: usize = 64 << 10;
/// version, op, namespace, lengths of key and value, expiry
const HEADER_BYTES: usize = 32;

/// Commits that [`Db::changes`] or a [`ChangeFollower`](crate::ChangeFollower) has read, in order, in one piece of memory.
#[derive(Clone, Debug)]
pub struct Changes {
    pub(crate) packed: Vec<u8>,
}

/// One operation of a commit, as a result: what is there after a counter, a swap or a deleted range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change<'c> {
    /// Of the commit; operations of one commit share it and follow one another.
    pub version: u64,
    /// The [`id`](crate::Namespace::id) of the namespace: [`Db::namespace_by_id`].
    pub namespace: u32,
    /// What happened.
    pub kind: ChangeKind<'c>,
}

/// What a [`Change`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind<'c> {
    /// A value was stored.
    Put {
        /// The key.
        key: &'c [u8],
        /// The value.
        value: &'c [u8],
        /// When it expires; `None`: never.
        expires: Option<SystemTime>,
    },
    /// A key was removed.
    Delete {
        /// The key.
        key: &'c [u8],
    },
    /// A namespace was created.
    NamespaceOpened {
        /// Its name.
        name: &'c [u8],
    },
    /// All keys of a namespace are gone.
    NamespaceCleared {
        /// Its name, empty for the default one.
        name: &'c [u8],
    },
    /// A namespace is gone.
    NamespaceDropped {
        /// Its name.
        name: &'c [u8],
    },
}

impl Changes {
    /// The operations, in the order of the commits.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = &self.packed[..];
        std::iter::from_fn(move || {
            let (change, behind) = parse(rest)?;
            rest = behind;
            Some(change)
        })
    }

    /// Whether there were no more commits.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// From where to go on: one above the last version.
    pub fn next_version(&self) -> Option<u64> {
        self.iter().last().map(|change| change.version + 1)
    }
}

/// The first operation and what lies behind it. `None`: the end.
fn parse(packed: &[u8]) -> Option<(Change<'_>, &[u8])> {
    let number = |at: usize| Some(u32::from_le_bytes(packed.get(at..at + 4)?.try_into().ok()?));
    let long = |at: usize| Some(u64::from_le_bytes(packed.get(at..at + 8)?.try_into().ok()?));
    let (key_len, value_len) = (number(16)? as usize, number(20)? as usize);
    let (key, rest) = packed.get(HEADER_BYTES..)?.split_at_checked(key_len)?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    let kind = match number(8)? {
        sys::FIRN_OP_PUT => ChangeKind::Put { key, value, expires: time(long(24)?) },
        sys::FIRN_OP_DELETE => ChangeKind::Delete { key },
        sys::FIRN_CHANGE_NS_OPEN => ChangeKind::NamespaceOpened { name: key },
        sys::FIRN_CHANGE_NS_CLEAR => ChangeKind::NamespaceCleared { name: key },
        sys::FIRN_CHANGE_NS_DROP => ChangeKind::NamespaceDropped { name: key },
        _ => return None,
    };
    Some((Change { version: long(0)?, namespace: number(12)?, kind }, rest))
}

fn time(unix_ms: u64) -> Option<SystemTime> {
    if unix_ms == 0 { None } else { SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(unix_ms)) }
}

impl Db {
    /// What was committed from version `from` on, some of it, whole commits; empty: nothing yet. [`follow_changes`](Self::follow_changes) gives all of it. [`NotFound`](crate::ErrorKind::NotFound): it is not kept any more, see
    /// [`changes_bounds`](Self::changes_bounds). Kept are the commits in memtables, and flushed ones as far as the options `changes_retention_bytes` and
    /// `changes_retention_ms` say.
    ///
    /// ```
    /// use firn::ChangeKind;
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// db.put("k", "v")?;
    /// let (first, _) = db.changes_bounds()?;
    /// let changes = db.changes(first)?;
    /// let seen = changes.iter().filter(|change| matches!(change.kind, ChangeKind::Put { key: b"k", .. }));
    /// assert_eq!(seen.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes(&self, from: u64) -> Result<Changes> {
        self.read_changes(from, 0)
    }

    /// The same, of durable commits only.
    pub fn durable_changes(&self, from: u64) -> Result<Changes> {
        self.read_changes(from, sys::FIRN_CHANGES_DURABLE)
    }

    pub(crate) fn read_changes(&self, from: u64, flags: u32) -> Result<Changes> {
        let mut packed = Vec::<u8>::with_capacity(FIRST_BYTES);
        loop {
            // SAFETY: there is room for `capacity` bytes.
            let answer = unsafe { sys::firn_changes(self.handle(), from, packed.as_mut_ptr(), packed.capacity(), flags) };
            if answer == i64::from(sys::FIRN_TOO_LARGE) {
                // SAFETY: firn.h: the size that is needed stands in the first 8 bytes, and there is room for more than these.
                let needed = unsafe { packed.as_ptr().cast::<u64>().read_unaligned() };
                packed.reserve_exact(usize::try_from(needed).map_err(|_| Error::from_code(answer))?);
                continue;
            }
            let length = self.explain(check_number(answer))? as usize;
            // SAFETY: the engine has filled in `length` bytes, not more than the capacity.
            unsafe { packed.set_len(length) };
            return Ok(Changes { packed });
        }
    }

    /// The first version from which on every commit can be read, and one above the last commit.
    pub fn changes_bounds(&self) -> Result<(u64, u64)> {
        let (mut first, mut next) = (0, 0);
        // SAFETY: two numbers to be filled in.
        self.explain(check(unsafe { sys::firn_changes_bounds(self.handle(), &mut first, &mut next) }))?;
        Ok((first, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_short_is_the_end() {
        let mut packed = Vec::new();
        packed.extend_from_slice(&7u64.to_le_bytes());
        for number in [sys::FIRN_OP_PUT, 3, 1, 2] {
            packed.extend_from_slice(&number.to_le_bytes());
        }
        packed.extend_from_slice(&0u64.to_le_bytes());
        packed.extend_from_slice(b"kvv");
        let changes = Changes { packed: packed.clone() };
        let put = ChangeKind::Put { key: b"k", value: b"vv", expires: None };
        assert_eq!(changes.iter().collect::<Vec<_>>(), [Change { version: 7, namespace: 3, kind: put }]);
        assert_eq!(changes.next_version(), Some(8));
        for length in 0..packed.len() {
            assert_eq!(Changes { packed: packed[..length].to_vec() }.iter().count(), 0);
        }
    }
}
