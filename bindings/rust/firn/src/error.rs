//! Errors: the codes of the C API as a kind, with the details where there are any.

use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use std::fmt;
use std::path::{Path, PathBuf};

use firn_sys as sys;

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. [`kind`](Error::kind) is for programs, `Display` for people.
pub struct Error {
    code: i32,
    details: Option<Box<Details>>,
}

#[derive(Debug)]
enum Details {
    /// What the engine tells about files, the disk, other processes.
    Engine { message: String, file: PathBuf, offset: u64, os_errno: i32 },
    /// What the binding itself refuses.
    Binding(Cow<'static, str>),
    /// A transaction that the program gave up: [`Error::abort`].
    Abort(Box<dyn std::error::Error + Send + Sync>),
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:ident,)*) => {
        /// What sort of failure an [`Error`] is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)*
            /// The program's own error, carried out of a transaction by [`Error::abort`].
            Aborted,
            /// A code that this version of the crate does not know.
            Unknown,
        }

        fn kind_of(code: i32) -> ErrorKind {
            match code {
                $(sys::$code => ErrorKind::$kind,)*
                _ => ErrorKind::Unknown,
            }
        }
    };
}

kinds! {
    /// The key, the namespace or the database is not there.
    NotFound = FIRN_NOT_FOUND,
    /// It is there already.
    Exists = FIRN_EXISTS,
    /// What was read has changed: retry the transaction.
    Conflict = FIRN_CONFLICT,
    /// An argument is outside its domain; nothing has changed.
    Invalid = FIRN_INVALID,
    /// Over a limit; nothing has changed.
    TooLarge = FIRN_TOO_LARGE,
    /// A counter operation on a value that is not 8 bytes long.
    TypeMismatch = FIRN_TYPE_MISMATCH,
    /// The database was closed.
    Closed = FIRN_CLOSED,
    /// A call out of order.
    Misuse = FIRN_MISUSE,
    /// Another opening owns the database.
    Locked = FIRN_LOCKED,
    /// The database was opened, or has become, read-only; or a write on a snapshot.
    ReadOnly = FIRN_READ_ONLY,
    /// The disk is full; what was acknowledged is safe.
    NoSpace = FIRN_NO_SPACE,
    /// The operating system reported an error.
    Io = FIRN_IO,
    /// Bytes on disk do not verify.
    Corrupt = FIRN_CORRUPT,
    /// An allocation failed; nothing has changed.
    NoMemory = FIRN_NO_MEMORY,
    /// This build or this version cannot do it.
    Unsupported = FIRN_UNSUPPORTED,
    /// The time given ran out.
    Timeout = FIRN_TIMEOUT,
    /// A wait was woken on purpose.
    Cancelled = FIRN_CANCELLED,
    /// The database belongs to the parent process.
    Forked = FIRN_FORKED,
    /// The key is there and never expires.
    NoExpiry = FIRN_NO_EXPIRY,
    /// The call would have waited.
    WouldBlock = FIRN_WOULD_BLOCK,
    /// The write may or may not survive; the database is now read-only.
    Indeterminate = FIRN_INDETERMINATE,
    /// The path holds something else; nothing was touched.
    NotADatabase = FIRN_NOT_A_DATABASE,
    /// Written by a newer Firn.
    NewerFormat = FIRN_NEWER_FORMAT,
    /// A counter would leave the range of `i64`; nothing has changed.
    Overflow = FIRN_OVERFLOW,
    /// A defect of Firn: please report it.
    Internal = FIRN_INTERNAL,
}

impl Error {
    /// An error of the program's own, to give up a transaction with: [`update`](crate::Db::update) hands it on, as
    /// [`ErrorKind::Aborted`] with this [`source`](std::error::Error::source).
    pub fn abort(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { code: sys::FIRN_OK, details: Some(Box::new(Details::Abort(error.into()))) }
    }

    #[inline]
    pub(crate) fn from_code(code: i64) -> Self {
        Self { code: code as i32, details: None }
    }

    pub(crate) fn new(code: i32, message: &'static str) -> Self {
        Self { code, details: Some(Box::new(Details::Binding(Cow::Borrowed(message)))) }
    }

    pub(crate) fn explained(code: i32, message: String) -> Self {
        Self { code, details: Some(Box::new(Details::Binding(Cow::Owned(message)))) }
    }

    pub(crate) fn from_engine(error: &sys::firn_error) -> Self {
        let details = Details::Engine {
            message: text(&error.message),
            file: PathBuf::from(text(&error.file)),
            offset: error.offset,
            os_errno: error.os_errno,
        };
        Self { code: error.code, details: Some(Box::new(details)) }
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self.details.as_deref() {
            Some(Details::Abort(_)) => ErrorKind::Aborted,
            _ => kind_of(self.code),
        }
    }

