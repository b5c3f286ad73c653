#!/bin/sh
# The tests of the ABI notice a change: with a member put in before any member of any public struct,
# layout_test.c does not compile. (A struct that it does not pin shows here as well.)
# Usage: insertion.sh INCLUDE-DIRECTORY LAYOUT-TEST COMPILER
set -eu
include=$1 layout=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/costmark"

# Copies the headers, with a member before the nth one of all structs; prints that member.
insert() { # N
  awk -v n="$1" -v to="$work/costmark/" '
    FNR == 1 { out = FILENAME; sub(/.*\//, to, out) }
    /^typedef struct costmark_[a-z_]+ \{/ { name = $3; inside = 1 }
    /^\}/ { inside = 0 }
    inside && /^  [a-z].*;/ && ++count == n { print "  uint64_t inserted;" > out; print name ": " $0 }
    { print > out }
  ' "$include"/costmark/*.h
}
compiles() {
  "$compiler" -std=c99 -fsyntax-only -I "$work" "$layout" 2> "$work/said"
}

insert 0
compiles || { cat "$work/said"; echo "the headers as they are do not fit its layout"; exit 1; }
n=1
while where=$(insert "$n") && [ -n "$where" ]; do
  if compiles; then
    echo "a member put in here would not be noticed: $where"
    exit 1
  fi
  grep -q 'pin_' "$work/said" || { cat "$work/said"; exit 1; }
  n=$((n + 1))
done
[ "$n" -gt 80 ] || { echo "only $n members found"; exit 1; }
