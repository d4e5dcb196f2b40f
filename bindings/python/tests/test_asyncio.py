"""The helpers for asyncio."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import firn


def test_everything_can_be_awaited(tmp_path: Path) -> None:
    async def run() -> None:
        async with firn.open(tmp_path / "db") as db:
            assert await db.aput(b"k", b"v") > 0
            assert await db.aput(b"s", b"v", ttl=100, sync=True) > 0
            assert await db.aget(b"k") == b"v"
            assert await db.aget(b"x") is None
            assert await db.aget(b"x", b"d") == b"d"
            await db.aput(b"large", b"x" * 100_000)
            assert await db.aget(b"large") == b"x" * 100_000
            await db.adelete(b"large")
            await db.aput_many({b"%04d" % number: b"" for number in range(2500)})
            assert await db.aget_many([b"0001", b"none"]) == [b"", None]
            assert len([item async for item in db.aitems()]) == 2502
            assert [item async for item in db.aitems(prefix=b"k")] == [(b"k", b"v")]
            assert await db.atransact(lambda txn: txn.add(b"n")) == 1
            await asyncio.gather(*(db.atransact(lambda txn: txn.add(b"n")) for _ in range(20)))
            assert db.add(b"n", 0) == 21
        assert db.closed

    asyncio.run(run())


CALLS: dict[str, tuple[str, Callable[[firn.Database], Awaitable[object]]]] = {
    "aput": ("put", lambda db: db.aput(b"k", b"v")),
    "aput, sync": ("put", lambda db: db.aput(b"k", b"v", sync=True)),
    "aput_many": ("put_many", lambda db: db.aput_many({b"k": b"v"})),
    "adelete": ("delete", lambda db: db.adelete(b"k")),
    "aget": ("_get_released", lambda db: db.aget(b"k")),
    "aget_many": ("get_many", lambda db: db.aget_many([b"k"])),
    "atransact": ("transact", lambda db: db.atransact(lambda txn: txn.add(b"n"))),
    "await_durable": ("wait_durable", lambda db: db.await_durable()),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_waits_does_not_hold_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    method, call = CALLS[name]
    loop_went_on = threading.Event()
    original = getattr(firn.Database, method)

    def waits_for_the_loop(*arguments: Any, **options: Any) -> object:
        assert loop_went_on.wait(20)
        return original(*arguments, **options)

    async def run() -> None:
        async with firn.open(tmp_path / "db", durability="sync") as db:  # where every commit waits
            await db.aput(b"k", b"v")
            monkeypatch.setattr(firn.Database, method, waits_for_the_loop)
            waiting = asyncio.ensure_future(call(db))
            await asyncio.sleep(0)  # it has begun
            loop_went_on.set()
            await waiting

    asyncio.run(run())


def test_many_puts_that_wait_for_the_disk_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with firn.open(tmp_path / "db", durability="sync") as db:
            await asyncio.gather(*(db.aput(b"%d" % number, b"v") for number in range(20)))
            assert len(db) == 20

    asyncio.run(run())


class CountingExecutor(ThreadPoolExecutor):
    """How often a thread was asked for."""

    def __init__(self) -> None:
        super().__init__(2)
        self.count = 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        self.count += 1
        return super().submit(*arguments, **options)


def descriptors() -> int:
    """How many of those that tell of news are open."""
    links = (Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
    return sum(os.path.islink(link) and "eventfd" in os.readlink(link) for link in links)


def test_idle_followers_take_no_thread(tmp_path: Path) -> None:
    async def run() -> None:
        executor = CountingExecutor()
        asyncio.get_running_loop().set_default_executor(executor)
        with firn.open(tmp_path / "db") as db, firn.open_log(tmp_path / "log") as log:
            found: list[object] = []
            for source in (db, log):  # the engine makes its own when it is first asked for one
                os.close(source._notify_fd())
            before = descriptors()

            async def first_of(followed: AsyncIterator[object]) -> None:
                async for thing in followed:
                    found.append(thing)
                    return

            tasks = [asyncio.ensure_future(first_of(log.follow())) for _ in range(100)]
            tasks += [asyncio.ensure_future(first_of(db.follow_changes())) for _ in range(100)]
            lazy = [asyncio.ensure_future(first_of(db.follow_changes())) for _ in range(10)]
            await asyncio.sleep(0.3)  # they wait, and go on waiting
            assert executor.count == 0
            assert descriptors() - before <= 2  # one for the database and one for the log
            assert [await db.aget(b"x") for _ in range(20)] == [None] * 20
            assert executor.count == 20
            for task in lazy:
                task.cancel()
            assert all(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*lazy, return_exceptions=True))
            db[b"k"] = b"v"
            log.append(b"record")
            await asyncio.wait_for(asyncio.gather(*tasks), 60)
            assert len(found) == 200
            assert executor.count == 20
            assert descriptors() == before

    asyncio.run(run())


def test_followers_in_two_loops_and_in_a_thread_miss_nothing(tmp_path: Path) -> None:
    """Whoever clears the descriptor tells the others."""
    count = 300
    ends: list[list[bytes]] = []
    ready = threading.Barrier(4)
    with firn.open(tmp_path / "db") as db:

        def follow_in_a_loop() -> None:
            async def run() -> None:
                follower = db.follow_changes(start)
                ready.wait()
                ends.append([(await anext(follower)).key for _ in range(count)])

            asyncio.run(run())

        def follow() -> None:
            follower = db.follow_changes(start)
            ready.wait()
            ends.append([next(follower).key for _ in range(count)])

        start = db.changes_bounds[1]
        threads = [threading.Thread(target=work) for work in (follow_in_a_loop, follow_in_a_loop, follow)]
        for thread in threads:
            thread.start()
        ready.wait()
        keys = [b"%d" % number for number in range(count)]
        for key in keys:
            db[key] = b"v"
            time.sleep(0.001)  # they wait for each
        for thread in threads:
            thread.join(60)
    assert ends == [keys] * 3


def test_a_follower_ends_with_close_with_wake_and_with_its_records(tmp_path: Path) -> None:
    async def run() -> None:
        db = firn.open(tmp_path / "db")
        log = firn.open_log(tmp_path / "log")
        change = asyncio.ensure_future(anext(db.follow_changes()))
        record = asyncio.ensure_future(anext(log.follow()))
        await asyncio.sleep(0)
        log.wake()
        with pytest.raises(firn.CancelledError):
            await asyncio.wait_for(record, 60)
        record = asyncio.ensure_future(anext(log.follow()))
        trimmed = asyncio.ensure_future(anext(log.follow()))
        await asyncio.sleep(0)
        log.reset(7)
        for task in (record, trimmed):
            with pytest.raises(firn.RecordNotFoundError):
                await asyncio.wait_for(task, 60)
        record = asyncio.ensure_future(anext(log.follow()))
        await asyncio.sleep(0)
        db.close()
        log.close()
        for waiting in (change, record):
            with pytest.raises(firn.ClosedError):
                await asyncio.wait_for(waiting, 60)

    asyncio.run(run())


def test_followers_of_another_process_share_one_look(tmp_path: Path) -> None:
    async def run() -> None:
        with firn.open(tmp_path / "db") as writer, firn.open_log(tmp_path / "log") as log_writer:
            writer[b"k"] = b"v"
            log_writer.append(b"first")
            with firn.open(tmp_path / "db", read_only=True) as db, firn.open_log(tmp_path / "log", read_only=True) as log:
                changes = [asyncio.ensure_future(anext(db.follow_changes())) for _ in range(50)]
                records = [asyncio.ensure_future(anext(log.follow(1))) for _ in range(50)]
                await asyncio.sleep(0.1)
                writer[b"l"] = b"w"
                log_writer.append(b"second")
                assert {change.key for change in await asyncio.wait_for(asyncio.gather(*changes), 60)} == {b"l"}
                assert {record.data for record in await asyncio.wait_for(asyncio.gather(*records), 60)} == {b"second"}
                waiting = asyncio.ensure_future(anext(db.follow_changes()))
                await asyncio.sleep(0)
                db.close()
                with pytest.raises(firn.ClosedError):
                    await asyncio.wait_for(waiting, 60)

    asyncio.run(run())
