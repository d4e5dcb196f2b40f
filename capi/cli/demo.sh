#!/bin/sh
# demo.sh FIRN: shows Firn on real data that every Debian machine has: the package index, and every file under /usr/share and /usr/include.
# Loads both, reads back and compares with the source, kills a loader with SIGKILL and shows that nothing acknowledged is lost.
# Any difference ends it with a status other than 0. Works in a directory of its own below TMPDIR (or /var/tmp), removed at the end;
# FIRN_DEMO_DIR=DIR (a directory that does not exist yet) is used instead and kept.
# FIRN_DEMO_FILES: the directories whose files are loaded, instead of "/usr/share /usr/include".
set -eu

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: demo.sh FIRN   (the firn binary)" >&2
  exit 2
fi
firn=$1
file_roots=${FIRN_DEMO_FILES:-/usr/share /usr/include}
export LC_ALL=C

exec 3>&1 # where people read, also when the output of a command is taken

step() { printf '\n== %s\n' "$*"; }
run() {
  printf '$ firn %s\n' "$*" >&3
  "$firn" "$@"
}
die() {
  printf 'demo: FAILED: %s\n' "$*" >&2
  exit 1
}

if [ -n "${FIRN_DEMO_DIR:-}" ]; then
  mkdir "$FIRN_DEMO_DIR" || die "FIRN_DEMO_DIR must name a directory that does not exist yet, below one that does"
  work=$FIRN_DEMO_DIR
  keep=1
else
  work=$(mktemp -d "${TMPDIR:-/var/tmp}/firn-demo.XXXXXX")
  keep=0
fi
loader=
finish() {
  status=$?
  trap - EXIT
  if [ -n "$loader" ]; then kill -KILL "$loader" 2>/dev/null || true; fi
  if [ "$keep" -eq 0 ]; then rm -rf "$work"; else printf '\nThe databases are kept in %s\n' "$work"; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- The package index ------------------------------------------------------------------------------------------------

step "The package index of this machine, as apt-cache dumpavail prints it"
command -v apt-cache >/dev/null || die "there is no apt-cache: the demo needs a Debian machine"
apt-cache dumpavail >"$work/packages"
if [ "$(grep -c '^Package:' "$work/packages")" -lt 1000 ] && [ "$(id -u)" -eq 0 ]; then
  echo "The package lists are empty: apt-get update"
  apt-get -qq update
  apt-cache dumpavail >"$work/packages"
fi
packages=$(grep -c '^Package:' "$work/packages") || die "the package index is empty: run apt-get update as root"
echo "$packages packages, $(wc -c <"$work/packages") bytes"

run load "$work/packages.firn" --format dump822 <"$work/packages"

step "Count and compare with the source, every package byte for byte"
counted=$("$firn" count "$work/packages.firn")
echo "firn count: $counted"
[ "$counted" -eq "$packages" ] || die "loaded $packages packages, counted $counted"
run compare "$work/packages.firn" --format dump822 <"$work/packages" || die "the database differs from the index"

step "Read one key, scan a prefix"
run get "$work/packages.firn" dpkg | head -n 3
run scan "$work/packages.firn" --prefix libc6 --keys-only >"$work/scanned"
head -n 5 "$work/scanned"
echo "... $(wc -l <"$work/scanned") keys begin with libc6"
sed -n 's/^Package: \(libc6.*\)$/\1/p' "$work/packages" | sort -u >"$work/expected"
grep -v '=' "$work/scanned" | cmp - "$work/expected" || die "the scan and the index differ"

# ---- Files ------------------------------------------------------------------------------------------------------------

step "Every regular file under $file_roots: key = path, value = content"
# shellcheck disable=SC2086 # a list of directories
run load "$work/files.firn" --skip-unreadable --acks "$work/loaded" --files $file_roots
loaded=$(wc -l <"$work/loaded")
counted=$("$firn" count "$work/files.firn")
echo "firn count: $counted"
[ "$counted" -eq "$loaded" ] || die "acknowledged $loaded files, counted $counted"

step "Read some of the files back, and compare each with its source (cmp)"
# Paths whose lines hold an escape are left to `firn compare` below.
grep -v '\\' "$work/loaded" | awk -v n="$loaded" 'NR % int(n / 100 + 1) == 0' >"$work/sample"
compared=0
while IFS= read -r path; do
  "$firn" get "$work/files.firn" "$path" >"$work/value" || die "$path is not there"
  cmp "$work/value" "$path" || die "$path differs"
  compared=$((compared + 1))
done <"$work/sample"
[ "$compared" -gt 0 ] || die "no file to compare"
echo "$compared files are equal"

# ---- kill -9 ----------------------------------------------------------------------------------------------------------

step "Load the files again into a new database, and kill the loader in the middle with SIGKILL"
: >"$work/acknowledged"
# shellcheck disable=SC2086
"$firn" load "$work/killed.firn" --skip-unreadable --acks "$work/acknowledged" --files $file_roots >"$work/loader.out" 2>&1 &
loader=$!
third=$((loaded / 3))
while [ "$(wc -l <"$work/acknowledged")" -lt "$third" ]; do
  kill -0 "$loader" 2>/dev/null || die "the loader ended by itself: $(cat "$work/loader.out")"
  sleep 0.02
done
kill -KILL "$loader" || die "the loader had ended before it was killed"
status=0
wait "$loader" 2>/dev/null || status=$?
loader=
[ "$status" -eq 137 ] || die "the loader ended with $status, not by SIGKILL"
acknowledged=$(wc -l <"$work/acknowledged")
echo "killed; $acknowledged of $loaded files had been acknowledged"
[ "$acknowledged" -lt "$loaded" ] || die "the loader was done before it was killed"

step "Open it again, without any flag: what it found"
run stat "$work/killed.firn" --json >"$work/stat"
grep -o '"recovery":{[^}]*}' "$work/stat"

step "Every acknowledged key is there with the right value"
# shellcheck disable=SC2086
run compare "$work/killed.firn" --only "$work/acknowledged" --files $file_roots || die "an acknowledged key is lost or differs"
counted=$("$firn" count "$work/killed.firn")
echo "firn count: $counted (a put that was written and not yet acknowledged may be there too)"
[ "$counted" -ge "$acknowledged" ] && [ "$counted" -le $((acknowledged + 1)) ] || die "acknowledged $acknowledged keys, counted $counted"
run check "$work/killed.firn" || die "the check of the killed database found damage"

step "How the files lie in the database: sorted tables, newest run first"
run levels "$work/files.firn"

printf '\nDone: no difference, nothing acknowledged was lost.\n'
