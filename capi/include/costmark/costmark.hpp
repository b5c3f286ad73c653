// clang-format off: the first page keeps its lines.
/*
 * costmark.hpp: costmark.h for C++17 and later. Header only. It needs nothing but the C ABI, so a
 * program links libcostmark as a C program does, whatever compiler built the library.
 *
 *     #include <costmark/costmark.hpp>
 *     namespace cm = costmark::sdk;
 *
 *     cm::Client client(cm::Config{{"project", "proj_abc123"}});
 *     cm::Operation call(client);
 *     cm::Request request;
 *     request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
 *     request.body = R"({"model":"openai.gpt-oss-20b","messages":[]})";
 *     call.begin(request);
 *     call.send();
 *     std::cout << call.response().body;
 *
 * costmark.h is the manual. This page tells only what is different here.
 *
 *  1. A class is a handle. It moves, does not copy, and ends what it holds. A shared handle has
 *     share(), which adds an owner. A handle that was moved from is empty: what it shows is empty,
 *     and its calls fail. The three phrases about threads hold for the class as for the handle.
 *
 *  2. What a call shows is a plain struct, with a std::string_view for each text. Texts live as
 *     long as costmark.h says. Where costmark.h tells absent from empty, data() is null.
 *
 *  3. A call that fails throws Error. Without exceptions, or with COSTMARK_NO_EXCEPTIONS defined,
 *     each `Result<T>` is a class that holds a T or the Error, and make() alone makes handles.
 *     Otherwise it is T itself. Both kinds may be used in one program.
 *
 *  4. The calls that read an answer (head, feed, finish, fail) never throw an Error: the answer
 *     must reach its reader. Their last parameter takes the status.
 *
 *  5. Callbacks are lambdas, or anything else that can be called. They are kept as long as the
 *     library needs them. They are called as const, since several threads may call one at once.
 *     One that answers (credentials, token, head, body) may return nothing, a bool (false: stop), a
 *     costmark_status or a Result<void>.
 *
 *  6. What a lambda throws comes out of the call that it was called from, when the library is done
 *     with that call. What a credentials or token lambda throws comes out only if the call fails
 *     because of it. A destructor throws nothing. A usage lambda should not throw: what finish() and
 *     fail() held back is then lost.
 */
// clang-format on
#ifndef COSTMARK_COSTMARK_HPP
#define COSTMARK_COSTMARK_HPP

#if !(__cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L))
#error "costmark.hpp needs C++17 or later: compile with -std=c++17"
#else

#include <costmark/testing.h>
#include <costmark/sdk/detail.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <vector>

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

// --- Version and names --------------------------------------------------------------------------

inline const char* version() noexcept {
  return costmark_version();
}
inline std::uint32_t version_number() noexcept {
  return costmark_version_number();
}
inline std::uint32_t abi_version() noexcept {
  return costmark_abi_version();
}
inline bool has_feature(std::string_view name) noexcept {
  return costmark_has_feature(name.data(), name.size());
}
inline std::size_t live_handles() noexcept {
  return costmark_live_handles();
}

inline const char* status_name(costmark_status status) noexcept {
  return costmark_status_name(status);
}
inline const char* outcome_name(costmark_outcome outcome) noexcept {
  return costmark_outcome_name(outcome);
}
inline const char* step_name(costmark_step step) noexcept {
  return costmark_step_name(step);
}
inline const char* reason_name(costmark_reason reason) noexcept {
  return costmark_reason_name(reason);
}
inline const char* api_name(costmark_api api) noexcept {
  return costmark_api_name(api);
}
inline const char* project_source_name(costmark_project_source source) noexcept {
  return costmark_project_source_name(source);
}
inline const char* verdict_name(costmark_verdict verdict) noexcept {
  return costmark_verdict_name(verdict);
}

// Fails with COSTMARK_INVALID_PROJECT for what is not a project id.
inline Result<void> check_project(std::string_view id) {
  return detail::run(
      [&](costmark_error** error) { return costmark_project_check(id.data(), id.size(), error); });
}

// --- Headers ------------------------------------------------------------------------------------

struct Header {
  Header(std::string_view key, std::string_view text) noexcept : name(key), value(text) {}
  explicit Header(const costmark_header& raw) noexcept
      : name(detail::view(raw.name)), value(detail::view(raw.value)) {}
  std::string_view name, value;
};

