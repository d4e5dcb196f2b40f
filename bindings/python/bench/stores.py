"""The stores that are measured, each with the calls that its own manual recommends for the task, and all with one durability.

"process": an acknowledged write survives the death of the process, not of the machine: no system call waits for the disk. This is what Firn does by
default, LevelDB and RocksDB without sync, SQLite with synchronous=OFF, and LMDB with sync=False. dbm.gnu never waits either.
"sync": every write waits for the disk.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Store:
    """One store. The methods are the rows of the table; NotImplementedError leaves a row out."""

    name = ""
    module = ""
    has_sync = True

    def __init__(self, folder: Path, durability: str) -> None:
        raise NotImplementedError

    def put(self, key: bytes, value: bytes) -> None:
        raise NotImplementedError

    def get(self, key: bytes) -> bytes | None:
        raise NotImplementedError

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        raise NotImplementedError

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        raise NotImplementedError

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        raise NotImplementedError

    def range(self, start: bytes, count: int) -> list[tuple[bytes, bytes]]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    @classmethod
    def is_installed(cls) -> bool:
        """Whether its module can be imported."""
        try:
            importlib.import_module(cls.module)
        except ImportError:
            return False
        return True


class Firn(Store):
    """Firn."""

    name, module = "firn", "firn"

    def __init__(self, folder: Path, durability: str) -> None:
        import firn

        self.db = firn.open(folder / "db", durability=durability)
        self.put = self.db.__setitem__  # type: ignore[method-assign]
        self.get = self.db.get  # type: ignore[assignment]
        self.put_many = self.db.put_many  # type: ignore[assignment]
        self.get_many = self.db.get_many  # type: ignore[assignment]

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        return self.db.items()

    def range(self, start: bytes, count: int) -> list[tuple[bytes, bytes]]:
        return list(self.db.items(start=start, limit=count))

    def close(self) -> None:
        self.db.close()


class Lmdb(Store):
    """LMDB through py-lmdb."""

    name, module = "lmdb", "lmdb"

    def __init__(self, folder: Path, durability: str) -> None:
        import lmdb

        is_sync = durability == "sync"
        self.env = lmdb.open(str(folder / "db"), map_size=1 << 34, sync=is_sync, metasync=is_sync, writemap=not is_sync)

    def put(self, key: bytes, value: bytes) -> None:
        with self.env.begin(write=True) as txn:
            txn.put(key, value)

    def get(self, key: bytes) -> bytes | None:
        with self.env.begin() as txn:
            value: bytes | None = txn.get(key)
            return value

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        with self.env.begin(write=True) as txn:
            txn.cursor().putmulti(pairs)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        with self.env.begin() as txn:
            found = dict(txn.cursor().getmulti(keys))
            return [found.get(key) for key in keys]

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        with self.env.begin() as txn:
            yield from txn.cursor()

    def range(self, start: bytes, count: int) -> list[tuple[bytes, bytes]]:
        with self.env.begin() as txn:
            cursor = txn.cursor()
            return [pair for _, pair in zip(range(count), cursor, strict=False)] if cursor.set_range(start) else []

    def close(self) -> None:
        self.env.close()


class Plyvel(Store):
    """LevelDB through plyvel."""

    name, module = "plyvel", "plyvel"

    def __init__(self, folder: Path, durability: str) -> None:
        import plyvel

        self.sync = durability == "sync"
        self.db = plyvel.DB(str(folder / "db"), create_if_missing=True, write_buffer_size=64 << 20, lru_cache_size=256 << 20, bloom_filter_bits=10)
        self.get = self.db.get  # type: ignore[method-assign]

    def put(self, key: bytes, value: bytes) -> None:
        self.db.put(key, value, sync=self.sync)

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        with self.db.write_batch(sync=self.sync) as batch:
            for key, value in pairs:
                batch.put(key, value)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        get = self.db.get
        return [get(key) for key in keys]

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        found: Iterable[tuple[bytes, bytes]] = self.db.iterator()
        return found

    def range(self, start: bytes, count: int) -> list[tuple[bytes, bytes]]:
        with self.db.iterator(start=start) as iterator:
            return [pair for _, pair in zip(range(count), iterator, strict=False)]

    def close(self) -> None:
        self.db.close()


class Rocksdict(Store):
    """RocksDB through rocksdict."""

    name, module = "rocksdict", "rocksdict"

    def __init__(self, folder: Path, durability: str) -> None:
        import rocksdict

        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        table = rocksdict.BlockBasedOptions()
        table.set_block_cache(rocksdict.Cache(256 << 20))
        table.set_bloom_filter(10, False)
        options.set_block_based_table_factory(table)
        self.batch_type = rocksdict.WriteBatch
        self.db = rocksdict.Rdict(str(folder / "db"), options=options)
        self.write_options = rocksdict.WriteOptions()
        self.write_options.sync = durability == "sync"
        self.db.set_write_options(self.write_options)
        self.put = self.db.__setitem__  # type: ignore[method-assign]
        self.get = self.db.get  # type: ignore[assignment]

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        batch = self.batch_type(raw_mode=True)
        for key, value in pairs:
            batch.put(key, value)
        self.db.write(batch, self.write_options)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        found: list[bytes | None] = self.db.get(keys)  # a list of keys is its multi-get
        return found

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        found: Iterable[tuple[bytes, bytes]] = self.db.items()
        return found

    def range(self, start: bytes, count: int) -> list[tuple[bytes, bytes]]:
        return [pair for _, pair in zip(range(count), self.db.items(from_key=start), strict=False)]

    def close(self) -> None:
        self.db.close()


class Sqlite(Store):
    """SQLite as a table of keys and values, write-ahead log: what dbm.sqlite3 of Python 3.13 does, and its own calls for many."""

    name, module = "sqlite3", "sqlite3"

    def __init__(self, folder: Path, durability: str) -> None:
        import sqlite3

        self.db = sqlite3.connect(folder / "db", isolation_level=None, cached_statements=16)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=" + ("FULL" if durability == "sync" else "OFF"))
        self.db.execute("PRAGMA cache_size=-262144")
        self.db.execute("CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")

    def put(self, key: bytes, value: bytes) -> None:
        self.db.execute("REPLACE INTO pairs VALUES (?, ?)", (key, value))

    def get(self, key: bytes) -> bytes | None:
        row = self.db.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("REPLACE INTO pairs VALUES (?, ?)", pairs)
        self.db.execute("COMMIT")

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        found: dict[bytes, bytes] = {}
        for at in range(0, len(keys), 500):
            some = keys[at : at + 500]
            found.update(self.db.execute(f"SELECT key, value FROM pairs WHERE key IN ({','.join('?' * len(some))})", some))
        return [found.get(key) for key in keys]

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        return self.db.execute("SELECT key, value FROM pairs ORDER BY key")

    def range(self, start: bytes, count: int) -> list[tuple[bytes, bytes]]:
        return self.db.execute("SELECT key, value FROM pairs WHERE key >= ? ORDER BY key LIMIT ?", (start, count)).fetchall()

    def close(self) -> None:
        self.db.close()


class Gdbm(Store):
    """dbm.gnu: a hash table, without order."""

    name, module, has_sync = "dbm.gnu", "dbm.gnu", True

    def __init__(self, folder: Path, durability: str) -> None:
        gdbm: Any = importlib.import_module("dbm.gnu")
        self.db = gdbm.open(str(folder / "db"), "cs" if durability == "sync" else "cf")
        self.put = self.db.__setitem__  # type: ignore[method-assign]
        self.get = self.db.get  # type: ignore[method-assign]

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        for key, value in pairs:
            self.db[key] = value

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [self.db.get(key) for key in keys]

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        key = self.db.firstkey()
        while key is not None:
            yield key, self.db[key]
            key = self.db.nextkey(key)

    def close(self) -> None:
        self.db.close()


class DbmSqlite3(Store):
    """dbm.sqlite3, from Python 3.13 on; it does not say how durable it is, and commits every write."""

    name, module, has_sync = "dbm.sqlite3", "dbm.sqlite3", False

    def __init__(self, folder: Path, durability: str) -> None:
        sqlite3: Any = importlib.import_module("dbm.sqlite3")
        self.db = sqlite3.open(folder / "db", "c")
        self.put = self.db.__setitem__  # type: ignore[method-assign]
        self.get = self.db.get  # type: ignore[method-assign]

    def put_many(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.db.update(pairs)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [self.db.get(key) for key in keys]

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        for key in self.db:
            yield key, self.db[key]

    def close(self) -> None:
        self.db.close()


class Dict(Store):
    """A dict: the limit, which keeps nothing."""

    name, module, has_sync = "dict", "builtins", False

    def __init__(self, folder: Path, durability: str) -> None:
        self.db: dict[bytes, bytes] = {}
        self.put = self.db.__setitem__  # type: ignore[method-assign]
        self.get = self.db.get  # type: ignore[assignment]
        self.put_many = self.db.update  # type: ignore[assignment]

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return list(map(self.db.get, keys))

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        return self.db.items()

    def close(self) -> None:
        pass


STORES: list[type[Store]] = [Firn, Lmdb, Plyvel, Rocksdict, Sqlite, Gdbm, DbmSqlite3, Dict]
