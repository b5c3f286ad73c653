#include "callbacks.hpp"

#include <algorithm>
#include <string>

#include "answer.hpp"
#include "guard.hpp"
#include "secret.hpp"
#include "views.hpp"

struct costmark_credentials_sink {
  costmark::capi::Mark<0x636d'6372'6564'7321> magic;
  costmark::CredentialsPtr credentials;
};

struct costmark_bearer_token_sink {
  costmark::capi::Mark<0x636d'746f'6b65'6e21> magic;
  std::string token;

  ~costmark_bearer_token_sink() { costmark::capi::wipe(token); }
};

namespace costmark::capi {
namespace {

thread_local Entry* innermost = nullptr;

bool worth_a_retry(costmark_status status) noexcept {
  return status == COSTMARK_TRANSPORT || status == COSTMARK_TIMEOUT || status == COSTMARK_THROTTLED;
}

}  // namespace

Error refused(std::string_view which, costmark_status status) {
  const auto code = static_cast<Code>(status);
  std::string message = "the " + std::string(which) + " callback returned ";
  if (to_string(code) == "unknown") {
    message += std::to_string(status) + ", which is not a costmark_status";
    return Error{Code::internal, std::move(message), std::nullopt, 0, {}, false};
  }
  message += to_string(code);
  return Error{code, std::move(message), std::nullopt, 0, {}, worth_a_retry(status)};
}

Result<CredentialsPtr> ask(const CredentialsCallback& callback) {
  costmark_credentials_sink sink;
  const costmark_status status = callback.function(callback.user_data.get(), &sink);
  if (status != COSTMARK_OK) return refused("credentials", status);
  if (!sink.credentials) {
    return Status(Code::no_credentials,
                  "the credentials callback returned ok without costmark_credentials_put()");
  }
  return std::move(sink.credentials);
}

Result<std::string> ask(const BearerTokenCallback& callback) {
  costmark_bearer_token_sink sink;
  const costmark_status status = callback.function(callback.user_data.get(), &sink);
  if (status != COSTMARK_OK) return refused("bearer token", status);
  if (sink.token.empty()) {
    return Status(Code::no_credentials,
                  "the bearer token callback returned ok without costmark_bearer_token_put()");
  }
  return std::move(sink.token);
}

UnixSeconds ask(const ClockCallback& callback) noexcept {
  // One past the range is as bad as any other time, and can still be calculated with.
  constexpr UnixSeconds end = 253'402'300'800;
  return std::clamp<UnixSeconds>(callback.function(callback.user_data.get()), -1, end);
}

void tell(const UsageCallback& callback, const AttemptReport& report) noexcept {
  ShownAnswer shown;
  const costmark_answer answer = shown.fill(report);
  callback.function(callback.user_data.get(), &answer);
}

Status CredentialsView::read(const costmark_credentials* from, CredentialsView& out) {
  costmark_credentials fields;
  Status status = read_struct(from, credentials_first_size, "credentials", fields);
  if (status) status = read_text(fields.access_key_id, "access_key_id", out.access_key_id);
  if (status) {
    status = read_text(fields.secret_access_key, "secret_access_key", out.secret_access_key);
  }
  if (status) status = read_text(fields.session_token, "session_token", out.session_token);
  if (status) status = read_text(fields.account_id, "account_id", out.account_id);
  if (!status) return status;
  out.expires_at.reset();
  if (fields.expires_unix_s != 0) out.expires_at = fields.expires_unix_s;
  return {};
}

Result<CredentialsPtr> CredentialsView::copy(std::string_view source) const {
  return Credentials::create({std::string(access_key_id), std::string(secret_access_key),
                              std::string(session_token), expires_at, std::string(account_id),
                              std::string(source)});
}

Entry::Entry(std::uint64_t owner, const void* handle) noexcept
    : owner_(owner), handle_(handle), outer_(innermost) {
  innermost = this;
}

Entry::~Entry() {
  innermost = outer_;
}

Status Entry::check(std::uint64_t owner) {
  for (const Entry* entry = innermost; entry != nullptr; entry = entry->outer_) {
    if (entry->owner_ == owner) {
      return invalid_argument(
          "this function was called from inside a callback of the same client or cache");
    }
  }
  return {};
}

bool Entry::inside(const void* handle) noexcept {
  for (const Entry* entry = innermost; entry != nullptr; entry = entry->outer_) {
    if (entry->handle_ == handle) return true;
  }
  return false;
}

Status Entry::check_unused(const void* handle, std::string_view name) {
  if (!inside(handle)) return {};
  return invalid_argument(std::string(name) +
                          " is in use by the call that this callback is inside of");
}

void Entry::outlive(std::uint64_t owner, std::shared_ptr<void> core) noexcept {
  Entry* outermost = nullptr;
  for (Entry* entry = innermost; entry != nullptr; entry = entry->outer_) {
    if (entry->owner_ == owner) outermost = entry;
  }
  if (outermost != nullptr) outermost->kept_ = std::move(core);
}

}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_credentials_put(costmark_credentials_sink* sink,
                                         const costmark_credentials* credentials,
                                         costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(sink, "sink"); !status) return status;
    CredentialsView fields;
    if (Status status = CredentialsView::read(credentials, fields); !status) return status;
    auto copied = fields.copy("callback");
    if (!copied) return std::move(copied).status();
    sink->credentials = std::move(copied).value();
    return {};
  });
}

costmark_status costmark_bearer_token_put(costmark_bearer_token_sink* sink, const char* token,
                                          size_t token_len, costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(sink, "sink"); !status) return status;
    std::string_view text;
    if (Status status = read_text(token, token_len, "token", text); !status) return status;
    if (text.empty()) return {costmark::Code::no_credentials, "the bearer token is empty"};
    sink->token = text;
    return {};
  });
}
