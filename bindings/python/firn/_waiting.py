"""Tasks of event loops that wait for something to happen to a database or a log: without a thread, by the descriptor that the engine makes readable.

All waits on one database share what the engine tells, whose descriptor one reader clears for all. So whoever clears it tells the waits of all event loops; and who
wants to wait is noted first, and looks afterwards whether there is something to wait for, so that nothing is missed in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How often what a writer in another process changes is looked at.
POLL_SECONDS = 0.02


class Source(Protocol):
    """A database or a log, as what waits sees it."""

    _is_read_only: bool

    def _notify_fd(self) -> int: ...
    def refresh(self) -> None: ...


def clear(descriptor: int) -> None:
    """Makes the descriptor wait for the next news."""
    with contextlib.suppress(BlockingIOError):  # another reader has been here
        os.read(descriptor, 8)


class _Watch:
    """The waits of one event loop, and how it hears of news. Used in its thread, but for `futures`, which the lock of the waiters guards."""

    def __init__(self, loop: asyncio.AbstractEventLoop, source: Source, tell: Callable[[], None]) -> None:
        self.futures: dict[asyncio.Future[None], bool] = {}
        self._loop = loop
        self._tell = tell
        self._descriptor = -1
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        if source._is_read_only:
            self._timer = loop.call_later(POLL_SECONDS, self._look, source)
        else:
            self._descriptor = source._notify_fd()
            loop.add_reader(self._descriptor, self._hear)

    def stop(self) -> None:
        """Nobody waits any more."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._descriptor >= 0:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)

    def answer(self, error: BaseException | None, of_wake: bool) -> None:
        """Ends the waits. of_wake: only those that a wake ends."""
        for future, ends_with_wake in list(self.futures.items()):
            if future.done() or (of_wake and not ends_with_wake):
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _hear(self) -> None:
        clear(self._descriptor)
        self._tell()

    def _look(self, source: Source) -> None:
        """One look for all that wait in this loop."""
        looking = self._loop.run_in_executor(None, source.refresh)
        looking.add_done_callback(lambda looked: self._looked(source, looked))

    def _looked(self, source: Source, looked: asyncio.Future[None]) -> None:
        if looked.cancelled():
            return
        self.answer(looked.exception(), of_wake=False)
        if not self._is_over:
            self._timer = self._loop.call_later(POLL_SECONDS, self._look, source)


class Waiters:
    """All waits on one database or log."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a collection under it may end another wait of this thread
        self._watches: dict[asyncio.AbstractEventLoop, _Watch] = {}

    @contextlib.contextmanager
    def waiting(self, source: Source, *, ends_with_wake: bool = False) -> Iterator[asyncio.Future[None]]:
        """A future that is done with the next news. To be entered before looking whether there is something already."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            watch = self._watches.get(loop)
            if watch is None:
                watch = self._watches[loop] = _Watch(loop, source, self.tell)
            watch.futures[future] = ends_with_wake
        try:
            yield future
        finally:
            with self._lock:
                del watch.futures[future]
                if not watch.futures:
                    self._watches.pop(loop, None)
                    watch.stop()
            if not loop.is_closed() and not future.cancel() and not future.cancelled():
                future.exception()  # nobody may be left to take it

    def tell(self, error: BaseException | None = None, *, of_wake: bool = False) -> None:
        """There is news, or an error, for all. Any thread."""
        with self._lock:
            watches = list(self._watches.items())
        for loop, watch in watches:
            with contextlib.suppress(RuntimeError):  # the loop was closed, and nobody waits in it
                loop.call_soon_threadsafe(watch.answer, error, of_wake)
