#!/bin/sh
# A second opinion: what libabigail finds that a program built against a snapshot would not find in
# today's library. New functions are welcome. Usage: compare.sh SNAPSHOT LIBRARY; 77: cannot tell.
set -eu
command -v abidiff > /dev/null || { echo "abidiff is not installed (Debian: abigail-tools)"; exit 77; }
readelf -S "$2" | grep -q '\.debug_info' || { echo "$2 has no debug information"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(dirname "$0")/dump" "$2" > "$work/today.abi"
abidiff --no-added-syms "$1/libcostmark.abi" "$work/today.abi" || {
  echo "Not as in $1. As long as that version is not released: tests/abi/refresh"
  exit 1
}
