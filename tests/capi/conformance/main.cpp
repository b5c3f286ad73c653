// The C ABI's runner of tests/conformance: see README.md there. Of costmark it sees what a program
// sees that is linked to libcostmark.
#include <costmark/costmark.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX's

#include <array>
#include <stdexcept>
#include <utility>

#include "conformance/support/runner.hpp"

extern "C" char** environ;

namespace {

using conformance::ExchangeEnd;
using conformance::Failed;
using conformance::Failure;

template <auto free>
struct FreedBy {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    free(handle);
  }
};
using Config = std::unique_ptr<costmark_config, FreedBy<costmark_config_free>>;
using ClientHandle = std::unique_ptr<costmark_client, FreedBy<costmark_client_release>>;
using OperationHandle = std::unique_ptr<costmark_operation, FreedBy<costmark_operation_free>>;
using Cancel = std::unique_ptr<costmark_cancel, FreedBy<costmark_cancel_release>>;
using Report = std::unique_ptr<costmark_usage_report, FreedBy<costmark_usage_report_free>>;

costmark_str to_c(std::string_view text) {
  return text.empty() ? costmark_str{nullptr, 0} : costmark_str{text.data(), text.size()};
}

std::string_view from_c(costmark_str text) {
  return {text.data, text.len};
}

std::vector<costmark_header> to_c(std::span<const conformance::Header> headers) {
  std::vector<costmark_header> out;
  out.reserve(headers.size());
  for (const auto& [name, value] : headers) out.push_back({to_c(name), to_c(value)});
  return out;
}

// --- Errors --------------------------------------------------------------------------------------

// An error that a call may leave behind.
class Error {
 public:
  ~Error() { costmark_error_free(error_); }
  Error() = default;
  Error(const Error&) = delete;
  Error& operator=(const Error&) = delete;

  costmark_error** out() noexcept { return &error_; }

  // What a call that returned `status` has left.
  Failed failed(costmark_status status) const {
    if (status == COSTMARK_OK && error_ == nullptr) return std::nullopt;
    costmark_error_view view = COSTMARK_ERROR_VIEW_INIT;
    costmark_error_read(error_, &view);
    if (view.status != status || view.message.len == 0) {
      throw std::runtime_error("the error is not that of the status that was returned");
    }
    Failure failure{costmark_status_name(status), std::nullopt};
    if (view.has_offset != 0) failure.offset = view.offset;
    return failure;
  }

  // The same of a call that must not fail.
  void check(costmark_status status) const {
    if (const Failed failure = failed(status)) {
      throw std::runtime_error("unexpected failure: " + failure->code);
    }
  }

 private:
  costmark_error* error_ = nullptr;
};

// Of a call that has no error to leave.
void check(costmark_status status, std::string_view call) {
  if (status == COSTMARK_OK) return;
  throw std::runtime_error(std::string(call) + " returned " + costmark_status_name(status));
}

costmark_status status_named(std::string_view name) {
  for (costmark_status status = COSTMARK_INVALID_ARGUMENT; status <= COSTMARK_WOULD_BLOCK;
       ++status) {
    if (name == costmark_status_name(status)) return status;
  }
  return COSTMARK_INTERNAL;  // no case names it
}

// --- An operation --------------------------------------------------------------------------------

class Operation : public conformance::Operation {
 public:
  explicit Operation(costmark_client* client) {
    Error error;
    costmark_operation* made = nullptr;
    error.check(costmark_operation_new(client, &made, error.out()));
    handle_.reset(made);
  }

  Failed begin(const conformance::Request& request) override {
    Error error;
    return error.failed(costmark_operation_begin(handle_.get(), keep(request), error.out()));
  }
  Failed begin_beside(const conformance::Operation& other,
                      const conformance::Request& request) override {
    Error error;
    const costmark_operation* beside = static_cast<const Operation&>(other).handle_.get();
    return error.failed(
        costmark_operation_begin_beside(handle_.get(), beside, keep(request), error.out()));
  }
  Failed prepare() override { return prepare_with(nullptr); }
  Failed prepare(const conformance::Request& rebuilt) override {
    return prepare_with(keep(rebuilt));
  }

