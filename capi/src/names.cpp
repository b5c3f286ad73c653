#include "costmark/attribution.hpp"

#include "callbacks.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "numbers.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

// `last`: the highest number, which both count alike up to.
template <class Core>
const char* name_of(std::int32_t number, std::int32_t last) noexcept {
  if (number < 0 || number > last) return "unknown";
  return to_string(static_cast<Core>(number)).data();
}

costmark_route to_c(const ModelRoute& route) noexcept {
  costmark_route out = COSTMARK_ROUTE_INIT;
  if (route.family != RouteFamily::unknown) out.path = view(to_string(route.family));
  out.file = view(route.file);
  out.as_of = view_or_absent(route.as_of);
  out.source = view_or_absent(route.source);
  out.line = route.line;
  return out;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

void costmark_client_route(const costmark_client* client, const char* model, size_t model_len,
                           costmark_route* out_route) noexcept {
  show_nothing(out_route);
  if (!alive(client) || model == nullptr) return;
  (void)guarded(nullptr, [&]() -> Status {
    std::string_view id;
    if (Status status = read_text(model, model_len, "model", id); !status) return status;
    const costmark::ModelRoute* route = client->core->route(id);
    if (route != nullptr) show(to_c(*route), out_route);
    return {};
  });
}

costmark_status costmark_project_check(const char* id, size_t id_len,
                                       costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    std::string_view text;
    if (Status status = read_text(id, id_len, "id", text); !status) return status;
    return costmark::check_project_id(text, "id");
  });
}

const char* costmark_status_name(costmark_status status) noexcept {
  return costmark::to_string(static_cast<costmark::Code>(status)).data();
}

const char* costmark_outcome_name(costmark_outcome outcome) noexcept {
  if (outcome == COSTMARK_OUTCOME_OK) return costmark::to_string(costmark::Outcome::ok).data();
  if (outcome == COSTMARK_OUTCOME_OPEN) return "open";
  const auto failure = failure_of(outcome);
  return failure ? costmark::to_string(*failure).data() : "unknown";
}

const char* costmark_step_name(costmark_step step) noexcept {
  return name_of<costmark::NextStep>(step, COSTMARK_STEP_AFTER_PAUSE);
}

const char* costmark_reason_name(costmark_reason reason) noexcept {
  return name_of<costmark::NextReason>(reason, COSTMARK_REASON_CUT_SHORT);
}

const char* costmark_api_name(costmark_api api) noexcept {
  return name_of<costmark::Api>(api, COSTMARK_API_INVOKE_MODEL);
}

const char* costmark_project_source_name(costmark_project_source source) noexcept {
  return name_of<costmark::ProjectSource>(source, COSTMARK_SOURCE_ENVIRONMENT);
}

const char* costmark_verdict_name(costmark_verdict verdict) noexcept {
  return name_of<costmark::Verdict>(verdict, COSTMARK_VERDICT_NOT_HONORED);
}
