"""What a wheel may need of the machine it is installed on, and what its tag says about that."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

import firn
from firn import _firn

MODULE = Path(_firn.__file__)
# The libraries of C and C++. All else is inside.
ALLOWED = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
IS_FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def archive(name: str) -> bool:
    """Whether the compiler of this machine has it as a static archive."""
    return "/" in output("cc", f"-print-file-name=lib{name}.a")


if shutil.which("readelf") is None or shutil.which("cc") is None:
    pytest.skip("SKIPPED: readelf and cc are not installed", allow_module_level=True)


def test_the_module_needs_nothing_but_the_libraries_of_c_and_cpp() -> None:
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-dW", str(MODULE))))
    assert "libc.so.6" in needed
    assert needed <= ALLOWED


@pytest.mark.parametrize(("library", "name"), [("lz4", "lz4"), ("zstd", "zstd"), ("libdeflate", "deflate")])
def test_what_the_machine_has_as_an_archive_is_inside(library: str, name: str) -> None:
    assert (library in firn.build_info()) == archive(name)


def test_the_module_exports_its_initialization_only() -> None:
    symbols = [line.split() for line in output("readelf", "--dyn-syms", "-W", str(MODULE)).splitlines()]
    exported = {line[7] for line in symbols if len(line) > 7 and line[4] in ("GLOBAL", "WEAK") and line[6].isdigit()}
    assert exported == {"PyInit__firn"}


def test_the_tag_tells_the_interpreter_and_the_oldest_c_library_that_serve() -> None:
    wheel = metadata.distribution("firn").read_text("WHEEL") or ""
    tags = re.findall(r"^Tag: (\S+?)-(\S+?)-manylinux_(\d+)_(\d+)_", wheel, re.MULTILINE)
    assert tags, wheel
    versions = {(int(major), int(minor)) for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", output("readelf", "-VW", str(MODULE)))}
    python = f"cp{sysconfig.get_config_var('py_version_nodot')}"
    for interpreter, abi, major, minor in tags:
        assert (int(major), int(minor)) >= max(versions)
        assert (interpreter, abi) == ((python, python + "t") if IS_FREE_THREADED else ("cp311", "abi3"))
    assert MODULE.name == ("_firn" + sysconfig.get_config_var("EXT_SUFFIX") if IS_FREE_THREADED else "_firn.abi3.so")
