"""The change feed, and waiting for what is durable."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import firn


def test_changes_are_the_commits_in_their_order(db: firn.Database) -> None:
    start = db.changes_bounds[1]
    first = db.put(b"k", b"v", ttl=1000)
    db.add(b"n", 3)
    with db.batch() as batch:
        batch.put(b"k", b"w")
        batch.delete(b"n")
    space = db.namespace("space")
    space[b"s"] = b""
    space.clear()
    space.drop()
    seen = list(db.changes(start))
    assert [(change.kind, change.namespace, change.key, change.value) for change in seen] == [
        ("put", 0, b"k", b"v"),
        ("put", 0, b"n", (3).to_bytes(8, "little")),
        ("put", 0, b"k", b"w"),
        ("delete", 0, b"n", b""),
        ("namespace_open", space.id, b"space", b""),
        ("put", space.id, b"s", b""),
        ("namespace_clear", space.id, b"space", b""),
        ("namespace_drop", space.id, b"space", b""),
    ]
    assert seen[0].version == first and seen[2].version == seen[3].version
    assert seen[0].expiry is not None and 900 < seen[0].expiry - time.time() < 1100 and seen[1].expiry is None
    assert list(db.changes(db.changes_bounds[1])) == []
    assert [change.kind for change in db.changes(seen[2].version)][:2] == ["put", "delete"]
    with pytest.raises(firn.InvalidError):
        list(firn._firn.changes(db, 1 << 40, False))


def test_changes_larger_than_a_chunk(tmp_path: Path) -> None:
    # Retained: the first memtables are small, so that what is here is flushed soon.
    with firn.open(tmp_path / "db", changes_retention_bytes="64MiB") as db:
        start = db.changes_bounds[1]
        db.put_many((b"%05d" % number, b"x" * 100) for number in range(5000))
        db[b"large"] = b"y" * 1_000_000
        seen = list(db.changes(start))
    assert len(seen) == 5001 and seen[-1].value == b"y" * 1_000_000 and [change.key for change in seen[:2]] == [b"00000", b"00001"]


def test_what_is_committed_meanwhile_is_for_the_next_time(db: firn.Database) -> None:
    start = db.changes_bounds[1]
    db.put_many((b"%05d" % number, b"x" * 100) for number in range(10))
    seen = []
    for change in db.changes(start):
        seen.append(change.key)
        db[b"meanwhile"] = b"%d" % len(seen)
    assert seen == [b"%05d" % number for number in range(10)]


def test_changes_that_are_not_kept_any_more(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db", changes_retention_bytes=0) as db:
        db[b"k"] = b"v"
        db.flush()
        db[b"l"] = b"v"
        first, following = db.changes_bounds
        assert 1 < first <= following
        with pytest.raises(firn.NotFoundError):
            list(db.changes(1))


def test_only_what_is_durable(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db", durability="interval:3600000ms") as db:
        start = db.changes_bounds[1]

        def is_held_back() -> bool:
            version = db.put(b"k", b"v")
            return not db.wait_durable(version, timeout=0) and len(list(db.changes(start, durable=True))) < len(list(db.changes(start)))

        assert any(is_held_back() for _ in range(20))  # else a sync came by, each time
        version = db.put(b"k", b"v")
        db.sync()
        assert db.wait_durable(version) and db.wait_durable() and list(db.changes(start, durable=True)) == list(db.changes(start))
        with pytest.raises(firn.InvalidError):
            db.wait_durable(version + 1000)


def test_a_wait_is_ended_by_wake_and_by_close(tmp_path: Path) -> None:
    db = firn.open(tmp_path / "db", durability="interval:3600000ms")
    ended: list[type[Exception] | None] = []

    def wait(version: int) -> None:
        try:
            db.wait_durable(version)
            ended.append(None)
        except firn.Error as error:
            ended.append(type(error))

    def ends_by(act: object) -> type[Exception] | None:
        waiting = threading.Thread(target=wait, args=(db.put(b"k", b"v"),))
        waiting.start()
        while waiting.is_alive():  # a wake may come before the wait
            act()  # type: ignore[operator]
            waiting.join(0.01)
        return ended.pop()

    ends = [ends_by(db.wake) for _ in range(20)]  # None: a sync came by
    assert set(ends) <= {None, firn.CancelledError} and firn.CancelledError in ends
    assert ends_by(db.close) in (firn.ClosedError, None)  # closing syncs


def test_a_follower_gets_what_others_write(db: firn.Database) -> None:
    follower = db.follow_changes()
    writer = threading.Thread(target=lambda: [db.put(b"%d" % number, b"v") for number in range(1000)])
    writer.start()
    got = [next(follower).key for _ in range(1000)]
    writer.join()
    assert got == [b"%d" % number for number in range(1000)]
    assert follower.next_version == db.changes_bounds[1]


def test_followers_do_not_take_from_one_another(db: firn.Database) -> None:
    got: list[list[bytes]] = [[], [], []]

    def follow(mine: list[bytes], follower: firn.ChangeFollower) -> None:
        for change in follower:
            mine.append(change.key)
            if change.key == b"end":
                return

    threads = [threading.Thread(target=follow, args=(mine, db.follow_changes())) for mine in got]
    for thread in threads:
        thread.start()
    for number in range(200):
        db[b"%d" % number] = b"v"
    db[b"end"] = b""
    for thread in threads:
        thread.join()
    assert all(mine == [b"%d" % number for number in range(200)] + [b"end"] for mine in got)


def test_a_follower_tells_where_to_go_on(db: firn.Database) -> None:
    follower = db.follow_changes()
    begin = follower.next_version
    version = db.put_many({b"a": b"", b"b": b""})
    last = db.put(b"c", b"")
    assert begin == version and next(follower).key == b"a"
    assert follower.next_version == version  # b is to come: the commit would be given again as a whole
    assert next(follower).key == b"b"
    assert [change.key for change in db.changes(follower.next_version)][-1] == b"c"
    assert next(follower).key == b"c" and follower.next_version == last + 1


def test_a_follower_ends_with_its_database_and_leaves_no_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    db = firn.open(tmp_path / "db")
    follower = db.follow_changes()
    closing = threading.Timer(0.05, db.close)
    closing.start()
    with pytest.raises(firn.ClosedError):
        next(follower)
    closing.join()
    with pytest.raises(firn.ClosedError):
        firn._firn.notify_fd(db)
    del follower
    assert len(os.listdir("/proc/self/fd")) <= before


def test_async_for_over_changes(tmp_path: Path) -> None:
    async def run() -> None:
        async with firn.open(tmp_path / "db") as db:
            follower = db.follow_changes()

            async def write() -> None:
                for number in range(20):
                    await db.aput(b"%d" % number, b"v")
                    await asyncio.sleep(0)

            async with asyncio.timeout(60):
                writing = asyncio.create_task(write())
                seen = []
                async for change in follower:
                    seen.append(change.key)
                    if len(seen) == 20:
                        break
                await writing
                assert seen == [b"%d" % number for number in range(20)]
                await db.await_durable()
                waiting = asyncio.create_task(anext(follower))
                await asyncio.sleep(0.01)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting

    asyncio.run(run())


def test_a_reader_beside_a_writer_in_another_process(tmp_path: Path) -> None:
    program = (
        "import firn, sys\n"
        "with firn.open(sys.argv[1]) as db:\n"
        "    db[b'k'] = b'then'\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    db[b'k'] = b'now'\n"
        "    print('done', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None and writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        with firn.open(tmp_path / "db", read_only=True) as db:
            follower = db.follow_changes()
            writer.stdin.write("\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "done\n"
            assert db[b"k"] == b"then"
            db.refresh()
            assert db[b"k"] == b"now"
            assert next(follower).value == b"now"
        writer.stdin.write("\n")
        writer.stdin.flush()
        writer.wait(60)
