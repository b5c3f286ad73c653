#!/bin/sh
# costmark.hpp under every compiler that is here, with and without exceptions.
# Usage: hpp_compilers_test.sh SOURCE_DIRECTORY. Exit code 77: skipped.
set -eu
source=$1 status=0 tried=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#include <costmark/costmark.hpp>\nint main() { return costmark::c::abi_version() == 0; }\n' > "$work/alone.cpp"

# compile COMPILER STANDARD ARGUMENT...
compile() {
  compiler=$1 standard=$2
  shift 2
  "$compiler" "-std=c++$standard" -fsyntax-only -Wall -Wextra -Wshadow -Wconversion -pedantic -Werror \
    -I "$source/capi/include" "$@" || { echo "$compiler, C++$standard: $*"; status=1; }
}

for found in g++ clang++; do
  command -v "$found" > /dev/null || { echo "not here: $found"; continue; }
  tried=$((tried + 1))
  for wanted in 17 20; do
    compile "$found" $wanted "$work/alone.cpp"
    compile "$found" $wanted "$source/capi/examples/send.cpp"
    compile "$found" $wanted -fno-exceptions -fno-rtti "$source/tests/capi/hpp_without_exceptions.cpp"
    compile "$found" $wanted -DCOSTMARK_NO_EXCEPTIONS "$source/tests/capi/hpp_without_exceptions.cpp"
  done
done
test $tried -gt 0 || { echo 'skipped: no compiler'; exit 77; }
exit $status
