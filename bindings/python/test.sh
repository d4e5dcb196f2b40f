#!/bin/sh
# test.sh [FOLDER]: everything about the Python binding. The source distribution is made, unpacked away from this tree, built into a wheel (in FOLDER, so that the
# next time is quick), installed into an environment of its own, and tested there. PYTHON says which interpreter; CMAKE_BUILD_PARALLEL_LEVEL is heeded.
set -eu
cd "$(dirname "$0")"
binding=$PWD
folder=${1:-$binding/build/test}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python=$folder/venv/bin/python

[ -x "$python" ] || "${PYTHON:-python3}" -m venv "$folder/venv"
"$python" -m pip install -q 'scikit-build-core>=1.1' build ninja 'pytest>=8' 'hypothesis>=6.100' 'mypy>=1.10' typing_extensions
PATH=$folder/venv/bin:$PATH

rm -rf "$folder/dist" "$folder/unpacked"
mkdir -p "$folder/unpacked"
"$python" -m build -q --sdist --no-isolation --outdir "$folder/dist" .
# The files of a source distribution all have one old time: with those of today, what was built from others before is built again.
tar xzmf "$folder"/dist/firn-*.tar.gz -C "$folder/unpacked" --strip-components=1
if ! diff -rq "$folder/unpacked" "$folder/source" >/dev/null 2>&1; then
  rm -rf "$folder/source"
  mv "$folder/unpacked" "$folder/source"
fi
"$python" -m pip wheel -q --no-build-isolation --no-deps -w "$folder/dist" -Cbuild-dir="$folder/cmake" "$folder/source"
"$python" -m pip install -q --force-reinstall --no-deps "$folder"/dist/firn-*.whl

# In another folder than the sources, so that it is the wheel that is tested.
cd "$folder"
"$python" -X dev -m pytest -q -c "$binding/pyproject.toml" --rootdir "$binding" -p no:cacheprovider "$binding/tests"
