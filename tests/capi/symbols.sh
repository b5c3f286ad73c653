#!/bin/sh
# The names that the library exports, those in costmark.symbols, and the functions of the header are
# the same. Usage: symbols.sh LIBRARY SYMBOLS HEADER
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort > "$work/library"
grep -v '^#' "$2" | cut -d ' ' -f 1 > "$work/list"
grep -o '\*\?\bcostmark_[a-z_]*(' "$3" | tr -d '*(' | sort -u > "$work/mentioned"
# Declarations only: what the header calls in comments is declared as well.
tr '\n' ' ' < "$3" | grep -o 'COSTMARK_API [^;]*;' | grep -o 'costmark_[a-z_]*(' | tr -d '(' |
  sort > "$work/header"

status=0
sort -c "$work/list" || { echo "costmark.symbols is not sorted"; status=1; }
diff "$work/list" "$work/library" || { echo "< costmark.symbols, > the library"; status=1; }
diff "$work/list" "$work/header" || { echo "< costmark.symbols, > costmark.h"; status=1; }
comm -23 "$work/mentioned" "$work/header" | grep . && { echo "named in comments only"; status=1; }
awk '!/^#/ && !/^costmark_[a-z_]+ [0-9]+\.[0-9]+$/ { print "odd line: " $0; bad = 1 } END { exit bad }' \
  "$2" || status=1
nm -D "$1" | grep -q ' A COSTMARK_1$' || { echo "no version node COSTMARK_1"; status=1; }
exit $status
