#!/bin/sh
# The names that the library exports, those in costmark.symbols, and the functions of the headers
# are the same. Usage: symbols.sh LIBRARY SYMBOLS DIRECTORY_OF_HEADERS
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort > "$work/library"
grep -v '^#' "$2" | cut -d ' ' -f 1 > "$work/list"
cat "$3"/*.h > "$work/headers"
grep -o '\*\?\bcostmark_[a-z_]*(' "$work/headers" | tr -d '*(' | sort -u > "$work/mentioned"
# Declarations only: what the headers call in comments is declared as well.
tr '\n' ' ' < "$work/headers" | grep -o 'COSTMARK_EXPORT [^;]*;' | grep -o 'costmark_[a-z_]*(' |
  tr -d '(' | sort > "$work/declared"
tr '\n' ' ' < "$work/headers" | grep -o 'static inline [^{]*{' | grep -o 'costmark_[a-z_]*(' |
  tr -d '(' | cat - "$work/declared" | sort > "$work/known"

status=0
sort -c "$work/list" || { echo "costmark.symbols is not sorted"; status=1; }
diff "$work/list" "$work/library" || { echo "< costmark.symbols, > the library"; status=1; }
diff "$work/list" "$work/declared" || { echo "< costmark.symbols, > the headers"; status=1; }
comm -23 "$work/mentioned" "$work/known" | grep . && { echo "named in comments only"; status=1; }
awk '!/^#/ && !/^costmark_[a-z_]+ [0-9]+\.[0-9]+$/ { print "odd line: " $0; bad = 1 } END { exit bad }' \
  "$2" || status=1
# Each release has a version node of its own, with the functions that it added.
nm -D --defined-only --with-symbol-versions "$1" |
  sed -n 's/.* T \(costmark_[a-z_]*\)@@COSTMARK_\([0-9.]*\)$/\1 \2/p' | sort > "$work/versions"
grep -v '^#' "$2" | diff - "$work/versions" ||
  { echo "< costmark.symbols, > the version nodes of the library"; status=1; }
exit $status
