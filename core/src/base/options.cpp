#include "costmark/options.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/cleanse.hpp"
#include "base/text.hpp"
#include "costmark/url.hpp"
#include "costmark/variables.hpp"

namespace costmark {
namespace {

// Calls `visit` with each part of `text`, trimmed, empty ones left out.
template <class Visit>
void for_each_part(std::string_view text, char separator, Visit visit) {
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(separator, begin), text.size());
    if (const auto part = text::trimmed(text.substr(begin, end - begin), " "); !part.empty())
      visit(part);
    begin = end + 1;
  }
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What a caller gave, as an error may show it: short, and in ASCII that can be printed, since it
// need not be UTF-8 or is cut in the middle of a character.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 64;
  std::string result(text.substr(0, longest));
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  }
  if (text.size() > longest) result += "...";
  return "'" + result + "'";
}

Status invalid(const OptionInfo& option, std::string_view what) {
  return {Code::invalid_option, "option '" + std::string(option.name) + "': " + std::string(what)};
}

bool is_choice(std::string_view value, std::string_view choices) {
  bool found = false;
  for_each_part(choices, '|', [&](std::string_view choice) { found |= choice == value; });
  return found;
}

std::string spelled_out(std::string_view choices) {
  std::string text;
  for_each_part(choices, '|', [&](std::string_view choice) {
    if (!text.empty()) text += ", ";
    text += choice;
  });
  return text;
}

Status check_characters(const OptionInfo& option, std::string_view value) {
  const auto* bad = std::find_if(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (bad == value.end()) return {};
  const auto offset = static_cast<std::uint64_t>(bad - value.begin());
  return {Code::invalid_option,
          "option '" + std::string(option.name) + "': control character at byte " +
              std::to_string(offset),
          offset};
}

Status check_choice(const OptionInfo& option, std::string_view value) {
  if (is_choice(value, option.choices)) return {};
  return invalid(option, shown(value) + " is not one of " + spelled_out(option.choices));
}

Status check_list(const OptionInfo& option, std::string_view value) {
  Status status;
  if (option.choices.empty()) return status;
  for_each_part(value, ',', [&](std::string_view part) {
    if (status.ok()) status = check_choice(option, part);
  });
  return status;
}

Status check_integer(const OptionInfo& option, std::string_view value) {
  const auto number = parse_integer(value);
  if (number && *number >= option.minimum && *number <= option.maximum) return {};
  return invalid(option, shown(value) + " is not an integer from " +
                             std::to_string(option.minimum) + " to " +
                             std::to_string(option.maximum));
}

Status check_url(const OptionInfo& option, std::string_view value) {
  Result<Url> url = parse_url(value);
  if (url) return {};
  return {Code::invalid_option, "option '" + std::string(option.name) + "': " + url.error().message,
          url.error().offset};
}

Status check_value(const OptionInfo& option, std::string_view value) {
  if (Status status = check_characters(option, value); !status) return status;
  if (value.empty()) return {};
  switch (option.type) {
    case OptionType::text:
    case OptionType::secret:
      return {};
    case OptionType::boolean:
      if (parse_boolean(value)) return {};
      return invalid(option, shown(value) + " is neither true nor false");
    case OptionType::integer:
      return check_integer(option, value);
    case OptionType::choice:
      return check_choice(option, value);
    case OptionType::list:
      return check_list(option, value);
    case OptionType::url:
      return check_url(option, value);
  }
  return {};
}

// The option whose name is nearest; null when none is near.
const OptionInfo* nearest_option(std::string_view name) {
  const OptionInfo* nearest = nullptr;
  std::size_t distance = 4;  // further away it is no slip of the pen
  for (const OptionInfo& option : option_table()) {
    if (name.size() > 2 * option.name.size()) continue;
    if (const auto d = text::edit_distance(name, option.name, distance); d < distance) {
      distance = d;
      nearest = &option;
    }
  }
  return nearest;
}

Status unknown_option(std::string_view name) {
  std::string message = "unknown option " + shown(name);
  const OptionInfo* nearest = nearest_option(name);
  std::string all;
  for (const OptionInfo& option : option_table()) {
    if (!all.empty()) all += ", ";
    all += option.name;
  }
  if (nearest != nullptr) message += "; did you mean '" + std::string(nearest->name) + "'?";
  return {Code::invalid_option, message + (nearest ? " K" : "; k") + "nown options: " + all};
}

std::string environment_name(std::string_view option) {
  std::string name = "COSTMARK_";
  for (const char c : option) name.push_back(text::upper(c));
  return name;
}

constexpr std::string_view variable_prefix = "COSTMARK_";

// Variables that are not options: where other languages find the library.
constexpr std::array other_variables{std::string_view("COSTMARK_LIBRARY"),
                                     std::string_view("COSTMARK_LIB_DIR")};

// What is wrong with a variable; empty when nothing is.
std::string about_variable(std::string_view name) {
  if (!name.starts_with(variable_prefix)) return {};
  if (std::find(other_variables.begin(), other_variables.end(), name) != other_variables.end()) {
    return {};
  }
  std::string option;
  for (const char c : name.substr(variable_prefix.size())) option.push_back(text::lower(c));
  const OptionInfo* nearest = nearest_option(option);
  if (nearest != nullptr && environment_name(nearest->name) == name) return {};
  std::string message =
      "costmark: the variable " + std::string(name) + " is no option of costmark and is not read";
  if (nearest != nullptr) {
    message += "; did you mean " + environment_name(nearest->name) + "?";
  } else {
    message += "; `costmark options` lists those that are";
  }
  return message;
}

}  // namespace

