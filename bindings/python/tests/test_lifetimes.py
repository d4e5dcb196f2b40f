"""What outlives what: closing, collecting, forking."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
import weakref
from itertools import permutations
from pathlib import Path

import pytest

import firn


def test_what_outlives_the_database_raises(tmp_path: Path) -> None:
    db = firn.open(tmp_path / "db")
    db.put_many((b"%04d" % number, b"v") for number in range(100))
    space, txn, snapshot, batch = db.namespace("x"), db.txn(), db.snapshot(), db.batch()
    scan, txn_scan = iter(db), iter(txn)
    next(scan), next(txn_scan)
    batch.put(b"k", b"v")
    view, views = db.pin(b"0001"), db.pin_many([b"0001", b"0002"])
    db.close()
    calls = [
        lambda: db.get(b"k"), lambda: db.put(b"k", b"v"), lambda: db.delete(b"k"), lambda: db.add(b"k"), lambda: len(db), lambda: list(db),
        lambda: b"k" in db, lambda: db.get_many([b"k"]), lambda: db.put_many({b"k": b"v"}), lambda: db.txn(), lambda: db.snapshot(),
        lambda: db.namespace("y"), lambda: db.sync(), lambda: db.flush(), lambda: db.compact(), lambda: db.stats(), lambda: db.recovery(),
        lambda: db.pin(b"k"), lambda: db.pin_many([b"k"]), lambda: db.clear(), lambda: db.delete_range(), lambda: db.swap(b"k", b""), lambda: db.ttl(b"k"),
        lambda: db.last_error(), lambda: db.namespaces(), lambda: db.get_into(b"k", bytearray(1)), lambda: db.entry(b"k"),
        lambda: space[b"k"], lambda: space.put(b"k", b"v"), lambda: space.drop(), lambda: txn[b"k"], lambda: txn.commit(),
        lambda: snapshot[b"k"], lambda: next(scan), lambda: scan.take(1), lambda: scan.seek(b"k"), lambda: next(txn_scan), batch.write,
    ]  # fmt: skip
    for number, call in enumerate(calls):
        try:
            answer = call()
        except firn.ClosedError as error:
            assert isinstance(error, ValueError)
        else:
            pytest.fail(f"call {number} answered {answer!r}")
    assert db.closed and space.closed and txn.closed and "(closed)" in repr(space)
    assert bytes(view) == b"v" and [view and bytes(view) for view in views] == [b"v", b"v"]
    view.release()


def test_a_path_can_be_opened_again_at_once_and_by_one_at_a_time(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db"):
        with pytest.raises(firn.LockedError) as caught:
            firn.open(tmp_path / "db")
        assert isinstance(caught.value, BlockingIOError) and isinstance(caught.value, OSError)
        assert caught.value.errno
    with firn.open(tmp_path / "db"):
        pass


@pytest.mark.parametrize("order", list(permutations(range(6)))[::31])
def test_whatever_order_things_are_dropped_in(tmp_path: Path, order: tuple[int, ...]) -> None:
    db = firn.open(":memory:")
    db.put_many((b"%04d" % number, b"v" * 100) for number in range(1000))
    txn = db.txn()
    scan = txn.items().scan()
    next(scan)
    things: list[object] = [db, txn, scan, db.pin(b"0001"), db.namespace("x"), db.pin_many([b"0002", b"0003"])]
    del db, txn, scan
    for at in order:
        things[at] = None
        gc.collect()


def test_cycles_through_a_database_are_collected(tmp_path: Path) -> None:
    class Holder:
        db: firn.Database
        scan: object
        me: Holder

    holder = Holder()
    holder.db = firn.open(tmp_path / "db")
    holder.scan = iter(holder.db)
    holder.me = holder
    gone = weakref.ref(holder.db)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del holder
        gc.collect()
    assert gone() is None
    assert [warning.category for warning in caught] == [ResourceWarning]
    firn.open(tmp_path / "db").close()


def test_a_namespace_keeps_its_database_open() -> None:
    space = firn.open(":memory:").namespace("x")
    gc.collect()
    space[b"k"] = b"v"
    assert space[b"k"] == b"v"


def test_the_end_of_the_interpreter_closes_what_is_open(tmp_path: Path) -> None:
    program = "import firn, sys\ndb = firn.open(sys.argv[1])\ndb[b'k'] = b'v'\nscan = iter(db)\ntxn = db.txn()\n"
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(tmp_path / "db")], check=True, timeout=60)
    with firn.open(tmp_path / "db") as db:
        assert db.recovery().clean
        assert db[b"k"] == b"v"


def in_child(work: object) -> int:
    """Runs work in a forked child; its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is what is tested
        child = os.fork()
    if child == 0:
        code = 1
        try:
            work()  # type: ignore[operator]
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_use_in_a_forked_child_raises_and_disturbs_nothing(db: firn.Database, tmp_path: Path) -> None:
    db[b"k"] = b"v"
    db[b"l"] = b"w"
    scan, txn, view, views = iter(db), db.txn(), db.pin(b"k"), db.pin_many([b"k", b"l"])
    next(scan)

    def work() -> None:
        for call in (lambda: db[b"k"], lambda: db.put(b"k", b""), lambda: next(scan), lambda: txn[b"k"], lambda: db.close()):
            with pytest.raises(firn.ForkedError):
                call()
        assert bytes(view) == b"v" and [view and bytes(view) for view in views] == [b"v", b"w"]
        views.clear()
        with firn.open(tmp_path / "of the child") as own:
            own[b"k"] = b"child"
            assert own[b"k"] == b"child"

    assert in_child(work) == 0
    db[b"k"] = b"after"
    assert db[b"k"] == b"after"
    assert next(scan) == b"l"
    assert [view and bytes(view) for view in views] == [b"v", b"w"]
    view.release()


def test_types_are_not_made_by_calls() -> None:
    for kind in (firn.Database, firn.Transaction, firn.Snapshot, firn.Namespace, firn.Batch, firn.Iterator, firn.Reading):
        with pytest.raises(TypeError):
            kind()
    with firn.open(":memory:") as db, pytest.raises(TypeError):
        import copy

        copy.copy(db)


def test_a_transaction_used_by_two_threads_never_crashes(db: firn.Database) -> None:
    import threading

    db.put_many((b"%05d" % number, b"v" * 50) for number in range(5000))
    txn = db.txn()
    scan = txn.items().scan()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(200):
                try:
                    scan.take(100)
                    txn.get_many(b"%05d" % number for number in range(100))
                except firn.MisuseError:
                    continue
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    txn.close()
    assert failures == []
