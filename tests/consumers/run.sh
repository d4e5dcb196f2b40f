#!/bin/sh
# run.sh BUILD: installs the build into a prefix, moves that prefix, and uses it as others do: with pkg-config (shared and static), with
# find_package, with dlopen. Then builds Firn again, with a compiler and zlib alone and as a part of another project (add_subdirectory), and lets that build read what the first one wrote.
set -eu
build=$(cd "${1:?a build directory}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
strict="-std=c89 -pedantic -Wall -Wextra -Werror"
cc=${CC:-cc}

say() { printf '== %s\n' "$*"; }
fail() {
  printf 'consumers: %s\n' "$*" >&2
  exit 1
}
quietly() { "$@" >"$work/said" 2>&1 || { cat "$work/said"; fail "$*"; }; }

# writes_and_reads LABEL PROGRAM...
writes_and_reads() {
  label=$1
  shift
  rm -rf "$work/db"
  "$@" write "$work/db" || fail "$label"
  "$@" read "$work/db" || fail "$label"
}

say "install, then move the prefix"
quietly cmake --install "$build" --prefix "$work/before"
prefix=$work/moved
mv "$work/before" "$prefix"
library=$(find "$prefix" -name libfirn.so)
libdir=$(dirname "$library")
[ -f "$libdir/libfirn.a" ] && [ -f "$prefix/include/firn.h" ] || fail "a library or the header was not installed"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
[ "$(pkg-config --variable=prefix firn | xargs readlink -f)" = "$(readlink -f "$prefix")" ] || fail "firn.pc names another prefix"
if grep -rlF -e "$work/before" -e "$source" -e "$build" "$prefix" --include='*.pc' --include='*.cmake'; then
  fail "an installed file names a directory of the build"
fi

say "symbols and dynamic section"
readelf -dW "$library" >"$work/dynamic"
grep -q 'SONAME.*\[libfirn\.so\.[0-9][0-9]*\]' "$work/dynamic" || fail "the SONAME is not the major version"
grep -q 'NODELETE' "$work/dynamic" && grep -q 'NOW' "$work/dynamic" || fail "not linked with -z nodelete and -z now"
if grep -E 'RPATH|RUNPATH|TEXTREL' "$work/dynamic"; then fail "the library has a run path or text relocations"; fi
# The version's own name is an absolute symbol that the linker adds.
nm -D --defined-only "$library" | awk '$2 != "A" || $3 !~ /^FIRN_/ {print $3}' >"$work/exported"
grep -q '^firn_open@@FIRN_1.0$' "$work/exported" || fail "firn_open is not exported as FIRN_1.0"
if grep -v '^firn_[a-z0-9_]*@@FIRN_1.0$' "$work/exported"; then fail "exports more than firn_*"; fi
sed -nE 's/^FIRN_API [^(]*[ *](firn_[a-z0-9_]+)\(.*/\1/p' "$prefix/include/firn.h" | sort -u >"$work/declared"
sed 's/@.*//' "$work/exported" | sort -u >"$work/defined"
diff "$work/declared" "$work/defined" >"$work/said" || { cat "$work/said"; fail "firn.h and the library differ (< declared only, > exported only)"; }

say "cc through pkg-config, shared"
# What pkg-config prints is words on purpose, here and below.
# shellcheck disable=SC2046,SC2086
$cc $strict "$here/consumer.c" $(pkg-config --cflags --libs firn) -o "$work/shared"
readelf -dW "$work/shared" | grep -q 'NEEDED.*libfirn\.so\.' || fail "the shared consumer does not need libfirn.so"
LD_LIBRARY_PATH=$libdir writes_and_reads "pkg-config" "$work/shared"

say "cc through pkg-config --static"
# shellcheck disable=SC2046,SC2086
$cc -static $strict "$here/consumer.c" $(pkg-config --static --cflags --libs firn) -o "$work/static"
writes_and_reads "pkg-config --static" "$work/static"

say "dlopen"
# shellcheck disable=SC2046,SC2086
$cc $strict "$here/dlopen.c" $(pkg-config --cflags firn) -ldl -o "$work/dlopen"
"$work/dlopen" "$library" "$work/dlopen-db" || fail "dlopen"

say "find_package from C, shared and static"
quietly cmake -S "$here/find_package" -B "$work/found" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-pedantic -Wall -Wextra -Werror"
quietly cmake --build "$work/found"
writes_and_reads "find_package" "$work/found/consumer_shared"
writes_and_reads "find_package, static" "$work/found/consumer_static"

say "a compiler and zlib alone, below another project"
alone="-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DFIRN_WITH_LIBDEFLATE=OFF -DFIRN_WITH_LZ4=OFF -DFIRN_WITH_ZSTD=OFF"
# The flags are words on purpose.
# shellcheck disable=SC2086
quietly cmake -S "$source" -B "$work/alone" $alone -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON
# shellcheck disable=SC2086
quietly cmake -S "$here/add_subdirectory" -B "$work/plain" -DFIRN_SOURCE="$source" -DCMAKE_INSTALL_PREFIX="$work/plain-prefix" $alone
quietly cmake --build "$work/plain" -j "$(nproc)"
writes_and_reads "add_subdirectory" "$work/plain/nested_shared"
writes_and_reads "add_subdirectory, static" "$work/plain/nested_static"
quietly cmake --install "$work/plain"
plain=$(dirname "$(find "$work/plain-prefix" -name libfirn.so)")
if readelf -dW "$plain/libfirn.so" | grep -E 'NEEDED.*(deflate|lz4|zstd)'; then fail "the plain build needs more than zlib"; fi
LD_LIBRARY_PATH=$libdir writes_and_reads "the full build" "$work/shared"
LD_LIBRARY_PATH=$plain "$work/shared" read "$work/db" || fail "the plain build does not read what the full build wrote"
LD_LIBRARY_PATH=$plain writes_and_reads "the plain build" "$work/shared"
LD_LIBRARY_PATH=$libdir "$work/shared" read "$work/db" || fail "the full build does not read what the plain build wrote"

say "all consumers work"
