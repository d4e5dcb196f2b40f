"""The interface of the standard library's dbm over a Firn database: firn.dbm.open(file, flag), as shelve.Shelf and others use it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING

import firn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from firn._opened import Path

Text = str | bytes | bytearray | memoryview

error = OSError
library = "firn.dbm"

__all__ = ["Dbm", "error", "library", "open"]


def _bytes(text: Text, what: str) -> bytes:
    if isinstance(text, str):
        return text.encode()
    if isinstance(text, (bytes, bytearray, memoryview)):
        return bytes(text)
    raise TypeError(f"dbm {what} is bytes or str, not {type(text).__name__}")


class ClosedError(firn.ClosedError, OSError):
    """The database was closed: what every dbm module raises then is an OSError."""


class Dbm(MutableMapping[bytes, bytes]):
    """A database as dbm.open returns one: str keys and values are encoded as UTF-8, and bytes come back."""

    __slots__ = ("__weakref__", "_database", "_is_read_only")

    def __init__(self, database: firn.Database, *, read_only: bool = False) -> None:
        self._database = database
        self._is_read_only = read_only

    def _opened(self) -> firn.Database:
        if self._database.closed:
            raise ClosedError("the database was closed")
        return self._database

    def __getitem__(self, key: Text) -> bytes:
        return self._opened()[_bytes(key, "key")]

    def __setitem__(self, key: Text, value: Text) -> None:
        self._opened()[_bytes(key, "key")] = _bytes(value, "value")

    def __delitem__(self, key: Text) -> None:
        del self._opened()[_bytes(key, "key")]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, (str, bytes, bytearray, memoryview)) and _bytes(key, "key") in self._opened()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._opened())

    def __len__(self) -> int:
        return len(self._opened())

    def __bool__(self) -> bool:
        return bool(self._opened())

    def keys(self) -> list[bytes]:  # type: ignore[override]  # a list, as with the other dbm modules
        """All keys, as a list."""
        return list(self._opened())

    def clear(self) -> None:
        """Removes all keys."""
        self._opened().clear()

    def firstkey(self) -> bytes | None:
        """The first key, or None."""
        return next(self._opened().keys().scan(), None)

    def nextkey(self, key: Text) -> bytes | None:
        """The key after key, or None."""
        return next(self._opened().keys(start=_bytes(key, "key") + b"\0").scan(), None)

    def reorganize(self) -> None:
        """Gives back the space of what was deleted."""
        self._opened().compact()

    def sync(self) -> None:
        """Makes everything durable; nothing to do where nothing can be written."""
        database = self._opened()
        if not self._is_read_only:
            database.sync()

    def close(self) -> None:
        """Closes the database; a second time does nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


def open(file: Path, flag: str = "r", mode: int = 0o666) -> Dbm:  # noqa: A001
    """Opens the database at file: "r" for reading, "w" for writing, "c" creating it when missing, "n" always new and empty.

    mode is taken for the sake of the interface: the files of a database are for their owner only.
    """
    if flag not in ("r", "w", "c", "n"):
        raise ValueError("flag is one of 'r', 'w', 'c', 'n'")
    if flag == "r":
        return Dbm(firn.open(file, read_only=True, create_if_missing=False), read_only=True)
    database = firn.open(file, create_if_missing=flag != "w")
    if flag == "n":
        for name in database.namespaces():
            database.namespace(name).drop()
        database.clear()
    return Dbm(database)
