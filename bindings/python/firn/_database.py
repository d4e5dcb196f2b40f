"""Databases, namespaces, transactions and snapshots."""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import time
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

from firn import _firn
from firn._changes import Change, ChangeFollower, Event, read_changes, read_events
from firn._opened import Recovery, forget, remember
from firn._reading import Reading
from firn._waiting import Waiters
from firn.errors import ConflictError, Error, ExistsError, NotFoundError, WouldBlockError, opening_failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from typing_extensions import Buffer

    from firn._opened import Path

T = TypeVar("T")
Seconds = float | timedelta
_MISSING: Any = object()

_READ_ONLY, _SERIALIZABLE = 1, 2
_EXISTING = 1
# A wait comes back so often to see whether the program was interrupted.
_TURN_SECONDS = 0.2


class Options(TypedDict, total=False):
    """What can be given to open. Sizes and times are numbers (bytes, milliseconds) or text ("64MiB", "10ms"); options() tells ranges."""

    create_if_missing: bool
    error_if_exists: bool
    read_only: bool
    durability: str
    single_threaded: bool
    memtable_bytes: int | str
    cache_bytes: int | str
    compression: str
    log_io: str
    table_io: str
    background_threads: int
    lock_timeout_ms: int | str
    verify_on_open: bool
    changes_retention_bytes: int | str
    changes_retention_ms: int | str


def _name_bytes(name: str | Buffer) -> Buffer:
    return name.encode() if isinstance(name, str) else name


