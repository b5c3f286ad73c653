#include "http/encoding.hpp"

#include <curl/curl.h>

#include <algorithm>

#include "costmark/http.hpp"
#include "http/field.hpp"

namespace costmark::http {
namespace {

bool decodes(std::string_view coding) noexcept {
  static const int features = curl_version_info(CURLVERSION_NOW)->features;
  const auto is = [coding](std::string_view name) { return equal_ignoring_case(coding, name); };
  if (is("identity")) return true;
  if (is("gzip") || is("x-gzip") || is("deflate")) return (features & CURL_VERSION_LIBZ) != 0;
  if (is("br")) return (features & CURL_VERSION_BROTLI) != 0;
  if (is("zstd")) return (features & CURL_VERSION_ZSTD) != 0;
  return false;
}

}  // namespace

bool decodes_all(std::string_view accept_encoding) noexcept {
  while (!accept_encoding.empty()) {
    const std::string_view element = accept_encoding.substr(0, accept_encoding.find(','));
    const std::string_view coding = trimmed(element.substr(0, element.find(';')));
    if (!coding.empty() && !decodes(coding)) return false;
    accept_encoding.remove_prefix(std::min(element.size() + 1, accept_encoding.size()));
  }
  return true;
}

}  // namespace costmark::http
