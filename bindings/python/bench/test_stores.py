"""The rows of run.py by pytest-benchmark, all stores in one run, grouped by row: pytest test_stores.py --benchmark-columns=min,median,stddev,rounds

A round is a pass over KEYS pairs of 16 + 100 bytes (SYNCED where each waits for the disk), timed by the clock on the wall. Not part of the tests of the binding.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stores import STORES, Dict, Store

KEYS = 50_000
SYNCED = 100
GROUP = 1_000

_random = random.Random(7)
_keys = [b"%016x" % _random.getrandbits(64) for _ in range(KEYS)]
_shuffled = _random.sample(_keys, KEYS)
_absent = [key + b"x" for key in _shuffled]
_value = _random.randbytes(100)
_pairs = [(key, _value) for key in _keys]
_batches = [_pairs[at : at + GROUP] for at in range(0, KEYS, GROUP)]
_groups = [_shuffled[at : at + GROUP] for at in range(0, KEYS, GROUP)]


@pytest.fixture(scope="module", params=STORES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> type[Store]:
    if not request.param.is_installed():
        pytest.skip(f"SKIPPED: {request.param.name} is not installed")
    return request.param


@pytest.fixture(scope="module")
def filled(kind: type[Store], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = kind(tmp_path_factory.mktemp("filled"), "process")
    for batch in _batches:
        store.put_many(batch)
    yield store
    store.close()


def reads(benchmark: Any, row: str, work: Any) -> None:
    benchmark.group = row
    benchmark.pedantic(work, rounds=5, warmup_rounds=1)


def writes(benchmark: Any, row: str, kind: type[Store], folders: pytest.TempPathFactory, durability: str, work: Any) -> None:
    """Every round has a new, empty store."""
    benchmark.group = row
    opened: list[Store] = []

    def set_up() -> tuple[tuple[Store], dict[str, Any]]:
        opened.append(kind(folders.mktemp("new"), durability))
        return (opened[-1],), {}

    benchmark.pedantic(work, setup=set_up, rounds=3)
    for store in opened:
        store.close()


def test_put(benchmark: Any, kind: type[Store], tmp_path_factory: pytest.TempPathFactory) -> None:
    def work(store: Store) -> None:
        put = store.put
        for key in _keys:
            put(key, _value)

    writes(benchmark, "put, one by one", kind, tmp_path_factory, "process", work)


def test_put_many(benchmark: Any, kind: type[Store], tmp_path_factory: pytest.TempPathFactory) -> None:
    def work(store: Store) -> None:
        for batch in _batches:
            store.put_many(batch)

    writes(benchmark, "put_many, 1,000 a call", kind, tmp_path_factory, "process", work)


def test_put_sync(benchmark: Any, kind: type[Store], tmp_path_factory: pytest.TempPathFactory) -> None:
    if not kind.has_sync:
        pytest.skip("it never waits for the disk")

    def work(store: Store) -> None:
        for key in _keys[:SYNCED]:
            store.put(key, _value)

    writes(benchmark, f"put, durability=sync, {SYNCED}", kind, tmp_path_factory, "sync", work)


@pytest.mark.parametrize(("row", "keys"), [("get, hit", _shuffled), ("get, one hot key", _keys[:1] * KEYS), ("get, miss", _absent)], ids=["hit", "hot", "miss"])
def test_get(benchmark: Any, filled: Store, row: str, keys: list[bytes]) -> None:
    def work() -> None:
        get = filled.get
        for key in keys:
            get(key)

    reads(benchmark, row, work)


def test_get_many(benchmark: Any, filled: Store) -> None:
    assert filled.get_many(_groups[0]) == [_value] * GROUP
    reads(benchmark, "get_many, 1,000 a call", lambda: [filled.get_many(group) for group in _groups])


def test_scan(benchmark: Any, filled: Store) -> None:
    assert sum(1 for _ in filled.scan()) == KEYS
    reads(benchmark, "scan, all", lambda: [None for _ in filled.scan()])


def test_scan_part(benchmark: Any, filled: Store) -> None:
    def work() -> None:
        for start in _shuffled[: KEYS // 100]:
            filled.range(start, 100)

    try:
        filled.range(_shuffled[0], 1)
    except NotImplementedError:
        pytest.skip("it has no order")
    reads(benchmark, "scan, 100 from a key", work)


def test_open(benchmark: Any, kind: type[Store], tmp_path: Path) -> None:
    if kind is Dict:
        pytest.skip("it keeps nothing")
    store = kind(tmp_path, "process")
    store.put_many(_pairs)
    store.close()
    reads(benchmark, "open and close, filled", lambda: kind(tmp_path, "process").close())
