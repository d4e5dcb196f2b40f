#!/bin/sh
# Everything about the Rust bindings: formatting, lints, tests, documentation, the packages as a registry
# would hand them out, and the engine compiled by the crate itself.
# FIRN_LIB_DIR (and LD_LIBRARY_PATH) or pkg-config say where libfirn is. `./dev test` calls this.
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
# Cargo keeps what it unpacked of the packages of an earlier run by their version and the path of this directory, and takes it for today's
# (rust-lang/cargo#13947 made the registry that it comes from).
rm -rf "${CARGO_HOME:-$HOME/.cargo}"/registry/src/-*/firn-sys-*
step packages cargo package --allow-dirty
step "engine in the crate" env -u FIRN_LIB_DIR cargo test --no-fail-fast --features vendored --test keys --test transactions
conclude
