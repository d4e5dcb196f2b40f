"""Nothing is left behind: references, blocks of Python's memory, and the process's own memory."""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import firn


def quietly(call: Callable[[], object]) -> object:
    """Calls it, whatever it raises."""
    try:
        return call()
    except (firn.Error, TypeError, ValueError, OverflowError, BufferError):
        return None


def calls_on(db: firn.Database) -> dict[str, Callable[[], object]]:
    """Calls of every method, in success and in failure."""
    space = db.namespace("space")
    key, long = b"key", b"long"

    def batch() -> None:
        with db.batch() as operations:
            operations.put(key, b"v", ttl=100, namespace=space)
            operations.add(b"n")
            operations.delete(b"gone")
            quietly(lambda: operations.put(key, 3))  # type: ignore[arg-type]
            quietly(lambda: operations.put(key, b"", namespace=b""))  # type: ignore[arg-type]

    def txn() -> None:
        with db.txn() as transaction:
            transaction[key] = b"v"
            transaction.put(key, b"v", ttl=100)
            transaction.put(key, b"v", if_present=True)
            quietly(lambda: transaction.put(key, b"v", if_absent=True))
            quietly(lambda: transaction.put(key, b"v", if_version=1 << 40))
            transaction.swap(key, b"w")
            transaction.swap(b"none before", b"w")
            transaction.compare_swap(key, b"w", b"v")
            transaction.compare_swap(key, b"w", b"v")
            quietly(lambda: transaction.compare_swap(key, b"v", "text"))  # type: ignore[arg-type]
            quietly(lambda: transaction.batch().write(sync=True))
            del transaction[b"none before"]
            transaction.add(b"n")
            list(transaction.items())
            quietly(lambda: transaction.__delitem__(b"none"))
            quietly(lambda: transaction.put("k", b""))  # type: ignore[arg-type]
            transaction.namespace(space).get(key)

    def snapshot() -> None:
        with db.snapshot() as moment:
            moment.get(key)
            list(moment)

    def abandoned() -> None:
        scan = db.items().scan()
        next(scan)
        db.txn()[key] = b""
        db.pin(long)
        db.batch().put(key, b"v")

    return {
        "get": lambda: (db.get(key), db[key], db.get(long), db.get(b"none", key), key in db),
        "buffers": lambda: (db.get(bytearray(key)), db.put(bytearray(b"k"), memoryview(b"v"))),
        "missing": lambda: quietly(lambda: db[b"none"]),
        "wrong": lambda: (quietly(lambda: db["k"]), quietly(lambda: db.put(key)), quietly(lambda: db.put(key, b"", x=1))),  # type: ignore[index, call-arg]
        "into": lambda: (db.get_into(key, bytearray(100)), quietly(lambda: db.get_into(key, b""))),
        "entry": lambda: (db.entry(key), db.entry(long), db.entry(b"none"), list(db.entries())),
        "put": lambda: (db.put(key, b"v", ttl=100), quietly(lambda: db.put(key, b"", if_absent=True)), db.put(key, b"", keep_ttl=True)),
        "pin": lambda: (bytes(db.pin(long)), quietly(lambda: db.pin(b"none"))),
        "pin many": lambda: (db.pin_many([key, long, b"none"]), db.pin_many([]), db.snapshot().pin_many([long])),
        "pin many wrong": lambda: (quietly(lambda: db.pin_many([key, 3])), quietly(lambda: db.pin_many([b""]))),  # type: ignore[list-item]
        "many": lambda: (db.get_many([key, long, b"none"]), db.put_many({key: b"v"}), db.put_many([(key, b"w")])),
        "many wrong": lambda: (quietly(lambda: db.get_many([key, 3])), quietly(lambda: db.put_many([(key,)]))),  # type: ignore[list-item]
        "scan": lambda: (list(db.items()), list(db.keys(reverse=True)), list(db.values()), len(db), db.items().scan().take(2)),
        "scan wrong": lambda: (quietly(lambda: db.keys(glob=b"[").scan()), quietly(lambda: db.keys(limit=-1).scan())),
        "swap": lambda: (db.swap(key, b"v"), db.compare_swap(key, b"v", b"w"), db.add(b"n"), quietly(lambda: db.add(long))),
        "ttl": lambda: (db.expire(key, 100), db.ttl(key), db.persist(key), quietly(lambda: db.ttl(b"none"))),
        "delete": lambda: (db.put(b"d", b""), db.__delitem__(b"d"), db.delete(b"d"), quietly(lambda: db.__delitem__(b"d")), db.delete_range(b"x")),
        "pop": lambda: (db.put(b"0", b""), db.popitem(), db.pop(b"none", None), db.setdefault(key, b"")),
        "batch": batch,
        "txn": txn,
        "snapshot": snapshot,
        "abandoned": abandoned,
        "operate": lambda: (db.stats(), db.stats_prometheus(), db.recovery(), db.namespaces(), db.last_error(), firn.options(), db.resume()),
        "events": lambda: (db.flush(), db.events(), quietly(lambda: db.events(-1))),
        "changes": lambda: (list(db.changes()), quietly(lambda: db.checkpoint("/dev/null")), db.wait_durable(), db.refresh(), db.wake()),
        "changes wrong": lambda: (quietly(lambda: list(db.changes(1 << 40))), quietly(lambda: db.wait_durable(1 << 40)), next(db.follow_changes(1))),
        "open": lambda: firn.open(":memory:").close(),
        "open wrong": lambda: (quietly(lambda: firn.open("/dev/null")), quietly(lambda: firn.open("x", durability="?"))),
    }  # fmt: skip


