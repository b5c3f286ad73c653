#include "client/operation/operation_id.hpp"

#include <sys/random.h>

#include <cstring>
#include <new>

#include "base/fork.hpp"

namespace costmark::client {
namespace {

constexpr std::size_t bytes_of_chance = 10;

// Random bytes of one thread, bought from the kernel in bulk: a system call for each id would be a
// tenth of what preparing a small request costs. A forked child must not repeat its parent's.
class Chance {
 public:
  void take(std::uint8_t* out) {
    if (left_ < bytes_of_chance || generation_ != fork_generation()) refill();
    left_ -= bytes_of_chance;
    std::memcpy(out, pool_.data() + left_, bytes_of_chance);
  }

 private:
  void refill() {
    // Up to 256 bytes come whole, and without waiting once the system is up.
    if (getentropy(pool_.data(), pool_.size()) != 0) throw std::bad_alloc();
    left_ = pool_.size();
    generation_ = fork_generation();
  }

  std::array<std::uint8_t, 250> pool_{};
  std::size_t left_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace

void OperationId::renew(std::uint64_t unix_ms) {
  constexpr std::size_t bytes_of_time = 6;
  constexpr std::string_view digits = "0123456789abcdef";
  static thread_local Chance chance;

  std::array<std::uint8_t, bytes_of_time + bytes_of_chance> bytes{};
  for (std::size_t i = 0; i < bytes_of_time; ++i) {
    bytes[i] = static_cast<std::uint8_t>(unix_ms >> (8 * (bytes_of_time - 1 - i)));
  }
  chance.take(bytes.data() + bytes_of_time);
  bytes[6] = static_cast<std::uint8_t>(0x70U | (bytes[6] & 0x0FU));  // version
  bytes[8] = static_cast<std::uint8_t>(0x80U | (bytes[8] & 0x3FU));  // variant

  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text_[at++] = '-';
    text_[at++] = digits[bytes[i] >> 4U];
    text_[at++] = digits[bytes[i] & 0x0FU];
  }
  length_ = at;
}

}  // namespace costmark::client
