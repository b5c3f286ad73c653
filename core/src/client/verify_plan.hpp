#pragma once

#include <string>
#include <string_view>

#include "client/prepared.hpp"
#include "client/probing.hpp"
#include "client/settings.hpp"
#include "costmark/api.hpp"
#include "costmark/client.hpp"
#include "costmark/error.hpp"
#include "costmark/verification.hpp"

namespace costmark::client {

// What to probe, and under which name to remember it.
struct VerifyPlan {
  ProbingPlan probing;
  std::string url;  // of the requests that it is about, without a query
  Api api = Api::other;
  bool of_request = false;  // made for a caller's request, not for a call of `verify`
};

// Errors: unattributed, invalid_project, invalid_url, invalid_argument, invalid_option,
// endpoint_mismatch.
Result<VerifyPlan> plan_for(const Settings& settings, const VerifyRequest& request);

// The probes of a caller's request go where it goes (`target`), with what it carries.
Result<VerifyPlan> plan_for(const Settings& settings, const Request& request,
                            std::string_view target, const Prepared::Impl& prepared);

}  // namespace costmark::client
