#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/cleanse.hpp"

namespace costmark {
namespace {

using Fault = FileRead::Fault;

int open_to_read(const std::string& path) noexcept {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

void grow(std::string& text, std::size_t size) {
  std::string larger(size, '\0');
  std::copy(text.begin(), text.end(), larger.begin());
  text.swap(larger);
  cleanse(larger);
}

// Always has room for one byte more, which tells the end of the file from the end of the room.
FileRead read_all(int fd, std::size_t largest, std::string& out) {
  std::size_t length = 0;
  for (;;) {
    if (length == out.size()) {
      if (length > largest) return {Fault::too_large};
      grow(out, std::min(2 * length, largest) + 1);
    }
    const ssize_t got = ::read(fd, out.data() + length, out.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {Fault::failed, errno};
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  out.resize(length);
  return {};
}

}  // namespace

std::string FileRead::reason() const {
  return std::strerror(error);
}

FileRead read_file(const std::string& path, std::size_t largest, std::string& out) {
  cleanse(out);
  const Descriptor file(open_to_read(path));
  if (file.get() < 0) {
    return {errno == ENOENT || errno == ENOTDIR ? Fault::absent : Fault::failed, errno};
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return {Fault::failed, errno};
  if (!S_ISREG(status.st_mode)) return {Fault::irregular};
  if (status.st_size > static_cast<off_t>(largest)) return {Fault::too_large};
  grow(out, static_cast<std::size_t>(status.st_size) + 1);
  const FileRead read = read_all(file.get(), largest, out);
  if (!read.ok()) cleanse(out);
  return read;
}

int make_folders(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return 0;
  if (errno != ENOENT) return errno;
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return ENOENT;
  if (const int failed = make_folders(path.substr(0, slash)); failed != 0) return failed;
  return ::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST ? 0 : errno;
}

}  // namespace costmark
