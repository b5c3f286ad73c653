#include "client/operation/label_hasher.hpp"

#include <algorithm>
#include <array>

namespace costmark::client {
namespace {

constexpr std::string_view prefix = "hmac-sha256:";
constexpr std::size_t digits_of_key_id = 16;
constexpr std::string_view text_of_key_id = "costmark ledger_hash_key";

using Hash = std::array<char, prefix.size() + 64>;

Hash spelled(const crypto::Digest& digest) noexcept {
  Hash hash;
  const auto hex = crypto::to_hex(digest);
  std::copy(hex.begin(), hex.end(), std::copy(prefix.begin(), prefix.end(), hash.begin()));
  return hash;
}

Status bad_key(std::string_view why) {
  return {Code::invalid_option, "option 'ledger_hash_key' " + std::string(why)};
}

}  // namespace

Result<std::unique_ptr<LabelHasher>> LabelHasher::create(const Options& options) {
  const auto names = options.list("ledger_hash_labels");
  if (names.empty()) return std::unique_ptr<LabelHasher>();
  const std::string_view key = options.text("ledger_hash_key");
  if (key.empty()) {
    return bad_key("is missing: the labels of option 'ledger_hash_labels' are hashed with it");
  }
  if (key.size() < least_key) {
    return bad_key("is too short: it needs " + std::to_string(least_key) + " bytes");
  }
  std::unique_ptr<LabelHasher> made(new LabelHasher);
  made->names_.assign(names.begin(), names.end());
  Status status =
      made->hmac_.set_key(reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto::Digest id;
  if (status) status = made->hmac_.compute(text_of_key_id, id);
  if (!status) return status;
  const auto hex = crypto::to_hex(id);
  made->key_id_.assign(hex.data(), digits_of_key_id);
  return made;
}

bool LabelHasher::is_hashed(std::string_view name) const noexcept {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::string_view LabelHasher::copy(std::span<const NameValue> labels, NameValues& out) {
  std::array<NameValue, most_labels> kept;
  std::array<Hash, most_labels> hashes;
  std::size_t count = 0;
  std::size_t hashed = 0;
  for (const NameValue& label : labels.first(std::min(labels.size(), most_labels))) {
    if (!is_hashed(label.name)) {
      kept[count++] = label;
      continue;
    }
    crypto::Digest digest;
    const std::lock_guard lock(mutex_);
    if (!hmac_.compute(label.value, digest)) continue;
    Hash& hash = hashes[hashed++];
    hash = spelled(digest);
    kept[count++] = {label.name, {hash.data(), hash.size()}};
  }
  out.assign(std::span(kept).first(count));
  return hashed == 0 ? std::string_view() : key_id_;
}

}  // namespace costmark::client
