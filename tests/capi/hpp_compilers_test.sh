#!/bin/sh
# costmark.hpp under every compiler that is here, with and without exceptions; the programs of its
# first page and of docs/send.md; and costmark.h under old C++.
# Usage: hpp_compilers_test.sh SOURCE_DIRECTORY. Exit code 77: skipped.
set -eu
source=$1 status=0 tried=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#include <costmark/costmark.hpp>\nint main() { return costmark::sdk::abi_version() == 0; }\n' > "$work/alone.cpp"

# compile COMPILER STANDARD ARGUMENT...
compile() {
  compiler=$1 standard=$2
  shift 2
  "$compiler" "-std=c++$standard" -fsyntax-only -Wall -Wextra -Wshadow -Wconversion -pedantic -Werror \
    -I "$source/capi/include" "$@" || { echo "$compiler, C++$standard: $*"; status=1; }
}

# refused COMPILER STANDARD HEADER WHY: one line says why.
refused() {
  language=c++
  case $2 in c[89]*) language=c ;; iso*) language=c ;; esac
  echo "#include <costmark/$3>" > "$work/header"
  if errors=$("$1" "-std=$2" -fsyntax-only -I "$source/capi/include" -x $language "$work/header" 2>&1); then
    echo "$1: $3 is not refused as $2"; status=1
  fi
  test "$(printf '%s\n' "$errors" | grep -c 'error: ')" = 1 || { echo "$1, $2, $3: $errors"; status=1; }
  printf '%s\n' "$errors" | grep -q "needs $4" || { echo "$1, $2, $3: $errors"; status=1; }
}

echo '#include <costmark/costmark.h>' > "$work/c.cpp"

# The lines of the first page: those of the preprocessor and the alias stand outside of main().
page=$(sed -n '/costmark.h is the manual/q; s/^ \*     //p' "$source/capi/include/costmark/costmark.hpp")
{
  echo '#include <iostream>'
  printf '%s\n' "$page" | grep -e '^#' -e '^namespace'
  echo 'int main() {'
  printf '%s\n' "$page" | grep -v -e '^#' -e '^namespace'
  echo '}'
} > "$work/page.cpp"
grep -q 'call.send' "$work/page.cpp"
sed -n '/^```cpp/,/^```$/p' "$source/docs/send.md" | grep -v '^```' > "$work/send_md.cpp"
grep -q 'call.send' "$work/send_md.cpp"

for found in g++ clang++; do
  command -v "$found" > /dev/null || { echo "not here: $found"; continue; }
  tried=$((tried + 1))
  for old in 98 11 14; do
    for header in costmark.hpp sdk/credentials.hpp sdk/json.hpp; do
      refused "$found" c++$old $header 'C++17'
    done
    compile "$found" $old -Wno-long-long "$work/c.cpp"
  done
  compile "$found" 17 "$work/page.cpp"
  compile "$found" 17 "$work/send_md.cpp"
  for wanted in 17 20; do
    compile "$found" $wanted "$work/alone.cpp"
    compile "$found" $wanted "$source/examples/cpp/send.cpp"
    compile "$found" $wanted -fno-exceptions -fno-rtti "$source/tests/capi/hpp_without_exceptions.cpp"
    compile "$found" $wanted -DCOSTMARK_NO_EXCEPTIONS "$source/tests/capi/hpp_without_exceptions.cpp"
  done
done
for found in gcc clang; do
  command -v "$found" > /dev/null || { echo "not here: $found"; continue; }
  for old in c89 iso9899:199409; do
    for header in costmark.h json.h testing.h; do
      refused "$found" $old $header 'C99 or later'
    done
  done
  "$found" -std=gnu89 -fsyntax-only -Wall -Werror -I "$source/capi/include" -x c "$source/tests/capi/edges_program.c" ||
    { echo "$found, gnu89"; status=1; }
done
test $tried -gt 0 || { echo 'skipped: no compiler'; exit 77; }
exit $status
