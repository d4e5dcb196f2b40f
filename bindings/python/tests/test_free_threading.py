"""Objects shared by threads. What the interpreter lock would have kept apart, a free-threaded interpreter does not: there the module locks by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import firn
from firn import _firn

THREADS = 6
KEYS = 4000


def together(work: Callable[[int], object], threads: int = THREADS) -> None:
    """Runs work(number) in threads that begin at one moment; what one raises is raised here."""
    barrier = threading.Barrier(threads)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="SKIPPED: this interpreter has a lock")
def test_the_module_leaves_the_lock_off() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    program = "import sys, firn; print(sys._is_gil_enabled())"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    assert (ended.stdout, ended.stderr) == ("False\n", "")


def test_threads_share_an_iterator_and_each_entry_is_given_once(db: firn.Database) -> None:
    pairs = {b"%06d" % number: os.urandom(number % 50) for number in range(KEYS)}
    db.put_many(pairs)
    for _ in range(5):
        scan = db.items().scan()
        given: list[list[tuple[bytes, bytes]]] = [[] for _ in range(THREADS)]

        def work(number: int, scan: Any = scan, given: list[list[tuple[bytes, bytes]]] = given) -> None:
            while True:
                try:
                    entry = next(scan, None) if number % 2 else next(iter(scan.take(1)), None)
                except firn.MisuseError:  # another thread is refilling it
                    continue
                if entry is None:
                    return
                given[number].append(entry)

        together(work)
        all_given = [pair for some in given for pair in some]
        assert len(all_given) == KEYS
        assert dict(all_given) == pairs


def test_threads_share_a_batch_and_nothing_is_lost(db: firn.Database) -> None:
    batch = db.batch()
    together(lambda number: [batch.put(b"%d-%d" % (number, count), b"v" * (count % 40)) for count in range(KEYS)])
    assert len(batch) == THREADS * KEYS
    batch.write()
    assert len(db) == THREADS * KEYS
    assert db[b"3-39"] == b"v" * 39


def test_a_batch_is_written_and_filled_at_once(db: firn.Database) -> None:
    batch = db.batch()
    refused = [0] * THREADS

    def work(number: int) -> None:
        for count in range(1000):
            try:
                batch.put(b"%d-%d" % (number, count), b"v")
                if count % 10 == number:
                    batch.write()
            except firn.MisuseError:
                refused[number] += 1

    together(work)
    batch.write()
    assert THREADS * 1000 - sum(refused) <= len(db) <= THREADS * 1000


def test_a_dict_changes_while_it_is_put(db: firn.Database) -> None:
    shared = {b"%d" % number: b"v" for number in range(500)}

    def work(number: int) -> None:
        for count in range(200):
            if number == 0:
                db.put_many(shared)
            else:
                shared[b"%d-%d" % (number, count)] = b"%d" % count
                shared.pop(b"%d-%d" % (number, count - 5), None)
                if count % 50 == 0:
                    shared.update({b"%d+%d" % (number, more): b"x" for more in range(100)})

    together(work)
    db.put_many(shared)
    assert set(shared) <= set(db)


def test_views_of_one_pin_are_released_by_many(db: firn.Database) -> None:
    pairs = {b"%06d" % number: b"%d" % number * 30 for number in range(600)}
    db.put_many(pairs)
    db.flush()
    for _ in range(30):
        found = list(zip(pairs.values(), db.pin_many(pairs), strict=True))
        parts = [found[number::THREADS] for number in range(THREADS)]
        del found

        def work(number: int, parts: list[list[tuple[bytes, memoryview | None]]] = parts) -> None:
            while parts[number]:
                value, view = parts[number].pop()
                assert bytes(view or b"none") == value

        together(work)
    db.put_many(dict.fromkeys(pairs, b"new"))
    db.compact()
    for _ in range(200):  # the engine's own threads may read a former state for a moment
        db.put(b"after", b"")
        db.flush()
        if db.stats()["retired_views"] == 0:
            break
    assert db.stats()["retired_views"] == 0


def test_descriptors_are_taken_while_the_database_closes(tmp_path: Path) -> None:
    """A descriptor that was given to somebody else in between would be taken for the database's."""
    for number in range(30):
        db = firn.open(tmp_path / str(number))
        others: list[int] = []

        def work(thread: int, db: firn.Database = db, others: list[int] = others) -> None:
            if thread == 0:
                db.close()
                others.extend(os.pipe())  # these get the number that was just closed
                return
            for _ in range(100):
                try:
                    taken = _firn.notify_fd(db)
                except firn.ClosedError:
                    return
                assert "eventfd" in os.readlink(f"/proc/self/fd/{taken}")
                os.close(taken)

        together(work, 3)
        for descriptor in others:
            os.close(descriptor)


def test_databases_and_logs_are_closed_by_many(tmp_path: Path) -> None:
    for number in range(20):
        db = firn.open(tmp_path / f"db{number}")
        log = firn.open_log(tmp_path / f"log{number}")
        txn = db.txn()
        scan = iter(db)
        together(lambda _: (txn.close(), db.close(), log.close()))
        assert db.closed and log.closed and txn.closed
        with pytest.raises(firn.ClosedError):
            next(scan)


def test_a_transaction_used_by_two_is_refused_not_broken(db: firn.Database) -> None:
    txn = db.txn()
    done = [0] * THREADS

    def work(number: int) -> None:
        for count in range(500):
            try:
                txn.put(b"%d-%d" % (number, count), b"v")
                done[number] += 1
            except firn.MisuseError:
                pass

    together(work)
    txn.commit()
    assert len(db) == sum(done)
