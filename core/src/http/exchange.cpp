#include "http/exchange.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>

#include "cleanse.hpp"
#include "http/broken_pipe.hpp"
#include "http/field.hpp"

namespace costmark::http {
namespace {

// Never undone: the host may use libcurl as well, and the two share its state. What is thrown makes
// the next call try again.
void start_curl() {
  static const bool started = [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
    return true;
  }();
  static_cast<void>(started);
}

struct CloseHandle {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};

// What was sent may have been a token.
struct FreeList {
  void operator()(curl_slist* list) const noexcept {
    for (curl_slist* line = list; line != nullptr; line = line->next) {
      cleanse(line->data, std::strlen(line->data));
    }
    curl_slist_free_all(list);
  }
};

// Appends without leaving copies of what may be a secret where the string has been before.
void append(std::string& secret, std::string_view more) {
  if (secret.capacity() - secret.size() < more.size()) {
    std::string larger;
    larger.reserve(std::max(2 * secret.capacity(), secret.size() + more.size()));
    larger.append(secret);
    larger.swap(secret);
    cleanse(larger);
  }
  secret.append(more);
}

long milliseconds(std::chrono::milliseconds time) noexcept {
  // 0 would be libcurl's own default, or no limit at all.
  const auto most = std::chrono::milliseconds(std::numeric_limits<std::int32_t>::max());
  return static_cast<long>(std::clamp(time, std::chrono::milliseconds(1), most).count());
}

// Credentials programs and the host's own children have no business with the connection.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) noexcept {
#ifdef SOCK_CLOEXEC
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  const int made = ::socket(address->family, address->socktype, address->protocol);
  if (made >= 0) ::fcntl(made, F_SETFD, FD_CLOEXEC);
  return made;
#endif
}

class Exchange {
 public:
  Exchange(const Request& request, const TransportConfig& config, const Url& url)
      : request_(request), config_(config), url_(url) {}

  Result<Response> run() {
    if (Status status = check(); !status) return status;
    start_curl();
    handle_.reset(curl_easy_init());
    if (!handle_) throw std::bad_alloc();
    set_up_connection();
    set_up_security();
    set_up_request();
    set_up_answer();
    if (set_up_ == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    if (set_up_ != CURLE_OK) return fault(Code::internal, curl_easy_strerror(set_up_));
    return perform();
  }

 private:
  Status check() const {
    if (!is_token(request_.method)) {
      return fault(Code::invalid_argument, "the method is not a token of HTTP");
    }
    for (const Header& header : request_.headers) {
      if (!is_token(header.name)) {
        return fault(Code::invalid_argument, "a header's name is not a token of HTTP");
      }
      if (!is_field_value(header.value)) {
        return fault(Code::invalid_argument, "the value of header " + std::string(header.name) +
                                                 " holds a control character");
      }
    }
    return {};
  }

  // libcurl takes variable arguments, and reads what is not exactly long, curl_off_t or a pointer
  // as something else.
  template <class T>
  void set(CURLoption option, T value) noexcept {
    static_assert(std::is_same_v<T, long> || std::is_same_v<T, curl_off_t> || std::is_pointer_v<T>);
    if (set_up_ == CURLE_OK) set_up_ = curl_easy_setopt(handle_.get(), option, value);
  }

  void set_up_connection() {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_ERRORBUFFER, text_.data());
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_timeout));
    set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
    set(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (!request_.proxied) {
      set(CURLOPT_PROXY, "");  // not even what the environment names
      set(CURLOPT_NOPROXY, "*");
    }
  }

