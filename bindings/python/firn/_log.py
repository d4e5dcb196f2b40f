"""The durable log: records with indexes, appended at the end, removed at either end, followed by readers."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

from firn import _firn
from firn._opened import Recovery, forget, remember
from firn._waiting import POLL_SECONDS, Waiters
from firn.errors import CancelledError, Error, opening_failure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from typing_extensions import Buffer

    from firn._opened import Path

# A wait comes back so often to see whether the program was interrupted, or its task cancelled.
_TURN_SECONDS = 0.2


class LogOptions(TypedDict, total=False):
    """What can be given to open_log. Sizes and times are numbers (bytes, milliseconds) or text ("64MiB", "10s")."""

    create_if_missing: bool
    error_if_exists: bool
    read_only: bool
    durability: str
    segment_bytes: int | str
    retention_bytes: int | str
    retention_ms: int | str
    log_io: str
    lock_timeout_ms: int | str
    verify_on_open: bool


class Record(NamedTuple):
    """A record, with its index and the Unix time of its append."""

    index: int  # type: ignore[assignment]  # nobody looks for a value in a record
    time: float
    data: bytes


class Follower:
    """Records from one index on, and then those that come: for "for", which waits, and for "async for"."""

    def __init__(self, log: Log, start: int) -> None:
        self._log = log
        self._next = start
        self._ready: Iterator[Record] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        while True:
            for record in self._ready:
                return self._given(record)
            if not self._fetch():
                self._log._wait_a_turn(self._next)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Record:
        while True:
            for record in self._ready:
                return self._given(record)
            with self._log._waiters.waiting(self._log, ends_with_wake=True) as news:
                if not self._fetch():
                    await news

    def _given(self, record: Record) -> Record:
        self._next = record.index + 1
        return record

    def _fetch(self) -> bool:
        records = self._log._records(self._next)
        self._ready = iter(records)
        return bool(records)


class Log(_firn.RecordLog):
    """An open log. Any thread, at any time. Iterating gives its records, from the first to the last of the moment."""

    __slots__ = ("__weakref__", "_is_read_only", "_waiters", "path")
    path: str
    _is_read_only: bool
    _waiters: Waiters

    @property
    def first(self) -> int:
        """The first index that can be read."""
        return self.bounds[0]

    @property
    def next(self) -> int:
        """The index that the next record gets."""
        return self.bounds[1]

    def __len__(self) -> int:
        first, following = self.bounds
        return following - first

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    def read(self, index: int) -> bytes:
        """The record's bytes; RecordNotFoundError (an IndexError) outside the bounds. log[index] is the same."""
        return self[index]

    def records(self, start: int | None = None, stop: int | None = None) -> Iterator[Record]:
        """Records from start to before stop: from the first, and to the last of the moment at which it begins."""
        first, following = self.bounds
        index = first if start is None else start
        end = following if stop is None else min(stop, following)
        while index < end:
            for record in self._records(index):
                if record.index >= end:
                    return
                yield record
                index = record.index + 1

    def follow(self, start: int | None = None) -> Follower:
        """Records from start on (None: from the first), and then each that is appended, for ever: for "for" and for "async for".

        It ends with ClosedError when the log is closed, and with RecordNotFoundError when what comes next was trimmed away. A log that was opened
        read-only beside a writer in another process is looked at many times a second.
        """
        return Follower(self, self.first if start is None else start)

    def wait(self, index: int, timeout: float | None = None) -> bool:
        """Waits until the record is there; False when the timeout (in seconds) ran out. CancelledError after wake()."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = max(0.0, min(_TURN_SECONDS, end - time.monotonic()))
            if self._wait(index, math.ceil(left * 1000)):
                return True
            if time.monotonic() >= end:
                return False

    def wake(self) -> None:
        """Ends the waits that go on: they raise CancelledError."""
        self._waiters.tell(CancelledError("a wait was woken on purpose"), of_wake=True)  # before the descriptor tells that there is news
        super().wake()

    def seek_time(self, moment: float | datetime) -> int:
        """The first index appended at this Unix time or later; the next index when there is none."""
        seconds = moment.timestamp() if isinstance(moment, datetime) else moment
        return self._seek_time(math.ceil(seconds * 1000))

    def recovery(self) -> Recovery:
        """What opening found."""
        return Recovery(*self._recovery())

    async def aappend(self, data: Buffer) -> int:
        """As append, in a thread."""
        return await asyncio.to_thread(self.append, data)

    async def aappend_many(self, records: Iterable[Buffer]) -> int:
        """As append_many, in a thread."""
        return await asyncio.to_thread(self.append_many, records)

    def close(self) -> None:
        """Makes everything durable and closes; ends waits; a second time does nothing."""
        forget(self)
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        return f"<firn.Log {self.path!r}{' (closed)' if self.closed else ''}>"

    def _records(self, start: int) -> list[Record]:
        return [Record(index, time_ms / 1000, data) for index, time_ms, data in self._chunk(start)]

    def _wait_a_turn(self, index: int) -> None:
        if self._is_read_only:
            time.sleep(POLL_SECONDS)
            self.refresh()
        else:
            self._wait(index, int(_TURN_SECONDS * 1000))


def open_log(path: Path, **options: Unpack[LogOptions]) -> Log:
    """Opens the log in the directory path, creating it when it is missing."""
    name = os.fsdecode(os.fspath(path))
    try:
        log = _firn.open_log(Log, path, options)
    except Error as error:
        raise opening_failure(error, name) from None
    log.path = name
    log._is_read_only = bool(options.get("read_only", False))
    log._waiters = Waiters()
    remember(log)
    return log
