"""Side by side: python run.py [--keys N] [--value BYTES] [--rounds N] [--minutes M].

Every store is measured in a process of its own, one after the other, round by round, each round in another order, so that what the machine does meanwhile meets all
of them; a figure is the median of its rounds, of which there are as many as fit into the minutes, at most N. The last column tells how many times Firn is ahead of the
best of the others that keep anything, in the middle of the rounds. What waits for the disk (opening, durability=sync) is measured by the clock on the wall; all else by the processor time of all threads of the
process, background work included, which other programs on the machine disturb less. Keys are 16 bytes in random order. A store that is not installed is left out, loudly.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stores import STORES, Dict, Firn, Store

ROWS = {
    "put": "put, one by one",
    "get": "get, hit",
    "hot": "get, one hot key",
    "miss": "get, miss",
    "put_many": "put_many, 1,000 a call",
    "get_many": "get_many, 1,000 a call",
    "scan": "scan, all",
    "range": "scan, 100 from a key",
    "open": "open and close, filled",
    "sync": "put, durability=sync",
    "memory": "memory of the process",
}
UNITS = {"open": "ms", "sync": "µs", "memory": "MiB", "range": "ns a pair"}


def per_item(count: int, work: Callable[[], object], clock: Callable[[], int] = time.process_time_ns) -> float:
    """Nanoseconds for each of count."""
    gc.collect()
    begin = clock()
    work()
    return (clock() - begin) / count


class Measurement:
    """All rows for one store, in this process."""

    def __init__(self, kind: type[Store], keys: int, value_bytes: int) -> None:
        self.kind = kind
        self.random = random.Random(7)
        self.keys = [b"%016x" % self.random.getrandbits(64) for _ in range(keys)]
        self.value = bytes(self.random.getrandbits(8) for _ in range(value_bytes))
        self.shuffled = self.random.sample(self.keys, len(self.keys))
        self.figures: dict[str, float] = {}

    def note(self, row: str, figure: Callable[[], float]) -> None:
        try:
            self.figures[row] = figure()
        except NotImplementedError:
            pass

    def run(self, folder: Path) -> dict[str, float]:
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        store = self.kind(folder, "process")
        self.note("put", lambda: self.put(store, self.keys))
        self.note("get", lambda: self.get(store, self.shuffled))
        self.note("hot", lambda: self.hot(store))
        self.note("miss", lambda: self.get(store, [key + b"x" for key in self.shuffled]))
        self.note("get_many", lambda: self.get_many(store))
        self.note("scan", lambda: per_item(len(self.keys), lambda: [None for _ in store.scan()]))
        self.note("range", lambda: self.ranges(store))
        self.note("put_many", lambda: self.put_many(store))
        store.close()
        self.figures["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
        if self.kind is not Dict:
            self.note("open", lambda: per_item(1_000_000 * 5, lambda: [self.kind(folder, "process").close() for _ in range(5)], time.perf_counter_ns))
        if self.kind.has_sync:
            (folder / "sync").mkdir()
            durable = self.kind(folder / "sync", "sync")
            self.note("sync", lambda: self.put(durable, self.keys[:200], time.perf_counter_ns) / 1000)
            durable.close()
        return self.figures

    def put(self, store: Store, keys: list[bytes], clock: Callable[[], int] = time.process_time_ns) -> float:
        put, value = store.put, self.value

        def work() -> None:
            for key in keys:
                put(key, value)

        return per_item(len(keys), work, clock)

    def get(self, store: Store, keys: list[bytes]) -> float:
        get = store.get

        def work() -> None:
            for key in keys:
                get(key)

        return per_item(len(keys), work)

    def hot(self, store: Store) -> float:
        return self.get(store, [self.keys[len(self.keys) // 2]] * len(self.keys))

    def get_many(self, store: Store) -> float:
        groups = [self.shuffled[at : at + 1000] for at in range(0, len(self.shuffled), 1000)]
        assert store.get_many(groups[0]) == [self.value] * len(groups[0])
        return per_item(len(self.keys), lambda: [store.get_many(group) for group in groups] and None)

    def put_many(self, store: Store) -> float:
        pairs = [(bytes(reversed(key)), self.value) for key in self.shuffled]
        groups = [pairs[at : at + 1000] for at in range(0, len(pairs), 1000)]

        def work() -> None:
            for group in groups:
                store.put_many(group)

        return per_item(len(pairs), work)

    def ranges(self, store: Store) -> float:
        starts = self.shuffled[:1000]

        def work() -> None:
            for start in starts:
                store.range(start, 100)

        return per_item(100 * len(starts), work)


def child(name: str, keys: int, value_bytes: int) -> None:
    """Measures one store and prints its figures."""
    kind = next(kind for kind in STORES if kind.name == name)
    folder = Path(tempfile.mkdtemp(prefix="firn-bench-", dir="."))
    try:
        print(json.dumps(Measurement(kind, keys, value_bytes).run(folder)))
    finally:
        shutil.rmtree(folder)


Rounds = dict[str, list[dict[str, float]]]  # by the name of the store


def cell(figure: float | None) -> str:
    """A figure as the table has it."""
    return "" if figure is None else f"{figure:,.0f}" if figure >= 10 else f"{figure:.2f}"


def median(rounds: list[dict[str, float]], row: str) -> float | None:
    """Of a store's rounds; None when it has no such row."""
    figures = [figures[row] for figures in rounds if row in figures]
    return statistics.median(figures) if figures else None


def ahead(rounds: Rounds, row: str) -> str:
    """How many times Firn is ahead of the best of its peers, round by round, and how far the rounds lie apart."""
    factors = []
    for number, firn in enumerate(rounds[Firn.name]):
        peers = [of[number][row] for name, of in rounds.items() if name not in (Firn.name, Dict.name) and row in of[number]]
        if peers and firn.get(row):  # a small run may take no memory that shows
            factors.append(min(peers) / firn[row])
    return f"{statistics.median(factors):.2f} ({min(factors):.2f} to {max(factors):.2f})" if factors else ""


def table(rounds: Rounds) -> str:
    """The medians as Markdown."""
    lines = ["| | " + " | ".join(rounds) + " | firn is ahead, times |", "| --- |" + " ---: |" * (len(rounds) + 1)]
    for row, text in ROWS.items():
        cells = [cell(median(of, row)) for of in rounds.values()]
        lines.append(f"| {text} ({UNITS.get(row, 'ns')}) | " + " | ".join([*cells, ahead(rounds, row)]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Rounds over all stores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--value", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=6.0, help="no round begins that would not end in this time")
    parser.add_argument("--child")
    arguments: Any = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.keys, arguments.value)
        return
    for kind in STORES:
        if not kind.is_installed():
            print(f"SKIPPED: {kind.name} is not installed", file=sys.stderr)
    kinds = [kind for kind in STORES if kind.is_installed()]
    rounds: Rounds = {kind.name: [] for kind in kinds}
    begin = time.monotonic()
    for number in range(arguments.rounds):
        spent = time.monotonic() - begin
        if number > 0 and spent + spent / number > arguments.minutes * 60:
            break
        for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
            command = [sys.executable, __file__, "--child", kind.name, "--keys", str(arguments.keys), "--value", str(arguments.value)]
            rounds[kind.name].append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    print(f"The medians of {len(rounds[Firn.name])} rounds of {arguments.keys:,} keys, Python {sys.version.split()[0]}:\n\n{table(rounds)}")


if __name__ == "__main__":
    main()
