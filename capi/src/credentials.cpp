#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "callbacks.hpp"
#include "config.hpp"
#include "costmark/credentials_cache.hpp"
#include "guard.hpp"
#include "sources.hpp"
#include "views.hpp"

namespace costmark::capi {

struct CredentialsSource {
  explicit CredentialsSource(Sources&& sources)
      : clock(std::move(sources.clock)),
        cache(std::move(sources.credentials), std::move(sources.on_refresh_failure)) {}

  std::function<UnixSeconds()> clock;
  CredentialsCache cache;
};

}  // namespace costmark::capi

struct costmark_credentials_provider {
  explicit costmark_credentials_provider(costmark::capi::Sources&& sources)
      : core(std::make_shared<costmark::capi::CredentialsSource>(std::move(sources))) {}

  costmark::capi::Magic<0x636d'6370'726f'7621> magic;
  std::atomic<std::uint64_t> owners{1};
  std::shared_ptr<costmark::capi::CredentialsSource> core;
};

struct costmark_credentials_set {
  explicit costmark_credentials_set(costmark::CredentialsPtr got) noexcept : core(std::move(got)) {}

  costmark::capi::Magic<0x636d'6373'6574'2121> magic;
  costmark::CredentialsPtr core;
};

struct costmark_credentials_report {
  costmark::capi::Magic<0x636d'6372'6570'6f21> magic;
  std::vector<costmark::ChainReport::Asked> asked;
  costmark::NamedRegion region;
  bool found = false;
};

namespace costmark::capi {
namespace {

Result<std::unique_ptr<costmark_credentials_provider>> make_provider(
    const costmark_config* config) {
  auto sources = sources_of(config);
  if (!sources) return std::move(sources).status();
  return std::make_unique<costmark_credentials_provider>(std::move(sources).value());
}

Result<std::unique_ptr<costmark_credentials_set>> get(costmark_credentials_provider* provider) {
  if (Status status = require(provider, "provider"); !status) return status;
  CredentialsSource& core = *provider->core;
  if (Status status = Entry::check(&core); !status) return status;
  const Entry entry(&core);  // from here on `provider` may be ended by a callback
  auto got = core.cache.get(core.clock());
  if (!got) return std::move(got).status();
  return std::make_unique<costmark_credentials_set>(std::move(got).value());
}

Result<std::unique_ptr<costmark_credentials_report>> explain(const costmark_config* config) {
  if (Status status = require(config, "config"); !status) return status;
  const ClientConfig whole = config->for_client();
  const Environment environment = process_environment();
  Options options = whole.options;
  if (Status status = options.load_environment(environment); !status) return status;
  ChainReport chain = explain_default_credentials(environment, std::string(options.text("profile")),
                                                  whole.clock ? whole.clock() : system_time());
  auto report = std::make_unique<costmark_credentials_report>();
  report->asked = std::move(chain.asked);
  report->region = std::move(chain.region);
  report->found = chain.credentials != nullptr;
  return report;
}

const ChainReport::Asked* asked_at(const costmark_credentials_report* report,
                                   std::size_t index) noexcept {
  return alive(report) && index < report->asked.size() ? &report->asked[index] : nullptr;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_credentials_provider_new(const costmark_config* config,
                                                  costmark_credentials_provider** out_provider,
                                                  costmark_error** out_error) noexcept {
  return guarded_new(out_provider, out_error, [&] { return make_provider(config); });
}

costmark_status costmark_credentials_provider_get(costmark_credentials_provider* provider,
                                                  costmark_credentials_set** out_set,
                                                  costmark_error** out_error) noexcept {
  return guarded_new(out_set, out_error, [&] { return get(provider); });
}

bool costmark_credentials_provider_refused(costmark_credentials_provider* provider,
                                           const costmark_credentials_set* set) noexcept {
  if (!alive(provider) || !alive(set)) return false;
  CredentialsSource& core = *provider->core;
  bool may_differ = false;
  (void)guarded(nullptr, [&]() -> Status {
    if (Status status = Entry::check(&core); !status) return status;
    const Entry entry(&core);
    may_differ = core.cache.invalidate(set->core, core.clock());
    return {};
  });
  return may_differ;
}

costmark_credentials_provider* costmark_credentials_provider_retain(
    costmark_credentials_provider* provider) noexcept {
  return retain(provider);
}

void costmark_credentials_provider_release(costmark_credentials_provider* provider) noexcept {
  release(provider);
}

costmark_status costmark_credentials_set_view(const costmark_credentials_set* set,
                                              costmark_credentials* out_credentials,
                                              costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(set, "set"); !status) return status;
    const costmark::Credentials& core = *set->core;
    costmark_credentials shown = COSTMARK_CREDENTIALS_INIT;
    shown.access_key_id = view(core.access_key_id());
    shown.secret_access_key = view(core.secret_access_key());
    shown.session_token = view_or_absent(core.session_token());
    shown.account_id = view_or_absent(core.account_id());
    shown.expires_unix_s = core.expires_at().value_or(0);
    return write_struct(shown, credentials_first_size, "out_credentials", out_credentials);
  });
}

const char* costmark_credentials_set_source(const costmark_credentials_set* set,
                                            size_t* out_len) noexcept {
  return give_text(alive(set) ? set->core->source() : std::string_view(), out_len);
}

void costmark_credentials_set_free(costmark_credentials_set* set) noexcept {
  if (alive(set)) delete set;
}

costmark_status costmark_credentials_report_new(const costmark_config* config,
                                                costmark_credentials_report** out_report,
                                                costmark_error** out_error) noexcept {
  return guarded_new(out_report, out_error, [&] { return explain(config); });
}

size_t costmark_credentials_report_count(const costmark_credentials_report* report) noexcept {
  return alive(report) ? report->asked.size() : 0;
}

const char* costmark_credentials_report_source(const costmark_credentials_report* report,
                                               size_t index, size_t* out_len) noexcept {
  const auto* asked = asked_at(report, index);
  return give_text(asked != nullptr ? asked->source : std::string_view(), out_len);
}

const char* costmark_credentials_report_failure(const costmark_credentials_report* report,
                                                size_t index, size_t* out_len) noexcept {
  const auto* asked = asked_at(report, index);
  return give_text(asked != nullptr ? asked->failure : std::string_view(), out_len);
}

bool costmark_credentials_report_found(const costmark_credentials_report* report) noexcept {
  return alive(report) && report->found;
}

const char* costmark_credentials_report_region(const costmark_credentials_report* report,
                                               size_t* out_len) noexcept {
  return give_text(alive(report) ? report->region.name : std::string_view(), out_len);
}

const char* costmark_credentials_report_region_origin(const costmark_credentials_report* report,
                                                      size_t* out_len) noexcept {
  return give_text(alive(report) ? report->region.origin : std::string_view(), out_len);
}

void costmark_credentials_report_free(costmark_credentials_report* report) noexcept {
  if (alive(report)) delete report;
}