  conformance::Prepared prepared() const override {
    conformance::Prepared out{from_c(prepared_.url), {}, {}, from_c(prepared_.body)};
    for (const auto& [name, value] : std::span(prepared_.set_headers, prepared_.set_header_count)) {
      out.headers_to_set.push_back({from_c(name), from_c(value)});
    }
    for (const costmark_str& name :
         std::span(prepared_.remove_headers, prepared_.remove_header_count)) {
      out.headers_to_remove.push_back(from_c(name));
    }
    return out;
  }

  void sent() override { costmark_operation_sent(handle_.get()); }

  conformance::Plan head(int status, std::span<const conformance::Header> fields,
                         bool encoded) override {
    const std::vector<costmark_header> headers = to_c(fields);
    costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
    head.headers = headers.data();
    head.header_count = headers.size();
    head.http_status = status;
    head.encoded = encoded ? 1 : 0;
    costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
    check(costmark_operation_head(handle_.get(), &head, &plan), "head");
    return {plan.read_ahead_len, std::chrono::milliseconds(plan.read_ahead_ms)};
  }

  std::string_view feed(std::string_view piece) override {
    costmark_str passed = COSTMARK_STR_INIT;
    check(costmark_operation_feed(handle_.get(), piece.data(), piece.size(), &passed), "feed");
    return from_c(passed);
  }

  std::string_view end(ExchangeEnd how) override {
    switch (how) {
      case ExchangeEnd::complete:
        return finish();
      case ExchangeEnd::stopped:
        return fail(COSTMARK_OUTCOME_CANCELLED);
      case ExchangeEnd::broken_off:
        return fail(COSTMARK_OUTCOME_INCOMPLETE);
      case ExchangeEnd::no_answer:
        break;
    }
    return fail(COSTMARK_OUTCOME_ERROR);
  }

  // Finishing again changes nothing, and shows what is next also after a prepare has failed.
  conformance::Next next() override {
    finish();
    return {costmark_step_name(next_.step), costmark_reason_name(next_.reason),
            std::chrono::milliseconds(next_.pause_ms)};
  }

  conformance::Sent send(const conformance::Request& request,
                         const conformance::Sending& sending) override {
    if (Failed failed = begin(request)) return {std::move(failed), 0, 0, {}};
    SendingTo to{&sending, new_cancel()};
    costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
    options.on_body = take_piece;
    options.user_data = &to;
    options.cancel = to.cancel.get();
    options.max_attempts = sending.max_attempts;
    Error error;
    const costmark_status status = costmark_operation_send(handle_.get(), &options, error.out());
    costmark_response response = COSTMARK_RESPONSE_INIT;
    costmark_operation_response(handle_.get(), &response);
    return {error.failed(status), response.attempts, response.http_status,
            std::string(from_c(response.body))};
  }

 private:
  struct SendingTo {
    const conformance::Sending* sending;
    Cancel cancel;
  };

  static Cancel new_cancel() {
    Error error;
    costmark_cancel* made = nullptr;
    error.check(costmark_cancel_new(&made, error.out()));
    return Cancel(made);
  }

  static costmark_status take_piece(void* user_data, const char* data, std::size_t size) {
    const auto& to = *static_cast<const SendingTo*>(user_data);
    if (!to.sending->on_body({data, size})) costmark_cancel_stop(to.cancel.get());
    return COSTMARK_OK;
  }

  // The operation reads it again, its array of headers as well.
  const costmark_request* keep(const conformance::Request& from) {
    headers_ = to_c(from.headers);
    request_ = COSTMARK_REQUEST_INIT;
    request_.method = to_c(from.method);
    request_.url = to_c(from.url);
    request_.headers = headers_.data();
    request_.header_count = headers_.size();
    request_.body = to_c(from.body);
    request_.project = to_c(from.project);
    request_.scope = to_c(from.scope);
    request_.body_is_stream = from.body_is_stream ? 1 : 0;
    labels_.clear();
    for (const auto& [name, value] : from.labels) labels_.push_back({to_c(name), to_c(value)});
    request_.labels = labels_.data();
    request_.label_count = labels_.size();
    request_.overrides_budgets = from.override_budgets ? 1 : 0;
    return &request_;
  }

