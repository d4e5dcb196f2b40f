#!/bin/sh
# check.sh [--renew]: compares the binary interface that firn.h declares with the baseline beside this script: functions, their types, structs, constants. Whatever was
# removed or changed is refused; what was added is fine. --renew writes the baseline anew: after an addition, so that it is guarded from then on, and after a change that
# was meant, together with a new SONAME. Needs abigail-tools; ends with 77 when they are not there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
header=$here/../include/firn.h
command -v abidw >/dev/null && command -v abidiff >/dev/null || {
  echo "SKIPPED: abi: abidw and abidiff (package abigail-tools) are not there"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

awk -f "$here/stub.awk" "$header" >"$work/stub.c"
# -gdwarf-4: what abigail-tools of Debian 12 read best.
${CC:-cc} -std=c11 -gdwarf-4 -O0 -fPIC -shared -w -I"$here/../include" -Wl,-soname,libfirn.so.0 "$work/stub.c" -o "$work/libfirn.so"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$work/firn.abi" "$work/libfirn.so"
awk -f "$here/constants.awk" "$header" | LC_ALL=C sort >"$work/constants.txt"

if [ "${1:-}" = --renew ]; then
  cp "$work/firn.abi" "$work/constants.txt" "$here/"
  echo "abi: the baseline is that of $(grep -c "^FIRN_API" "$header") functions and $(wc -l <"$work/constants.txt") constants"
  exit 0
fi

bad=0
code=0
abidiff --no-added-syms --suppressions "$here/allowed.suppr" "$here/firn.abi" "$work/firn.abi" >"$work/said" 2>&1 || code=$?
if [ "$code" -ne 0 ]; then
  cat "$work/said"
  bad=1
fi
if ! LC_ALL=C comm -23 "$here/constants.txt" "$work/constants.txt" >"$work/gone" || [ -s "$work/gone" ]; then
  echo "abi: constants that were, and are not so any more:"
  cat "$work/gone"
  bad=1
fi
[ "$bad" -eq 0 ] || {
  echo "abi: the interface has changed; if that is meant: a new SONAME, then sh capi/abi/check.sh --renew"
  exit 1
}
echo "abi: everything that was there is there as it was"
