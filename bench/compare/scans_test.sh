#!/bin/sh
# scans_test.sh PROGRAM DIRECTORY LIAR: each row of firn_compare that scans has to fail, and the program with it, when LIAR is preloaded, a library whose short scans find nothing.
set -eu
program=$1 directory=$2 liar=$3
progress=$(mktemp "$directory/scans_test.XXXXXX")
trap 'rm -f "$progress"' EXIT

for row in seek10 seek100 ycsb_e ycsb_e_mt mixed mixed_mt ts_scan100 ts_oldest; do
  code=0
  LD_PRELOAD=$liar "$program" --engines firn --workloads "$row" --keys 2000 --reps 1 --seconds-max 0.2 --dir "$directory" >/dev/null 2>"$progress" || code=$?
  if [ "$code" -ne 1 ] || ! grep -q "wrong or missing entries of scans" "$progress"; then
    echo "scans_test: $row took empty scans for right ones (code $code)" >&2
    cat "$progress" >&2
    exit 1
  fi
done
