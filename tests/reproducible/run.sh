#!/bin/sh
# run.sh BUILD: builds the shared library twice, out of copies of the sources in directories with names of different lengths, and compares byte by byte. Takes minutes: only with
# FIRN_DEEP (./dev test --deep); else ends with 77.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
[ -n "${FIRN_DEEP:-}" ] || {
  echo "SKIPPED: reproducible: only with --deep"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for part in CMakeLists.txt core capi pkgconfig; do # both copies first: nobody edits between them
  for copy in a a-much-longer-name/below/another; do
    mkdir -p "$work/$copy"
    cp -R "$source/$part" "$work/$copy/"
  done
done
for copy in a a-much-longer-name/below/another; do
  cmake -S "$work/$copy" -B "$work/$copy/build" -DCMAKE_BUILD_TYPE=Release -DFIRN_TESTS=OFF -DFIRN_CLI=OFF >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
  cmake --build "$work/$copy/build" --target firn -j "$(nproc)" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
done
one=$work/a/build/libfirn.so
other=$work/a-much-longer-name/below/another/build/libfirn.so
cmp "$one" "$other" || { echo "reproducible: two builds of the same sources differ"; exit 1; }
if grep -c "$work" "$one" >/dev/null; then echo "reproducible: the library names the directory of its build"; exit 1; fi
echo "reproducible: $(sha256sum <"$one" | cut -c1-16), twice"
