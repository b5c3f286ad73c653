// What every exchange over libcurl has in common.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/http.hpp"

namespace costmark::net {

// Before anything else of libcurl's. Throws std::bad_alloc.
void start_curl();

struct CloseEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, CloseEasy>;

// Sets options of a handle until one is refused.
class Setter {
 public:
  explicit Setter(CURL* handle) noexcept : handle_(handle) {}

  // libcurl takes variable arguments, and reads what is not exactly long, curl_off_t or a pointer
  // as something else.
  template <class T>
  void set(CURLoption option, T value) noexcept {
    static_assert(std::is_same_v<T, long> || std::is_same_v<T, curl_off_t> || std::is_pointer_v<T>);
    if (result_ == CURLE_OK) result_ = curl_easy_setopt(handle_, option, value);
  }

  // Errors: internal, for an option that libcurl does not take. Throws std::bad_alloc.
  Status result() const;

 private:
  CURL* handle_;
  CURLcode result_ = CURLE_OK;
};

// Header fields as libcurl wants them. Their memory is kept for the next request, and cleansed:
// what was sent may have been a token.
class HeaderLines {
 public:
  HeaderLines() = default;
  ~HeaderLines() { clear(); }
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;

  void clear() noexcept;
  void add(const Header& header);
  // A field that libcurl would add of itself is left out.
  void leave_out(std::string_view name);

  // Lives until the lines change. Null when there are none.
  curl_slist* list();

 private:
  void add_line(std::string_view name, std::string_view separator, std::string_view value);

  std::string text_;  // each line with a NUL behind it
  std::vector<std::size_t> begins_;
  std::vector<curl_slist> links_;
};

// The caller's header fields, and none of those that libcurl would make up.
void take_headers(std::span<const Header> headers, HeaderLines& lines);

// Only http and https, no signals, no redirects, nothing older than HTTP/1.0, the path as it is
// written, a User-Agent.
void set_curl_defaults(Setter& options);

// TLS 1.2 or newer and the server's name verified, by the certificates of `ca_bundle` (a PEM file;
// read while the handle is used) or by the system's.
void set_security(Setter& options, const std::string& ca_bundle);

// Method and body. `method` and `body` are read until the exchange has ended.
void set_request(Setter& options, const std::string& method, std::string_view body);

// Within what libcurl takes: 0 would be its own default, or no limit at all.
long limit_ms(std::chrono::milliseconds time) noexcept;

// A socket that no child of this process inherits.
curl_socket_t open_socket(const curl_sockaddr& address) noexcept;

// Appends without leaving copies of what may be a secret where the string has been before.
void append_secret(std::string& secret, std::string_view more);

// Replaces what would not stay within one line.
void keep_on_one_line(std::string& text) noexcept;

}  // namespace costmark::net
