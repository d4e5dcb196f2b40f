"""A disk that fails: what databases and logs tell, and going on afterwards."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

import firn


def on_a_full_disk(work: Callable[[], object]) -> firn.Error:
    """The error of work when this process can make no file larger than a byte: every write ends with EFBIG, as it would with ENOSPC on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        work()
    except firn.Error as error:
        return error
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    raise AssertionError("nothing was raised")


def tells_its_cause(error: firn.Error | None, kind: type[firn.Error], folder: Path) -> bool:
    """Whether it is of this class, and says which file has failed and why."""
    return isinstance(error, kind) and isinstance(error, OSError) and error.errno == errno.EFBIG and error.file.startswith(f"{folder}/")


def test_a_database_tells_of_a_failed_disk_and_resumes(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db", log_io="pwrite") as db:
        db[b"k"] = b"before"
        assert tells_its_cause(on_a_full_disk(lambda: db.put(b"k", b"lost")), firn.IndeterminateError, tmp_path)
        with pytest.raises(firn.ReadOnlyError) as refused:
            del db[b"k"]
        assert tells_its_cause(refused.value, firn.ReadOnlyError, tmp_path)
        assert tells_its_cause(db.last_error(), firn.StorageError, tmp_path)
        assert db.events()[-1].kind == "error"

        db.resume()
        assert db.last_error() is None and db.events()[-1].kind == "resumed"
        db[b"k"] = b"after"
        assert db[b"k"] == b"after"


def test_a_log_tells_of_a_failed_disk(tmp_path: Path) -> None:
    log = firn.open_log(tmp_path / "log", log_io="pwrite")
    log.append(b"kept")
    assert log.last_error() is None
    assert tells_its_cause(on_a_full_disk(lambda: log.append(b"lost")), firn.IndeterminateError, tmp_path)
    with pytest.raises(firn.ReadOnlyError) as refused:
        log.append_many([b"refused"])
    assert tells_its_cause(refused.value, firn.ReadOnlyError, tmp_path)
    assert tells_its_cause(log.last_error(), firn.StorageError, tmp_path)
    assert log[0] == b"kept"
    with pytest.raises(firn.Error):
        log.close()
    with pytest.raises(firn.ClosedError):
        log.last_error()
    with firn.open_log(tmp_path / "log") as again:
        assert again[0] == b"kept" and again.last_error() is None


def test_a_database_that_was_opened_so_is_read_only_for_no_other_cause(tmp_path: Path) -> None:
    firn.open(tmp_path / "db").close()
    with firn.open(tmp_path / "db", read_only=True) as db, pytest.raises(firn.ReadOnlyError) as refused:
        db[b"k"] = b"v"
    assert refused.value.errno == errno.EROFS and not refused.value.file
