// Projects on the `bedrock` control plane, as the service model of botocore 1.44.8 has them: tags
// are a list, and a matter of calls of their own, which want an ARN.
#include "projects/bedrock_wire.hpp"

#include "base/text.hpp"
#include "projects/wire_json.hpp"
#include "signing/canonical.hpp"

namespace costmark::projects {
namespace {

std::string path_of(std::string_view id, std::string_view tail = {}) {
  return std::string("/projects/").append(id).append(tail);
}

std::string json_of(std::span<const ProjectTag> tags) {
  std::string list = "[";
  for (const ProjectTag& tag : tags) {
    if (list.size() > 1) list += ',';
    list += std::move(JsonObject().text("key", tag.key).text("value", tag.value)).finish();
  }
  return list += ']';
}

std::string retention(std::string_view mode) {
  return std::move(JsonObject().text("mode", mode)).finish();
}

std::string named(std::string_view verb, std::string_view id) {
  return std::string(verb) + " project " + text::quoted(id);
}

Ask post(std::string path, JsonObject&& body, std::string what, std::string_view project) {
  return {"POST", std::move(path), std::move(body).finish(), std::move(what), std::string(project)};
}

}  // namespace

Ask BedrockWire::create(const NewProject& project) const {
  JsonObject body;
  body.text("name", project.name);
  if (!project.tags.empty()) body.raw("tags", json_of(project.tags));
  if (!project.data_retention.empty()) body.raw("dataRetention", retention(project.data_retention));
  Ask ask = post("/projects", std::move(body), "create a project", {});
  ask.repeatable = false;
  return ask;
}

Ask BedrockWire::get(std::string_view id) const {
  return {"GET", path_of(id), {}, named("read", id), std::string(id)};
}

Ask BedrockWire::list(std::string_view from, bool include_archived) const {
  std::string path = "/projects?maxResults=100";
  if (!from.empty()) {
    path += "&nextToken=";
    signing::append_percent_encoded(from, path);
  }
  if (!include_archived) path += "&statusFilter=active";
  return {"GET", std::move(path), {}, "list the projects", {}};
}

Ask BedrockWire::update(std::string_view id, const ProjectUpdate& update) const {
  JsonObject body;
  if (update.name) body.text("name", *update.name);
  if (update.data_retention) body.raw("dataRetention", retention(*update.data_retention));
  return post(path_of(id), std::move(body), named("update", id), id);
}

Ask BedrockWire::archive(std::string_view id) const {
  return {"POST", path_of(id, "/archive"), {}, named("archive", id), std::string(id)};
}

Ask BedrockWire::tags(const Reference& project) const {
  JsonObject body;
  body.text("resourceARN", project.arn);
  return post("/listTagsForResource", std::move(body), named("read the tags of", project.id),
              project.id);
}

Ask BedrockWire::add_tags(const Reference& project, std::span<const ProjectTag> tags) const {
  JsonObject body;
  body.text("resourceARN", project.arn).raw("tags", json_of(tags));
  return post("/tagResource", std::move(body), named("tag", project.id), project.id);
}

Ask BedrockWire::remove_tags(const Reference& project, std::span<const std::string> keys) const {
  JsonObject body;
  body.text("resourceARN", project.arn).raw("tagKeys", json_list(keys));
  return post("/untagResource", std::move(body), named("untag", project.id), project.id);
}

std::optional<Page> BedrockWire::read_page(const json::Value& answer) const {
  if (answer.kind != json::Kind::object) return std::nullopt;
  Page page;
  page.next = string_of(answer, "nextToken").value_or("");
  const json::Value* const summaries = answer.find("projectSummaries");
  if (summaries == nullptr || summaries->kind != json::Kind::array) return std::nullopt;
  for (const json::Value& element : summaries->elements) {
    auto project = read_project(element);
    if (!project) return std::nullopt;
    page.projects.push_back(std::move(*project));
  }
  return page;
}

std::optional<std::vector<ProjectTag>> BedrockWire::read_tags(const json::Value& answer) const {
  const json::Value* const tags = answer.find("tags");
  std::vector<ProjectTag> found;
  if (tags == nullptr || tags->kind == json::Kind::null) return found;
  if (tags->kind != json::Kind::array) return std::nullopt;
  for (const json::Value& tag : tags->elements) {
    auto key = string_of(tag, "key");
    auto value = string_of(tag, "value");
    if (!key || !value) return std::nullopt;
    found.push_back({std::move(*key), std::move(*value)});
  }
  return found;
}

void BedrockWire::read_details(const json::Value& answer, Project& out) const {
  out.created_at = time_of(answer, "createdAt");
  out.archived_at = time_of(answer, "archivedAt");
  if (const json::Value* const found = answer.find("dataRetention")) {
    out.data_retention = string_of(*found, "mode").value_or("");
  }
}

}  // namespace costmark::projects
