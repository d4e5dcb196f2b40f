#!/bin/sh
# tidy_catches.sh ROOT: every rule of tidy.sh is seen to fail. A copy of the tree gets one violation at a time; tidy.sh must report that file
# and that rule, and must not have reported it before.
set -u
root=$(cd "${1:?the root of the tree}" && pwd) || exit 2
tidy=$(cd "$(dirname "$0")" && pwd)/tidy.sh
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
tree=$work/tree
mkdir "$tree"
for name in CMakeLists.txt capi core tests dev .ci; do
  [ -e "$root/$name" ] && cp -R "$root/$name" "$tree/"
done
sh "$tidy" "$tree" >"$work/before"
[ $? -le 1 ] || { echo "tidy.sh does not run"; exit 1; }
missed=0
count=0

# planted RULE FILE TEXT: FILE (new, or an old one with TEXT behind it) must be reported for RULE.
planted() {
  rule=$1 file=$2 text=$3
  count=$((count + 1))
  mkdir -p "$tree/$(dirname "$file")"
  rm -f "$work/kept"
  [ -f "$tree/$file" ] && cp -p "$tree/$file" "$work/kept"
  printf '%s\n' "$text" >>"$tree/$file"
  sh "$tidy" "$tree" >"$work/after"
  if [ $? -ne 1 ] || ! grep -F "$file:" "$work/after" | grep -vxFf "$work/before" | grep -qF ": $rule: "; then
    echo "not caught: $rule in $file: $text"
    missed=$((missed + 1))
  fi
  rm -f "$tree/$file"
  [ ! -f "$work/kept" ] || cp -p "$work/kept" "$tree/$file"
}

# spared FILE TEXT: not a violation of anything.
spared() {
  file=$1 text=$2
  count=$((count + 1))
  printf '%s\n' "$text" >"$tree/$file"
  if sh "$tidy" "$tree" | grep -F "$file:"; then
    echo "wrongly caught: $file: $text"
    missed=$((missed + 1))
  fi
  rm -f "$tree/$file"
}

echo x >>"$work/before" # never an empty list of patterns
planted top docs/notes.md 'a page'
planted top notes.md 'a page'
planted top core/cache/cache.cc '// a layer that is none'
planted name core/base/string_util.cc '// nothing'
planted name tests/helpers/file.cc '// nothing'
planted name core/db/job_manager.h '#pragma once'
planted arrow core/base/planted.cc '#include "env/env.h"'
planted arrow core/env/planted.cc '#include "log/segment.h"'
planted arrow core/log/planted.cc '#include "table/table.h"'
planted arrow core/table/planted.cc '#include "log/segment.h"'
planted arrow core/lsm/planted.cc '#include "db/db.h"'
planted arrow core/db/planted.cc '#include "firn.h"'
planted include core/db/planted.cc '#include "db.h"'
planted include core/db/planted.cc '#include "../base/slice.h"'
planted include core/db/planted.cc '#include "db/no_such_file.h"'
planted cli capi/cli/planted.cc '#include "base/slice.h"'
planted cli capi/cli/planted.cc '#include <base/slice.h>'
planted cli capi/cli/planted.cc '#include "../boundary.h"'
planted cli bench/compare/planted.cc '#include "db/db.h"'
planted cli bench/seeds/planted.cc '#include "db/db.h"'
planted os core/lsm/planted.cc '#include <sys/mman.h>'
planted os core/db/planted.cc '#include <unistd.h>'
planted os core/lsm/planted.cc '#include <thread>'
planted throw core/lsm/planted.cc '  throw 1;'
planted throw core/table/planted.cc '  } catch (...) {'
planted todo core/db/planted.cc '// TODO: later'
planted todo CMakeLists.txt '# FIXME'
planted guard core/base/planted.h '// a header'
planted header capi/include/firn.h '// a comment that C89 does not know'
planted header capi/include/firn.h 'struct firn_planted { int class; };'
planted shell tests/tidy/planted.sh 'if true; then'
spared core/base/planted.cc '#include "base/slice.h"  // does not throw'
spared core/lsm/planted.cc '#include "table/table.h"'
spared core/db/planted.cc 'const char* text = "try again"; int* p = new (std::nothrow) int;'
spared core/db/thread_planted.cc '#include <thread>'
spared capi/cli/planted.cc '#include <sys/stat.h>'

echo "tidy_catches: $count cases, $missed wrong"
[ "$missed" -eq 0 ]
