#!/bin/sh
# check.sh RESULTS.jsonl: makes the page of these results and opens it in a browser. Ends with 77, loudly, where there is no Python or no Chromium.
cd "$(dirname "$0")" || exit 2
command -v python3 >/dev/null || {
  echo "SKIPPED: report: needs python3"
  exit 77
}
page=${1%.jsonl}.html
python3 -B report.py "$1" >"$page" && exec python3 -B browser.py "$page" "${page%.html}.png"
