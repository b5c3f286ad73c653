#include "client/operation/refused_auth.hpp"

#include <functional>
#include <string_view>

#include "base/cleanse.hpp"

namespace costmark::client {
namespace {

std::size_t session_hash_of(const Credentials& credentials) noexcept {
  return std::hash<std::string_view>{}(credentials.session_token());
}

}  // namespace

void RefusedAuth::note(Refusal refusal, const Prepared::Impl& prepared) {
  clear();
  token_ = prepared.token();
  if (refusal != Refusal::credentials) return;
  const CredentialsPtr used = prepared.auth.credentials.lock();
  if (!used) return;
  access_key_id_ = used->access_key_id();
  session_hash_ = session_hash_of(*used);
}

void RefusedAuth::clear() noexcept {
  cleanse(token_);
  access_key_id_.clear();
}

bool RefusedAuth::is_used_by(const Prepared::Impl& prepared) const noexcept {
  if (!token_.empty() && prepared.token() == token_) return true;
  if (access_key_id_.empty()) return false;
  const CredentialsPtr used = prepared.auth.credentials.lock();
  return used && used->access_key_id() == access_key_id_ && session_hash_of(*used) == session_hash_;
}

}  // namespace costmark::client
