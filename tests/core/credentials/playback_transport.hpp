// A transport that plays back answers, each a function of its request, and remembers what it sent.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/transport.hpp"

namespace costmark {

class PlaybackTransport final : public http::Transport {
 public:
  struct Sent {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    std::string header(std::string_view name) const {
      for (const auto& [known, value] : headers) {
        if (equal_ignoring_case(known, name)) return value;
      }
      return {};
    }
  };
  using Answer = std::function<Result<http::Response>(const Sent&)>;

  static Answer status(int code, std::string body = {}) {
    return [code, body = std::move(body)](const Sent&) -> Result<http::Response> {
      http::Response response;
      response.status = code;
      response.body = body;
      return response;
    };
  }
  static Answer failure(Code code, std::string message) {
    return [code, message = std::move(message)](const Sent&) -> Result<http::Response> {
      Error error{code, message};
      error.retryable = true;
      return error;
    };
  }

  PlaybackTransport& then(Answer answer) {
    answers_.push_back(std::move(answer));
    return *this;
  }
  PlaybackTransport& then(int code, std::string body = {}) {
    return then(status(code, std::move(body)));
  }
  PlaybackTransport& times(int count, const Answer& answer) {
    for (int i = 0; i < count; ++i) then(answer);
    return *this;
  }

  Result<http::Response> send(const http::Request& request) override {
    Sent sent{std::string(request.method), std::string(request.url), {}, std::string(request.body)};
    for (const Header& header : request.headers) {
      sent.headers.emplace_back(header.name, header.value);
    }
    requests.push_back(sent);
    if (answers_.empty()) return Error{Code::internal, "there is no answer left to play back"};
    const Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer(sent);
  }
  void pause(std::chrono::milliseconds time) override {
    pauses.push_back(time);
    if (during_pause) during_pause();
  }

  bool played() const noexcept { return answers_.empty(); }

  std::vector<Sent> requests;
  std::vector<std::chrono::milliseconds> pauses;
  std::function<void()> during_pause;  // what happens elsewhere meanwhile

 private:
  std::deque<Answer> answers_;
};

}  // namespace costmark
