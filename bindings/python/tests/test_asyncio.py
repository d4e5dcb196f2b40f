"""The helpers for asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
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
