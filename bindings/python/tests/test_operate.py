"""Statistics, events and checkpoints."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import firn


def test_stats_count_what_was_done(db: firn.Database) -> None:
    db[b"k"] = b"value"
    db.get(b"k"), db.get(b"missing")
    db.sync()
    db.flush()
    stats = db.stats()
    assert stats["puts"] == 1 and stats["gets"] == 2 and stats["get_misses"] == 1 and stats["write_bytes"] == 6
    assert stats["flushes"] == 1 and stats["table_count"] == 1 and stats["read_only"] is False and stats["durability"] == "process"
    assert stats["runs"][0]["entries"] == 1 and stats["latencies"]["flush"]["count"] == 1


def test_stats_for_prometheus(tmp_path: Path) -> None:
    path = tmp_path / "Ж"
    with firn.open(path) as db:
        db[b"k"] = b"value"
        lines = db.stats_prometheus().split("\n")
    assert "# TYPE firn_puts_total counter" in lines and f'firn_puts_total{{db="{path}"}} 1' in lines


def test_events_tell_of_background_work(db: firn.Database) -> None:
    before = time.time()
    assert db.events() == []
    db[b"k"] = b"value"
    db.flush()
    event = db.events()[0]
    assert (event.number, event.kind, event.error) == (1, "flush", None) and event.bytes_written > 0 and event.duration > 0
    assert before - 60 < event.time < time.time() + 60
    assert db.events(event.number + 1) == [] and db.stats()["events"] == 1


@pytest.mark.parametrize("path", ["db", ":memory:"])
def test_a_checkpoint_is_the_database_as_it_was(tmp_path: Path, path: str) -> None:
    with firn.open(path if path == ":memory:" else tmp_path / path) as db:
        db[b"k"] = b"then"
        db.namespace("space")[b"k"] = b"also"
        db.checkpoint(tmp_path / "copy")
        db[b"k"] = b"now"
        firn.check(tmp_path / "copy")
        with firn.open(tmp_path / "copy") as copy:
            assert copy[b"k"] == b"then" and copy.namespace("space")[b"k"] == b"also"
        with pytest.raises(firn.DatabaseExistsError) as exists:
            db.checkpoint(tmp_path / "copy")
        assert isinstance(exists.value, FileExistsError)
        with pytest.raises(firn.MissingDatabaseError) as missing:
            db.checkpoint(tmp_path / "no" / "parent")
        assert isinstance(missing.value, FileNotFoundError) and not (tmp_path / "no").exists()
        with pytest.raises(ValueError, match="null"):
            db.checkpoint("a\0b")
        with pytest.raises(TypeError):
            db.checkpoint(3)  # type: ignore[arg-type]


def test_a_database_without_a_failure_has_nothing_to_resume(db: firn.Database) -> None:
    db.resume()
    db[b"k"] = b"v"
    assert db[b"k"] == b"v"


def test_a_closed_database_is_not_operated(tmp_path: Path) -> None:
    db = firn.open(tmp_path / "db")
    db.close()
    for call in (db.stats, db.stats_prometheus, db.events, db.resume, db.wake, db.refresh, db.wait_durable, lambda: db.changes_bounds,
                 lambda: list(db.changes()), db.follow_changes, lambda: db.checkpoint(tmp_path / "c")):  # fmt: skip
        with pytest.raises(firn.ClosedError):
            call()
