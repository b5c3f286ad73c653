// How far the local clock is off.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"

namespace costmark::client {

// What to add to the local time to get the service's, as its refusals and the `Date` of its answers
// have shown. Synchronized internally.
//
// It is learned from a refusal that has to do with the clock, and from nothing else: a `Date` alone
// may be a cache's or a gateway's. Once there is one, it is changed, or forgotten, when a later
// answer shows something else, as when the local clock has been set right.
//
// AWS accepts signatures that are up to five minutes off. Differences below `least_s` are the way
// of the answer and whole seconds, correcting them gains nothing; a signature that fails for no
// named reason is put down to the clock from `suspicious_s` on, as in the SDKs for Java and Go. A
// clock that is off by more than a time zone's mistake is not corrected, as it is wrong for
// certificates and expiry as well: beyond `most_s` people are told.
class ClockSkew {
 public:
  static constexpr UnixSeconds least_s = 60;
  static constexpr UnixSeconds suspicious_s = 4 * 60;
  static constexpr UnixSeconds most_s = 24 * 60 * 60;

  UnixSeconds seconds() const noexcept { return seconds_.load(std::memory_order_relaxed); }

  // The service's clock said `server` when the local one said `local`. Returns the new skew when
  // that changed it.
  std::optional<UnixSeconds> learn(UnixSeconds server, UnixSeconds local) noexcept;

 private:
  std::atomic<UnixSeconds> seconds_{0};
};

// A sentence about it, for the log.
std::string describe_skew(UnixSeconds skew);

// The service's clock said `server` when the local one said `local`: a sentence, where that is too
// far off to be corrected; else nothing.
std::string describe_wrong_clock(UnixSeconds server, UnixSeconds local);

// Requests cannot be signed at a time outside 1970 to 9999.
Status check_clock(UnixSeconds now);

}  // namespace costmark::client
