#pragma once

#include <sys/types.h>

#include <vector>

struct curl_sockaddr;  // NOLINT(readability-identifier-naming): of libcurl

namespace costmark::net {

// The sockets that a connection has open. One thread at a time.
//
// A host may close descriptors that it did not open, as programs do that become daemons, and open
// files under their numbers. So each is known by what it was, too.
class Sockets {
 public:
  // Whether there is no socket that leads to a server.
  bool empty() const noexcept { return open_.empty(); }
  // Whether each of them is still what it was.
  bool intact() const noexcept;

  // Negative when there is none.
  int open(const curl_sockaddr& address) noexcept;
  // As close(2); no socket is closed twice, and nothing that is not a socket of this connection.
  int close(int socket) noexcept;
  // After an exchange, of which at most the socket `kept` is still open: libcurl closes one that
  // was never connected without saying so (7.87 and 7.88), and its number may be anyone's by now.
  void settle(int kept) noexcept;
  // All that are still what they were.
  void close_all() noexcept;

  // A descriptor of libcurl's own, which closes it. No child of this process inherits it from here
  // on.
  void adopt(int descriptor) noexcept;

  // Of a forked child. Nothing that this process still does may reach the parent's connections, not
  // even a goodbye: in place of each socket comes one that leads nowhere, for libcurl to write to
  // and to close.
  void leave_to_parent() noexcept;

 private:
  struct Socket {
    int number;
    dev_t device;
    ino_t inode;
    bool settled = false;  // the exchange that opened it is over

    static Socket of(int number) noexcept;
    bool is_same() const noexcept;
  };

  std::vector<Socket> open_;
  std::vector<Socket> adopted_;
};

}  // namespace costmark::net
