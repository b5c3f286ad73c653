#!/bin/sh
# Nothing of the library is destroyed by exit(): what is static and has a destructor is an Immortal
# (core/src/base/immortal.hpp). Usage: immortal_test.sh ARCHIVE
set -eu
nm --demangle "$1" > /dev/null
if nm --print-file-name --undefined-only "$1" | grep -E ' (__cxa_atexit|atexit)$'; then
  echo 'these objects have static variables whose destructors run at exit'
  exit 1
fi
