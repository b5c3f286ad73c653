#include "attribution/project.hpp"

#include <algorithm>
#include <string>

#include "costmark/attribution.hpp"
#include "text.hpp"

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

Status check_characters(std::string_view id, std::string_view where) {
  if (id.empty()) return invalid(where, "the project id is empty");
  if (id.size() > max_project_id_length) {
    return invalid(where, "the project id has " + std::to_string(id.size()) + " characters");
  }
  const auto* bad = std::find_if_not(id.begin(), id.end(), is_id_character);
  if (bad != id.end()) {
    const auto offset = static_cast<std::uint64_t>(bad - id.begin());
    return invalid(
        where,
        "the project id has a character that is not allowed at byte " + std::to_string(offset),
        offset);
  }
  return {};
}

// The part after "project/" of a project ARN, which is bedrock-mantle's, or bedrock's for the
// default project of runtime hosts; empty when `text` is none.
std::string_view id_of_arn(std::string_view text) noexcept {
  constexpr std::string_view resource = ":project/";
  if (!text.starts_with("arn:")) return {};
  const auto service = text.find(':', 4);
  if (service == std::string_view::npos) return {};
  const bool mantle = text.substr(service + 1).starts_with("bedrock-mantle:");
  if (!mantle && !text.substr(service + 1).starts_with("bedrock:")) return {};
  const auto at = text.find(resource);
  if (at == std::string_view::npos) return {};
  const std::string_view id = text.substr(at + resource.size());
  return mantle || id == default_project ? id : std::string_view{};
}

}  // namespace

Result<std::string_view> project_id_in_request(std::string_view text, std::string_view where) {
  const std::string_view of_arn = id_of_arn(text);
  const std::string_view id = of_arn.empty() ? text : of_arn;
  if (Status status = check_characters(id, where); !status) return status;
  return id;
}

}  // namespace costmark::attribution

namespace costmark {

Status check_project_id(std::string_view id, std::string_view where) {
  if (id == attribution::default_project) {
    return {Code::invalid_project,
            std::string(where) +
                ": 'default' is reserved for the endpoint's own project, which cannot be tagged; "
                "leave the project out to use it"};
  }
  return attribution::check_characters(id, where);
}

}  // namespace costmark
