// The core's runner of tests/conformance: see README.md there.
#include <array>
#include <optional>
#include <utility>

#include "conformance/support/runner.hpp"
#include "costmark/client.hpp"

namespace {

using conformance::ExchangeEnd;
using conformance::Failed;
using conformance::Failure;
using costmark::Code;
using costmark::Result;
using costmark::Status;

Failure failure_of(const Status& status) {
  return {std::string(to_string(status.error().code)), status.error().offset};
}

Failed failed(const Status& status) {
  if (status) return std::nullopt;
  return failure_of(status);
}

std::vector<costmark::Header> to_core(std::span<const conformance::Header> headers) {
  std::vector<costmark::Header> out;
  out.reserve(headers.size());
  for (const conformance::Header& header : headers) out.push_back({header.name, header.value});
  return out;
}

class Operation : public conformance::Operation {
 public:
  explicit Operation(costmark::Client& client) : client_(client), core_(client.operation()) {}

  Failed begin(const conformance::Request& request) override {
    return failed(core_.begin(keep(request)));
  }
  Failed begin_beside(const conformance::Operation& other,
                      const conformance::Request& request) override {
    return failed(core_.begin_beside(static_cast<const Operation&>(other).core_, keep(request)));
  }
  Failed prepare() override { return failed(core_.prepare()); }
  Failed prepare(const conformance::Request& rebuilt) override {
    return failed(core_.prepare(keep(rebuilt)));
  }

  conformance::Prepared prepared() const override {
    const costmark::Prepared& from = core_.prepared();
    conformance::Prepared out{from.url().empty() ? request_.url : from.url(), {}, {}, from.body()};
    for (const costmark::Header& header : from.headers_to_set()) {
      out.headers_to_set.push_back({header.name, header.value});
    }
    const auto removed = from.headers_to_remove();
    out.headers_to_remove.assign(removed.begin(), removed.end());
    return out;
  }

  void sent() override { core_.sent(); }

  conformance::Plan head(int status, std::span<const conformance::Header> fields,
                         bool encoded) override {
    const std::vector<costmark::Header> headers = to_core(fields);
    const costmark::AnswerPlan plan = core_.head({status, headers, encoded});
    return {plan.read_ahead_bytes, plan.read_ahead_time};
  }

  std::string_view feed(std::string_view piece) override { return core_.feed(piece); }

  std::string_view end(ExchangeEnd how) override {
    switch (how) {
      case ExchangeEnd::complete:
        return core_.finish();
      case ExchangeEnd::stopped:
        return core_.fail(costmark::Outcome::cancelled);
      case ExchangeEnd::broken_off:
        return core_.fail(costmark::Outcome::incomplete);
      case ExchangeEnd::no_answer:
        break;
    }
    return core_.fail(costmark::Outcome::error);
  }

  conformance::Next next() override {
    const costmark::Next& next = core_.next();
    return {std::string(to_string(next.step)), std::string(to_string(next.reason)), next.pause};
  }

  conformance::Sent send(const conformance::Request& request,
                         const conformance::Sending& sending) override {
    costmark::Cancel cancel;
    costmark::SendOptions options;
    options.cancel = &cancel;
    options.max_attempts = sending.max_attempts;
    options.on_body = [&](std::string_view piece) -> Status {
      if (!sending.on_body(piece)) cancel.request();
      return {};
    };
    const Status status = client_.send(keep(request), options, core_);
    const costmark::Response& response = core_.response();
    return {failed(status), core_.attempts(), response.http_status(), std::string(response.body())};
  }

 private:
  // The operation reads it again, its array of headers as well.
  const costmark::Request& keep(const conformance::Request& from) {
    headers_ = to_core(from.headers);
    request_ = {from.method,  from.url,   headers_,           from.body,
                from.project, from.scope, from.body_is_stream};
    labels_.clear();
    for (const auto& [name, value] : from.labels) labels_.push_back({name, value});
    request_.labels = labels_;
    request_.overrides_budgets = from.override_budgets;
    return request_;
  }

  costmark::Client& client_;
  std::vector<costmark::Header> headers_;
  std::vector<costmark::NameValue> labels_;
  costmark::Request request_;
  costmark::Operation core_;
};

class Client : public conformance::Client {
 public:
  explicit Client(std::shared_ptr<costmark::Client> core) : core_(std::move(core)) {}

  std::unique_ptr<conformance::Operation> operation() override {
    return std::make_unique<Operation>(*core_);
  }

