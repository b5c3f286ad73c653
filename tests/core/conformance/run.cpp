#include "core/conformance/run.hpp"

#include <array>
#include <chrono>
#include <iostream>
#include <thread>

#include "core/conformance/exchange.hpp"

namespace costmark::conformance {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int first_status_of_errors = 300;

std::string with(std::string_view placeholder, const std::string& value, std::string text) {
  for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder)) {
    text.replace(at, placeholder.size(), value);
  }
  return text;
}

Error error_named(std::string_view name) {
  for (const Code code : {Code::no_credentials, Code::expired_credentials,
                          Code::unusable_credentials, Code::stopped_by_callback}) {
    if (name == to_string(code)) return {code, "the case's source has none"};
  }
  return {Code::internal, "a case names a code that no source returns"};
}

template <class Value>
const Value& next_of(const std::vector<Value>& values, std::size_t& given) {
  return values[std::min(given++, values.size() - 1)];
}

// What a host that repeats by itself repeats, as the SDKs of OpenAI and Anthropic do.
bool is_repeated_by_hosts(int status) {
  return status == 0 || status == 408 || status == 409 || status == 429 || status >= 500;
}

std::string usage_of(const Usage& usage) {
  return JsonObject()
      .number("input", usage.input_tokens)
      .number("cached", usage.cached_input_tokens)
      .number("cache_write", usage.cache_write_tokens)
      .number("output", usage.output_tokens)
      .number("reasoning", usage.reasoning_tokens)
      .number("total", usage.total_tokens)
      .str();
}

std::string names_of(UsageFlags flags) {
  std::string names;
  for (const UsageFlag flag : all_usage_flags) {
    if (!flags.has(flag)) continue;
    names += names.empty() ? "" : ",";
    json::append_string(names, to_string(flag));
  }
  return "[" + names + "]";
}

std::string totals_of(const UsageTotals& totals) {
  return JsonObject()
      .number("operations", totals.operations)
      .number("attempts", totals.attempts)
      .number("failed", totals.failed_attempts)
      .number("incomplete", totals.incomplete_attempts)
      .number("open", totals.open_attempts)
      .number("input", totals.input_tokens)
      .number("cached", totals.cached_input_tokens)
      .number("cache_write", totals.cache_write_tokens)
      .number("output", totals.output_tokens)
      .number("reasoning", totals.reasoning_tokens)
      .number("inconsistent", totals.inconsistent)
      .str();
}

}  // namespace

// --- An exchange of a host -----------------------------------------------------------------------

// Hands the answer of one attempt to its operation, and what comes back to the caller.
class Run::Exchanging : public AnswerTaker {
 public:
  Exchanging(Run& run, std::size_t index)
      : run_(run), index_(index), host_(run.case_.calls[index].host) {}

  // What the caller has been given, or will be unless there is another attempt.
  const std::string& passed() const noexcept { return passed_; }
  int status() const noexcept { return status_; }
  bool may_repeat() const noexcept { return !seen_; }
  bool reads_ahead() const noexcept { return plan_.read_ahead_bytes > 0; }
  bool is_gone() const noexcept { return is_gone_; }

  void perform() {
    const ExchangeEnd end = exchange(outgoing(), *this);
    if (is_gone_) return;
    switch (end) {
      case ExchangeEnd::complete:
        pass(operation().finish());
        break;
      case ExchangeEnd::stopped:
        pass(operation().fail(Outcome::cancelled));
        break;
      case ExchangeEnd::broken_off:
        pass(operation().fail(Outcome::incomplete));
        break;
      case ExchangeEnd::no_answer:
        operation().fail(Outcome::error);
        break;
    }
  }

  bool take_head(int status, std::span<const Header> fields) override {
    if (status < 200) {
      operation().head({status, fields});
      return true;
    }
    status_ = status;
    plan_ = operation().head({status, fields, is_encoded(fields)});
    head_at_ = SteadyClock::now();
    run_.calls_beside(index_);
    return !leaves_at("head");
  }

  bool take_piece(std::string_view piece) override {
    pass(operation().feed(piece));
    const bool enough = passed_.size() >= host_.after_bytes;
    if (host_.does == "cancel" && enough) return false;
    return !(enough && leaves_at("body"));
  }