// Header fields that something else owns, in their order.
class HeaderView : public detail::View<costmark_header, Header> {
 public:
  using View::View;
  // The value of the first field of that name, without regard to ASCII case.
  std::optional<std::string_view> find(std::string_view name) const noexcept {
    costmark_str value;
    if (!costmark_header_find(data(), size(), name.data(), name.size(), &value))
      return std::nullopt;
    return detail::view(value);
  }
};

// Names of header fields that something else owns.
using NameView = detail::View<costmark_str, detail::Name>;

// A list of header fields for a request. It holds views: the texts must live as long as the list is
// used.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) {
    for (const Header& header : headers) add(header.name, header.value);
  }
  Headers& add(std::string_view name, std::string_view value) {
    fields_.push_back({detail::str(name), detail::str(value)});
    return *this;
  }
  void clear() noexcept { fields_.clear(); }
  // NOLINTNEXTLINE(google-explicit-constructor): a list is given wherever a view is taken.
  operator HeaderView() const& noexcept { return {fields_.data(), fields_.size()}; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator HeaderView() const&& = delete;  // the view would outlive the list

 private:
  std::vector<costmark_header> fields_;
};

// --- Labels and counts -------------------------------------------------------------------------

// A label of a call, or a tag of a project.
struct Label {
  explicit Label(const costmark_label& raw) noexcept
      : name(detail::view(raw.name)), value(detail::view(raw.value)) {}
  std::string_view name, value;
};
using LabelView = detail::View<costmark_label, Label>;

// A count that the server told beside the tokens, such as "web_search".
struct Count {
  explicit Count(const costmark_count& raw) noexcept
      : kind(detail::view(raw.kind)), count(raw.count) {}
  std::string_view kind;
  std::uint64_t count;
};
using CountView = detail::View<costmark_count, Count>;

// Labels for a request. It holds views: the texts must live as long as the list is used.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<std::pair<std::string_view, std::string_view> > labels) {
    for (const auto& [name, value] : labels) add(name, value);
  }
  void add(std::string_view name, std::string_view value) {
    labels_.push_back({detail::str(name), detail::str(value)});
  }
  // Fails with COSTMARK_INVALID_ARGUMENT where a call with these labels would.
  Result<void> check() const {
    return detail::run([&](costmark_error** error) {
      return costmark_labels_check(labels_.data(), labels_.size(), error);
    });
  }

  // NOLINTNEXTLINE(google-explicit-constructor): passed where a view is taken
  operator LabelView() const& noexcept { return {labels_.data(), labels_.size()}; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator LabelView() const&& = delete;  // the view would outlive the list

 private:
  std::vector<costmark_label> labels_;
};

// --- Options and credentials --------------------------------------------------------------------

// One option; see costmark_option.
struct Option {
  explicit Option(const costmark_option& raw) noexcept
      : name(detail::view(raw.name)),
        default_value(detail::view(raw.default_value)),
        choices(detail::view(raw.choices)),
        description(detail::view(raw.description)),
        minimum(raw.minimum),
        maximum(raw.maximum),
        type(raw.type) {}
  std::string_view name, default_value, choices, description;
  std::int64_t minimum, maximum;
  costmark_option_type type;
};

inline std::size_t option_count() noexcept {
  return costmark_option_count();
}
// Empty from option_count() on.
inline Option option(std::size_t index) noexcept {
  return Option(detail::shown<costmark_option>(costmark_option_read, index));
}

// One set of AWS credentials; see costmark_credentials. `source` tells where a set came from.
struct Credentials {
  std::string_view access_key_id, secret_access_key, session_token, account_id;
  std::int64_t expires_unix_s = 0;
  std::string_view source{};

  costmark_credentials raw() const noexcept {
    auto raw = detail::sized<costmark_credentials>();
    raw.access_key_id = detail::str(access_key_id);
    raw.secret_access_key = detail::str(secret_access_key);
    raw.session_token = detail::str(session_token);
    raw.account_id = detail::str(account_id);
    raw.expires_unix_s = expires_unix_s;
    return raw;
  }
};

// Where a callback puts its credentials. Lives during the callback.
class CredentialsSink {
 public:
  explicit CredentialsSink(costmark_credentials_sink* raw) noexcept : raw_(raw) {}
  Result<void> put(const Credentials& credentials) {
    const costmark_credentials raw = credentials.raw();
    return detail::run(
        [&](costmark_error** error) { return costmark_credentials_put(raw_, &raw, error); });
  }

 private:
  costmark_credentials_sink* raw_;
};

