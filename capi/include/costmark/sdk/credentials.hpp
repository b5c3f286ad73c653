// costmark.hpp: credentials alone.
#ifndef COSTMARK_SDK_CREDENTIALS_HPP
#define COSTMARK_SDK_CREDENTIALS_HPP

#include <costmark/costmark.hpp>

#ifdef COSTMARK_HPP_KIND  // unless costmark.hpp refused the compiler

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

// One set of credentials as it was at one moment.
class CredentialsSet
    : public detail::Handle<costmark_credentials_set, costmark_credentials_set_free> {
 public:
  using Handle::Handle;
  // Its texts live as long as the set.
  Credentials read() const noexcept {
    using detail::view;
    const auto raw = detail::shown<costmark_credentials>(costmark_credentials_set_read, get());
    return {view(raw.access_key_id), view(raw.secret_access_key), view(raw.session_token),
            view(raw.account_id),    raw.expires_unix_s,          view(raw.source)};
  }
};

// The credentials that a client of the same configuration signs with; shared by its owners.
class CredentialsCache
    : public detail::Handle<costmark_credentials_cache, costmark_credentials_cache_release> {
 public:
  using Handle::Handle;
  static Result<CredentialsCache> make(const Config& config) {
    return detail::make<CredentialsCache, costmark_credentials_cache>(
        [&](costmark_credentials_cache** out, costmark_error** error) {
          return costmark_credentials_cache_new(config.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit CredentialsCache(const Config& config) : CredentialsCache(make(config)) {}
#endif
  CredentialsCache share() const noexcept {
    return CredentialsCache(costmark_credentials_cache_retain(get()));
  }

  Result<CredentialsSet> fetch() const {
    return detail::make<CredentialsSet, costmark_credentials_set>(
        [&](costmark_credentials_set** out, costmark_error** error) {
          return costmark_credentials_cache_get(get(), out, error);
        });
  }
  bool refused(const CredentialsSet& set) const noexcept {
    return costmark_credentials_cache_refused(get(), set.get());
  }
};

// One source of the default chain. `failure` is empty for the source that has credentials.
struct CredentialsSource {
  std::string_view name, failure;
};

// How the default chain came to its answer.
class CredentialsReport
    : public detail::Handle<costmark_credentials_report, costmark_credentials_report_free> {
 public:
  using Handle::Handle;
  static Result<CredentialsReport> make(const Config& config) {
    return detail::make<CredentialsReport, costmark_credentials_report>(
        [&](costmark_credentials_report** out, costmark_error** error) {
          return costmark_config_explain_credentials(config.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit CredentialsReport(const Config& config) : CredentialsReport(make(config)) {}
#endif

  // How many sources were asked.
  std::size_t size() const noexcept { return read().source_count; }
  // Empty from size() on.
  CredentialsSource operator[](std::size_t index) const noexcept {
    costmark_str name = {nullptr, 0}, failure = {nullptr, 0};
    costmark_credentials_report_source(get(), index, &name, &failure);
    return {detail::view(name), detail::view(failure)};
  }
  bool found() const noexcept { return read().found != 0; }
  std::string_view region() const noexcept { return detail::view(read().region); }
  std::string_view region_origin() const noexcept { return detail::view(read().region_origin); }

 private:
  costmark_credentials_report_view read() const noexcept {
    return detail::shown<costmark_credentials_report_view>(costmark_credentials_report_read, get());
  }
};

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif
#endif  // COSTMARK_SDK_CREDENTIALS_HPP
