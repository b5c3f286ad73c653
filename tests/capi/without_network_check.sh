#!/bin/sh
# What a build without the network can do. Usage:
# without_network_check.sh SOURCE_DIRECTORY C_COMPILER BUILD_DIRECTORY [ARCHIVE_OF_SIMDJSON]
set -eu
source=$1 cc=$2 build=$3 simdjson=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keys='AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-real-secret'

cmake --install "$build" --prefix "$work/installed" > /dev/null 2>&1 || true
PKG_CONFIG_PATH=$(dirname "$(find "$work/installed" -name costmark.pc)")
export PKG_CONFIG_PATH
rm "$(dirname "$PKG_CONFIG_PATH")"/libcostmark.so*
# Word splitting is meant: pkg-config prints a list of arguments.
# shellcheck disable=SC2046
"$cc" -std=c99 "$source/tests/capi/edges_program.c" $(pkg-config --cflags --libs --static costmark) \
  -o "$work/program"
if ldd "$work/program" | grep -E 'curl|ssl\.so'; then echo 'the network is linked'; exit 1; fi

check() { # PROGRAM
  # Word splitting is meant.
  # shellcheck disable=SC2086
  test "$(env -i $keys "$1")" = '0: ' || { env -i $keys "$1"; exit 1; }
  said=$(env -i $keys AWS_REGION=us-east-1 "$1" http://127.0.0.1:9/v1/chat/completions)
  case $said in
    '12: '*'this build of costmark has no network (COSTMARK_NETWORK=OFF)') ;;
    *) echo "$said"; exit 1 ;;
  esac
}
check "$work/program"

test -n "$simdjson" || { echo 'without a static program: there is no archive of simdjson'; exit 0; }
"$cc" -static -std=c99 "$source/tests/capi/edges_program.c" -I "$work/installed/include" \
  "$(dirname "$PKG_CONFIG_PATH")/libcostmark.a" "$simdjson" -lcrypto -lstdc++ -lm -o "$work/static"
if ldd "$work/static" 2> /dev/null; then echo 'not static'; exit 1; fi
check "$work/static"
