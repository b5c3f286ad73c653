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

// A partition or a region.
bool is_word(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || text::is_digit(c) || c == '-';
  });
}

bool is_account(std::string_view text) noexcept {
  constexpr std::size_t digits = 12;
  return text.size() == digits && std::all_of(text.begin(), text.end(), text::is_digit);
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
  return text != default_project && !is_arn(text) && characters <= longest &&
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
  if (is_arn(given)) {
    return text + " is an ARN, and not one of a project, which reads arn:aws:" +
           std::string(bedrock_service) + ":REGION:ACCOUNT:project/ID, with 12 digits as ACCOUNT";
  }
  if (given.find_first_of("/:?#\t\r\n") != std::string_view::npos) return {};
  return text +
         " looks like a project's name; take its id, which `costmark projects list` shows, or name "
         "in option 'lock' the file costmark.lock that has both";
}

// Of `id`, the end of `text`.
Status check_characters(std::string_view id, std::string_view text, std::string_view where) {
  const std::string whose = id.size() == text.size() ? "the project id" : "the id of the ARN";
  if (id.empty()) return invalid(where, whose + " is empty");
  if (id.size() > max_project_id_length) {
    return invalid(where, whose + " has " + std::to_string(id.size()) + " characters");
  }
  const auto* bad = std::find_if_not(id.begin(), id.end(), is_id_character);
  if (bad != id.end()) {
    const auto offset = static_cast<std::uint64_t>(bad - text.begin());
    std::string what =
        whose + " has a character that is not allowed at byte " + std::to_string(offset);
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

bool is_arn(std::string_view text) noexcept {
  return text.starts_with("arn:");
}

ProjectArn parse_project_arn(std::string_view text) noexcept {
  constexpr std::string_view resource = "project/";
  if (!is_arn(text)) return {};
  std::array<std::string_view, 5> fields;  // arn, partition, service, region, account
  for (std::string_view& field : fields) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    field = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const auto& [arn, partition, service, region, account] = fields;
  const bool is_project = is_word(partition) && is_word(region) && is_account(account) &&
                          (service == mantle_service || service == bedrock_service) &&
                          text.starts_with(resource);
  if (!is_project) return {};
  return {service, region, account, text.substr(resource.size())};
}

std::string_view without_arn(std::string_view text) noexcept {
  const std::string_view id = parse_project_arn(text).id;
  return id.empty() ? text : id;
}

std::size_t end_of_project(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(text::white_space);
  if (begin == std::string_view::npos) return begin;
  std::size_t colons = is_arn(text.substr(begin)) ? 6 : 1;
  std::size_t at = begin;
  while ((at = text.find(':', at)) != std::string_view::npos && --colons > 0) ++at;
  return at;
}

Result<std::string_view> project_id_in_request(std::string_view text, std::string_view where) {
  const std::string_view id = without_arn(text);
  if (Status status = check_characters(id, text, where); !status) return status;
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
  return attribution::check_characters(id, text, where);
}

Status check_project(std::string_view text, std::string_view where) {
  Status status = check_project_id(text, where);
  return attribution::may_be_name(text) ? Status() : std::move(status);
}

}  // namespace costmark
