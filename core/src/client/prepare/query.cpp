#include "client/prepare/query.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/text.hpp"
#include "signing/canonical.hpp"

namespace costmark::client {
namespace {

// Appends a name or a value, decoded and encoded again. A '%' without two digits stands for itself.
void append_spelled(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%' && i + 2 < text.size() && text::is_hex(text[i + 1]) && text::is_hex(text[i + 2])) {
      c = static_cast<char>(text::hex_value(text[i + 1]) * 16 + text::hex_value(text[i + 2]));
      i += 2;
    }
    signing::append_percent_encoded({&c, 1}, out);
  }
}

void append_spelled_query(std::string_view query, std::string& out) {
  const std::size_t start = out.size();
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view part = query.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty()) continue;
    if (out.size() > start) out.push_back('&');
    const std::size_t equals = std::min(part.find('='), part.size());
    append_spelled(part.substr(0, equals), out);
    if (equals == part.size()) continue;
    out.push_back('=');
    append_spelled(part.substr(equals + 1), out);
  }
}

}  // namespace

void spell_query(const Request& request, Prepared::Impl& out) {
  if (out.target.query.empty()) return;
  const std::string_view text = out.url.empty() ? request.url : std::string_view(out.url);
  const Result<Url> parts = parse_url(text);
  if (!parts) return;
  const std::string_view query = parts.value().query;
  const auto query_at = static_cast<std::size_t>(query.data() - text.data());
  std::string& spelled = out.spelled_url;
  spelled.assign(text.substr(0, query_at));
  append_spelled_query(query, spelled);
  if (std::string_view(spelled).substr(query_at) == query) return;
  out.url.swap(spelled);
  if (const Result<Url> url = parse_url(out.url)) out.target = url.value();
}

}  // namespace costmark::client
