#include "net/curl.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "base/cleanse.hpp"
#include "costmark/environment.hpp"
#include "http/field.hpp"

namespace costmark::net {

// Never undone: the host may use libcurl as well, and the two share its state. What is thrown makes
// the next call try again.
void start_curl() {
  static const bool started = [] {
    // libcurl would append the secrets of its connections to a file that somebody else names.
    if (process_environment_is_withheld()) ::unsetenv("SSLKEYLOGFILE");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
    return true;
  }();
  static_cast<void>(started);
}

namespace {

void make_room_for_secret(std::string& secret, std::size_t more) {
  if (secret.capacity() - secret.size() >= more) return;
  std::string larger;
  larger.reserve(std::max(2 * secret.capacity(), secret.size() + more));
  larger.append(secret);
  larger.swap(secret);
  cleanse(larger);
}

}  // namespace

Status Setter::result() const {
  if (result_ == CURLE_OK) return {};
  if (result_ == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  return {Code::internal, curl_easy_strerror(result_)};
}

void HeaderLines::clear() noexcept {
  cleanse(text_);
  begins_.clear();
  links_.clear();
}

void HeaderLines::add(const Header& header) {
  // To libcurl "name:" means to drop the field and "name;" that it is empty.
  const bool empty = http::trimmed(header.value).empty();
  add_line(header.name, empty ? ";" : ": ", empty ? std::string_view() : header.value);
}

void HeaderLines::leave_out(std::string_view name) {
  add_line(name, ":", {});
}

void HeaderLines::add_line(std::string_view name, std::string_view separator,
                           std::string_view value) {
  begins_.push_back(text_.size());
  make_room_for_secret(text_, name.size() + separator.size() + value.size() + 1);
  text_.append(name).append(separator).append(value).push_back('\0');
}

curl_slist* HeaderLines::list() {
  links_.resize(begins_.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const bool last = i + 1 == links_.size();
    links_[i] = {text_.data() + begins_[i], last ? nullptr : &links_[i + 1]};
  }
  return links_.empty() ? nullptr : links_.data();
}

void take_headers(std::span<const Header> headers, HeaderLines& lines) {
  for (const Header& header : headers) lines.add(header);
  for (const std::string_view own : {"Accept", "Content-Type", "Expect"}) {
    const bool given = std::any_of(headers.begin(), headers.end(), [own](const Header& header) {
      return equal_ignoring_case(header.name, own);
    });
    if (!given) lines.leave_out(own);
  }
}

void set_curl_defaults(Setter& options) {
  options.set(CURLOPT_NOSIGNAL, 1L);
  options.set(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
  options.set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  options.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  options.set(CURLOPT_HTTP09_ALLOWED, 0L);
  options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  options.set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  options.set(CURLOPT_PATH_AS_IS, 1L);
  options.set(CURLOPT_USERAGENT, "costmark/" COSTMARK_VERSION);
}

void set_security(Setter& options, const std::string& ca_bundle) {
  options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  options.set(CURLOPT_SSL_VERIFYPEER, 1L);
  options.set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (ca_bundle.empty()) return;
  options.set(CURLOPT_CAINFO, ca_bundle.c_str());
  // In place of the system's, not beside them.
  options.set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

void set_request(Setter& options, const std::string& method, std::string_view body) {
  options.set(CURLOPT_CUSTOMREQUEST, static_cast<char*>(nullptr));
  options.set(CURLOPT_HTTPGET, 1L);
  if (method == "HEAD") {
    options.set(CURLOPT_NOBODY, 1L);
  } else if (method != "GET" || !body.empty()) {
    // A request other than GET says how long its body is, even if there is none.
    options.set(CURLOPT_POST, 1L);
    options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    options.set(CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
    if (method != "POST") options.set(CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

long limit_ms(std::chrono::milliseconds time) noexcept {
  const auto most = std::chrono::milliseconds(std::numeric_limits<std::int32_t>::max());
  return static_cast<long>(std::clamp(time, std::chrono::milliseconds(1), most).count());
}

curl_socket_t open_socket(const curl_sockaddr& address) noexcept {
#ifdef SOCK_CLOEXEC
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
#else
  const int made = ::socket(address.family, address.socktype, address.protocol);
  if (made >= 0) ::fcntl(made, F_SETFD, FD_CLOEXEC);
  return made;
#endif
}

void append_secret(std::string& secret, std::string_view more) {
  make_room_for_secret(secret, more.size());
  secret.append(more);
}

void keep_on_one_line(std::string& text) noexcept {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !http::is_field_value({&c, 1}); }, '?');
}

}  // namespace costmark::net
