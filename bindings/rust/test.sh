#!/bin/sh
# Everything about the Rust bindings: formatting, lints, tests, documentation, the packages as a registry
# would hand them out, and the engine compiled by the crate itself.
# FIRN_LIB_DIR (and LD_LIBRARY_PATH) or pkg-config say where libfirn is; with PKG_CONFIG_PATH, where an installed one is, the ways to link that are tried too.
# `./dev test` calls this.
set -u
cd "$(dirname "$0")" || exit 2
binding=rust
. ../steps.sh
export CARGO_NET_RETRY=10 # a registry that stumbles is no failure of ours

# A Debian's cargo comes without these two.
if cargo fmt --version >/dev/null 2>&1; then step format cargo fmt --all --check; else echo "SKIPPED: rust: no rustfmt"; fi
if cargo clippy --version >/dev/null 2>&1; then
  step clippy cargo clippy --all-targets --features tokio -- -D warnings
else
  echo "SKIPPED: rust: no clippy"
fi
step test cargo test --no-fail-fast --features tokio
step documentation env RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --features tokio
# Cargo keeps what it unpacked of the packages of an earlier run, and what it compiled of that, by their version and the path of this directory, and takes it for today's
# (rust-lang/cargo#13947 made the registry that it comes from).
rm -rf "${CARGO_HOME:-$HOME/.cargo}"/registry/src/-*/firn-sys-* "${CARGO_TARGET_DIR:-target}"/debug/.fingerprint/firn-sys-*
step packages cargo package --allow-dirty

# The ways in which a program gets the engine: each builds, has linked what was asked for, and runs the quick start of the README.
linked() { # linked NAME [-u VARIABLE] [VARIABLE=VALUE ...]
  linking=$1
  shift
  step "$linking" env "$@" sh -c 'cargo test -q -p firn --test linking && cargo test -q -p firn --doc -- README.md'
}
installed=$(pkg-config --variable=libdir firn 2>/dev/null)
if [ -n "$installed" ]; then
  linked pkg-config -u FIRN_LIB_DIR LD_LIBRARY_PATH="$installed" FIRN_TEST_LINKED="$installed"
  linked "pkg-config, static" -u FIRN_LIB_DIR FIRN_STATIC=1 FIRN_TEST_LINKED=static
else
  echo "SKIPPED: rust: pkg-config knows no installed libfirn"
fi
if [ -f "${FIRN_LIB_DIR:-}/libfirn.a" ]; then
  linked "FIRN_LIB_DIR, static" FIRN_STATIC=1 FIRN_TEST_LINKED=static
else
  echo "SKIPPED: rust: FIRN_LIB_DIR holds no libfirn.a"
fi
vendored() { # vendored NAME COMPRESSION FEATURES
  step "$1" env -u FIRN_LIB_DIR FIRN_TEST_LINKED=static FIRN_TEST_COMPRESSION="$2" sh -c '
    cargo test --no-fail-fast -p firn --features "$0" --test keys --test transactions --test linking && cargo test -q -p firn --features "$0" --doc -- README.md' "$3"
}
vendored "engine in the crate" lz4,zstd vendored,lz4,zstd
if [ -n "${FIRN_DEEP:-}" ]; then vendored "engine in the crate, without compression" none vendored; fi

# Miri knows no C++: it checks what needs none, the unit tests.
if cargo miri --version >/dev/null 2>&1; then
  step miri env MIRIFLAGS=-Zmiri-disable-isolation cargo miri test -p firn --lib
else
  echo "SKIPPED: miri: this toolchain has no \`cargo miri\` (rustup component add miri, on a nightly)"
fi
conclude
