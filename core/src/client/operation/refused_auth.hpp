#pragma once

#include <cstddef>
#include <string>

#include "client/operation/refusal.hpp"
#include "client/prepare/prepared.hpp"

namespace costmark::client {

// What the service refused of an operation, so that the very same is not sent again.
class RefusedAuth {
 public:
  RefusedAuth() = default;
  RefusedAuth(const RefusedAuth&) = delete;
  RefusedAuth& operator=(const RefusedAuth&) = delete;
  ~RefusedAuth() { clear(); }

  // `refusal` is why `prepared` was refused. After a wrong clock the same keys may pass.
  void note(Refusal refusal, const Prepared::Impl& prepared);
  void clear() noexcept;

  // Whether `prepared` is authorized by what was refused.
  bool is_used_by(const Prepared::Impl& prepared) const noexcept;

 private:
  std::string token_;
  std::string access_key_id_;
  std::size_t session_hash_ = 0;  // keys that are renewed may keep their id
};

}  // namespace costmark::client