class Snapshot(Reading):
    """The database as it was at one moment. Closing it lets go of the files that it keeps."""

    __slots__ = ("__weakref__",)

    @property
    def version(self) -> int:
        """The version of the last commit that it sees."""
        return _firn.transaction_version(self)

    def namespace(self, name: str | Buffer | Namespace) -> Snapshot:
        """The same moment, in a namespace that was there at it."""
        return _firn.enter(Snapshot, self, _namespace_id(self, name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<firn.Snapshot{_state(self)}>"


class Transaction(_firn.Writer, Reading, MutableMapping[bytes, bytes]):
    """Reads one moment of the database and its own writes; nobody sees these before the commit.

    As a context manager it commits at the end, and forgets its writes when there was an exception. The commit raises ConflictError, and
    nothing has changed, if something that was read is no longer so. One thread at a time.
    """

    __slots__ = ("__weakref__",)

    @property
    def version(self) -> int:
        """The version of the last commit that it sees."""
        return _firn.transaction_version(self)

    def commit(self, *, sync: bool = False) -> int:
        """Makes the writes visible, all at once, and closes the transaction. Returns the version. With sync they are durable."""
        try:
            version = self._commit(sync=sync)
        except ConflictError:
            self.close()
            raise
        self.close()
        return version

    def namespace(self, name: str | Buffer | Namespace, *, create: bool = True) -> TransactionNamespace:
        """A namespace as the transaction sees it. Creating one is a commit of its own, and the new one can only be written to here."""
        return _firn.enter(TransactionNamespace, self, _namespace_id(self, name, create))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            if kind is None and not self.closed:
                self._commit(sync=self._is_sync)
        finally:
            self.close()

    @property
    def _is_sync(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<firn.Transaction{_state(self)}>"


class _SyncTransaction(Transaction):
    """One whose context manager makes the commit durable."""

    __slots__ = ()

    @property
    def _is_sync(self) -> bool:
        return True


class TransactionNamespace(_firn.Writer, Reading, MutableMapping[bytes, bytes]):
    """A namespace inside a transaction; it is committed with it."""

    __slots__ = ("__weakref__",)

    def __repr__(self) -> str:
        return f"<firn.TransactionNamespace{_state(self)}>"


class Store(_firn.Store, Reading, MutableMapping[bytes, bytes]):
    """What a database and a namespace of it have in common. Every call is one atomic commit."""

    __slots__ = ("__weakref__",)

    @overload
    def pop(self, key: bytes, /) -> bytes: ...
    @overload
    def pop(self, key: bytes, /, default: bytes) -> bytes: ...
    @overload
    def pop(self, key: bytes, /, default: T) -> bytes | T: ...
    def pop(self, key: bytes, /, default: Any = _MISSING) -> Any:
        """Deletes the key and returns its value; of several that pop one key, one gets it."""
        while True:
            found = self._entry(key)
            if found is None:
                if default is _MISSING:
                    raise NotFoundError(key)
                return default
            if self._remove(key, found[1]):
                return found[0]

    def popitem(self) -> tuple[bytes, bytes]:
        """Deletes the first key and returns it with its value. NotFoundError when there is none."""
        while True:
            found = self._scan(3, limit=1).take(1)
            if not found:
                raise NotFoundError("popitem(): there is no key")
            key, value, version, _ = found[0]
            if self._remove(key, version):
                return key, value

    def setdefault(self, key: bytes, default: bytes = _MISSING, /) -> bytes:
        """The value of key, after storing default when there was none."""
        if default is _MISSING:
            raise TypeError("setdefault() needs a default: None is no value")
        while True:
            value = self.get(key)
            if value is not None:
                return value
            try:
                self.put(key, default, if_absent=True)
            except ExistsError:
                continue
            return bytes(default)

    def approximate_count(self, start: Buffer | None = None, stop: Buffer | None = None) -> int:
        """About how many keys lie from start to before stop, without counting them; written or deleted ones count several times until compact()."""
        return _firn.approximate_count(self, start, stop)

    def approximate_bytes(self, start: Buffer | None = None, stop: Buffer | None = None) -> int:
        """About how many bytes they take on disk."""
        return _firn.approximate_bytes(self, start, stop)

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Stores all pairs of a mapping or an iterable, in one atomic commit."""
        if more:
            raise TypeError("keys are bytes: update() takes no keyword arguments")
        self.put_many(other)

    def __ior__(self, other: Mapping[bytes, bytes]) -> Self:
        self.put_many(other)
        return self

    async def aput(self, key: Buffer, value: Buffer, *, ttl: Seconds | None = None, sync: bool = False) -> int:
        """As put. At once when nothing has to be waited for; otherwise in a thread."""
        if not sync:
            try:
                return self._put_now(key, value, ttl)
            except WouldBlockError:
                pass
        return await asyncio.to_thread(self.put, key, value, ttl=ttl, sync=sync)

    async def aput_many(
        self, items: Mapping[bytes, bytes] | Iterable[tuple[Buffer, Buffer]], *, ttl: Seconds | None = None, sync: bool = False
    ) -> int:
        """As put_many, in a thread."""
        return await asyncio.to_thread(self.put_many, items, ttl=ttl, sync=sync)

    async def adelete(self, key: Buffer) -> None:
        """As delete, in a thread."""
        await asyncio.to_thread(self.delete, key)


class Namespace(Store):
    """A part of a database with keys of its own. Lives as long as anything refers to it, and keeps its database open."""

    __slots__ = ()

    @property
    def id(self) -> int:
        """The number that Change.namespace tells; never given to another namespace."""
        return self._namespace_id

    def drop(self) -> None:
        """Clears the namespace and forgets its name. What uses it afterwards raises InvalidError."""
        _firn.namespace_drop(self)

    def __repr__(self) -> str:
        return f"<firn.Namespace {self._namespace_id}{_state(self)}>"


class Database(Store):
    """An open database: a mapping of bytes to bytes in one directory, in the order of the keys. Any thread, at any time."""

    __slots__ = ("_is_read_only", "_waiters", "path")
    path: str
    _is_read_only: bool
    _waiters: Waiters

    def namespace(self, name: str | Buffer, *, create: bool = True) -> Namespace:
        """The namespace with this name, created when it is missing; with create=False NotFoundError."""
        return _firn.enter(Namespace, self, _firn.namespace_open(self, _name_bytes(name), 0 if create else _EXISTING))

    def namespaces(self) -> list[bytes]:
        """The names of all namespaces."""
        return _firn.namespace_names(self)

    def txn(self, *, serializable: bool = False, sync: bool = False) -> Transaction:
        """A new transaction. serializable: new keys inside what it scanned are a conflict too. sync: its with block ends durable."""
        return _firn.begin(_SyncTransaction if sync else Transaction, self, _SERIALIZABLE if serializable else 0)

    def transact(self, work: Callable[[Transaction], T], *, attempts: int = 100, serializable: bool = False, sync: bool = False) -> T:
        """Runs work in a transaction and commits it, again from the start after a conflict, and returns what work returned.

        work may run several times; after as many attempts the ConflictError is raised.
        """
        for attempt in range(attempts):
            try:
                with self.txn(serializable=serializable, sync=sync) as transaction:
                    return work(transaction)
            except ConflictError:
                if attempt + 1 == attempts:
                    raise
            if attempt > 2:
                time.sleep(random.uniform(0, 0.0001 * min(attempt, 50)))  # those that contend come apart
        raise ValueError("attempts is not positive")

    async def atransact(self, work: Callable[[Transaction], T], *, attempts: int = 100, serializable: bool = False, sync: bool = False) -> T:
        """As transact, in a thread."""
        return await asyncio.to_thread(self.transact, work, attempts=attempts, serializable=serializable, sync=sync)

    @overload  # type: ignore[override]
    def update(self, work: Callable[[Transaction], T], /, *, attempts: int = 100, serializable: bool = False, sync: bool = False) -> T: ...
    @overload
    def update(self, other: Mapping[bytes, bytes] | Iterable[tuple[Buffer, Buffer]], /) -> None: ...
    def update(self, other: Any = (), /, **more: Any) -> Any:
        """Stores all pairs of a mapping or an iterable in one commit; given a function, runs it as transact does."""
        if callable(other) and not hasattr(other, "keys"):
            return self.transact(other, **more)
        return super().update(other, **more)

    def snapshot(self) -> Snapshot:
        """The database as it is now, for reading."""
        return _firn.begin(Snapshot, self, _READ_ONLY)

    def sync(self) -> None:
        """Everything acknowledged before the call is durable after it."""
        _firn.sync(self)

    def wait_durable(self, version: int = 0, timeout: float | None = None) -> bool:
        """Waits until the commits up to version survive a loss of power (0: all so far); False when the timeout (in seconds) ran out.

        Where nobody syncs by the clock it syncs itself, together with others who wait. CancelledError after wake().
        """
        version = version or self.changes_bounds[1] - 1
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = max(0.0, min(_TURN_SECONDS, end - time.monotonic()))
            if _firn.wait_durable(self, version, math.ceil(left * 1000)):
                return True
            if time.monotonic() >= end:
                return False

    async def await_durable(self, version: int = 0) -> None:
        """As wait_durable, in a thread, as long as it takes."""
        version = version or self.changes_bounds[1] - 1
        while not await asyncio.to_thread(self.wait_durable, version, _TURN_SECONDS):
            pass

    def wake(self) -> None:
        """Ends the waits that go on in wait_durable: they raise CancelledError."""
        _firn.wake(self)

    def refresh(self) -> None:
        """A read-only opening goes on to what its writer has made; what reads already stays where it is. On others it does nothing."""
        _firn.refresh(self)

    def _notify_fd(self) -> int:
        return _firn.notify_fd(self)

    @property
    def changes_bounds(self) -> tuple[int, int]:
        """(first, next): every commit from version first on can be read by changes, and next is one above the last."""
        return _firn.changes_bounds(self)

    def changes(self, start: int | None = None, *, durable: bool = False) -> Iterator[Change]:
        """What was committed, in order, from version start (None: from the first that is kept) to now; with durable only what is so.

        Kept are the commits in memtables, and older ones as far as the options changes_retention_bytes and changes_retention_ms say; NotFoundError
        when start is not kept any more.
        """
        return read_changes(self, start, durable)

    def follow_changes(self, start: int | None = None, *, durable: bool = False) -> ChangeFollower:
        """The changes from version start on (None: from now on), and then each that is committed, for ever: for "for" and for "async for".

        It ends with ClosedError when the database is closed, and with NotFoundError when what comes next is not kept any more. A database that was
        opened read-only beside a writer in another process is refreshed many times a second.
        """
        return ChangeFollower(self, self.changes_bounds[1] if start is None else start, durable)

    def flush(self) -> None:
        """Writes the memtables to tables, and waits for it."""
        _firn.flush(self)

    def compact(self) -> None:
        """Brings the whole database into its smallest form, and waits for it."""
        _firn.compact(self)

    def run_jobs(self, max_ms: int = 1) -> bool:
        """For single_threaded=True: background work for at most this long. Whether there is more to do."""
        return _firn.run_jobs(self, max_ms)

    def checkpoint(self, path: Path) -> None:
        """Makes a database of its own in the directory path, which must not exist: everything acknowledged before the call, as one moment.

        Files are linked where the file system can, else copied; writers are not held up. Durable when it returns; on a failure nothing is left.
        """
        try:
            _firn.checkpoint(self, path)
        except Error as error:
            raise opening_failure(error, os.fsdecode(os.fspath(path))) from None

    def stats(self) -> dict[str, Any]:
        """Statistics since the opening, by the names that firn_stats_t has in firn.h, with "runs" (one dict each) and "latencies" (a dict of each kind)."""
        statistics: dict[str, Any] = json.loads(_firn.stats_json(self))
        return statistics

    def stats_prometheus(self) -> str:
        """The same in the text format of Prometheus, to be served as text/plain; version=0.0.4."""
        return _firn.stats_prometheus(self)

    def events(self, start: int = 0) -> list[Event]:
        """Flushes, compactions, stalls and failures, from this number on, oldest first; the last 256 are kept. Go on with the last number + 1."""
        return read_events(self, start)

    def resume(self) -> None:
        """Takes writes again after a failure of the disk has made the database read-only, and its cause is gone. Else it does nothing."""
        _firn.resume(self)

    def recovery(self) -> Recovery:
        """What opening found."""
        return Recovery(*_firn.recovery(self))

    def last_error(self) -> Error | None:
        """The last error of background work or of the disk, or None."""
        return _firn.last_error(self)

    def close(self) -> None:
        """Makes everything acknowledged durable, releases the lock and closes; a second time does nothing."""
        forget(self)
        super().close()

    async def aclose(self) -> None:
        """As close, in a thread."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<firn.Database {self.path!r}{_state(self)}>"


def _namespace_id(source: _firn.Reader, name: str | Buffer | Namespace, create: bool = False) -> int:
    if isinstance(name, Namespace):
        return name._namespace_id
    return _firn.namespace_open(source, _name_bytes(name), 0 if create else _EXISTING)


def _state(reader: _firn.Reader) -> str:
    return " (closed)" if reader.closed else ""


def open(path: Path, **options: Unpack[Options]) -> Database:  # noqa: A001
    """Opens the database in the directory path, creating it when it is missing. ":memory:" has no files.

    durability: "process" (the default: what was acknowledged survives a crash of the process), "sync" (and a loss of power),
    "every:N", "interval:Tms" or "none".
    """
    name = os.fspath(path)
    try:
        database = _firn.open_database(Database, path, options, options.get("durability") == "sync")
    except Error as error:
        raise opening_failure(error, os.fsdecode(name)) from None
    database.path = os.fsdecode(name)
    database._is_read_only = bool(options.get("read_only", False))
    database._waiters = Waiters()
    remember(database)
    return database


def check(path: Path) -> None:
    """Verifies every byte of a database that no one has open for writing. CorruptError tells file and offset."""
    try:
        _firn.check(path)
    except Error as error:
        raise opening_failure(error, os.fsdecode(os.fspath(path))) from None
