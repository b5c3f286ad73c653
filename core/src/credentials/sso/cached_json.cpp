#include "credentials/sso/cached_json.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "costmark/json.hpp"
#include "file.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

Status unusable(const std::string& path, const std::string& what) {
  return {Code::unusable_credentials, config::shown(path) + " " + what};
}

// 0, or what errno said.
int write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

// Text that takes the place of the bytes [begin, end).
struct Replacement {
  std::size_t begin;
  std::size_t end;
  std::string_view before;
  std::string_view value;  // becomes a JSON string
  std::string_view after;
};

}  // namespace

Status read_cached_json(const std::string& path, Secret& out) {
  const FileRead read = read_file(path, largest_cached_json, out.text);
  switch (read.fault) {
    case FileRead::Fault::none:
      return {};
    case FileRead::Fault::absent:
      return {Code::no_credentials, config::shown(path) + " does not exist"};
    case FileRead::Fault::irregular:
      return unusable(path, "is no regular file");
    case FileRead::Fault::too_large:
      return unusable(path,
                      "is larger than " + std::to_string(largest_cached_json >> 20U) + " MiB");
    case FileRead::Fault::failed:
      break;
  }
  return unusable(path, "cannot be read: " + read.reason());
}

Status write_cached_json(const std::string& path, std::string_view text) {
  const auto fault = [&](int error) {
    return unusable(path, std::string("cannot be written: ") + std::strerror(error));
  };
  // The AWS CLI takes every *.json in the folder for a token.
  constexpr std::string_view suffix = ".tmp";
  std::string temporary = path + ".XXXXXX" + std::string(suffix);
  Descriptor file(::mkostemps(temporary.data(), static_cast<int>(suffix.size()), O_CLOEXEC));
  if (file.get() < 0) return fault(errno);
  int error = write_all(file.get(), text);
  if (file.close() != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(temporary.c_str());
  return fault(error);
}

Status SecretObject::open(std::string_view text, std::span<const std::string_view> members) {
  if (Status status = json::validate(text); !status) return status;
  return reader_.open(text, members);
}

bool SecretObject::string(std::size_t member, std::string& out) const {
  out.reserve(reader_.raw(member).size());
  return reader_.string(member, out) && !out.empty();
}

std::optional<UnixSeconds> SecretObject::time(std::size_t member) const {
  std::string text;
  if (!string(member, text)) return std::nullopt;
  if (text.ends_with("UTC")) text.replace(text.size() - 3, 3, "Z");
  return parse_timestamp(text);
}

Status with_members(std::string_view text, std::span<const StringMember> members, Secret& out) {
  std::vector<std::string_view> paths;
  for (const StringMember& member : members) paths.push_back(member.path);
  for (const StringMember& member : members) {
    paths.push_back(member.path.substr(0, member.path.rfind('.')));
  }
  SecretObject object;
  if (Status status = object.open(text, paths); !status) return status;

  std::vector<Replacement> replacements;
  std::size_t size = text.size();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto [path, value] = members[i];
    const std::size_t dot = path.rfind('.');
    const json::Member& member = object.member(i);
    const json::Member& parent = object.member(members.size() + i);
    if (member) {
      replacements.push_back({member.value_begin, member.value_end, {}, value, {}});
    } else if (dot == std::string_view::npos) {
      const std::size_t inside = text.find('{') + 1;
      replacements.push_back({inside, inside, path, value, ","});
    } else if (parent.kind == json::Kind::object) {
      const std::size_t inside = parent.value_begin + 1;
      replacements.push_back({inside, inside, path.substr(dot + 1), value, ","});
    }
    size += path.size() + 6 * value.size() + 8;  // six bytes for one, where it must be escaped
  }
  std::stable_sort(replacements.begin(), replacements.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });

  cleanse(out.text);
  out.text.reserve(size);
  std::size_t place = 0;
  for (const Replacement& replacement : replacements) {
    out.text.append(text.substr(place, replacement.begin - place));
    if (!replacement.before.empty()) {
      json::append_string(out.text, replacement.before);
      out.text += ':';
    }
    json::append_string(out.text, replacement.value);
    out.text.append(replacement.after);
    place = replacement.end;
  }
  out.text.append(text.substr(place));
  return {};
}

Status CachedJson::read(const std::string& path, Secret& out) const {
  if (unwritten_ && unwritten_->path == path && unwritten_->stamp == config::FileStamp::of(path)) {
    out.text.reserve(unwritten_->text.text.size());
    out.text.assign(unwritten_->text.text);
    return {};
  }
  return read_cached_json(path, out);
}

void CachedJson::store(const std::string& path, std::string_view text) {
  auto next = std::make_unique<Unwritten>();
  next->path = path;
  next->stamp = config::FileStamp::of(path);
  next->text.text.assign(text);
  if (write_cached_json(path, text).ok()) next.reset();
  unwritten_ = std::move(next);
}

const CachedJson::Attempt* CachedJson::recent_attempt(const std::string& path,
                                                      UnixSeconds now) const {
  const bool recent = attempt_ && attempt_->path == path && now >= attempt_->at &&
                      now < attempt_->next_at && attempt_->stamp == config::FileStamp::of(path);
  return recent ? attempt_.get() : nullptr;
}

void CachedJson::note_attempt(const std::string& path, UnixSeconds now, UnixSeconds pause_s,
                              std::optional<Error> failure) {
  attempt_ = std::make_unique<Attempt>(
      Attempt{path, config::FileStamp::of(path), now, now + pause_s, std::move(failure)});
}

}  // namespace costmark
