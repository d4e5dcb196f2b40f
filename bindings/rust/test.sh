#!/bin/sh
# Everything about the Rust bindings: formatting, lints, tests, documentation, the packages as a registry
# would hand them out, and the engine compiled by the crate itself.
# FIRN_LIB_DIR (and LD_LIBRARY_PATH) or pkg-config say where libfirn is. `./dev test` calls this.
set -eu
cd "$(dirname "$0")"

# A Debian's cargo comes without these two.
if cargo fmt --version >/dev/null 2>&1; then cargo fmt --all --check; else echo "SKIPPED: rust: no rustfmt"; fi
if cargo clippy --version >/dev/null 2>&1; then
  cargo clippy --all-targets --features tokio -- -D warnings
else
  echo "SKIPPED: rust: no clippy"
fi
cargo test --features tokio
RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --features tokio
cargo package --allow-dirty

# The same on the engine that is compiled from the sources in the crate.
unset FIRN_LIB_DIR
cargo test --features vendored --test keys --test transactions
