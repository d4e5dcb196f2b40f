#!/bin/sh
# seeds_test.sh PROGRAM DIRECTORY [LIAR [EXCEPTIONS]]: runs every row of firn_seeds, small. Without LIAR each row of --list has to be in the table and, with a time for each of its variants, in the JSON
# lines. With LIAR, a library whose answers are wrong, preloaded, each row has to fail, and the program with it, but for those that the file EXCEPTIONS names.
set -eu
program=$1 directory=$2 liar=${3:-} exceptions=${4:-/dev/null}
work=$(mktemp -d "$directory/seeds_test.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
  echo "seeds_test: $*" >&2
  cat "$work/progress" >&2
  exit 1
}

"$program" --list | cut -d ' ' -f 1 | sort >"$work/rows"
[ "$(wc -l <"$work/rows")" -gt 100 ] || fail "the list has hardly a row"
code=0
LD_PRELOAD=$liar "$program" --scale 0.001 --seconds-max 0.05 --reps 1 --dir "$work" --json "$work/lines" >"$work/table" 2>"$work/progress" || code=$?

if [ -n "$liar" ]; then
  [ "$code" -eq 1 ] || fail "ended with $code"
  grep -v '^#' "$exceptions" | sort >"$work/exceptions" || true
  comm -23 "$work/rows" "$work/exceptions" >"$work/liable"
  sed -n 's/^| \([a-z][^ ]*\) .*| FAILED |$/\1/p' "$work/table" | sort | diff "$work/liable" - || fail "rows took wrong answers for right ones"
  exit 0
fi
[ "$code" -eq 0 ] || fail "ended with $code"
sed -n 's/^| \([a-z]*\.[^ ]*\) .*/\1/p' "$work/table" | sort | diff "$work/rows" - || fail "the table has other rows than the list"
# The progress names every variant; each has a line, and a time above 0.
sed -n 's/^1\/1 //p' "$work/progress" | sed 's/  */ /; s/ *$//' | sort >"$work/variants"
sed -n 's/.*"row":"\([^"]*\)".*"variant":"\([^"]*\)".*"wall_ns":[0-9.e+]*[1-9].*/\1 \2/p' "$work/lines" | sort | diff "$work/variants" - ||
  fail "the JSON lines have other rows or variants"
cut -d ' ' -f 1 "$work/variants" | sort -u | diff "$work/rows" - || fail "rows without a variant"
