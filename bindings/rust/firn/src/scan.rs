//! Scans: entries in key order, from both ends.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::RangeBounds;
use std::ptr::{NonNull, null, null_mut};

use firn_sys as sys;

use crate::bounds::Bounds;
use crate::error::{Error, Result, check_number};
use crate::namespace::Namespace;
use crate::txn::TxnHandle;

/// Entries that one call fetches: a quarter of what has been returned. A call costs some 10 ns, an entry that nobody wants many times that when it is
/// not in the processor's cache, and many scans are short.
const FETCH_MIN: usize = 2;
const FETCH_MAX: usize = 32; // a kilobyte, which malloc gives fastest

/// Which entries a scan returns.
///
/// ```
/// use firn::Scan;
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// # db.put("user:7:mail", "x")?;
/// for entry in db.scan(&Scan::new().prefix("user:").glob("*:mail").keys_only()) {
///     let (key, _) = entry?;
///     println!("{}", String::from_utf8_lossy(&key));
/// }
/// # assert_eq!(db.scan(&Scan::new().prefix("user:").glob("*:mail").keys_only()).count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Scan {
    /// `None`: no key can be inside.
    bounds: Option<Bounds>,
    glob: Option<Box<[u8]>>,
    flags: u32,
}

impl Scan {
    /// Every key.
    pub fn new() -> Self {
        Self::bounded(Some(Bounds::all()))
    }

    pub(crate) fn bounded(bounds: Option<Bounds>) -> Self {
        Self { bounds, glob: None, flags: 0 }
    }

    /// Only keys of this range.
    pub fn range<K: AsRef<[u8]>>(mut self, range: impl RangeBounds<K>) -> Self {
        self.bounds = self.bounds.zip(Bounds::of_range(&range)).and_then(|(old, new)| old.intersect(&new));
        self
    }

    /// Only keys that begin with `prefix`.
    pub fn prefix(mut self, prefix: impl AsRef<[u8]>) -> Self {
        self.bounds = self.bounds.and_then(|old| old.intersect(&Bounds::of_prefix(prefix.as_ref())));
        self
    }

    /// Only keys that match: `*` is any run of bytes, `?` one byte, `[a-z]` one of these, `\` takes the meaning away.
    pub fn glob(mut self, pattern: impl AsRef<[u8]>) -> Self {
        self.glob = Some(pattern.as_ref().into());
        self
    }

    /// Values come empty, and are not read.
    pub fn keys_only(mut self) -> Self {
        self.flags |= sys::FIRN_SCAN_KEYS_ONLY;
        self
    }
}

impl Default for Scan {
    fn default() -> Self {
        Self::new()
    }
}

/// Entries in key order, a double-ended iterator of `Result<(key, value)>`, over one state of the database: later writes do not disturb it.
/// [`next_entry`](Self::next_entry) and [`next_entry_back`](Self::next_entry_back) lend keys and values instead of copying them.
///
/// `S` is what it reads from. An iterator over a [`Db`](crate::Db) or a [`Namespace`] can be sent to another thread, one over a snapshot or a transaction
/// belongs to the thread that uses these.
///
/// ```
/// # fn main() -> firn::Result<()> {
/// # let db = firn::Db::in_memory()?;
/// for key in ["a", "b", "c", "d"] {
///     db.put(key, "")?;
/// }
/// let mut iter = db.range("b"..);
/// assert_eq!(iter.next().transpose()?, Some((b"b".to_vec(), vec![])));
/// assert_eq!(iter.next_back().transpose()?, Some((b"d".to_vec(), vec![])));
/// assert_eq!(iter.next_entry()?, Some((&b"c"[..], &b""[..])));
/// assert!(iter.next().is_none());
/// # Ok(())
/// # }
/// ```
pub struct Iter<'a, S = Namespace> {
    walk: Walk,
    _reads: PhantomData<&'a S>,
}

impl<'a, S> Iter<'a, S> {
    pub(crate) fn new(walk: Walk) -> Self {
        Self { walk, _reads: PhantomData }
    }

    /// The next entry, lent until the next call. `None`: the end.
    #[inline]
    pub fn next_entry(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.walk.step(End::Front)
    }

    /// The last entry that has not been returned, lent until the next call.
    #[inline]
    pub fn next_entry_back(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.walk.step(End::Back)
    }

