#include "client/verify/verify.hpp"

#include <algorithm>
#include <utility>

#include "attribution/project.hpp"
#include "base/text.hpp"

namespace costmark {

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::honored:
      return "honored";
    case Verdict::not_honored:
      return "not_honored";
    case Verdict::unknown:
      return "unknown";
  }
  return "unknown";
}

namespace client {
namespace {

// Beyond that the oldest are forgotten, and would be verified again.
constexpr std::size_t most_known = 1024;
constexpr std::size_t most_gates = 256;

constexpr std::string_view proving = "asking the endpoint for proof";

// Policies decide about the caller's requests; a probe names what it has to name.
Settings without_policies(Settings settings) {
  settings.rules = {};
  settings.resolver = attribution::Resolver(attribution::ConflictPolicy::keep, {});
  settings.unattributed = UnattributedPolicy::allow;
  settings.runtime_project = RuntimeProjectPolicy::allow;
  settings.client_project.clear();
  settings.environment_project.clear();
  return settings;
}

Status unattributed(std::string message) {
  return {Code::unattributed, std::move(message)};
}

}  // namespace

// What was found for a call of `verify`, or for the first request of a gate.
struct Verifier::Known {
  bool is_for(const VerifyPlan& plan) const {
    return url == plan.url && api == plan.api && project == plan.probing.project &&
           model == plan.probing.model && carriers == plan.probing.carriers;
  }

