#!/bin/sh
# Installs into an empty folder, moves that, and builds the example with nothing but what is there.
# Usage: install_test.sh BUILD_DIRECTORY EXAMPLE C_COMPILER. Exit code 77: skipped.
set -eu
command -v pkg-config > /dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$1" --prefix "$work/first" --component Unspecified > /dev/null
mv "$work/first" "$work/moved"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name costmark.pc)")
export PKG_CONFIG_PATH
libraries=$(dirname "$PKG_CONFIG_PATH")

# Word splitting is meant: pkg-config prints a list of arguments.
# shellcheck disable=SC2046
"$3" -std=c99 -Wall -Wextra -pedantic -Werror "$2" $(pkg-config --cflags --libs costmark) \
  -Wl,-rpath,"$libraries" -o "$work/shared"
"$work/shared" | grep -q 'project proj_abc123, from client'

# shellcheck disable=SC2046
"$3" -std=c99 "$2" $(pkg-config --cflags costmark) "$libraries/libcostmark.a" \
  $(pkg-config --static --libs costmark | sed 's/-lcostmark//') -o "$work/static"
"$work/static" | grep -q 'project proj_abc123, from client'
test "$(pkg-config --modversion costmark)" = "$("$3" -E -dM "$2" $(pkg-config --cflags costmark) |
  awk '/COSTMARK_VERSION_(MAJOR|MINOR|PATCH) / { v = v sep $3; sep = "." } END { print v }')"
