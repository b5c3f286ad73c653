// Content codings.
#pragma once

#include <string_view>

namespace costmark::http {

// The codings that can be undone.
struct Decoders {
  bool gzip = false;  // and deflate
  bool brotli = false;
  bool zstd = false;
};

// Whether `decoders` undo every coding that an Accept-Encoding field allows. False for "*", which
// allows any.
bool decodes_all(std::string_view accept_encoding, Decoders decoders) noexcept;

}  // namespace costmark::http
