#![doc = include_str!("../README.md")]
#![deny(unsafe_op_in_unsafe_fn, missing_docs)]

mod append;
#[cfg(feature = "tokio")]
mod asynchronous;
#[cfg(feature = "tokio")]
mod asynchronous_changes;
#[cfg(feature = "tokio")]
mod asynchronous_log;
#[cfg(feature = "tokio")]
mod asynchronous_namespace;
#[cfg(feature = "tokio")]
mod asynchronous_scan;
mod batch;
mod bounds;
mod changes;
mod commit;
mod conditional;
mod db;
mod error;
mod fill;
mod follow;
mod log;
mod log_options;
mod multi_get;
mod multi_pin;
mod namespace;
mod operate;
mod options;
#[cfg(test)]
mod packed_formats;
mod pinned;
mod scan;
mod settings;
mod snapshot;
mod stats;
mod tail;
mod txn;
#[cfg(feature = "tokio")]
mod watch;

pub use append::Append;
#[cfg(feature = "tokio")]
pub use asynchronous::AsyncDb;
#[cfg(feature = "tokio")]
pub use asynchronous_changes::AsyncChangeFollower;
#[cfg(feature = "tokio")]
pub use asynchronous_log::{AsyncLog, AsyncTail};
#[cfg(feature = "tokio")]
pub use asynchronous_namespace::AsyncNamespace;
#[cfg(feature = "tokio")]
pub use asynchronous_scan::AsyncIter;
pub use batch::{Batch, BatchOn, WriteOptions};
pub use changes::{Change, ChangeKind, Changes};
pub use commit::CommitError;
pub use conditional::PutOptions;
pub use db::{Db, Recovery, build_info, library_version};
pub use error::{Error, ErrorKind, Result};
pub use follow::ChangeFollower;
pub use log::Log;
pub use log_options::LogOptions;
pub use multi_get::Values;
pub use multi_pin::PinnedValues;
pub use namespace::{Entry, Namespace, Ttl};
pub use operate::{Event, EventKind};
pub use options::{Compression, Durability, Options};
pub use pinned::Pinned;
pub use scan::{Iter, Scan};
pub use snapshot::{Reads, Snapshot};
pub use stats::{Latency, Stats};
pub use tail::{Record, Records, Tail};
pub use txn::{Txn, TxnNamespace, TxnOptions};
