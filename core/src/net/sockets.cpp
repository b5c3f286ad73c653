#include "net/sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/curl.hpp"

namespace costmark::net {

int Sockets::open(const curl_sockaddr& address) noexcept {
  try {
    open_.reserve(open_.size() + 1);
  } catch (...) {
    return CURL_SOCKET_BAD;
  }
  const int made = open_socket(address);
  if (made >= 0) open_.push_back(made);
  return made;
}

int Sockets::close(int socket) noexcept {
  return std::erase(open_, socket) == 0 ? 0 : ::close(socket);
}

void Sockets::leave_to_parent() noexcept {
  const int nowhere = ::socket(AF_UNIX, SOCK_STREAM, 0);
  for (const int socket : open_) {
    if (nowhere >= 0 && ::dup2(nowhere, socket) >= 0) {
      ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    } else {
      ::close(socket);
    }
  }
  if (nowhere < 0) open_.clear();
  if (nowhere >= 0) ::close(nowhere);
}

}  // namespace costmark::net
