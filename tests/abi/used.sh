#!/bin/sh
# A snapshot's program uses every function of its headers. Usage: used.sh SNAPSHOT
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$1"/include/costmark/*.h | tr '\n' ' ' | grep -o 'COSTMARK_EXPORT [^;]*;' |
  grep -o 'costmark_[a-z_]*(' | tr -d '(' | sort -u > "$work/declared"
grep -o '\bcostmark_[a-z_]*\b' "$1/program.c" | sort -u > "$work/used"
[ "$(wc -l < "$work/declared")" -gt 80 ] || { echo "no functions in the headers"; exit 1; }
missing=$(comm -23 "$work/declared" "$work/used")
[ -z "$missing" ] || { echo "$1/program.c does not use:"; echo "$missing"; exit 1; }
