#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace costmark::client {

// A UUID of version 7 (RFC 9562, section 5.7) as text: 48 bits of milliseconds since 1970, 74 bits
// of chance. Sorts by time; two threads, processes or machines never make the same one.
class OperationId {
 public:
  static constexpr std::size_t size = 36;

  // A new one. `unix_ms` is the local time.
  void renew(std::uint64_t unix_ms);
  void clear() noexcept { length_ = 0; }

  // A NUL follows it.
  std::string_view text() const noexcept { return {text_.data(), length_}; }

 private:
  std::array<char, size + 1> text_{};
  std::size_t length_ = 0;
};

}  // namespace costmark::client
