#include "costmark/client.hpp"

#include <utility>

#include "client/client_impl.hpp"
#include "client/foundation.hpp"
#include "client/operation/operation_impl.hpp"
#include "client/prepare/prepared.hpp"
#include "client/prepare/query.hpp"
#include "client/prepare/router.hpp"
#include "costmark/url.hpp"

namespace costmark {

using client::Purpose;

namespace {

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

}  // namespace

Result<std::shared_ptr<Client>> Client::create(ClientConfig config) {
  Result<client::Foundation> foundation =
      client::lay_foundation(config, client::EndpointUse::inference);
  if (!foundation) return std::move(foundation).status();
  client::Foundation& ground = foundation.value();
  if (!config.counters) config.counters = std::make_shared<UsageCounters>();
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
  ground.settings.has_budgets = config.budgets != nullptr;
  if (!config.prices && (config.ledger || config.on_usage || config.budgets)) {
    auto prices = configured_prices(config.options);
    if (!prices) return std::move(prices).status();
    config.prices = std::move(prices).value();
  }
  Result<client::RowExtras> extras =
      client::RowExtras::create(config.options, ground.settings, ground.lock);
  if (!extras) return std::move(extras).status();
  return std::shared_ptr<Client>(new Client(std::make_shared<Impl>(
      std::move(ground.settings), std::move(ground.sending), std::move(ground.identity),
      std::move(extras).value(), std::move(config))));
}

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

// The way of a request: where does it go, who pays for it ...
Status Client::Impl::decide(const Request& request, Prepared::Impl& out) {
  out.forget_request();
  if (Status status = attributor.attribute(request, Purpose::send, out); !status) return status;
  out.target = client::route(settings, request, out.target, out.endpoint, out);
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
  return attributor.attribute(request, Purpose::check, scratch);
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

bool Client::may_wait() const noexcept {
  const client::Settings& settings = impl_->settings;
  return settings.auth != client::AuthMode::none || settings.verify || impl_->budgets ||
         impl_->accounting.ledger();
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
