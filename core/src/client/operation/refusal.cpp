#include "client/operation/refusal.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "base/text.hpp"
#include "costmark/http.hpp"
#include "json/reader.hpp"

namespace costmark::client {
namespace {

using Words = std::initializer_list<std::string_view>;

// How AWS's services and STS spell it; the clock's and the signature's names are those that the
// SDKs for JavaScript and Java take for signs of a wrong clock.
constexpr auto credentials_names = std::to_array<std::string_view>(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidToken",
     "InvalidTokenException", "UnrecognizedClientException", "TokenRefreshRequired"});
constexpr auto clock_names = std::to_array<std::string_view>(
    {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"});
constexpr auto signature_names =
    std::to_array<std::string_view>({"InvalidSignatureException", "SignatureDoesNotMatch"});
// The names of bedrock-mantle, and of the Messages API, for all that is wrong with a auth.
constexpr auto proof_names =
    std::to_array<std::string_view>({"invalid_api_key", "authentication_error"});

bool is_one_of(std::string_view name, std::span<const std::string_view> names) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view n) { return equal_ignoring_case(n, name); });
}

// `words` in lower case.
bool has(std::string_view text, std::string_view words) noexcept {
  const auto same = [](char a, char b) { return text::lower(a) == b; };
  return std::search(text.begin(), text.end(), words.begin(), words.end(), same) != text.end();
}

// `words` in lower case.
bool has_any(std::string_view text, Words words) noexcept {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view w) { return has(text, w); });
}

bool blames_clock(std::string_view message) noexcept {
  return has_any(message, {"signature expired", "signature not yet current"});
}

bool blames_credentials(std::string_view message) noexcept {
  const bool names_them =
      has_any(message, {"security token included in the request", "bearer token"}) &&
      has_any(message, {"expired", "invalid"});
  return names_them || has(message, "make sure your api key is valid");
}

Refusal classify_name(std::string_view name, std::string_view message) {
  if (is_one_of(name, credentials_names)) return Refusal::credentials;
  if (is_one_of(name, clock_names)) return Refusal::clock;
  if (is_one_of(name, signature_names)) return Refusal::signature;
  if (!is_one_of(name, proof_names)) return Refusal::none;
  if (has(message, "signature we calculated")) return Refusal::signature;
  const bool other_reason =
      has_any(message, {"signature", "signed", "scope", "authorization header", "missing auth",
                        "x-amz-", "not enabled", "not authorized"});
  return other_reason ? Refusal::none : Refusal::credentials;
}

Refusal classify(std::string_view name, std::string_view message) {
  if (blames_clock(message)) return Refusal::clock;
  if (blames_credentials(message)) return Refusal::credentials;
  return classify_name(text::bare_error_name(name), message);
}

}  // namespace

void RefusalReader::begin(int http_status, std::string_view error_type) {
  watching_ = http_status == 401 || http_status == 403;
  error_type_.clear();
  body_.clear();
  if (watching_) error_type_ = error_type;
}

void RefusalReader::feed(std::string_view piece) {
  if (!watching_) return;
  body_.append(piece.substr(0, most_buffered + 1 - body_.size()));
}

Refusal RefusalReader::finish() const {
  if (!watching_) return Refusal::none;
  constexpr std::array<std::string_view, 6> paths{"error.code",    "error.type", "__type",
                                                  "error.message", "message",    "Message"};
  constexpr std::size_t first_message = 3;
  json::Reader reader;
  std::array<std::string, paths.size()> found;
  if (body_.size() <= most_buffered && reader.open(body_, paths).ok()) {
    for (std::size_t i = 0; i < paths.size(); ++i) reader.string(i, found[i]);
  }
  std::string message;
  for (std::size_t i = first_message; i < paths.size(); ++i) message += found[i] + "\n";
  for (const std::string_view name : {std::string_view(error_type_), std::string_view(found[0]),
                                      std::string_view(found[1]), std::string_view(found[2])}) {
    const Refusal refusal = classify(name, message);
    if (refusal != Refusal::none) return refusal;
  }
  return Refusal::none;
}

}  // namespace costmark::client