  void set_up_security() {
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (config_.ca_bundle.empty()) return;
    set(CURLOPT_CAINFO, config_.ca_bundle.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // in place of the system's, not beside them
  }

  void set_up_request() {
    address_ = request_.url;
    method_ = request_.method;
    set(CURLOPT_URL, address_.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_USERAGENT, "costmark/" COSTMARK_VERSION);
    if (method_ == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (method_ != "GET" || !request_.body.empty()) {
      // A request other than GET says how long its body is, even if there is none.
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(CURLOPT_POSTFIELDS, request_.body.empty() ? "" : request_.body.data());
      set(CURLOPT_CUSTOMREQUEST, method_.c_str());
    }
    for (const Header& header : request_.headers) {
      // To libcurl "name:" means to drop the field and "name;" that it is empty.
      const bool empty = trimmed(header.value).empty();
      send_line(header.name, empty ? ";" : ": ", empty ? std::string_view() : header.value);
    }
    for (const std::string_view own : {"Accept", "Content-Type", "Expect"}) {
      if (!sends(own)) send_line(own, ":", {});
    }
    set(CURLOPT_HTTPHEADER, lines_.get());
  }

  bool sends(std::string_view name) const noexcept {
    return std::any_of(request_.headers.begin(), request_.headers.end(), [&](const Header& header) {
      return equal_ignoring_case(header.name, name);
    });
  }

  void send_line(std::string_view name, std::string_view separator, std::string_view value) {
    std::string line;
    line.reserve(name.size() + separator.size() + value.size());
    line.append(name).append(separator).append(value);
    curl_slist* head = curl_slist_append(lines_.get(), line.c_str());
    cleanse(line);
    if (head == nullptr) throw std::bad_alloc();
    if (!lines_) lines_.reset(head);  // otherwise it is the head still
  }

  void set_up_answer() {
    set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set(CURLOPT_WRITEDATA, this);
  }

  Result<Response> perform() {
    CURLcode code = CURLE_OK;
    {
      const NoBrokenPipe guard;
      code = curl_easy_perform(handle_.get());
    }
    if (out_of_memory_) throw std::bad_alloc();
    if (!too_large_.empty()) return fault(Code::transport, too_large_);
    if (code != CURLE_OK) return failure(code);
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    return std::move(answer_);
  }

  // libcurl's own text is repeated only where it speaks of certificates: others hold parts of what
  // the peer sent, or a proxy's password.
  Error failure(CURLcode code) const {
    if (code == CURLE_OPERATION_TIMEDOUT) return timed_out();
    if (code == CURLE_SSL_CACERT_BADFILE) return no_bundle();
    if (code == CURLE_OUT_OF_MEMORY) return no_memory();
    std::string text = curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR) {
      if (text_[0] != '\0') text = text_.data();
    }
    long number = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &number);
    const bool connecting =
        code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
    if (connecting && number != 0) {
      text += std::string(" (") + std::strerror(static_cast<int>(number)) + ")";
    }
    Error error = fault(Code::transport, text);
    if (code == CURLE_PEER_FAILED_VERIFICATION) error.retryable = false;
    return error;
  }

  // Of a line in the header that is longer than it takes, libcurl says the same as of the heap.
  Error no_memory() const {
    long sent = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_REQUEST_SIZE, &sent);
    if (sent == 0) throw std::bad_alloc();
    return fault(Code::transport, "a line of the answer's header is too long, or memory ran out");
  }

  Error no_bundle() const {
    Error error = fault(Code::transport, "the CA bundle " + config_.ca_bundle +
                                             " is not a readable file of PEM certificates");
    error.retryable = false;
    return error;
  }

  Error timed_out() const {
    curl_off_t connected = 0;
    const CURLINFO when = url_.https ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T;
    curl_easy_getinfo(handle_.get(), when, &connected);
    const auto limit =
        connected == 0 ? std::min(request_.connect_timeout, request_.timeout) : request_.timeout;
    return fault(Code::timeout, (connected == 0 ? "no connection within " : "no answer within ") +
                                    std::to_string(limit.count()) + " ms");
  }

  Error fault(Code code, std::string_view what) const {
    Error error{code, origin_of(url_) + ": " + std::string(what)};
    std::string& line = error.message;
    std::replace_if(line.begin(), line.end(), [](char c) { return !is_field_value({&c, 1}); }, '?');
    error.retryable = code == Code::transport || code == Code::timeout;
    return error;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<Exchange*>(self)->guarded(&Exchange::take_header, {bytes, size});
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<Exchange*>(self)->guarded(&Exchange::take_body, {bytes, size});
  }

  // Whatever is not the number of bytes makes libcurl give the exchange up.
  std::size_t guarded(bool (Exchange::*take)(std::string_view), std::string_view bytes) noexcept {
    constexpr std::size_t give_up = 0;
    try {
      return (this->*take)(bytes) ? bytes.size() : give_up;
    } catch (...) {
      out_of_memory_ = true;
      return give_up;
    }
  }

  bool take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > largest_header) {
      too_large_ =
          "the answer's header is larger than " + std::to_string(largest_header) + " bytes";
      return false;
    }
    if (line.starts_with("HTTP/")) answer_.headers.clear();  // an interim answer came before
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') return true;
    answer_.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    return true;
  }

  bool take_body(std::string_view bytes) {
    if (bytes.size() > request_.largest_answer - answer_.body.size()) {
      too_large_ =
          "the answer is larger than " + std::to_string(request_.largest_answer) + " bytes";
      return false;
    }
    append(answer_.body, bytes);
    return true;
  }

  const Request& request_;
  const TransportConfig& config_;
  const Url& url_;
  std::string address_;
  std::string method_;
  std::unique_ptr<curl_slist, FreeList> lines_;
  std::array<char, CURL_ERROR_SIZE> text_{};
  Response answer_;
  std::size_t header_bytes_ = 0;
  std::string too_large_;
  bool out_of_memory_ = false;
  CURLcode set_up_ = CURLE_OK;
  std::unique_ptr<CURL, CloseHandle> handle_;  // first to go: it points to all of the others
};

}  // namespace

Result<Response> exchange(const Request& request, const TransportConfig& config) {
  const Result<Url> url = parse_url(request.url);
  if (!url) return url.error();
  return Exchange(request, config, url.value()).run();
}

}  // namespace costmark::http
