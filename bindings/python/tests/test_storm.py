"""Many threads and processes at once, and a process that dies in the middle."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import firn

ROUNDS = 10 if os.environ.get("FIRN_DEEP") == "1" else 1


def together(*works: Callable[[], None]) -> None:
    """Runs them in threads, and raises what one of them raised."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.parametrize("durability", ["process", "sync", "none"])
def test_threads_that_write_read_and_scan(tmp_path: Path, durability: str) -> None:
    writes = (200 if durability == "sync" else 3000) * ROUNDS
    db = firn.open(tmp_path / "db", durability=durability, memtable_bytes="64KiB")

    def write(thread: int) -> None:
        for number in range(writes):
            db[b"%d:%06d" % (thread, number)] = b"%d" % number * 20
            if number % 50 == 0:
                db.put_many({b"%d:pair:%d" % (thread, side): b"%d" % number for side in range(2)})
            if number % 100 == 0:
                db.add(b"count")

    def read() -> None:
        for _ in range(30):
            seen = [0, 0]
            for key, value in db.items(glob=b"?:0*"):
                thread, number = key.split(b":")
                assert value == b"%d" % int(number) * 20
                assert int(number) == seen[int(thread)], "a scan skipped a key that was written before one that it saw"
                seen[int(thread)] += 1
            for thread_number in range(2):
                pair = db.get_many([b"%d:pair:%d" % (thread_number, side) for side in range(2)])
                assert pair[0] == pair[1], "half of a batch was seen"
                views = db.pin_many([b"%d:pair:%d" % (thread_number, side) for side in range(2)])
                assert views[0] == views[1], "half of a batch was seen"

    def operate() -> None:
        for _ in range(5):
            db.flush()
            db.compact()
            db.sync()

    together(lambda: write(0), lambda: write(1), read, read, operate)
    assert db.add(b"count", 0) == 2 * (writes // 100)
    assert len(db) == 2 * (writes + 2) + 1
    db.close()


def test_a_close_in_the_middle_of_everything(tmp_path: Path) -> None:
    for _ in range(5 * ROUNDS):
        db = firn.open(tmp_path / "db")
        db.put_many((b"%05d" % number, b"v" * 100) for number in range(5000))

        def until_closed(work: Callable[[], object], db: firn.Database = db) -> None:
            with pytest.raises(firn.ClosedError):
                while True:
                    work()

        together(
            lambda: until_closed(lambda: db.put(b"k", b"v")),
            lambda: until_closed(lambda: list(db.items())),
            lambda: until_closed(lambda: db.get_many([b"%05d" % number for number in range(100)])),
            lambda: until_closed(lambda: db.pin_many([b"%05d" % number for number in range(100)])),
            lambda: until_closed(lambda: db.update(lambda txn: txn.add(b"n"))),
            lambda: until_closed(lambda: db.pin(b"00001").release()),
            lambda: (time.sleep(random.uniform(0.01, 0.05)), db.close())[1],
        )


WRITER = """
import firn, sys
db = firn.open(sys.argv[1], memtable_bytes="256KiB", lock_timeout_ms=10_000)
for number in range(10**9):
    with db.batch() as batch:
        batch.put(b"a", b"%d" % number)
        batch.put(b"b", b"%d" % number)
    db[b"%08d" % number] = b"x" * 100
    print(number, flush=True)
"""


def test_what_a_killed_process_had_acknowledged_is_there(tmp_path: Path) -> None:
    for _ in range(3 * ROUNDS):
        path = tmp_path / "db"
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(random.randrange(50, 3000)):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        written = child.stdout.read().split("\n")
        child.wait()
        child.stdout.close()
        with firn.open(path) as db:
            last = int(written[-2]) if len(written) > 1 else 0
            assert db[b"a"] == db[b"b"]
            assert int(db[b"a"]) >= last
            assert list(db.keys(prefix=b"0", limit=last + 1)) == [b"%08d" % number for number in range(last + 1)]


COUNTER = """
import firn, sys
for number in range(int(sys.argv[2])):
    with firn.open(sys.argv[1], lock_timeout_ms=60_000) as db:
        db.add(b"count")
"""


def test_processes_take_turns(tmp_path: Path) -> None:
    turns = 20 * ROUNDS
    children = [subprocess.Popen([sys.executable, "-W", "error", "-c", COUNTER, str(tmp_path / "db"), str(turns)]) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    with firn.open(tmp_path / "db") as db:
        assert db.add(b"count", 0) == 4 * turns


def test_reader_processes_beside_a_writer(tmp_path: Path) -> None:
    program = "import firn, sys\nwith firn.open(sys.argv[1], read_only=True) as db:\n    assert len(db) >= 1000, len(db)\n"
    with firn.open(tmp_path / "db") as db:
        db.put_many((b"%05d" % number, b"v") for number in range(1000))
        children = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "db")]) for _ in range(3)]
        for number in range(1000, 3000):
            db[b"%05d" % number] = b"v"
        assert [child.wait() for child in children] == [0] * 3
