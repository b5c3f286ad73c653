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
constexpr std::size_t probe_first_size = offsetof(costmark_probe, reserved) + sizeof(std::uint32_t);
// A day: what is longer is as good as no limit, and would overflow where it is added to a time.
constexpr std::int64_t longest_timeout_ms = 86'400'000;

static_assert(static_cast<costmark_verdict>(Verdict::honoured) == COSTMARK_VERDICT_HONOURED);
static_assert(static_cast<costmark_verdict>(Verdict::not_honoured) ==
              COSTMARK_VERDICT_NOT_HONOURED);
static_assert(static_cast<costmark_verdict>(Verdict::unknown) == COSTMARK_VERDICT_UNKNOWN);

Status read_request(const costmark_verify_request* from, std::vector<Header>& headers,
                    VerifyRequest& out) {
  costmark_verify_request request;
  Status status = read_struct(from, verify_request_first_size, "request", request);
  if (status) status = read_text(request.project, "request.project", out.project);
  if (status) status = read_text(request.model, "request.model", out.model);
  if (status) status = read_text(request.url, "request.url", out.url);
  if (status) status = read_headers(request.headers, request.header_count, headers);
  if (!status) return status;
  if (request.timeout_ms < 0) {
    return invalid_argument("request.timeout_ms is " + std::to_string(request.timeout_ms) +
                            "; it must be positive, or 0");
  }
  if (request.api < COSTMARK_API_OTHER || request.api > COSTMARK_API_EMBEDDINGS) {
    return invalid_argument("request.api is " + std::to_string(request.api) +
                            "; it must be an API of inference, or COSTMARK_API_OTHER");
  }
  if (request.force > 1) {
    return invalid_argument("request.force is " + std::to_string(request.force) +
                            "; it must be 0 or 1");
  }
  out.headers = headers;
  out.api = static_cast<Api>(request.api);
  out.force = request.force != 0;
  if (request.timeout_ms != 0) {
    out.timeout = std::chrono::milliseconds(std::min(request.timeout_ms, longest_timeout_ms));
  }
  return {};
}

Result<std::unique_ptr<costmark_verification>> verify(const costmark_client* client,
                                                      const costmark_verify_request* from) {
  if (Status status = require(client, "client"); !status) return status;
  Client& core = *client->core;
  if (Status status = Entry::check(&core); !status) return status;
  std::vector<Header> headers;
  VerifyRequest request;
  if (from != nullptr) {
    if (Status status = read_request(from, headers, request); !status) return status;
  }
  const Entry entry(&core);  // from here on `client` may be ended by a callback
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

const char* text_of(const costmark_verification* verification, std::string Verification::* member,
                    std::size_t* out_len) noexcept {
  if (!alive(verification)) return give_text({}, out_len);
  return give_text(verification->core.*member, out_len);
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;
using costmark::Verification;

const char* costmark_verdict_name(costmark_verdict verdict) noexcept {
  if (verdict < COSTMARK_VERDICT_HONOURED || verdict > COSTMARK_VERDICT_UNKNOWN) return "unknown";
  return costmark::to_string(static_cast<costmark::Verdict>(verdict)).data();
}

costmark_status costmark_client_verify(const costmark_client* client,
                                       const costmark_verify_request* request,
                                       costmark_verification** out_verification,
                                       costmark_error** out_error) noexcept {
  return guarded_new(out_verification, out_error, [&] { return verify(client, request); });
}

bool costmark_client_may_verify(const costmark_client* client, const char* url,
                                size_t url_len) noexcept {
  if (!alive(client) || url == nullptr) return false;
  costmark::Client& core = *client->core;
  bool may = false;
  const costmark_status status = guarded(nullptr, [&]() -> Status {
    if (Status entered = Entry::check(&core); !entered) return entered;
    std::string_view text;
    if (Status read = read_text(url, url_len, "url", text); !read) return read;
    const Entry entry(&core);
    may = core.may_verify(text);
    return {};
  });
  return may || status == COSTMARK_OUT_OF_MEMORY;  // whoever asks wants to know of the worst
}

costmark_verdict costmark_verification_verdict(const costmark_verification* verification) noexcept {
  if (!alive(verification)) return COSTMARK_VERDICT_UNKNOWN;
  return static_cast<costmark_verdict>(verification->core.verdict);
}

const char* costmark_verification_reason(const costmark_verification* verification,
                                         size_t* out_len) noexcept {
  return text_of(verification, &Verification::reason, out_len);
}

const char* costmark_verification_endpoint(const costmark_verification* verification,
                                           size_t* out_len) noexcept {
  return text_of(verification, &Verification::endpoint, out_len);
}

const char* costmark_verification_carrier(const costmark_verification* verification,
                                          size_t* out_len) noexcept {
  return text_of(verification, &Verification::carrier, out_len);
}

const char* costmark_verification_project(const costmark_verification* verification,
                                          size_t* out_len) noexcept {
  return text_of(verification, &Verification::project, out_len);
}

const char* costmark_verification_model(const costmark_verification* verification,
                                        size_t* out_len) noexcept {
  return text_of(verification, &Verification::model, out_len);
}

bool costmark_verification_retryable(const costmark_verification* verification) noexcept {
  return alive(verification) && verification->core.retryable;
}

int64_t costmark_verification_checked_unix_s(const costmark_verification* verification) noexcept {
  return alive(verification) ? verification->core.checked_at : 0;
}

size_t costmark_verification_probe_count(const costmark_verification* verification) noexcept {
  return alive(verification) ? verification->core.probes.size() : 0;
}

costmark_status costmark_verification_probe(const costmark_verification* verification, size_t index,
                                            costmark_probe* out_probe,
                                            costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(verification, "verification"); !status) return status;
    const auto& probes = verification->core.probes;
    if (index >= probes.size()) {
      return invalid_argument("index is " + std::to_string(index) + "; there were " +
                              std::to_string(probes.size()) + " exchanges");
    }
    return write_struct(to_c(probes[index]), probe_first_size, "out_probe", out_probe);
  });
}

void costmark_verification_free(costmark_verification* verification) noexcept {
  if (alive(verification)) delete verification;
}