    /// The code of the C API; 0 for [`ErrorKind::Aborted`].
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Whether the same call may succeed later without any other change.
    pub fn is_retryable(&self) -> bool {
        // SAFETY: any number may be asked about.
        unsafe { sys::firn_status_is_retryable(self.code) == 1 }
    }

    /// The file that it is about, and the offset in it, when bytes on disk do not verify.
    pub fn file(&self) -> Option<(&Path, u64)> {
        match self.details.as_deref() {
            Some(Details::Engine { file, offset, .. }) if !file.as_os_str().is_empty() => Some((file, *offset)),
            _ => None,
        }
    }

    /// The operating system's error number.
    pub fn raw_os_error(&self) -> Option<i32> {
        match self.details.as_deref() {
            Some(Details::Engine { os_errno, .. }) if *os_errno != 0 => Some(*os_errno),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.details.as_deref() {
            Some(Details::Abort(error)) => return write!(f, "the transaction was given up: {error}"),
            Some(Details::Binding(message)) => return f.write_str(message),
            Some(Details::Engine { message, .. }) if !message.is_empty() => f.write_str(message)?,
            // SAFETY: any number may be asked about; the answer is static text.
            _ => f.write_str(&unsafe { CStr::from_ptr(sys::firn_status_text(self.code)) }.to_string_lossy())?,
        }
        match self.file() {
            Some((file, offset)) if self.code == sys::FIRN_CORRUPT => write!(f, " ({}, offset {offset})", file.display()),
            Some((file, _)) => write!(f, " ({})", file.display()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.details.as_deref() {
            Some(Details::Abort(error)) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::NotFound => std::io::ErrorKind::NotFound,
            ErrorKind::Exists => std::io::ErrorKind::AlreadyExists,
            ErrorKind::Invalid => std::io::ErrorKind::InvalidInput,
            ErrorKind::Corrupt | ErrorKind::NotADatabase | ErrorKind::NewerFormat => std::io::ErrorKind::InvalidData,
            ErrorKind::NoMemory => std::io::ErrorKind::OutOfMemory,
            ErrorKind::Unsupported => std::io::ErrorKind::Unsupported,
            ErrorKind::Timeout => std::io::ErrorKind::TimedOut,
            ErrorKind::WouldBlock | ErrorKind::Locked => std::io::ErrorKind::WouldBlock,
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// A text that the engine has filled in: up to the NUL.
pub(crate) fn text(chars: &[c_char]) -> String {
    let bytes: Vec<u8> = chars.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Adds what the engine has kept about the last failure of the disk, when `error` is of that sort.
#[cold]
pub(crate) fn with_cause(error: Error, kept: impl FnOnce() -> Option<sys::firn_error>) -> Error {
    let of_disk = [sys::FIRN_IO, sys::FIRN_CORRUPT, sys::FIRN_NO_SPACE, sys::FIRN_INDETERMINATE, sys::FIRN_READ_ONLY];
    if !of_disk.contains(&error.code()) {
        return error;
    }
    match kept() {
        Some(mut known) => {
            known.code = error.code();
            Error::from_engine(&known)
        }
        None => error,
    }
}

/// What `ask`, a function that tells the last failure, has filled in. `None`: there was none, or there is nobody to ask any more.
pub(crate) fn last_failure(ask: impl FnOnce(&mut sys::firn_error) -> i32) -> Option<sys::firn_error> {
    let mut error = sys::firn_error::INIT;
    let code = ask(&mut error);
    let is_about_the_call = [sys::FIRN_CLOSED, sys::FIRN_MISUSE, sys::FIRN_FORKED].contains(&code);
    (code != sys::FIRN_OK && !is_about_the_call).then_some(error)
}

/// `FIRN_OK` or a code.
#[inline]
pub(crate) fn check(code: i32) -> Result<()> {
    if code == sys::FIRN_OK { Ok(()) } else { Err(Error::from_code(i64::from(code))) }
}

/// A length, a count, a version, or a negative code.
#[inline]
pub(crate) fn check_number(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::from_code(number))
}

/// 1, 0 or a code.
#[inline]
pub(crate) fn check_predicate(answer: i32) -> Result<bool> {
    if answer < 0 { Err(Error::from_code(i64::from(answer))) } else { Ok(answer == 1) }
}

/// The same with `FIRN_NOT_FOUND` as an answer.
#[inline]
pub(crate) fn found(code: i32) -> Result<bool> {
    match code {
        sys::FIRN_OK => Ok(true),
        sys::FIRN_NOT_FOUND => Ok(false),
        other => Err(Error::from_code(i64::from(other))),
    }
}
