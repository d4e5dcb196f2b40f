"""firn.dbm as the standard library's dbm modules are, and shelve upon it."""

from __future__ import annotations

import dbm
import shelve
from collections.abc import Callable
from pathlib import Path

import pytest

import firn
import firn.dbm


def test_it_takes_text_and_gives_bytes(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    with pytest.raises(firn.dbm.error):
        firn.dbm.open(path)
    with pytest.raises(firn.dbm.error):
        firn.dbm.open(path, "w")
    with firn.dbm.open(path, "c") as db:
        db["ä"] = "ö"
        db[b"b"] = b"2"
        assert db["ä"] == "ö".encode()
        assert b"b" in db and "ä".encode() in db
        assert db.keys() == [b"b", "ä".encode()]
        assert db.get(b"none") is None
        db.setdefault(b"c", b"3")
        assert db.firstkey() == b"b"
        assert db.nextkey(b"b") == b"c"
        assert db.nextkey("ä") is None
        del db["c"]
        with pytest.raises(KeyError):
            del db["c"]
        with pytest.raises(TypeError):
            db["k"] = 3  # type: ignore[assignment]
        assert len(db) == 2 and db
        db.sync()
        db.reorganize()
    with firn.dbm.open(path) as db:
        assert db["b"] == b"2"
        with pytest.raises(firn.dbm.error):
            db["b"] = "3"
    with firn.dbm.open(path, "n") as db:
        assert not db
    with pytest.raises(ValueError):
        firn.dbm.open(path, "x")


def test_a_new_one_has_nothing_of_the_old_one_in_any_namespace(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db") as database:
        database[b"k"] = database.namespace("space")[b"k"] = b"v"
    with firn.dbm.open(tmp_path / "db", "n") as db:
        assert not db
    with firn.open(tmp_path / "db") as database:
        assert database.namespaces() == [] and not database.namespace("space")


def test_a_key_and_a_value_may_be_views() -> None:
    with firn.dbm.open(":memory:", "c") as db:
        db[memoryview(b"key")[1:]] = memoryview(b"value")
        assert db[memoryview(b"ey")] == b"value" and memoryview(b"ey") in db
        assert db.nextkey(memoryview(b"e")) == b"ey"


def test_what_is_closed_raises_the_error_of_dbm_modules() -> None:
    db = firn.dbm.open(":memory:", "c")
    db.close()
    db.close()
    calls: list[Callable[[], object]] = [
        lambda: db[b"k"], lambda: db.__setitem__(b"k", b""), lambda: db.__delitem__(b"k"), lambda: b"k" in db, lambda: iter(db),
        lambda: len(db), lambda: bool(db), db.keys, db.clear, db.firstkey, lambda: db.nextkey(b"k"), db.reorganize, db.sync,
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(firn.dbm.error) as caught:
            call()
        assert isinstance(caught.value, firn.ClosedError)
    assert issubclass(firn.dbm.error, dbm.error[1])


def test_a_shelf_keeps_objects(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    new: shelve.Shelf[list[int]] = shelve.Shelf(firn.dbm.open(path, "c"), writeback=True)
    with new as shelf:
        shelf["list"] = [1, 2]
        shelf["list"].append(3)
        shelf.sync()
    old: shelve.Shelf[list[int]] = shelve.Shelf(firn.dbm.open(path))
    with old as shelf:
        assert shelf["list"] == [1, 2, 3]
        assert list(shelf) == ["list"]
        assert len(shelf) == 1
