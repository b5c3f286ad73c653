#include "client/project_tags.hpp"

#include <algorithm>
#include <utility>

#include "attribution/project.hpp"
#include "base/text.hpp"
#include "costmark/attribution.hpp"
#include "json/value.hpp"

namespace costmark::client {
namespace {

Error of_option(std::string what, std::size_t offset) {
  return {Code::invalid_option,
          "option 'tags': " + std::move(what) + " at byte " + std::to_string(offset) +
              "; it reads PROJECT: NAME=VALUE, NAME=VALUE; and ';' separates projects",
          offset};
}

bool is_project(std::string_view id) {
  return id == attribution::default_project || check_project_id(id, "").ok();
}

// Tags have the bounds of labels. The error tells of "label"s; `whose` says that they are tags.
Status check_tags(std::span<const NameValue> tags, const std::string& whose) {
  Status status = check_labels(tags);
  if (status) return status;
  return {Code::invalid_option, whose + ": as labels of a row, " + status.error().message};
}

// "NAME=VALUE, NAME=VALUE", which begins at `offset`.
Result<std::vector<NameValue>> tags_in(std::string_view text, std::size_t offset) {
  std::vector<NameValue> tags;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return of_option("a tag without '='", offset + begin);
    tags.push_back({text::trimmed(part.substr(0, equals)), text::trimmed(part.substr(equals + 1))});
    begin = end + 1;
  }
  return tags;
}

std::string text_member(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value != nullptr && value->kind == json::Kind::string ? value->text : std::string();
}

// The tags of a project in a lock file. False when they are something else.
bool read_tags(const json::Value& project, std::vector<NameValue>& tags) {
  const json::Value* given = project.find("tags");
  if (given == nullptr || given->kind == json::Kind::null) return true;
  if (given->kind != json::Kind::object) return false;
  for (const auto& [name, value] : given->members) {
    if (value.kind != json::Kind::string) return false;
    tags.push_back({name, value.text});
  }
  return true;
}

}  // namespace

Status ProjectTags::add_option(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(';', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t at = std::exchange(begin, end + 1);
    if (text::trimmed(part).empty()) continue;
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) return of_option("a project without ':'", at);
    const std::string_view id = text::trimmed(part.substr(0, colon));
    if (!is_project(id)) return of_option(text::quoted(id) + " is not a project id", at);
    auto tags = tags_in(part.substr(colon + 1), at + colon + 1);
    if (!tags) return std::move(tags).status();
    if (Status status = check_tags(tags.value(), "option 'tags'"); !status) return status;
    Entry entry;
    entry.tags.assign(tags.value());
    projects_[std::string(id)].push_back(std::move(entry));
  }
  return {};
}

Status ProjectTags::add_lock(std::string_view text, std::string_view file) {
  const std::string whose = "the lock file " + std::string(file);
  Result<json::Value> root = json::parse_value(text);
  if (!root) {
    const Error& error = root.error();
    return {Code::invalid_option, whose + ": " + error.message, error.offset};
  }
  const json::Value* projects = root.value().find("projects");
  if (projects == nullptr || projects->kind != json::Kind::array) {
    return {Code::invalid_option, whose + " has no array 'projects'"};
  }
  for (std::size_t i = 0; i < projects->elements.size(); ++i) {
    const json::Value& project = projects->elements[i];
    const std::string place = whose + ": project " + std::to_string(i + 1);
    const std::string id = text_member(project, "id");
    if (!is_project(id)) return {Code::invalid_option, place + " has no project id in 'id'"};
    std::vector<NameValue> tags;
    if (!read_tags(project, tags)) {
      return {Code::invalid_option, place + ": 'tags' is not an object of texts"};
    }
    if (Status status = check_tags(tags, place); !status) return status;
    Entry entry{text_member(project, "account"), text_member(project, "region"), {}};
    entry.tags.assign(tags);
    projects_[id].push_back(std::move(entry));
  }
  return {};
}

std::span<const NameValue> ProjectTags::of(std::string_view account, std::string_view region,
                                           std::string_view project) const noexcept {
  if (projects_.empty()) return {};
  const auto found = projects_.find(project);
  if (found == projects_.end()) return {};
  const auto may_be = [](std::string_view known, std::string_view other) {
    return known.empty() || other.empty() || known == other;
  };
  for (const Entry& entry : found->second) {
    if (may_be(entry.account, account) && may_be(entry.region, region)) return entry.tags.view();
  }
  return {};
}

}  // namespace costmark::client
