#include "conformance/support/run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

namespace conformance {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int first_final_status = 200;
constexpr int first_status_of_errors = 300;

std::string with(std::string_view placeholder, const std::string& value, std::string text) {
  for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder)) {
    text.replace(at, placeholder.size(), value);
  }
  return text;
}

template <class Value>
const Value& next_of(const std::vector<Value>& values, std::size_t& given) {
  return values[std::min(given++, values.size() - 1)];
}

// What a host that repeats by itself repeats, as the SDKs of OpenAI and Anthropic do.
bool is_repeated_by_hosts(int status) {
  return status == 0 || status == 408 || status == 409 || status == 429 || status >= 500;
}

// This host takes no encoding off.
bool is_encoded(std::span<const Header> fields) {
  constexpr std::array<std::string_view, 4> encodings{"gzip", "deflate", "br", "zstd"};
  for (const Header& field : fields) {
    if (!equal_ignoring_case(field.name, "content-encoding")) continue;
    for (const std::string_view encoding : encodings) {
      if (equal_ignoring_case(field.value, encoding)) return true;
    }
  }
  return false;
}

bool is_replaced(const Prepared& prepared, std::string_view name) {
  const auto is_it = [name](std::string_view other) { return equal_ignoring_case(other, name); };
  return std::ranges::any_of(prepared.headers_to_remove, is_it) ||
         std::ranges::any_of(prepared.headers_to_set, is_it, &Header::name);
}

std::string json_of(const Totals& totals) {
  return JsonObject()
      .number("operations", totals.operations)
      .number("attempts", totals.attempts)
      .number("failed", totals.failed)
      .number("incomplete", totals.incomplete)
      .number("open", totals.open)
      .number("input", totals.input)
      .number("cached", totals.cached)
      .number("cache_write", totals.cache_write)
      .number("output", totals.output)
      .number("reasoning", totals.reasoning)
      .number("inconsistent", totals.inconsistent)
      .str();
}

}  // namespace

std::string usage_of(const Row& row) {
  return JsonObject()
      .number("input", row.input)
      .number("cached", row.cached)
      .number("cache_write", row.cache_write)
      .number("output", row.output)
      .number("reasoning", row.reasoning)
      .number("total", row.total)
      .str();
}

// --- An exchange of a host -----------------------------------------------------------------------

// Hands the answer of one attempt to its operation, and what comes back to the caller.
class Run::Exchanging : public AnswerTaker {
 public:
  Exchanging(Run& run, std::size_t index, std::uint32_t number)
      : run_(run), index_(index), number_(number), host_(run.case_.calls[index].host) {}

  // What the caller has been given, or will be unless there is another attempt.
  const std::string& passed() const noexcept { return passed_; }
  int status() const noexcept { return status_; }
  bool may_repeat() const noexcept { return !seen_; }
  bool reads_ahead() const noexcept { return plan_.read_ahead_bytes > 0; }
  bool is_gone() const noexcept { return is_gone_; }

  void perform() {
    const ExchangeEnd end = exchange(outgoing(), *this);
    if (!is_gone_) pass(operation().end(end));
  }

