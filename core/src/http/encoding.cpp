#include "http/encoding.hpp"

#include <algorithm>

#include "costmark/http.hpp"
#include "http/field.hpp"

namespace costmark::http {
namespace {

bool decodes(std::string_view coding, Decoders decoders) noexcept {
  const auto is = [coding](std::string_view name) { return equal_ignoring_case(coding, name); };
  if (is("identity")) return true;
  if (is("gzip") || is("x-gzip") || is("deflate")) return decoders.gzip;
  if (is("br")) return decoders.brotli;
  if (is("zstd")) return decoders.zstd;
  return false;
}

}  // namespace

bool decodes_all(std::string_view accept_encoding, Decoders decoders) noexcept {
  while (!accept_encoding.empty()) {
    const std::string_view element = accept_encoding.substr(0, accept_encoding.find(','));
    const std::string_view coding = trimmed(element.substr(0, element.find(';')));
    if (!coding.empty() && !decodes(coding, decoders)) return false;
    accept_encoding.remove_prefix(std::min(element.size() + 1, accept_encoding.size()));
  }
  return true;
}

}  // namespace costmark::http
