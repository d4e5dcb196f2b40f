#!/bin/sh
# run.sh BUILD: makes the Debian packages of a build, asks lintian (no errors), unpacks them into an empty root and uses them there: the command, the manual pages, a program
# against the library. With FIRN_FRESH_DEBIAN naming a script that runs a command in a clean Debian (as /work/shared/fresh-debian does), installs them there too.
# Ends with 77 when dpkg-shlibdeps or lintian are not there.
set -eu
build=$(cd "${1:?a build directory}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
for tool in dpkg-shlibdeps lintian cpack pkg-config; do
  command -v $tool >/dev/null || {
    echo "SKIPPED: packages: $tool is not there (packages dpkg-dev, lintian, cmake)"
    exit 77
  }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
fail() {
  printf 'packages: %s\n' "$*" >&2
  exit 1
}

# A copy of the build's description, so that the build keeps its prefix and two tests do not meet in its folder of packages.
say() { printf '== %s\n' "$*"; }
say "cpack"
(cd "$build" && cpack -G DEB -B "$work/packages" -D CPACK_OUTPUT_FILE_PREFIX="$work/packages") >"$work/said" 2>&1 || { cat "$work/said"; fail "cpack"; }
count=$(find "$work/packages" -maxdepth 1 -name '*.deb' | wc -l)
[ "$count" -eq 3 ] || { cat "$work/said"; fail "$count packages, not 3"; }

say "lintian"
lintian --fail-on error --suppress-tags bad-distribution-in-changes-file "$work/packages"/*.deb || fail "lintian"

say "unpack and use"
for package in "$work/packages"/*.deb; do dpkg-deb -x "$package" "$work/root"; done
[ -x "$work/root/usr/bin/firn" ] || fail "no command"
"$work/root/usr/bin/firn" put "$work/db" ice 'old snow'
[ "$("$work/root/usr/bin/firn" get "$work/db" ice)" = "old snow" ] || fail "the command does not work"
for page in man1/firn.1.gz man3/firn.3.gz man3/firn_put.3.gz man3/firn_keys_api.3.gz; do
  gzip -t "$work/root/usr/share/man/$page" || fail "no manual page $page"
done
[ -f "$work/root/usr/share/bash-completion/completions/firn" ] || fail "no completion"
library=$(find "$work/root/usr/lib" -name 'libfirn.so.0')
[ -n "$library" ] || fail "no library"
libdir=$(dirname "$library")
export PKG_CONFIG_PATH="$libdir/pkgconfig"
# What pkg-config prints is words on purpose.
# shellcheck disable=SC2046
${CC:-cc} -std=c89 -pedantic -Wall -Wextra -Werror "$here/../consumers/consumer.c" $(pkg-config --cflags --libs firn) -o "$work/consumer"
LD_LIBRARY_PATH=$libdir "$work/consumer" write "$work/db2" && LD_LIBRARY_PATH=$libdir "$work/consumer" read "$work/db2" || fail "a program against the library"

if [ -n "${FIRN_FRESH_DEBIAN:-}" ]; then
  say "install in a clean Debian"
  "$FIRN_FRESH_DEBIAN" "$work/packages" "apt-get update -qq && apt-get install -y -qq ./*.deb && firn selftest --rounds 2 && apt-get remove -y -qq firn-tools libfirn-dev libfirn0" || fail "a clean Debian"
fi
echo "packages: all three are there and work"
