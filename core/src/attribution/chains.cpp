#include "attribution/chains.hpp"

namespace costmark::attribution {

void Chains::remember(std::string_view response_id, std::string_view project) {
  if (capacity_ == 0 || response_id.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto [entry, added] = owners_.try_emplace(std::string(response_id), project);
  if (!added) return;
  try {
    order_.push_back(entry->first);
  } catch (...) {  // what is not in `order_` would never be forgotten
    owners_.erase(entry);
    throw;
  }
  if (order_.size() <= capacity_) return;
  const auto oldest = owners_.find(order_.front());
  order_.pop_front();
  owners_.erase(oldest);
}

bool Chains::crosses(std::string_view response_id, std::string_view project,
                     std::string& owner) const {
  const std::lock_guard lock(mutex_);
  const auto entry = owners_.find(response_id);
  if (entry == owners_.end() || entry->second == project) return false;
  owner = entry->second;
  return true;
}

}  // namespace costmark::attribution
