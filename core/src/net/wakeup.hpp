// The descriptors by which libcurl wakes a thread that waits in one of its multi handles.
#pragma once

#include <curl/curl.h>

#include "net/sockets.hpp"

namespace costmark::net {

// A multi handle whose own descriptors are given to `sockets`. libcurl does not say which they are,
// and older versions let every program that the process starts inherit them; so they are looked for
// where they must be, and found by their kind and by what waking does to them. In a race with other
// threads over the numbers they may be missed. Null without memory.
CURLM* make_multi(Sockets& sockets) noexcept;

}  // namespace costmark::net
