#!/bin/sh
# memcheck.sh BUILD [PROGRAM...]: runs the tests of the C interface (of databases and of durable logs) of an uninstrumented build under Valgrind's memcheck: reads of memory that was never
# written, which no sanitizer of g++ finds. No suppressions. Ends with 77, loudly, where there is no Valgrind.
set -u
build=$(cd "${1:?a build directory}" && pwd) || exit 2
shift
[ $# -gt 0 ] || set -- firn_capi_test firn_durable_log_test firn_scenarios_test
if ! command -v valgrind >/dev/null; then
  echo "SKIPPED: memcheck: needs valgrind (Debian: apt-get install valgrind)"
  exit 77
fi
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
trap 'exit 2' HUP INT TERM
failed=0
for program in "$@"; do
  # Threads take turns fairly, for the tests wait for one another. What is lost LeakSanitizer looks for (suite asan): here a forked child would be blamed for its parent's threads.
  valgrind --quiet --fair-sched=yes --leak-check=no --error-exitcode=9 --child-silent-after-fork=no "$build/tests/$program" --gtest_brief=1 >"$log" 2>&1 || failed=1
  if grep -E '^==|FAILED|Failure' "$log"; then failed=1; fi
  echo "memcheck: $program: $(grep -E 'tests? ran|tests from' "$log" | tail -n 1)"
done
exit "$failed"