// Where a callback puts its bearer token. Lives during the callback.
class BearerTokenSink {
 public:
  explicit BearerTokenSink(costmark_bearer_token_sink* raw) noexcept : raw_(raw) {}
  Result<void> put(std::string_view token) {
    return detail::run([&](costmark_error** error) {
      return costmark_bearer_token_put(raw_, token.data(), token.size(), error);
    });
  }

 private:
  costmark_bearer_token_sink* raw_;
};

using Usage = costmark_usage;

// One attempt, or the end of a background response; see costmark_answer.
struct Answer {
  explicit Answer(const costmark_answer& raw) noexcept
      : operation(detail::view(raw.operation)),
        project(detail::view(raw.project)),
        model(detail::view(raw.model)),
        model_answered(detail::view(raw.model_answered)),
        response_id(detail::view(raw.response_id)),
        request_id(detail::view(raw.request_id)),
        service_tier(detail::view(raw.service_tier)),
        error_code(detail::view(raw.error_code)),
        usage_json(detail::view(raw.usage_json)),
        usage(detail::copied(raw.usage)),
        latency_us(raw.latency_us),
        first_byte_us(raw.first_byte_us),
        kind(raw.kind),
        project_source(raw.project_source),
        api(raw.api),
        outcome(raw.outcome),
        http_status(raw.http_status),
        attempt(raw.attempt),
        concurrent(raw.concurrent != 0),
        start_us(raw.start_us),
        end_us(raw.end_us),
        url_host(detail::view(raw.url_host)),
        region(detail::view(raw.region)),
        account(detail::view(raw.account)),
        sdk(detail::view(raw.sdk)),
        labels(raw.labels, raw.label_count),
        labels_key(detail::view(raw.labels_key)),
        tags(raw.tags, raw.tag_count),
        meters(raw.meters, raw.meter_count),
        streamed(raw.streamed != 0),
        background(raw.background != 0),
        serving(detail::view(raw.serving)),
        price_book(detail::view(raw.price_book)),
        cost_state(raw.cost_state),
        price_flags(raw.price_flags) {
    if (raw.has_cost_pico_usd != 0) cost_pico_usd = raw.cost_pico_usd;
  }
  std::string_view operation, project, model, model_answered, response_id, request_id;
  std::string_view service_tier, error_code, usage_json;
  Usage usage;  // `known` tells which counts were reported
  std::int64_t latency_us, first_byte_us;
  costmark_answer_kind kind;
  costmark_project_source project_source;
  costmark_api api;
  costmark_outcome outcome;
  int http_status;
  std::uint32_t attempt;
  bool concurrent;
  std::int64_t start_us, end_us;
  std::string_view url_host, region, account, sdk;
  LabelView labels;
  std::string_view labels_key;
  LabelView tags;
  CountView meters;
  bool streamed, background;
  // The estimate, which on_usage is told.
  std::string_view serving, price_book;
  std::optional<std::int64_t> cost_pico_usd;
  costmark_cost_state cost_state;
  std::uint32_t price_flags;  // COSTMARK_PRICE_FLAG_... bits
};

// Option values and callbacks, which clients are made from.
class Config : public detail::Handle<costmark_config, costmark_config_free> {
 public:
  using Handle::Handle;
  using Options = std::initializer_list<std::pair<std::string_view, std::string_view> >;

