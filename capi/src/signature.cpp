#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "callbacks.hpp"
#include "costmark/signing.hpp"
#include "costmark/url.hpp"
#include "guard.hpp"
#include "secret.hpp"
#include "sources.hpp"
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
  std::string url;  // after costmark_signature_presign()
  bool filled = false;

  costmark_signature() = default;
  ~costmark_signature() { costmark::capi::wipe(url); }
  void clear() noexcept;
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

// Signs into the headers, or, with a life, into the query.
Status sign(const SignRequest& request, std::optional<std::int64_t> expires_in_s,
            costmark_signature& out) {
  if (Status status = take_credentials(request.credentials, out.credentials); !status) {
    return status;
  }
  const auto parsed = parse_url(request.url);
  if (!parsed) return Status(parsed.error());
  const Url& url = parsed.value();
  out.host.clear();
  append_host_header(url, out.host);
  signing::PayloadHash hash;
  if (Status status = out.hasher.hash(request.body, hash); !status) return status;
  const signing::Request to_sign{request.method, out.host, url.path, url.query,
                                 out.request_headers};
  const signing::Scope scope{request.region, request.service};
  const UnixSeconds time = request.time == 0 ? system_time() : request.time;
  if (!expires_in_s) {
    return out.signer.sign(to_sign, hash, *out.credentials, scope, time, {}, out.core);
  }
  Status status =
      out.signer.presign(to_sign, hash, *out.credentials, scope, time, *expires_in_s, {}, out.core);
  if (!status) return status;
  // Host and path are spelled as they were signed.
  const std::string_view path = url.path.empty() ? "/" : url.path;
  const std::string_view query = out.core.query();
  out.url.reserve(url.scheme.size() + out.host.size() + path.size() + query.size() + 4);
  out.url.append(url.scheme).append("://").append(out.host).append(path);
  out.url.append("?").append(query);
  return {};
}

Status fill(const costmark_sign_request* request, std::optional<std::int64_t> expires_in_s,
            costmark_signature* signature) {
  if (Status status = require(signature, "signature"); !status) return status;
  signature->clear();
  SignRequest fields;
  Status status = read_request(request, signature->request_headers, fields);
  if (status) status = sign(fields, expires_in_s, *signature);
  if (!status) return status;
  for (const Header& header : signature->core.headers()) {
    signature->headers.push_back({view(header.name), view(header.value)});
  }
  signature->filled = true;
  return {};
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;

void costmark_signature::clear() noexcept {
  filled = false;
  headers.clear();
  wipe(url);
}

costmark_status costmark_signature_new(costmark_signature** out_signature,
                                       costmark_error** out_error) noexcept {
  return guarded_new(out_signature, out_error, make_handle<costmark_signature>);
}

costmark_status costmark_signature_sign(costmark_signature* signature,
                                        const costmark_sign_request* request,
                                        costmark_error** out_error) noexcept {
  return guarded(out_error, [&] { return fill(request, std::nullopt, signature); });
}

costmark_status costmark_signature_presign(costmark_signature* signature,
                                           const costmark_sign_request* request,
                                           int64_t expires_in_s,
                                           costmark_error** out_error) noexcept {
  constexpr int64_t longest_life_s = 604'800;
  if (expires_in_s == 0) expires_in_s = longest_life_s;
  return guarded(out_error, [&] { return fill(request, expires_in_s, signature); });
}

void costmark_signature_read(const costmark_signature* signature,
                             costmark_signature_view* out_view) noexcept {
  if (!alive(signature) || !signature->filled) return show_nothing(out_view);
  costmark_signature_view out = COSTMARK_SIGNATURE_VIEW_INIT;
  out.url = view_or_absent(signature->url);
  out.headers = array_or_absent(signature->headers);
  out.header_count = signature->headers.size();
  out.canonical_request = view(signature->core.canonical_request());
  show(out, out_view);
}

void costmark_signature_free(costmark_signature* signature) noexcept {
  if (alive(signature)) delete signature;
}
