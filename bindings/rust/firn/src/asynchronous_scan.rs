//! Scans as futures: entries in pages, which the pool fetches.

use std::collections::VecDeque;
use std::ops::RangeBounds;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::asynchronous::joined;
use crate::asynchronous_namespace::AsyncNamespace;
use crate::db::Db;
use crate::error::Result;
use crate::scan::{End, Scan, Walk, to_pair};

/// Entries that one trip to the pool fetches.
const PAGE: usize = 256;
/// Entries that are fetched at once, on the runtime's own thread.
const FIRST_PAGE: usize = 16;

impl AsyncNamespace {
    /// All entries in key order; see [`scan`](Self::scan).
    pub fn iter(&self) -> AsyncIter {
        self.scan(Scan::new())
    }

    /// The entries of a range of keys; see [`scan`](Self::scan).
    pub fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> AsyncIter {
        self.scan(Scan::new().range(range))
    }

    /// The entries whose keys begin with `prefix`; see [`scan`](Self::scan).
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> AsyncIter {
        self.scan(Scan::new().prefix(prefix))
    }

    /// The entries that `scan` describes, in pages that are fetched in the pool, but for a first small one. The state is that of this call.
    pub fn scan(&self, scan: Scan) -> AsyncIter {
        let mut walk = Box::new(OwnedWalk { walk: Walk::of_namespace(self.as_namespace(), scan), _keeps_open: self.db().clone() });
        AsyncIter { front: walk.page(End::Front, FIRST_PAGE).into(), back: VecDeque::new(), fetching: Fetching::Idle(walk) }
    }
}

type Item = Result<(Vec<u8>, Vec<u8>)>;

/// A walk with the database that it needs.
struct OwnedWalk {
    // The walk first: it is dropped before the database may close.
    walk: Walk,
    _keeps_open: Db,
}

impl OwnedWalk {
    /// In the order in which they come from this end. Empty: the end.
    fn page(&mut self, end: End, count: usize) -> Vec<Item> {
        let step = || self.walk.step(end).map(|entry| entry.map(to_pair)).transpose();
        std::iter::from_fn(step).take(count).collect()
    }
}

/// What a trip to the pool brings back.
type Trip = JoinHandle<(Box<OwnedWalk>, End, Vec<Item>)>;

enum Fetching {
    Idle(Box<OwnedWalk>),
    Trip(Trip),
    /// All has been fetched.
    Over,
}

/// Entries in key order, from both ends; see [`AsyncNamespace::scan`]. A call of `next` that is dropped before it is ready loses nothing.
pub struct AsyncIter {
    /// Fetched from the front, in key order, and from the back, in reverse order.
    front: VecDeque<Item>,
    back: VecDeque<Item>,
    fetching: Fetching,
}

impl AsyncIter {
    /// The next entry.
    pub async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.front.pop_front() {
                return Some(item);
            }
            if let Fetching::Over = self.fetching {
                return self.back.pop_back();
            }
            self.fetch(End::Front).await;
        }
    }

    /// The last entry that has not been returned.
    pub async fn next_back(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.back.pop_front() {
                return Some(item);
            }
            if let Fetching::Over = self.fetching {
                return self.front.pop_back();
            }
            self.fetch(End::Back).await;
        }
    }

    /// All that is left.
    pub async fn collect(mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut entries = Vec::new();
        while let Some(entry) = self.next().await {
            entries.push(entry?);
        }
        Ok(entries)
    }

    /// Puts a page where it belongs: of `end`, or of the other one if that was under way.
    async fn fetch(&mut self, end: End) {
        if let Fetching::Idle(_) = self.fetching {
            let Fetching::Idle(mut walk) = std::mem::replace(&mut self.fetching, Fetching::Over) else { return };
            self.fetching = Fetching::Trip(spawn_blocking(move || {
                let page = walk.page(end, PAGE);
                (walk, end, page)
            }));
        }
        // The trip stays in `self` while it is awaited: when this future is dropped the next call goes on with it.
        let Fetching::Trip(trip) = &mut self.fetching else { return };
        match joined(trip.await) {
            Ok((walk, end, page)) => {
                self.fetching = if page.is_empty() { Fetching::Over } else { Fetching::Idle(walk) };
                match end {
                    End::Front => self.front.extend(page),
                    End::Back => self.back.extend(page),
                }
            }
            Err(error) => {
                self.fetching = Fetching::Over;
                self.front.push_back(Err(error));
            }
        }
    }
}

impl std::fmt::Debug for AsyncIter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncIter").field("fetched", &(self.front.len() + self.back.len())).finish_non_exhaustive()
    }
}
