#include "http/exchange.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "http/broken_pipe.hpp"
#include "http/curl.hpp"
#include "http/field.hpp"

namespace costmark::http {
namespace {

// Credentials programs and the host's own children have no business with the connection.
curl_socket_t open_for_libcurl(void*, curlsocktype, curl_sockaddr* address) noexcept {
  return open_socket(*address);
}

class Exchange {
 public:
  Exchange(const Request& request, const TransportConfig& config, const Url& url)
      : request_(request), config_(config), url_(url) {}

  Result<Response> run() {
    if (Status status = check_request(request_.method, request_.headers); !status) {
      return fault(status.error());
    }
    start_curl();
    handle_.reset(curl_easy_init());
    if (!handle_) throw std::bad_alloc();
    if (Status status = set_up(); !status) return fault(status.error());
    return perform();
  }

 private:
  Status set_up() {
    address_ = request_.url;
    method_ = request_.method;
    take_headers(request_.headers, lines_);
    Setter options(handle_.get());
    set_manners(options);
    set_security(options, config_.ca_bundle);
    set_request(options, method_, request_.body);
    options.set(CURLOPT_URL, address_.c_str());
    options.set(CURLOPT_HTTPHEADER, lines_.list());
    set_up_connection(options);
    set_up_answer(options);
    return options.result();
  }

  void set_up_connection(Setter& options) {
    options.set(CURLOPT_ERRORBUFFER, text_.data());
    options.set(CURLOPT_OPENSOCKETFUNCTION, &open_for_libcurl);
    options.set(CURLOPT_CONNECTTIMEOUT_MS, limit_ms(request_.connect_timeout));
    options.set(CURLOPT_TIMEOUT_MS, limit_ms(request_.timeout));
    options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    if (!request_.proxied) {
      options.set(CURLOPT_PROXY, "");  // not even what the environment names
      options.set(CURLOPT_NOPROXY, "*");
      return;
    }
    if (!config_.proxy.empty()) options.set(CURLOPT_PROXY, config_.proxy.c_str());
    if (!config_.no_proxy.empty()) options.set(CURLOPT_NOPROXY, config_.no_proxy.c_str());
  }

  void set_up_answer(Setter& options) {
    options.set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    options.set(CURLOPT_HEADERDATA, this);
    options.set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    options.set(CURLOPT_WRITEDATA, this);
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

  Error failure(CURLcode code) const {
    if (code == CURLE_OPERATION_TIMEDOUT) return timed_out();
    if (code == CURLE_SSL_CACERT_BADFILE) return no_bundle();
    return fault(failure_of(handle_.get(), code, text_.data()));
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
    Error error{code, std::string(what)};
    error.retryable = code == Code::transport || code == Code::timeout;
    return fault(std::move(error));
  }

  Error fault(Error error) const {
    error.message = origin_of(url_) + ": " + error.message;
    keep_on_one_line(error.message);
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
    append_secret(answer_.body, bytes);
    return true;
  }

  const Request& request_;
  const TransportConfig& config_;
  const Url& url_;
  std::string address_;
  std::string method_;
  HeaderLines lines_;
  std::array<char, CURL_ERROR_SIZE> text_{};
  Response answer_;
  std::size_t header_bytes_ = 0;
  std::string too_large_;
  bool out_of_memory_ = false;
  EasyHandle handle_;  // first to go: it points to all of the others
};

}  // namespace

Result<Response> exchange(const Request& request, const TransportConfig& config) {
  const Result<Url> url = parse_url(request.url);
  if (!url) return url.error();
  return Exchange(request, config, url.value()).run();
}

}  // namespace costmark::http
