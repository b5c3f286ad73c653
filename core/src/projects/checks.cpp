// What names and tags may be, before anything is sent.
#include <algorithm>
#include <set>

#include "base/character.hpp"
#include "base/text.hpp"
#include "costmark/http.hpp"
#include "costmark/projects.hpp"

namespace costmark {
namespace {

constexpr std::string_view reserved_prefix = "aws:";

Status invalid(std::string message) {
  return {Code::invalid_argument, std::move(message)};
}

std::size_t characters_of(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

constexpr bool is_tag_character(char c) noexcept {
  constexpr std::string_view marks = " _.:/=+-@";
  return text::is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
}

constexpr std::size_t longest_shown = 60;

Status check_characters(std::string_view value, const std::string& what) {
  const auto* const bad = std::find_if_not(value.begin(), value.end(), is_tag_character);
  if (bad == value.end()) return {};
  const auto at = static_cast<std::size_t>(bad - value.begin());
  return invalid(what + " has " + text::character_at(value, at) + " at byte " + std::to_string(at) +
                 ", which tags may not have; they take letters, digits and spaces of ASCII and any "
                 "of _ . : / = + - @");
}

Status check_key(std::string_view key) {
  if (key.empty()) return invalid("a tag's key is empty; it has 1 to 128 characters");
  const std::string what = "the tag key " + text::shown(key, longest_shown);
  if (key.size() > longest_tag_key) {
    return invalid(what + " has " + std::to_string(key.size()) + " bytes; a key has at most 128");
  }
  if (equal_ignoring_case(key.substr(0, reserved_prefix.size()), reserved_prefix)) {
    return invalid(what + " begins with 'aws:', which is reserved for AWS; take another key");
  }
  return check_characters(key, what);
}

Status check_value(const ProjectTag& tag) {
  const std::string what = "the value of tag " + text::shown(tag.key, longest_shown);
  if (tag.value.size() > longest_tag_value) {
    return invalid(what + " has " + std::to_string(tag.value.size()) +
                   " bytes; a value has at most 256");
  }
  return check_characters(tag.value, what);
}

Status check_count(std::size_t count) {
  if (count <= most_project_tags) return {};
  return invalid(std::to_string(count) + " tags are given; a project has at most 50");
}

}  // namespace

Status check_project_name(std::string_view name) {
  if (!text::is_utf8(name)) return invalid("the project's name is not UTF-8");
  const std::size_t length = characters_of(name);
  if (length == 0 || length > longest_project_name) {
    return invalid("the project's name has " + std::to_string(length) +
                   " characters; a name has 1 to 127");
  }
  if (const auto* const bad = std::find_if(name.begin(), name.end(), is_control);
      bad != name.end()) {
    return invalid("the project's name has a control character at byte " +
                   std::to_string(bad - name.begin()));
  }
  if (text::trimmed(name).empty()) {
    return invalid(
        "the project's name is only white space; a name has at least one other character");
  }
  return {};
}

Status check_project_tags(std::span<const ProjectTag> tags) {
  if (Status status = check_count(tags.size()); !status) return status;
  std::set<std::string_view> seen;
  for (const ProjectTag& tag : tags) {
    if (Status status = check_key(tag.key); !status) return status;
    if (Status status = check_value(tag); !status) return status;
    if (!seen.insert(tag.key).second) {
      return invalid("the tag key " + text::shown(tag.key, longest_shown) + " is given twice");
    }
  }
  return {};
}

Status check_project_tag_keys(std::span<const std::string> keys) {
  if (Status status = check_count(keys.size()); !status) return status;
  for (const std::string& key : keys) {
    if (Status status = check_key(key); !status) return status;
  }
  return {};
}

}  // namespace costmark
