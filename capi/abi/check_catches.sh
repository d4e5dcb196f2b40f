#!/bin/sh
# check_catches.sh: plants a change of every kind into a copy of firn.h and sees check.sh refuse it, and additions, which it has to take.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v abidiff >/dev/null || {
  echo "SKIPPED: abi: abidiff (package abigail-tools) is not there"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/abi" "$work/include"
cp "$here"/* "$work/abi/"
cp "$here/../include/firn.h" "$work/firn.h"

# try WANTED WHAT SED-SCRIPT
try() {
  sed "$3" "$work/firn.h" >"$work/include/firn.h"
  if cmp -s "$work/firn.h" "$work/include/firn.h"; then
    echo "check_catches: '$2' changes nothing: has firn.h another form?"
    exit 1
  fi
  code=0
  sh "$work/abi/check.sh" >"$work/said" 2>&1 || code=$?
  if [ "$code" -ne "$1" ]; then
    cat "$work/said"
    echo "check_catches: $2: ended with $code, not with $1"
    exit 1
  fi
}

cp "$work/firn.h" "$work/include/firn.h"
sh "$work/abi/check.sh" --renew >/dev/null
try 1 "a function that was removed" '/^FIRN_API int32_t firn_exists(/d'
try 1 "an argument of another type" 's/^FIRN_API int32_t firn_delete(firn_db \*db, uint32_t ns/FIRN_API int32_t firn_delete(firn_db *db, uint64_t ns/'
try 1 "another return type" 's/^FIRN_API int32_t firn_sync(/FIRN_API int64_t firn_sync(/'
try 1 "a member in the middle of a struct" 's/^  uint64_t version;  \/\* of the commit that wrote it \*\//  uint64_t other; uint64_t version;/'
try 1 "a code with another number" 's/^#define FIRN_EXISTS (-2)/#define FIRN_EXISTS (-102)/'
try 0 "a new function" 's/^FIRN_API int32_t firn_sync(firn_db \*db);/&\nFIRN_API int32_t firn_new_one(firn_db *db);/'
try 0 "a new code" 's/^#define FIRN_EXISTS (-2)/&\n#define FIRN_NEW_ONE (-77)/'
try 0 "a member at the end of the table for dlopen" 's/^} firn_api;/  int32_t (*new_one)(firn_db *db);\n} firn_api;/'
echo "abi: every planted change was caught, and additions were taken"
