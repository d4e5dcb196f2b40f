"""Fixtures. The tests run against the installed package: that it is not the source tree is checked here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import firn

BINDING = Path(__file__).parents[1]

if Path(firn.__file__).is_relative_to(BINDING / "firn"):
    raise pytest.UsageError("the tests are for the installed wheel, and this is the source tree: run pytest in another folder")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[firn.Database]:
    """A database with files."""
    with firn.open(tmp_path / "db") as database:
        yield database
