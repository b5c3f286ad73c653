#!/bin/sh
# The program on the first page of costmark.h compiles, runs and does what it says.
# Usage: manual_test.sh HEADER LIBRARY C_COMPILER
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk '/^ \* It needs/ { exit } /^ \*     / { print substr($0, 8) } /^ \*$/ { print "" }' "$1" \
  > "$work/manual.c"
grep -q '^ \*     cc -std=c99 example.c $(pkg-config --cflags --libs costmark)$' "$1"
grep -q 'int main' "$work/manual.c"
"$3" -std=c99 -Wall -Wextra -pedantic -Werror "$work/manual.c" \
  -I "$(dirname "$(dirname "$1")")" -L "$(dirname "$2")" -lcostmark \
  -Wl,-rpath,"$(dirname "$2")" -o "$work/manual"
printed=$(env -i AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-real-secret "$work/manual")
printf '%s\n' "$printed" | grep -q -i -x 'set openai-project'
printf '%s\n' "$printed" | grep -q -i -x 'set authorization'
# Without credentials it fails, and says why.
if env -i AWS_EC2_METADATA_DISABLED=true "$work/manual" > "$work/out" 2> "$work/err"; then exit 1; fi
test ! -s "$work/out"
grep -q '^no AWS credentials were found' "$work/err"