    /// Moves the front to `key`, forwards or back: what is left begins with the first entry whose key is not below it. Going back, the front gives again
    /// what it has passed.
    ///
    /// What is left lies between the ends. Neither goes past the other or gives what the other has given; when they have met, or a seek has led one
    /// past the other, nothing is left until a seek leads one of them away again.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// for key in ["a", "b", "c", "d"] {
    ///     db.put(key, "")?;
    /// }
    /// let mut iter = db.iter();
    /// iter.seek("b")?;
    /// iter.seek_back("c")?;
    /// assert_eq!(iter.next_entry_back()?, Some((&b"c"[..], &b""[..])));
    /// assert_eq!(iter.next_entry_back()?, Some((&b"b"[..], &b""[..])));
    /// assert_eq!(iter.next_entry_back()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn seek(&mut self, key: impl AsRef<[u8]>) -> Result<()> {
        self.walk.seek(End::Front, key.as_ref())
    }

    /// Moves the back to `key`: what is left ends with the last entry whose key is not above it. Otherwise as [`seek`](Self::seek).
    pub fn seek_back(&mut self, key: impl AsRef<[u8]>) -> Result<()> {
        self.walk.seek(End::Back, key.as_ref())
    }
}

type Pair = (Vec<u8>, Vec<u8>);

#[inline]
pub(crate) fn to_pair((key, value): (&[u8], &[u8])) -> Pair {
    (key.to_vec(), value.to_vec())
}

impl<S> Iterator for Iter<'_, S> {
    type Item = Result<Pair>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().map(|entry| entry.map(to_pair)).transpose()
    }
}

impl<S> DoubleEndedIterator for Iter<'_, S> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.next_entry_back().map(|entry| entry.map(to_pair)).transpose()
    }
}

impl<S> std::iter::FusedIterator for Iter<'_, S> {}

impl<S> std::fmt::Debug for Iter<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iter").field("bounds", &self.walk.opening.scan.bounds).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Front,
    Back,
}

/// What the walk reads from.
pub(crate) enum Source {
    /// A snapshot of its own.
    Own(TxnHandle),
    /// A snapshot that outlives it.
    Snapshot(*mut sys::firn_txn),
    /// A transaction that outlives it, and for which every key that is fetched counts as read.
    Txn(*mut sys::firn_txn),
}

/// Everything that it takes to open a cursor.
struct Opening {
    source: Source,
    db: *mut sys::firn_db,
    ns: u32,
    scan: Scan,
}

/// A pair of cursors over one state that meet: what is left lies between their fences. Without a lifetime: who holds it keeps the database, and the transaction, alive.
pub(crate) struct Walk {
    // Cursors first: they are dropped before the snapshot that they read.
    front: Option<Cursor>,
    back: Option<Cursor>,
    opening: Opening,
    failure: Option<Error>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Walking,
    /// The end, from which a seek leads away.
    Over,
    /// After an error, or where no key can be.
    Broken,
}

// SAFETY: firn.h: iterators and transactions are used by one thread at a time, and may move between threads. Whether what a walk borrows from may be
// used by another thread meanwhile is a matter of `Iter`'s `S`.
unsafe impl Send for Walk {}

impl Walk {
    /// Over a snapshot of now.
    pub(crate) fn of_namespace(namespace: &Namespace, scan: Scan) -> Self {
        match TxnHandle::begin(namespace.handle(), sys::FIRN_TXN_READ_ONLY) {
            Ok(snapshot) => Self::new(Source::Own(snapshot), namespace.handle(), namespace.id(), scan),
            Err(error) => {
                let mut failed = Self::new(Source::Snapshot(null_mut()), namespace.handle(), namespace.id(), scan);
                failed.failure = Some(error);
                failed
            }
        }
    }

    pub(crate) fn new(source: Source, db: *mut sys::firn_db, ns: u32, scan: Scan) -> Self {
        let state = if scan.bounds.is_none() { State::Broken } else { State::Walking };
        let is_txn = matches!(source, Source::Txn(_));
        let mut walk = Self { front: None, back: None, opening: Opening { source, db, ns, scan }, failure: None, state };
        if is_txn && state == State::Walking {
            // Now: so that both see the own writes of this moment.
            walk.failure = walk.open(End::Front).and_then(|()| walk.open(End::Back)).err();
        }
        walk
    }

    fn open(&mut self, end: End) -> Result<()> {
        let cursor = Some(self.opening.open(end)?);
        match end {
            End::Front => self.front = cursor,
            End::Back => self.back = cursor,
        }
        Ok(())
    }

    /// The next entry from this end, valid until the next step.
    #[inline]
    pub(crate) fn step(&mut self, end: End) -> Result<Option<(&[u8], &[u8])>> {
        if self.state != State::Walking {
            return Ok(None);
        }
        match self.advance(end) {
            // SAFETY: firn.h: valid until the next call on the iterator, which takes `&mut self`; the cursor, and with it the snapshot, lives as long as `self`.
            Ok(Some(entry)) => Ok(Some(unsafe { (bytes(entry.key, entry.key_len), bytes(entry.val, entry.val_len)) })),
            Ok(None) => {
                self.state = State::Over;
                Ok(None)
            }
            Err(error) => {
                self.state = State::Broken;
                Err(error)
            }
        }
    }

