// Descriptors, folders, and files that are read whole.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace costmark {

// Owns a file descriptor; -1 for none.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return fd_; }
  // What close(2) said; 0 when there is none.
  int close() noexcept { return fd_ >= 0 ? ::close(std::exchange(fd_, -1)) : 0; }
  // It is the caller's from now on.
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct FileRead {
  enum class Fault : std::uint8_t { none, absent, irregular, too_large, failed };
  Fault fault = Fault::none;
  int error = 0;  // errno of `absent` and `failed`

  bool ok() const noexcept { return fault == Fault::none; }
  // "Permission denied" and such.
  std::string reason() const;
};

// Reads a regular file of at most `largest` bytes into `out`, which is empty after a failure.
// Leaves no copy of the content behind; never waits for a FIFO in the file's place.
FileRead read_file(const std::string& path, std::size_t largest, std::string& out);

// Makes a folder and those above it, for this user alone. 0, or errno.
int make_folders(const std::string& path);

}  // namespace costmark
