#include "costmark/send.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "callbacks.hpp"
#include "cancel.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "response.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t send_options_first_size =
    offsetof(costmark_send_options, reserved) + sizeof(std::uint32_t);
constexpr std::uint32_t most_attempts = 100;
// A day: what is longer is as good as no limit, and would overflow where it is added to a time.
constexpr std::int64_t longest_timeout_ms = 86'400'000;

Status read_options(const costmark_send_options* from, costmark_send_options& out) {
  out = COSTMARK_SEND_OPTIONS_INIT;
  if (from == nullptr) return {};
  Status status = read_struct(from, send_options_first_size, "options", out);
  if (!status) return status;
  if (out.cancel != nullptr) status = require(out.cancel, "options.cancel");
  if (!status) return status;
  if (out.timeout_ms < 0) {
    return invalid_argument("options.timeout_ms is " + std::to_string(out.timeout_ms) +
                            "; it must be positive, or 0");
  }
  if (out.max_attempts > most_attempts) {
    return invalid_argument("options.max_attempts is " + std::to_string(out.max_attempts) +
                            "; it must be from 1 to 100, or 0");
  }
  if (out.reserved != 0) return invalid_argument("options.reserved is not zero");
  return {};
}

Status verdict_of(std::string_view which, costmark_status status) {
  if (status == COSTMARK_OK) return {};
  return refused(which, status);
}

// What the core is told, over what the caller said. Borrows both arguments.
SendOptions for_core(const costmark_send_options& options, costmark_response& response) {
  SendOptions out;
  if (options.on_head != nullptr) {
    out.on_head = [&](const Response& head) {
      response.show_head(head);
      const costmark_status status = options.on_head(options.user_data, &response);
      response.filled = false;
      return verdict_of("head", status);
    };
  }
  if (options.on_body != nullptr) {
    out.on_body = [&options](std::string_view piece) {
      return verdict_of("body", options.on_body(options.user_data, piece.data(), piece.size()));
    };
  }
  out.timeout = std::chrono::milliseconds(std::min(options.timeout_ms, longest_timeout_ms));
  out.max_attempts = options.max_attempts;
  return out;
}

Status send(const costmark_client* client, const costmark_request* from,
            const costmark_send_options* from_options, costmark_response* response) {
  if (Status status = require(client, "client"); !status) return status;
  if (Status status = require(response, "response"); !status) return status;
  if (Status status = Entry::check_unused(response, "response"); !status) return status;
  response->clear();
  Client& core = *client->core;
  if (Status status = Entry::check(&core); !status) return status;
  Request request;
  Status status = read_request(from, response->request_headers, request);
  if (!status) return status;
  costmark_send_options options;
  if (status = read_options(from_options, options); !status) return status;
  SendOptions sending = for_core(options, *response);
  // Callbacks may give back the last counts of `cancel` and `client`.
  std::shared_ptr<Cancel> cancel;
  if (options.cancel != nullptr) cancel = options.cancel->core;
  sending.cancel = cancel.get();
  const Entry entry(&core, response);
  status = core.send(request, sending, response->core);
  response->show();
  return status;
}

}  // namespace
}  // namespace costmark::capi

costmark_status costmark_client_send(const costmark_client* client, const costmark_request* request,
                                     const costmark_send_options* options,
                                     costmark_response* response,
                                     costmark_error** out_error) noexcept {
  using namespace costmark::capi;
  return guarded(out_error, [&] { return send(client, request, options, response); });
}
