#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/carrier.hpp"
#include "attribution/chains.hpp"
#include "base/fork.hpp"
#include "base/waiting.hpp"
#include "client/operation/accounting.hpp"
#include "client/prepare/attribute.hpp"
#include "client/prepare/authorize.hpp"
#include "client/prepare/prepared.hpp"
#include "client/settings.hpp"
#include "client/verify/prober.hpp"
#include "client/verify/verify_plan.hpp"
#include "costmark/client.hpp"
#include "costmark/usage.hpp"
#include "costmark/verification.hpp"
#include "http/transport.hpp"

namespace costmark::client {

// Finds out whether endpoints read the project that requests name, and remembers it. Synchronized
// internally: one thread at a time verifies, and those that waited for it share what it found.
class Verifier {
 public:
  struct Parts {
    const Settings& settings;
    const attribution::Chains& chains;
    Workspaces& workspaces;
    Authorizer& authorizer;
    Accounting& accounting;
    const std::function<UnixSeconds()>& clock;
    const std::function<void(LogLevel, std::string_view)>& log;
    std::shared_ptr<http::Transport> transport;
  };

  // How long calls go on unproven before another one tries again to prove something.
  static constexpr UnixSeconds retry_after_s = 60;

  explicit Verifier(Parts parts);
  ~Verifier();

  // See Client::verify.
  Result<Verification> verify(const VerifyRequest& request);

  // What option `verify` asks for, of an inference request that is attributed and not authorized
  // yet; `url` is where it goes. Verifies once for each URL and carrier; afterwards it takes no
  // lock that another thread holds during I/O, and allocates nothing. Errors: unattributed, when
  // the endpoint ignores the carrier; would_block, timeout, cancelled.
  Status admit(const Request& request, std::string_view url, const Wait& wait,
               const Prepared::Impl& prepared);

  // Whether requests to `url` are known to be admitted, or refused, without a look at the endpoint.
  bool proven(std::string_view url);

 private:
  using Found = std::shared_ptr<const Verification>;
  struct Known;
  struct Gate;
  class Turn;
  enum class Pass : std::uint8_t { open, closed, to_be_verified };

  Result<Found> known_or_verified(const VerifyPlan& plan, bool force, const Wait& wait);
  Pass pass(std::string_view url, attribution::Carriers carriers, const Wait& wait, Found& last);

  // With mutex_ held.
  Known* known(const VerifyPlan& plan);
  Gate* gate(std::string_view url, attribution::Carriers carriers);
  Found found_by_others(const VerifyPlan& plan, const Found& before);
  void remember(const VerifyPlan& plan, const Found& found, bool carrier_read);
  void forget_parents_turn();

  const Parts parts_;
  const Settings settings_;  // the client's, without the policies that would stop a probe
  const Attributor attributor_;

  std::mutex mutex_;  // guards what follows; never held during I/O
  const HeldDuringFork across_fork_{mutex_};
  Waiters turn_over_;
  std::uint64_t generation_ = fork_generation();  // of the process whose threads are in here
  bool verifying_ = false;                        // a thread is
  std::vector<Known> known_;
  std::vector<Gate> gates_;
};

}  // namespace costmark::client
