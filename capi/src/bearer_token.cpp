#include "costmark/bearer_token.hpp"

#include <memory>
#include <string>
#include <utility>

#include "callbacks.hpp"
#include "costmark/bearer_token_cache.hpp"
#include "guard.hpp"
#include "sources.hpp"
#include "views.hpp"

struct costmark_bearer_token {
  explicit costmark_bearer_token(costmark::BearerTokenPtr made) noexcept : core(std::move(made)) {}

  costmark::capi::Magic<0x636d'6274'6f6b'6e21> magic;
  costmark::BearerTokenPtr core;
};

namespace costmark::capi {

struct KeptTokens {
  std::function<UnixSeconds()> clock;
  std::unique_ptr<BearerTokenCache> cache;
};

}  // namespace costmark::capi

struct costmark_bearer_token_cache {
  explicit costmark_bearer_token_cache(costmark::capi::KeptTokens&& source)
      : core(std::make_shared<costmark::capi::KeptTokens>(std::move(source))) {}

  costmark::capi::Magic<0x636d'7470'726f'7621> magic;
  std::atomic<std::uint64_t> owners{1};
  const std::uint64_t number = costmark::capi::next_number();
  std::shared_ptr<costmark::capi::KeptTokens> core;
};

namespace costmark::capi {
namespace {

std::int64_t life_of(std::int64_t expires_in_s) noexcept {
  return expires_in_s == 0 ? max_bearer_token_life_s : expires_in_s;
}

Result<std::unique_ptr<costmark_bearer_token>> make_token(const costmark_credentials* from,
                                                          const char* region,
                                                          std::size_t region_len,
                                                          std::int64_t expires_in_s,
                                                          std::int64_t time_unix_s) {
  CredentialsView fields;
  if (Status status = CredentialsView::read(from, fields); !status) return status;
  std::string_view region_text;
  if (Status status = read_text(region, region_len, "region", region_text); !status) return status;
  if (region == nullptr) return invalid_argument("region is NULL");
  auto credentials = fields.copy("argument");
  if (!credentials) return std::move(credentials).status();
  auto token = mint_bearer_token(*credentials.value(), region_text, life_of(expires_in_s),
                                 time_unix_s == 0 ? system_time() : time_unix_s);
  if (!token) return std::move(token).status();
  return std::make_unique<costmark_bearer_token>(std::move(token).value());
}

// As a client finds it whose host names none.
Result<std::string> region_of(const Sources& sources) {
  std::string region(sources.options.text("region"));
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (region.empty()) region = sources.environment(variable).value_or("");
  }
  if (!region.empty()) return region;
  auto named = profile_region(sources.environment, sources.options.text("profile"));
  if (!named) return std::move(named).status();
  if (!named.value().name.empty()) return std::move(named.value().name);
  return Status(Code::invalid_option,
                "no region to make a token for: set option 'region', or AWS_REGION");
}

Result<std::unique_ptr<costmark_bearer_token_cache>> make_cache(const costmark_config* config,
                                                                std::int64_t expires_in_s) {
  auto sources = sources_of(config);
  if (!sources) return std::move(sources).status();
  auto region = region_of(sources.value());
  if (!region) return std::move(region).status();
  BearerTokenConfig token;
  token.credentials = std::move(sources.value().credentials);
  token.region = std::move(region).value();
  token.expires_in_s = life_of(expires_in_s);
  token.on_refresh_failure = std::move(sources.value().on_refresh_failure);
  auto cache = BearerTokenCache::create(std::move(token));
  if (!cache) return std::move(cache).status();
  return std::make_unique<costmark_bearer_token_cache>(
      KeptTokens{std::move(sources.value().clock), std::move(cache).value()});
}

Result<std::unique_ptr<costmark_bearer_token>> get(costmark_bearer_token_cache* cache) {
  if (Status status = require(cache, "cache"); !status) return status;
  KeptTokens& core = *cache->core;
  if (Status status = Entry::check(cache->number); !status) return status;
  const Entry entry(cache->number);  // from here on `cache` may be ended by a callback
  auto got = core.cache->get(core.clock());
  if (!got) return std::move(got).status();
  return std::make_unique<costmark_bearer_token>(std::move(got).value());
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_bearer_token_new(const costmark_credentials* credentials,
                                          const char* region, size_t region_len,
                                          int64_t expires_in_s, int64_t time_unix_s,
                                          costmark_bearer_token** out_token,
                                          costmark_error** out_error) noexcept {
  return guarded_new(out_token, out_error, [&] {
    return make_token(credentials, region, region_len, expires_in_s, time_unix_s);
  });
}

void costmark_bearer_token_read(const costmark_bearer_token* token,
                                costmark_bearer_token_view* out_view) noexcept {
  if (!alive(token)) return show_nothing(out_view);
  costmark_bearer_token_view out = COSTMARK_BEARER_TOKEN_VIEW_INIT;
  out.text = view(token->core->text());
  out.expires_unix_s = token->core->expires_at();
  show(out, out_view);
}

void costmark_bearer_token_free(costmark_bearer_token* token) noexcept {
  if (alive(token)) delete token;
}

costmark_status costmark_bearer_token_cache_new(const costmark_config* config, int64_t expires_in_s,
                                                costmark_bearer_token_cache** out_cache,
                                                costmark_error** out_error) noexcept {
  return guarded_new(out_cache, out_error, [&] { return make_cache(config, expires_in_s); });
}

costmark_status costmark_bearer_token_cache_get(costmark_bearer_token_cache* cache,
                                                costmark_bearer_token** out_token,
                                                costmark_error** out_error) noexcept {
  return guarded_new(out_token, out_error, [&] { return get(cache); });
}

bool costmark_bearer_token_cache_refused(costmark_bearer_token_cache* cache, const char* token,
                                         size_t token_len) noexcept {
  if (!alive(cache) || token == nullptr) return false;
  KeptTokens& core = *cache->core;
  bool may_differ = false;
  (void)guarded(nullptr, [&]() -> Status {
    if (Status status = Entry::check(cache->number); !status) return status;
    std::string_view text;
    if (Status status = read_text(token, token_len, "token", text); !status) return status;
    const Entry entry(cache->number);
    may_differ = core.cache->invalidate(text, core.clock());
    return {};
  });
  return may_differ;
}

costmark_bearer_token_cache* costmark_bearer_token_cache_retain(
    costmark_bearer_token_cache* cache) noexcept {
  return retain(cache);
}

void costmark_bearer_token_cache_release(costmark_bearer_token_cache* cache) noexcept {
  release(cache);
}
