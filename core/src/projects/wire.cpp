#include "projects/wire.hpp"

#include "attribution/project.hpp"
#include "base/immortal.hpp"
#include "projects/bedrock_wire.hpp"
#include "projects/mantle_wire.hpp"
#include "projects/wire_json.hpp"

namespace costmark::projects {

std::optional<Project> Wire::read_project(const json::Value& answer) const {
  const auto id = string_of(answer, "id");
  const auto name = string_of(answer, "name");
  if (!id || id->empty() || !name) return std::nullopt;
  Project project;
  project.id = *id;
  project.name = *name;
  project.arn = string_of(answer, "arn").value_or("");
  project.status = string_of(answer, "status").value_or("");
  project.plane = plane();
  const attribution::ProjectArn arn = attribution::parse_project_arn(project.arn);
  project.account = arn.account;
  project.region = arn.region;
  read_details(answer, project);
  return project;
}

const Wire& wire_of(ProjectPlane plane) noexcept {
  static const Immortal<MantleWire> mantle;
  static const Immortal<BedrockWire> bedrock;
  if (plane == ProjectPlane::bedrock) return *bedrock;
  return *mantle;
}

}  // namespace costmark::projects
