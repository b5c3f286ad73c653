#include "net/sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "net/curl.hpp"

namespace costmark::net {

Sockets::Socket Sockets::Socket::of(int number) noexcept {
  struct stat status{};
  if (::fstat(number, &status) != 0) return {number, 0, 0};
  return {number, status.st_dev, status.st_ino};
}

bool Sockets::Socket::is_same() const noexcept {
  struct stat status{};
  return ::fstat(number, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

bool Sockets::intact() const noexcept {
  const auto is_same = [](const Socket& socket) { return socket.is_same(); };
  return std::all_of(open_.begin(), open_.end(), is_same) &&
         std::all_of(adopted_.begin(), adopted_.end(), is_same);
}

int Sockets::open(const curl_sockaddr& address) noexcept {
  try {
    open_.reserve(open_.size() + 1);
  } catch (...) {
    return CURL_SOCKET_BAD;
  }
  const int made = open_socket(address);
  if (made >= 0) open_.push_back(Socket::of(made));
  return made;
}

int Sockets::close(int socket) noexcept {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [socket](const Socket& known) { return known.number == socket; });
  if (found == open_.end()) return 0;
  const bool is_ours = found->is_same();
  open_.erase(found);
  return is_ours ? ::close(socket) : 0;
}

void Sockets::settle(int kept) noexcept {
  std::erase_if(open_,
                [kept](const Socket& socket) { return !socket.settled && socket.number != kept; });
  for (Socket& socket : open_) socket.settled = true;
}

void Sockets::close_all() noexcept {
  for (std::vector<Socket>* const sockets : {&open_, &adopted_}) {
    for (const Socket& socket : *sockets) {
      if (socket.is_same()) ::close(socket.number);
    }
    sockets->clear();
  }
}

void Sockets::adopt(int descriptor) noexcept {
  try {
    adopted_.push_back(Socket::of(descriptor));
  } catch (...) {  // NOLINT(bugprone-empty-catch): then a host that closes it is not noticed
  }
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

void Sockets::leave_to_parent() noexcept {
  const int nowhere = ::socket(AF_UNIX, SOCK_STREAM, 0);
  for (Socket& socket : open_) {
    if (!socket.is_same()) continue;
    if (nowhere >= 0 && ::dup2(nowhere, socket.number) >= 0) {
      ::fcntl(socket.number, F_SETFD, FD_CLOEXEC);
      socket = Socket::of(socket.number);
    } else {
      ::close(socket.number);
    }
  }
  if (nowhere < 0) open_.clear();
  if (nowhere >= 0) ::close(nowhere);
}

}  // namespace costmark::net
