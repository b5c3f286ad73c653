#include "client/lock_file.hpp"

#include <array>
#include <deque>
#include <unordered_set>
#include <utility>

#include "attribution/project.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "costmark/projects.hpp"
#include "json/cursor.hpp"
#include "json/strings.hpp"

namespace costmark::client {
namespace {

using json::Kind;
using json::RawValue;

constexpr std::size_t largest_file = std::size_t{16} << 20U;
constexpr std::size_t longest_shown = 60;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view version = "1";

std::string_view kind_name(Kind kind) noexcept {
  constexpr std::array<std::string_view, 7> names{
      "nothing", "null", "true or false", "a number", "a string", "an array", "an object"};
  return names[static_cast<std::size_t>(kind)];
}

// Reads the text in one pass. The first thing that is wrong ends it.
class LockParser {
 public:
  LockParser(std::string_view text, const std::string& path) : text_(text) { lock_.path = path; }

  Result<LockFile> parse() {
    if (check_text() && take_root() && check_end()) return std::move(lock_);
    if (cursor_.has_failed()) fail_at_trouble();
    return std::move(error_);
  }

 private:
  // The names of one object, for the one that occurs twice.
  using Seen = std::unordered_set<std::string>;

  bool fail(std::size_t offset, const std::string& what) {
    error_.code = Code::invalid_option;
    error_.message = "option 'lock': " + lock_.path + ", " + text::place_in(text_, offset) + ": " +
                     what +
                     "; the file is a cache: remove it, and `costmark projects apply` writes it "
                     "anew";
    error_.offset = offset;
    return false;
  }

  void fail_at_trouble() {
    const json::Trouble& trouble = cursor_.trouble();
    using Fault = json::Trouble::Kind;
    switch (trouble.kind) {
      case Fault::none:
        break;
      case Fault::grammar:
        fail(trouble.offset, std::string("this is not JSON: ") + trouble.message);
        break;
      case Fault::fraction:
      case Fault::huge:
        fail(trouble.offset, "a number that no lock has");
        break;
      case Fault::doubled:
        fail(trouble.offset,
             "member " + text::shown(trouble.subject, longest_shown) + " occurs twice");
        break;
      case Fault::deep:
        fail(trouble.offset, "it is nested too deeply");
        break;
    }
  }

  bool check_text() {
    if (text_.starts_with(byte_order_mark)) {
      return fail(0, "it begins with a byte order mark; save it as UTF-8 without one");
    }
    const char* p = text_.data();
    const char* const end = p + text_.size();
    while (p != end) {
      const std::size_t length = text::utf8_length(p, end);
      if (length == 0) return fail(static_cast<std::size_t>(p - text_.data()), "it is not UTF-8");
      p += length;
    }
    cursor_.open(text_);
    return true;
  }

  bool check_end() {
    cursor_.skip_space();
    return cursor_.at_end() || fail(cursor_.offset(), "something stands behind the lock's object");
  }

  // Goes through an object; `take` is called with the name and the place of each value.
  template <class Take>
  bool take_object(std::string_view whose, Take take) {
    cursor_.skip_space();
    const std::size_t begin = cursor_.offset();
    if (!cursor_.enter('{')) return wrong_kind(begin, whose, "an object");
    Seen seen;
    RawValue name;
    for (;;) {
      const json::Cursor::Next next = cursor_.next_name(name);
      if (next != json::Cursor::Next::more) return next == json::Cursor::Next::end;
      const auto at = static_cast<std::size_t>(name.raw.data() - text_.data());
      std::string plain;
      if (!json::unescape(name.raw, plain)) return fail(at, "a name has half a character");
      const auto [kept, is_new] = seen.insert(std::move(plain));
      if (!is_new) {
        return fail(at, "member " + text::shown(*kept, longest_shown) + " occurs twice");
      }
      if (!take(std::string_view(*kept), cursor_.offset())) return false;
    }
  }

  bool wrong_kind(std::size_t offset, std::string_view whose, std::string_view wanted) {
    RawValue value;
    if (!cursor_.take(value)) return false;
    return fail(offset, std::string(whose) + " is " + std::string(kind_name(value.kind)) +
                            " and not " + std::string(wanted));
  }

  bool skip() {
    RawValue ignored;
    return cursor_.take(ignored);
  }

  // A string; null counts as none.
  bool take_text(const std::string& whose, std::size_t offset, std::string& out) {
    RawValue value;
    if (!cursor_.take(value)) return false;
    if (value.kind == Kind::null) return true;
    if (value.kind != Kind::string) {
      return fail(offset,
                  whose + " is " + std::string(kind_name(value.kind)) + " and not a string");
    }
    return json::unescape(value.raw, out) || fail(offset, whose + " has half a character");
  }

