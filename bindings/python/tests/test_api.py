"""Which functions of firn.h the binding uses, and why not the others: so that a new one is not forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import firn

BINDING = Path(__file__).parents[1]

_OPERATORS = "for operators, who have the firn command"
LEFT_OUT = {
    "firn_put": "firn_put_ex also tells the version",
    "firn_delete": "firn_write also takes FIRN_NO_BLOCK",
    "firn_add_to": "firn_add",
    "firn_multi_get": "firn_multi_pin copies less",
    "firn_txn_multi_get": "firn_txn_multi_pin copies less",
    "firn_log_bounds": "firn_log_bounds_to also tells what is wrong",
    "firn_txn_commit": "firn_txn_commit_ex",
    "firn_options_parse": "options are keyword arguments",
    "firn_stats": "firn_stats_json tells the same by name",
    "firn_get_api": "the engine is linked in",
    "firn_backup_begin": _OPERATORS,
    "firn_backup_step": _OPERATORS,
    "firn_backup_finish": _OPERATORS,
    "firn_backup_list": _OPERATORS,
    "firn_backup_verify": _OPERATORS,
    "firn_backup_delete": _OPERATORS,
    "firn_restore_begin": _OPERATORS,
    "firn_salvage": _OPERATORS,
    "firn_inspect": _OPERATORS,
    "firn_explain_key": _OPERATORS,
}


def test_every_function_of_the_header_is_used_or_left_out_on_purpose() -> None:
    header = (BINDING / "engine/capi/include/firn.h").read_text()
    declared = set(re.findall(r"^FIRN_API .*?\b(firn_\w+)\(", header, re.MULTILINE))
    sources = "\n".join(path.read_text() for path in (BINDING / "native").glob("*.c"))
    used = set(re.findall(r"\bfirn_\w+\b", sources)) & declared
    assert len(declared) > 100
    assert declared - used == set(LEFT_OUT)


def test_ranges_are_measured_without_being_counted(db: firn.Database) -> None:
    db.put_many({b"%05d" % number: b"v" * 100 for number in range(2000)})
    other = db.namespace("other")
    other[b"k"] = b"v"
    db.compact()
    assert 1500 < db.approximate_count() < 2500
    assert db.approximate_bytes() > 2000 * 50 / 10
    assert other.approximate_count() < 1000
    assert 0 < db.approximate_count(b"00500", b"01000") < 2000
    assert db.approximate_bytes(b"00500", b"01000") < db.approximate_bytes()
    assert db.approximate_count(b"00500", b"") == 0
    assert db.approximate_count(b"x", None) == 0
