// Signing keys, so that a day's requests derive theirs once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/fork.hpp"
#include "crypto/crypto.hpp"

namespace costmark::signing {

// What a signing key is derived from.
struct KeySource {
  std::uint64_t credentials = 0;  // Credentials::serial(); no snapshot has 0
  std::string_view date;          // YYYYMMDD
  std::string_view region;
  std::string_view service;
};

// A KeySource that owns its text.
class KeyName {
 public:
  bool empty() const noexcept { return credentials_ == 0; }
  bool matches(const KeySource& source) const noexcept;
  void set(const KeySource& source);
  void clear() noexcept { credentials_ = 0; }

 private:
  std::uint64_t credentials_ = 0;
  std::string date_;
  std::string region_;
  std::string service_;
};

// The most recently used keys. Synchronized internally, and never waits: when another thread is in
// here, `find` finds nothing and `insert` forgets. Evicted keys are cleansed.
class SigningKeyCache {
 public:
  static constexpr std::size_t capacity = 16;

  ~SigningKeyCache();

  bool find(const KeySource& source, crypto::Digest& key);
  void insert(const KeySource& source, const crypto::Digest& key);

 private:
  struct Entry {
    KeyName name;
    crypto::Digest key{};
    std::uint64_t used = 0;
  };

  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  std::array<Entry, capacity> entries_;
  std::uint64_t clock_ = 0;
};

}  // namespace costmark::signing
