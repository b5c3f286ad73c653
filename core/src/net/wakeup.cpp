#include "net/wakeup.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>

#include "base/fork.hpp"
#include "base/immortal.hpp"

namespace costmark::net {
namespace {

constexpr std::size_t most = 2;  // a pair of sockets, or a pipe
using Numbers = std::array<int, most>;

// The lowest free numbers, which whatever is opened next has.
Numbers next_numbers() noexcept {
  Numbers numbers{};
  if (::pipe2(numbers.data(), O_CLOEXEC) != 0) return {-1, -1};
  for (const int number : numbers) ::close(number);
  return numbers;
}

// A pipe, or one of a pair of sockets. It is never a socket that leads to a server: another thread
// may open one under such a number meanwhile, and send and receive by it.
bool could_wake(int descriptor) noexcept {
  sockaddr name{};
  socklen_t size = sizeof name;
  if (::getsockname(descriptor, &name, &size) != 0) return errno == ENOTSOCK;
  return name.sa_family == AF_UNIX;
}

int asked(int descriptor, unsigned long what) noexcept {
  int bytes = 0;
  return ::ioctl(descriptor, what, &bytes) == 0 ? bytes : 0;
}

// Whether there is something to be read at this end, or at the other one.
bool is_filled(int descriptor) noexcept {
  if (descriptor < 0) return false;
  if (asked(descriptor, FIONREAD) > 0) return true;
#ifdef SIOCOUTQ
  return asked(descriptor, SIOCOUTQ) > 0;
#else
  return false;
#endif
}

// Those that are filled by waking the handle, and emptied by waiting with it.
Numbers filled_by(CURLM* multi, const Numbers& numbers) noexcept {
  Numbers found = numbers;
  const auto keep = [&found](bool filled) {
    for (int& number : found) {
      if (is_filled(number) != filled) number = -1;
    }
  };
  for (int& number : found) {
    if (!could_wake(number)) number = -1;
  }
  keep(false);
  if (curl_multi_wakeup(multi) != CURLM_OK) return {-1, -1};
  keep(true);
  curl_multi_poll(multi, nullptr, 0, 0, nullptr);
  keep(false);
  return found;
}

}  // namespace

CURLM* make_multi(Sockets& sockets) noexcept {
  // What another thread opens or wakes meanwhile could be taken for this one's.
  static constinit std::mutex mutex;
  static const Immortal<HeldDuringFork> across_fork(mutex);
  const std::lock_guard lock(mutex);
  const Numbers numbers = next_numbers();
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) return nullptr;
  for (const int number : filled_by(multi, numbers)) {
    if (number >= 0) sockets.adopt(number);
  }
  return multi;
}

}  // namespace costmark::net
