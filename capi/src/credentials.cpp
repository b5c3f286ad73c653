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

struct KeptCredentials {
  explicit KeptCredentials(Sources&& sources)
      : clock(std::move(sources.clock)),
        cache(std::move(sources.credentials), std::move(sources.on_refresh_failure)) {}

  std::function<UnixSeconds()> clock;
  CredentialsCache cache;
};

}  // namespace costmark::capi

struct costmark_credentials_cache {
  explicit costmark_credentials_cache(costmark::capi::Sources&& sources)
      : core(std::make_shared<costmark::capi::KeptCredentials>(std::move(sources))) {}

  costmark::capi::Magic<0x636d'6370'726f'7621> magic;
  std::atomic<std::uint64_t> owners{1};
  const std::uint64_t number = costmark::capi::next_number();
  std::shared_ptr<costmark::capi::KeptCredentials> core;
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

Result<std::unique_ptr<costmark_credentials_cache>> make_cache(const costmark_config* config) {
  auto sources = sources_of(config);
  if (!sources) return std::move(sources).status();
  return std::make_unique<costmark_credentials_cache>(std::move(sources).value());
}

Result<std::unique_ptr<costmark_credentials_set>> get(costmark_credentials_cache* cache) {
  if (Status status = require(cache, "cache"); !status) return status;
  KeptCredentials& core = *cache->core;
  if (Status status = Entry::check(cache->number); !status) return status;
  const Entry entry(cache->number);  // from here on `cache` may be ended by a callback
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
  ChainReport chain =
      explain_credentials(options, environment, whole.clock ? whole.clock() : system_time());
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

costmark_status costmark_credentials_cache_new(const costmark_config* config,
                                               costmark_credentials_cache** out_cache,
                                               costmark_error** out_error) noexcept {
  return guarded_new(out_cache, out_error, [&] { return make_cache(config); });
}

costmark_status costmark_credentials_cache_get(costmark_credentials_cache* cache,
                                               costmark_credentials_set** out_set,
                                               costmark_error** out_error) noexcept {
  return guarded_new(out_set, out_error, [&] { return get(cache); });
}

bool costmark_credentials_cache_refused(costmark_credentials_cache* cache,
                                        const costmark_credentials_set* set) noexcept {
  if (!alive(cache) || !alive(set)) return false;
  KeptCredentials& core = *cache->core;
  bool may_differ = false;
  (void)guarded(nullptr, [&]() -> Status {
    if (Status status = Entry::check(cache->number); !status) return status;
    const Entry entry(cache->number);
    may_differ = core.cache.invalidate(set->core, core.clock());
    return {};
  });
  return may_differ;
}

costmark_credentials_cache* costmark_credentials_cache_retain(
    costmark_credentials_cache* cache) noexcept {
  return retain(cache);
}

void costmark_credentials_cache_release(costmark_credentials_cache* cache) noexcept {
  release(cache);
}

void costmark_credentials_set_read(const costmark_credentials_set* set,
                                   costmark_credentials* out_credentials) noexcept {
  if (!alive(set)) return show_nothing(out_credentials);
  const costmark::Credentials& core = *set->core;
  costmark_credentials out = COSTMARK_CREDENTIALS_INIT;
  out.access_key_id = view(core.access_key_id());
  out.secret_access_key = view(core.secret_access_key());
  out.session_token = view_or_absent(core.session_token());
  out.account_id = view_or_absent(core.account_id());
  out.source = view_or_absent(core.source());
  out.expires_unix_s = core.expires_at().value_or(0);
  show(out, out_credentials);
}

void costmark_credentials_set_free(costmark_credentials_set* set) noexcept {
  if (alive(set)) delete set;
}

costmark_status costmark_config_explain_credentials(const costmark_config* config,
                                                    costmark_credentials_report** out_report,
                                                    costmark_error** out_error) noexcept {
  return guarded_new(out_report, out_error, [&] { return explain(config); });
}

void costmark_credentials_report_read(const costmark_credentials_report* report,
                                      costmark_credentials_report_view* out_view) noexcept {
  if (!alive(report)) return show_nothing(out_view);
  costmark_credentials_report_view out = COSTMARK_CREDENTIALS_REPORT_VIEW_INIT;
  out.region = view_or_absent(report->region.name);
  out.region_origin = view_or_absent(report->region.origin);
  out.source_count = report->asked.size();
  out.found = report->found ? 1 : 0;
  show(out, out_view);
}

void costmark_credentials_report_source(const costmark_credentials_report* report, size_t index,
                                        costmark_str* out_name,
                                        costmark_str* out_failure) noexcept {
  const auto* asked = asked_at(report, index);
  if (out_name != nullptr) *out_name = asked == nullptr ? costmark_str{} : view(asked->source);
  if (out_failure != nullptr)
    *out_failure = asked == nullptr ? costmark_str{} : view(asked->failure);
}

void costmark_credentials_report_free(costmark_credentials_report* report) noexcept {
  if (alive(report)) delete report;
}
