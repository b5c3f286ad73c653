#include "client/client_impl.hpp"

#include <utility>

#include "attribution/project.hpp"
#include "base/text.hpp"
#include "crypto/crypto.hpp"
#include "net/transport.hpp"

namespace costmark {
namespace client {
namespace {

constexpr UnixSeconds warning_interval_s = 60;

// A variable that is set to nothing but white space is absent, as the OpenAI SDKs have it.
bool is_blank(std::string_view text) noexcept {
  return text::trimmed(text).empty();
}

// The credentials that the options name, or none.
Result<CredentialsPtr> credentials_of_options(const Options& options) {
  const std::string_view key_id = options.text("access_key_id");
  const std::string_view secret = options.text("secret_access_key");
  const std::string_view token = options.text("session_token");
  if (key_id.empty() && secret.empty() && token.empty()) return CredentialsPtr{};
  if (key_id.empty() || secret.empty()) {
    return Error{Code::invalid_option,
                 "option '" + std::string(key_id.empty() ? "access_key_id" : "secret_access_key") +
                     "' is missing: access_key_id and secret_access_key go together"};
  }
  Credentials::Fields fields;
  fields.access_key_id = key_id;
  fields.secret_access_key = secret;
  fields.session_token = token;
  fields.source = "options";
  return Credentials::create(std::move(fields));
}

// Whether the client would sign at all with the role that its options name.
Status check_role(const Options& options, bool has_token) {
  if (options.text("role_arn").empty()) return {};
  const std::string_view auth = options.text("auth");
  if (auth == "none" && options.origin("role_arn") == "set") {
    return {Code::invalid_option,
            "option 'role_arn' names a role to sign with, and with auth=none nothing is signed; "
            "keep one of them"};
  }
  if (!has_token || auth == "none" || auth == "sigv4") return {};
  return {Code::invalid_option,
          "both a bearer token and a role (option 'role_arn') are given; keep one of them, or say "
          "with option 'auth' = sigv4 that the role signs"};
}

// The role that the options name, else `source` itself.
Result<CredentialsProviderPtr> with_role(const Options& options, const Environment& environment,
                                         CredentialsProviderPtr source) {
  RoleToAssume role;
  role.arn = options.text("role_arn");
  role.external_id = options.text("external_id");
  role.session_name = options.text("role_session_name");
  if (!role.arn.empty()) {
    role.region = options.text("region");
    role.profile = options.text("profile");
    return role_credentials(environment, std::move(source), role);
  }
  for (const std::string_view name : {"external_id", "role_session_name"}) {
    if (options.text(name).empty()) continue;
    return Error{Code::invalid_option, "option '" + std::string(name) +
                                           "' is of a role; name the role in option 'role_arn'"};
  }
  return source;
}

// What a role would be assumed with.
ChainReport explain_source(const Options& options, const Environment& environment,
                           UnixSeconds now) {
  const std::string profile(options.text("profile"));
  Result<CredentialsPtr> of_options = credentials_of_options(options);
  if (of_options && !of_options.value()) {
    return explain_default_credentials(environment, profile, now);
  }
  ChainReport report;
  report.asked.push_back({"options", of_options ? std::string() : of_options.error().message});
  if (of_options) report.credentials = std::move(of_options).value();
  report.region = default_region(environment, profile);
  return report;
}

}  // namespace

Result<Identity> identity_of(ClientConfig& config) {
  const Options& options = config.options;
  Identity identity;
  identity.host_api_key = std::move(config.host_api_key);
  identity.environment_token = config.environment("AWS_BEARER_TOKEN_BEDROCK").value_or("");
  if (is_blank(identity.environment_token)) identity.environment_token.clear();

  identity.token_callback = std::move(config.bearer_token);
  identity.token_refused = std::move(config.bearer_token_refused);
  identity.explicit_token = options.text("bearer_token");

  const bool keys = config.credentials != nullptr || !options.text("access_key_id").empty();
  // One that merely stands in the environment gives way to keys, whose client may know nothing of
  // it.
  const bool profile =
      !options.text("profile").empty() && (!keys || options.origin("profile") == "set");
  if (profile && keys) {
    return Error{Code::invalid_option,
                 "both option 'profile' and AWS credentials are given; keep one of them"};
  }
  if (Status status = check_role(options, identity.explicit_bearer()); !status) return status;
  identity.explicit_credentials = profile || keys || !options.text("role_arn").empty();
  Result<CredentialsProviderPtr> configured =
      configured_credentials(options, config.environment, std::move(config.credentials));
  if (!configured) return std::move(configured).status();
  identity.credentials = std::move(configured).value();

  if (identity.explicit_bearer() && identity.explicit_credentials &&
      options.text("auth") == "auto") {
    return Error{Code::invalid_option,
                 std::string("both a bearer token and ") +
                     (profile ? "a profile" : "AWS credentials") +
                     " are given; keep one of them, or say which with option 'auth' = bearer or "
                     "sigv4"};
  }
  return identity;
}

std::uint64_t RareWarning::note(UnixSeconds now) noexcept {
  unreported_.fetch_add(1, std::memory_order_relaxed);
  UnixSeconds next = next_.load(std::memory_order_relaxed);
  if (now < next ||
      !next_.compare_exchange_strong(next, now + warning_interval_s, std::memory_order_relaxed)) {
    return 0;
  }
  return unreported_.exchange(0, std::memory_order_relaxed);
}

bool OncePerName::first(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (seen_.size() >= most || seen_.contains(name)) return false;
  seen_.emplace(name);
  return true;
}

Result<RowExtras> RowExtras::create(const Options& options, const Settings& settings,
                                    const LockFile& lock) {
  RowExtras extras;
  auto hasher = LabelHasher::create(options);
  if (!hasher) return std::move(hasher).status();
  extras.label_hasher = std::move(hasher).value();
  const Settings::Place place = settings.configured_place();
  if (Status status =
          extras.tags.add_option(options.text("tags"), settings.resolver.names(), place.view());
      !status) {
    return status;
  }
  extras.tags.add_lock(lock);
  return extras;
}

}  // namespace client

Result<CredentialsProviderPtr> configured_credentials(const Options& options,
                                                      const Environment& environment,
                                                      CredentialsProviderPtr own) {
  if (Status status = crypto::look_up_algorithms(); !status) return status;
  // Also beside a provider: keys that make no pair are a mistake all the same.
  Result<CredentialsPtr> of_options = client::credentials_of_options(options);
  if (!of_options) return std::move(of_options).status();
  if (!own) {
    own = of_options.value()
              ? static_credentials(of_options.value())
              : default_credentials(environment, std::string(options.text("profile")));
  }
  return client::with_role(options, environment, std::move(own));
}

ChainReport explain_credentials(const Options& options, const Environment& environment,
                                UnixSeconds now) {
  ChainReport report = client::explain_source(options, environment, now);
  report.role = options.text("role_arn");
  const bool has_source = report.credentials != nullptr;
  auto role = client::with_role(options, environment,
                                has_source ? static_credentials(report.credentials) : nullptr);
  if (!role) {
    report.asked.push_back({"role", role.error().message});
    report.assumed_with = std::exchange(report.credentials, nullptr);
  } else if (!report.role.empty() && has_source) {
    report.assumed_with = std::exchange(report.credentials, nullptr);
    Result<CredentialsPtr> assumed = role.value()->resolve(now);
    report.asked.push_back({"role", assumed ? std::string() : assumed.error().message});
    if (assumed) report.credentials = std::move(assumed).value();
  }
  return report;
}

Result<std::shared_ptr<Ledger>> configured_ledger(const Options& options) {
  LedgerConfig config;
  config.target = options.text("ledger");
  if (config.target.empty()) return std::shared_ptr<Ledger>();
  const std::string_view sync = options.text("ledger_sync");
  config.sync = sync == "every"      ? LedgerSync::every
                : sync == "interval" ? LedgerSync::interval
                                     : LedgerSync::never;
  return Ledger::shared(config);
}

Result<PriceBook> configured_prices(const Options& options) {
  const std::string_view file = options.text("prices");
  return file.empty() ? PriceBook::shipped() : load_price_book(std::string(file));
}

Client::Impl::Impl(client::Settings settings_of_client, client::SendSettings sending_of_client,
                   client::Identity identity, client::RowExtras extras, ClientConfig config)
    : settings(std::move(settings_of_client)),
      sending(std::move(sending_of_client)),
      chains(settings.chain_memory),
      attributor(settings, chains, workspaces),
      log(std::move(config.log)),
      authorizer(settings, std::move(identity), log, workspaces),
      clock(std::move(config.clock)),
      label_hasher(std::move(extras.label_hasher)),
      tags(std::move(extras.tags)),
      budgets(make_budgets(config)),
      accounting({std::move(config.counters), std::move(config.on_usage), std::move(config.ledger),
                  settings.ledger_begin, std::move(config.prices), budgets.get(),
                  [this] { warn_about_ledger(); }},
                 chains, tags),
      verifier({settings, chains, workspaces, authorizer, accounting, clock, log,
                config.transport ? std::move(config.transport)
                                 : net::network_transport(sending.connection)}) {}

std::unique_ptr<client::CallBudgets> Client::Impl::make_budgets(ClientConfig& config) {
  if (!config.budgets || !config.prices) return nullptr;
  return std::make_unique<client::CallBudgets>(client::CallBudgets::Parts{
      std::move(config.budgets), *config.prices, config.options.integer("budget_output_tokens"),
      [this](const std::string& what) {
        if (log) log(LogLevel::warning, what);
      }});
}

void Client::Impl::count_gaps(const Prepared::Impl& prepared) const noexcept {
  if (prepared.unattributed) accounting.counters().count_unattributed();
  if (prepared.unrecognized) accounting.counters().count_unrecognized();
}

namespace {

std::string unattributed_warning(std::uint64_t calls, const Prepared::Impl& last) {
  std::string text = "costmark: " + std::to_string(calls) + (calls == 1 ? " call" : " calls") +
                     " named no project; the default project of " + std::string(last.target.host) +
                     ", which cannot be tagged, pays";
  if (!last.model.empty())
    text += " (the last one asked for model " + text::quoted(last.model) + ")";
  return text +
         "; name a project in a scope, in option 'project' or in COSTMARK_PROJECT, or refuse such "
         "calls with unattributed=refuse";
}

}  // namespace

void Client::Impl::warn_about(const Prepared::Impl& prepared,
                              const attribution::Endpoint& endpoint) {
  if (!log) return;
  warn_about_route(prepared);
  if (!prepared.may_spend) return;
  const bool named = !prepared.unattributed;
  if (!named && settings.unattributed == client::UnattributedPolicy::warn) {
    if (const std::uint64_t calls = unattributed_.note(clock()); calls > 0) {
      log(LogLevel::warning, unattributed_warning(calls, prepared));
    }
  }
  if (named && endpoint.kind == attribution::EndpointKind::runtime &&
      !is_of_runtime(prepared.api) &&
      settings.runtime_project == client::RuntimeProjectPolicy::warn &&
      !runtime_project_said_.exchange(true, std::memory_order_relaxed)) {
    log(LogLevel::warning,
        "a project is sent to a bedrock-runtime host, where AWS documents only the default "
        "project for this API; use a bedrock-mantle host, or an application inference profile that "
        "stands for "
        "the project");
  }
}

void Client::Impl::warn_about_route(const Prepared::Impl& prepared) {
  const bool moved = prepared.moved;
  if ((prepared.hint.empty() && !moved) || !models_said_.first(prepared.model)) return;
  if (moved) {
    log(LogLevel::info, "requests for model '" + prepared.model + "' go to " + prepared.url +
                            ", as option 'route' is auto");
  } else {
    log(LogLevel::warning, prepared.hint);
  }
}

void Client::Impl::warn_about_ledger() {
  if (!log || ledger_trouble_.note(clock()) == 0) return;
  if (const std::string trouble = accounting.ledger()->trouble(); !trouble.empty()) {
    log(LogLevel::warning, trouble);
  }
}

}  // namespace costmark
