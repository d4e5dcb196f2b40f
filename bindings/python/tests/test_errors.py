"""The tree of exceptions, options, and what opening says."""

from __future__ import annotations

import errno
import typing
from pathlib import Path

import pytest

import firn
from firn import _firn, errors


def test_every_code_of_the_header_has_a_class_of_its_own() -> None:
    for code in range(-1, -25, -1):
        name, text, _ = _firn.status(code)
        assert name != "FIRN_UNKNOWN"
        if name in ("FIRN_NO_EXPIRY",):
            continue
        error = errors.failure(code, 0, text, "", 0)
        assert type(error) is not errors.InternalError, name
        assert error.code == code
        if isinstance(error, OSError):
            assert error.errno
    assert _firn.status(-25)[0] == "FIRN_UNKNOWN"
    assert isinstance(errors.failure(-99, 0, "", "", 0), RuntimeError)


def test_the_tree_derives_from_the_built_in_ones() -> None:
    expected: dict[type[firn.Error], type[Exception]] = {
        firn.NotFoundError: KeyError,
        firn.StorageError: OSError,
        firn.LockedError: BlockingIOError,
        firn.WouldBlockError: BlockingIOError,
        firn.TimedOutError: TimeoutError,
        firn.InvalidError: ValueError,
        firn.ClosedError: ValueError,
        firn.OutOfMemoryError: MemoryError,
        firn.CounterOverflowError: OverflowError,
        firn.UnsupportedError: NotImplementedError,
        firn.MissingDatabaseError: FileNotFoundError,
        firn.ReadOnlyError: PermissionError,
    }
    for kind, built_in in expected.items():
        assert issubclass(kind, built_in) and issubclass(kind, firn.Error)


def test_opening_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        firn.open(tmp_path / "none", create_if_missing=False)
    assert isinstance(missing.value, firn.MissingDatabaseError)
    assert missing.value.errno == errno.ENOENT
    firn.open(tmp_path / "db").close()
    with pytest.raises(FileExistsError):
        firn.open(tmp_path / "db", error_if_exists=True)
    (tmp_path / "file").write_text("no database")
    with pytest.raises(firn.NotADatabaseError):
        firn.open(tmp_path / "file")
    with pytest.raises(TypeError):
        firn.open(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        firn.open("nul\0byte")


def test_options_are_checked_by_name_and_range(tmp_path: Path) -> None:
    with pytest.raises(firn.InvalidError, match="memtable"):
        firn.open(tmp_path / "db", memtable_bytes="1B")
    with pytest.raises(firn.InvalidError, match="no_such"):
        firn.open(tmp_path / "db", no_such=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        firn.open(tmp_path / "db", durability=None)  # type: ignore[arg-type]
    with firn.open(tmp_path / "db", memtable_bytes=1 << 20, lock_timeout_ms="10ms", verify_on_open=True, durability="every:10") as db:
        db[b"k"] = b"v"
    with firn.open(tmp_path / "db", read_only=True) as db:
        assert db[b"k"] == b"v"
        with pytest.raises(firn.ReadOnlyError) as caught:
            db[b"k"] = b"w"
        assert isinstance(caught.value, PermissionError) and caught.value.errno == errno.EROFS
    with firn.open(":memory:", single_threaded=True) as db:
        db[b"k"] = b"v"
        assert db.run_jobs() in (True, False)


def test_the_type_of_options_names_those_of_the_engine() -> None:
    of_engine = {option.name for option in firn.options() if option.for_database}
    assert set(typing.get_type_hints(firn.Options)) == of_engine


def test_operating_a_database(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db") as db:
        db.put_many((b"%05d" % number, b"v") for number in range(1000))
        db.sync()
        db.flush()
        db.compact()
        assert db.last_error() is None
        assert isinstance(db.stats(), dict) and db.stats()
        recovery = db.recovery()
        assert recovery.clean and recovery.records_replayed == 0 and recovery.dropped_file == ""
    firn.check(tmp_path / "db")
    with pytest.raises(firn.MissingDatabaseError):
        firn.check(tmp_path / "none")
    assert firn.__version__ in firn.build_info()


def test_damage_is_told_with_file_and_offset(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db") as db:
        db.put_many((b"%05d" % number, b"v" * 100) for number in range(10_000))
        db.compact()
    table = max((tmp_path / "db" / "tables").iterdir(), key=lambda path: path.stat().st_size)
    damaged = bytearray(table.read_bytes())
    damaged[len(damaged) // 3] ^= 255
    table.write_bytes(damaged)
    with pytest.raises(firn.CorruptError) as caught:
        firn.check(tmp_path / "db")
    assert caught.value.file and isinstance(caught.value, OSError)
