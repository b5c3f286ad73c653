// costmark.hpp: bearer tokens alone.
#ifndef COSTMARK_SDK_BEARER_TOKEN_HPP
#define COSTMARK_SDK_BEARER_TOKEN_HPP

#include <costmark/costmark.hpp>

#ifdef COSTMARK_HPP_KIND  // unless costmark.hpp refused the compiler

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

class BearerToken : public detail::Handle<costmark_bearer_token, costmark_bearer_token_free> {
 public:
  using Handle::Handle;
  // expires_in: 0 is the longest life, twelve hours. time_unix_s: 0 is now.
  static Result<BearerToken> make(const Credentials& credentials, std::string_view region,
                                  std::chrono::seconds expires_in = {},
                                  std::int64_t time_unix_s = 0) {
    const costmark_credentials raw = credentials.raw();
    return detail::make<BearerToken, costmark_bearer_token>(
        [&](costmark_bearer_token** out, costmark_error** error) {
          return costmark_bearer_token_new(&raw, region.data(), region.size(), expires_in.count(),
                                           time_unix_s, out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  BearerToken(const Credentials& credentials, std::string_view region,
              std::chrono::seconds expires_in = {}, std::int64_t time_unix_s = 0)
      : BearerToken(make(credentials, region, expires_in, time_unix_s)) {}
#endif

  std::string_view text() const noexcept { return detail::view(read().text); }
  std::int64_t expires_unix_s() const noexcept { return read().expires_unix_s; }

 private:
  costmark_bearer_token_view read() const noexcept {
    return detail::shown<costmark_bearer_token_view>(costmark_bearer_token_read, get());
  }
};

// Keeps the newest token; shared by its owners.
class BearerTokenCache
    : public detail::Handle<costmark_bearer_token_cache, costmark_bearer_token_cache_release> {
 public:
  using Handle::Handle;
  // expires_in: 0 is the longest life, twelve hours.
  static Result<BearerTokenCache> make(const Config& config, std::chrono::seconds expires_in = {}) {
    return detail::make<BearerTokenCache, costmark_bearer_token_cache>(
        [&](costmark_bearer_token_cache** out, costmark_error** error) {
          return costmark_bearer_token_cache_new(config.get(), expires_in.count(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit BearerTokenCache(const Config& config, std::chrono::seconds expires_in = {})
      : BearerTokenCache(make(config, expires_in)) {}
#endif
  BearerTokenCache share() const noexcept {
    return BearerTokenCache(costmark_bearer_token_cache_retain(get()));
  }

  Result<BearerToken> fetch() const {
    return detail::make<BearerToken, costmark_bearer_token>(
        [&](costmark_bearer_token** out, costmark_error** error) {
          return costmark_bearer_token_cache_get(get(), out, error);
        });
  }
  bool refused(std::string_view token) const noexcept {
    return costmark_bearer_token_cache_refused(get(), token.data(), token.size());
  }
};

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif
#endif  // COSTMARK_SDK_BEARER_TOKEN_HPP
