#include "credentials/token_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cleanse.hpp"
#include "credentials/config_file.hpp"

namespace costmark {
namespace {

// -1 with errno set, or a descriptor; a FIFO in the file's place does not hold the caller up.
int open_to_read(const std::string& path) noexcept {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// 0, or what errno said. A file of just the largest size fills one byte less than `token` has.
int read_all(int fd, std::string& token) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  token.resize(largest_token + 1);
  std::size_t length = 0;
  while (length < token.size()) {
    const ssize_t got = ::read(fd, token.data() + length, token.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  token.resize(length);
  return 0;
}

}  // namespace

Result<std::string> read_token_file(const std::string& path, std::string_view who) {
  const auto fault = [&](const std::string& what) {
    return Error{Code::unusable_credentials,
                 std::string(who) + ": " + config::shown(path) + " " + what};
  };
  const int fd = open_to_read(path);
  if (fd < 0) return fault(std::string("cannot be read: ") + std::strerror(errno));
  std::string token;
  const int failure = read_all(fd, token);
  ::close(fd);
  if (failure == 0 && !token.empty() && token.size() <= largest_token) return token;
  const bool too_large = token.size() > largest_token;
  cleanse(token);
  if (failure == EINVAL) return fault("is no regular file");
  if (failure != 0) return fault(std::string("cannot be read: ") + std::strerror(failure));
  if (too_large) return fault("is larger than " + std::to_string(largest_token) + " bytes");
  return fault("is empty; a file that is being rotated is put in place by rename");
}

}  // namespace costmark
