#!/bin/sh
# tidy.sh [ROOT]: the rules of the house that a compiler does not check. Prints one line a violation, `file:line: rule: what`, and ends with 1.
# POSIX sh and awk only. tidy_catches.sh plants a violation of every rule and sees this script find it.
#   top      no top-level name but the fixed ones; the layers of core/ are base env log table lsm durable_log db
#   name     no file or folder called util, common, helpers, misc or manager
#   arrow    a file of core/ and capi/ includes its own layer or lower ones; table and log never each other; nothing in core/ sees firn.h
#   include  an include of the engine is written from core/ ("log/segment.h") and the file is there
#   cli      capi/cli includes firn.h and its own headers only; bindings, bench/compare and bench/seeds include nothing of core/
#   os       system calls are the business of core/env; threads that of core/db and core/durable_log (log/sync_group waits for them)
#   throw    core/ neither throws nor catches (the entry of a job of core/db or core/durable_log may catch)
#   todo     no unfinished business in the sources
#   guard    every header is guarded
#   header   firn.h compiles as C89, C11, C++11 and C++20 without a warning
#   shell    the scripts parse as what they are
set -u
root=$(cd "${1:-$(dirname "$0")/../..}" && pwd) || exit 2
cd "$root" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

# The sources: what git knows or could add, or, in an unpacked archive, all files but those of builds.
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$root" ]; then
  git ls-files -co --exclude-standard
else
  find . -type f ! -path './.git/*' ! -path './build*/*' ! -path './b/*' | sed 's|^\./||'
fi | grep -v '^bindings/go/internal/engine/' | sort -u | while IFS= read -r file; do # copies: the engine itself is examined
  [ -f "$file" ] && printf '%s\n' "$file"
done >"$work/files"
[ -s "$work/files" ] || { echo "tidy: no sources in $root" >&2; exit 2; }

check_names() {
  awk -F/ '
    BEGIN {
      split("capi core bindings tests bench pkgconfig .ci", folders, " ")
      split("CMakeLists.txt CMakePresets.json README.md LICENSE dev .clang-format .clang-tidy .gitignore .gitattributes", files, " ")
      split("base env log table lsm durable_log db", layers, " ")
      for (i in folders) folder[folders[i]] = 1
      for (i in files) top[files[i]] = 1
      for (i in layers) layer[layers[i]] = 1
    }
    NF == 1 && !($1 in top) { print $0 ":1: top: not one of the fixed top-level files" }
    NF > 1 && !($1 in folder) { print $0 ":1: top: not in one of the fixed top-level folders" }
    NF > 2 && $1 == "core" && !($2 in layer) { print $0 ":1: top: core/" $2 " is not a layer" }
    {
      for (i = 1; i <= NF; i++) {
        words = split(tolower($i), word, /[^a-z]+/)
        for (j = 1; j <= words; j++)
          if (word[j] ~ /^(util|utils|utilities|common|helper|helpers|misc|manager)$/) {
            print $0 ":1: name: \"" word[j] "\" names nothing: say which noun it is"
          }
      }
    }' "$work/files"
}

