"""Many values in place: views that share a pin."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import firn

PAIRS = {b"%04d" % size: bytes([number + 1]) * size for number, size in enumerate((0, 1, 100, 1024, 5000, 100_000))}


def as_bytes(views: Iterable[memoryview | None]) -> list[bytes | None]:
    """Copies of what the views show."""
    return [None if view is None else bytes(view) for view in views]


def held(views: Iterable[memoryview | None]) -> list[memoryview]:
    """The views of what was found, all of it."""
    found = [view for view in views if view is not None]
    assert len(found) == len(list(views))
    return found


@pytest.mark.parametrize("path", ["db", ":memory:"])
@pytest.mark.parametrize("is_flushed", [False, True])
def test_views_stay_as_they_were_whatever_happens_to_the_database(tmp_path: Path, path: str, is_flushed: bool) -> None:
    with firn.open(path if path == ":memory:" else tmp_path / path, memtable_bytes="64KiB") as db:
        db.put_many(PAIRS)
        if is_flushed:
            db.flush()
        views = db.pin_many(PAIRS)
        assert as_bytes(views) == list(PAIRS.values())
        for turn in range(5):
            db.put_many({key: b"%d" % turn + value for key, value in PAIRS.items()})
            db.flush()
        assert as_bytes(views) == list(PAIRS.values())
        db.delete_range()
        db.flush()
        db.compact()
        assert as_bytes(views) == list(PAIRS.values())
    gc.collect()
    assert as_bytes(views) == list(PAIRS.values())
    for view in held(views):
        view.release()


def test_views_come_in_the_order_of_the_keys_and_none_is_for_what_is_not_there(db: firn.Database) -> None:
    db.put_many(PAIRS)
    keys = [b"5000", b"none", b"0000", b"5000", b"0001", b"0"]
    views = db.pin_many(keys)
    assert as_bytes(views) == db.get_many(keys) == [PAIRS.get(key) for key in keys]
    assert as_bytes(db.pin_many(iter(keys))) == as_bytes(db.pin_many(bytearray(key) for key in keys)) == as_bytes(views)
    many = [b"%04d" % number for number in range(5001)]
    assert as_bytes(db.pin_many(many)) == [PAIRS.get(key) for key in many]
    assert db.pin_many([b"none"] * 3) == [None] * 3
    assert db.pin_many([]) == []


def test_an_empty_value_is_an_empty_view(db: firn.Database) -> None:
    db[b"empty"] = b""
    with db.txn() as txn:
        txn[b"own"] = b""
        for view in held(txn.pin_many([b"empty", b"own"])) + held(db.pin_many([b"empty"])):
            assert (len(view), view.nbytes, bytes(view), view.tolist()) == (0, 0, b"", [])


def test_views_are_of_bytes_and_read_only(db: firn.Database) -> None:
    db.update({b"a": b"12345678", b"b": b"2"})
    a, b = held(db.pin_many([b"a", b"b"]))
    assert (a.readonly, a.format, a.itemsize, a.shape, a.contiguous) == (True, "B", 1, (8,), True)
    with pytest.raises(TypeError):
        a[0] = 0
    assert a.cast("Q")[0] == int.from_bytes(b"12345678", "little")
    assert bytes(memoryview(a.obj)) == b"12345678" and bytes(memoryview(b.obj)) == b"2"
    with a, b:
        pass
    with pytest.raises(ValueError):
        len(a)


def test_all_are_of_one_state(db: firn.Database) -> None:
    db.update({b"a": b"1", b"b": b"1"})

    def keys() -> Iterator[bytes]:
        yield b"a"
        db.put_many({b"a": b"2", b"b": b"2"})
        yield b"b"

    assert as_bytes(db.pin_many(keys())) == [b"2", b"2"]
    views = db.pin_many([b"a", b"b"])
    db.put_many({b"a": b"3", b"b": b"3"})
    assert as_bytes(views) == [b"2", b"2"]


def has_former_state(db: firn.Database, expected: bool) -> bool:
    """Whether a former state of the database is kept; the engine's own threads may keep one for a moment."""
    for _ in range(200):
        db.put(b"after", b"")
        db.flush()
        if (db.stats()["retired_views"] > 0) == expected:
            break
    return int(db.stats()["retired_views"]) > 0


@pytest.mark.parametrize("kind", ["database", "snapshot", "transaction"])
def test_the_pin_is_held_until_the_last_view_is_gone(db: firn.Database, kind: str) -> None:
    pairs = {b"%04d" % number: b"%d" % number * 100 for number in range(100)}
    db.put_many(pairs)
    db.flush()
    place: Any = {"database": lambda: db, "snapshot": db.snapshot, "transaction": db.txn}[kind]()
    views = held(place.pin_many(pairs))
    if place is not db:
        place.close()
    db.put_many(dict.fromkeys(pairs, b"new"))
    db.flush()
    db.compact()
    assert has_former_state(db, True)
    last = views[50][10:20]
    for view in views[:50]:
        view.release()
    del view, views
    gc.collect()
    assert has_former_state(db, True)
    assert last == pairs[b"0050"][10:20]
    last.release()
    assert not has_former_state(db, False)


