#!/bin/sh
# measure.sh [--smoke]: all rows of README.md in one run of some seven minutes, on a machine that does nothing else: beside Badger, Pebble and bbolt, the workloads of the
# earlier systems, memory, and what the binding costs. pkg-config must find libfirn (./dev bench --go sees to it). FIRN_BENCH_DIRECTORY: where the databases lie.
# What was measured goes to measured.txt, benchstat's view of it to benchstat.txt, and the tables into README.md. With --smoke every row runs once, over few keys, and
# nothing is kept.
set -eu
cd "$(dirname "$0")"
time=200ms count=6 seed_count=4 keys=200000 memory_keys=1000000
out=$(mktemp -d) # nothing that is here changes before all is measured
trap 'rm -rf "$out"' EXIT
cp README.md "$out/"
kept=yes
if [ "${1:-}" = --smoke ]; then
  time=1x count=1 seed_count=1 keys=5000 memory_keys=5000
  kept=
elif [ $# -gt 0 ]; then
  echo "measure.sh takes --smoke" >&2
  exit 2
fi
directory=${FIRN_BENCH_DIRECTORY:-${TMPDIR:-/tmp}}
say() { printf '== %s\n' "$*"; }
# bench PATTERN COUNT TIME KEYS: appends to what was measured.
bench() {
  timeout 420 "$out/bench.test" -test.run '^$' -test.bench "$1" -test.count "$2" -test.benchtime "$3" -keys "$4" -directory "$directory" >>"$out/measured.txt" ||
    { tail -n 20 "$out/measured.txt"; exit 1; }
}

go test -c -o "$out/bench.test" .
go test -c -o "$out/entries.test" ..
: >"$out/measured.txt"
say "beside Badger, Pebble and bbolt"
bench 'Put|Batch1000|Get|View|Scan|Seek|Transaction|Counter|SyncPut|Boundary' $count $time $keys
say "memory, a process for each"
for engine in firn badger pebble bbolt; do bench "Memory/engine=$engine" 1 1x $memory_keys; done
say "the workloads of the earlier systems"
bench 'GoLite|Bitcask|Namestore|Strata' $seed_count $time $keys
say "what an entry costs on the side of Go"
"$out/entries.test" -test.run '^$' -test.bench Entries -test.count $seed_count -test.benchtime $time >>"$out/measured.txt"

grep -E '^(goos|goarch|cpu|pkg: .*/bench$)|/engine=' "$out/measured.txt" | grep -v '^BenchmarkMemory' | go tool benchstat -col /engine - >"$out/benchstat.txt"
go run ./figures -machine "$(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(go env GOVERSION), $(date -u +%Y-%m-%d), $keys keys (memory: $memory_keys)" \
  "$out/measured.txt" "$out/README.md"
if [ -n "$kept" ]; then
  cp "$out/measured.txt" "$out/benchstat.txt" "$out/README.md" .
else
  cat "$out/README.md"
fi
