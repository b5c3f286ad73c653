// A server on 127.0.0.1 that does with each connection what a test wants of it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace costmark::net {

// Whether a text holds a request's header and all of its body.
inline bool is_whole_request(std::string_view text) {
  constexpr std::string_view name = "Content-Length: ";
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const auto at = text.substr(0, end).find(name);
  std::size_t size = 0;
  if (at != std::string_view::npos) {
    std::from_chars(text.data() + at + name.size(), text.data() + end, size);
  }
  return text.size() >= end + 4 + size;
}

// The server's end of one connection; closed with it.
class Peer {
 public:
  Peer(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // One request, header and body, as it came; empty when the client is gone.
  std::string read_request() {
    std::string text;
    while (!is_whole_request(text)) {
      const std::string piece = read_some();
      if (piece.empty()) return {};
      text.append(piece);
    }
    return text;
  }

  // What the client sent next, whatever it is; empty when it is gone, or the test over.
  std::string read_some() {
    char piece[4096];
    if (!wait()) return {};
    const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
    return got <= 0 ? std::string() : std::string(piece, static_cast<std::size_t>(got));
  }

  // False when the client is gone.
  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  int fd() const noexcept { return fd_; }

  // Until there is something to read, or room to write; false when the test is over.
  bool wait(short what = POLLIN) const {
    pollfd wait{fd_, what, 0};
    while (::poll(&wait, 1, 10) <= 0) {
      if (stopping_) return false;
    }
    return true;
  }

  // Waits until the client hangs up or the test is over.
  void linger() const {
    while (!stopping_) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 10) <= 0) continue;
      char ignored[512];
      if (::recv(fd_, ignored, sizeof ignored, 0) <= 0) return;
    }
  }

  // What is unsent and unread is dropped, and the client sees a reset.
  void reset_at_close() const {
    const linger_option now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  using linger_option = struct ::linger;

  int fd_;
  const std::atomic<bool>& stopping_;
};

// Each connection has a thread of its own, in which `handle` runs.
class Loopback {
 public:
  using Handle = std::function<void(Peer&)>;

  explicit Loopback(Handle handle) : handle_(std::move(handle)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, generic, size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, generic, &size) != 0) {
      throw std::runtime_error("no server on loopback");
    }
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // Answers every request with `answer`, byte for byte, and hangs up.
  explicit Loopback(std::string answer)
      : Loopback([this, answer = std::move(answer)](Peer& peer) {
          if (note(peer.read_request())) peer.write(answer);
        }) {}
  ~Loopback() {
    stopping_ = true;
    acceptor_.join();
    for (auto& thread : handlers_) thread.join();
    ::close(fd_);
  }
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  const std::string& origin() const noexcept { return origin_; }
  std::string url(std::string_view path = "/") const { return origin_ + std::string(path); }

  // Keeps a request for `requests`; false if it is none.
  bool note(std::string request) {
    if (request.empty()) return false;
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    return true;
  }
  // How many clients have come, some of them with many requests.
  std::size_t connections() const noexcept { return connections_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  // On this thread: libraries may write without MSG_NOSIGNAL.
  static void ignore_broken_pipes() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }

  void accept_all() {
    while (!stopping_) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 10) <= 0) continue;
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      const int now = 1;  // small pieces do not wait for each other
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
      handlers_.emplace_back([this, fd] {
        ignore_broken_pipes();
        Peer peer(fd, stopping_);
        handle_(peer);
      });
    }
  }

  const Handle handle_;
  int fd_ = -1;
  std::string origin_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> connections_{0};
  std::thread acceptor_;
  std::vector<std::thread> handlers_;  // the acceptor's, until it has ended
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
};

// Answers each request of a connection, one after the other, until the client hangs up.
inline Loopback::Handle keep_answering(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (!peer.read_request().empty() && peer.write(answer)) continue;
  };
}

inline std::string answer_of(int status, std::string_view body, std::string_view more = {}) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Some Reason\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}

// A server that lets nobody in: its queue is full, so that what comes is left waiting.
class Full {
 public:
  Full() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, generic, size) != 0 || ::listen(fd_, 0) != 0 ||
        ::getsockname(fd_, generic, &size) != 0) {
      throw std::runtime_error("no server on loopback");
    }
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    for (int& waiting : waiting_) {
      waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      static_cast<void>(::connect(waiting, generic, size));
    }
  }
  ~Full() {
    for (const int waiting : waiting_) ::close(waiting);
    ::close(fd_);
  }
  Full(const Full&) = delete;
  Full& operator=(const Full&) = delete;

  const std::string& origin() const { return origin_; }

 private:
  int fd_ = -1;
  int waiting_[4]{};
  std::string origin_;
};

}  // namespace costmark::net
