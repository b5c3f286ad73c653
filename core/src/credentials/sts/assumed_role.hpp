// Walks a chain of roles, and keeps what it is sourced from for the next time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/sts/role_chain.hpp"
#include "credentials/sts/sts.hpp"

namespace costmark {

// Credentials, and whether they cost an exchange or a program to get.
struct Sourced {
  CredentialsPtr credentials;
  bool costly = false;
};

// Credentials that a role was assumed with, and since when they are held.
struct KeptSource {
  CredentialsPtr credentials;  // null: none
  UnixSeconds since = 0;
};

// One for each role of a chain.
using KeptSources = std::vector<KeptSource>;

// One walk. Renewing a role asks its source again only when the source's own credentials are due:
// 15 minutes before their end, or when half of their life is over; where that fails, they serve as
// long as they are valid. When STS refuses them before that, the source is asked once more.
class AssumedRole {
 public:
  using Base = std::function<Result<Sourced>()>;

  // All of it is the caller's and must outlive this. `base` gets the credentials that the last role
  // is assumed with; `kept` is what the last walk left, of the same chain or empty.
  AssumedRole(const RoleChain& chain, const sts::Client& client, Base base, KeptSources kept,
              UnixSeconds now);

  Result<CredentialsPtr> resolve();

  // What is worth keeping after `resolve`: nothing that was cheap, or ends before it is of use.
  KeptSources take_kept();

 private:
  struct Source {
    KeptSource kept;
    bool costly = true;
  };

  Result<CredentialsPtr> role(std::size_t number);
  Result<CredentialsPtr> source_of(std::size_t number);
  Result<Sourced> ask_for(std::size_t number);
  bool old_serves(std::size_t number) const noexcept;
  CredentialsPtr use_old(std::size_t number);
  void forget();

  const RoleChain& chain_;
  const sts::Client& client_;
  const Base base_;
  KeptSources old_;
  std::vector<Source> fresh_;
  bool used_old_ = false;
  const UnixSeconds now_;
  UnixSeconds next_renewal_;  // of the first role: what ends before it is of no use
};

}  // namespace costmark
