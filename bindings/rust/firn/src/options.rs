//! How a database is opened.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::db::Db;
use crate::error::Result;
use crate::settings::{Settings, c_path};

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing is promised until [`sync`](Db::sync).
    None,
    /// `kill -9` and a crash of the program; after power loss a prefix of the commits is left. No system call for a write.
    #[default]
    Process,
    /// Power loss, but for the last commits, this many at most.
    Every(u32),
    /// Power loss, but for the commits of this time, rounded to milliseconds.
    Interval(Duration),
    /// Power loss. Threads that wait share the syncs.
    Sync,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Process => f.write_str("process"),
            Self::Every(commits) => write!(f, "every:{commits}"),
            Self::Interval(time) => write!(f, "interval:{}ms", time.as_millis()),
            Self::Sync => f.write_str("sync"),
        }
    }
}

/// How new tables are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// LZ4: fast. [`Unsupported`](crate::ErrorKind::Unsupported) when the library was built without it.
    Lz4,
    /// Zstandard: small. [`Unsupported`](crate::ErrorKind::Unsupported) when the library was built without it.
    Zstd,
}

/// Options of a database, builder style; what is not set keeps the engine's default.
///
/// ```
/// use firn::{Durability, Options};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("db");
/// let db = Options::new().durability(Durability::Sync).memtable_bytes(16 << 20).open(&path)?;
/// # drop(db);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    settings: Settings,
}

impl Options {
    /// All at their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option by its name in the engine, from text: `("memtable_bytes", "16MiB")`. Opening fails with
    /// [`Invalid`](crate::ErrorKind::Invalid) when the name is unknown or the value out of range.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.set(name, value);
        self
    }

    /// Creates the database when the path does not exist or is empty. Default: true.
    pub fn create_if_missing(self, create: bool) -> Self {
        self.set("create_if_missing", create.to_string())
    }

    /// Refuses to open a database that exists.
    pub fn error_if_exists(self, refuse: bool) -> Self {
        self.set("error_if_exists", refuse.to_string())
    }

    /// Takes no lock, writes nothing, repairs nothing; works beside a live writer.
    pub fn read_only(self, read_only: bool) -> Self {
        self.set("read_only", read_only.to_string())
    }

    /// What an acknowledged write survives.
    pub fn durability(self, durability: Durability) -> Self {
        self.set("durability", durability.to_string())
    }

    /// Starts no thread; one call at a time, overlapping ones fail with [`Misuse`](crate::ErrorKind::Misuse). Background work runs
    /// inside writes and [`run_jobs`](Db::run_jobs).
    pub fn single_threaded(self, single: bool) -> Self {
        self.set("single_threaded", single.to_string())
    }

    /// Size that a memtable grows to before it is flushed. Default: 64 MiB.
    pub fn memtable_bytes(self, bytes: u64) -> Self {
        self.set("memtable_bytes", bytes.to_string())
    }

    /// Memory for tables that are not mapped (compressed, or [`table_io_pread`](Self::table_io_pread)). Default: 256 MiB.
    pub fn cache_bytes(self, bytes: u64) -> Self {
        self.set("cache_bytes", bytes.to_string())
    }

    /// How new tables are compressed.
    pub fn compression(self, compression: Compression) -> Self {
        let name = match compression {
            Compression::None => "none",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        };
        self.set("compression", name)
    }

    /// Writes the log with system calls instead of stores into a mapping. Together with [`table_io_pread`](Self::table_io_pread) a disk
    /// that fails gives an error instead of SIGBUS.
    pub fn log_io_pwrite(self, pwrite: bool) -> Self {
        self.set("log_io", if pwrite { "pwrite" } else { "mmap" })
    }

    /// Reads tables with system calls instead of through a mapping.
    pub fn table_io_pread(self, pread: bool) -> Self {
        self.set("table_io", if pread { "pread" } else { "mmap" })
    }

    /// Threads that flush and compact, 1 or 2.
    pub fn background_threads(self, threads: u32) -> Self {
        self.set("background_threads", threads.to_string())
    }

    /// How long opening waits for a database that another opening holds. Default: not at all.
    pub fn lock_timeout(self, time: Duration) -> Self {
        self.set("lock_timeout_ms", time.as_millis().to_string())
    }

    /// Verifies every checksum of every file before opening returns.
    pub fn verify_on_open(self, verify: bool) -> Self {
        self.set("verify_on_open", verify.to_string())
    }

    /// Opens the database in the directory `path`, creating it unless [`create_if_missing`](Self::create_if_missing) says otherwise.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Db> {
        Db::open_with(&c_path(path)?, &self.settings)
    }

    /// Opens a database without files, gone when it is closed.
    pub fn open_in_memory(&self) -> Result<Db> {
        Db::open_with(c":memory:", &self.settings)
    }
}
