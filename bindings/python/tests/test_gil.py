"""What can wait gives up the interpreter lock: another thread goes on meanwhile."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import firn

# A call is repeated, as the other thread may come too late to take the lock; one that never gives it up fails however often. Each of them has
# something to do that takes a while.
ATTEMPTS = 5_000


# Without a lock others go on in any case: there these tests say no more than that nothing waits for them.
IS_LOCKED: bool = vars(sys).get("_is_gil_enabled", lambda: True)()


class Ticker:
    """A thread that counts up each time it gets the interpreter lock, which no other thread is made to give up."""

    def __init__(self) -> None:
        self.ticks = 0
        self._is_over = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        while self.ticks == 0:
            time.sleep(0)

    def _run(self) -> None:
        while not self._is_over:
            self.ticks += 1
            time.sleep(0)

    def stop(self) -> None:
        """Ends the thread."""
        self._is_over = True
        self._thread.join()


@pytest.fixture
def ticker() -> Iterator[Ticker]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    ticker = Ticker()
    yield ticker
    ticker.stop()
    sys.setswitchinterval(before)


def ticks_in(ticker: Ticker, prepare: Callable[[], object], call: Callable[[], object]) -> int:
    """How far the other thread came in the first call in which it came anywhere."""
    ticks = 0
    for _ in range(ATTEMPTS):
        prepare()
        before = ticker.ticks
        call()
        ticks = ticker.ticks - before
        if ticks > 0:
            break
    return ticks


def open_locked(path: str) -> None:
    with contextlib.suppress(firn.LockedError):
        firn.open(path, lock_timeout_ms=20)


def put_all(db: firn.Database) -> None:
    db.put_many(dict.fromkeys(KEYS, b"v" * 100))


def commit(db: firn.Database) -> None:
    txn = db.txn()
    txn.put_many(dict.fromkeys(KEYS, b"v"))
    txn.commit(sync=True)


def write(db: firn.Database) -> None:
    batch = db.batch()
    batch.put(b"k", b"v")
    batch.write(sync=True)


KEYS = [b"%06d" % number for number in range(1000)]
CALLS: dict[str, Callable[[firn.Database], object]] = {
    "put, sync": lambda db: db.put(b"k", b"v", sync=True),
    "put_many, large": lambda db: db.put_many({b"k": bytes(100_000)}),
    "batch, sync": write,
    "sync": lambda db: db.sync(),
    "flush": lambda db: db.flush(),
    "compact": lambda db: db.compact(),
    "commit": commit,
    "open, locked": lambda db: open_locked(db.path),
    "get_many": lambda db: db.get_many(KEYS),
    "pin_many": lambda db: db.pin_many(KEYS),
    "count": lambda db: len(db),
    "scan": lambda db: list(db.items()),
    "changes": lambda db: list(db.changes()),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_can_wait_lets_other_threads_go_on(tmp_path: Path, ticker: Ticker, name: str) -> None:
    with firn.open(tmp_path / "db", changes_retention_bytes="1GiB") as db:  # a flush may come before the call
        assert ticks_in(ticker, lambda: put_all(db), lambda: CALLS[name](db)) > 0


RECORD = bytes(200_000)
LOG_CALLS: dict[str, Callable[[firn.Log], object]] = {
    "append": lambda log: log.append(RECORD),
    "append_many": lambda log: log.append_many([RECORD]),
    "sync": lambda log: log.sync(),
    "records": lambda log: list(log.records(0, 1)),
    "wait": lambda log: log.wait(log.next, 0.02),
}


@pytest.mark.parametrize("name", LOG_CALLS)
def test_a_call_on_a_log_that_can_wait_lets_other_threads_go_on(tmp_path: Path, ticker: Ticker, name: str) -> None:
    with firn.open_log(tmp_path / "log") as log:
        assert ticks_in(ticker, lambda: log.append(RECORD), lambda: LOG_CALLS[name](log)) > 0


@pytest.mark.skipif(not IS_LOCKED, reason="SKIPPED: this interpreter has no lock")
def test_a_look_up_keeps_the_lock_so_that_the_ticks_of_the_others_mean_something(tmp_path: Path, ticker: Ticker) -> None:
    with firn.open(tmp_path / "db") as db:
        db[b"k"] = b"v"
        before = ticker.ticks
        for _ in range(1000):
            db.get(b"k")
        assert ticker.ticks == before
