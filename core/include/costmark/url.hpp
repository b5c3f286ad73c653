// Splits the absolute http and https URLs that costmark signs and attributes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark {

// The parts of a URL as they were written: nothing is decoded, folded or normalized. Views into the
// text that was parsed.
struct Url {
  std::string_view scheme;     // "http" or "https", in the case it was written
  std::string_view authority;  // host and port as written, such as "[::1]:8080"
  std::string_view host;       // as written, without the brackets of an IPv6 literal
  std::string_view path;       // empty, or begins with '/'
  std::string_view query;      // without '?'; empty when there is none
  std::uint16_t port = 0;      // the scheme's default when the URL names none
  bool https = false;
  bool ipv6 = false;

  bool default_port() const noexcept { return port == (https ? 443 : 80); }
};

// Accepts scheme://host[:port][/path][?query][#fragment] with the scheme http or https, a host name
// in ASCII, an IPv4 address or a bracketed IPv6 address (no zone), and a port from 1 to 65535; the
// fragment is ignored. Bytes above 0x7F pass in path and query. Does not allocate on success.
//
// Errors: invalid_url with the byte offset of what is wrong; the message never quotes the URL,
// which may hold a secret.
Result<Url> parse_url(std::string_view text);

// Appends what a Host header says for `url`: the host in lower case, in brackets if it is an IPv6
// address, and the port unless it is the scheme's default.
void append_host_header(const Url& url, std::string& out);

}  // namespace costmark