 private:
  Operation& operation() { return *run_.operations_[index_]; }

  // Whether the host leaves the exchange here, without telling its operation.
  bool leaves_at(std::string_view place) {
    const bool abandons = host_.does == "twice" && operation().attempts() == 1 && place == "head";
    if (abandons) {
      is_gone_ = true;
    } else if (host_.does == "drop" && host_.at == place) {
      is_gone_ = true;
      run_.operations_[index_].reset();
    }
    return is_gone_;
  }

  void pass(std::string_view bytes) {
    passed_ += bytes;
    if (bytes.empty() || seen_) return;
    seen_ = !is_held_back();
  }

  // This host takes no encoding off.
  static bool is_encoded(std::span<const Header> fields) {
    constexpr std::array<std::string_view, 4> encodings{"gzip", "deflate", "br", "zstd"};
    for (const Header& field : fields) {
      if (!equal_ignoring_case(field.name, "content-encoding")) continue;
      for (const std::string_view encoding : encodings) {
        if (equal_ignoring_case(field.value, encoding)) return true;
      }
    }
    return false;
  }

  // Answers that may be followed by another attempt are not shown before they have ended.
  bool is_held_back() const {
    if (!reads_ahead()) return status_ >= first_status_of_errors;
    return passed_.size() <= plan_.read_ahead_bytes &&
           SteadyClock::now() - head_at_ <= plan_.read_ahead_time;
  }

  Outgoing outgoing() {
    const Request request = run_.request_of(index_);
    const Prepared& prepared = operation().prepared();
    const std::string_view moved = prepared.url();
    Outgoing outgoing{std::string(request.method),
                      std::string(moved.empty() ? request.url : moved),
                      {},
                      prepared.body()};
    if (host_.does == "observe") {
      outgoing.headers.assign(request.headers.begin(), request.headers.end());
      outgoing.body = request.body;
      return outgoing;
    }
    for (const Header& header : request.headers) {
      if (!is_replaced(prepared, header.name)) outgoing.headers.push_back(header);
    }
    const auto set = prepared.headers_to_set();
    outgoing.headers.insert(outgoing.headers.end(), set.begin(), set.end());
    return outgoing;
  }

  static bool is_replaced(const Prepared& prepared, std::string_view name) {
    for (const std::string_view removed : prepared.headers_to_remove()) {
      if (equal_ignoring_case(removed, name)) return true;
    }
    for (const Header& set : prepared.headers_to_set()) {
      if (equal_ignoring_case(set.name, name)) return true;
    }
    return false;
  }

  Run& run_;
  const std::size_t index_;
  const Host& host_;
  AnswerPlan plan_;
  SteadyClock::time_point head_at_;
  int status_ = 0;
  bool seen_ = false;  // the caller has been given something of this answer
  bool is_gone_ = false;
  std::string passed_;
};

// --- The case ------------------------------------------------------------------------------------

Run::Run(const Case& of_case, std::string_view way, std::string_view origin)
    : case_(of_case),
      way_(way),
      origin_(origin),
      operations_(of_case.calls.size()),
      made_(of_case.calls.size()) {}

void Run::all() {
  if (const Status status = make_client(); !status) {
    std::cout << line("client_error")
                     .text("code", to_string(status.error().code))
                     .number("offset", status.error().offset)
                     .str()
              << '\n';
    return;
  }
  for (std::size_t i = 0; i < case_.calls.size(); ++i) {
    if (!case_.calls[i].beside) call(i);
  }
  for (auto& operation : operations_) operation.reset();
  print_end();
}

Status Run::make_client() {
  ClientConfig made = config();
  for (const auto& [name, value] : case_.client.options) {
    Status status = made.options.set(name, with("{origin}", origin_, value));
    if (!status) return status;
  }
  Result<std::shared_ptr<Client>> client = Client::create(std::move(made));
  if (!client) return std::move(client).status();
  client_ = std::move(client).value();
  return {};
}

