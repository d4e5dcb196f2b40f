"""Transactions and snapshots."""

from __future__ import annotations

import threading

import pytest

import firn


def test_a_transaction_is_a_mapping_and_commits_at_the_end_of_its_block(db: firn.Database) -> None:
    db.update({b"a": b"1", b"b": b"2"})
    with db.txn() as txn:
        txn[b"c"] = b"3"
        del txn[b"a"]
        with pytest.raises(KeyError):
            del txn[b"a"]
        txn.put(b"d", b"4", ttl=1000)
        txn.put(b"d", b"5", keep_ttl=True)
        assert txn.pop(b"b") == b"2"
        txn.put_many({b"e": b"6", b"f": b"7"})
        assert txn.add(b"n", 3) == 3
        txn.delete_range(b"f", b"g")
        txn.delete(b"none")
        assert dict(txn) == {b"c": b"3", b"d": b"5", b"e": b"6", b"n": (3).to_bytes(8, "little")}
        assert txn.get_many([b"a", b"c"]) == [None, b"3"]
        with txn.pin(b"c") as view:
            assert bytes(view) == b"3"
        assert list(txn.keys(prefix=b"e", reverse=True)) == [b"e"]
        assert dict(db) == {b"a": b"1", b"b": b"2"}
    assert list(db) == [b"c", b"d", b"e", b"n"]
    assert db.ttl(b"d") is not None
    assert txn.closed


def test_an_exception_forgets_the_writes(db: firn.Database) -> None:
    with pytest.raises(RuntimeError), db.txn() as txn:
        txn[b"k"] = b"v"
        raise RuntimeError
    assert b"k" not in db
    with pytest.raises(firn.ClosedError):
        txn[b"k"]


def test_what_was_read_and_has_changed_is_a_conflict(db: firn.Database) -> None:
    txn = db.txn()
    assert txn.get(b"k") is None
    txn[b"other"] = b""
    db[b"k"] = b"v"
    with pytest.raises(firn.ConflictError):
        txn.commit()
    assert txn.closed
    assert b"other" not in db
    with pytest.raises(firn.ConflictError), db.txn(serializable=True) as txn:
        assert len(list(txn.keys(prefix=b"x"))) == 0
        txn[b"other"] = b""
        db[b"x1"] = b""


