#!/bin/sh
# Runs a test program under valgrind's memcheck: no bad access, nothing lost.
# Usage: valgrind_test.sh [--forks] PROGRAM ARGUMENT... Exit code 77: skipped.
#
# --forks: the program forks while other threads are at work. What those had allocated is lost to the
# child, and nobody could free it: only accesses are checked.
set -eu
command -v valgrind > /dev/null || { echo 'skipped: valgrind is not installed'; exit 77; }
leaks='--leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect'
if [ "$1" = --forks ]; then
  leaks=--leak-check=no
  shift
fi
# Word splitting is meant.
# shellcheck disable=SC2086
exec valgrind --quiet --error-exitcode=99 $leaks "$@"
