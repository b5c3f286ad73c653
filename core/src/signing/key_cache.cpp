#include "signing/key_cache.hpp"

#include "base/cleanse.hpp"

namespace costmark::signing {

bool KeyName::matches(const KeySource& source) const noexcept {
  return credentials_ == source.credentials && date_ == source.date && region_ == source.region &&
         service_ == source.service;
}

void KeyName::set(const KeySource& source) {
  clear();
  date_ = source.date;
  region_ = source.region;
  service_ = source.service;
  credentials_ = source.credentials;
}

SigningKeyCache::~SigningKeyCache() {
  for (auto& entry : entries_) cleanse(entry.key.data(), entry.key.size());
}

bool SigningKeyCache::find(const KeySource& source, crypto::Digest& key) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;
  for (auto& entry : entries_) {
    if (!entry.name.matches(source)) continue;
    entry.used = ++clock_;
    key = entry.key;
    return true;
  }
  return false;
}

void SigningKeyCache::insert(const KeySource& source, const crypto::Digest& key) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  auto* slot = &entries_.front();
  for (auto& entry : entries_) {
    if (entry.name.matches(source)) {  // another thread was faster
      slot = &entry;
      break;
    }
    if (entry.used < slot->used) slot = &entry;
  }
  slot->name.set(source);
  slot->key = key;  // overwrites the evicted key
  slot->used = ++clock_;
}

}  // namespace costmark::signing
