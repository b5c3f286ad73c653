// An edit changes the members it names and no byte beside them; it never turns invalid text into
// valid, nor valid into invalid. Input: a path, a value, the text.
#include <algorithm>
#include <array>
#include <optional>

#include "core/json/reference.hpp"
#include "costmark/json.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;
using json::Document;
using json::Mode;
using json::reference::Data;

std::vector<std::string> names_in(std::string_view path) {
  std::vector<std::string> names(1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '.') {
      names.emplace_back();
    } else {
      names.back() += path[i] == '\\' && i + 1 < path.size() ? path[++i] : path[i];
    }
  }
  return names;
}

// The member that `names` leads to, taken out; and every parent that this leaves empty, as an edit
// may have made it.
std::optional<Data> take_out(Data& from, const std::vector<std::string>& names, std::size_t at) {
  const auto entry = from.members.find(names[at]);
  if (entry == from.members.end()) return std::nullopt;
  std::optional<Data> taken;
  if (at + 1 == names.size()) {
    taken = entry->second;
  } else {
    taken = take_out(entry->second, names, at + 1);
  }
  const bool emptied = entry->second.object && entry->second.members.empty();
  if (at + 1 == names.size() || emptied) from.members.erase(entry);
  return taken;
}

// How many bytes at both ends two texts have in common, at most `limit`.
std::size_t common_ends(std::string_view a, std::string_view b, std::size_t limit) {
  std::size_t front = 0;
  while (front < limit && a[front] == b[front]) ++front;
  std::size_t back = 0;
  while (front + back < limit && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  return front + back;
}

void check_bytes(std::string_view before, std::string_view after, const json::Member& member,
                 std::optional<std::string_view> value) {
  if (value && member.count == 1) {
    const std::string expected = std::string(before.substr(0, member.value_begin)) +
                                 std::string(*value) + std::string(before.substr(member.value_end));
    COSTMARK_HOLDS(after == expected);
  } else if (!value && member.count == 0) {
    COSTMARK_HOLDS(after == before);
  } else if (member.count <= 1) {  // one stretch came or went
    const std::size_t shorter = std::min(before.size(), after.size());
    COSTMARK_HOLDS(common_ends(before, after, shorter) == shorter);
  }
}

void check_meaning(std::string_view before, std::string_view after, std::string_view path,
                   std::optional<std::string_view> value) {
  const std::vector<std::string> names = names_in(path);
  Data old_data = json::reference::data(before);
  Data new_data = json::reference::data(after);
  take_out(old_data, names, 0);
  const std::optional<Data> found = take_out(new_data, names, 0);
  COSTMARK_HOLDS(found.has_value() == value.has_value());
  if (value) COSTMARK_HOLDS(*found == json::reference::data(*value));
  COSTMARK_HOLDS(new_data == old_data);
}

// Carries out one edit, if it is possible, and returns what became of the text.
std::optional<std::string> edit(std::string_view text, std::string_view path,
                                std::optional<std::string_view> value, Mode mode) {
  Document document;
  const std::array<std::string_view, 1> paths{path};
  if (!document.open(text, paths, mode)) return std::nullopt;
  const json::Member member = document.member(0);
  COSTMARK_HOLDS(member.value_begin <= member.value_end && member.value_end <= text.size());
  if (!(value ? document.set(0, *value) : document.remove(0))) return std::nullopt;
  const Result<std::string_view> edited = document.finish();
  if (!edited) {
    COSTMARK_HOLDS(mode == Mode::lenient && edited.error().code == Code::invalid_json);
    COSTMARK_HOLDS(!json::validate(text));
    return std::nullopt;
  }
  const std::string after(edited.value());
  const bool valid = json::validate(text).ok();
  COSTMARK_HOLDS(json::validate(after).ok() == valid);
  check_bytes(text, after, member, value);
  if (valid) check_meaning(text, after, path, value);
  return after;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string path = input.field();
  const std::string value = input.field();
  const std::string_view text = input.rest();
  for (const std::optional<std::string_view>& what :
       {std::optional<std::string_view>(value), std::optional<std::string_view>()}) {
    const auto lenient = edit(text, path, what, Mode::lenient);
    const auto strict = edit(text, path, what, Mode::strict);
    if (strict) COSTMARK_HOLDS(lenient == strict);
    if (json::validate(text)) COSTMARK_HOLDS(lenient == strict);
  }
  return 0;
}