  std::string url;
  Api api;
  attribution::Carriers carriers;
  std::string project;
  std::string model;
  Found found;
};

// What requests to one URL may do, whatever their project.
struct Verifier::Gate {
  std::string url;
  attribution::Carriers carriers;
  Found last;
  bool open = false;  // the endpoint reads the carrier
  UnixSeconds try_again_at = 0;
};

// The right to verify, which one thread has at a time.
class Verifier::Turn {
 public:
  explicit Turn(Verifier& owner) : owner_(owner) {}
  ~Turn() {
    if (!is_mine_) return;
    const std::lock_guard lock(owner_.mutex_);
    owner_.verifying_ = false;
    owner_.turn_over_.wake_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  Status take(const Wait& wait) {
    std::unique_lock lock(owner_.mutex_);
    owner_.forget_parents_turn();
    while (owner_.verifying_) {
      if (owner_.turn_over_.wait(lock, wait)) continue;
      if (wait.alone || is_over(wait)) return ended_early(wait, proving);
    }
    is_mine_ = owner_.verifying_ = true;
    return {};
  }

 private:
  Verifier& owner_;
  bool is_mine_ = false;
};

Verifier::Verifier(Parts parts)
    : parts_(std::move(parts)),
      settings_(without_policies(parts_.settings)),
      attributor_(settings_, parts_.chains, parts_.workspaces) {}

Verifier::~Verifier() = default;

// --- Verifying -----------------------------------------------------------------------------------

Result<Verification> Verifier::verify(const VerifyRequest& request) {
  Result<VerifyPlan> planned = plan_for(parts_.settings, request);
  if (!planned) return std::move(planned).status();
  Result<Found> found = known_or_verified(planned.value(), request.force, {});
  if (!found) return std::move(found).status();
  return Verification(*found.value());
}

Result<Verifier::Found> Verifier::known_or_verified(const VerifyPlan& plan, bool force,
                                                    const Wait& wait) {
  Found before;
  {
    const std::lock_guard lock(mutex_);
    if (const Known* at = known(plan)) before = at->found;
    if (const Gate* at = gate(plan.url, plan.probing.carriers); plan.of_request && at != nullptr) {
      before = at->last;
    }
  }
  if (before && !force && before->verdict != Verdict::unknown) return before;
  Turn turn(*this);
  if (Status status = turn.take(wait); !status) return status;
  if (!force) {
    const std::lock_guard lock(mutex_);
    if (Found meanwhile = found_by_others(plan, before)) return meanwhile;
  }
  const ProberTools tools{
      settings_,    attributor_, parts_.authorizer, parts_.accounting, *parts_.transport,
      parts_.clock, wait};
  Prober prober(tools, plan.probing);
  Result<Verification> result = prober.run();
  // What was cut short says nothing of the endpoint, and is not remembered.
  const bool is_found = result && result.value().verdict != Verdict::unknown;
  if (!is_found && is_over(wait)) return ended_early(wait, proving);
  if (!result) return std::move(result).status();
  auto found = std::make_shared<const Verification>(std::move(result).value());
  const std::lock_guard lock(mutex_);
  remember(plan, found, prober.carrier_read());
  return Found(std::move(found));
}

// What another thread found while this one waited serves it as well, even if that is not much.
Verifier::Found Verifier::found_by_others(const VerifyPlan& plan, const Found& before) {
  Found now;
  if (plan.of_request) {
    if (const Gate* at = gate(plan.url, plan.probing.carriers)) now = at->last;
  } else if (const Known* at = known(plan)) {
    now = at->found;
  }
  return now == before ? nullptr : now;
}

Verifier::Known* Verifier::known(const VerifyPlan& plan) {
  const auto at = std::find_if(known_.begin(), known_.end(),
                               [&plan](const Known& each) { return each.is_for(plan); });
  return at == known_.end() ? nullptr : &*at;
}

Verifier::Gate* Verifier::gate(std::string_view url, attribution::Carriers carriers) {
  const auto at = std::find_if(gates_.begin(), gates_.end(), [&](const Gate& each) {
    return each.url == url && each.carriers == carriers;
  });
  return at == gates_.end() ? nullptr : &*at;
}

void Verifier::remember(const VerifyPlan& plan, const Found& found, bool carrier_read) {
  if (Known* at = known(plan)) {
    at->found = found;
  } else {
    if (known_.size() == most_known) known_.erase(known_.begin());
    known_.push_back({plan.url, plan.api, plan.probing.carriers, plan.probing.project,
                      plan.probing.model, found});
  }
  // A call of `verify` may have found the path, or the API, only by trying.
  const std::string& url = plan.of_request ? plan.url : found->endpoint;
  Gate* at = gate(url, plan.probing.carriers);
  if (at == nullptr) {
    if (gates_.size() == most_gates) gates_.erase(gates_.begin());
    gates_.push_back({url, plan.probing.carriers, found});
    at = &gates_.back();
  }
  const bool proof = carrier_read || found->verdict != Verdict::unknown;
  if (proof) at->open = found->verdict != Verdict::not_honored;
  // What is not known today takes nothing from what was proven before.
  if (proof || at->last->verdict == Verdict::unknown) at->last = found;
  at->try_again_at = parts_.clock() + retry_after_s;
}

// In a forked child: the thread whose turn it was is not there.
void Verifier::forget_parents_turn() {
  if (generation_ == fork_generation()) return;
  verifying_ = false;
  generation_ = fork_generation();
}

// --- Option `verify` -----------------------------------------------------------------------------

Verifier::Pass Verifier::pass(std::string_view url, attribution::Carriers carriers,
                              const Wait& wait, Found& last) {
  const std::lock_guard lock(mutex_);
  Gate* const at = gate(url, carriers);
  if (at == nullptr) return Pass::to_be_verified;
  if (at->open) return Pass::open;
  last = at->last;
  if (last->verdict == Verdict::not_honored) return Pass::closed;
  // Nothing was proven: of all the calls that go on meanwhile, one a minute tries again.
  const UnixSeconds now = parts_.clock();
  if (now < at->try_again_at || wait.no_wait) return Pass::open;
  at->try_again_at = now + retry_after_s;
  return Pass::to_be_verified;
}

bool Verifier::proven(std::string_view url) {
  const std::lock_guard lock(mutex_);
  return std::any_of(gates_.begin(), gates_.end(), [&](const Gate& each) {
    return each.url == text::without_query(url) &&
           (each.open || each.last->verdict == Verdict::not_honored);
  });
}

Status Verifier::admit(const Request& request, std::string_view url, const Wait& wait,
                       const Prepared::Impl& prepared) {
  const bool named = !prepared.project.empty() && prepared.project != attribution::default_project;
  // How Converse and InvokeModel answer for a project that does not exist is not known.
  const bool can_be_proven = prepared.inference && !is_of_runtime(prepared.api);
  if (!can_be_proven || !named) return {};
  Found last;
  const Pass decision = pass(text::without_query(url), prepared.carriers, wait, last);
  if (decision == Pass::open) return {};
  if (decision == Pass::to_be_verified) {
    if (wait.no_wait) return would_block(std::string(proving) + ", as option 'verify' wants");
    Result<VerifyPlan> planned = plan_for(parts_.settings, request, url, prepared);
    if (!planned) return std::move(planned).status();
    Result<Found> found = known_or_verified(planned.value(), false, wait);
    if (!found) return std::move(found).status();
    last = std::move(found).value();
    if (last->verdict == Verdict::unknown && parts_.log) {
      parts_.log(LogLevel::warning, "option 'verify': " + last->endpoint +
                                        " could not be verified, and calls go on: " + last->reason);
    }
  }
  if (last->verdict != Verdict::not_honored) return {};
  return unattributed("option 'verify': nothing is sent to " + last->endpoint + ", because " +
                      last->reason);
}

}  // namespace client
}  // namespace costmark
