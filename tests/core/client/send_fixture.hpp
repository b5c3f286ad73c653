// What the tests of `send` share.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "core/client/client_fixture.hpp"
#include "core/net/loopback.hpp"
#include "costmark/send.hpp"

namespace costmark::testing {

using net::answer_of;
using net::keep_answering;
using net::Loopback;
using net::Peer;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

inline constexpr std::string_view chat_answer =
    R"({"id":"chatcmpl-1","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}})";
inline constexpr std::string_view event_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
inline constexpr std::string_view first_event =
    "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
inline constexpr std::string_view last_events =
    "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n";

inline std::string json_answer(int status, std::string_view body, std::string_view more = {}) {
  return answer_of(status, body, "Content-Type: application/json\r\n" + std::string(more));
}

// A chat completion of project proj_a.
inline Post chat_to(std::string_view origin, std::string_view path = "/v1/chat/completions") {
  return {std::string(origin) + std::string(path), R"({"model":"m"})"};
}

// Of a client with `options` that name proj_a beside what is given.
inline std::shared_ptr<Client> sender(OptionValues options = {},
                                      const OptionValues& variables = {}) {
  options.emplace("project", "proj_a");
  return client_of(options, variables);
}

inline Code code_of(const Status& status) {
  return status.ok() ? Code::ok : status.error().code;
}

inline std::string message_of(const Status& status) {
  return status.ok() ? std::string() : status.error().message;
}

// Gathers what a handler is given.
struct Gathered {
  std::string body;
  std::size_t pieces = 0;

  SendOptions options() {
    SendOptions options;
    options.on_body = [this](std::string_view piece) -> Status {
      EXPECT_FALSE(piece.empty());
      body += piece;
      ++pieces;
      return {};
    };
    return options;
  }
};

class Stopwatch {
 public:
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - start_);
  }

 private:
  SteadyClock::time_point start_ = SteadyClock::now();
};

// Longer than anything here takes on a busy machine, shorter than what would make it stop.
inline constexpr milliseconds promptly{3000};

}  // namespace costmark::testing
