"""Keys, values and items of a part of a database, as views: each iteration is a new scan over a snapshot of its moment."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from firn import _firn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from firn._reading import Reading

KEYS, VALUES, ITEMS, ENTRIES = range(4)

Element = TypeVar("Element", covariant=True)


class Range(NamedTuple):
    """What part of the keys: from start to before stop, those with prefix, those that match glob; at most limit of them."""

    start: Buffer | None = None
    stop: Buffer | None = None
    prefix: Buffer | None = None
    reverse: bool = False
    limit: int | None = None
    glob: Buffer | None = None

    def is_scan(self) -> bool:
        """Whether only a scan can tell if a key belongs to it."""
        return self.limit is not None or self.glob is not None

    def has(self, key: bytes) -> bool:
        """Whether a key is within the bounds."""
        if self.start is not None and key < bytes(self.start):
            return False
        if self.stop is not None and key >= bytes(self.stop):
            return False
        return self.prefix is None or key.startswith(bytes(self.prefix))


ALL = Range()


class _View(Generic[Element]):
    """What the three views have in common."""

    _kind = KEYS

    def __init__(self, reader: Reading, part: Range) -> None:
        self._reader = reader
        self._range = part

    def __len__(self) -> int:
        return self._reader._count(self._kind, *self._range)

    def __bool__(self) -> bool:
        return next(iter(self._part(limit=1)), None) is not None

    def __iter__(self) -> Iterator[Element]:
        return self.scan()

    def __reversed__(self) -> Iterator[Element]:
        if self._range.limit is not None:
            return iter(list(self)[::-1])  # the limit counts from the other end
        return self._part(reverse=not self._range.reverse)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._range._asdict().items() if value not in (None, False))
        return f"<{type(self).__name__} of {self._reader!r}{': ' if given else ''}{given}>"

    def scan(self) -> _firn.Iterator[Element]:
        """The iterator itself, which can seek, take many at once and be closed."""
        return self._part()

    def _part(self, **changes: object) -> _firn.Iterator[Element]:
        return self._reader._scan(self._kind, *self._range._replace(**changes))  # type: ignore[arg-type]


class Keys(_View[bytes], KeysView[bytes]):
    """Keys in order. A set, as the keys of a dict are."""

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, (bytes, bytearray, memoryview)):
            return False
        if self._range.is_scan():
            return any(key == other for other in self)
        return self._range.has(bytes(key)) and key in self._reader


class Values(_View[bytes], ValuesView[bytes]):
    """Values in the order of their keys."""

    _kind = VALUES

    def __contains__(self, value: object) -> bool:
        return any(value == other for other in self)


class Items(_View["tuple[bytes, bytes]"], ItemsView[bytes, bytes]):
    """Pairs of a key and its value, in the order of the keys."""

    _kind = ITEMS

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[0], bytes):
            return False
        if self._range.is_scan():
            return any(item == other for other in self)
        return self._range.has(item[0]) and self._reader.get(item[0]) == item[1]