std::vector<std::string> unknown_variables(std::span<const std::string_view> names) {
  std::vector<std::string> warnings;
  for (const std::string_view name : names) {
    if (std::string warning = about_variable(name); !warning.empty()) {
      warnings.push_back(std::move(warning));
    }
  }
  return warnings;
}

std::vector<std::string> unknown_process_variables() {
  std::vector<std::string_view> names;
  if (process_environment_is_withheld()) return {};
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.starts_with(variable_prefix)) names.push_back(text.substr(0, text.find('=')));
  }
  std::sort(names.begin(), names.end());
  return unknown_variables(names);
}

const OptionInfo* find_option(std::string_view name) noexcept {
  const auto table = option_table();
  const auto at = std::lower_bound(
      table.begin(), table.end(), name,
      [](const OptionInfo& option, std::string_view wanted) { return option.name < wanted; });
  return at != table.end() && at->name == name ? &*at : nullptr;
}

Options::Value::Value(std::string value_text, std::string value_origin)
    : text(std::move(value_text)), origin(std::move(value_origin)) {}

Options::Value& Options::Value::operator=(const Value& other) {
  if (this == &other) return *this;
  cleanse(text);
  text = other.text;
  origin = other.origin;
  return *this;
}

Options::Value::~Value() {
  cleanse(text);
}

Status Options::set(std::string_view name, std::string_view value) {
  const OptionInfo* option = find_option(name);
  if (option == nullptr) return unknown_option(name);
  if (Status status = check_value(*option, value); !status) return status;
  values_.insert_or_assign(option->name, Value(std::string(value), "set"));
  return {};
}

Status Options::load_environment(const Environment& environment) {
  for (const OptionInfo& option : option_table()) {
    if (values_.contains(option.name)) continue;
    const std::string variable = environment_name(option.name);
    std::optional<std::string> value = environment(variable);
    if (!value || value->empty()) continue;
    if (Status status = check_value(option, *value); !status) {
      Error error = std::move(status).take();
      error.message = variable + ": " + error.message;
      return error;
    }
    values_.insert_or_assign(option.name, Value(*std::move(value), variable));
  }
  return {};
}

std::string_view Options::text(std::string_view name) const {
  const auto value = values_.find(name);
  // An empty value means "not set", as it does in the environment.
  if (value != values_.end() && !value->second.text.empty()) return value->second.text;
  const OptionInfo* option = find_option(name);
  return option == nullptr ? std::string_view{} : option->default_value;
}

bool Options::boolean(std::string_view name) const {
  return parse_boolean(text(name)).value_or(false);
}

std::int64_t Options::integer(std::string_view name) const {
  return parse_integer(text(name)).value_or(0);
}

std::vector<std::string_view> Options::list(std::string_view name) const {
  std::vector<std::string_view> parts;
  for_each_part(text(name), ',', [&](std::string_view part) { parts.push_back(part); });
  return parts;
}

std::string_view Options::origin(std::string_view name) const {
  const auto value = values_.find(name);
  return value == values_.end() ? std::string_view{} : std::string_view(value->second.origin);
}

}  // namespace costmark
