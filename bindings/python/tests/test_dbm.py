"""firn.dbm as the standard library's dbm modules are, and shelve upon it."""

from __future__ import annotations

import shelve
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
