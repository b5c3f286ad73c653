// The descriptors of kept connections: who inherits them, how many they are, and what happens when
// the host takes them away.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <vector>

#include "edges_fixture.hpp"

namespace {

using costmark::edges::end_of_child;
using costmark::edges::Host;
using costmark::edges::ServerProcess;

constexpr int first = 3;
constexpr int last = 255;

std::vector<int> open_descriptors() {
  std::vector<int> found;
  for (int number = first; number <= last; ++number) {
    if (fcntl(number, F_GETFD) >= 0) found.push_back(number);
  }
  return found;
}

// By name, which makes libcurl look it up.
std::string by_name(std::string url) {
  const auto at = url.find("127.0.0.1");
  return url.replace(at, 9, "localhost");
}

TEST(CapiDescriptors, AnIdleConnectionHasThreeThatNoProgramInherits) {
  for (const bool tls : {false, true}) {
    const ServerProcess server(tls);
    EXPECT_EQ(end_of_child([&]() -> int {
                const Host host({{"ca_bundle", server.bundle()}});
                const std::vector<int> before = open_descriptors();
                if (host.send(tls ? server.url() : by_name(server.url())) != COSTMARK_OK) return 1;
                int count = 0;
                for (const int number : open_descriptors()) {
                  if (std::binary_search(before.begin(), before.end(), number)) continue;
                  ++count;
                  if ((fcntl(number, F_GETFD) & FD_CLOEXEC) == 0) return 100 + number;
                }
                return count;
              }),
              "exit 3")
        << (tls ? "with TLS" : "without");
  }
}

// What a host opens under the numbers that it closed.
class HostsOwn {
 public:
  HostsOwn() {
    for (int number = first; number <= last; ++number) ::close(number);
    // Files, which writing and reading would change, and pairs of sockets, which would pass it on.
    for (int i = 0; i < 8; ++i) {
      char path[] = "/tmp/costmark-XXXXXX";
      const int file = mkstemp(path);
      ::unlink(path);
      files_.push_back(known(file));
      std::array<int, 2> pair{-1, -1};
      if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) _exit(90);
      for (const int socket : pair) sockets_.push_back(known(socket));
    }
  }

  // Whether each is open, is what it was, and holds nothing.
  bool are_untouched() const {
    const auto is_same = [](const Known& each) {
      struct stat now{};
      return fstat(each.number, &now) == 0 && now.st_ino == each.was.st_ino && now.st_size == 0;
    };
    const auto is_empty = [](const Known& each) {
      int bytes = -1;
      return ioctl(each.number, FIONREAD, &bytes) == 0 && bytes == 0;
    };
    return std::all_of(files_.begin(), files_.end(), is_same) &&
           std::all_of(sockets_.begin(), sockets_.end(), is_same) &&
           std::all_of(sockets_.begin(), sockets_.end(), is_empty);
  }

 private:
  struct Known {
    int number;
    struct stat was;
  };
  static Known known(int number) {
    Known out{number, {}};
    if (number < 0 || fstat(number, &out.was) != 0) _exit(91);
    return out;
  }

  std::vector<Known> files_;
  std::vector<Known> sockets_;
};

// As a program does that becomes a daemon after it has made its client.
int lose_descriptors(const ServerProcess& server, bool send_again) {
  Host* const host = new Host({{"ca_bundle", server.bundle()}});
  if (host->send(server.url()) != COSTMARK_OK) return 1;
  const HostsOwn own;
  if (send_again && host->send(server.url()) != COSTMARK_OK) return 2;
  if (!own.are_untouched()) return 3;
  delete host;
  if (costmark_live_handles() != 0) return 4;
  const Host another({{"ca_bundle", server.bundle()}});
  if (another.send(server.url()) != COSTMARK_OK) return 5;
  return own.are_untouched() ? 0 : 6;
}

TEST(CapiDescriptors, WhatTheHostHasUnderTheirNumbersStays) {
  for (const bool tls : {false, true}) {
    const ServerProcess server(tls);
    for (const bool send_again : {true, false}) {
      EXPECT_EQ(end_of_child([&] { return lose_descriptors(server, send_again); }), "exit 0")
          << (tls ? "with TLS" : "without");
    }
  }
}

// The child of a fork that becomes the daemon, as daemon(3) has it.
TEST(CapiDescriptors, TheSameInAForkedChild) {
  const ServerProcess server(true);
  EXPECT_EQ(end_of_child([&]() -> int {
              const Host host({{"ca_bundle", server.bundle()}});
              if (host.send(server.url()) != COSTMARK_OK) return 1;
              const std::string end = end_of_child([&]() -> int {
                const HostsOwn own;
                if (host.send(server.url()) != COSTMARK_OK) return 2;
                return own.are_untouched() ? 0 : 3;
              });
              if (end != "exit 0") return 4;
              return host.send(server.url()) == COSTMARK_OK ? 0 : 5;
            }),
            "exit 0");
}

}  // namespace
