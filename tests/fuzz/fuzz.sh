#!/bin/sh
# fuzz.sh [SECONDS [TARGET...]]: builds the fuzz targets with clang (libFuzzer, AddressSanitizer, UndefinedBehaviorSanitizer, all invariants checked) in build/fuzz, or in
# FIRN_FUZZ_BUILD, seeded by FIRN_SEED; sees the canary's planted defect found, and fails if it is not; then fuzzes each target for so many seconds (40), from the committed corpus and what was found
# before. A finding stays in the build directory and its replay is printed. Ends with 77, loudly, where there is no clang.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
seconds=${1:-40}
[ $# -eq 0 ] || shift
build=${FIRN_FUZZ_BUILD:-$root/build/fuzz}
clang=$(command -v clang++ || command -v clang++-14)
if [ -z "$clang" ] || ! echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }' |
  "$clang" -x c++ -fsanitize=fuzzer,address - -o /dev/null 2>/dev/null; then
  echo "SKIPPED: fuzz: needs clang++ with libFuzzer and AddressSanitizer (./dev setup --deep); ctest -R fuzz replays the corpus without it"
  exit 77
fi
seed=$((${FIRN_SEED:-1} % 4294967295 + 1)) # libFuzzer's has 32 bits, and 0 stands for any
mkdir -p "$build" || exit 2
if ! { cmake -G Ninja -S "$root" -B "$build" -DCMAKE_CXX_COMPILER="$clang" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" \
  -DFIRN_SANITIZE=fuzzer-no-link,address,undefined -DFIRN_DEBUG_CHECKS=ON -DFIRN_TESTS=ON -DFIRN_FUZZ=ON -DFIRN_CLI=OFF -DFIRN_BENCH=OFF &&
  cmake --build "$build" -j "${FIRN_FUZZ_JOBS:-$(nproc)}" --target firn_fuzzers; } >"$build/build.log" 2>&1; then
  grep -E 'error|Error|FAILED' "$build/build.log" | head -20
  echo "fuzz: does not build: $build/build.log"
  exit 1
fi
cd "$build/tests/fuzz" || exit 2
corpora=$root/tests/fuzz/corpus

# What all runs have in common: a second an input is far too much (the bound is wide because machines are shared), and memory is bounded by the targets themselves.
fuzz() {
  target=$1
  shift
  mkdir -p "found/$target" "findings"
  "./${target}_fuzz" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -seed="$seed" -print_final_stats=1 -artifact_prefix="findings/$target-" "$@" "found/$target" "$corpora/$target" \
    >"$target.log" 2>&1
}
figure() { sed -n "s/^stat::$2: *//p" "$1.log" | tail -1; }

canary_seconds=300
if fuzz canary -max_total_time=$canary_seconds; then
  echo "fuzz: FAILED: the canary's planted defect was not found in $canary_seconds s: the fuzzer is blind"
  exit 1
fi
grep -q 'deadly signal\|SIGTRAP\|SIGILL\|illegal instruction' canary.log || {
  tail -5 canary.log
  echo "fuzz: FAILED: the canary ended for another reason than its planted defect"
  exit 1
}
rm -rf findings/canary-* found/canary
echo "[ figures  ] canary: its planted defect was found after $(grep -c '' canary.log) lines of log"

failed=
[ $# -gt 0 ] || set -- $(cd "$root/tests/fuzz" && for source in *_fuzz.cc; do echo "${source%_fuzz.cc}"; done | grep -v '^canary$')
for target in "$@"; do
  if fuzz "$target" -max_total_time="$seconds"; then
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$target.log" | tail -1)
    echo "[ figures  ] $target: $(figure "$target" number_of_executed_units) executions, $edges edges, corpus $(find "found/$target" "$corpora/$target" -type f | wc -l) files, 0 findings"
    continue
  fi
  failed="$failed $target"
  finding=$(sed -n 's/.*Test unit written to //p' "$target.log" | tail -1)
  grep -m3 -E 'SUMMARY|demands:|P12:|invariant' "$target.log"
  echo "fuzz: $target found something; replay: (cd $build/tests/fuzz && ./${target}_fuzz $finding)"
done
[ -z "$failed" ] || { echo "fuzz: FAILED:$failed"; exit 1; }