def test_update_runs_until_there_is_no_conflict(db: firn.Database) -> None:
    runs = []

    def work(txn: firn.Transaction) -> int:
        runs.append(txn)
        value = int(txn.get(b"n", b"0"))
        if len(runs) < 4:
            db[b"n"] = b"%d" % (10 * len(runs))
        txn[b"n"] = b"%d" % (value + 1)
        return value

    assert db.update(work) == 30
    assert db[b"n"] == b"31"
    assert len(runs) == 4
    with pytest.raises(firn.ConflictError):
        db.transact(lambda txn: (txn.get(b"n"), txn.put(b"m", b""), db.put(b"n", b"")), attempts=3)
    with pytest.raises(ZeroDivisionError):
        db.update(lambda txn: 1 // 0)


def test_counters_of_many_threads_add_up(db: firn.Database) -> None:
    def work(txn: firn.Transaction) -> None:
        txn[b"n"] = b"%d" % (int(txn.get(b"n", b"0")) + 1)

    def run() -> None:
        for _ in range(100):
            db.update(work, attempts=10_000)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db[b"n"] == b"400"


def test_a_snapshot_stays_as_it_was_and_cannot_be_written(db: firn.Database) -> None:
    people = db.namespace("people")
    people[b"k"] = b"old"
    db[b"k"] = b"old"
    with db.snapshot() as snapshot:
        db[b"k"] = b"new"
        people.clear()
        assert snapshot[b"k"] == b"old"
        assert list(snapshot.items()) == [(b"k", b"old")]
        assert dict(snapshot.namespace("people")) == {b"k": b"old"}
        assert dict(snapshot.namespace(people)) == {b"k": b"old"}
        assert not hasattr(snapshot, "put")
        assert snapshot.version > 0
    with pytest.raises(firn.ClosedError):
        snapshot[b"k"]
    with pytest.raises(firn.ClosedError):
        snapshot.version


def test_namespaces_within_a_transaction(db: firn.Database) -> None:
    people = db.namespace("people")
    with db.txn() as txn:
        view = txn.namespace(people)
        view[b"k"] = b"v"
        assert txn.namespace("people")[b"k"] == b"v"
        assert b"k" not in txn
        assert b"k" not in people
    assert people[b"k"] == b"v"


def test_commit_tells_the_version_and_sync_makes_it_durable(db: firn.Database) -> None:
    txn = db.txn()
    txn[b"k"] = b"v"
    version = txn.commit(sync=True)
    found = db.entry(b"k")
    assert found is not None and found.version == version
    with db.txn(sync=True) as txn:
        txn[b"k"] = b"w"
    assert db[b"k"] == b"w"


def test_a_single_write_of_a_transaction_cannot_be_asked_to_be_durable(db: firn.Database) -> None:
    with db.txn() as txn:
        with pytest.raises(TypeError, match="sync"):
            txn.put_many({b"k": b"v"}, sync=True)  # type: ignore[call-arg]
        assert b"k" not in txn
        txn.put_many({b"k": b"v"}, ttl=100)
    assert (db.ttl(b"k") or 0) > 90


def test_a_put_in_a_transaction_takes_conditions(db: firn.Database) -> None:
    version = db.put(b"there", b"old")
    with db.txn() as txn:
        txn.put(b"new", b"1", if_absent=True)
        for key in (b"new", b"there"):
            with pytest.raises(firn.ExistsError):
                txn.put(key, b"2", if_absent=True)
        with pytest.raises(firn.NotFoundError):
            txn.put(b"absent", b"2", if_present=True)
        with pytest.raises(firn.ConflictError):
            txn.put(b"there", b"2", if_version=version + 1)
        with pytest.raises(firn.ConflictError):
            txn.put(b"there", b"2", if_version=0)
        with pytest.raises(firn.ConflictError):
            txn.put(b"new", b"2", if_version=0)  # it is there: an own write, whose version is not known yet
        with pytest.raises(ValueError, match="one condition"):
            txn.put(b"there", b"2", if_absent=True, if_version=0)
        txn.put(b"there", b"3", if_version=version)
        txn.put(b"there", b"4", if_present=True)
        txn.put(b"born", b"5", if_version=0)
    assert dict(db) == {b"new": b"1", b"there": b"4", b"born": b"5"}


def test_what_a_condition_asked_is_read(db: firn.Database) -> None:
    txn = db.txn()
    txn.put(b"k", b"mine", if_absent=True)
    db[b"k"] = b"theirs"
    with pytest.raises(firn.ConflictError):
        txn.commit()
    assert db[b"k"] == b"theirs"


def test_values_are_swapped_in_a_transaction(db: firn.Database) -> None:
    db.put(b"k", b"1", ttl=1000)
    db[b"empty"] = b""
    with db.txn() as txn:
        assert txn.swap(b"k", b"2") == b"1"
        assert txn.swap(b"absent", b"x") is None
        assert not txn.compare_swap(b"k", b"1", b"3")
        assert txn.compare_swap(b"empty", b"", b"full")
        assert not txn.compare_swap(b"nowhere", b"", b"x")
        assert txn[b"k"] == b"2"
    assert dict(db) == {b"k": b"2", b"absent": b"x", b"empty": b"full"}
    assert db.ttl(b"k") is not None
    with db.txn() as txn:
        assert txn.compare_swap(b"k", b"2", b"3", ttl=2000)
        txn.swap(b"absent", bytearray(b"y"))
        for call in (lambda: txn.swap("text", b""), lambda: txn.swap(b"k", "text"), lambda: txn.compare_swap(b"k", b"3", "text")):  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                call()
    assert (db[b"k"], db[b"absent"]) == (b"3", b"y")
    left = db.ttl(b"k")
    assert left is not None and left > 1000
    with db.snapshot() as snapshot:
        assert not hasattr(snapshot, "swap")


def test_a_batch_of_a_transaction_cannot_be_made_durable_alone(db: firn.Database) -> None:
    with db.txn() as txn:
        with pytest.raises(TypeError):
            txn.batch(sync=True)  # type: ignore[call-arg]
        batch = txn.batch()
        batch.put(b"k", b"v")
        with pytest.raises(ValueError, match="commit"):
            batch.write(sync=True)
        batch.write()
    assert db[b"k"] == b"v"
