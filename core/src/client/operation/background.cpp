#include "client/operation/background.hpp"

#include <utility>

#include "base/immortal.hpp"

namespace costmark::client {
namespace {

std::string key_of(std::string_view host, std::string_view id) {
  std::string key(host);
  key += '\n';
  key += id;
  return key;
}

}  // namespace

BackgroundResponses& BackgroundResponses::of_process() {
  static const Immortal<BackgroundResponses> all;
  return *all;
}

BackgroundResponses::Entry& BackgroundResponses::entry(std::string_view host, std::string_view id) {
  const auto [at, added] = entries_.try_emplace(key_of(host, id));
  if (!added) return at->second;
  try {
    order_.push_back(at->first);
  } catch (...) {  // what is not in `order_` would never be forgotten
    entries_.erase(at);
    throw;
  }
  if (order_.size() > most) {
    const auto oldest = entries_.find(order_.front());
    order_.pop_front();
    entries_.erase(oldest);
  }
  return at->second;
}

void BackgroundResponses::opened(std::string_view host, std::string_view id, Owner owner,
                                 const Usage& counted) {
  const std::lock_guard lock(mutex_);
  Entry& found = entry(host, id);
  if (!found.settled) found.open = {std::move(owner), counted};
}

void BackgroundResponses::completed(std::string_view host, std::string_view id) {
  const std::lock_guard lock(mutex_);
  Entry& found = entry(host, id);
  found.settled = true;
  found.open = {};
}

std::optional<BackgroundResponses::Settlement> BackgroundResponses::settle(std::string_view host,
                                                                           std::string_view id,
                                                                           bool created_elsewhere) {
  const std::lock_guard lock(mutex_);
  if (!created_elsewhere && !entries_.contains(key_of(host, id))) return std::nullopt;
  Entry& found = entry(host, id);
  if (std::exchange(found.settled, true)) return std::nullopt;
  return std::exchange(found.open, {});
}

}  // namespace costmark::client