  static Result<Config> make() {
    return detail::make<Config, costmark_config>(costmark_config_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Config() : Config(make()) {}
  Config(Options options) : Config(make()) {
    for (const auto& [name, value] : options) set(name, value);
  }
#else
  Config() = delete;
#endif

  Result<void> set(std::string_view name, std::string_view value) {
    return detail::run([&](costmark_error** error) {
      return costmark_config_set(get(), name.data(), name.size(), value.data(), value.size(),
                                 error);
    });
  }
  Result<void> set_host_api_key(std::string_view key) {
    return detail::run([&](costmark_error** error) {
      return costmark_config_set_host_api_key(get(), key.data(), key.size(), error);
    });
  }

  // function(CredentialsSink&): puts credentials into it.
  template <class Function>
  Result<void> on_credentials(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, costmark_credentials_sink* raw) noexcept {
      CredentialsSink sink(raw);
      return detail::answering([&] { return detail::answer_of(*static_cast<Kept*>(data), sink); });
    };
    return keep(costmark_config_set_credentials_callback, callback,
                std::forward<Function>(function));
  }
  // function(BearerTokenSink&): puts a token into it.
  template <class Function>
  Result<void> on_bearer_token(Function&& function) {
    using Kept = const std::decay_t<Function>;
    return detail::set_callback(
        std::forward<Function>(function),
        [&](void* data, costmark_free_user_data end, costmark_error** error) {
          return costmark_config_set_bearer_token_callback(get(), token_of<Kept, detail::Itself>,
                                                           nullptr, data, end, error);
        });
  }
  // refused(std::string_view): receives a token of `function` that the service refused.
  template <class Function, class Refused>
  Result<void> on_bearer_token(Function&& function, Refused&& refused) {
    using Pair = std::pair<std::decay_t<Function>, std::decay_t<Refused> >;
    const auto tell = [](void* data, const char* token, std::size_t length) noexcept {
      detail::telling([&] {
        std::invoke(static_cast<const Pair*>(data)->second, std::string_view(token, length));
      });
    };
    return detail::set_callback(
        Pair(std::forward<Function>(function), std::forward<Refused>(refused)),
        [&](void* data, costmark_free_user_data end, costmark_error** error) {
          return costmark_config_set_bearer_token_callback(
              get(), token_of<const Pair, detail::First>, tell, data, end, error);
        });
  }
  // function(costmark_log_level, std::string_view): receives a line.
  template <class Function>
  Result<void> on_log(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, costmark_log_level level, const char* message,
                             std::size_t length) noexcept {
      detail::telling([&] {
        std::invoke(*static_cast<Kept*>(data), level, std::string_view(message, length));
      });
    };
    return keep(costmark_config_set_log_callback, callback, std::forward<Function>(function));
  }
  // function(): returns the time, in seconds since 1970 UTC.
  template <class Function>
  Result<void> on_clock(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data) noexcept -> std::int64_t {
      std::int64_t time = -1;  // which nothing can be signed with
      detail::telling([&] { time = std::invoke(*static_cast<Kept*>(data)); });
      return time;
    };
    return keep(costmark_config_set_clock_callback, callback, std::forward<Function>(function));
  }
  // function(const Answer&): receives every attempt that has ended.
  template <class Function>
  Result<void> on_usage(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, const costmark_answer* answer) noexcept {
      detail::telling(
          [&] { std::invoke(*static_cast<Kept*>(data), Answer(detail::copied(answer))); });
    };
    return keep(costmark_config_set_usage_callback, callback, std::forward<Function>(function));
  }

 private:
  // Asks the function that `Of` finds in what was kept.
  template <class Kept, class Of>
  static costmark_status token_of(void* data, costmark_bearer_token_sink* raw) noexcept {
    BearerTokenSink sink(raw);
    return detail::answering(
        [&] { return detail::answer_of(Of()(*static_cast<Kept*>(data)), sink); });
  }

  template <class Set, class Callback, class Function>
  Result<void> keep(Set setter, Callback callback, Function&& function) {
    return detail::set_callback(
        std::forward<Function>(function),
        [&](void* data, costmark_free_user_data end, costmark_error** error) {
          return setter(get(), callback, data, end, error);
        });
  }
};

// --- Client, verification and usage -------------------------------------------------------------

// What to verify; see costmark_verify_request. All of it is optional.
struct VerifyRequest {
  std::string_view project, model, url;
  HeaderView headers;
  std::chrono::milliseconds timeout{0};
  costmark_api api = COSTMARK_API_OTHER;
  bool force = false;

  costmark_verify_request raw() const noexcept {
    auto raw = detail::sized<costmark_verify_request>();
    raw.project = detail::str(project);
    raw.model = detail::str(model);
    raw.url = detail::str(url);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.timeout_ms = timeout.count();
    raw.api = api;
    raw.force = force ? 1 : 0;
    return raw;
  }
};

// One exchange of a verification. Its texts live as long as the verification.
struct Probe {
  explicit Probe(const costmark_probe& raw) noexcept
      : project(detail::view(raw.project)),
        request(detail::view(raw.request)),
        code(detail::view(raw.code)),
        request_id(detail::view(raw.request_id)),
        finding(detail::view(raw.finding)),
        http_status(raw.http_status) {}
  std::string_view project, request, code, request_id, finding;
  int http_status;
};

// What a verification says. Its texts live as long as the verification.
struct VerificationView {
  explicit VerificationView(const costmark_verification_view& raw) noexcept
      : reason(detail::view(raw.reason)),
        endpoint(detail::view(raw.endpoint)),
        carrier(detail::view(raw.carrier)),
        project(detail::view(raw.project)),
        model(detail::view(raw.model)),
        checked_unix_s(raw.checked_unix_s),
        probe_count(raw.probe_count),
        verdict(raw.verdict),
        retryable(raw.retryable != 0) {}
  std::string_view reason, endpoint, carrier, project, model;
  std::int64_t checked_unix_s;
  std::size_t probe_count;
  costmark_verdict verdict;
  bool retryable;
};

