// HTTP exchanges answered by a test, one after the other or by a function.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/transport.hpp"

namespace costmark {

// One thread at a time, unlike a real one.
class ScriptedTransport final : public http::Transport {
 public:
  struct Sent {
    std::string method;
    std::string url;
    std::map<std::string, std::string> headers;
    std::string body;
    std::chrono::milliseconds timeout{};
    bool proxied = true;
  };
  using Answer = std::function<Result<http::Response>(const Sent&)>;

  explicit ScriptedTransport(Answer answer) : answer_(std::move(answer)) {}

  Result<http::Response> send(const http::Request& request) override {
    Sent one{std::string(request.method), std::string(request.url), {},
             std::string(request.body),   request.timeout,          request.proxied};
    for (const Header& header : request.headers) {
      one.headers.emplace(header.name, header.value);
    }
    sent.push_back(std::move(one));
    return answer_(Sent(sent.back()));
  }
  void pause(std::chrono::milliseconds time) override { pauses.push_back(time); }

  std::vector<Sent> sent;
  std::vector<std::chrono::milliseconds> pauses;

 private:
  Answer answer_;
};

inline http::Response answer_of(int status, std::string_view body = {}) {
  http::Response response;
  response.status = status;
  response.body = body;
  return response;
}

inline Error network_error(Code code) {
  Error error{code, "http://127.0.0.1: it failed"};
  error.retryable = true;
  return error;
}

}  // namespace costmark
