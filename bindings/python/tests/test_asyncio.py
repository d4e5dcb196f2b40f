"""The helpers for asyncio."""

from __future__ import annotations

import asyncio
from pathlib import Path

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


def test_a_put_that_waits_for_the_disk_does_not_hold_the_loop(tmp_path: Path) -> None:
    async def run() -> None:
        async with firn.open(tmp_path / "db", durability="sync") as db:
            await asyncio.gather(*(db.aput(b"%d" % number, b"v") for number in range(20)))
            assert len(db) == 20

    asyncio.run(run())
