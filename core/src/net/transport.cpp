#include "net/transport.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "base/cleanse.hpp"
#include "net/connection_state.hpp"
#include "net/curl.hpp"

namespace costmark::net {
namespace {

// Keeps the body of an answer, up to a limit.
class Gatherer final : public Receiver {
 public:
  Gatherer(std::string& body, std::size_t largest) : body_(body), largest_(largest) {}

  Status take_head(bool) override { return {}; }
  Status take_body(std::string_view piece) override {
    if (piece.size() > largest_ - body_.size()) {
      return unusable("the answer is larger than " + std::to_string(largest_) + " bytes");
    }
    append_secret(body_, piece);
    // It is libcurl's buffer, which libcurl frees as it is. The piece is not read again.
    cleanse(const_cast<char*>(piece.data()), piece.size());
    return {};
  }

 private:
  std::string& body_;
  const std::size_t largest_;
};

Result<http::Response> gather(Connection& connection, const http::Request& request) {
  http::Response answer;
  http::Head head;
  Gatherer gatherer(answer.body, request.largest_answer);
  const Limits limits{std::min(deadline_in(request.timeout), request.wait.deadline),
                      cancellation_of(request.wait.cancel)};
  if (Status status = connection.exchange(request, limits, head, gatherer); !status) {
    return std::move(status).take();
  }
  answer.status = head.status();
  answer.headers = head.take_fields();
  return answer;
}

Error located(Error error, const Url& url) {
  error.message = http::origin_of(url) + ": " + error.message;
  keep_on_one_line(error.message);
  return error;
}

// Runs `exchange` for the request's URL.
template <class Exchange>
Result<http::Response> located_exchange(const http::Request& request, const Exchange& exchange) {
  try {
    const Result<Url> url = parse_url(request.url);
    if (!url) return url.error();
    Result<http::Response> answer = exchange(url.value());
    return answer ? std::move(answer) : located(answer.error(), url.value());
  } catch (const std::bad_alloc&) {
    return Error{Code::out_of_memory, "out of memory in an HTTP exchange"};
  }
}

class NetworkTransport final : public http::Transport {
 public:
  explicit NetworkTransport(ConnectionConfig config) : config_(std::move(config)) {}

  Result<http::Response> send(const http::Request& request) override {
    return located_exchange(request, [&](const Url&) {
      Connection connection(config_);
      return gather(connection, request);
    });
  }

  void pause(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  const ConnectionConfig config_;
};

class PooledTransport final : public http::Transport {
 public:
  explicit PooledTransport(std::shared_ptr<ConnectionPool> pool) : pool_(std::move(pool)) {}

  Result<http::Response> send(const http::Request& request) override {
    return located_exchange(request, [&](const Url& url) {
      const ConnectionPool::Lease connection(*pool_, http::origin_of(url));
      Result<http::Response> answer = gather(*connection, request);
      const bool is_stale = !answer && connection->found_stale();
      return is_stale ? gather(*connection, request) : std::move(answer);
    });
  }

  void pause(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  const std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace

std::shared_ptr<http::Transport> network_transport(ConnectionConfig config) {
  return std::make_shared<NetworkTransport>(std::move(config));
}

std::shared_ptr<http::Transport> pooled_transport(std::shared_ptr<ConnectionPool> pool) {
  return std::make_shared<PooledTransport>(std::move(pool));
}

}  // namespace costmark::net
