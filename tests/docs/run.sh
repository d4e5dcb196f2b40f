#!/bin/sh
# run.sh BUILD [DOCUMENT...]: runs every command and every program that the documents show, on an installed copy of the build. Go, Rust and Python run where their toolchain is
# (Python: where build/python/venv holds the binding, as ./dev test makes it), and are skipped loudly elsewhere. See run.awk for the marks in the documents.
set -eu
build=$(cd "${1:?a build directory}" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
[ $# -gt 0 ] || set -- "$source/README.md" "$source"/capi/docs/*.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Always in the same place, and named in the environment: Go remembers what pkg-config said the last time.
prefix=$build/docs-prefix
rm -rf "$prefix"
cmake --install "$build" --prefix "$prefix" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name firn.pc)")
libdir=$(dirname "$PKG_CONFIG_PATH")
export CGO_LDFLAGS="-L$libdir"
export PKG_CONFIG_PATH LD_LIBRARY_PATH="$libdir" FIRN_LIB_DIR="$libdir" CARGO_TARGET_DIR="$source/build/rust-docs"
export PATH="$source/build/python/venv/bin:$prefix/bin:$PATH:/usr/local/go/bin:$HOME/.cargo/bin"

# What a reader's project looks like around the programs of the tour.
prepare() {
  mkdir -p "$1/go" "$1/rust/src"
  printf 'module tour\n\ngo 1.24\n\nrequire github.com/firn-db/firn/bindings/go v0.0.0\n\nreplace github.com/firn-db/firn/bindings/go => %s/bindings/go\n' "$source" >"$1/go/go.mod"
  [ ! -f "$source/bindings/go/go.sum" ] || cp "$source/bindings/go/go.sum" "$1/go/"
  printf '[package]\nname = "tour"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\nfirn = { path = "%s/bindings/rust/firn" }\n' "$source" >"$1/rust/Cargo.toml"
  cp "$source/bindings/rust/Cargo.lock" "$1/rust/" 2>/dev/null || true
}

cat >"$work/prelude" <<'TEXT'
needs() {
  case $1 in
    python) python3 -c 'import firn' 2>/dev/null ;;
    go) command -v go >/dev/null && [ "$(printf '1.24\n%s\n' "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -1)" = 1.24 ] ;;
    cargo) command -v cargo >/dev/null && [ "$(printf '1.85\n%s\n' "$(cargo --version | cut -d' ' -f2)" | sort -V | head -1)" = 1.85 ] ;;
    firn-*) firn "${1#firn-}" --help >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}
at() { place=$1; }
prints() { diff -u "$2" "$1" || { echo "docs: $place: $1 is not what the document says"; exit 1; }; }
trap 'code=$?; [ $code -eq 0 ] || echo "docs: failed in the block at $place" >&2' EXIT
place=start
TEXT

for document in "$@"; do
  name=$(basename "$document" .md)
  folder=$work/$name
  mkdir -p "$folder"
  prepare "$folder"
  awk -v folder="$folder" -v script="$work/$name.body" -f "$here/run.awk" "$document"
  cat "$work/prelude" "$work/$name.body" >"$work/$name.sh"
  echo "== $name"
  (cd "$folder" && sh "$work/$name.sh" >"$work/$name.out" 2>&1) || { cat "$work/$name.out"; exit 1; }
  grep '^SKIPPED: ' "$work/$name.out" || true
done
echo "docs: every command and program works"
