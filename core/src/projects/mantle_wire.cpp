// The Projects API of bedrock-mantle, in the shape of OpenAI's: tags are a map, and a part of the
// project.
#include "projects/mantle_wire.hpp"

#include "base/text.hpp"
#include "projects/wire_json.hpp"
#include "signing/canonical.hpp"

namespace costmark::projects {
namespace {

constexpr std::string_view base = "/v1/organization/projects";

std::string path_of(std::string_view id, std::string_view tail = {}) {
  std::string path(base);
  return path.append("/").append(id).append(tail);
}

std::string json_of(std::span<const ProjectTag> tags) {
  JsonObject map;
  for (const ProjectTag& tag : tags) map.text(tag.key, tag.value);
  return std::move(map).finish();
}

std::string retention(std::string_view mode) {
  return std::move(JsonObject().text("mode", mode)).finish();
}

Ask post(std::string path, JsonObject&& body, std::string what, std::string_view project) {
  return {"POST", std::move(path), std::move(body).finish(), std::move(what), std::string(project)};
}

std::string named(std::string_view verb, std::string_view id) {
  return std::string(verb) + " project " + text::quoted(id);
}

// Absent where the member is there and is no map of texts.
std::optional<std::vector<ProjectTag>> tags_in(const json::Value& answer) {
  const json::Value* const tags = answer.find("tags");
  if (tags == nullptr || tags->kind == json::Kind::null) return std::vector<ProjectTag>();
  if (tags->kind != json::Kind::object) return std::nullopt;
  std::vector<ProjectTag> found;
  for (const json::NamedValue& tag : tags->members) {
    if (tag.value.kind != json::Kind::string) return std::nullopt;
    found.push_back({tag.name, tag.value.text});
  }
  return found;
}

}  // namespace

Ask MantleWire::create(const NewProject& project) const {
  JsonObject body;
  body.text("name", project.name);
  if (!project.tags.empty()) body.raw("tags", json_of(project.tags));
  if (!project.data_retention.empty())
    body.raw("data_retention", retention(project.data_retention));
  Ask ask = post(std::string(base), std::move(body), "create a project", {});
  ask.repeatable = false;
  return ask;
}

Ask MantleWire::get(std::string_view id) const {
  return {"GET", path_of(id), {}, named("read", id), std::string(id)};
}

// AWS documents no parameters of paging: only what is needed is sent, under the names that OpenAI's
// API has for it.
Ask MantleWire::list(std::string_view from, bool include_archived) const {
  std::string path(base);
  if (!from.empty()) {
    path += "?after=";
    signing::append_percent_encoded(from, path);
  }
  if (include_archived) path += (from.empty() ? "?" : "&") + std::string("include_archived=true");
  return {"GET", std::move(path), {}, "list the projects", {}};
}

Ask MantleWire::update(std::string_view id, const ProjectUpdate& update) const {
  JsonObject body;
  if (update.name) body.text("name", *update.name);
  if (update.data_retention) body.raw("data_retention", retention(*update.data_retention));
  return post(path_of(id), std::move(body), named("update", id), id);
}

Ask MantleWire::archive(std::string_view id) const {
  return post(path_of(id, "/archive"), {}, named("archive", id), id);
}

Ask MantleWire::tags(const Reference& project) const {
  Ask ask = get(project.id);
  ask.what = named("read the tags of", project.id);
  return ask;
}

Ask MantleWire::add_tags(const Reference& project, std::span<const ProjectTag> tags) const {
  JsonObject body;
  body.raw("add_tags", json_of(tags));
  return post(path_of(project.id), std::move(body), named("tag", project.id), project.id);
}

Ask MantleWire::remove_tags(const Reference& project, std::span<const std::string> keys) const {
  JsonObject body;
  body.raw("remove_tag_keys", json_list(keys));
  return post(path_of(project.id), std::move(body), named("untag", project.id), project.id);
}

std::optional<Page> MantleWire::read_page(const json::Value& answer) const {
  const json::Value* const data = answer.find("data");
  if (data == nullptr || data->kind != json::Kind::array) return std::nullopt;
  Page page;
  for (const json::Value& element : data->elements) {
    auto project = read_project(element);
    if (!project) return std::nullopt;
    page.projects.push_back(std::move(*project));
  }
  const json::Value* const more = answer.find("has_more");
  const bool has_more = more != nullptr && more->text == "true";
  if (!has_more) return page;
  page.next = string_of(answer, "last_id").value_or("");
  if (page.next.empty() && !page.projects.empty()) page.next = page.projects.back().id;
  if (page.next.empty()) return std::nullopt;  // there is more, and nothing says where
  return page;
}

std::optional<std::vector<ProjectTag>> MantleWire::read_tags(const json::Value& answer) const {
  return read_project(answer) ? tags_in(answer) : std::nullopt;
}

void MantleWire::read_details(const json::Value& answer, Project& out) const {
  out.created_at = time_of(answer, "created_at");
  out.archived_at = time_of(answer, "archived_at");
  out.tags = tags_in(answer);
  if (const json::Value* const found = answer.find("data_retention")) {
    out.data_retention = string_of(*found, "mode").value_or("");
  }
}

}  // namespace costmark::projects