  bool take_root() {
    bool has_projects = false;
    const bool taken = take_object("the lock", [&](std::string_view name, std::size_t offset) {
      if (name == "version") return take_version(offset);
      if (name != "projects") return skip();
      has_projects = true;
      return take_projects(offset);
    });
    return taken && (has_projects || fail(cursor_.offset(), "it has no array 'projects'"));
  }

  bool take_version(std::size_t offset) {
    RawValue value;
    if (!cursor_.take(value)) return false;
    if (value.kind == Kind::number && value.raw == version) return true;
    return fail(offset, "'version' is " + text::shown(value.raw, longest_shown) +
                            "; this costmark reads version 1");
  }

  bool take_projects(std::size_t offset) {
    if (!cursor_.enter('[')) return wrong_kind(offset, "'projects'", "an array");
    for (;;) {
      const json::Cursor::Next next = cursor_.next_element();
      if (next != json::Cursor::Next::more) return next == json::Cursor::Next::end;
      if (!take_project()) return false;
    }
  }

  bool take_project() {
    LockedProject& entry = lock_.projects.emplace_back();
    const std::size_t begin = cursor_.offset();
    const std::string whose = "project " + std::to_string(lock_.projects.size());
    const auto take = [&](std::string_view name, std::size_t offset) {
      return take_member(whose, entry, name, offset);
    };
    if (!take_object(whose, take)) return false;
    return !entry.project.id.empty() || fail(begin, whose + " has no project id in 'id'");
  }

  bool take_member(const std::string& whose, LockedProject& entry, std::string_view name,
                   std::size_t offset) {
    if (name == "tags") return take_tags(whose, offset, entry.tags);
    attribution::NamedProject& project = entry.project;
    std::string* const member = name == "id"        ? &project.id
                                : name == "name"    ? &project.name
                                : name == "account" ? &project.account
                                : name == "region"  ? &project.region
                                : name == "plane"   ? &project.plane
                                                    : nullptr;
    if (member == nullptr) return skip();
    if (!take_text(whose + ": '" + std::string(name) + "'", offset, *member)) return false;
    if (member->empty()) return true;
    const std::string wrong = fault_of(name, *member);
    return wrong.empty() || fail(offset, whose + ": " + wrong);
  }

  // What is wrong with a member of a project; empty where nothing is.
  static std::string fault_of(std::string_view name, const std::string& value) {
    const auto is_no = [&](std::string_view what) {
      return "'" + std::string(name) + "' is " + text::shown(value, longest_shown) +
             ", which is no " + std::string(what);
    };
    if (name == "id") {
      const bool is_id = attribution::is_project_id(value);
      return is_id ? std::string() : is_no("project id, such as proj_5d5ykleja6cw");
    }
    if (name == "name") {
      const Status status = check_project_name(value);
      return status ? std::string() : "'name': " + status.error().message;
    }
    if (name == "region" && !text::is_region(value)) return is_no("region, such as us-east-1");
    if (name == "plane" && value != "mantle" && value != "bedrock") {
      return is_no("plane: mantle or bedrock");
    }
    return {};
  }

  bool take_tags(const std::string& whose, std::size_t begin, NameValues& out) {
    if (text_.substr(begin).starts_with("null")) return skip();
    std::deque<std::pair<std::string, std::string>> kept;
    std::vector<NameValue> tags;
    const auto take = [&](std::string_view name, std::size_t offset) {
      auto& [key, value] = kept.emplace_back(name, std::string());
      if (!take_text(whose + ": tag " + text::shown(name, longest_shown), offset, value)) {
        return false;
      }
      tags.push_back({key, value});
      return true;
    };
    if (!take_object(whose + ": 'tags'", take)) return false;
    // They have the bounds of labels, and the error tells of those.
    if (Status status = check_labels(tags); !status) {
      return fail(begin, whose + ": 'tags': as labels of a row, " + status.error().message);
    }
    out.assign(tags);
    return true;
  }

  const std::string_view text_;
  LockFile lock_;
  json::Cursor cursor_;
  Error error_;
};

}  // namespace

attribution::ProjectNames LockFile::names() const {
  std::vector<attribution::NamedProject> known;
  known.reserve(projects.size());
  for (const LockedProject& each : projects) known.push_back(each.project);
  return {path, std::move(known)};
}

Result<LockFile> parse_lock_file(std::string_view text, const std::string& path) {
  return LockParser(text, path).parse();
}

Result<LockFile> configured_lock_file(const Options& options) {
  const std::string path(options.text("lock"));
  if (path.empty()) return LockFile();
  std::string text;
  const FileRead read = read_file(path, largest_file, text);
  if (read.ok()) return parse_lock_file(text, path);
  std::string why = read.reason();
  if (read.fault == FileRead::Fault::irregular) why = "it is not a regular file";
  if (read.fault == FileRead::Fault::too_large) why = "it is larger than 16 MiB";
  return Error{Code::invalid_option, "option 'lock': " + path + " cannot be read: " + why +
                                         "; `costmark projects apply` writes it"};
}

}  // namespace costmark::client
