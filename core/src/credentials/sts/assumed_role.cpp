#include "credentials/sts/assumed_role.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds renewal_window_s = 15 * 60;

bool due(const KeptSource& source, UnixSeconds now) noexcept {
  const auto end = source.credentials->expires_at();
  if (!end) return false;
  return now >= std::max(*end - renewal_window_s, source.since + (*end - source.since) / 2);
}

// A client error that another source may not meet.
bool is_refusal(const Error& error) noexcept {
  return error.http_status / 100 == 4 && !error.retryable;
}

}  // namespace

AssumedRole::AssumedRole(const RoleChain& chain, const sts::Client& client, Base base,
                         KeptSources kept, UnixSeconds now)
    : chain_(chain),
      client_(client),
      base_(std::move(base)),
      old_(std::move(kept)),
      fresh_(chain.roles.size()),
      now_(now),
      next_renewal_(now) {
  old_.resize(chain.roles.size());
}

Result<CredentialsPtr> AssumedRole::resolve() {
  auto result = role(0);
  if (result.ok() && result.value()->expires_at()) {
    next_renewal_ = now_ + (*result.value()->expires_at() - now_) / 2;
  }
  return result;
}

Result<CredentialsPtr> AssumedRole::role(std::size_t number) {
  for (;;) {
    auto source = source_of(number);
    if (!source) return source;
    auto result = client_.assume_role(chain_.roles[number], *source.value(), now_);
    if (result.ok() || !used_old_ || !is_refusal(result.error())) return result;
    forget();  // what was kept may have been revoked meanwhile
  }
}

Result<CredentialsPtr> AssumedRole::source_of(std::size_t number) {
  if (fresh_[number].kept.credentials) return fresh_[number].kept.credentials;
  if (old_serves(number) && !due(old_[number], now_)) return use_old(number);
  const auto got = ask_for(number);
  if (!got && old_serves(number)) return use_old(number);
  if (!got) return got.error();
  const CredentialsPtr& credentials = got.value().credentials;
  if (credentials->expired(now_)) {
    return Error{Code::expired_credentials,
                 chain_.roles[number].who + ": the credentials to assume it with, from " +
                     std::string(credentials->source()) + ", expired at " +
                     format_timestamp(*credentials->expires_at())};
  }
  fresh_[number] = {{credentials, now_}, got.value().costly};
  return credentials;
}

Result<Sourced> AssumedRole::ask_for(std::size_t number) {
  if (number + 1 == chain_.roles.size()) return base_();
  const auto result = role(number + 1);
  if (!result) return result.error();
  return Sourced{result.value(), true};
}

bool AssumedRole::old_serves(std::size_t number) const noexcept {
  const CredentialsPtr& old = old_[number].credentials;
  return old && !old->expired(now_);
}

CredentialsPtr AssumedRole::use_old(std::size_t number) {
  used_old_ = true;
  fresh_[number] = {old_[number], true};
  return old_[number].credentials;
}

void AssumedRole::forget() {
  used_old_ = false;
  std::fill(old_.begin(), old_.end(), KeptSource());
  std::fill(fresh_.begin(), fresh_.end(), Source());
}

KeptSources AssumedRole::take_kept() {
  KeptSources kept = std::move(old_);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (fresh_[i].kept.credentials) {
      kept[i] = fresh_[i].costly ? std::move(fresh_[i].kept) : KeptSource();
    }
    if (kept[i].credentials && kept[i].credentials->expired(next_renewal_)) kept[i] = {};
  }
  return kept;
}

}  // namespace costmark
