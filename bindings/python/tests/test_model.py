"""A state machine against a dict: databases with files that are flushed, reopened and read through snapshots and transactions."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

import firn

KEYS = st.binary(min_size=1, max_size=3) | st.sampled_from([b"a", b"ab", b"abc", b"b", b"\xff", b"\xff\xff"])
VALUES = st.binary(max_size=20) | st.integers(1000, 6000).map(bytes)
BOUNDS = st.none() | KEYS
DEEP = os.environ.get("FIRN_DEEP") == "1"


def part_of(model: dict[bytes, bytes], start: bytes | None, stop: bytes | None, prefix: bytes | None, reverse: bool, limit: int | None) -> list[Any]:
    """What a scan gives."""
    keys = [
        key
        for key in sorted(model, reverse=reverse)
        if (start is None or key >= start) and (stop is None or key < stop) and (prefix is None or key.startswith(prefix))
    ]
    return [(key, model[key]) for key in keys[:limit]]


class DatabaseMachine(RuleBasedStateMachine):
    """Every call does to the database what it does to the dict."""

    snapshots = Bundle("snapshots")

    @initialize(memtable=st.sampled_from(["4KiB", "64MiB"]), single=st.booleans())
    def begin(self, memtable: str, single: bool) -> None:
        self.folder = tempfile.mkdtemp(prefix="firn-model-")
        self.options: firn.Options = {"memtable_bytes": memtable, "single_threaded": single}
        self.model: dict[bytes, bytes] = {}
        self.open_snapshots: list[firn.Snapshot] = []
        self.db = firn.open(self.folder + "/db", **self.options)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    @rule(key=KEYS, value=VALUES)
    def put(self, key: bytes, value: bytes) -> None:
        self.db[key] = value
        self.model[key] = value

    @rule(key=KEYS, value=VALUES)
    def setdefault(self, key: bytes, value: bytes) -> None:
        assert self.db.setdefault(key, value) == self.model.setdefault(key, value)

    @rule(key=KEYS)
    def delete(self, key: bytes) -> None:
        if key in self.model:
            del self.model[key]
            del self.db[key]
        else:
            self.db.delete(key)

    @rule(key=KEYS)
    def pop(self, key: bytes) -> None:
        assert self.db.pop(key, None) == self.model.pop(key, None)

    @rule(key=KEYS, value=VALUES)
    def swap(self, key: bytes, value: bytes) -> None:
        assert self.db.swap(key, value) == self.model.get(key)
        self.model[key] = value

    @rule(key=KEYS, old=VALUES, value=VALUES)
    def compare_swap(self, key: bytes, old: bytes, value: bytes) -> None:
        old = self.model.get(key, old) if len(old) % 2 else old
        is_swapped = self.model.get(key) == old
        assert self.db.compare_swap(key, old, value) == is_swapped
        if is_swapped:
            self.model[key] = value

    @rule(pairs=st.dictionaries(KEYS, VALUES, max_size=20))
    def put_many(self, pairs: dict[bytes, bytes]) -> None:
        self.db.put_many(pairs)
        self.model.update(pairs)

    @rule(keys=st.lists(KEYS, max_size=20))
    def get_many(self, keys: list[bytes]) -> None:
        assert self.db.get_many(keys) == [self.model.get(key) for key in keys]
        assert self.db.pin_many(keys) == [self.model.get(key) for key in keys]

    @rule(start=BOUNDS, stop=BOUNDS)
    def delete_range(self, start: bytes | None, stop: bytes | None) -> None:
        gone = part_of(self.model, start, stop, None, False, None)
        assert self.db.delete_range(start, stop) == len(gone)
        for key, _ in gone:
            del self.model[key]

    @rule(start=BOUNDS, stop=BOUNDS, prefix=BOUNDS, reverse=st.booleans(), limit=st.none() | st.integers(0, 10))
    def scan(self, start: bytes | None, stop: bytes | None, prefix: bytes | None, reverse: bool, limit: int | None) -> None:
        view = self.db.items(start=start, stop=stop, prefix=prefix, reverse=reverse, limit=limit)
        expected = part_of(self.model, start, stop, prefix, reverse, limit)
        assert list(view) == expected
        assert len(view) == len(expected)
        assert list(reversed(view)) == expected[::-1]

    @rule(pairs=st.dictionaries(KEYS, st.none() | VALUES, max_size=10), is_committed=st.booleans())
    def transaction(self, pairs: dict[bytes, bytes | None], is_committed: bool) -> None:
        model = dict(self.model)
        txn = self.db.txn()
        for key, value in pairs.items():
            if value is None:
                txn.delete(key)
                model.pop(key, None)
            else:
                txn[key] = model[key] = value
        assert dict(txn) == model
        if is_committed:
            txn.commit()
            self.model = model
        else:
            txn.close()

    @rule(target=snapshots)
    def snapshot(self) -> tuple[firn.Snapshot, dict[bytes, bytes]]:
        self.open_snapshots.append(self.db.snapshot())
        return self.open_snapshots[-1], dict(self.model)

    @rule(pair=consumes(snapshots))
    def read_snapshot(self, pair: tuple[firn.Snapshot, dict[bytes, bytes]]) -> None:
        snapshot, model = pair
        if not snapshot.closed:
            assert dict(snapshot.items()) == model
            snapshot.close()

    @rule()
    def clear(self) -> None:
        self.db.clear()
        self.model.clear()

    @rule(compact=st.booleans())
    def flush(self, compact: bool) -> None:
        self.db.compact() if compact else self.db.flush()

    @rule()
    def reopen(self) -> None:
        self.db.close()
        self.db = firn.open(self.folder + "/db", **self.options)

    @invariant()
    def it_is_the_same(self) -> None:
        if hasattr(self, "db"):
            assert bool(self.db) == bool(self.model)
            for key in list(self.model)[-2:]:
                assert self.db[key] == self.model[key]


TestDatabase = DatabaseMachine.TestCase
TestDatabase.settings = settings(
    max_examples=300 if DEEP else 25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
