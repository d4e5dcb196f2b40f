"""What opening takes and what it found, and what is open in this process, so that the end of the interpreter can close it."""

from __future__ import annotations

import os
import weakref
from typing import NamedTuple, Protocol

from firn.errors import Error

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Recovery(NamedTuple):
    """What opening found; clean: the last opening was closed in order, or the database is new."""

    clean: bool
    records_replayed: int
    bytes_replayed: int
    bytes_dropped: int
    dropped_file: str
    dropped_offset: int


class Closeable(Protocol):
    """A database or a log."""

    def close(self) -> None: ...


# By id, as a mapping has no hash.
_opened: dict[int, weakref.ref[Closeable]] = {}


def remember(thing: Closeable) -> None:
    """It is open."""
    key = id(thing)
    _opened[key] = weakref.ref(thing, lambda _: _opened.pop(key, None))


def forget(thing: Closeable) -> None:
    """It is closed."""
    _opened.pop(id(thing), None)


def close_all() -> None:
    """Closes what is still open when the interpreter ends, so that the next opening has nothing to recover."""
    for reference in list(_opened.values()):
        thing = reference()
        if thing is not None:
            try:
                thing.close()
            except Error:
                continue  # of a parent process, or a disk that has failed before
