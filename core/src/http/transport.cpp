#include "http/transport.hpp"

#include <new>
#include <thread>
#include <utility>

#include "cleanse.hpp"
#include "http/exchange.hpp"

namespace costmark::http {
namespace {

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(TransportConfig config) : config_(std::move(config)) {}
  ~CurlTransport() override { cleanse(config_.proxy); }
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Result<Response> send(const Request& request) override {
    try {
      return exchange(request, config_);
    } catch (const std::bad_alloc&) {
      return Error{Code::out_of_memory, "out of memory in an HTTP exchange"};
    }
  }

  void pause(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  TransportConfig config_;
};

}  // namespace

Response::~Response() {
  cleanse(body);
}

Response& Response::operator=(Response&& other) noexcept {
  if (this == &other) return *this;
  cleanse(body);
  status = other.status;
  headers = std::move(other.headers);
  body = std::move(other.body);
  return *this;
}

std::string_view Response::header(std::string_view name) const noexcept {
  for (const auto& [known, value] : headers) {
    if (equal_ignoring_case(known, name)) return value;
  }
  return {};
}

std::string origin_of(const Url& url) {
  std::string text = url.https ? "https://" : "http://";
  append_host_header(url, text);
  return text;
}

std::shared_ptr<Transport> curl_transport(TransportConfig config) {
  return std::make_shared<CurlTransport>(std::move(config));
}

}  // namespace costmark::http
