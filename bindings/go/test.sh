#!/bin/sh
# test.sh: everything about the Go binding: with an installed libfirn (pkg-config must find it) and with the bundled sources, under the race detector and
# cgo's strictest pointer checks, fuzzing briefly, and the suites of others.
set -u
cd "$(dirname "$0")" || exit 2
binding=go
. ../steps.sh

formatted() {
  unformatted=$(gofmt -l .)
  [ -z "$unformatted" ] || { printf 'not formatted: %s\n' "$unformatted"; return 1; }
}
skipped= # what the closing line names
# within FOLDER COMMAND...: in a module of its own, whose dependencies come over the network; skipped, loudly, without it.
within() {
  [ -f "$1/go.mod" ] || { printf 'there is no module in %s\n' "$1"; return 1; }
  if ! (cd "$1" && go mod download) >/dev/null 2>&1; then
    echo "SKIPPED: $1: its dependencies cannot be had here"
    skipped="$skipped, $1 (its dependencies cannot be had here)"
    return 0
  fi
  (cd "$1" && shift && "$@")
}
# tested ARGUMENTS...: go test, of which what did not pass is shown; the closing line names what was skipped.
tested() {
  log=$(mktemp) || return 1
  go test -v "$@" >"$log" 2>&1
  code=$?
  grep -vE '^ *(=== |--- PASS|PASS$)' "$log"
  skips=$(sed -n 's/.*SKIPPED: *//p' "$log" | sort -u | tr '\n' ';')
  rm -f "$log"
  [ -z "$skips" ] || skipped="$skipped, tests (${skips%;})"
  return "$code"
}

# The collector for Prometheus is the only package here that needs other modules.
packages=./...
go mod download >/dev/null 2>&1 || {
  echo "SKIPPED: firnprom: its dependencies cannot be had here"
  skipped="$skipped, firnprom (its dependencies cannot be had here)"
  packages=.
}

step format formatted
step vet go vet $packages
step test tested -timeout 30m $packages # which compiles the engine once, as somebody who has fetched the module
step race go test -race -short $packages
step "pointer checks" env GOEXPERIMENT=cgocheck2 GODEBUG=cgocheck=1 go test -short $packages
# So many inputs, not so long: at the end of a time Go's fuzzing sometimes calls its own deadline a failure (golang/go#75804).
for target in $(grep -ho '^func Fuzz[A-Za-z]*' ./*_test.go | cut -d' ' -f2); do
  step "fuzz $target" go test -run '^$' -fuzz "^$target\$" -fuzztime 5000x .
done
step "bundled sources" env -u PKG_CONFIG_PATH -u LD_LIBRARY_PATH go test -short -tags firn_bundled $packages
step "suites of others" within suites go test ./...
step "benchmarks build" within bench go vet ./...
[ -z "$skipped" ] || binding="$binding (SKIPPED:${skipped#,})"
conclude
