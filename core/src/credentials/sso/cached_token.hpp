// A token that the AWS CLI left in a cache file, and its renewal.
//
//   read the file ──► enough left ─────────────────────────────────────────► use it
//        │ due
//        ▼
//   prepare() ──► it lacks what a renewal needs ─────────────────────────┐
//        ▼                                                               │
//   a recent attempt? ──► yes ───────────────────────────────────────────┤
//        │ no                                                            ▼
//        ▼                                             use the old one while it is valid,
//   ask ──► success: write the file back, use the new one     else the failure stands
//        │ failure                                                       ▲
//        ▼                                                               │
//   did another process renew it? ──► yes: use theirs                    │
//        │ no                                                            │
//        └──► leave the service alone for a while ───────────────────────┘
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/attempts.hpp"
#include "credentials/secret.hpp"
#include "credentials/source_context.hpp"
#include "credentials/sso/cached_json.hpp"

namespace costmark {

// How long to leave the service alone after an attempt; the shorter one where calls fail meanwhile
// and the next attempt may go well.
inline constexpr UnixSeconds renewal_pause_s = 60;
inline constexpr UnixSeconds short_renewal_pause_s = 5;
// How long another process may take from its answer to its file.
inline constexpr auto time_to_write = std::chrono::milliseconds(500);
// While the old token is valid no call waits long for a new one.
inline constexpr std::uint32_t attempts_ahead_of_time = 1;

// `expiresIn` of an answer; absent unless it is from one second to a year.
std::optional<UnixSeconds> lifetime_in(const SecretObject& answer, std::size_t member) noexcept;

// One exchange with a service that takes JSON and gives JSON. `more`: headers beside those.
Result<http::Response> post_json(http::Transport& transport, const std::string& url,
                                 std::string_view body, std::span<const Header> more = {});

// The file, and how errors speak of it. `path_` is set by the derived class before all else.
class CachedTokenFile {
 public:
  CachedTokenFile(const CachedTokenFile&) = delete;
  CachedTokenFile& operator=(const CachedTokenFile&) = delete;

 protected:
  // What differs from one kind of token to the other.
  struct Names {
    std::string setting;  // begins errors: "SSO (~/.aws/config:3)"
    std::string kind;     // "token"
    std::string advice;   // "run 'aws sso login ...'"
  };

  CachedTokenFile(const SourceContext& context, Names names, UnixSeconds now)
      : context_(context), names_(std::move(names)), now_(now) {}
  ~CachedTokenFile() = default;

  Error fault(Code code, const std::string& what) const;
  // The file holds something else than it should.
  Error bad_file(const std::string& what) const;
  // `error` as the reason why what was valid until then could not be renewed.
  Error not_renewed(Error error, UnixSeconds expires_at, std::string_view advice_begins) const;
  // The same for a failure that may be gone the next time.
  Error passing(Error error, UnixSeconds expires_at) const;

  Status read_file(Secret& file) const;
  void write_back(const Secret& file, std::span<const StringMember> changes) const;
  void note_attempt(const Status& status, bool was_valid) const;

  const SourceContext& context_;
  const Names names_;
  const UnixSeconds now_;
  std::string path_;
};

// The way through the picture above. `Held` is what the file holds: it has a member `expires_at`,
// and can be swapped. One use each; one thread at a time.
template <class Held>
class CachedToken : protected CachedTokenFile {
 public:
  virtual ~CachedToken() = default;
  CachedToken(const CachedToken&) = delete;
  CachedToken& operator=(const CachedToken&) = delete;

  // Success may leave one in `held` that has expired, where it is never due.
  Status find(Held& held) {
    if (Status status = find_path(path_); !status) return status;
    Secret file;
    if (Status status = read(file, held); !status) return status;
    if (!is_due(held.expires_at - now_)) return {};
    Status status = renew(file, held);
    if (is_valid(held)) return {};
    return status;
  }

 protected:
  using CachedTokenFile::CachedTokenFile;

  virtual Status find_path(std::string& path) const = 0;
  virtual Status parse(std::string_view file, Held& held) const = 0;
  virtual bool is_due(UnixSeconds left_s) const noexcept = 0;
  // Makes ready what `send` needs. An error: this one cannot be renewed, so nothing is attempted.
  virtual Status prepare(std::string_view file, const Held& old) = 0;
  virtual Result<http::Response> send() const = 0;
  // The error for an answer whose status is not 200.
  virtual Error refused(const http::Response& answer, const Held& old) const = 0;
  // Reads the answer and writes the file back.
  virtual Status take(std::string_view answer, const Secret& file, const Held& old,
                      Held& fresh) const = 0;

  bool is_valid(const Held& held) const noexcept { return held.expires_at > now_; }

 private:
  Status read(Secret& file, Held& held) const {
    if (Status status = read_file(file); !status) return status;
    return parse(file.text, held);
  }

  // Puts a newer one in the place of `held`. After an error that one is as it was.
  Status renew(const Secret& file, Held& held) {
    const bool valid = is_valid(held);
    if (Status status = prepare(file.text, held); !status) return status;
    if (const auto* last = context_.cache_file->recent_attempt(path_, now_)) {
      if (valid) return {};
      if (last->failure) return *last->failure;
    }
    Status status = ask(file, held);
    if (!status && renewed_by_another(held, !valid && !status.error().retryable)) return {};
    note_attempt(status, valid);
    return status;
  }

  Status ask(const Secret& file, Held& held) const {
    const auto policy =
        is_valid(held) ? service_retries.with_attempts(attempts_ahead_of_time) : service_retries;
    const auto answer = with_retries(policy, *context_.transport, [&] { return send(); });
    if (!answer) return passing(answer.error(), held.expires_at);
    if (answer.value().status != 200) return refused(answer.value(), held);
    Held fresh;
    Status status = take(answer.value().body, file, held, fresh);
    if (status) swap_in(fresh, held);
    return status;
  }

  // Refresh tokens may be good for one use, and the one who was faster still be writing.
  bool renewed_by_another(Held& held, bool wait) const {
    if (adopt_newer(held)) return true;
    if (!wait) return false;
    context_.transport->pause(time_to_write);
    return adopt_newer(held);
  }

  bool adopt_newer(Held& held) const {
    Secret file;
    Held newer;
    if (!read(file, newer).ok()) return false;
    if (newer.expires_at <= std::max(now_, held.expires_at)) return false;
    swap_in(newer, held);
    return true;
  }

  static void swap_in(Held& from, Held& to) noexcept {
    using std::swap;
    swap(from, to);
  }
};

}  // namespace costmark
