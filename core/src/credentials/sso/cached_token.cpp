#include "credentials/sso/cached_token.hpp"

#include <vector>

#include "base/timestamp.hpp"
#include "credentials/config/config_file.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds longest_lifetime_s = 366 * 86400;
constexpr auto timeout = std::chrono::seconds(10);

}  // namespace

std::optional<UnixSeconds> lifetime_in(const SecretObject& answer, std::size_t member) noexcept {
  const auto lifetime = answer.unsigned_integer(member);
  if (!lifetime || *lifetime == 0 || *lifetime > std::uint64_t{longest_lifetime_s}) {
    return std::nullopt;
  }
  return static_cast<UnixSeconds>(*lifetime);
}

Result<http::Response> post_json(http::Transport& transport, const std::string& url,
                                 std::string_view body, std::span<const Header> more) {
  std::vector<Header> headers{{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  headers.insert(headers.end(), more.begin(), more.end());
  http::Request request;
  request.method = "POST";
  request.url = url;
  request.headers = headers;
  request.body = body;
  request.timeout = timeout;
  return transport.send(request);
}

Error CachedTokenFile::fault(Code code, const std::string& what) const {
  return {code, names_.setting + ": " + what};
}

Error CachedTokenFile::bad_file(const std::string& what) const {
  return fault(Code::unusable_credentials,
               config::shown(path_) + " " + what + "; " + names_.advice);
}

Error CachedTokenFile::not_renewed(Error error, UnixSeconds expires_at,
                                   std::string_view advice_begins) const {
  const std::string until = "the " + names_.kind + " in " + config::shown(path_) +
                            ", valid until " + format_timestamp(expires_at) +
                            ", could not be renewed: ";
  error.message =
      fault(error.code, until + error.message + std::string(advice_begins) + names_.advice).message;
  return error;
}

Error CachedTokenFile::passing(Error error, UnixSeconds expires_at) const {
  return not_renewed(std::move(error), expires_at, "; if that persists, ");
}

Status CachedTokenFile::read_file(Secret& file) const {
  Status status = context_.cache_file->read(path_, file);
  if (status) return status;
  return fault(Code::unusable_credentials, status.error().message + "; " + names_.advice);
}

void CachedTokenFile::write_back(const Secret& file, std::span<const StringMember> changes) const {
  Secret text;
  if (with_members(file.text, changes, text).ok()) context_.cache_file->store(path_, text.text);
}

void CachedTokenFile::note_attempt(const Status& status, bool was_valid) const {
  if (!status && status.error().code == Code::cancelled) return;  // nothing is known of the service
  const bool hopeful = !status && !was_valid && status.error().retryable;
  context_.cache_file->note_attempt(path_, now_, hopeful ? short_renewal_pause_s : renewal_pause_s,
                                    status ? std::nullopt : std::optional(status.error()));
}

}  // namespace costmark
