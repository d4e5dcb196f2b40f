"""What a scenario of databases is run on."""

from __future__ import annotations

import time
from typing import Any

import firn
from firn import _firn
from scenario_file import Words, decode, encode
from scenario_session import Session, errors_of


class DatabaseSession(Session):
    """A database and all that a file names in it."""

    def __init__(self, path: str, options: dict[str, str]) -> None:
        self.versions: dict[str, int] = {}
        self.aliases: dict[str, int] = {}
        self.txns: dict[str, firn.Transaction | firn.Snapshot] = {}
        self.scans: dict[str, tuple[Any, Words]] = {}
        super().__init__(path, options)

    def open(self, options: dict[str, Any]) -> None:
        self.db = firn.open(self.path, **options)

    def close(self) -> None:
        self.scans.clear()
        for txn in self.txns.values():
            txn.close()
        self.txns.clear()
        self.db.close()

    def check(self) -> None:
        firn.check(self.path)

    # ---- Words that name something

    def namespace_id(self, words: Words) -> int:
        alias = words.text("ns") or "0"
        return self.aliases[alias] if alias in self.aliases else int(alias)

    def space(self, words: Words) -> Any:
        """Where a command goes: the database or a transaction, in a namespace."""
        name = words.text("txn")
        place: Any = self.db if name is None else self.txns[name]
        ns = self.namespace_id(words)
        if ns == 0:
            return place
        if isinstance(place, firn.Database):
            return _firn.enter(firn.Namespace, place, ns)
        return _firn.enter(firn.Snapshot if isinstance(place, firn.Snapshot) else firn.TransactionNamespace, place, ns)

    def version(self, words: Words) -> int:
        text = words.text("version")
        assert text is not None
        return self.versions[text] if text.startswith("$") else int(text)

    def note(self, words: Words, version: int) -> str:
        if "as" in words.named:
            self.versions[words.named["as"].decode()] = version
        return "ok"

    def version_name(self, version: int) -> str:
        if version == 0:
            return "0"
        return next((name for name, known in self.versions.items() if known == version), "?")

    def entry_text(self, value: bytes, version: int, expiry: object) -> str:
        return f"{encode(value)} version={self.version_name(version)} expiry={'set' if expiry else 'never'}"

    # ---- Commands: one method each

    def do_flush(self, words: Words) -> str:
        self.db.flush()
        return "ok"

    def do_compact(self, words: Words) -> str:
        self.db.compact()
        return "ok"

    def do_sync(self, words: Words) -> str:
        self.db.sync()
        return "ok"

    def ttl_of(self, words: Words) -> float | None:
        milliseconds = words.number("ttl", 0)
        return milliseconds / 1000 if milliseconds and milliseconds > 0 else None

    def put(self, words: Words, **conditions: Any) -> str:
        if "txn" in words.named:
            txn = self.space(words)
            if isinstance(txn, firn.Snapshot):
                raise firn.ReadOnlyError(30, "a snapshot")
            txn[words.places[0]] = words.places[1]
            return "ok"
        for name in ("keep_ttl", "sync"):
            if words.flag(name):
                conditions[name] = True
        return self.note(words, self.space(words).put(*words.places, ttl=self.ttl_of(words), **conditions))

    def do_put(self, words: Words) -> str:
        return self.put(words)

    def do_put_if_absent(self, words: Words) -> str:
        return self.put(words, if_absent=True)

    def do_put_if_present(self, words: Words) -> str:
        return self.put(words, if_present=True)

    def do_put_if_version(self, words: Words) -> str:
        return self.put(words, if_version=self.version(words))

    def do_get(self, words: Words) -> str:
        return encode(self.space(words)[words.places[0]])

    def do_get_entry(self, words: Words) -> str:
        found = self.space(words).entry(words.places[0])
        if found is None:
            raise firn.NotFoundError
        return self.entry_text(*found)

    def do_exists(self, words: Words) -> str:
        return str(words.places[0] in self.space(words)).lower()

    def do_delete(self, words: Words) -> str:
        place = self.space(words)
        if isinstance(place, firn.Snapshot):
            raise firn.ReadOnlyError(30, "a snapshot")
        place.delete(words.places[0])
        return "ok"

    def do_swap(self, words: Words) -> str:
        old = self.space(words).swap(*words.places)
        if old is None:
            raise firn.NotFoundError
        return encode(old)

    def do_compare_swap(self, words: Words) -> str:
        return str(self.space(words).compare_swap(*words.places, ttl=self.ttl_of(words))).lower()

    def do_add(self, words: Words) -> str:
        place = self.space(words)
        if isinstance(place, firn.Snapshot):
            raise firn.ReadOnlyError(30, "a snapshot")
        return str(place.add(words.places[0], int(words.places[1])))

    def do_expire(self, words: Words) -> str:
        self.space(words).expire(words.places[0], int(words.places[1]) / 1000)
        return "ok"

    def do_persist(self, words: Words) -> str:
        self.space(words).persist(words.places[0])
        return "ok"

    def do_ttl(self, words: Words) -> str:
        left = self.space(words).ttl(words.places[0])
        if left is None:
            raise errors_of("FIRN_NO_EXPIRY")
        least, most = words.number("least", 0), words.number("most", 1 << 62)
        assert least is not None and most is not None
        return str(least <= left * 1000 <= most).lower()

    def do_wait_expired(self, words: Words) -> str:
        place, end = self.space(words), time.monotonic() + 60
        while words.places[0] in place:
            assert time.monotonic() < end, "it does not expire"
            time.sleep(0.005)
        return "ok"

    def do_delete_range(self, words: Words) -> str:
        return str(self.space(words).delete_range(words.named.get("lower"), words.named.get("upper"), limit=words.number("limit")))

    def do_multi_get(self, words: Words, lines: list[Words]) -> str:
        if len({self.namespace_id(line) for line in lines}) > 1:  # one call is for one namespace in Python
            return "\n".join(self.attempt(lambda line=line: self.do_multi_get(words, [line])) for line in lines)  # type: ignore[misc]
        ns = lines[0].named if lines else {}
        place = self.space(Words("", [], words.named | ns))
        keys = [decode(line.command) for line in lines]
        values = place.get_many(keys)
        assert place.pin_many(keys) == values
        return "\n".join("error FIRN_NOT_FOUND" if value is None else encode(value) for value in values)

    def do_batch(self, words: Words, lines: list[Words]) -> str:
        target = self.space(words)
        if isinstance(target, firn.Snapshot):
            raise firn.ReadOnlyError(30, "a snapshot")
        batch = target.batch()
        for line in lines:
            space = _firn.enter(firn.Namespace, self.db, self.namespace_id(line))
            self.operation(batch, line, space)
        return self.note(words, batch.write(sync=words.flag("sync")))

    def operation(self, batch: firn.Batch, line: Words, space: firn.Namespace) -> None:
        if line.command == "put":
            batch.put(*line.places, ttl=self.ttl_of(line), namespace=space)
        elif line.command == "put_keep_ttl":
            batch.put(*line.places, keep_ttl=True, namespace=space)
        elif line.command == "delete":
            batch.delete(*line.places, namespace=space)
        elif line.command == "delete_range":
            batch.delete_range(line.places[0], line.places[1] or None, namespace=space)
        elif line.command == "add":
            batch.add(line.places[0], int(line.places[1]), namespace=space)
        else:
            assert line.command == "expect", line
            batch.expect_version(line.places[0], self.version(line), namespace=space)

    # ---- Scans

    def scan(self, words: Words) -> Any:
        kind = 3 if words.flag("entries") else 0 if words.flag("keys_only") else 2
        named = words.named
        limit = words.number("limit", 0) or None
        scan = self.space(words)._scan(
            kind, named.get("lower"), named.get("upper"), named.get("prefix"), words.flag("reverse"), limit, named.get("glob")
        )
        return scan.seek(named["seek"]) if "seek" in named else scan

    def row(self, words: Words, row: Any) -> str:
        if words.flag("entries"):
            text = self.entry_text(*row[1:])
            return f"{encode(row[0])} {text.partition(' ')[2] if words.flag('keys_only') else text}"
        return encode(row) if words.flag("keys_only") else f"{encode(row[0])} {encode(row[1])}"

    def do_scan(self, words: Words) -> str:
        return "\n".join(self.row(words, row) for row in self.scan(words))

    def do_count(self, words: Words) -> str:
        return str(sum(1 for _ in self.scan(words)))

    def do_iter_open(self, words: Words) -> str:
        self.scans[words.places[0].decode()] = (self.scan(words), words)
        return "ok"

    def do_iter_next(self, words: Words) -> str:
        scan, opening = self.scans[words.places[0].decode()]
        count = int(words.places[1])
        rows = scan.take(count)
        return "\n".join([self.row(opening, row) for row in rows] + ["end"] * (len(rows) < count))

    def do_iter_seek(self, words: Words) -> str:
        self.scans[words.places[0].decode()][0].seek(words.places[1])
        return "ok"

    def do_iter_close(self, words: Words) -> str:
        self.scans.pop(words.places[0].decode())[0].close()
        return "ok"

    # ---- Namespaces and transactions

    def do_ns_open(self, words: Words) -> str:
        ns = _firn.namespace_open(self.db, words.places[0], 1 if words.flag("existing") else 0)
        self.aliases[words.text("as") or words.places[0].decode("latin-1")] = ns
        return "ok"

    def do_ns_clear(self, words: Words) -> str:
        self.space(Words("", [], {"ns": words.places[0]})).clear()
        return "ok"

    def do_ns_drop(self, words: Words) -> str:
        _firn.namespace_drop(self.space(Words("", [], {"ns": words.places[0]})))
        return "ok"

    def do_ns_list(self, words: Words) -> str:
        return "\n".join(encode(name) for name in self.db.namespaces())

    def do_begin(self, words: Words) -> str:
        name = words.places[0].decode()
        if name in self.txns:
            self.txns[name].close()
        if words.flag("read_only"):
            self.txns[name] = self.db.snapshot()
        else:
            self.txns[name] = self.db.txn(serializable=words.flag("serializable"))
        return "ok"

    def do_commit(self, words: Words) -> str:
        txn = self.txns[words.places[0].decode()]
        if isinstance(txn, firn.Snapshot):
            return self.note(words, txn.version)
        return self.note(words, txn._commit(sync=words.flag("sync")))

    def do_rollback(self, words: Words) -> str:
        self.txns.pop(words.places[0].decode()).close()
        return "ok"

    def do_version(self, words: Words) -> str:
        return self.note(words, self.txns[words.places[0].decode()].version)

    def do_same(self, words: Words) -> str:
        first, second = (word.decode() for word in words.places)
        known = self.versions if first.startswith("$") else self.aliases
        return str(known[first] == known[second]).lower()

    def do_order(self, words: Words) -> str:
        first, second = (self.versions[word.decode()] for word in words.places)
        return "less" if first < second else "equal" if first == second else "greater"

    def do_fill(self, words: Words) -> str:
        place = self.space(words)
        prefix, count, value = words.places
        for number in range(int(count)):
            place[prefix + b"%06d" % number] = value
        return "ok"
