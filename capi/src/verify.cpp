#include "costmark/verification.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "callbacks.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "numbers.hpp"
#include "views.hpp"

struct costmark_verification {
  explicit costmark_verification(costmark::Verification found) noexcept : core(std::move(found)) {}

  costmark::capi::Magic<0x636d'7665'7269'6621> magic;
  costmark::Verification core;
};

namespace costmark::capi {
namespace {

constexpr std::size_t verify_request_first_size =
    offsetof(costmark_verify_request, force) + sizeof(std::uint32_t);
// A day: what is longer is as good as no limit, and would overflow where it is added to a time.
constexpr std::int64_t longest_timeout_ms = 86'400'000;

Status read_request(const costmark_verify_request* from, std::vector<Header>& headers,
                    VerifyRequest& out) {
  costmark_verify_request request;
  Status status = read_struct(from, verify_request_first_size, "request", request);
  if (status) status = read_text(request.project, "request.project", out.project);
  if (status) status = read_text(request.model, "request.model", out.model);
  if (status) status = read_text(request.url, "request.url", out.url);
  if (status) status = read_headers(request.headers, request.header_count, headers);
  if (status) status = read_bool(request.force, "request.force", out.force);
  if (!status) return status;
  if (request.timeout_ms < 0) {
    return invalid_argument("request.timeout_ms is " + std::to_string(request.timeout_ms) +
                            "; it must be positive, or 0");
  }
  if (request.api < COSTMARK_API_OTHER || request.api > COSTMARK_API_EMBEDDINGS) {
    return invalid_argument("request.api is " + std::to_string(request.api) +
                            "; it must be an API of inference, or COSTMARK_API_OTHER");
  }
  out.headers = headers;
  out.api = static_cast<Api>(request.api);
  if (request.timeout_ms != 0) {
    out.timeout = std::chrono::milliseconds(std::min(request.timeout_ms, longest_timeout_ms));
  }
  return {};
}

Result<std::unique_ptr<costmark_verification>> verify(const costmark_client* client,
                                                      const costmark_verify_request* from) {
  if (Status status = require(client, "client"); !status) return status;
  Client& core = *client->core;
  if (Status status = Entry::check(client->number); !status) return status;
  std::vector<Header> headers;
  VerifyRequest request;
  if (from != nullptr) {
    if (Status status = read_request(from, headers, request); !status) return status;
  }
  const Entry entry(client->number);  // from here on `client` may be ended by a callback
  auto found = core.verify(request);
  if (!found) return std::move(found).status();
  return std::make_unique<costmark_verification>(std::move(found).value());
}

costmark_probe to_c(const Verification::Probe& probe) noexcept {
  costmark_probe out = COSTMARK_PROBE_INIT;
  out.project = view(probe.project);
  out.request = view(probe.request);
  out.code = view_or_absent(probe.code);
  out.request_id = view_or_absent(probe.request_id);
  out.finding = view(probe.finding);
  out.http_status = probe.status;
  return out;
}

costmark_verification_view to_c(const Verification& found) noexcept {
  costmark_verification_view out = COSTMARK_VERIFICATION_VIEW_INIT;
  out.reason = view(found.reason);
  out.endpoint = view(found.endpoint);
  out.carrier = view(found.carrier);
  out.project = view(found.project);
  out.model = view_or_absent(found.model);
  out.checked_unix_s = found.checked_at;
  out.probe_count = found.probes.size();
  out.verdict = number_of(found.verdict);
  out.retryable = found.retryable ? 1 : 0;
  return out;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;

costmark_status costmark_client_verify(const costmark_client* client,
                                       const costmark_verify_request* request,
                                       costmark_verification** out_verification,
                                       costmark_error** out_error) noexcept {
  return guarded_new(out_verification, out_error, [&] { return verify(client, request); });
}

void costmark_verification_read(const costmark_verification* verification,
                                costmark_verification_view* out_view) noexcept {
  if (!alive(verification)) return show_nothing(out_view);
  show(to_c(verification->core), out_view);
}

void costmark_verification_probe(const costmark_verification* verification, size_t index,
                                 costmark_probe* out_probe) noexcept {
  if (!alive(verification) || index >= verification->core.probes.size()) {
    return show_nothing(out_probe);
  }
  show(to_c(verification->core.probes[index]), out_probe);
}

void costmark_verification_free(costmark_verification* verification) noexcept {
  if (alive(verification)) delete verification;
}
