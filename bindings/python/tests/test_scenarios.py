"""The scenario files that all languages share: tests/scenarios/README.md is their format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import firn
from scenario_database import DatabaseSession
from scenario_file import File, parse
from scenario_log import LogSession

FOLDER = Path(__file__).parents[3] / "tests" / "scenarios"

if not FOLDER.is_dir():
    pytest.skip("the scenario files are not in this tree (a source distribution)", allow_module_level=True)


def runs() -> list[Any]:
    """Every file in every mode with each of its options."""
    found = []
    for path in sorted([*FOLDER.glob("*.txt"), *FOLDER.glob("log/*.txt")]):
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
    kind = LogSession if mode == "log" else DatabaseSession
    try:
        session = kind(":memory:" if mode == "memory" else str(tmp_path / "store"), options)
    except firn.UnsupportedError:
        pytest.skip("this build lacks what the options ask for")
    try:
        for number, commands, expected in file.blocks:
            answers = [session.answer(command) for command in commands]
            assert "\n".join(answer for answer in answers if answer) == expected, f"the block that ends before line {number}"
    finally:
        session.end()
