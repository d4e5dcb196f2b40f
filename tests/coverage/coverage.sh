#!/bin/sh
# coverage.sh [SUITE...]: builds the engine and its tests instrumented (clang's source-based coverage) in build/coverage, or in FIRN_COVERAGE_BUILD; runs every suite of GoogleTest, or
# those that are named (base, crashfs, db, ...), in the share that suite release runs; prints lines and branches of core/ and capi/ (without the command), file by file and in total,
# and writes what no test reached to uncovered.txt there. A process that is killed tells nothing of what it reached: the figures are lower bounds. Ends with 1 when
# a test fails, with 77, loudly, where there is no clang or no llvm-cov. FIRN_COVERAGE_JOBS: how many processes.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
build=${FIRN_COVERAGE_BUILD:-$root/build/coverage}
jobs=${FIRN_COVERAGE_JOBS:-$(nproc)}
clang=$(command -v clang++ || command -v clang++-14)
profdata=$(command -v llvm-profdata || command -v llvm-profdata-14)
cov=$(command -v llvm-cov || command -v llvm-cov-14)
if [ -z "$clang" ] || [ -z "$profdata" ] || [ -z "$cov" ]; then
  echo "SKIPPED: coverage: needs clang++, llvm-profdata and llvm-cov (Debian: apt-get install clang llvm)"
  exit 77
fi
[ $# -gt 0 ] || set -- allocation base capi crash crashfs db durable_log env fuzz golden linearizability log lsm model scenarios table
suites=$(IFS='|' && echo "$*")
programs=$(for suite in "$@"; do echo "firn_${suite}_test"; done)

mkdir -p "$build" || exit 2
# The names of programs are words on purpose, here and below.
# shellcheck disable=SC2086
if ! { cmake -G Ninja -S "$root" -B "$build" -DCMAKE_CXX_COMPILER="$clang" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG -fprofile-instr-generate -fcoverage-mapping" -DFIRN_TESTS=ON -DFIRN_CLI=OFF -DFIRN_BENCH=OFF &&
  cmake --build "$build" -j "$jobs" --target $programs; } >"$build/build.log" 2>&1; then
  grep -E 'error|Error|FAILED' "$build/build.log" | head -20
  echo "coverage: does not build: $build/build.log"
  exit 1
fi

# One profile a program, into which all its processes add what they counted.
rm -rf "$build/profiles"
LLVM_PROFILE_FILE="$build/profiles/%4m.profraw" ctest --test-dir "$build" -j "$jobs" --output-on-failure -R "^($suites)(_[0-9]+)?\$" >"$build/tests.log" 2>&1
failed=$?
grep -E 'tests passed|\*\*\*|Failed|Timeout' "$build/tests.log"
"$profdata" merge -sparse -o "$build/all.profdata" "$build"/profiles/*.profraw || exit 1

set --
for program in $programs; do
  path=$(find "$build/tests" -name "$program" -type f)
  [ $# -eq 0 ] || set -- "$@" -object
  set -- "$@" "$path"
done
# What both need: which counts, and which files are not the engine's.
foreign='/(tests|cli)/|^/usr/|xxhash\.h'
set -- "$@" "-instr-profile=$build/all.profdata" "-ignore-filename-regex=$foreign"

# DA:line,count and BRDA:line,block,branch,count (- or 0: never).
"$cov" export "$@" -format=lcov 2>/dev/null | awk -F'[:,]' -v uncovered="$build/uncovered.txt" '
  $1 == "SF" {
    file = substr($0, 4)
    sub(/^.*\/\.\//, "", file)  # builds are reproducible: no path of this machine is in them
    names[++count] = file
  }
  $1 == "DA" { lines[file]++; if ($3 == 0) print file ":" $2 ": line" >uncovered; else hit[file]++ }
  $1 == "BRDA" { branches[file]++; if ($5 == "-" || $5 == 0) print file ":" $2 ": branch" >uncovered; else taken[file]++ }
  function share(part, all) { return all == 0 ? "     -" : sprintf("%5.1f%%", 100 * part / all) }
  function tell(name, l, h, b, t) { printf "%-36s lines %s of %5d   branches %s of %5d\n", name, share(h, l), l, share(t, b), b }
  END {
    for (i = 1; i <= count; i++) {
      file = names[i]
      tell(file, lines[file], hit[file], branches[file], taken[file])
      all_lines += lines[file]; all_hit += hit[file]; all_branches += branches[file]; all_taken += taken[file]
    }
    tell("TOTAL", all_lines, all_hit, all_branches, all_taken)
  }'
echo "what no test reached: $build/uncovered.txt"
[ "$failed" -eq 0 ]