def calls_on_log(log: firn.Log) -> dict[str, Callable[[], object]]:
    """The same of a log whose records 0 and 1 are there, the second one long."""

    def following() -> None:
        followed = log.follow(0)
        next(followed), next(followed)

    return {
        "append": lambda: (log.append(b"record"), log.append(bytearray(b"r")), quietly(lambda: log.append("text"))),  # type: ignore[arg-type]
        "append_many": lambda: (log.append_many([b"a", memoryview(b"b")]), quietly(lambda: log.append_many([b"a", 3]))),  # type: ignore[list-item]
        "read": lambda: (log[0], log.read(1), quietly(lambda: log[1 << 40]), quietly(lambda: log[-1]), quietly(lambda: log["0"])),  # type: ignore[index]
        "pin": lambda: (bytes(log.pin(1)), log.pin(0), quietly(lambda: log.pin(1 << 40)), quietly(lambda: log.pin(-1))),
        "records": lambda: (list(log.records(0, 2)), next(iter(log)), quietly(lambda: next(log.records(-1)))),
        "follow": following,
        "wait": lambda: (log.wait(0, 0), log.wait(1 << 40, 0), quietly(lambda: log.wait(-1, 0)), log.wake(), log.refresh()),
        "about": lambda: (log.bounds, log.durable, len(log), log.seek_time(0), log.recovery(), log.last_error(), repr(log)),
        "trim": lambda: (log.trim_before(0), log.retain(), log.sync(), quietly(lambda: log.trim_before(1 << 40)), quietly(lambda: log.reset(-1))),
        "open wrong": lambda: (quietly(lambda: firn.open_log(log.path)), quietly(lambda: firn.open_log("x", durability="?"))),
    }  # fmt: skip


def assert_nothing_stays(call: Callable[[], object], watched: tuple[object, ...]) -> None:
    """Many calls leave neither references to these objects nor blocks of Python's memory behind."""

    def growth(rounds: int) -> tuple[int, list[int]]:
        gc.collect()
        blocks, references = sys.getallocatedblocks(), [sys.getrefcount(thing) for thing in watched]
        for _ in range(rounds):
            call()
        gc.collect()
        after = [sys.getrefcount(thing) for thing in watched]
        return sys.getallocatedblocks() - blocks, [now - before for now, before in zip(after, references, strict=True)]

    growth(50)
    rounds = 300
    grown = [growth(rounds) for _ in range(4)]  # free lists fill up once; what leaks grows each time
    blocks = min(blocks for blocks, _ in grown)
    references = [min(of_thing) for of_thing in zip(*(references for _, references in grown), strict=True)]
    assert blocks < rounds // 2, f"{blocks} blocks for {rounds} rounds"
    assert all(reference < rounds // 2 for reference in references), references


with firn.open(":memory:") as _database:
    NAMES = list(calls_on(_database))
with tempfile.TemporaryDirectory() as _folder, firn.open_log(_folder + "/log") as _log:
    LOG_NAMES = list(calls_on_log(_log))


@pytest.mark.parametrize("name", NAMES)
def test_a_call_leaves_no_reference_and_no_block_behind(name: str) -> None:
    with firn.open(":memory:") as db:
        call = calls_on(db)[name]
        db.update({b"key": b"v", b"long": b"x" * 5000})
        assert_nothing_stays(call, (db, type(db), firn.NotFoundError, None, b"key", firn.Iterator, firn.Batch))


@pytest.mark.parametrize("name", LOG_NAMES)
def test_a_call_on_a_log_leaves_no_reference_and_no_block_behind(tmp_path: Path, name: str) -> None:
    with firn.open_log(tmp_path / "log") as log:
        log.append_many([b"record", b"x" * 5000])
        assert_nothing_stays(calls_on_log(log)[name], (log, type(log), firn.RecordNotFoundError, None, b"record", firn.Record))


def test_what_was_collected_holds_no_former_state_of_the_database(db: firn.Database) -> None:
    db.put_many({b"%04d" % number: b"v" * 100 for number in range(1000)})
    db.flush()
    held = [db.items().scan(), db.snapshot(), db.txn(), db.pin(b"0001"), iter(db), db.pin_many([b"0001", b"0002"])]
    next(held[0])  # type: ignore[call-overload]
    db.put_many({b"%04d" % number: b"w" * 100 for number in range(1000)})
    db.flush()
    db.compact()
    assert db.stats()["retired_views"] > 0
    held.clear()
    gc.collect()
    for _ in range(200):  # the engine's own threads may read one for a moment
        db.put(b"after", b"")
        db.flush()
        if db.stats()["retired_views"] == 0:
            break
    assert db.stats()["retired_views"] == 0


def resident_bytes() -> int:
    """What the process holds in memory."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def test_pins_scans_and_batches_give_their_memory_back() -> None:
    with firn.open(":memory:") as db:
        db[b"k"] = b"x" * 1_000_000

        def work() -> None:
            for _ in range(50):
                with db.pin(b"k"):
                    pass
                batch = db.batch()
                batch.put(b"other", bytes(1_000_000))
                list(db.items())
                db.get_many([b"k"])
                db.get(b"k")

        work()
        before = resident_bytes()
        for _ in range(10):
            work()
        assert resident_bytes() - before < 100_000_000
