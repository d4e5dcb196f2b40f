"""Firn, an embedded storage engine: ordered keys and values, transactions and scans in one directory.

    with firn.open("notes") as db:
        db[b"ice"] = b"old snow"
        for key, value in db.items(prefix=b"i"):
            print(key, value)
"""

from __future__ import annotations

import atexit as _atexit
import os as _os
from typing import NamedTuple as _NamedTuple

from firn import _firn, errors
from firn._changes import Change, ChangeFollower, Event
from firn._database import (
    Database,
    Namespace,
    Options,
    Snapshot,
    Store,
    Transaction,
    TransactionNamespace,
    check,
    open,
)
from firn._firn import Batch, Iterator
from firn._log import Follower, Log, LogOptions, Record, open_log
from firn._opened import Recovery
from firn._opened import close_all as _close_all
from firn._reading import Entry, KeyedEntry, Reading
from firn._views import Items, Keys, Values
from firn.errors import *  # noqa: F403

__version__ = ".".join(str(number) for number in _firn.engine_version())


class OptionInfo(_NamedTuple):
    """One option of an opening."""

    name: str
    type: str
    default: str
    range: str
    text: str
    for_database: bool
    for_log: bool


def options() -> list[OptionInfo]:
    """All options, as the engine that is built in describes them."""
    return [OptionInfo(*row) for row in _firn.option_table()]


def build_info() -> str:
    """The version of the engine, its compiler, its libraries, and how it makes writes durable."""
    return _firn.build_info()


_os.register_at_fork(after_in_child=_firn.note_fork)
_atexit.register(_close_all)

__all__ = [
    "Batch",
    "Change",
    "ChangeFollower",
    "Database",
    "Entry",
    "Event",
    "Follower",
    "Items",
    "Iterator",
    "KeyedEntry",
    "Keys",
    "Log",
    "LogOptions",
    "Namespace",
    "OptionInfo",
    "Options",
    "Reading",
    "Record",
    "Recovery",
    "Snapshot",
    "Store",
    "Transaction",
    "TransactionNamespace",
    "Values",
    "build_info",
    "check",
    "errors",
    "open",
    "open_log",
    "options",
]
__all__ += errors.__all__
