"""The durable log."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import firn


@pytest.fixture
def log(tmp_path: Path) -> Iterator[firn.Log]:
    """A log with files."""
    with firn.open_log(tmp_path / "log", segment_bytes="64KiB") as opened:
        yield opened


def test_records_have_dense_indexes_and_come_back(log: firn.Log) -> None:
    assert log.append(b"first") == 0
    assert log.append_many([b"second", bytearray(b"third"), b""]) == 1
    assert log.append_many([]) == 4
    assert log.append(b"x" * 100_000) == 4
    assert log[0] == log.read(0) == b"first"
    assert log[3] == b""
    assert log[4] == b"x" * 100_000
    assert [record.data for record in log] == [b"first", b"second", b"third", b"", b"x" * 100_000]
    assert [record.index for record in log.records(1, 3)] == [1, 2]
    assert list(log.records(5)) == []
    assert (log.first, log.next, len(log)) == (0, 5, 5)
    with log.pin(1) as view:
        assert bytes(view) == b"second"
    for missing in (lambda: log[5], lambda: log.pin(5)):
        with pytest.raises(IndexError) as caught:
            missing()
        assert isinstance(caught.value, firn.RecordNotFoundError) and isinstance(caught.value, firn.NotFoundError)
    with pytest.raises(ValueError):
        log[-1]
    with pytest.raises(TypeError):
        log.append("text")  # type: ignore[arg-type]


def test_records_are_removed_at_either_end(log: firn.Log) -> None:
    log.append_many([b"%d" % number for number in range(100)])
    log.trim_before(10)
    log.trim_after(49)
    assert log.bounds == (10, 50)
    assert log.append(b"again") == 50
    log.reset(1000)
    assert len(log) == 0
    assert log.append(b"k") == 1000
    assert log.retain() >= 0
    with pytest.raises(firn.InvalidError):
        log.trim_before(5)


def test_times_and_durability(log: firn.Log) -> None:
    before = datetime.now() - timedelta(minutes=1)
    log.append(b"k")
    log.sync()
    assert log.durable == 1
    record = next(iter(log))
    assert abs(record.time - time.time()) < 60
    assert log.seek_time(before) == 0
    assert log.seek_time(time.time() + 60) == 1


def test_it_is_all_there_after_opening_again(tmp_path: Path) -> None:
    with firn.open_log(tmp_path / "log", durability="sync") as log:
        log.append(b"k")
        assert str(tmp_path) in repr(log)
    assert log.closed
    for call in (lambda: log.append(b""), lambda: log[0], lambda: log.bounds, log.sync, lambda: log.wait(9, 0)):
        with pytest.raises(firn.ClosedError):
            call()
    with firn.open_log(tmp_path / "log") as log, firn.open_log(tmp_path / "log", read_only=True) as reader:
        assert log.recovery().clean
        assert log[0] == reader[0] == b"k"
        with pytest.raises(firn.ReadOnlyError):
            reader.append(b"")
        log.append(b"l")
        reader.refresh()
        assert reader[1] == b"l"
        with pytest.raises(firn.LockedError):
            firn.open_log(tmp_path / "log")
    with pytest.raises(FileNotFoundError):
        firn.open_log(tmp_path / "none", create_if_missing=False)
    with pytest.raises(firn.InvalidError):
        firn.open_log(tmp_path / "log", memtable_bytes=1 << 20)  # type: ignore[call-arg]
    of_engine = {option.name for option in firn.options() if option.for_log}
    assert set(typing.get_type_hints(firn.LogOptions)) == of_engine


def test_a_follower_gets_what_is_there_and_what_comes(log: firn.Log) -> None:
    log.append(b"0")
    seen: list[bytes] = []

    def follow() -> None:
        for record in log.follow():
            seen.append(record.data)
            if record.index == 500:
                return

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(1, 501):
        log.append(b"%d" % number)
    thread.join(60)
    assert seen == [b"%d" % number for number in range(501)]


def test_waiting_ends_with_the_record_the_time_a_wake_or_the_close(log: firn.Log) -> None:
    assert not log.wait(0, 0.01)
    failures: list[type[BaseException]] = []

    def waits() -> None:
        try:
            log.wait(0)
        except firn.Error as error:
            failures.append(type(error))

    for end in (log.wake, log.close):
        thread = threading.Thread(target=waits)
        thread.start()
        while thread.is_alive():
            end()
            time.sleep(0.005)
        thread.join()
    assert failures == [firn.CancelledError, firn.ClosedError]


def test_it_can_be_followed_with_async_for(tmp_path: Path) -> None:
    async def run() -> list[bytes]:
        seen = []
        async with firn.open_log(tmp_path / "log") as log:

            async def write() -> None:
                for number in range(50):
                    await log.aappend(b"%d" % number)
                await log.aappend_many([b"50", b"51"])

            writing = asyncio.create_task(write())
            async for record in log.follow(0):
                seen.append(record.data)
                if record.index == 51:
                    break
            await writing
        return seen

    assert asyncio.run(run()) == [b"%d" % number for number in range(52)]


def test_a_follower_in_another_process_sees_what_a_writer_appends(tmp_path: Path) -> None:
    program = (
        "import firn, sys\n"
        "with firn.open_log(sys.argv[1], read_only=True) as log:\n"
        "    for record in log.follow():\n"
        "        assert record.data == b'%d' % record.index\n"
        "        if record.index == 200: break\n"
    )
    with firn.open_log(tmp_path / "log", segment_bytes="64KiB") as log:
        child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "log")])
        for number in range(201):
            log.append(b"%d" % number)
            time.sleep(0.0005)
        assert child.wait(60) == 0


def test_appends_of_many_threads_are_all_there_once(log: firn.Log) -> None:
    given: list[tuple[int, bytes]] = []

    def run(thread: int) -> None:
        for number in range(500):
            data = b"%d:%d" % (thread, number)
            given.append((log.append(data), data))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [(record.index, record.data) for record in log]


def test_an_index_is_not_negative(tmp_path: Path) -> None:
    with firn.open_log(tmp_path / "log") as log:
        log.append(b"record")
        calls: list[Callable[[], object]] = [
            lambda: log.wait(-1, 0), lambda: log.read(-1), lambda: log.pin(-1), lambda: next(log.follow(-1)),
            lambda: log.trim_before(-1), lambda: log.trim_after(-1), lambda: log.reset(-1),
        ]  # fmt: skip
        for call in calls:
            with pytest.raises(ValueError, match="negative"):
                call()
        assert log.bounds == (0, 1)
