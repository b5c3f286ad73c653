#pragma once

#include <vector>

struct curl_sockaddr;  // NOLINT(readability-identifier-naming): of libcurl

namespace costmark::net {

// The sockets that a connection has open. One thread at a time.
class Sockets {
 public:
  bool empty() const noexcept { return open_.empty(); }

  // Negative when there is none.
  int open(const curl_sockaddr& address) noexcept;
  // As close(2); no socket is closed twice.
  int close(int socket) noexcept;

  // Of a forked child. Nothing that this process still does may reach the parent's connections, not
  // even a goodbye: in place of each socket comes one that leads nowhere, for libcurl to write to
  // and to close.
  void leave_to_parent() noexcept;

 private:
  std::vector<int> open_;
};

}  // namespace costmark::net