  Failed prepare_with(const costmark_request* request) {
    Error error;
    return error.failed(
        costmark_operation_prepare(handle_.get(), request, nullptr, &prepared_, error.out()));
  }

  std::string_view finish() {
    costmark_str held_back = COSTMARK_STR_INIT;
    check(costmark_operation_finish(handle_.get(), &held_back, &next_), "finish");
    return from_c(held_back);
  }

  std::string_view fail(costmark_outcome outcome) {
    costmark_str held_back = COSTMARK_STR_INIT;
    check(costmark_operation_fail(handle_.get(), outcome, &held_back, &next_), "fail");
    return from_c(held_back);
  }

  std::vector<costmark_header> headers_;
  std::vector<costmark_label> labels_;
  costmark_request request_ = COSTMARK_REQUEST_INIT;
  costmark_prepared prepared_ = COSTMARK_PREPARED_INIT;
  costmark_next next_ = COSTMARK_NEXT_INIT;
  OperationHandle handle_;
};

// --- A client ------------------------------------------------------------------------------------

void add(const costmark_usage_totals& from, conformance::Totals& to) {
  to.operations += from.operations;
  to.attempts += from.attempts;
  to.failed += from.failed_attempts;
  to.incomplete += from.incomplete_attempts;
  to.open += from.open_attempts;
  to.input += from.input_tokens;
  to.cached += from.cached_input_tokens;
  to.cache_write += from.cache_write_tokens;
  to.output += from.output_tokens;
  to.reasoning += from.reasoning_tokens;
  to.inconsistent += from.flagged;
}

class Client : public conformance::Client {
 public:
  explicit Client(ClientHandle handle) : handle_(std::move(handle)) {}

  std::unique_ptr<conformance::Operation> operation() override {
    return std::make_unique<Operation>(handle_.get());
  }

  std::map<std::string, conformance::Totals> usage() override {
    Error error;
    costmark_usage_report* made = nullptr;
    error.check(costmark_client_usage(handle_.get(), &made, error.out()));
    const Report report(made);
    std::map<std::string, conformance::Totals> projects;
    for (std::size_t i = 0; i < costmark_usage_report_count(report.get()); ++i) {
      costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
      costmark_usage_report_read(report.get(), i, &totals);
      add(totals, projects[std::string(from_c(totals.project))]);
    }
    return projects;
  }

 private:
  ClientHandle handle_;
};

// --- What a client calls back --------------------------------------------------------------------

// Every callback's user data.
conformance::Callbacks& callbacks_of(void* user_data) {
  return *static_cast<conformance::Callbacks*>(user_data);
}

costmark_status put_keys(void* user_data, costmark_credentials_sink* sink) {
  const conformance::KeysOrError& keys = callbacks_of(user_data).next_keys();
  if (!keys.error.empty()) return status_named(keys.error);
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = to_c(keys.access_key_id);
  credentials.secret_access_key = to_c(keys.secret_access_key);
  credentials.session_token = to_c(keys.session_token);
  credentials.expires_unix_s = keys.expires_at().value_or(0);
  return costmark_credentials_put(sink, &credentials, nullptr);
}

costmark_status put_token(void* user_data, costmark_bearer_token_sink* sink) {
  const conformance::TokenOrError& token = callbacks_of(user_data).next_token();
  if (!token.error.empty()) return status_named(token.error);
  return costmark_bearer_token_put(sink, token.token.data(), token.token.size(), nullptr);
}

void take_refused(void* user_data, const char* token, std::size_t size) {
  callbacks_of(user_data).take_refused({token, size});
}

std::vector<std::string_view> names_of_flags(std::uint32_t flags) {
  constexpr std::array<std::pair<std::uint32_t, std::string_view>, 5> names{{
      {COSTMARK_USAGE_FLAG_DECREASING, "decreasing"},
      {COSTMARK_USAGE_FLAG_TOTAL, "total"},
      {COSTMARK_USAGE_FLAG_UNREAD, "unread"},
      {COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE, "inconsistent"},
      {COSTMARK_USAGE_FLAG_OTHER_MODEL, "other_model"},
  }};
  std::vector<std::string_view> found;
  for (const auto& [bit, name] : names) {
    if ((flags & bit) != 0) found.push_back(name);
    flags &= ~bit;
  }
  if (flags != 0) found.emplace_back("a flag that the header does not have");
  return found;
}

