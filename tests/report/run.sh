#!/bin/sh
# run.sh: the tests of the benchmarks' report page. Ends with 77, loudly, where there is no Python.
cd "$(dirname "$0")" || exit 2
command -v python3 >/dev/null || {
  echo "SKIPPED: report: needs python3"
  exit 77
}
exec python3 -B report_test.py
