#!/bin/sh
# A build with COSTMARK_NETWORK=OFF: it needs no libcurl, prepares, and says what it cannot do. Where
# there is an archive of simdjson, a program of it is fully static.
# It builds everything once more, so it runs only where TEST_FULL is set (./dev test --full).
# Usage: without_network_test.sh SOURCE_DIRECTORY C_COMPILER [ARCHIVE_OF_SIMDJSON]
set -eu
source=$1 cc=$2 simdjson=${3:-}
[ -n "${TEST_FULL:-}" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-g0 \
  -DCMAKE_C_COMPILER="$cc" -DCOSTMARK_NETWORK=OFF -DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON > /dev/null
cmake --build "$work/build" --target costmark costmark_archive > /dev/null
"$source/tests/capi/without_network_check.sh" "$source" "$cc" "$work/build" $simdjson
