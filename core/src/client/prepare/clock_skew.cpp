#include "client/prepare/clock_skew.hpp"

#include <cstdlib>

#include "base/timestamp.hpp"

namespace costmark::client {

std::optional<UnixSeconds> ClockSkew::learn(UnixSeconds server, UnixSeconds local) noexcept {
  const UnixSeconds shown = server - local;
  if (std::abs(shown) > most_s) return std::nullopt;
  const UnixSeconds skew = std::abs(shown) < least_s ? 0 : shown;
  UnixSeconds held = seconds();
  // Two answers never show quite the same; the difference is noise until it would be learned.
  if (skew == held || (skew != 0 && std::abs(skew - held) < least_s)) return std::nullopt;
  if (!seconds_.compare_exchange_strong(held, skew, std::memory_order_relaxed)) return std::nullopt;
  return skew;
}

std::string describe_skew(UnixSeconds skew) {
  if (skew == 0) return "the local clock agrees with the service's again";
  return "the local clock is " + std::to_string(std::abs(skew)) + " s " +
         (skew > 0 ? "behind" : "ahead of") +
         " the service's: requests are signed by the service's clock from now on";
}

std::string describe_wrong_clock(UnixSeconds server, UnixSeconds local) {
  if (std::abs(server - local) <= ClockSkew::most_s) return {};
  return "the local clock says " + format_timestamp(local) + ", the service's " +
         format_timestamp(server) + ": set the local clock right";
}

Status check_clock(UnixSeconds now) {
  if (now >= 0 && now <= end_of_9999) return {};
  return {Code::invalid_argument, "the local clock says " + format_timestamp(now) +
                                      ", and requests are signed by it: set the local clock right"};
}

}  // namespace costmark::client
