//! How a log is opened.

use std::path::Path;
use std::time::Duration;

use crate::error::Result;
use crate::log::Log;
use crate::options::Durability;
use crate::settings::{Settings, c_path};

/// Options of a [`Log`], builder style; what is not set keeps the engine's default.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    settings: Settings,
}

impl LogOptions {
    /// All at their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option by its name in the engine, from text: `("segment_bytes", "16MiB")`.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.set(name, value);
        self
    }

    /// Creates the log when the path does not exist or is empty. Default: true.
    pub fn create_if_missing(self, create: bool) -> Self {
        self.set("create_if_missing", create.to_string())
    }

    /// Refuses to open a log that exists.
    pub fn error_if_exists(self, refuse: bool) -> Self {
        self.set("error_if_exists", refuse.to_string())
    }

    /// Takes no lock and writes nothing; works beside a live writer.
    pub fn read_only(self, read_only: bool) -> Self {
        self.set("read_only", read_only.to_string())
    }

    /// What an acknowledged record survives.
    pub fn durability(self, durability: Durability) -> Self {
        self.set("durability", durability.to_string())
    }

    /// Size of a segment; space is given back by whole segments.
    pub fn segment_bytes(self, bytes: u64) -> Self {
        self.set("segment_bytes", bytes.to_string())
    }

    /// Keeps at most about so many bytes; 0: all.
    pub fn retention_bytes(self, bytes: u64) -> Self {
        self.set("retention_bytes", bytes.to_string())
    }

    /// Keeps records about so long; zero: for ever.
    pub fn retention(self, time: Duration) -> Self {
        self.set("retention_ms", time.as_millis().to_string())
    }

    /// Writes with system calls instead of stores into a mapping.
    pub fn log_io_pwrite(self, pwrite: bool) -> Self {
        self.set("log_io", if pwrite { "pwrite" } else { "mmap" })
    }

    /// How long opening waits for a log that another opening holds. Default: not at all.
    pub fn lock_timeout(self, time: Duration) -> Self {
        self.set("lock_timeout_ms", time.as_millis().to_string())
    }

    /// Verifies every record before opening returns.
    pub fn verify_on_open(self, verify: bool) -> Self {
        self.set("verify_on_open", verify.to_string())
    }

    /// Opens the log in the directory `path`, creating it unless [`create_if_missing`](Self::create_if_missing) says otherwise.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Log> {
        Log::open_with(&c_path(path)?, &self.settings)
    }
}
