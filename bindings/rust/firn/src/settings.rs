//! Options as names and values, for databases and logs, on their way to the engine.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use firn_sys as sys;

use crate::error::{Error, Result};

/// The path as the C API takes it.
pub(crate) fn c_path(path: impl AsRef<Path>) -> Result<CString> {
    CString::new(path.as_ref().as_os_str().as_bytes()).map_err(|_| Error::new(sys::FIRN_INVALID, "the path contains a zero byte"))
}

/// What has been set, in order: of several settings of one option the last one counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(Vec<(String, String)>);

/// What the bindings have to know of an opening themselves.
#[cfg_attr(not(feature = "tokio"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Every write waits for the disk.
    pub(crate) waits_at_commit: bool,
    /// Who waits for durability waits for the clock; elsewhere he syncs.
    pub(crate) syncs_by_clock: bool,
    /// Whoever writes is in another process.
    pub(crate) is_read_only: bool,
}

impl Settings {
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    fn last(&self, name: &str) -> &str {
        self.0.iter().rfind(|(set, _)| set == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn manner(&self) -> Manner {
        let durability = self.last("durability");
        Manner {
            waits_at_commit: durability == "sync",
            syncs_by_clock: durability.starts_with("interval:") && self.last("single_threaded") != "true",
            is_read_only: self.last("read_only") == "true",
        }
    }

    pub(crate) fn to_engine(&self) -> Result<EngineOptions> {
        let options = EngineOptions::new()?;
        self.0.iter().try_for_each(|(name, value)| options.set(name, value))?;
        Ok(options)
    }
}

/// The engine's own options, for the time of an opening.
pub(crate) struct EngineOptions(NonNull<sys::firn_options>);

impl EngineOptions {
    fn new() -> Result<Self> {
        // SAFETY: takes nothing.
        let options = NonNull::new(unsafe { sys::firn_options_new() });
        options.map(Self).ok_or_else(|| Error::from_code(i64::from(sys::FIRN_NO_MEMORY)))
    }

    pub(crate) fn as_ptr(&self) -> *const sys::firn_options {
        self.0.as_ptr()
    }

    fn set(&self, name: &str, value: &str) -> Result<()> {
        let (Ok(name_c), Ok(value_c)) = (CString::new(name), CString::new(value)) else {
            return Err(Error::new(sys::FIRN_INVALID, "an option contains a zero byte"));
        };
        // SAFETY: a live handle that one thread uses, and two C strings that outlive the call.
        let code = unsafe { sys::firn_options_set(self.0.as_ptr(), name_c.as_ptr(), value_c.as_ptr()) };
        match code {
            sys::FIRN_OK => Ok(()),
            sys::FIRN_UNSUPPORTED => Err(Error::explained(code, format!("{name}={value}: the library was built without it"))),
            _ => Err(Error::explained(code, format!("{name}={value}: no such option, or the value is out of range"))),
        }
    }
}

impl Drop for EngineOptions {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and closed once.
        unsafe { sys::firn_options_free(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(settings: &[(&str, &str)]) -> [bool; 3] {
        let mut all = Settings::default();
        settings.iter().for_each(|(name, value)| all.set(*name, *value));
        let Manner { waits_at_commit, syncs_by_clock, is_read_only } = all.manner();
        [waits_at_commit, syncs_by_clock, is_read_only]
    }

    #[test]
    fn the_last_setting_counts() {
        assert_eq!(manner(&[]), [false; 3]);
        assert_eq!(manner(&[("durability", "sync")]), [true, false, false]);
        assert_eq!(manner(&[("durability", "sync"), ("durability", "interval:1ms")]), [false, true, false]);
        assert_eq!(manner(&[("durability", "interval:1ms"), ("single_threaded", "true")]), [false; 3]);
        assert_eq!(manner(&[("read_only", "false"), ("read_only", "true")]), [false, false, true]);
    }

    #[test]
    fn a_path_is_any_bytes_but_zero() {
        use std::ffi::OsStr;
        assert_eq!(c_path(OsStr::from_bytes(b"/a\xff b")).unwrap().as_bytes(), b"/a\xff b");
        assert_eq!(c_path(OsStr::from_bytes(b"/a\0b")).unwrap_err().code(), sys::FIRN_INVALID);
    }
}
