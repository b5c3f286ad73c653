#include "signing/request_check.hpp"

#include <algorithm>

#include "signing/canonical.hpp"
#include "text.hpp"
#include "timestamp.hpp"

namespace costmark::signing {
namespace {

constexpr UnixSeconds end_of_9999 = 253402300799;

constexpr std::string_view unsigned_headers[] = {
    "baggage",    "connection",         "expect",
    "keep-alive", "proxy-authenticate", "proxy-authorization",
    "te",         "traceparent",        "tracestate",
    "trailer",    "transfer-encoding",  "upgrade",
    "user-agent", "x-amzn-trace-id",
};

constexpr std::string_view stale_headers[] = {
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
};

constexpr std::string_view query_parameters[] = {
    "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",           "X-Amz-Expires",
    "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Security-Token",
};

template <std::size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) noexcept {
  return std::any_of(std::begin(names), std::end(names), [name](std::string_view candidate) {
    return candidate.size() == name.size() && equal_ignoring_case(candidate, name);
  });
}

bool breaks_line(std::string_view text) noexcept {
  if (is_plain(text)) return false;
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool holds_control_character(std::string_view text) noexcept {
  if (is_plain(text)) return false;
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

Status bad(std::string message) {
  return Status(Code::invalid_argument, std::move(message));
}

Status check_headers(const Request& request) {
  bool host_given = !request.host.empty();
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const auto& header = request.headers[i];
    if (!text::is_token(header.name)) {
      return bad("the name of header " + std::to_string(i + 1) + " is no HTTP token");
    }
    if (breaks_line(header.value)) {
      return bad("header " + std::string(header.name) + " holds a line break or NUL");
    }
    host_given = host_given || equal_ignoring_case(header.name, "host");
  }
  if (!host_given) return bad("the request names no host to sign for");
  return {};
}

Status check_scope_part(const char* what, std::string_view text) {
  if (text.empty()) return bad(std::string("the ") + what + " to sign for is empty");
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return text::is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  });
  if (good) return {};
  return bad(std::string("the ") + what +
             " to sign for may hold ASCII letters, digits, '-', '_' and '.' only");
}

}  // namespace

Status check_request(const Request& request) {
  if (!text::is_token(request.method)) return bad("the method is no HTTP token");
  if (!request.path.empty() && request.path[0] != '/') {
    return bad("the path does not begin with '/'");
  }
  if (holds_control_character(request.path)) return bad("the path holds a control character");
  if (holds_control_character(request.query)) return bad("the query holds a control character");
  if (holds_control_character(request.host)) return bad("the host holds a control character");
  return check_headers(request);
}

Status check_scope(const Scope& scope) {
  if (auto status = check_scope_part("region", scope.region); !status) return status;
  return check_scope_part("service", scope.service);
}

Status check_time(UnixSeconds now) {
  if (now < 0 || now > end_of_9999) return bad("the time to sign at is outside 1970 to 9999");
  return {};
}

Status check_expiry(const Credentials& credentials, UnixSeconds now) {
  if (!credentials.expired(now)) return {};
  std::string message = "the credentials";
  if (!credentials.source().empty()) message.append(" from ").append(credentials.source());
  message.append(" expired at ").append(format_timestamp(*credentials.expires_at()));
  return Status(Code::expired_credentials, std::move(message));
}

Status check_life(std::string_view query, std::int64_t expires_in_s) {
  if (expires_in_s < 1 || expires_in_s > max_presigned_life_s) {
    return bad("a presigned request lives 1 to " + std::to_string(max_presigned_life_s) +
               " seconds, not " + std::to_string(expires_in_s));
  }
  for (std::size_t i = 0; i < query.size();) {
    const auto end = std::min(query.find('&', i), query.size());
    const auto part = query.substr(i, end - i);
    const auto name = part.substr(0, part.find('='));
    i = end + 1;
    if (contains(query_parameters, name)) {
      return bad("the query holds " + std::string(name) +
                 " of an earlier signature; presign the request without it");
    }
  }
  return {};
}

void append_upper(std::string_view text, std::string& out) {
  for (const char c : text) out.push_back(text::upper(c));
}

bool never_signed(std::string_view header_name) noexcept {
  return header_name.find('_') != std::string_view::npos || stale_signature_header(header_name) ||
         contains(unsigned_headers, header_name);
}

bool stale_signature_header(std::string_view header_name) noexcept {
  return contains(stale_headers, header_name);
}

}  // namespace costmark::signing