    fn seek(&mut self, end: End, key: &[u8]) -> Result<()> {
        if self.state == State::Broken {
            return Ok(());
        }
        let sought = self.cursors(end).and_then(|(cursor, _)| cursor.seek(key));
        self.state = if sought.is_ok() { State::Walking } else { State::Broken };
        sought
    }

    /// The cursor of this end, opened if need be, and the other one.
    #[inline]
    fn cursors(&mut self, end: End) -> Result<(&mut Cursor, Option<&Cursor>)> {
        let near = if end == End::Front { &self.front } else { &self.back };
        if near.is_none() {
            self.open_late(end)?;
        }
        let (near, far) = match end {
            End::Front => (&mut self.front, &self.back),
            End::Back => (&mut self.back, &self.front),
        };
        let near = near.as_mut().ok_or_else(|| Error::from_code(i64::from(sys::FIRN_INTERNAL)))?;
        Ok((near, far.as_ref()))
    }

    #[inline]
    fn advance(&mut self, end: End) -> Result<Option<sys::firn_kv>> {
        let (near, far) = self.cursors(end)?;
        let Some(entry) = near.next()? else { return Ok(None) };
        let Some(far) = far else { return Ok(Some(entry)) };
        // SAFETY: returned by the last call on its cursor.
        if far.leaves(unsafe { bytes(entry.key, entry.key_len) }, end) {
            return Ok(Some(entry));
        }
        near.put_back();
        Ok(None)
    }

    #[cold]
    fn open_late(&mut self, end: End) -> Result<()> {
        match self.failure.take() {
            Some(error) => Err(error),
            None => self.open(end),
        }
    }
}

impl Opening {
    fn open(&self, end: End) -> Result<Cursor> {
        let Some(bounds) = &self.scan.bounds else { return Err(Error::from_code(i64::from(sys::FIRN_INTERNAL))) };
        let direction = if end == End::Back { sys::FIRN_SCAN_REVERSE } else { 0 };
        let lower = bounds.lower();
        let (upper, upper_len) = bounds.upper().map_or((null(), 0), |upper| (upper.as_ptr(), upper.len()));
        let glob = self.scan.glob.as_deref();
        // The C API takes length 0 for "up to the NUL", which an empty pattern has not: a pattern that matches nothing stands for it.
        let (glob, glob_len) =
            glob.map_or((null(), 0), |glob| if glob.is_empty() { (c"".as_ptr(), 0) } else { (glob.as_ptr().cast(), glob.len()) });
        let options = sys::firn_scan_opts {
            flags: self.scan.flags | direction,
            ns: self.ns,
            lower: if lower.is_empty() { null() } else { lower.as_ptr() },
            lower_len: lower.len(),
            upper,
            upper_len,
            glob,
            glob_len,
            ..sys::firn_scan_opts::INIT
        };
        let txn = match &self.source {
            Source::Own(snapshot) => snapshot.as_ptr(),
            Source::Snapshot(txn) | Source::Txn(txn) => *txn,
        };
        let mut error = sys::firn_error::INIT;
        // SAFETY: the handles are checked by the engine, `options` and what it points at outlive the call, `error` has its size set.
        let handle = NonNull::new(unsafe { sys::firn_scan(self.db, txn, &options, &mut error) });
        let fetch_max = if matches!(self.source, Source::Txn(_)) { 1 } else { FETCH_MAX };
        handle.map(|handle| Cursor::new(handle, fetch_max)).ok_or_else(|| Error::from_engine(&error))
    }
}

/// Where a cursor is when it holds no entries.
enum Empty {
    Fresh,
    Sought(Box<[u8]>),
    /// Behind the last entry in its direction.
    Exhausted,
}

/// An iterator of the engine, and the entries that it has lent.
///
/// Its fence is where it leaves off and the other cursor has to stop. It follows from where the cursor is: behind the entry that was returned last or,
/// at the beginning of a page, before the one that comes next.
struct Cursor {
    handle: NonNull<sys::firn_iter>,
    entries: Box<[MaybeUninit<sys::firn_kv>]>,
    returned: usize,
    filled: usize,
    next: usize,
    empty: Empty,
}

impl Cursor {
    fn new(handle: NonNull<sys::firn_iter>, fetch_max: usize) -> Self {
        Self { handle, entries: Box::new_uninit_slice(fetch_max), returned: 0, filled: 0, next: 0, empty: Empty::Fresh }
    }