// Whether an endpoint reads the project of requests.
class Verification : public detail::Handle<costmark_verification, costmark_verification_free> {
 public:
  using Handle::Handle;
  VerificationView read() const noexcept {
    return VerificationView(
        detail::shown<costmark_verification_view>(costmark_verification_read, get()));
  }
  // Empty from probe_count on.
  Probe probe(std::size_t index) const noexcept {
    return Probe(detail::shown<costmark_probe>(costmark_verification_probe, get(), index));
  }
};

// Sums of one project and one model; see costmark_usage_totals. Its texts live as long as the
// report.
struct UsageTotals {
  explicit UsageTotals(const costmark_usage_totals& raw) noexcept
      : project(detail::view(raw.project)),
        model(detail::view(raw.model)),
        operations(raw.operations),
        attempts(raw.attempts),
        failed_attempts(raw.failed_attempts),
        incomplete_attempts(raw.incomplete_attempts),
        open_attempts(raw.open_attempts),
        input_tokens(raw.input_tokens),
        cached_input_tokens(raw.cached_input_tokens),
        cache_write_tokens(raw.cache_write_tokens),
        output_tokens(raw.output_tokens),
        reasoning_tokens(raw.reasoning_tokens),
        flagged(raw.flagged),
        overflow(raw.overflow != 0) {}
  std::string_view project, model;
  std::uint64_t operations, attempts, failed_attempts, incomplete_attempts, open_attempts;
  std::uint64_t input_tokens, cached_input_tokens, cache_write_tokens;
  std::uint64_t output_tokens, reasoning_tokens, flagged;
  bool overflow;
};

// Requests that tell of a gap in the attribution; see costmark_request_counts.
struct RequestCounts {
  explicit RequestCounts(const costmark_request_counts& raw) noexcept
      : unattributed(raw.unattributed), unrecognized(raw.unrecognized) {}
  std::uint64_t unattributed, unrecognized;
};

// What became of the ledger's rows; see costmark_ledger_counts.
struct LedgerCounts {
  explicit LedgerCounts(const costmark_ledger_counts& raw) noexcept
      : rows_written(raw.rows_written),
        rows_waiting(raw.rows_waiting),
        rows_lost(raw.rows_lost),
        rows_torn(raw.rows_torn) {}
  std::uint64_t rows_written, rows_waiting, rows_lost, rows_torn;
};

// A budget, and what of it is used; see costmark_budget. Its texts live as long as the client.
struct Budget {
  explicit Budget(const costmark_budget& raw) noexcept
      : name(detail::view(raw.name)),
        key(detail::view(raw.key)),
        value(detail::view(raw.value)),
        limit(raw.limit),
        spent(raw.spent),
        reserved(raw.reserved),
        left(raw.left),
        reset_us(raw.reset_us),
        subject(raw.subject),
        unit(raw.unit),
        period(raw.period),
        action(raw.action) {}
  std::string_view name, key, value;
  std::int64_t limit, spent, reserved, left, reset_us;
  costmark_budget_subject subject;
  costmark_budget_unit unit;
  costmark_budget_period period;
  costmark_budget_action action;
};

// The counters of a client at one moment, by project and model.
class UsageReport : public detail::Handle<costmark_usage_report, costmark_usage_report_free> {
 public:
  using Handle::Handle;
  std::size_t size() const noexcept { return costmark_usage_report_count(get()); }
  // Empty from size() on.
  UsageTotals operator[](std::size_t index) const noexcept {
    return UsageTotals(
        detail::shown<costmark_usage_totals>(costmark_usage_report_read, get(), index));
  }
  RequestCounts requests() const noexcept {
    return RequestCounts(
        detail::shown<costmark_request_counts>(costmark_usage_report_requests, get()));
  }
};

// Which path serves a model; see costmark_route. Its texts live as long as the client.
struct Route {
  explicit Route(const costmark_route& raw) noexcept
      : path(detail::view(raw.path)),
        file(detail::view(raw.file)),
        as_of(detail::view(raw.as_of)),
        source(detail::view(raw.source)),
        line(raw.line) {}
  std::string_view path, file, as_of, source;
  std::uint32_t line;
};

