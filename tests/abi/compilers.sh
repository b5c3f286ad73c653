#!/bin/sh
# The header alone compiles in every language and standard that it is for, with every compiler that
# is installed and with every warning. Usage: compilers.sh INCLUDE-DIRECTORY; 77: a compiler is
# missing.
set -eu
include=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#include <costmark/costmark.h>\ncostmark_str text = COSTMARK_STR("a");\n' > "$work/a.c"
cp "$work/a.c" "$work/a.cpp"
missing=0

try() { # COMPILER FILE STANDARD...
  compiler=$1 file=$2
  shift 2
  if ! command -v "$compiler" > /dev/null; then
    echo "$compiler is not installed"
    missing=77
    return
  fi
  for standard in "$@"; do
    "$compiler" -std="$standard" -Wall -Wextra -pedantic -Werror -Wshadow -Wconversion \
      -Wundef -fsyntax-only -I "$include" "$work/$file" ||
      { echo "$compiler -std=$standard refuses the header"; exit 1; }
  done
}

try gcc a.c c99 c11 c17
try g++ a.cpp c++11 c++17 c++20
try clang a.c c99 c11 c17
try clang++ a.cpp c++11 c++17 c++20
exit $missing
