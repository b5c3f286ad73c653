// costmark.hpp: signing alone.
#ifndef COSTMARK_SDK_SIGNATURE_HPP
#define COSTMARK_SDK_SIGNATURE_HPP

#include <costmark/costmark.hpp>

#ifdef COSTMARK_HPP_KIND  // unless costmark.hpp refused the compiler

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

// A request to sign; see costmark_sign_request. time_unix_s: 0 is now.
struct SignRequest {
  std::string_view method = "POST";
  std::string_view url, region, service;
  Credentials credentials;
  HeaderView headers;
  std::string_view body;
  std::int64_t time_unix_s = 0;
};

// What signing produced. Use one again and again: it keeps its memory.
class Signature : public detail::Handle<costmark_signature, costmark_signature_free> {
 public:
  using Handle::Handle;
  static Result<Signature> make() {
    return detail::make<Signature, costmark_signature>(costmark_signature_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Signature() : Signature(make()) {}
#else
  Signature() = delete;
#endif

  Result<void> sign(const SignRequest& request) {
    return with_raw(request, [&](const costmark_sign_request& raw, costmark_error** error) {
      return costmark_signature_sign(get(), &raw, error);
    });
  }
  // expires_in: 0 is the longest life, seven days.
  Result<void> presign(const SignRequest& request, std::chrono::seconds expires_in = {}) {
    return with_raw(request, [&](const costmark_sign_request& raw, costmark_error** error) {
      return costmark_signature_presign(get(), &raw, expires_in.count(), error);
    });
  }
  std::string_view url() const noexcept { return detail::view(read().url); }
  HeaderView headers() const noexcept {
    const costmark_signature_view raw = read();
    return {raw.headers, raw.header_count};
  }
  std::string_view canonical_request() const noexcept {
    return detail::view(read().canonical_request);
  }

 private:
  costmark_signature_view read() const noexcept {
    return detail::shown<costmark_signature_view>(costmark_signature_read, get());
  }
  template <class Call>
  static Result<void> with_raw(const SignRequest& request, const Call& call) {
    const costmark_credentials credentials = request.credentials.raw();
    auto raw = detail::sized<costmark_sign_request>();
    raw.method = detail::str(request.method);
    raw.url = detail::str(request.url);
    raw.region = detail::str(request.region);
    raw.service = detail::str(request.service);
    raw.credentials = &credentials;
    raw.headers = request.headers.data();
    raw.header_count = request.headers.size();
    raw.body = detail::str(request.body);
    raw.time_unix_s = request.time_unix_s;
    return detail::run([&](costmark_error** error) { return call(raw, error); });
  }
};

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif
#endif  // COSTMARK_SDK_SIGNATURE_HPP
