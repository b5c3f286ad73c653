#include "client/prepare/request_metadata.hpp"

#include <algorithm>
#include <utility>

#include "base/character.hpp"
#include "base/text.hpp"
#include "costmark/json.hpp"
#include "json/value.hpp"

namespace costmark::client {
namespace {

constexpr std::size_t most_entries = 16;
constexpr std::size_t longest_value = 256;
constexpr std::size_t longest_metadata = 8500;
constexpr std::size_t longest_name_shown = 60;

Status refused(const std::string& what) {
  return {Code::invalid_argument, "option 'labels_as_metadata': " + what};
}

constexpr bool is_metadata_character(char c) noexcept {
  constexpr std::string_view marks = " :_@$#=/+,-.";
  return text::is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
}

Status check_characters(std::string_view value, const std::string& whose) {
  const auto* const bad = std::find_if_not(value.begin(), value.end(), is_metadata_character);
  if (bad == value.end()) return {};
  const auto at = static_cast<std::size_t>(bad - value.begin());
  return refused(whose + " has " + text::character_at(value, at) + " at byte " +
                 std::to_string(at) +
                 ", which request metadata may not have; it takes letters, digits and spaces of "
                 "ASCII and any of : _ @ $ # = / + , - .");
}

Status check_label(const NameValue& label) {
  const std::string name = text::shown(label.name, longest_name_shown);
  if (Status status = check_characters(label.name, "the name of label " + name); !status) {
    return status;
  }
  const std::string whose = "the value of label " + name;
  if (label.value.size() > longest_value) {
    return refused(whose + " has " + std::to_string(label.value.size()) +
                   " bytes; a value of request metadata has at most 256");
  }
  return check_characters(label.value, whose);
}

}  // namespace

Status add_to_metadata(std::string_view given, std::span<const NameValue> labels,
                       std::string& out) {
  json::Value known;
  if (!given.empty()) {
    Result<json::Value> read = json::parse_value(given);
    if (!read) return std::move(read).status();
    known = std::move(read).value();
  }
  std::size_t entries = known.members.size();
  out = given.empty() ? "{" : given.substr(0, given.rfind('}'));
  for (const NameValue& label : labels) {
    if (known.find(label.name) != nullptr) continue;
    if (Status status = check_label(label); !status) return status;
    if (entries++ > 0) out += ',';
    json::append_string(out, label.name);
    out += ':';
    json::append_string(out, label.value);
  }
  out += '}';
  if (entries > most_entries) {
    return refused("labels and the request's own metadata are " + std::to_string(entries) +
                   " entries; request metadata has at most 16");
  }
  if (out.size() <= longest_metadata) return {};
  return refused("labels and the request's own metadata have " + std::to_string(out.size()) +
                 " bytes; request metadata has at most 8,500");
}

}  // namespace costmark::client