  bool take_head(int status, std::span<const Header> fields) override {
    if (status < first_final_status) {
      operation().head(status, fields, false);
      return true;
    }
    status_ = status;
    plan_ = operation().head(status, fields, is_encoded(fields));
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
    if (host_.does == "twice" && number_ == 1 && place == "head") {
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

  // Answers that may be followed by another attempt are not shown before they have ended.
  bool is_held_back() const {
    if (!reads_ahead()) return status_ >= first_status_of_errors;
    return passed_.size() <= plan_.read_ahead_bytes &&
           SteadyClock::now() - head_at_ <= plan_.read_ahead_time;
  }

  Outgoing outgoing() {
    const Request request = run_.request_of(index_);
    Outgoing outgoing{std::string(request.method), std::string(request.url), {}, request.body};
    if (host_.does == "observe") {
      outgoing.headers.assign(request.headers.begin(), request.headers.end());
      return outgoing;
    }
    const Prepared prepared = operation().prepared();
    outgoing.url = prepared.url;
    outgoing.body = prepared.body;
    for (const Header& header : request.headers) {
      if (!is_replaced(prepared, header.name)) outgoing.headers.push_back(header);
    }
    const auto& set = prepared.headers_to_set;
    outgoing.headers.insert(outgoing.headers.end(), set.begin(), set.end());
    return outgoing;
  }

  Run& run_;
  const std::size_t index_;
  const std::uint32_t number_;  // of the attempt, from 1
  const Host& host_;
  Plan plan_;
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

void Run::all(MakeClient make_client) {
  MadeClient made = make_client(client_of_case(), *this);
  if (!made.client) {
    std::cout << line("client_error")
                     .text("code", made.failure.code)
                     .number("offset", made.failure.offset)
                     .str()
              << '\n';
    return;
  }
  client_ = std::move(made.client);
  for (std::size_t i = 0; i < case_.calls.size(); ++i) {
    if (!case_.calls[i].beside) call(i);
  }
  for (auto& operation : operations_) operation.reset();
  print_end();
}

ClientOf Run::client_of_case() const {
  ClientOf client = case_.client;
  for (auto& [name, value] : client.options) {
    value = with("{way}", way_, with("{origin}", origin_, std::move(value)));
  }
  return client;
}

const KeysOrError& Run::next_keys() {
  return next_of(case_.client.credentials, keys_given_);
}

const TokenOrError& Run::next_token() {
  return next_of(case_.client.tokens, tokens_given_);
}

void Run::take_refused(std::string_view token) {
  tokens_refused_.emplace_back(token);
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
void Run::make_request(std::size_t index, std::uint32_t number) {
  const Call& call = case_.calls[index];
  Made& made = made_[index];
  made.url = origin_ + "/" + case_.name + "." + way_ + "/" + std::to_string(index) +
             with("{way}", way_, call.path);
  made.body = with("{way}", way_, call.body);
  made.headers.clear();
  for (const auto& [name, value] : call.headers) made.headers.push_back({name, value});
  if (!call.host.counter_header.empty()) {
    made.counter = std::to_string(number - 1);
    made.headers.push_back({call.host.counter_header, made.counter});
  }
}

Request Run::request_of(std::size_t index) const {
  const Call& call = case_.calls[index];
  const Made& made = made_[index];
  return {call.method,         made.url,     made.headers,
          made.body,           call.project, call.scope,
          call.body_is_stream, call.labels,  call.override_budgets};
}

// --- The two ways --------------------------------------------------------------------------------

Failed Run::begin(std::size_t index) {
  operations_[index] = client_->operation();
  make_request(index, 1);
  const Request request = request_of(index);
  const auto beside = case_.calls[index].beside;
  return beside ? operations_[index]->begin_beside(*operations_[*beside], request)
                : operations_[index]->begin(request);
}

Failed Run::prepare(std::size_t index, std::uint32_t number) {
  Operation& operation = *operations_[index];
  const bool rebuilds = !case_.calls[index].host.counter_header.empty();
  if (!rebuilds || number == 1) return operation.prepare();
  make_request(index, number);
  Request request = request_of(index);
  request.project = request.scope = {};  // known to where the call began alone
  request.labels = {};
  request.override_budgets = false;
  return operation.prepare(request);
}

void Run::operate(std::size_t index) {
  const Host& host = case_.calls[index].host;
  if (const Failed failed = begin(index)) return print_error(index, "begin", *failed);
  if (host.does == "drop" && host.at == "decided") return operations_[index].reset();
  for (std::uint32_t number = 1;; ++number) {
    if (host.does != "observe") {
      if (const Failed failed = prepare(index, number)) {
        print_error(index, "prepare", *failed);
        if (number == 1) return;
        break;
      }
      if (host.does == "drop" && host.at == "prepared") return operations_[index].reset();
    }
    if (!attempt(index, number)) break;
  }
  print_result(index, made_[index].status, made_[index].passed);
}

// Makes one attempt. Returns whether the host makes another one.
bool Run::attempt(std::size_t index, std::uint32_t number) {
  const Host& host = case_.calls[index].host;
  operations_[index]->sent();
  Exchanging exchanging(*this, index, number);
  exchanging.perform();
  made_[index].status = exchanging.status();
  made_[index].passed = exchanging.passed();
  if (!operations_[index]) return false;
  if (exchanging.is_gone()) return true;

  const Next next = operations_[index]->next();
  print_attempt(index, exchanging, next);
  if (!exchanging.may_repeat()) return false;
  if (host.does == "repeat") {
    return number <= host.retries && is_repeated_by_hosts(exchanging.status());
  }
  const bool is_advised = next.step == "again" || next.step == "after_pause";
  if (!is_advised || (host.does != "follow" && host.does != "twice")) return false;
  std::this_thread::sleep_for(next.pause);
  return true;
}

void Run::send(std::size_t index) {
  const Host& host = case_.calls[index].host;
  operations_[index] = client_->operation();
  std::string passed;
  Sending sending;
  if (host.does == "once") sending.max_attempts = 1;
  sending.on_body = [&](std::string_view piece) {
    passed += piece;
    return host.does != "cancel" || passed.size() < host.after_bytes;
  };
  make_request(index, 1);
  const Sent sent = operations_[index]->send(request_of(index), sending);
  if (sent.failure && sent.attempts == 0) return print_error(index, "send", *sent.failure);
  print_result(index, sent.status, passed.empty() ? sent.body : passed);
}

// --- What is printed -----------------------------------------------------------------------------

JsonObject Run::line(std::string_view kind) const {
  JsonObject line;
  line.text("line", kind).text("case", case_.name).text("way", way_);
  return line;
}

void Run::print_attempt(std::size_t index, const Exchanging& exchanging, const Next& next) {
  std::cout << line("attempt")
                   .number("call", index)
                   .number("status", exchanging.status())
                   .boolean("reads_ahead", exchanging.reads_ahead())
                   .text("passed", base64(exchanging.passed()))
                   .text("step", next.step)
                   .text("reason", next.reason)
                   .number("pause_ms", next.pause.count())
                   .str()
            << '\n';
}

void Run::print_error(std::size_t index, std::string_view at, const Failure& failure) {
  JsonObject printed = line("error");
  printed.number("call", index)
      .text("at", at)
      .text("code", failure.code)
      .number("offset", failure.offset);
  if (at == "prepare") {
    const Next next = operations_[index]->next();
    printed.text("step", next.step).text("reason", next.reason);
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

void Run::take_row(const Row& row) {
  std::cout << line("row")
                   .text("kind", row.settles ? "settlement" : "attempt")
                   .text("operation", row.operation)
                   .number("attempt", row.attempt)
                   .boolean("concurrent", row.concurrent)
                   .text("project", row.project)
                   .text("project_source", row.project_source)
                   .text("api", row.api)
                   .text("model", row.model)
                   .number("status", row.status)
                   .text("outcome", row.outcome)
                   .text("request_id", row.request_id)
                   .text("response_id", row.response_id)
                   .raw("usage", usage_of(row))
                   .raw("flags", list_of(row.flags))
                   .str()
            << '\n';
}

void Run::print_end() {
  JsonObject projects;
  for (const auto& [project, totals] : client_->usage()) projects.raw(project, json_of(totals));
  std::cout << line("counters").raw("projects", projects.str()).str() << '\n';
  std::cout << line("callbacks")
                   .number("credentials", keys_given_)
                   .number("tokens", tokens_given_)
                   .raw("refused", list_of(tokens_refused_))
                   .str()
            << '\n';
}

}  // namespace conformance
