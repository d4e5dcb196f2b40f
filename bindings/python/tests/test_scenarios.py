"""The scenario files that all languages share: tests/scenarios/README.md is their format."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import firn
from firn import _firn

FOLDER = Path(__file__).parents[3] / "tests" / "scenarios"
MODES = "directory memory single_threaded"

if not FOLDER.is_dir():
    pytest.skip("the scenario files are not in this tree (a source distribution)", allow_module_level=True)


def decode(word: str) -> bytes:
    """A word of a file as bytes."""
    if word == '""':
        return b""
    out = bytearray()
    for hexadecimal, count, plain in re.findall(r"\\x([0-9a-fA-F]{2})|\\\*(\d+);|(\\\\|[^\\])", word):
        if hexadecimal:
            out.append(int(hexadecimal, 16))
        elif count:
            out += out[-1:] * (int(count) - 1)
        else:
            out += b"\\" if plain == "\\\\" else plain.encode()
    return bytes(out)


def encode(data: bytes) -> str:
    """Bytes as an answer shows them."""

    def one(byte: int) -> str:
        if byte == 0x5C:
            return "\\\\"
        return chr(byte) if 0x21 <= byte <= 0x7E and byte not in b'"=#' else f"\\x{byte:02x}"

    if not data:
        return '""'
    out = ""
    for run in re.finditer(rb"(.)\1*", data, re.DOTALL):
        count = len(run[0])
        out += f"{one(run[0][0])}\\*{count};" if count >= 16 else one(run[0][0]) * count
    return out


@dataclass
class Words:
    """One line: positional and named words."""

    command: str
    places: list[bytes] = field(default_factory=list)
    named: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, line: str) -> Words:
        command, *rest = line.split(" ")
        words = cls(command)
        for word in rest:
            name, is_named, value = word.partition("=")
            if is_named:
                words.named[name] = decode(value)
            else:
                words.places.append(decode(word))
        return words

    def text(self, name: str) -> str | None:
        return self.named[name].decode() if name in self.named else None

    def number(self, name: str, otherwise: int | None = None) -> int | None:
        return int(self.named[name]) if name in self.named else otherwise

    def flag(self, name: str) -> bool:
        return self.named.get(name) == b"true"


class Session:
    """A database and all that a file names in it."""

    def __init__(self, path: str, options: dict[str, str]) -> None:
        self.path = path
        self.options = options
        self.versions: dict[str, int] = {}
        self.aliases: dict[str, int] = {}
        self.txns: dict[str, firn.Transaction | firn.Snapshot] = {}
        self.scans: dict[str, tuple[Any, Words]] = {}
        self.db = self.opened(Words("open"))

    def opened(self, words: Words) -> firn.Database:
        return firn.open(self.path, **(self.options | {name: value.decode() for name, value in words.named.items()}))  # type: ignore[arg-type]

    def end(self) -> None:
        self.scans.clear()
        for txn in self.txns.values():
            txn.close()
        self.txns.clear()
        self.db.close()

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

    def do_open(self, words: Words) -> str:
        self.db = self.opened(words)
        return "ok"

    def do_close(self, words: Words) -> str:
        self.end()
        return "ok"

    def do_reopen(self, words: Words) -> str:
        self.end()
        return self.do_open(words)

    def do_flush(self, words: Words) -> str:
        self.db.flush()
        return "ok"

    def do_compact(self, words: Words) -> str:
        self.db.compact()
        return "ok"

    def do_sync(self, words: Words) -> str:
        self.db.sync()
        return "ok"

    def do_check(self, words: Words) -> str:
        firn.check(self.path)
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
        values = place.get_many(decode(line.command) for line in lines)
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

    def answer(self, lines: list[str]) -> str:
        """The answer to one command and the lines that belong to it."""
        words = Words.of(lines[0])
        method: Callable[..., str] = getattr(self, "do_" + words.command)
        if words.command in ("batch", "multi_get"):
            return self.attempt(lambda: method(words, [Words.of(line[2:]) for line in lines[1:]]))
        return self.attempt(lambda: method(words))

    def attempt(self, command: Callable[[], str]) -> str:
        """Its answer, or what it raised."""
        try:
            return command()
        except firn.Error as error:
            return f"error {_firn.status(error.code)[0]}"
        except ValueError:  # a time to live that is none is refused before the engine sees it
            return "error FIRN_INVALID"


def errors_of(name: str) -> firn.Error:
    """An exception with the code of this name, for what Python tells otherwise."""
    error = firn.Error()
    error.code = next(code for code in range(-1, -100, -1) if _firn.status(code)[0] == name)
    return error


@dataclass
class File:
    """A scenario file, taken apart."""

    modes: list[str]
    options: list[dict[str, str]]
    blocks: list[tuple[int, list[list[str]], str]]


def parse(path: Path) -> File:
    """Blocks with the number of their line."""
    file = File(MODES.split(), [], [])
    commands: list[list[str]] = []
    expected: list[str] | None = None
    for number, line in enumerate([*path.read_text().split("\n"), ""], 1):
        if expected is not None:
            if line:
                expected.append(line)
            else:
                file.blocks.append((number, commands, "\n".join(expected)))
                commands, expected = [], None
        elif line.startswith("@modes "):
            file.modes = line.split(" ")[1:]
        elif line.startswith("@options "):
            file.options.append(dict(word.split("=", 1) for word in line.split(" ")[1:]))
        elif line == "----":
            expected = []
        elif line.startswith("  "):
            commands[-1].append(line)
        elif line and not line.startswith("#"):
            commands.append([line])
    return file


def runs() -> list[Any]:
    """Every file in every mode with each of its options."""
    found = []
    for path in sorted(FOLDER.glob("*.txt")):
        if "chunk_too_small" in path.name:
            continue  # for the C header: here the chunks are chosen by the iterator
        file = parse(path)
        for mode in file.modes:
            for options in file.options or [{}]:
                found.append(pytest.param(file, mode, options, id=f"{path.stem}-{mode}-{' '.join(options.values())}"))
    return found


@pytest.mark.parametrize(("file", "mode", "options"), runs())
def test_a_scenario_gets_the_same_answers(file: File, mode: str, options: dict[str, str], tmp_path: Path) -> None:
    if mode == "single_threaded":
        options = options | {"single_threaded": "true"}
    try:
        session = Session(":memory:" if mode == "memory" else str(tmp_path / "db"), options)
    except firn.UnsupportedError:
        pytest.skip("this build lacks what the options ask for")
    try:
        for number, commands, expected in file.blocks:
            answers = [session.answer(command) for command in commands]
            assert "\n".join(answer for answer in answers if answer) == expected, f"the block that ends before line {number}"
    finally:
        session.end()
