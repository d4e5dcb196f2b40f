"""Scans: views of a part of the keys, and the iterator behind them."""

from __future__ import annotations

import pytest

import firn

KEYS = [b"a%03d" % number for number in range(300)] + [b"b%03d" % number for number in range(10)]


@pytest.fixture
def filled(db: firn.Database) -> firn.Database:
    db.put_many((key, b"value of " + key) for key in KEYS)
    return db


def test_bounds_prefix_limit_reverse_and_glob_intersect(filled: firn.Database) -> None:
    assert list(filled.keys(start=b"a298", stop=b"b001")) == [b"a298", b"a299", b"b000"]
    assert list(filled.keys(prefix=b"b", limit=2)) == [b"b000", b"b001"]
    assert list(filled.keys(prefix=b"a", reverse=True, limit=2)) == [b"a299", b"a298"]
    assert list(filled.keys(glob=b"?00[12]")) == [b"a001", b"a002", b"b001", b"b002"]
    assert list(filled.keys(start=b"b", prefix=b"a")) == []
    assert list(filled.keys(stop=b"")) == []
    assert list(filled.keys(limit=0)) == []
    assert list(filled.keys(glob=b"")) == []
    with pytest.raises(ValueError):
        filled.keys(limit=-1).scan()
    with pytest.raises(firn.InvalidError):
        filled.keys(glob=b"[").scan()


def test_views_are_those_of_a_dict(filled: firn.Database) -> None:
    model = dict.fromkeys(KEYS, b"")
    for key in model:
        model[key] = b"value of " + key
    assert filled.keys() == model.keys()
    assert filled.items() == model.items()
    assert sorted(filled.values()) == sorted(model.values())
    assert filled.keys() & {b"a001", b"zz"} == {b"a001"}
    part = filled.items(prefix=b"b")
    assert len(part) == 10
    assert (b"b001", b"value of b001") in part
    assert (b"a001", b"value of a001") not in part
    assert b"a001" in filled.keys() and b"a001" not in filled.keys(start=b"a002")
    assert b"a001" not in filled.keys(limit=1)
    assert b"value of a001" in filled.values()
    assert list(reversed(part)) == list(part)[::-1]
    assert list(reversed(filled.keys(limit=2))) == [b"a001", b"a000"]
    assert bool(part) and not filled.items(prefix=b"c")
    assert "prefix=b'b'" in repr(part)


def test_a_view_scans_anew_each_time(filled: firn.Database) -> None:
    view = filled.keys(prefix=b"c")
    assert list(view) == []
    filled[b"c"] = b""
    assert list(view) == [b"c"]


def test_a_running_scan_is_not_disturbed_by_writes(filled: firn.Database) -> None:
    scan = filled.keys().scan()
    assert next(scan) == b"a000"
    filled.clear()
    filled.flush()
    assert list(scan) == KEYS[1:]


def test_an_iterator_seeks_takes_many_and_closes(filled: firn.Database) -> None:
    with filled.items(stop=b"b").scan() as scan:
        assert [key for key, _ in scan.take(2)] == [b"a000", b"a001"]
        assert next(scan.seek(b"a2"))[0] == b"a200"
        assert len(scan.take(1000)) == 99
        assert scan.take(1) == []
    with filled.keys(reverse=True).scan() as backwards:
        assert next(backwards.seek(b"a1000")) == b"a100"
        backwards.close()
        assert list(backwards) == []


def test_entries_tell_versions_and_expiries(db: firn.Database) -> None:
    version = db.put(b"k", b"v")
    db.put(b"m", b"w", ttl=1000)
    first, second = db.entries()
    assert first == (b"k", b"v", version, None)
    assert second.version > version
    assert second.expiry is not None


def test_one_value_larger_than_a_chunk_and_many_small_ones_come_whole(db: firn.Database) -> None:
    model = {b"%06d" % number: bytes([number % 256]) * (number % 97) for number in range(20_000)}
    model[b"000100"] = b"x" * 3_000_000
    db.put_many(model)
    assert dict(db.items()) == model
    assert list(db.values()) == [model[key] for key in sorted(model)]
    assert len(db) == len(model)
