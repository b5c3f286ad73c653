#include <chrono>
#include <string>
#include <vector>

#include "callbacks.hpp"
#include "costmark/signing.hpp"
#include "costmark/url.hpp"
#include "guard.hpp"
#include "views.hpp"

struct costmark_signature {
  costmark::capi::Magic<0x636d'7369'676e'6421> magic;
  costmark::signing::Signer signer;
  costmark::signing::PayloadHasher hasher;
  costmark::signing::Signature core;
  // The last credentials: with the same ones again, the signer's derived keys are still good.
  costmark::CredentialsPtr credentials;

  // Memory that is kept from one request to the next.
  std::string host;
  std::vector<costmark::Header> request_headers;
  std::vector<costmark_header> headers;
  bool filled = false;
};

namespace costmark::capi {
namespace {

constexpr std::size_t sign_request_first_size =
    offsetof(costmark_sign_request, time_unix_s) + sizeof(int64_t);

struct SignRequest {
  std::string_view method, url, region, service, body;
  CredentialsView credentials;
  UnixSeconds time = 0;
};

Status read_request(const costmark_sign_request* from, std::vector<Header>& headers,
                    SignRequest& out) {
  costmark_sign_request request;
  Status status = read_struct(from, sign_request_first_size, "request", request);
  if (status) status = read_text(request.method, "request.method", out.method);
  if (status) status = read_text(request.url, "request.url", out.url);
  if (status) status = read_text(request.region, "request.region", out.region);
  if (status) status = read_text(request.service, "request.service", out.service);
  if (status) status = CredentialsView::read(request.credentials, out.credentials);
  if (status) status = read_headers(request.headers, request.header_count, headers);
  if (status) status = read_text(request.body, "request.body", out.body);
  out.time = request.time_unix_s;
  return status;
}

UnixSeconds now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

// In constant time for texts of one length, as it compares secrets.
bool same(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

Status take_credentials(const CredentialsView& asked, CredentialsPtr& kept) {
  if (kept && same(kept->access_key_id(), asked.access_key_id) &&
      same(kept->secret_access_key(), asked.secret_access_key) &&
      same(kept->session_token(), asked.session_token) && kept->expires_at() == asked.expires_at) {
    return {};
  }
  auto copied = asked.copy("argument");
  if (!copied) return std::move(copied).status();
  kept = std::move(copied).value();
  return {};
}

Status sign(const SignRequest& request, costmark_signature& out) {
  if (Status status = take_credentials(request.credentials, out.credentials); !status) {
    return status;
  }
  const auto url = parse_url(request.url);
  if (!url) return Status(url.error());
  out.host.clear();
  append_host_header(url.value(), out.host);
  signing::PayloadHash hash;
  if (Status status = out.hasher.hash(request.body, hash); !status) return status;
  const signing::Request to_sign{request.method, out.host, url.value().path, url.value().query,
                                 out.request_headers};
  return out.signer.sign(to_sign, hash, *out.credentials, {request.region, request.service},
                         request.time == 0 ? now() : request.time, {}, out.core);
}

void show(costmark_signature& signature) {
  for (const Header& header : signature.core.headers()) {
    signature.headers.push_back({view(header.name), view(header.value)});
  }
  signature.filled = true;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_signature_new(costmark_signature** out_signature,
                                       costmark_error** out_error) noexcept {
  return guarded_new(out_signature, out_error, make_handle<costmark_signature>);
}

costmark_status costmark_sign(const costmark_sign_request* request, costmark_signature* signature,
                              costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(signature, "signature"); !status) return status;
    signature->filled = false;
    signature->headers.clear();
    SignRequest fields;
    Status status = read_request(request, signature->request_headers, fields);
    if (status) status = sign(fields, *signature);
    if (status) show(*signature);
    return status;
  });
}

const costmark_header* costmark_signature_headers(const costmark_signature* signature,
                                                  size_t* out_count) noexcept {
  const bool filled = alive(signature) && signature->filled;
  return give_array(filled ? &signature->headers : nullptr, out_count);
}

const char* costmark_signature_canonical_request(const costmark_signature* signature,
                                                 size_t* out_len) noexcept {
  const bool filled = alive(signature) && signature->filled;
  return give_text(filled ? signature->core.canonical_request() : std::string_view(), out_len);
}

void costmark_signature_free(costmark_signature* signature) noexcept {
  if (alive(signature)) delete signature;
}