// Attributes, signs and accounts for requests to one endpoint; shared by its owners.
class Client : public detail::Handle<costmark_client, costmark_client_release> {
 public:
  using Handle::Handle;
  static Result<Client> make(const Config& config) {
    return detail::make<Client, costmark_client>(
        [&](costmark_client** out, costmark_error** error) {
          return costmark_client_new(config.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit Client(const Config& config) : Client(make(config)) {}
#endif
  Client share() const noexcept { return Client(costmark_client_retain(get())); }

  Result<Verification> verify(const VerifyRequest& request = {}) const {
    const costmark_verify_request raw = request.raw();
    return detail::make<Verification, costmark_verification>(
        [&](costmark_verification** out, costmark_error** error) {
          return costmark_client_verify(get(), &raw, out, error);
        });
  }
  Result<UsageReport> usage() const {
    return detail::make<UsageReport, costmark_usage_report>(
        [&](costmark_usage_report** out, costmark_error** error) {
          return costmark_client_usage(get(), out, error);
        });
  }
  void reset_usage() const noexcept { costmark_client_usage_reset(get()); }
  LedgerCounts ledger_counts() const noexcept {
    return LedgerCounts(
        detail::shown<costmark_ledger_counts>(costmark_client_ledger_counts, get()));
  }
  // Tries to write the rows that wait. False when some still do.
  bool flush_ledger() const noexcept { return costmark_client_ledger_flush(get()); }
  std::size_t budget_count() const noexcept { return costmark_client_budget_count(get()); }
  // Empty from budget_count() on.
  Budget budget(std::size_t index) const noexcept {
    return Budget(detail::shown<costmark_budget>(costmark_client_budget_read, get(), index));
  }
  Route route(std::string_view model) const noexcept {
    return Route(
        detail::shown<costmark_route>(costmark_client_route, get(), model.data(), model.size()));
  }
};

// --- Operation ----------------------------------------------------------------------------------

// A request about to be sent; see costmark_request. Its texts belong to the caller.
struct Request {
  std::string_view method = "POST";
  std::string_view url;
  HeaderView headers;
  std::string_view body, project, scope;
  bool body_is_stream = false;
  LabelView labels;
  bool overrides_budgets = false;

  costmark_request raw() const noexcept {
    auto raw = detail::sized<costmark_request>();
    raw.method = detail::str(method);
    raw.url = detail::str(url);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.body = detail::str(body);
    raw.project = detail::str(project);
    raw.scope = detail::str(scope);
    raw.body_is_stream = body_is_stream ? 1 : 0;
    raw.labels = labels.data();
    raw.label_count = labels.size();
    raw.overrides_budgets = overrides_budgets ? 1 : 0;
    return raw;
  }
};

// Stops calls from elsewhere; shared by its owners.
class Cancel : public detail::Handle<costmark_cancel, costmark_cancel_release> {
 public:
  using Handle::Handle;
  static Result<Cancel> make() {
    return detail::make<Cancel, costmark_cancel>(costmark_cancel_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Cancel() : Cancel(make()) {}
#else
  Cancel() = delete;
#endif

  void stop() const noexcept { costmark_cancel_stop(get()); }
  bool stopped() const noexcept { return costmark_cancel_stopped(get()); }
  Cancel share() const noexcept { return Cancel(costmark_cancel_retain(get())); }
};

// How long ready() and prepare() may wait; see costmark_wait.
struct Wait {
  bool no_wait = false;
  std::chrono::milliseconds timeout{0};  // 0: as long as it takes
  const Cancel* cancel = nullptr;        // read until the call returns

  costmark_wait raw() const noexcept {
    auto raw = detail::sized<costmark_wait>();
    raw.no_wait = no_wait ? 1 : 0;
    raw.timeout_ms = timeout.count();
    raw.cancel = cancel == nullptr ? nullptr : cancel->get();
    return raw;
  }
};

// What to send for an attempt; see costmark_prepared.
struct Prepared {
  explicit Prepared(const costmark_prepared& raw) noexcept
      : url(detail::view(raw.url)),
        set_headers(raw.set_headers, raw.set_header_count),
        remove_headers(raw.remove_headers, raw.remove_header_count),
        body(detail::view(raw.body)),
        project(detail::view(raw.project)),
        model(detail::view(raw.model)),
        hint(detail::view(raw.hint)),
        body_changed(raw.body_changed != 0),
        authorized(raw.authorized != 0),
        streamed(raw.streamed != 0),
        renewal_due(raw.renewal_due != 0),
        project_source(raw.project_source),
        api(raw.api),
        unattributed(raw.unattributed != 0),
        unrecognized(raw.unrecognized != 0) {}
  std::string_view url;
  HeaderView set_headers;
  NameView remove_headers;
  std::string_view body, project, model, hint;
  bool body_changed, authorized, streamed, renewal_due;
  costmark_project_source project_source;
  costmark_api api;
  bool unattributed, unrecognized;
};

// The head of an answer; see costmark_answer_head.
struct AnswerHead {
  int http_status = 0;
  HeaderView headers;
  bool encoded = false;

  costmark_answer_head raw() const noexcept {
    auto raw = detail::sized<costmark_answer_head>();
    raw.http_status = http_status;
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.encoded = encoded ? 1 : 0;
    return raw;
  }
};

// How to read the body of an answer; see costmark_answer_plan.
struct AnswerPlan {
  explicit AnswerPlan(const costmark_answer_plan& raw) noexcept
      : read_ahead_len(raw.read_ahead_len),
        read_ahead(raw.read_ahead_ms),
        body_may_change(raw.body_may_change != 0) {}
  std::size_t read_ahead_len;
  std::chrono::milliseconds read_ahead;
  bool body_may_change;
};

// What the end of an answer brings: bytes that were held back and are now to be passed on, and what
// to do next; see costmark_next.
struct End {
  End(std::string_view held_back, const costmark_next& next) noexcept
      : piece(held_back), pause(next.pause_ms), step(next.step), reason(next.reason) {}
  std::string_view piece;
  std::chrono::milliseconds pause;
  costmark_step step;
  costmark_reason reason;
};

// An answer that was received; see costmark_response.
struct Response {
  explicit Response(const costmark_response& raw) noexcept
      : headers(raw.headers, raw.header_count),
        body(detail::view(raw.body)),
        request_id(detail::view(raw.request_id)),
        hint(detail::view(raw.hint)),
        http_status(raw.http_status),
        attempts(raw.attempts) {}
  HeaderView headers;
  std::string_view body, request_id, hint;
  int http_status;
  std::uint32_t attempts;
};

// How an operation is sent; see costmark_send_options.
class SendOptions {
 public:
  // function(const Response&): an answer with a status below 300 has begun.
  template <class Function>
  SendOptions& on_head(Function function) {
    on_head_ = [function = std::move(function)](const Response& response) mutable {
      return detail::answer_of(function, response);
    };
    return *this;
  }
  // function(std::string_view): the next piece of its body.
  template <class Function>
  SendOptions& on_body(Function function) {
    on_body_ = [function = std::move(function)](std::string_view piece) mutable {
      return detail::answer_of(function, piece);
    };
    return *this;
  }
  // `cancel` must live until the call returns.
  SendOptions& cancel(const Cancel& cancel) noexcept {
    cancel_ = cancel.get();
    return *this;
  }
  SendOptions& timeout(std::chrono::milliseconds timeout) noexcept {
    timeout_ms_ = timeout.count();
    return *this;
  }
  SendOptions& max_attempts(std::uint32_t max_attempts) noexcept {
    max_attempts_ = max_attempts;
    return *this;
  }

  // Lives as long as these options.
  costmark_send_options raw() const noexcept {
    auto raw = detail::sized<costmark_send_options>();
    raw.user_data = const_cast<SendOptions*>(this);
    if (on_head_) {
      raw.on_head = [](void* data, const costmark_response* response) noexcept {
        return detail::answering([&] {
          return static_cast<SendOptions*>(data)->on_head_(Response(detail::copied(response)));
        });
      };
    }
    if (on_body_) {
      raw.on_body = [](void* data, const char* piece, std::size_t length) noexcept {
        return detail::answering(
            [&] { return static_cast<SendOptions*>(data)->on_body_({piece, length}); });
      };
    }
    raw.cancel = cancel_;
    raw.timeout_ms = timeout_ms_;
    raw.max_attempts = max_attempts_;
    return raw;
  }

 private:
  std::function<costmark_status(const Response&)> on_head_;
  std::function<costmark_status(std::string_view)> on_body_;
  costmark_cancel* cancel_ = nullptr;
  std::int64_t timeout_ms_ = 0;
  std::uint32_t max_attempts_ = 0;
};

namespace detail {

// A destructor throws nothing, whatever a usage lambda does.
inline void end_operation(costmark_operation* raw) noexcept {
  [[maybe_unused]] const Frame frame;
  costmark_operation_free(raw);
}

}  // namespace detail

// One call of the user; see costmark_operation, and the picture above it.
class Operation : public detail::Handle<costmark_operation, detail::end_operation> {
 public:
  using Handle::Handle;
  static Result<Operation> make(const Client& client) {
    return detail::make<Operation, costmark_operation>(
        [&](costmark_operation** out, costmark_error** error) {
          return costmark_operation_new(client.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit Operation(const Client& client) : Operation(make(client)) {}
#endif

  Result<void> begin(const Request& request) {
    const costmark_request raw = request.raw();
    return detail::run(
        [&](costmark_error** error) { return costmark_operation_begin(get(), &raw, error); });
  }
  Result<void> begin_beside(const Operation& other, const Request& request) {
    const costmark_request raw = request.raw();
    return detail::run([&](costmark_error** error) {
      return costmark_operation_begin_beside(get(), other.get(), &raw, error);
    });
  }
  Result<void> ready(const Wait& wait = {}) {
    const costmark_wait raw = wait.raw();
    return detail::run(
        [&](costmark_error** error) { return costmark_operation_ready(get(), &raw, error); });
  }
  // The same request as before, whose texts the caller has kept.
  Result<Prepared> prepare(const Wait& wait = {}) { return prepare_raw(nullptr, wait); }
  // The request as it is for this attempt.
  Result<Prepared> prepare(const Request& request, const Wait& wait = {}) {
    const costmark_request raw = request.raw();
    return prepare_raw(&raw, wait);
  }
  void sent() {
    detail::reading(nullptr, [&] {
      costmark_operation_sent(get());
      return COSTMARK_OK;
    });
  }

  // These read an answer; see rule 4.
  AnswerPlan head(const AnswerHead& head, costmark_status* out_status = nullptr) {
    const costmark_answer_head raw = head.raw();
    auto plan = detail::sized<costmark_answer_plan>();
    detail::reading(out_status, [&] { return costmark_operation_head(get(), &raw, &plan); });
    return AnswerPlan(plan);
  }
  // Returns what to pass on to the reader of the answer; after a failure that is `piece`.
  [[nodiscard]] std::string_view feed(std::string_view piece,
                                      costmark_status* out_status = nullptr) {
    costmark_str passed = detail::str(piece);
    detail::reading(out_status, [&] {
      return costmark_operation_feed(get(), piece.data(), piece.size(), &passed);
    });
    return detail::view(passed);
  }
  End finish(costmark_status* out_status = nullptr) {
    return end(out_status, [&](costmark_str* piece, costmark_next* next) {
      return costmark_operation_finish(get(), piece, next);
    });
  }
  End fail(costmark_outcome outcome, costmark_status* out_status = nullptr) {
    return end(out_status, [&](costmark_str* piece, costmark_next* next) {
      return costmark_operation_fail(get(), outcome, piece, next);
    });
  }
  // The last attempt. Its texts live until the next call.
  Answer answer() const noexcept {
    return Answer(detail::shown<costmark_answer>(costmark_operation_answer, get()));
  }

  // Sends the request that the operation began with. The response is there also when this fails.
  Result<void> send(const SendOptions& options = {}) {
    const costmark_send_options raw = options.raw();
    return detail::run(
        [&](costmark_error** error) { return costmark_operation_send(get(), &raw, error); });
  }
  Response response() const noexcept {
    return Response(detail::shown<costmark_response>(costmark_operation_response, get()));
  }

 private:
  Result<Prepared> prepare_raw(const costmark_request* request, const Wait& wait) {
    const costmark_wait raw_wait = wait.raw();
    auto prepared = detail::sized<costmark_prepared>();
    return detail::run<Prepared>(
        [&](costmark_error** error) {
          return costmark_operation_prepare(get(), request, &raw_wait, &prepared, error);
        },
        [&] { return Prepared(prepared); });
  }
  template <class Call>
  static End end(costmark_status* out_status, const Call& call) {
    costmark_str piece = detail::str({});
    auto next = detail::sized<costmark_next>();
    detail::reading(out_status, [&] { return call(&piece, &next); });
    return {detail::view(piece), next};
  }
};

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#include <costmark/sdk/bearer_token.hpp>
#include <costmark/sdk/credentials.hpp>
#include <costmark/sdk/json.hpp>
#include <costmark/sdk/prices.hpp>
#include <costmark/sdk/projects.hpp>
#include <costmark/sdk/signature.hpp>

#endif  // C++17
#endif  // COSTMARK_COSTMARK_HPP
