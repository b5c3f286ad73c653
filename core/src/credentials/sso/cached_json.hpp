// The cache files of the AWS CLI: one JSON object each, with tokens in it, mode 0600. Shared with
// the AWS CLI and the AWS SDKs, which replace a file whole and leave alone what they do not know.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/secret.hpp"
#include "json/reader.hpp"

namespace costmark {

inline constexpr std::size_t largest_cached_json = 1U << 20U;  // bytes

// Reads the file into `out`. Errors: no_credentials when there is none; unusable_credentials,
// naming the file, when it cannot be read, is no regular file, or is larger than
// `largest_cached_json`.
Status read_cached_json(const std::string& path, Secret& out);

// Puts a file of mode 0600 in the place of the one at `path`, so that a reader finds the old
// content or the new one. Errors: unusable_credentials, naming the file.
Status write_cached_json(const std::string& path, std::string_view text);

// An object that holds secrets, of which no copy stays behind.
class SecretObject {
 public:
  SecretObject() = default;
  ~SecretObject() { reader_.cleanse(); }
  SecretObject(const SecretObject&) = delete;
  SecretObject& operator=(const SecretObject&) = delete;

  // Checks all of the text. Errors: invalid_json with the byte offset, quoting nothing.
  Status open(std::string_view text, std::span<const std::string_view> members);

  json::Kind kind(std::size_t member) const noexcept { return reader_.member(member).kind; }
  // False, and `out` empty, unless the member is a string with something in it.
  bool string(std::size_t member, std::string& out) const;
  // The time that a string spells: RFC 3339, or with "UTC" at its end as older versions of the AWS
  // CLI have it.
  std::optional<UnixSeconds> time(std::size_t member) const;
  std::optional<std::uint64_t> unsigned_integer(std::size_t member) const noexcept {
    return reader_.unsigned_integer(member);
  }
  const json::Member& member(std::size_t member) const noexcept { return reader_.member(member); }

 private:
  json::Reader reader_;
};

// A member at the top level of an object, or one level below, and the text it is to have.
struct StringMember {
  std::string_view path;  // "refreshToken" or "accessToken.expiresAt"
  std::string_view value;
};

// Writes `text` with these members into `out`; everything else stays byte for byte. A member that
// is not there is added in front, if its object is there and has others. Errors: invalid_json.
Status with_members(std::string_view text, std::span<const StringMember> members, Secret& out);

// One cache file as this process knows it: what stands on disk, or what should but could not be
// written, as where the folder is mounted for reading only; that serves until the file changes. And
// when a renewal was last tried. One thread at a time; what is kept is swapped whole, so that a
// child that is forked meanwhile finds the one or the other.
class CachedJson {
 public:
  // Errors: those of read_cached_json.
  Status read(const std::string& path, Secret& out) const;
  void store(const std::string& path, std::string_view text);

  struct Attempt {
    std::string path;
    config::FileStamp stamp;  // of the file afterwards
    UnixSeconds at = 0;
    UnixSeconds next_at = 0;
    std::optional<Error> failure;
  };
  // The last attempt to renew what stands in the file, unless another one is due: its time has
  // come, the clock was set back, or the file has changed.
  const Attempt* recent_attempt(const std::string& path, UnixSeconds now) const;
  void note_attempt(const std::string& path, UnixSeconds now, UnixSeconds pause_s,
                    std::optional<Error> failure);

 private:
  struct Unwritten {
    std::string path;
    config::FileStamp stamp;  // of the file that could not be replaced
    Secret text;
  };
  std::unique_ptr<const Unwritten> unwritten_;
  std::unique_ptr<const Attempt> attempt_;
};

}  // namespace costmark
