"""The package is typed: mypy in strict mode over it and over these tests, and the stub of the extension module beside the module itself."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import firn

BINDING = Path(__file__).parents[1]
INSTALLED = Path(firn.__file__).parent

if importlib.util.find_spec("mypy") is None:
    pytest.skip("mypy is not installed", allow_module_level=True)


def run(folder: Path, *arguments: str) -> None:
    """A module of mypy, in a folder where nothing shadows the installed package."""
    ended = subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_package_and_its_tests_pass_mypy_in_strict_mode(tmp_path: Path) -> None:
    assert (INSTALLED / "py.typed").exists()
    run(tmp_path, "mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "firn")
    of_tests = [f"--disable-error-code={code}" for code in ("func-returns-value", "no-untyped-call")]  # lambdas in tables
    run(tmp_path, "mypy", "--strict", *of_tests, "--cache-dir", str(tmp_path), str(BINDING / "tests"))


def test_the_stub_tells_all_of_the_extension_module(tmp_path: Path) -> None:
    run(tmp_path, "mypy.stubtest", "firn._firn")


def test_everything_public_has_a_docstring() -> None:
    for name in firn.__all__:
        thing = getattr(firn, name)
        assert thing.__doc__, name
        if isinstance(thing, type) and not issubclass(thing, (tuple, dict)):
            for attribute in vars(thing):
                if not attribute.startswith("_") and callable(getattr(thing, attribute)):
                    assert getattr(thing, attribute).__doc__, f"{name}.{attribute}"
