"""Conditional writes, counters, times to live, batches, namespaces."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

import firn


def test_conditions_of_put(db: firn.Database) -> None:
    version = db.put(b"k", b"1", if_absent=True)
    with pytest.raises(firn.ExistsError):
        db.put(b"k", b"2", if_absent=True)
    with pytest.raises(firn.NotFoundError):
        db.put(b"x", b"2", if_present=True)
    later = db.put(b"k", b"2", if_version=version, sync=True)
    assert later > version
    with pytest.raises(firn.ConflictError):
        db.put(b"k", b"3", if_version=version)
    assert db.put(b"new", b"", if_version=0) > later
    with pytest.raises(firn.InvalidError):
        db.put(b"k", b"3", if_absent=True, if_present=True)
    with pytest.raises(TypeError, match="unexpected keyword"):
        db.put(b"k", b"3", if_missing=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing required"):
        db.put(b"k")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values"):
        db.put(b"k", b"v", key=b"k")  # type: ignore[misc]
    with pytest.raises(TypeError, match="at most 2 positional"):
        db.put(b"k", b"v", 3)  # type: ignore[call-arg]


def test_swaps_and_counters(db: firn.Database) -> None:
    assert db.swap(b"k", b"1") is None
    assert db.swap(b"k", b"2" * 10_000) == b"1"
    assert db.swap(b"k", b"3") == b"2" * 10_000
    assert db.compare_swap(b"k", b"3", b"4")
    assert not db.compare_swap(b"k", b"3", b"5")
    assert db.add(b"n") == 1
    assert db.add(b"n", -10) == -9
    assert db[b"n"] == (-9).to_bytes(8, "little", signed=True)
    with pytest.raises(firn.TypeMismatchError):
        db.add(b"k")
    with pytest.raises(OverflowError):
        db.add(b"n", 2**63)
    db.put(b"n", (2**63 - 1).to_bytes(8, "little"))
    with pytest.raises(firn.CounterOverflowError):
        db.add(b"n")


def test_times_to_live(db: firn.Database) -> None:
    db.put(b"short", b"", ttl=0.05)
    db.put(b"long", b"", ttl=timedelta(hours=1))
    db.put(b"ever", b"")
    left = db.ttl(b"long")
    assert left is not None and 3000 < left <= 3600
    assert db.ttl(b"ever") is None
    db.put(b"long", b"2", keep_ttl=True)
    assert db.ttl(b"long") is not None
    db.persist(b"long")
    assert db.ttl(b"long") is None
    db.expire(b"ever", 1000)
    assert db.ttl(b"ever") is not None
    while b"short" in db:
        time.sleep(0.01)
    for missing in (lambda: db.ttl(b"short"), lambda: db.expire(b"short", 1), lambda: db.persist(b"short")):
        with pytest.raises(firn.NotFoundError):
            missing()
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError):
            db.put(b"k", b"v", ttl=wrong)
    with pytest.raises(TypeError):
        db.put(b"k", b"v", ttl="soon")  # type: ignore[arg-type]


def test_a_batch_is_applied_whole_at_its_end_or_not_at_all(db: firn.Database) -> None:
    other = db.namespace("other")
    db[b"old"] = b""
    with db.batch() as batch:
        batch.put(b"a", b"1")
        batch.put(b"b", b"2", ttl=1000)
        batch.put(b"c", b"3", namespace=other)
        batch.delete(b"old")
        batch.add(b"n", 5)
        assert len(batch) == 5
        assert batch.nbytes > 100
        assert b"a" not in db
    assert dict(db) == {b"a": b"1", b"b": b"2", b"n": (5).to_bytes(8, "little")}
    assert dict(other) == {b"c": b"3"}
    with pytest.raises(RuntimeError, match="enough"), db.batch() as batch:
        batch.put(b"z", b"")
        raise RuntimeError("enough")
    assert b"z" not in db
    batch = db.batch(sync=True)
    batch.expect_version(b"a", 12345)
    batch.put(b"a", b"9")
    with pytest.raises(firn.ConflictError):
        batch.write()
    assert len(batch) == 2
    batch.clear()
    batch.delete_range(b"a", b"c")
    batch.delete_range(b"m", b"")
    assert batch.write() > 0
    assert list(db) == [b"n"]
    with pytest.raises(TypeError):
        batch.put(b"k", b"v", namespace=b"other")  # type: ignore[arg-type]
    with firn.open(":memory:") as another, pytest.raises(TypeError):
        batch.put(b"k", b"v", namespace=another)


def test_large_batches_and_large_look_ups(db: firn.Database) -> None:
    model = {b"%08d" % number: b"%d" % number * 3 for number in range(30_000)}
    assert db.put_many(model) > 0
    assert db.get_many(model) == list(model.values())
    assert db.get_many([b"00000001", b"none"], default=b"") == [b"111", b""]
    assert db.get_many([]) == []
    with pytest.raises(TypeError):
        db.get_many([b"k", "text"])  # type: ignore[list-item]
    with pytest.raises(ValueError):
        db.put_many([(b"a", b"b", b"c")])  # type: ignore[list-item]
    with pytest.raises(firn.InvalidError):
        db.put_many([(b"whole", b""), (b"", b"an empty key")])
    assert b"whole" not in db


def test_delete_range_counts_and_has_a_limit(db: firn.Database) -> None:
    db.put_many((b"%02d" % number, b"") for number in range(20))
    with pytest.raises(firn.TooLargeError):
        db.delete_range(limit=10)
    assert db.delete_range(b"10", b"15") == 5
    assert db.delete_range(stop=b"") == 0
    assert db.delete_range(stop=b"05") == 5
    assert db.delete_range(start=b"18") == 2
    assert len(db) == 8
    assert db.delete_range() == 8


def test_namespaces_keep_their_keys_apart(db: firn.Database) -> None:
    users = db.namespace("users")
    users[b"k"] = b"user"
    db[b"k"] = b"default"
    assert (users[b"k"], db[b"k"]) == (b"user", b"default")
    assert db.namespaces() == [b"users"]
    assert db.namespace(b"users")[b"k"] == b"user"
    assert dict(users.items()) == {b"k": b"user"}
    with pytest.raises(KeyError):
        db.namespace("none", create=False)
    users.clear()
    assert not users
    users.drop()
    with pytest.raises(firn.InvalidError):
        users[b"k"]
    assert db.namespaces() == []
    assert db[b"k"] == b"default"


def test_limits_of_keys_are_told(db: firn.Database) -> None:
    with pytest.raises(firn.InvalidError) as caught:
        db[b""] = b""
    assert isinstance(caught.value, ValueError) and caught.value.code == -4
    with pytest.raises(firn.TooLargeError):
        db[bytes(70_000)] = b""
    db[bytes(65_535)] = b"v"
    assert db[bytes(65_535)] == b"v"
