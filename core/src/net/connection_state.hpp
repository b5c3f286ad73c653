// What a connection holds for libcurl, and one exchange over it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "net/connection.hpp"
#include "net/curl.hpp"

namespace costmark::net {

struct CloseMulti {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};

// libcurl's handles, and what it reads while it has them.
struct Connection::Handles {
  std::string url;
  std::string method;
  HeaderLines headers;
  std::array<char, CURL_ERROR_SIZE> text{};
  std::chrono::milliseconds time_to_connect{};
  bool decodes = false;
  bool proxied = true;
  bool is_current = false;  // libcurl was given all of the last exchange
  bool is_set_up = false;
  Handles* next_abandoned = nullptr;
  std::unique_ptr<CURLM, CloseMulti> multi;
  CURLcode result = CURLE_OK;  // of the last exchange
  EasyHandle easy;             // first to go: it points to all of the others

  void read_result() noexcept;
};

// One exchange in progress.
//
//   ─► opened ─► connected ─► issued ─► heard ─► head complete ─► body ─► outcome_of()
//        └ not if one was kept   │        └ stopped or thrown: by the receiver, or a limit
//                                └ issued_again: libcurl would repeat it, and is stopped
struct Connection::Transfer {
  const http::Request& request;
  const Limits& limits;
  http::Head& head;
  Receiver& receiver;
  SteadyClock::time_point last_byte = SteadyClock::now();
  bool connected = false;
  bool heard = false;   // something of an answer, if only a line
  bool opened = false;  // a connection, since none was kept
  // libcurl has begun to send the request (before 7.80 it does not say when). It was about to do
  // that once more.
  bool issued = LIBCURL_VERSION_NUM < 0x075000;
  bool issued_again = false;
  long sent_before = 0;  // bytes, to a proxy
  Status stopped{};      // why the receiver, or this side, wants no more of it
  std::exception_ptr thrown{};

  bool wants_more() const noexcept { return stopped.ok() && !thrown; }
  bool is_cancelled() const noexcept {
    return limits.cancellation != nullptr && limits.cancellation->requested();
  }
};

// What libcurl calls, each with the connection.
struct Connection::Callbacks {
  static void set(Setter& options, Connection* connection);

  static std::size_t header(char* bytes, std::size_t, std::size_t size, void* connection) noexcept;
  static std::size_t body(char* bytes, std::size_t, std::size_t size, void* connection) noexcept;
  static curl_socket_t open(void* connection, curlsocktype, curl_sockaddr* address) noexcept;
  static int close(void* connection, curl_socket_t socket) noexcept;
  static int issue(void* connection, char*, char*, int, int) noexcept;

 private:
  static std::size_t guarded(Connection& self, Status (*take)(Connection&, std::string_view),
                             std::string_view bytes) noexcept;
  static Status take_header(Connection& self, std::string_view bytes);
  static Status take_body(Connection& self, std::string_view bytes);
  static bool is_sent_again(Connection& self) noexcept;
};

// A failure of the transport that may pass.
Error unusable(std::string what);
Error cancelled();

}  // namespace costmark::net