check_includes() {
  grep -E '^(core|capi)/.*\.(cc|h)$|^bench/(compare|seeds)/.*\.(cc|h)$|^bindings/.*\.(c|cc|h)$' "$work/files" | grep -v '^core/base/xxhash\.h$' >"$work/units"
  awk -v list="$work/files" -v units="$work/units" '
    function complain(rule, what) { print file ":" line ": " rule ": " what }
    BEGIN {
      while ((getline name < list) > 0) known[name] = 1
      # What each layer may include: itself and what lies below.
      allowed["base"] = " base "
      allowed["env"] = " base env "
      allowed["log"] = " base env log "
      allowed["table"] = " base env table "
      allowed["lsm"] = " base env log table lsm "
      allowed["durable_log"] = " base env log durable_log "
      allowed["db"] = " base env log table lsm db "
      allowed["capi"] = " base env log table lsm durable_log db "
      while ((getline file < units) > 0) {
        split(file, part, "/")
        folder = file
        sub(/\/[^\/]*$/, "", folder)
        layer = part[1] == "core" ? part[2] : part[1]
        outside = file ~ /^(capi\/cli|bench|bindings)\//
        guarded = 0
        line = 0
        while ((getline text < file) > 0) {
          line++
          if (text ~ /^#pragma once/ || text ~ /^#ifndef [A-Z0-9_]+_H_?$/) guarded = 1
          if (text ~ /^#[ \t]*include[ \t]*[<"]/) examine(text)
          else if (part[1] == "core") code(text)
        }
        close(file)
        if (file ~ /\.h$/ && !guarded) { line = 1; complain("guard", "no #pragma once") }
      }
    }
    function examine(text,    name, quoted, of) {
      quoted = text ~ /"/
      name = text
      sub(/^[^<"]*[<"]/, "", name)
      sub(/[>"].*$/, "", name)
      of = name
      sub(/\/.*$/, "", of)
      if (outside) {
        if (name ~ /^(\.\.|core|capi)\// || ((of in allowed) && (("core/" name) in known)) ||
            (quoted && name != "firn.h" && !((folder "/" name) in known) && !(("bench/" name) in known)))
          complain("cli", "\"" name "\": only firn.h and headers of its own")
        return
      }
      if (part[1] == "core" && name ~ /(^|\/)firn\.h$/) { complain("arrow", "core/ does not see firn.h"); return }
      if (!quoted) { system_header(name); return }
      if (part[1] == "capi" && (name == "firn.h" || ((folder "/" name) in known))) return
      if (!(("core/" name) in known)) { complain("include", "\"" name "\" is not a file of core/, written from core/"); return }
      if (index(allowed[layer], " " of " ") == 0) complain("arrow", layer " must not include " of)
    }
    function system_header(name) {
      if (part[1] != "core" || layer == "env") return
      if (layer != "db" && layer != "durable_log" && file != "core/log/sync_group.h" && name ~ /^(thread|future|condition_variable|pthread\.h)$/)
        complain("os", "<" name ">: threads live in core/db and core/durable_log")
      if (name ~ /^(sys|linux)\// || name ~ /^(fcntl\.h|unistd\.h|dirent\.h|filesystem|fstream)$/) complain("os", "<" name ">: only core/env talks to the system")
    }
    function code(text) {
      gsub(/"([^"\\]|\\.)*"/, "", text)
      sub(/\/\/.*$/, "", text)
      if (text ~ /(^|[^A-Za-z0-9_])throw([^A-Za-z0-9_]|$)/) complain("throw", "core/ does not throw")
      if (text ~ /(^|[^A-Za-z0-9_])(try|catch)([^A-Za-z0-9_]|$)/ && file !~ /^core\/(db|durable_log)\/[a-z_]*job[a-z_]*\.(cc|h)$/) complain("throw", "core/ does not catch")
    }' </dev/null
}

check_todo() {
  # xxhash.h is kept as it came; this folder has to say the words.
  grep -vE '^(core/base/xxhash\.h|tests/tidy/.*|LICENSE)$' "$work/files" | tr '\n' '\0' |
    xargs -0 grep -InE '(^|[^A-Za-z])(TODO|FIXME)([^A-Za-z]|$)' /dev/null | sed 's/^\([^:]*:[0-9]*\):.*/\1: todo: finish it or leave it out/'
}

check_header() {
  header=capi/include/firn.h
  [ -f "$header" ] || { echo "$header:1: header: missing"; return; }
  printf '#include "firn.h"\nint firn_is_included;\n' >"$work/unit.c"
  cp "$work/unit.c" "$work/unit.cc"
  for standard in c89 c11 c++11 c++20; do
    case $standard in
      c++*) unit=$work/unit.cc compiler="${CXX:-c++}" ;;
      *) unit=$work/unit.c compiler="${CC:-cc} -Wstrict-prototypes" ;;
    esac
    # $compiler is words on purpose.
    # shellcheck disable=SC2086
    $compiler -std=$standard -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -fsyntax-only -Icapi/include "$unit" >"$work/said" 2>&1 ||
      echo "$header:1: header: not clean as $standard: $(grep -m1 -E 'error|not found' "$work/said")"
  done
}

check_shell() {
  grep -E '^dev$|\.sh$|^\.ci/' "$work/files" | while IFS= read -r file; do
    case $(head -n1 "$file") in
      *bash*) command -v bash >/dev/null || continue; shell=bash ;;
      *) shell=sh ;;
    esac
    $shell -n "$file" 2>"$work/said" || echo "$file:1: shell: $(head -n1 "$work/said")"
  done
}

{ check_names; check_includes; check_todo; check_header; check_shell; } >"$work/violations"
if [ -s "$work/violations" ]; then
  cat "$work/violations"
  echo "tidy: $(wc -l <"$work/violations") violations"
  exit 1
fi
echo "tidy: $(wc -l <"$work/files") files, all rules kept"
