#include "costmark/url.hpp"

#include <array>
#include <charconv>
#include <cstddef>

#include "costmark/http.hpp"
#include "text.hpp"

namespace costmark {
namespace {

constexpr std::size_t max_host_length = 253;  // RFC 1035, section 2.3.4, as text

Status bad(const char* message, std::size_t offset) {
  return Status(Code::invalid_url, message, offset);
}

// Control characters and spaces change where a request line or a header ends: refused everywhere.
Status check_bytes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == ' ') return bad("URL holds a space; write it as %20", i);
    if (byte < 0x20 || byte == 0x7F) return bad("URL holds a control character", i);
  }
  return {};
}

Status check_host_name(std::string_view host, std::size_t offset) {
  std::size_t label = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    if (c == '.') {
      if (label == 0) return bad("URL host has an empty label", offset + i);
      label = 0;
    } else if (text::is_alphanumeric(c) || c == '-' || c == '_') {
      if (++label > 63) return bad("URL host has a label longer than 63 bytes", offset + i);
    } else {
      return bad("URL host may hold ASCII letters, digits, '-', '_' and '.' only", offset + i);
    }
  }
  return {};
}

bool is_ipv4(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto length = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || value > 255 || length > 3) return false;
    if (length > 1 && text[0] == '0') return false;
    text.remove_prefix(length);
    if (part == 3) return text.empty();
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

// RFC 4291, section 2.2: eight groups, one run of which may be "::", the last two of which may be
// written as an IPv4 address.
bool is_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool elided = false;
  std::size_t i = 0;
  if (text.substr(0, 2) == "::") {
    elided = true;
    i = 2;
  }
  while (i < text.size()) {
    std::size_t end = i;
    while (end < text.size() && text::is_hex(text[end])) ++end;
    if (end < text.size() && text[end] == '.') {
      groups += 2;
      return is_ipv4(text.substr(i)) && (elided ? groups < 8 : groups == 8);
    }
    if (end == i || end - i > 4) return false;
    ++groups;
    i = end;
    if (i == text.size()) break;
    if (text[i] != ':' || i + 1 == text.size()) return false;
    ++i;
    if (text[i] == ':') {
      if (elided) return false;
      elided = true;
      ++i;
    }
  }
  return elided ? groups < 8 : groups == 8;
}

Status parse_port(std::string_view text, std::size_t offset, Url& url) {
  if (text.empty()) return bad("URL has a ':' without a port after it", offset);
  unsigned value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!text::is_digit(text[i]))
      return bad("URL port is not a number from 1 to 65535", offset + i);
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
    if (value > 65535) return bad("URL port is greater than 65535", offset);
  }
  if (value == 0) return bad("URL port is 0; ports go from 1 to 65535", offset);
  url.port = static_cast<std::uint16_t>(value);
  return {};
}

// `offset` is where the authority begins in the whole text.
Status parse_authority(std::string_view authority, std::size_t offset, Url& url) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    return bad("URL holds user information before its host; pass credentials apart", offset);
  }
  std::size_t host_end = 0;
  if (!authority.empty() && authority[0] == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return bad("URL host has a '[' without a ']'", offset);
    url.host = authority.substr(1, close - 1);
    url.ipv6 = true;
    if (!is_ipv6(url.host)) return bad("URL host is not an IPv6 address without zone", offset + 1);
    host_end = close + 1;
  } else {
    host_end = authority.find(':');
    url.host = authority.substr(0, host_end);
    if (url.host.empty()) return bad("URL has no host", offset);
    if (url.host.size() > max_host_length) {
      return bad("URL host is longer than 253 bytes", offset + max_host_length);
    }
    if (auto status = check_host_name(url.host, offset); !status) return status;
  }
  if (host_end >= authority.size()) return {};
  if (authority[host_end] != ':') {
    return bad("URL host is followed by something that is no port", offset + host_end);
  }
  return parse_port(authority.substr(host_end + 1), offset + host_end + 1, url);
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (auto status = check_bytes(text); !status) return status;
  Url url;
  const auto colon = text.find(':');
  url.scheme = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  url.https = equal_ignoring_case(url.scheme, "https");
  if (!url.https && !equal_ignoring_case(url.scheme, "http")) {
    return bad("URL does not begin with http:// or https://", 0);
  }
  if (text.substr(colon, 3) != "://") return bad("URL lacks '//' after its scheme", colon + 1);
  url.port = url.https ? 443 : 80;

  const auto start = colon + 3;
  text = text.substr(0, text.find('#', start));
  const auto authority_end = text.find_first_of("/?", start);
  url.authority =
      text.substr(start, authority_end == std::string_view::npos ? std::string_view::npos
                                                                 : authority_end - start);
  if (auto status = parse_authority(url.authority, start, url); !status) return status;
  if (authority_end == std::string_view::npos) return url;

  const auto question = text.find('?', authority_end);
  url.path =
      text.substr(authority_end, question == std::string_view::npos ? std::string_view::npos
                                                                    : question - authority_end);
  if (question != std::string_view::npos) url.query = text.substr(question + 1);
  return url;
}

void append_host_header(const Url& url, std::string& out) {
  if (url.ipv6) out.push_back('[');
  for (const char c : url.host) out.push_back(text::lower(c));
  if (url.ipv6) out.push_back(']');
  if (url.default_port()) return;
  std::array<char, 5> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), url.port).ptr;
  out.push_back(':');
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace costmark
