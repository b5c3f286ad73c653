#include "costmark/client.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <utility>

#include "client/client_impl.hpp"
#include "client/operation/operation_impl.hpp"
#include "client/prepare/prepared.hpp"
#include "client/prepare/query.hpp"
#include "client/prepare/router.hpp"
#include "costmark/url.hpp"
#include "costmark/variables.hpp"
#include "crypto/crypto.hpp"
#include "json/scanner.hpp"

namespace costmark {

using client::Purpose;
using client::Settings;

namespace {

UnixSeconds system_clock() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Empties a Prepared that an error or an exception (of a host's callback, or for want of memory)
// left half filled.
class EmptyUnlessDone {
 public:
  explicit EmptyUnlessDone(Prepared::Impl& out) noexcept : out_(out) {}
  ~EmptyUnlessDone() {
    if (!done_) out_.reset();
  }
  EmptyUnlessDone(const EmptyUnlessDone&) = delete;
  EmptyUnlessDone& operator=(const EmptyUnlessDone&) = delete;

  Status done(Status status) noexcept {
    done_ = status.ok();
    return status;
  }

 private:
  Prepared::Impl& out_;
  bool done_ = false;
};

// Whether the options, the environment or the shared files name AWS credentials. What a container
// or an instance may give is not asked: that takes the network.
bool names_credentials(const ClientConfig& config) {
  if (config.credentials || !config.options.text("access_key_id").empty()) return true;
  const Environment& variables = config.environment;
  const std::string named = first_of(
      variables, {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"});
  if (!named.empty() || !config.options.text("profile").empty()) return true;
  std::string file = first_of(variables, {"AWS_SHARED_CREDENTIALS_FILE"});
  if (file.empty()) file = first_of(variables, {"HOME"}) + "/.aws/credentials";
  return ::access(file.c_str(), R_OK) == 0;
}

// Who has no region often has no credentials either, and is told both at once.
Status no_region(Status status, const ClientConfig& config) {
  if (names_credentials(config)) return status;
  Error error = std::move(status).take();
  error.message +=
      "; and neither the environment nor a profile names AWS credentials, which a signature needs "
      "as well, unless a container or an instance gives them (`costmark doctor` shows both)";
  return error;
}

// Once in a process: variables do not belong to a client.
void warn_about_variables(const std::function<void(LogLevel, std::string_view)>& log) {
  static std::atomic<bool> warned{false};
  if (!log || warned.exchange(true, std::memory_order_relaxed)) return;
  for (const std::string& warning : unknown_process_variables()) log(LogLevel::warning, warning);
}

}  // namespace

Result<std::shared_ptr<Client>> Client::create(ClientConfig config) {
  // Before there are threads: a child that is forked while another one does these would find their
  // locks taken for ever.
  json::Scanner::look_at_processor();
  if (Status status = crypto::look_up_algorithms(); !status) return status;
  const bool reads_process = !config.environment;
  if (reads_process) config.environment = process_environment();
  if (!config.clock) config.clock = system_clock;
  if (!config.counters) config.counters = std::make_shared<UsageCounters>();
  if (Status status = config.options.load_environment(config.environment); !status) return status;

  Result<Settings> settings = Settings::create(config.options, config.environment);
  if (!settings) return std::move(settings).status();
  if (settings.value().lacks_region()) {
    // A file that cannot be read is the credentials' error, where one is needed.
    auto region = profile_region(config.environment, config.options.text("profile"));
    if (region) settings.value().take_region(region.value().name, region.value().origin);
  }
  if (Status status = settings.value().check_region(); !status) {
    return no_region(std::move(status), config);
  }
  if (reads_process) warn_about_variables(config.log);
  Result<client::SendSettings> sending =
      client::SendSettings::create(config.options, config.environment);
  if (!sending) return std::move(sending).status();
  Result<client::Identity> identity = client::identity_of(config);
  if (!identity) return std::move(identity).status();
  if (!config.ledger) {
    auto ledger = configured_ledger(config.options);
    if (!ledger) return std::move(ledger).status();
    config.ledger = std::move(ledger).value();
  }
  if (!config.budgets) {
    auto budgets = configured_budgets(config.options);
    if (!budgets) return std::move(budgets).status();
    config.budgets = std::move(budgets).value();
  }
  settings.value().has_budgets = config.budgets != nullptr;
  if (!config.prices && (config.ledger || config.on_usage || config.budgets)) {
    auto prices = configured_prices(config.options);
    if (!prices) return std::move(prices).status();
    config.prices = std::move(prices).value();
  }
  Result<client::RowExtras> extras = client::RowExtras::create(config.options);
  if (!extras) return std::move(extras).status();
  return std::shared_ptr<Client>(new Client(std::make_shared<Impl>(
      std::move(settings).value(), std::move(sending).value(), std::move(identity).value(),
      std::move(extras).value(), std::move(config))));
}

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

// The way of a request: where does it go, who pays for it ...
Status Client::Impl::decide(const Request& request, Prepared::Impl& out) {
  out.forget_request();
  const Result<Url> url = parse_url(request.url);
  if (!url) return url.error();
  const Result<attribution::Endpoint> endpoint = settings.endpoint_of(url.value());
  if (!endpoint) return endpoint.error();
  if (Status status = settings.check_covered(url.value(), endpoint.value()); !status) return status;
  if (Status status =
          attributor.attribute(request, url.value(), endpoint.value(), Purpose::send, out);
      !status) {
    return status;
  }
  out.endpoint = endpoint.value();
  out.target = client::route(settings, request, url.value(), endpoint.value(), out);
  if (authorizer.signs(request, out.endpoint, out)) client::spell_query(request, out);
  if (out.api == Api::responses) out.stored_at = out.target.authority;
  out.attributed();
  return {};
}

// ... and what authenticates who sends it.
Status Client::Impl::authorize(const Request& request, const Wait& wait, Prepared::Impl& out) {
  out.take_off_signature();
  if (Status status = admit(request, wait, out); !status) return status;
  if (Status status = authorizer.authorize(request, out.target, out.endpoint, clock(), wait, out);
      !status) {
    return status;
  }
  count_gaps(out);
  warn_about(out, out.endpoint);
  return {};
}

Status Client::Impl::ready(const Request& request, const Wait& wait, Prepared::Impl& out) {
  if (Status status = admit(request, wait, out); !status) return status;
  return authorizer.ready(request, out.target, out.endpoint, clock(), wait, out);
}

Status Client::Impl::admit(const Request& request, const Wait& wait, Prepared::Impl& out) {
  if (!settings.verify) return {};
  return verifier.admit(request, out.url.empty() ? request.url : out.url, wait, out);
}

Status Client::Impl::check(const Request& request, Prepared::Impl& scratch) {
  scratch.reset();
  const Result<Url> url = parse_url(request.url);
  if (!url) return url.error();
  const Result<attribution::Endpoint> endpoint = settings.endpoint_of(url.value());
  if (!endpoint) return endpoint.error();
  if (Status status = settings.check_covered(url.value(), endpoint.value()); !status) return status;
  return attributor.attribute(request, url.value(), endpoint.value(), Purpose::check, scratch);
}

Operation Client::operation() {
  return Operation(std::make_unique<Operation::Impl>(impl_));
}

Status Client::prepare(const Request& request, Prepared& out) {
  EmptyUnlessDone guard(out.impl());
  Status status = impl_->decide(request, out.impl());
  if (status) status = impl_->authorize(request, {}, out.impl());
  return guard.done(std::move(status));
}

Status Client::check(const Request& request, Prepared& scratch) {
  // Emptied in any case: what it holds are views of the request, and nothing that could be sent.
  const EmptyUnlessDone guard(scratch.impl());
  return impl_->check(request, scratch.impl());
}

Result<Verification> Client::verify(const VerifyRequest& request) {
  return impl_->verifier.verify(request);
}

bool Client::may_verify(std::string_view url) const {
  return impl_->settings.verify && !impl_->verifier.proven(url);
}

std::map<std::string, UsageTotals> Client::usage() const {
  return totals_by_project(impl_->accounting.counters().snapshot());
}

UsageSnapshot Client::usage_by_model() const {
  return impl_->accounting.counters().snapshot();
}

RequestCounts Client::request_counts() const {
  return impl_->accounting.counters().requests();
}

void Client::reset_usage() {
  impl_->accounting.counters().reset();
}

LedgerCounters Client::ledger_counters() const noexcept {
  const auto& ledger = impl_->accounting.ledger();
  return ledger ? ledger->counters() : LedgerCounters{};
}

bool Client::flush_ledger() const noexcept {
  const auto& ledger = impl_->accounting.ledger();
  return !ledger || ledger->flush();
}

const Budgets* Client::budgets() const noexcept {
  return impl_->budgets ? &impl_->budgets->budgets() : nullptr;
}

const ModelRoute* Client::route(std::string_view model) const {
  return impl_->settings.routes.find(model);
}

}  // namespace costmark
