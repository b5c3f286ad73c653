#!/bin/sh
# Installs into an empty folder, moves that, and configures, builds and runs a CMake project that
# finds costmark there. Usage: consumer_test.sh BUILD_DIRECTORY EXAMPLE C_COMPILER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$1" --prefix "$work/first" > /dev/null
mv "$work/first" "$work/moved"

configure() {
  rm -rf "$work/build"
  cmake -S "$here/consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved" -DEXAMPLE="$2" \
    -DCMAKE_C_COMPILER="$3" "-DWANTED=$1" -DSTATIC="$4" > "$work/log" 2>&1
}
accepted() { configure "$1" "$2" "$3" "$4" || { echo "refused: $1"; cat "$work/log"; exit 1; }; }
refused() {
  if configure "$1" "$2" "$3" OFF; then echo "not refused: $1"; exit 1; fi
  grep -q 'considered but not accepted' "$work/log" || { cat "$work/log"; exit 1; }
}

# 0.1 was the first release of this ABI number; see costmark-config-version.cmake.
number() { sed -n "s/^#define COSTMARK_VERSION_$1 //p" "$work/moved/include/costmark/costmark.h"; }
major=$(number MAJOR) minor=$(number MINOR) patch=$(number PATCH)
this=$major.$minor.$patch next=$major.$((minor + 1))
for version in 0.1 "$major.$minor" "$this" "0.1...$next" "$this;EXACT" ''; do
  accepted "$version" "$2" "$3" OFF
done
for version in 0.0 "$next" "$major.$minor.$((patch + 1))" "$((major + 1))" "$next...$major.99" '0.0;EXACT'; do
  refused "$version" "$2" "$3"
done
if configure '0.1;COMPONENTS;gold' "$2" "$3" OFF; then echo 'a component that there is not was found'; exit 1; fi

accepted 0.1 "$2" "$3" ON
cmake --build "$work/build" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/build/with_shared" | grep -q 'project proj_abc123, from client'
mv "$work/moved" "$work/gone"
"$work/build/with_static" | grep -q 'project proj_abc123, from client'
if "$work/build/with_shared" > /dev/null 2>&1; then echo 'with_shared runs without the library'; exit 1; fi
