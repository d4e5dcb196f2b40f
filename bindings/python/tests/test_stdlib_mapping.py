"""The standard library's own tests of mappings: of a shelf over firn.dbm, and of a database itself."""

from __future__ import annotations

import shelve
import unittest
import warnings
from typing import Any

import pytest

import firn
import firn.dbm

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from test import mapping_tests  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    pytest.skip("SKIPPED: this Python comes without its tests, so test.mapping_tests is not run", allow_module_level=True)

opened: list[Any] = []


class OfMapping(mapping_tests.BasicTestMappingProtocol):  # type: ignore[misc, unused-ignore]
    """Closes what a test has opened."""

    def tearDown(self) -> None:
        while opened:
            opened.pop().close()


class TestShelf(OfMapping):
    """Objects of all kinds in a shelf."""

    def _reference(self) -> dict[str, Any]:
        return {"key1": "value1", "key2": 2, "key3": (1, 2, 3)}

    def _empty_mapping(self) -> Any:
        shelf: Any = shelve.Shelf(firn.dbm.open(":memory:", "c"))
        opened.append(shelf)
        return shelf

    type2test = _empty_mapping


class TestDatabase(OfMapping):
    """Bytes in a database."""

    def _reference(self) -> dict[Any, Any]:
        return {b"key1": b"value1", b"key2": b"2", b"key3": b"(1, 2, 3)"}

    def _empty_mapping(self) -> Any:
        database = firn.open(":memory:")
        opened.append(database)
        return database

    type2test = _empty_mapping

    @unittest.skip("a database takes no keyword arguments, its keys are bytes")
    def test_update(self) -> None: ...


del OfMapping
