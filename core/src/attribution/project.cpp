#include "attribution/project.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "costmark/attribution.hpp"

namespace costmark::attribution {
namespace {

constexpr std::size_t max_project_id_length = 128;

constexpr bool is_id_character(char c) noexcept {
  return text::is_alphanumeric(c) || c == '_' || c == '-';
}

Status invalid(std::string_view where, std::string_view what,
               std::optional<std::uint64_t> offset = std::nullopt) {
  std::string message(where);
  message += ": ";
  message += what;
  message += "; a project id has 1 to 128 letters, digits, '_' or '-', such as proj_5d5ykleja6cw";
  return {Code::invalid_project, std::move(message), offset};
}

// The part after "project/" of a project ARN, of either plane; empty when `text` is none.
std::string_view id_of_arn(std::string_view text) noexcept {
  constexpr std::string_view resource = ":project/";
  if (!text.starts_with("arn:")) return {};
  const auto service = text.find(':', 4);
  if (service == std::string_view::npos) return {};
  const std::string_view rest = text.substr(service + 1);
  if (!rest.starts_with("bedrock-mantle:") && !rest.starts_with("bedrock:")) return {};
  const auto at = rest.find(resource);
  return at == std::string_view::npos ? std::string_view() : rest.substr(at + resource.size());
}

// A key that was put in the wrong place.
bool looks_like_key(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 4> beginnings{"ABSK", "bedrock-api-key-", "sk-",
                                                       "Bearer "};
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [text](std::string_view each) { return text.starts_with(each); });
}

bool may_be_name(std::string_view text) noexcept {
  constexpr std::ptrdiff_t longest = 127;
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  return text != default_project && !text.starts_with("arn:") && characters <= longest &&
         !looks_like_key(text) && !text::trimmed(text).empty() && text::is_utf8(text) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// What was probably meant by a text that is no id; empty where that cannot be told.
std::string guess(std::string_view given) {
  const std::string_view bare = text::trimmed(given);
  if (!bare.empty() && std::all_of(bare.begin(), bare.end(), is_id_character)) {
    return "there is white space around the id; leave it out";
  }
  const std::string text = shown_project(given);
  if (text.empty()) return {};
  if (given.starts_with("arn:")) return text + " is an ARN, and not one of a project";
  if (given.find_first_of("/:?#\t\r\n") != std::string_view::npos) return {};
  return text +
         " looks like a project's name; take its id, which `costmark projects list` shows, or name "
         "in option 'lock' the file costmark.lock that has both";
}

Status check_characters(std::string_view id, std::string_view where) {
  if (id.empty()) return invalid(where, "the project id is empty");
  if (id.size() > max_project_id_length) {
    return invalid(where, "the project id has " + std::to_string(id.size()) + " characters");
  }
  const auto* bad = std::find_if_not(id.begin(), id.end(), is_id_character);
  if (bad != id.end()) {
    const auto offset = static_cast<std::uint64_t>(bad - id.begin());
    std::string what =
        "the project id has a character that is not allowed at byte " + std::to_string(offset);
    if (const std::string meant = guess(id); !meant.empty()) what += ": " + meant;
    return invalid(where, what, offset);
  }
  return {};
}

}  // namespace

bool is_project_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= max_project_id_length &&
         std::all_of(text.begin(), text.end(), is_id_character);
}

std::string shown_project(std::string_view given) {
  constexpr std::size_t longest = 100;
  if (looks_like_key(given) || given.size() > longest ||
      given.find_first_of("+=") != std::string_view::npos) {
    return {};
  }
  std::string result(given);
  std::replace_if(result.begin(), result.end(), [](char c) { return c < 0x20 || c == 0x7F; }, '?');
  return text::quoted(result);
}

std::string_view without_arn(std::string_view text) noexcept {
  const std::string_view id = id_of_arn(text);
  return id.empty() ? text : id;
}

Result<std::string_view> project_id_in_request(std::string_view text, std::string_view where) {
  const std::string_view id = without_arn(text);
  if (Status status = check_characters(id, where); !status) return status;
  return id;
}

}  // namespace costmark::attribution

namespace costmark {

Status check_project_id(std::string_view text, std::string_view where) {
  const std::string_view id = attribution::without_arn(text);
  if (id == attribution::default_project) {
    return {Code::invalid_project,
            std::string(where) +
                ": 'default' is reserved for the endpoint's own project, which cannot be tagged; "
                "leave the project out to use it"};
  }
  return attribution::check_characters(id, where);
}

Status check_project(std::string_view text, std::string_view where) {
  Status status = check_project_id(text, where);
  return attribution::may_be_name(text) ? Status() : std::move(status);
}

}  // namespace costmark