void read_usage(const costmark_usage& usage, conformance::Row& row) {
  const auto count = [&](std::uint32_t bit, std::uint64_t value) -> std::optional<std::uint64_t> {
    if ((usage.known & bit) == 0) return std::nullopt;
    return value;
  };
  row.input = count(COSTMARK_USAGE_INPUT, usage.input_tokens);
  row.cached = count(COSTMARK_USAGE_CACHED_INPUT, usage.cached_input_tokens);
  row.cache_write = count(COSTMARK_USAGE_CACHE_WRITE, usage.cache_write_tokens);
  row.output = count(COSTMARK_USAGE_OUTPUT, usage.output_tokens);
  row.reasoning = count(COSTMARK_USAGE_REASONING, usage.reasoning_tokens);
  row.total = count(COSTMARK_USAGE_TOTAL, usage.total_tokens);
  row.flags = names_of_flags(usage.flags);
}

void take_row(void* user_data, const costmark_answer* answer) {
  conformance::Row row;
  row.settles = answer->kind == COSTMARK_ANSWER_SETTLEMENT;
  row.operation = from_c(answer->operation);
  row.attempt = answer->attempt;
  row.concurrent = answer->concurrent != 0;
  row.project = from_c(answer->project);
  row.project_source = costmark_project_source_name(answer->project_source);
  row.api = costmark_api_name(answer->api);
  row.model = from_c(answer->model);
  row.status = answer->http_status;
  row.outcome = costmark_outcome_name(answer->outcome);
  row.request_id = from_c(answer->request_id);
  row.response_id = from_c(answer->response_id);
  read_usage(*answer->usage, row);
  callbacks_of(user_data).take_row(row);
}

// --- Making it -----------------------------------------------------------------------------------

// The library reads the process's environment.
void become_environment(const conformance::Pairs& variables) {
  while (environ != nullptr && *environ != nullptr) {
    const std::string_view first = *environ;
    unsetenv(std::string(first.substr(0, first.find('='))).c_str());
  }
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
}

Failed set_options(costmark_config* config, const conformance::Pairs& options) {
  for (const auto& [name, value] : options) {
    Error error;
    const costmark_status status = costmark_config_set(config, name.data(), name.size(),
                                                       value.data(), value.size(), error.out());
    if (Failed failed = error.failed(status)) return failed;
  }
  return std::nullopt;
}

void set_callbacks(costmark_config* config, const conformance::ClientOf& of,
                   conformance::Callbacks& callbacks) {
  Error error;
  error.check(
      costmark_config_set_usage_callback(config, take_row, &callbacks, nullptr, error.out()));
  if (!of.credentials.empty()) {
    error.check(costmark_config_set_credentials_callback(config, put_keys, &callbacks, nullptr,
                                                         error.out()));
  }
  if (!of.tokens.empty()) {
    error.check(costmark_config_set_bearer_token_callback(config, put_token, take_refused,
                                                          &callbacks, nullptr, error.out()));
  }
}

Config new_config() {
  Error error;
  costmark_config* made = nullptr;
  error.check(costmark_config_new(&made, error.out()));
  return Config(made);
}

conformance::MadeClient make_client(const conformance::ClientOf& of,
                                    conformance::Callbacks& callbacks) {
  become_environment(of.environment);
  const Config config = new_config();
  Error error;
  error.check(costmark_config_set_host_api_key(config.get(), of.host_api_key.data(),
                                               of.host_api_key.size(), error.out()));
  set_callbacks(config.get(), of, callbacks);
  if (Failed failed = set_options(config.get(), of.options)) return {nullptr, *failed};
  costmark_client* made = nullptr;
  const costmark_status status = costmark_client_new(config.get(), &made, error.out());
  if (Failed failed = error.failed(status)) return {nullptr, *failed};
  return {std::make_unique<Client>(ClientHandle(made)), {}};
}

}  // namespace

int main(int count, char** values) {
  return conformance::run_all(count, values, make_client);
}
