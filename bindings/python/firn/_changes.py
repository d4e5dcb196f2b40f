"""The change feed: what was committed, in order, and what happened to the database beside that."""

from __future__ import annotations

import os
import select
import time
import weakref
from typing import TYPE_CHECKING, NamedTuple

from firn import _firn
from firn._waiting import POLL_SECONDS, clear
from firn.errors import Error, failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from firn._database import Database

# A wait comes back so often to see whether the program was interrupted, its task cancelled, or another follower was told instead.
_TURN_SECONDS = 0.1

_CHANGE_KINDS = {1: "put", 2: "delete", 16: "namespace_open", 17: "namespace_clear", 18: "namespace_drop"}
_EVENT_KINDS = {1: "flush", 2: "compaction", 3: "stall", 4: "error", 5: "resumed"}


class Change(NamedTuple):
    """One operation of a commit, as a result: what is there after a counter, a swap or a deleted range.

    kind is "put", "delete", or, about a namespace whose name is the key, "namespace_open", "namespace_clear", "namespace_drop". namespace is the
    id of the namespace (0: the default one), expiry the Unix time at which a value that was put expires, None for never. Changes of one
    commit have its version and follow one another.
    """

    version: int
    kind: str
    namespace: int
    key: bytes
    value: bytes
    expiry: float | None


class Event(NamedTuple):
    """What the database has done by itself, or what has happened to it.

    kind is "flush", "compaction", "stall" (a writer had to wait), "error" (it has become read-only) or "resumed"; error says why it failed.
    Numbers are 1, 2, 3 and so on since the opening; time is the Unix time of its end, duration is in seconds.
    """

    number: int
    time: float
    kind: str
    error: Error | None
    duration: float
    bytes_read: int
    bytes_written: int


def read_chunk(database: Database, start: int, durable: bool) -> list[Change]:
    """Some commits from start on, each of them whole; none when there are no more."""
    return [
        Change(version, _CHANGE_KINDS.get(kind, "unknown"), namespace, key, value, expiry_ms / 1000 if expiry_ms else None)
        for version, kind, namespace, key, value, expiry_ms in _firn.changes(database, start, durable)
    ]


def read_changes(database: Database, start: int | None, durable: bool) -> Iterator[Change]:
    """The changes from start to the last one of the moment at which it begins."""
    first, end = _firn.changes_bounds(database)
    version = first if start is None else start
    while version < end:
        chunk = read_chunk(database, version, durable)
        if not chunk:
            return
        for change in chunk:
            if change.version >= end:
                return
            yield change
        version = chunk[-1].version + 1


def read_events(database: Database, start: int) -> list[Event]:
    """The events that are kept, from this number on."""
    return [
        Event(
            number,
            time_ms / 1000,
            _EVENT_KINDS.get(kind, "unknown"),
            failure(code, 0, _firn.status(code)[1], "", 0) if code else None,
            duration_us / 1_000_000,
            bytes_read,
            bytes_written,
        )
        for number, time_ms, kind, code, duration_us, bytes_read, bytes_written in _firn.events(database, start)
    ]


class ChangeFollower:
    """Changes from one version on, and then those that are committed: for "for", which waits, and for "async for"."""

    def __init__(self, database: Database, start: int, durable: bool) -> None:
        self._database = database
        self._next = start
        self._durable = durable
        self._given = start
        self._left = 0
        self._ready: Iterator[Change] = iter(())
        self._descriptor: int | None = None

    @property
    def next_version(self) -> int:
        """From where to follow again: the version of the commit whose changes are being given, or one above the last when all were."""
        return self._given if self._left else self._next

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Change:
        while True:
            for change in self._ready:
                return self._note(change)
            if not self._fetch():
                self._wait_a_turn()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        while True:
            for change in self._ready:
                return self._note(change)
            with self._database._waiters.waiting(self._database) as news:
                if not self._fetch():
                    await news

    def _note(self, change: Change) -> Change:
        self._given = change.version
        self._left -= 1
        return change

    def _fetch(self) -> bool:
        chunk = read_chunk(self._database, self._next, self._durable)
        self._ready = iter(chunk)
        self._left = len(chunk)
        if chunk:
            self._given = chunk[0].version
            self._next = chunk[-1].version + 1
        return bool(chunk)

    def _wait_a_turn(self) -> None:
        if self._database._is_read_only:
            time.sleep(POLL_SECONDS)
            self._database.refresh()
            return
        if self._descriptor is None:
            self._descriptor = self._database._notify_fd()
            weakref.finalize(self, os.close, self._descriptor)
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if poll.poll(_TURN_SECONDS * 1000):
            clear(self._descriptor)
            self._database._waiters.tell()
