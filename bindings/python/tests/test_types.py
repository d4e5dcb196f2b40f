"""The package is typed: mypy in strict mode over it and over these tests, and the types beside what is there when it runs."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import firn
import firn.dbm

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


# What stubtest cannot follow.
ALLOWED = """
firn.__all__  # it grows by errors.__all__
firn._database.Database.update  # two calls in one, told apart by overloads
"""


def test_the_stub_and_the_annotations_tell_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "allowed").write_text(ALLOWED)
    run(tmp_path, "mypy.stubtest", "firn", "--allowlist", "allowed", "--ignore-unused-allowlist")  # with its modules: the stub of firn._firn, and the sources of the others as stubs of themselves


def public_classes() -> Iterator[tuple[str, type]]:
    for module in (firn, firn.dbm):
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, type) and thing.__module__.startswith("firn"):
                yield f"{module.__name__}.{name}", thing


def public_members(kind: type) -> Iterator[tuple[str, Any]]:
    """What a class has of Firn's own, inherited members included."""
    for base in kind.__mro__:
        if base.__module__.startswith("firn") and not issubclass(base, (tuple, dict)):
            for name, member in vars(base).items():
                if not name.startswith("_"):
                    yield f"{base.__module__}.{base.__qualname__}.{name}", member


def is_property(member: object) -> bool:
    return isinstance(member, property) or inspect.isgetsetdescriptor(member)


def test_everything_public_has_a_docstring() -> None:
    names = [f"firn.{name}" for name in firn.__all__ if not getattr(firn, name).__doc__]
    names += [f"firn.dbm.{name}" for name in firn.dbm.__all__ if callable(getattr(firn.dbm, name)) and not getattr(firn.dbm, name).__doc__]
    for _, kind in public_classes():
        names += [name for name, member in public_members(kind) if (callable(member) or is_property(member)) and not member.__doc__]
    assert not names


def test_every_public_method_tells_its_parameters_and_has_types() -> None:
    """Also those of base classes in the extension module, whose types are in the stub, which stubtest holds beside them."""
    seen = set()
    for _, kind in public_classes():
        for name, member in public_members(kind):
            seen.add(name)
            if inspect.isfunction(member):
                signature = inspect.signature(member)
                assert signature.return_annotation is not inspect.Signature.empty, name
                assert all(parameter.annotation is not inspect.Parameter.empty for parameter in list(signature.parameters.values())[1:]), name
            elif isinstance(member, property):
                assert member.fget is not None and "return" in member.fget.__annotations__, name
            elif callable(member):
                assert str(inspect.signature(member)).startswith("(self"), name
    assert {"firn._firn.Reader.get", "firn._firn.Reader.closed", "firn._firn.Writer.swap", "firn._log.Log.first", "firn.dbm.Dbm.firstkey"} <= seen