    /// Valid until the next `next()`.
    #[inline]
    fn next(&mut self) -> Result<Option<sys::firn_kv>> {
        if self.next == self.filled && !self.refill()? {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(self.entry(self.next - 1)))
    }

    /// After `next`: the entry that it returned comes again.
    fn put_back(&mut self) {
        self.next -= 1;
    }

    #[inline]
    fn entry(&self, index: usize) -> sys::firn_kv {
        debug_assert!(index < self.filled);
        // SAFETY: callers stay below `filled`, and the engine has filled in that many.
        unsafe { self.entries[index].assume_init() }
    }

    /// Whether this cursor's fence leaves `key` to the cursor of the other end, which is `end`.
    #[inline]
    fn leaves(&self, key: &[u8], end: End) -> bool {
        use std::cmp::Ordering;
        let fence = |index: usize| {
            let entry = self.entry(index);
            // SAFETY: lent by the last call on this cursor.
            key.cmp(unsafe { bytes(entry.key, entry.key_len) })
        };
        // The key of the fence itself is still there, unless this cursor has returned it.
        let (order, is_there) = if self.next > 0 {
            (fence(self.next - 1), false)
        } else if self.filled > 0 {
            (fence(0), true)
        } else {
            match &self.empty {
                Empty::Fresh => return true,
                Empty::Exhausted => return false,
                Empty::Sought(sought) => (key.cmp(sought), true),
            }
        };
        let inside = if end == End::Front { Ordering::Less } else { Ordering::Greater };
        order == inside || (is_there && order == Ordering::Equal)
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        (self.next, self.filled) = (0, 0);
        self.empty = Empty::Sought(key.into());
        // SAFETY: `key` outlives the call.
        crate::error::check(unsafe { sys::firn_iter_seek(self.handle.as_ptr(), key.as_ptr(), key.len()) })
    }

    fn refill(&mut self) -> Result<bool> {
        self.returned += self.filled;
        (self.next, self.filled) = (0, 0);
        let count = (self.returned / 4).max(FETCH_MIN).min(self.entries.len());
        // SAFETY: there is room for `count` entries.
        let answer = unsafe { sys::firn_iter_entries(self.handle.as_ptr(), self.entries.as_mut_ptr().cast(), count) };
        self.filled = check_number(answer)? as usize;
        if self.filled == 0 {
            self.empty = Empty::Exhausted;
        }
        Ok(self.filled != 0)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and closed once.
        unsafe { sys::firn_iter_close(self.handle.as_ptr()) };
    }
}

/// # Safety
/// `length` bytes are readable at `pointer`, and unchanged for 'a; it may be anything when `length` is 0.
#[inline]
unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

impl Namespace {
    /// All entries in key order.
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(Walk::of_namespace(self, Scan::new()))
    }

    /// The entries of a range of keys. Errors come as the first item.
    ///
    /// For `..` the compiler cannot tell the type of the keys: see [`iter`](Self::iter).
    pub fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Iter<'_> {
        Iter::new(Walk::of_namespace(self, Scan::bounded(Bounds::of_range(&range))))
    }

    /// The entries whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> Iter<'_> {
        Iter::new(Walk::of_namespace(self, Scan::bounded(Some(Bounds::of_prefix(prefix.as_ref())))))
    }

    /// The entries that `scan` describes.
    pub fn scan(&self, scan: &Scan) -> Iter<'_> {
        Iter::new(Walk::of_namespace(self, scan.clone()))
    }
}

/// The call and its answer for [`Namespace::approximate_count`] and its like.
type Approximate = unsafe extern "C" fn(*mut sys::firn_db, u32, *const u8, usize, *const u8, usize) -> i64;

impl Namespace {
    /// About how many entries there are in a range. Costs a few look-ups, however large it is. Keys that were written several times, or deleted, count until
    /// compaction.
    pub fn approximate_count<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Result<u64> {
        self.approximate(sys::firn_approximate_count, Bounds::of_range(&range))
    }

    /// About how many bytes the entries of a range take on disk.
    pub fn approximate_bytes<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Result<u64> {
        self.approximate(sys::firn_approximate_bytes, Bounds::of_range(&range))
    }

    fn approximate(&self, call: Approximate, bounds: Option<Bounds>) -> Result<u64> {
        let Some(bounds) = bounds else { return Ok(0) };
        let lower = bounds.lower();
        let (upper, upper_len) = bounds.upper().map_or((null(), 0), |upper| (upper.as_ptr(), upper.len()));
        // SAFETY: the bounds outlive the call.
        let answer = unsafe { call(self.handle(), self.id(), lower.as_ptr(), lower.len(), upper, upper_len) };
        self.explain(check_number(answer))
    }
}
