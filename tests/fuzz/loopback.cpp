#include "fuzz/loopback.hpp"

#include <mutex>
#include <string_view>
#include <utility>

#include "capi/server.h"
#include "fuzz/property.hpp"

namespace costmark::fuzz {
namespace {

struct Script {
  unsigned kind = 0;
  std::string piece;
};

std::mutex mutex;
Script script;  // under the mutex

constexpr const char* whole_answer =
    R"({"id":"c","model":"m","choices":[{"index":0,"message":{},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":1,"completion_tokens":2}})";
constexpr const char* last_event =
    R"(data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":1,"completion_tokens":2}})"
    "\n\ndata: [DONE]\n\n";
constexpr const char* soon = "retry-after-ms: 1\r\n";
constexpr const char* json = "application/json";
constexpr const char* events = "text/event-stream";

// The piece as it stands, and nothing after it.
bool say(int connection, std::string_view text) {
  server_send(connection, text.data(), text.size());
  return false;
}

bool stream(int connection, const std::string& piece, bool whole) {
  bool fine = server_begin(connection, 200, events);
  for (const char c : piece.substr(0, 64)) {
    if (c != '\0') fine = fine && server_chunk(connection, std::string(1, c).c_str());
  }
  return fine && whole && server_chunk(connection, last_event) && server_chunk(connection, "");
}

bool answer(void*, const server_request*, int connection) {
  Script now;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    now = script;
  }
  switch (now.kind % 12) {
    case 0:
      return server_answer(connection, 200, json, "", whole_answer);
    case 1:
      return stream(connection, now.piece, true);
    case 2:
      return stream(connection, now.piece, false);
    case 3:
      return server_answer(connection, 429, json, soon, now.piece.c_str());
    case 4:
      return server_answer(connection, 503, json, soon, now.piece.c_str());
    case 5:
      return server_answer(connection, 403, json, "x-amzn-errortype: ExpiredTokenException\r\n",
                           now.piece.c_str());
    case 6:
      return server_answer(connection, static_cast<int>(now.kind) + 100, json, "Location: /\r\n",
                           now.piece.c_str());
    case 7:
      return say(connection, now.piece);
    case 8:
      return say(connection, "HTTP/1.1 200 " + now.piece + "\r\n" + now.piece + ": 1\r\n\r\n");
    case 9:
      return server_answer(connection, 200, now.piece.c_str(), "", now.piece.c_str());
    case 10:
      return false;
    default:  // nothing comes, until the peer gives up
      server_wait(connection, 300);
      return false;
  }
}

}  // namespace

const std::string& loopback_url() {
  static server* const started = server_start(answer, nullptr);
  COSTMARK_HOLDS(started != nullptr);
  static const std::string url = "http://127.0.0.1:" + std::to_string(server_port(started));
  return url;
}

void script_loopback(unsigned kind, std::string piece) {
  const std::lock_guard<std::mutex> lock(mutex);
  script = {kind, std::move(piece)};
}

}  // namespace costmark::fuzz