  std::map<std::string, conformance::Totals> usage() override {
    std::map<std::string, conformance::Totals> projects;
    for (const auto& [project, from] : core_->usage()) {
      projects[project] = {.operations = from.operations,
                           .attempts = from.attempts,
                           .failed = from.failed_attempts,
                           .incomplete = from.incomplete_attempts,
                           .open = from.open_attempts,
                           .input = from.input_tokens,
                           .cached = from.cached_input_tokens,
                           .cache_write = from.cache_write_tokens,
                           .output = from.output_tokens,
                           .reasoning = from.reasoning_tokens,
                           .inconsistent = from.inconsistent};
    }
    return projects;
  }

 private:
  std::shared_ptr<costmark::Client> core_;
};

// --- What a client calls back --------------------------------------------------------------------

costmark::Error error_named(std::string_view name) {
  for (const Code code : {Code::no_credentials, Code::expired_credentials,
                          Code::unusable_credentials, Code::stopped_by_callback}) {
    if (name == to_string(code)) return {code, "the case's source has none"};
  }
  return {Code::internal, "a case names a code that no source returns"};
}

Result<costmark::CredentialsPtr> ask_for_keys(conformance::Callbacks& callbacks) {
  const conformance::KeysOrError& keys = callbacks.next_keys();
  if (!keys.error.empty()) return error_named(keys.error);
  costmark::Credentials::Fields fields;
  fields.access_key_id = keys.access_key_id;
  fields.secret_access_key = keys.secret_access_key;
  fields.session_token = keys.session_token;
  fields.source = "the case";
  fields.expires_at = keys.expires_at();
  return costmark::Credentials::create(std::move(fields));
}

Result<std::string> ask_for_token(conformance::Callbacks& callbacks) {
  const conformance::TokenOrError& token = callbacks.next_token();
  if (!token.error.empty()) return error_named(token.error);
  return token.token;
}

conformance::Row row_of(const costmark::AttemptReport& report) {
  const costmark::Usage& usage = report.answer.usage;
  conformance::Row row{.settles = report.kind == costmark::AttemptReport::Kind::settlement,
                       .operation = report.operation,
                       .attempt = report.attempt,
                       .concurrent = report.concurrent,
                       .project = report.project,
                       .project_source = to_string(report.project_source),
                       .api = to_string(report.api),
                       .model = report.model,
                       .status = report.http_status,
                       .outcome = to_string(report.answer.outcome),
                       .request_id = report.request_id,
                       .response_id = report.answer.response_id,
                       .input = usage.input_tokens,
                       .cached = usage.cached_input_tokens,
                       .cache_write = usage.cache_write_tokens,
                       .output = usage.output_tokens,
                       .reasoning = usage.reasoning_tokens,
                       .total = usage.total_tokens,
                       .flags = {}};
  for (const costmark::UsageFlag flag : costmark::all_usage_flags) {
    if (usage.flags.has(flag)) row.flags.push_back(to_string(flag));
  }
  return row;
}

costmark::Environment environment_of(conformance::Pairs variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    for (const auto& [key, value] : variables) {
      if (key == name) return value;
    }
    return std::nullopt;
  };
}

conformance::MadeClient make_client(const conformance::ClientOf& of,
                                    conformance::Callbacks& callbacks) {
  costmark::ClientConfig config;
  config.host_api_key = of.host_api_key;
  config.environment = environment_of(of.environment);
  if (!of.credentials.empty()) {
    config.credentials =
        costmark::callback_credentials([&callbacks] { return ask_for_keys(callbacks); });
  }
  if (!of.tokens.empty()) {
    config.bearer_token = [&callbacks] { return ask_for_token(callbacks); };
    config.bearer_token_refused = [&callbacks](std::string_view token) {
      callbacks.take_refused(token);
    };
  }
  config.on_usage = [&callbacks](const costmark::AttemptReport& report) {
    callbacks.take_row(row_of(report));
  };
  for (const auto& [name, value] : of.options) {
    if (const Status status = config.options.set(name, value); !status) {
      return {nullptr, failure_of(status)};
    }
  }
  Result<std::shared_ptr<costmark::Client>> core = costmark::Client::create(std::move(config));
  if (!core) return {nullptr, failure_of(std::move(core).status())};
  return {std::make_unique<Client>(std::move(core).value()), {}};
}

}  // namespace

int main(int count, char** values) {
  return conformance::run_all(count, values, make_client);
}