def test_a_call_that_finds_nothing_or_fails_holds_nothing(db: firn.Database) -> None:
    db.put_many({b"%04d" % number: b"v" * 100 for number in range(100)})
    db.flush()
    space = db.namespace("x")
    space.drop()
    for _ in range(10):
        assert db.pin_many([b"none"] * 5) == [None] * 5
        assert db.get_many([b"0000"]) == [b"v" * 100]
        with pytest.raises(firn.InvalidError):
            space.pin_many([b"0000", b"none"])
        with pytest.raises(firn.InvalidError):
            space.get_many([b"0000", b"none"])
    db.put_many({b"%04d" % number: b"w" for number in range(100)})
    db.flush()
    db.compact()
    assert not has_former_state(db, False)


def test_parts_of_views_outlive_the_list_and_the_database(tmp_path: Path) -> None:
    with firn.open(tmp_path / "db") as db:
        db.put_many(PAIRS)
        db.compact()
        part, copy, wide = (make(held(db.pin_many(PAIRS))[5]) for make in (lambda view: view[10:20], memoryview, lambda view: view.cast("I")))
        db.clear()
        db.compact()
    gc.collect()
    assert bytes(part) == b"\x06" * 10
    assert bytes(copy[::1000]) == b"\x06" * 100
    assert wide[24_999] == 0x06060606


def test_a_namespace_has_values_of_its_own(db: firn.Database) -> None:
    one, two = db.namespace("one"), db.namespace("two")
    one[b"k"], two[b"k"] = b"1", b"2"
    assert [as_bytes(place.pin_many([b"k"])) for place in (db, one, two)] == [[None], [b"1"], [b"2"]]
    with db.snapshot() as moment, db.txn() as txn:
        txn.namespace(two)[b"k"] = b"own"
        one.clear()
        assert as_bytes(moment.namespace(one).pin_many([b"k"])) == [b"1"]
        assert as_bytes(txn.namespace(two).pin_many([b"k"])) == [b"own"]
    views = two.pin_many([b"k"])
    two.drop()
    db.compact()
    assert as_bytes(views) == [b"own"]


def test_a_snapshot_shows_its_moment(db: firn.Database) -> None:
    db.put_many(PAIRS)
    moment = db.snapshot()
    db.put_many(dict.fromkeys(PAIRS, b"new"))
    db[b"later"] = b""
    views = moment.pin_many([*PAIRS, b"later"])
    moment.close()
    db.flush()
    db.compact()
    db.close()
    assert as_bytes(views) == [*PAIRS.values(), None]


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_transaction_shows_what_it_has_written(db: firn.Database, is_committed: bool) -> None:
    db.update({b"a": b"1", b"b": b"2", b"c": b"3" * 5000})
    txn = db.txn()
    txn.put_many({b"a": b"own", b"d": b"x" * 5000})
    del txn[b"b"]
    db[b"c"] = b"of another"
    keys = [b"a", b"b", b"c", b"d", b"e"]
    expected = [b"own", None, b"3" * 5000, b"x" * 5000, None]
    views = txn.pin_many(keys)
    assert as_bytes(views) == txn.get_many(keys) == expected
    txn.put_many(dict.fromkeys(keys, b"later"))
    txn.delete_range(b"a", b"c")
    assert as_bytes(views) == expected
    assert as_bytes(txn.pin_many(keys)) == [None, None, b"later", b"later", b"later"]
    if is_committed:
        with pytest.raises(firn.ConflictError):  # pin_many has read what another has changed
            txn.commit()
    txn.close()
    db.close()
    del txn
    gc.collect()
    assert as_bytes(views) == expected


def failing_iterator() -> Iterator[bytes]:
    yield b"k"
    raise LookupError


BAD: dict[str, Callable[[], Any]] = {
    "text": lambda: [b"k", "text"],
    "number": lambda: [3],
    "no iterable": lambda: 3,
    "none": lambda: None,
    "an empty key": lambda: [b"k", b""],
    "a long key": lambda: [b"k", bytes(1_000_000)],
    "an iterator that fails": failing_iterator,
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_argument_raises_what_get_many_raises(db: firn.Database, name: str) -> None:
    for place in (db, db.namespace("x"), db.snapshot(), db.txn()):
        raised = []
        for call in (place.get_many, place.pin_many):
            with pytest.raises((TypeError, firn.Error, LookupError)) as caught:
                call(BAD[name]())
            raised.append((type(caught.value), str(caught.value)))
        assert raised[0] == raised[1]
    with pytest.raises(TypeError):
        db.pin_many()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        db.pin_many([], b"default")  # type: ignore[call-arg]


def test_where_get_many_is_refused_so_is_pin_many(db: firn.Database) -> None:
    dropped, closed = db.namespace("dropped"), db.txn()
    dropped.drop()
    closed.close()
    with db.txn() as txn:
        late = txn.namespace("late")
    closed_db = firn.open(":memory:")
    closed_db.close()
    for place, kind in ((dropped, firn.InvalidError), (closed, firn.ClosedError), (late, firn.ClosedError), (closed_db, firn.ClosedError)):
        for keys in ([b"k"], [b"k"] * 100):
            for call in (place.get_many, place.pin_many):
                with pytest.raises(kind):
                    call(keys)
