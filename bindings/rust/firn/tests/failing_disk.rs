//! A disk that fails: what databases and logs tell, and going on. One test, alone in its process: the limit is of the whole process.

use std::ffi::{c_int, c_ulong};
use std::path::Path;

use firn::{Db, Error, ErrorKind, EventKind, LogOptions, Options};

const EFBIG: i32 = 27;
const RLIMIT_FSIZE: c_int = 1;
const SIGXFSZ: c_int = 25;
const SIG_IGN: usize = 1;

/// `struct rlimit` of setrlimit(2).
#[repr(C)]
struct Limit {
    soft: c_ulong,
    hard: c_ulong,
}

unsafe extern "C" {
    fn signal(number: c_int, action: usize) -> usize;
    fn getrlimit(what: c_int, limit: *mut Limit) -> c_int;
    fn setrlimit(what: c_int, limit: *const Limit) -> c_int;
}

fn set_limit(soft: c_ulong) -> c_ulong {
    let mut limit = Limit { soft: 0, hard: 0 };
    // SAFETY: one limit to be filled in, and one to be read.
    unsafe {
        assert_eq!(getrlimit(RLIMIT_FSIZE, &mut limit), 0);
        assert_eq!(setrlimit(RLIMIT_FSIZE, &Limit { soft, ..limit }), 0);
    }
    limit.soft
}

/// Runs `work` while this process can make no file larger than a byte: every write ends with EFBIG, as it would with ENOSPC on a full disk.
fn on_a_full_disk<T>(work: impl FnOnce() -> T) -> T {
    let before = set_limit(1);
    let result = work();
    set_limit(before);
    result
}

#[track_caller]
fn assert_tells_its_cause(error: Error, kind: ErrorKind, directory: &Path) {
    assert_eq!((error.kind(), error.raw_os_error()), (kind, Some(EFBIG)), "{error}");
    assert!(error.file().unwrap().0.starts_with(directory), "{error}");
}

#[test]
fn a_failure_of_the_disk_is_told_and_ended() {
    // SAFETY: ignoring a signal.
    unsafe { signal(SIGXFSZ, SIG_IGN) };
    a_database_tells_and_resumes();
    a_log_tells();
}

fn a_database_tells_and_resumes() {
    let directory = tempfile::tempdir().unwrap();
    let db = Options::new().log_io_pwrite(true).open(directory.path()).unwrap();
    db.put("k", "before").unwrap();
    assert!(db.last_error().is_none());
    let error = on_a_full_disk(|| db.put("k", "lost")).unwrap_err();
    assert_tells_its_cause(error, ErrorKind::Indeterminate, directory.path());
    assert_tells_its_cause(db.delete("k").unwrap_err(), ErrorKind::ReadOnly, directory.path());
    assert_tells_its_cause(db.last_error().unwrap(), ErrorKind::Io, directory.path());
    assert_eq!(db.events(0).unwrap().last().unwrap().kind, EventKind::Error);

    db.resume().unwrap();
    assert!(db.last_error().is_none());
    db.put("k", "after").unwrap();
    drop(db);
    assert_eq!(Db::open(directory.path()).unwrap().get("k").unwrap().unwrap(), b"after");
}

fn a_log_tells() {
    let directory = tempfile::tempdir().unwrap();
    let log = LogOptions::new().log_io_pwrite(true).open(directory.path()).unwrap();
    log.append("kept").unwrap();
    assert!(log.last_error().is_none());
    let error = on_a_full_disk(|| log.append("lost")).unwrap_err();
    assert_tells_its_cause(error, ErrorKind::Indeterminate, directory.path());
    let refused = log.append_all(firn::Append::new().push("refused"));
    assert_tells_its_cause(refused.unwrap_err(), ErrorKind::ReadOnly, directory.path());
    assert_tells_its_cause(log.last_error().unwrap(), ErrorKind::Io, directory.path());
    assert_eq!(log.read(0).unwrap().unwrap(), b"kept");
    log.close().unwrap_err();
    assert!(log.last_error().is_none()); // nobody is there to be asked
    assert_eq!(firn::Log::open(directory.path()).unwrap().read(0).unwrap().unwrap(), b"kept");
}