ClientConfig Run::config() {
  const ClientOf& of = case_.client;
  ClientConfig config;
  config.host_api_key = of.host_api_key;
  config.environment = [&of](std::string_view name) -> std::optional<std::string> {
    for (const auto& [key, value] : of.environment) {
      if (key == name) return value;
    }
    return std::nullopt;
  };
  if (!of.credentials.empty()) {
    config.credentials = callback_credentials([this, &of]() -> Result<CredentialsPtr> {
      const KeysOrError& keys = next_of(of.credentials, keys_given_);
      if (!keys.error.empty()) return error_named(keys.error);
      Credentials::Fields fields;
      fields.access_key_id = keys.access_key_id;
      fields.secret_access_key = keys.secret_access_key;
      fields.session_token = keys.session_token;
      fields.source = "the case";
      if (keys.expires_in_s) {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        fields.expires_at =
            std::chrono::duration_cast<std::chrono::seconds>(now).count() + *keys.expires_in_s;
      }
      return Credentials::create(std::move(fields));
    });
  }
  if (!of.tokens.empty()) {
    config.bearer_token = [this, &of]() -> Result<std::string> {
      const TokenOrError& token = next_of(of.tokens, tokens_given_);
      if (!token.error.empty()) return error_named(token.error);
      return token.token;
    };
    config.bearer_token_refused = [this](std::string_view token) {
      tokens_refused_.emplace_back(token);
    };
  }
  config.on_usage = [this](const AttemptReport& report) { print_row(report); };
  return config;
}

void Run::call(std::size_t index) {
  way_ == "send" ? send(index) : operate(index);
}

void Run::calls_beside(std::size_t index) {
  for (std::size_t i = 0; i < case_.calls.size(); ++i) {
    if (case_.calls[i].beside == index && !operations_[i]) call(i);
  }
}

// An operation reads its request as long as it lives; a host that counts attempts in a header
// makes another one for each.
void Run::make_request(std::size_t index, std::uint32_t attempt) {
  const Call& call = case_.calls[index];
  Made& made = made_[index];
  made.url = origin_ + "/" + case_.name + "." + way_ + "/" + std::to_string(index) +
             with("{way}", way_, call.path);
  made.body = with("{way}", way_, call.body);
  made.headers.clear();
  for (const auto& [name, value] : call.headers) made.headers.push_back({name, value});
  if (!call.host.counter_header.empty()) {
    made.counter = std::to_string(attempt - 1);
    made.headers.push_back({call.host.counter_header, made.counter});
  }
}

Request Run::request_of(std::size_t index) const {
  const Call& call = case_.calls[index];
  const Made& made = made_[index];
  return {call.method,  made.url,   made.headers,       made.body,
          call.project, call.scope, call.body_is_stream};
}

// --- The two ways --------------------------------------------------------------------------------

Status Run::begin(std::size_t index) {
  Operation& operation = operations_[index].emplace(client_->operation());
  make_request(index, 1);
  const Request request = request_of(index);
  const auto beside = case_.calls[index].beside;
  return beside ? operation.begin_beside(*operations_[*beside], request) : operation.begin(request);
}

Status Run::prepare(std::size_t index, std::uint32_t attempt) {
  Operation& operation = *operations_[index];
  const bool rebuilds = !case_.calls[index].host.counter_header.empty();
  if (!rebuilds || attempt == 1) return operation.prepare();
  make_request(index, attempt);
  Request request = request_of(index);
  request.project = request.scope = {};  // known to where the call began alone
  return operation.prepare(request);
}

void Run::operate(std::size_t index) {
  const Host& host = case_.calls[index].host;
  if (const Status status = begin(index); !status) return print_error(index, "begin", status);
  if (host.does == "drop" && host.at == "decided") return operations_[index].reset();
  int status_of_last = 0;
  std::string passed;
  for (std::uint32_t attempt = 1;; ++attempt) {
    if (host.does != "observe") {
      if (const Status status = prepare(index, attempt); !status) {
        print_error(index, "prepare", status);
        if (attempt == 1) return;
        break;
      }
      if (host.does == "drop" && host.at == "prepared") return operations_[index].reset();
    }
    operations_[index]->sent();
    Exchanging exchanging(*this, index);
    exchanging.perform();
    status_of_last = exchanging.status();
    passed = exchanging.passed();
    if (!operations_[index]) break;
    if (exchanging.is_gone()) continue;
    print_attempt(index, *operations_[index], exchanging);

    const Next& next = operations_[index]->next();
    const bool is_advised = next.step == NextStep::again || next.step == NextStep::after_pause;
    const bool repeats = host.does == "repeat"
                             ? attempt <= host.retries && is_repeated_by_hosts(exchanging.status())
                             : is_advised && (host.does == "follow" || host.does == "twice");
    if (!repeats || !exchanging.may_repeat()) break;
    if (host.does != "repeat") std::this_thread::sleep_for(next.pause);
  }
  print_result(index, status_of_last, passed);
}

