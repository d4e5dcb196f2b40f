"""The database as a mapping of bytes to bytes."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

import pytest

import firn


def test_a_database_is_a_mutable_mapping(db: firn.Database) -> None:
    assert isinstance(db, MutableMapping)
    db[b"b"] = b"2"
    db[b"a"] = b"1"
    assert db[b"a"] == b"1"
    assert list(db) == [b"a", b"b"]
    assert list(reversed(db)) == [b"b", b"a"]
    assert len(db) == 2
    assert b"a" in db and b"c" not in db
    assert db == {b"a": b"1", b"b": b"2"}
    assert dict(db.items()) == {b"a": b"1", b"b": b"2"}


def test_a_missing_key_is_a_key_error_that_names_the_key(db: firn.Database) -> None:
    for attempt in (lambda: db[b"x"], lambda: db.__delitem__(b"x"), lambda: db.pop(b"x"), db.popitem, lambda: db.pin(b"x")):
        with pytest.raises(KeyError) as caught:
            attempt()
        assert isinstance(caught.value, firn.NotFoundError)
    assert db.get(b"x") is None
    assert db.get(b"x", 3) == 3
    assert db.get(key=b"x", default=b"d") == b"d"
    assert db.pop(b"x", None) is None


def test_any_buffer_serves_as_key_and_value(db: firn.Database) -> None:
    db[bytearray(b"k")] = memoryview(b"_value_")[1:-1]
    assert db[memoryview(b"k")] == b"value"
    assert db.get_many([bytearray(b"k"), memoryview(b"k")]) == [b"value"] * 2
    db.put_many([(bytearray(b"m"), bytearray(b"n"))])
    assert list(db.items(start=bytearray(b"l"))) == [(b"m", b"n")]
    with pytest.raises(TypeError):
        db["text"]  # type: ignore[index]
    with pytest.raises(TypeError):
        db[b"k"] = "text"  # type: ignore[assignment]


def test_values_of_all_sizes_come_back(db: firn.Database) -> None:
    for size in (0, 1, 1023, 1024, 1025, 4096, 100_000, 5_000_000):
        value = bytes(size % 251 for _ in range(1)) * size
        db[b"k"] = value
        assert db[b"k"] == value
        assert db.get(b"k") == value
        found = db.entry(b"k")
        assert found is not None and found.value == value
        assert list(db.items()) == [(b"k", value)]
        assert db.get_many([b"k"]) == [value]


def test_pop_popitem_setdefault_update_and_clear(db: firn.Database) -> None:
    db.update({b"a": b"1", b"b": b"2"})
    db.update([(b"c", b"3")])
    assert db.setdefault(b"a", b"9") == b"1"
    assert db.setdefault(b"d", b"4") == b"4"
    assert db.pop(b"b") == b"2"
    assert db.popitem() == (b"a", b"1")
    assert list(db) == [b"c", b"d"]
    db |= {b"e": b"5"}
    assert len(db) == 3
    db.clear()
    assert not db
    assert len(db) == 0


def test_get_into_copies_what_fits_and_tells_the_length(db: firn.Database) -> None:
    db[b"k"] = b"12345"
    buffer = bytearray(8)
    assert db.get_into(b"k", buffer) == 5
    assert buffer[:5] == b"12345"
    small = bytearray(3)
    assert db.get_into(b"k", small) == 5
    assert small == bytes(3)
    assert db.get_into(b"x", buffer) is None
    with pytest.raises((BufferError, TypeError)):
        db.get_into(b"k", b"constant")


def test_it_is_all_there_after_closing_and_opening(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db") as db:
        db[b"k"] = b"v"
        assert not db.closed
    assert db.closed
    db.close()
    with firn.open(bytes(tmp_path / "db"), durability="sync", memtable_bytes="8MiB") as db:
        assert db[b"k"] == b"v"
        assert db.recovery().clean
