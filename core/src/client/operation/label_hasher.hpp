// Labels that the ledger must not have in clear, such as who the user is.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fork.hpp"
#include "costmark/error.hpp"
#include "costmark/labels.hpp"
#include "costmark/options.hpp"
#include "crypto/crypto.hpp"

namespace costmark::client {

// Replaces the values of some labels by "hmac-sha256:" and the HMAC-SHA-256 of the value in
// hexadecimal. Synchronized internally.
class LabelHasher {
 public:
  static constexpr std::size_t least_key = 16;  // bytes

  // The one of options ledger_hash_labels and ledger_hash_key; null without them. Errors:
  // invalid_option; internal, with what OpenSSL says.
  static Result<std::unique_ptr<LabelHasher>> create(const Options& options);

  // Copies the labels, with hashes in place of values. Returns the id of the key, or nothing when
  // no label has a name that is to be hashed. A label that cannot be hashed is left out.
  std::string_view copy(std::span<const NameValue> labels, NameValues& out);

 private:
  LabelHasher() = default;
  bool is_hashed(std::string_view name) const noexcept;

  std::vector<std::string> names_;
  std::string key_id_;  // of 16 digits: part of the HMAC of a fixed text
  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  crypto::HmacSha256 hmac_;
};

}  // namespace costmark::client