void Run::send(std::size_t index) {
  const Host& host = case_.calls[index].host;
  Operation& operation = operations_[index].emplace(client_->operation());
  std::string passed;
  Cancel cancel;
  SendOptions options;
  options.cancel = &cancel;
  if (host.does == "once") options.max_attempts = 1;
  options.on_body = [&](std::string_view piece) -> Status {
    passed += piece;
    if (host.does == "cancel" && passed.size() >= host.after_bytes) cancel.request();
    return {};
  };
  make_request(index, 1);
  const Status status = client_->send(request_of(index), options, operation);
  const Response& response = operation.response();
  if (!status && operation.attempts() == 0) return print_error(index, "send", status);
  if (passed.empty()) passed = response.body();
  print_result(index, response.http_status(), passed);
}

// --- What is printed -----------------------------------------------------------------------------

JsonObject Run::line(std::string_view kind) const {
  JsonObject line;
  line.text("line", kind).text("case", case_.name).text("way", way_);
  return line;
}

void Run::print_attempt(std::size_t index, const Operation& operation,
                        const Exchanging& exchanging) {
  const Next& next = operation.next();
  std::cout << line("attempt")
                   .number("call", index)
                   .number("status", exchanging.status())
                   .boolean("reads_ahead", exchanging.reads_ahead())
                   .text("passed", base64(exchanging.passed()))
                   .text("step", to_string(next.step))
                   .text("reason", to_string(next.reason))
                   .number("pause_ms", next.pause.count())
                   .str()
            << '\n';
}

void Run::print_error(std::size_t index, std::string_view at, const Status& status) {
  JsonObject printed = line("error");
  printed.number("call", index)
      .text("at", at)
      .text("code", to_string(status.error().code))
      .number("offset", status.error().offset);
  if (operations_[index] && at == "prepare") {
    printed.text("step", to_string(operations_[index]->next().step))
        .text("reason", to_string(operations_[index]->next().reason));
  }
  std::cout << printed.str() << '\n';
}

void Run::print_result(std::size_t index, int status, std::string_view passed) {
  std::cout << line("result")
                   .number("call", index)
                   .number("status", status)
                   .text("passed", base64(passed))
                   .str()
            << '\n';
}

void Run::print_row(const AttemptReport& report) {
  const Answer& answer = report.answer;
  const bool settles = report.kind == AttemptReport::Kind::settlement;
  std::cout << line("row")
                   .text("kind", settles ? "settlement" : "attempt")
                   .text("operation", report.operation)
                   .number("attempt", report.attempt)
                   .boolean("concurrent", report.concurrent)
                   .text("project", report.project)
                   .text("project_source", to_string(report.project_source))
                   .text("api", to_string(report.api))
                   .text("model", report.model)
                   .number("status", report.http_status)
                   .text("outcome", to_string(answer.outcome))
                   .text("request_id", report.request_id)
                   .text("response_id", answer.response_id)
                   .raw("usage", usage_of(answer.usage))
                   .raw("flags", names_of(answer.usage.flags))
                   .str()
            << '\n';
}

void Run::print_end() {
  JsonObject projects;
  for (const auto& [project, totals] : client_->usage()) projects.raw(project, totals_of(totals));
  std::cout << line("counters").raw("projects", projects.str()).str() << '\n';
  std::string refused;
  for (const std::string& token : tokens_refused_) {
    refused += refused.empty() ? "" : ",";
    json::append_string(refused, token);
  }
  std::cout << line("callbacks")
                   .number("credentials", keys_given_)
                   .number("tokens", tokens_given_)
                   .raw("refused", "[" + refused + "]")
                   .str()
            << '\n';
}

}  // namespace costmark::conformance
