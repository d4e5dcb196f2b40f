"""The exceptions of Firn: one tree under Error, each also what the standard library would have raised."""

from __future__ import annotations

import errno as _errno

__all__ = [
    "CancelledError",
    "ClosedError",
    "ConflictError",
    "CorruptError",
    "CounterOverflowError",
    "DatabaseExistsError",
    "Error",
    "ExistsError",
    "ForkedError",
    "IndeterminateError",
    "InternalError",
    "InvalidError",
    "LockedError",
    "MissingDatabaseError",
    "MisuseError",
    "NewerFormatError",
    "NoSpaceError",
    "NotADatabaseError",
    "NotFoundError",
    "OutOfMemoryError",
    "ReadOnlyError",
    "RecordNotFoundError",
    "StorageError",
    "TimedOutError",
    "TooLargeError",
    "TypeMismatchError",
    "UnsupportedError",
    "WouldBlockError",
]


class Error(Exception):
    """Everything that Firn raises by itself.

    code is the number in firn.h, file and offset say where on disk, when it is about a file's content.
    """

    code: int = 0
    file: str = ""
    offset: int = 0


class NotFoundError(Error, KeyError):
    """The key, or the namespace, is not there."""

    code = -1


class RecordNotFoundError(NotFoundError, IndexError):
    """No record of the log has this index: it was trimmed away, or is not there yet."""

    code = -1


class ExistsError(Error, KeyError):
    """The key is there already (if_absent)."""

    code = -2


class ConflictError(Error):
    """What was read has changed: run the transaction again, as Database.update does."""

    code = -3


class InvalidError(Error, ValueError):
    """An argument is outside its domain; nothing has changed."""

    code = -4


class TooLargeError(Error, ValueError):
    """A key, a value or a batch is over a limit; nothing has changed."""

    code = -5


class TypeMismatchError(Error, ValueError):
    """A counter operation on a value that is not 8 bytes."""

    code = -6


class ClosedError(Error, ValueError):
    """The database, or what came from it, was closed."""

    code = -7


class MisuseError(Error, RuntimeError):
    """A call out of order: one object used by two threads at a time, or a transaction used after its commit."""

    code = -8


class StorageError(Error, OSError):
    """The operating system or the disk has failed. errno tells how, when the operating system told."""

    code = -12


class LockedError(StorageError, BlockingIOError):
    """Another opening owns the database; the message names it."""

    code = -9


class ReadOnlyError(StorageError, PermissionError):
    """The database was opened, or has become, read-only; or it is a snapshot."""

    code = -10


class NoSpaceError(StorageError):
    """The disk is full; what was acknowledged is safe."""

    code = -11


class CorruptError(StorageError):
    """Bytes on disk do not verify; file and offset say which."""

    code = -13


class IndeterminateError(StorageError):
    """The write may or may not survive; the database is now read-only."""

    code = -21


class MissingDatabaseError(StorageError, FileNotFoundError):
    """There is no database at the path."""

    code = -1


class DatabaseExistsError(StorageError, FileExistsError):
    """There is a database at the path already (error_if_exists)."""

    code = -2


class NotADatabaseError(StorageError):
    """The path holds something else; nothing was touched."""

    code = -22


class NewerFormatError(StorageError):
    """The database was written by a newer Firn."""

    code = -23


class OutOfMemoryError(Error, MemoryError):
    """An allocation failed; nothing has changed."""

    code = -14


class UnsupportedError(Error, NotImplementedError):
    """This build or this version cannot do it."""

    code = -15


class TimedOutError(Error, TimeoutError):
    """The time given ran out."""

    code = -16


class CancelledError(Error):
    """A wait was woken on purpose."""

    code = -17


class ForkedError(Error, RuntimeError):
    """The object belongs to the parent process: open the database again."""

    code = -18


class WouldBlockError(Error, BlockingIOError):
    """The call would have waited, and was told not to."""

    code = -20


class CounterOverflowError(Error, OverflowError):
    """A counter would leave the range of a signed 64-bit integer; nothing has changed."""

    code = -24


class InternalError(Error, RuntimeError):
    """A defect of Firn: please report it."""

    code = -99


_KINDS: dict[int, type[Error]] = {
    kind.code: kind
    for kind in (
        NotFoundError,
        ExistsError,
        ConflictError,
        InvalidError,
        TooLargeError,
        TypeMismatchError,
        ClosedError,
        MisuseError,
        StorageError,
        LockedError,
        ReadOnlyError,
        NoSpaceError,
        CorruptError,
        IndeterminateError,
        NotADatabaseError,
        NewerFormatError,
        OutOfMemoryError,
        UnsupportedError,
        TimedOutError,
        CancelledError,
        ForkedError,
        WouldBlockError,
        CounterOverflowError,
    )
}

# What os_errno is when the operating system had no part in it.
_ERRNOS: dict[type[Error], int] = {
    StorageError: _errno.EIO,
    LockedError: _errno.EWOULDBLOCK,
    ReadOnlyError: _errno.EROFS,
    NoSpaceError: _errno.ENOSPC,
    CorruptError: _errno.EBADMSG,
    IndeterminateError: _errno.EIO,
    MissingDatabaseError: _errno.ENOENT,
    DatabaseExistsError: _errno.EEXIST,
    NotADatabaseError: _errno.ENOTDIR,
    NewerFormatError: _errno.ENOTSUP,
    WouldBlockError: _errno.EWOULDBLOCK,
    TimedOutError: _errno.ETIMEDOUT,
}


def failure(code: int, os_errno: int, message: str, file: str, offset: int) -> Error:
    """The exception for a code of firn.h. Called by the extension module."""
    kind = _KINDS.get(code, InternalError)
    if issubclass(kind, OSError):
        error: Error = kind(os_errno or _ERRNOS[kind], message, file or None)
    else:
        error = kind(message)
    error.code = code
    error.file = file
    error.offset = offset
    return error


def opening_failure(error: Error, path: str) -> Error:
    """The same failure as an opening reports it: what is missing or there is a database, not a key."""
    kind = {-1: MissingDatabaseError, -2: DatabaseExistsError}.get(error.code)
    if kind is None:
        return error
    opening = kind(_ERRNOS[kind], error.args[0], error.file or path)
    opening.code, opening.file, opening.offset = error.code, error.file, error.offset
    return opening
