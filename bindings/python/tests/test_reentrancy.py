"""Python code that runs in the middle of a call: exporters of buffers, and finalizers that a collection runs."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import firn


class Exporter:
    """A buffer whose exporter runs code first."""

    def __init__(self, data: bytes, code: Callable[[], object]) -> None:
        self._data = data
        self._code = code

    def __buffer__(self, flags: int) -> memoryview:
        self._code()
        return memoryview(self._data)


@pytest.fixture
def long_turns() -> Iterator[None]:
    """A thread keeps the GIL until it gives it up."""
    if not vars(sys).get("_is_gil_enabled", lambda: True)():
        pytest.skip("SKIPPED: without a GIL no thread can be held where the other one is to find it; test_free_threading is for that")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


def is_refused(call: Callable[[], object]) -> bool:
    """Whether the object is being used by another thread."""
    try:
        call()
    except firn.MisuseError:
        return True
    return False


def run_beside(work: Callable[[], object], probe: Callable[[], object]) -> tuple[threading.Thread, bool]:
    """Starts work in a thread and comes back, holding the GIL, when it is inside the engine (True) or over (False)."""
    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        if is_refused(probe):
            return thread, True
        time.sleep(0)
    return thread, False


def is_refused_while(work: Callable[[], object], probe: Callable[[], object], call: Callable[[Exporter], object]) -> bool | None:
    """Whether a call is refused when, in its buffer's exporter, another thread begins to work with the object; None: work was over too soon."""
    started: list[tuple[threading.Thread, bool]] = []
    was_refused = is_refused(lambda: call(Exporter(b"k", lambda: started.append(run_beside(work, probe)))))
    [(thread, was_inside)] = started
    thread.join()
    return was_refused if was_inside else None


def first_answer(attempt: Callable[[], bool | None]) -> bool:
    """The first attempt in which both threads met."""
    answers = (attempt() for _ in range(200))
    return next(answer for answer in answers if answer is not None)


PUTS: dict[str, Callable[[firn.Batch, Any], object]] = {
    "put, key": lambda batch, buffer: batch.put(buffer, b"x" * 4_000_000),
    "put, value": lambda batch, buffer: batch.put(b"k", buffer),
    "delete": lambda batch, buffer: batch.delete(buffer),
    "add": lambda batch, buffer: batch.add(buffer),
    "expect_version": lambda batch, buffer: batch.expect_version(buffer, 0),
    "delete_range, start": lambda batch, buffer: batch.delete_range(buffer, b"l"),
    "delete_range, stop": lambda batch, buffer: batch.delete_range(b"a", buffer),
}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="SKIPPED: before Python 3.12 no exporter of a buffer is Python code")
@pytest.mark.parametrize("name", PUTS)
def test_a_batch_that_is_written_meanwhile_is_not_added_to(db: firn.Database, long_turns: None, name: str) -> None:
    def attempt() -> bool | None:
        batch = db.batch()
        for number in range(500):
            batch.put(b"%06d" % number, b"v" * 300)
        return is_refused_while(lambda: batch.write(sync=True), lambda: batch.put(b"probe", b""), lambda buffer: PUTS[name](batch, buffer))

    assert first_answer(attempt)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="SKIPPED: before Python 3.12 no exporter of a buffer is Python code")
def test_a_scan_that_is_refilled_meanwhile_does_not_seek(db: firn.Database, long_turns: None) -> None:
    db.put_many((b"%06d" % number, b"") for number in range(50_000))

    def attempt() -> bool | None:
        scan = db.keys(glob=b"*nothing").scan()
        return is_refused_while(lambda: scan.take(1), lambda: scan.seek(b""), lambda buffer: scan.seek(buffer))  # type: ignore[arg-type, unused-ignore]

    assert first_answer(attempt)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="SKIPPED: before Python 3.12 no exporter of a buffer is Python code")
def test_a_scan_that_is_closed_meanwhile_does_not_seek(db: firn.Database) -> None:
    scan = db.keys().scan()
    with pytest.raises(firn.ClosedError):
        scan.seek(Exporter(b"k", scan.close))  # type: ignore[arg-type, unused-ignore]


class Cycle:
    """Is collected only by the collector, which calls the finalizer."""

    def __init__(self, finalizer: Callable[[], object]) -> None:
        self.itself = self
        self._finalizer = finalizer

    def __del__(self) -> None:
        self._finalizer()


SCANS: dict[str, Callable[[firn.Database], Any]] = {"items": lambda db: db.items().scan(), "entries": lambda db: db._scan(3)}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="SKIPPED: from Python 3.12 on a collection starts between steps of Python code only")
@pytest.mark.parametrize("kind", SCANS)
def test_a_finalizer_that_moves_the_scan_on_does_not_disturb_the_entry_being_made(kind: str) -> None:
    pairs = {b"%08d" % number: bytes([65 + number % 26]) * (1 + number * 7919 % 199) for number in range(60_000)}
    inside = [False]
    moves_inside = 0
    kept: list[Any] = []
    thresholds = gc.get_threshold()
    with firn.open(":memory:") as db:
        db.put_many(pairs)
        gc.disable()
        gc.set_threshold(1)
        try:
            for _ in range(20):
                kept.clear()
                scan = SCANS[kind](db)
                take_next = scan.__next__

                def move_on(scan: Any = scan) -> None:
                    nonlocal moves_inside
                    moves_inside += inside[0]
                    scan.take(3000)

                for _ in range(15):
                    Cycle(move_on)
                    kept.append([[] for _ in range(300)])
                    # A collection can start where a tuple is made anew: none may be left of those that Python keeps for later, which are up to 2000 of a size.
                    kept.append([(None,) * size for size in (2, 3, 4) for _ in range(2000)])
                    gc.enable()
                    inside[0] = True
                    entry = take_next()
                    inside[0] = False
                    gc.disable()
                    kept.append(entry)
                    assert pairs[entry[0]] == entry[1]
        finally:
            gc.set_threshold(*thresholds)
            gc.enable()
            gc.collect()
    assert moves_inside > 0
