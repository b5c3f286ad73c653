#!/bin/sh
# Installs into an empty folder, moves that, and builds the example with nothing but what is there:
# with the shared library, with the archive beside it, and where there is no shared library.
# Usage: install_test.sh BUILD_DIRECTORY EXAMPLE C_COMPILER. Exit code 77: skipped.
set -eu
command -v pkg-config > /dev/null || { echo 'skipped: no pkg-config'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$1" --prefix "$work/first" > /dev/null
mv "$work/first" "$work/moved"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name costmark.pc)")
export PKG_CONFIG_PATH
libraries=$(dirname "$PKG_CONFIG_PATH")
for file in share/doc/costmark/LICENSE \
  share/doc/costmark/README.md share/doc/costmark/CHANGELOG.md share/doc/costmark/examples/c/prepare.c; do
  test -s "$work/moved/$file" || { echo "not installed: $file"; exit 1; }
done
headers=$(cd "$(dirname "$2")/../../capi/include" && pwd)
(cd "$headers" && find costmark -name '*.h' -o -name '*.hpp') > "$work/headers"
grep -q 'costmark/sdk/json.hpp' "$work/headers"
while read -r header; do
  cmp "$headers/$header" "$work/moved/include/$header"
done < "$work/headers"
if grep -r -l -F -e "$work/first" -e "$1" "$work/moved" --include='*.pc' --include='*.cmake' --include='*.h*'; then
  echo 'these name a folder of the build'
  exit 1
fi

# build PROGRAM ARGUMENT...: plain cc, and the arguments that pkg-config prints.
build() {
  program=$1 cc=$2 example=$3
  shift 3
  # Word splitting is meant: pkg-config prints a list of arguments.
  # shellcheck disable=SC2046
  "$cc" -std=c99 -Wall -Wextra -pedantic -Werror "$example" $(pkg-config --cflags "$@") \
    $(pkg-config --libs "$@") -o "$work/$program"
}
runs() { env -i ${2:+LD_LIBRARY_PATH="$2"} "$work/$1" | grep -q 'project proj_abc123, from client'; }

build shared "$3" "$2" costmark
if runs shared 2> /dev/null; then echo 'the shared library was not linked'; exit 1; fi
runs shared "$libraries"

build beside "$3" "$2" costmark-static
runs beside

# Where only the archive is, `--static` says all that it needs.
rm "$libraries"/libcostmark.so*
build alone "$3" "$2" --static costmark
runs alone

test "$(pkg-config --modversion costmark)" = "$("$3" -E -dM "$2" $(pkg-config --cflags costmark) |
  awk '/COSTMARK_VERSION_(MAJOR|MINOR|PATCH) / { v = v sep $3; sep = "." } END { print v }')"
