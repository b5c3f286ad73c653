#include "costmark/send.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "callbacks.hpp"
#include "cancel.hpp"
#include "guard.hpp"
#include "operation.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t send_options_first_size =
    offsetof(costmark_send_options, reserved) + sizeof(std::uint32_t);

Status read_options(const costmark_send_options* from, costmark_send_options& out) {
  out = COSTMARK_SEND_OPTIONS_INIT;
  if (from == nullptr) return {};
  Status status = read_struct(from, send_options_first_size, "options", out);
  if (!status) return status;
  if (out.cancel != nullptr) status = require(out.cancel, "options.cancel");
  if (!status) return status;
  if (status = check_timeout(out.timeout_ms, "options.timeout_ms"); !status) return status;
  if (out.max_attempts > most_attempts) {
    return invalid_argument("options.max_attempts is " + std::to_string(out.max_attempts) +
                            "; it must be from 1 to 100, or 0");
  }
  return require_zero(out.reserved, "options.reserved");
}

Status verdict_of(std::string_view which, costmark_status status) {
  if (status == COSTMARK_OK) return {};
  return refused(which, status);
}

// What the core is told, over what the caller said. Borrows its arguments.
SendOptions for_core(const costmark_send_options& options, ShownResponse& response, Entry& entry) {
  SendOptions out;
  if (options.on_head != nullptr) {
    out.on_head = [&](const Response& head) {
      response.fill(head);
      const Entry::Callback callback(entry);
      return verdict_of("head", options.on_head(options.user_data, &response.shown()));
    };
  }
  if (options.on_body != nullptr) {
    out.on_body = [&](std::string_view piece) {
      const Entry::Callback callback(entry);
      return verdict_of("body", options.on_body(options.user_data, piece.data(), piece.size()));
    };
  }
  out.timeout = timeout_of(options.timeout_ms);
  out.max_attempts = options.max_attempts;
  return out;
}

Status send(costmark_operation* operation, const costmark_send_options* from_options) {
  if (Status status = enter(operation); !status) return status;
  costmark_send_options options;
  if (Status status = read_options(from_options, options); !status) return status;
  Entry entry(operation->owner, operation);
  SendOptions sending = for_core(options, operation->response, entry);
  // A callback may take its last owner away.
  std::shared_ptr<Cancel> cancel;
  if (options.cancel != nullptr) cancel = options.cancel->core;
  sending.cancel = cancel.get();
  operation->response.clear();
  const std::uint32_t attempt_before = operation->core.report().attempt;
  Status status = operation->client->send(operation->core, sending);
  operation->response.clear();
  if (operation->core.report().attempt != attempt_before) {
    operation->response.fill(operation->core.response());
  }
  return status;
}

}  // namespace

void ShownResponse::copy_headers(std::span<const Header> headers) {
  std::size_t size = 0;
  for (const Header& header : headers) size += header.name.size() + header.value.size() + 2;
  text_.clear();
  text_.reserve(size);  // from here on its memory stays where it is
  const auto copy = [this](std::string_view part) -> costmark_str {
    const char* const begin = text_.data() + text_.size();
    text_.append(part).push_back('\0');
    return {begin, part.size()};
  };
  headers_.clear();
  for (const Header& header : headers) {
    const costmark_str name = copy(header.name);
    headers_.push_back({name, copy(header.value)});
  }
}

void ShownResponse::fill(const Response& response) {
  copy_headers(response.headers());
  request_id_ = response.request_id();
  hint_ = response.prepared().hint();
  shown_ = COSTMARK_RESPONSE_INIT;
  shown_.headers = array_or_absent(headers_);
  shown_.header_count = headers_.size();
  shown_.body = view_or_absent(response.body());
  shown_.request_id = view_or_absent(request_id_);
  shown_.hint = view_or_absent(hint_);
  shown_.http_status = response.http_status();
  shown_.attempts = response.attempts();
}

}  // namespace costmark::capi

using namespace costmark::capi;

costmark_status costmark_operation_send(costmark_operation* operation,
                                        const costmark_send_options* options,
                                        costmark_error** out_error) noexcept {
  return guarded(out_error, [&] { return send(operation, options); });
}

void costmark_operation_response(const costmark_operation* operation,
                                 costmark_response* out_response) noexcept {
  if (!alive(operation)) return show_nothing(out_response);
  show(operation->response.shown(), out_response);
}
