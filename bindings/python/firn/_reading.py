"""What databases, namespaces, transactions and snapshots have in common: looking up and scanning, and the same for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar, overload

from firn import _firn
from firn._views import ENTRIES, ITEMS, KEYS, Items, Keys, Range, Values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from typing_extensions import Buffer

T = TypeVar("T")

# Entries that an asynchronous scan fetches in one turn of a thread.
_ENTRIES_A_TURN = 1000


class Entry(NamedTuple):
    """A value with the version of the commit that wrote it, and the Unix time at which it expires, None for never."""

    value: bytes
    version: int
    expiry: float | None


class KeyedEntry(NamedTuple):
    """An entry of a scan."""

    key: bytes
    value: bytes
    version: int
    expiry: float | None


def _seconds(expiry_ms: int) -> float | None:
    return expiry_ms / 1000 if expiry_ms else None


class Reading(_firn.Reader, Mapping[bytes, bytes]):
    """A mapping of bytes to bytes, in the order of the keys."""

    __slots__ = ()

    def __iter__(self) -> _firn.Iterator[bytes]:
        return self._scan(KEYS)

    def __len__(self) -> int:
        """The number of keys, counted one by one: use bool() to ask whether there are any."""
        return self._count(KEYS)

    def __bool__(self) -> bool:
        return self._count(KEYS, limit=1) > 0

    def __reversed__(self) -> _firn.Iterator[bytes]:
        return self._scan(KEYS, reverse=True)

    def keys(
        self,
        *,
        start: Buffer | None = None,
        stop: Buffer | None = None,
        prefix: Buffer | None = None,
        reverse: bool = False,
        limit: int | None = None,
        glob: Buffer | None = None,
    ) -> Keys:
        """The keys from start to before stop, with this prefix, that match glob ('*', '?', '[a-z]', '\\\\')."""
        return Keys(self, Range(start, stop, prefix, reverse, limit, glob))

    def values(
        self,
        *,
        start: Buffer | None = None,
        stop: Buffer | None = None,
        prefix: Buffer | None = None,
        reverse: bool = False,
        limit: int | None = None,
        glob: Buffer | None = None,
    ) -> Values:
        """The values of those keys."""
        return Values(self, Range(start, stop, prefix, reverse, limit, glob))

    def items(
        self,
        *,
        start: Buffer | None = None,
        stop: Buffer | None = None,
        prefix: Buffer | None = None,
        reverse: bool = False,
        limit: int | None = None,
        glob: Buffer | None = None,
    ) -> Items:
        """Pairs of those keys and their values."""
        return Items(self, Range(start, stop, prefix, reverse, limit, glob))

    def entry(self, key: Buffer) -> Entry | None:
        """The value of key with its version and expiry, or None."""
        found = self._entry(key)
        return None if found is None else Entry(found[0], found[1], _seconds(found[2]))

    def entries(
        self,
        *,
        start: Buffer | None = None,
        stop: Buffer | None = None,
        prefix: Buffer | None = None,
        reverse: bool = False,
        limit: int | None = None,
        glob: Buffer | None = None,
    ) -> Iterator[KeyedEntry]:
        """A scan that also tells versions and expiries."""
        for key, value, version, expiry_ms in self._scan(ENTRIES, start, stop, prefix, reverse, limit, glob):
            yield KeyedEntry(key, value, version, _seconds(expiry_ms))

    @overload
    async def aget(self, key: Buffer) -> bytes | None: ...
    @overload
    async def aget(self, key: Buffer, default: T) -> bytes | T: ...
    async def aget(self, key: Buffer, default: object = None) -> object:
        """As get, in a thread that does not hold the interpreter while it reads."""
        return await asyncio.to_thread(self._get_released, key, default)

    async def aget_many(self, keys: Iterable[Buffer]) -> list[bytes | None]:
        """As get_many, in a thread."""
        return await asyncio.to_thread(self.get_many, keys)

    async def aitems(
        self,
        *,
        start: Buffer | None = None,
        stop: Buffer | None = None,
        prefix: Buffer | None = None,
        reverse: bool = False,
        limit: int | None = None,
        glob: Buffer | None = None,
    ) -> AsyncIterator[tuple[bytes, bytes]]:
        """As items, for async for; the scan runs in a thread, many entries at a time."""
        with self._scan(ITEMS, start, stop, prefix, reverse, limit, glob) as scan:
            while entries := await asyncio.to_thread(scan.take, _ENTRIES_A_TURN):
                for entry in entries:
                    yield entry
