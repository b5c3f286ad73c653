#include "projects/reference.hpp"

#include <array>

#include "attribution/project.hpp"
#include "base/text.hpp"

namespace costmark::projects {
namespace {

constexpr std::string_view mantle_service = "bedrock-mantle";
constexpr std::string_view bedrock_service = "bedrock";

Status wrong_plane(std::string_view arn, const Projects::Place& place) {
  const ProjectPlane other =
      place.plane == ProjectPlane::mantle ? ProjectPlane::bedrock : ProjectPlane::mantle;
  return {Code::invalid_project, text::quoted(arn) + " is the ARN of a project on the " +
                                     std::string(to_string(other)) + " plane, and this is the " +
                                     std::string(to_string(place.plane)) +
                                     " plane; take plane=" + std::string(to_string(other)) +
                                     ", or the project's id where it exists on both"};
}

Status wrong_region(const ProjectArn& arn, const Projects::Place& place) {
  return {Code::invalid_project, "project " + text::quoted(arn.id) + " is in " +
                                     std::string(arn.region) + " by its ARN, and the endpoint in " +
                                     place.region + ": a project exists in its own region alone"};
}

}  // namespace

ProjectArn parse_project_arn(std::string_view text) noexcept {
  constexpr std::string_view resource = "project/";
  std::array<std::string_view, 5> fields;  // arn, partition, service, region, account
  for (std::string_view& field : fields) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    field = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const bool is_project = fields[0] == "arn" && text.starts_with(resource) &&
                          (fields[2] == mantle_service || fields[2] == bedrock_service);
  if (!is_project) return {};
  return {fields[2], fields[3], fields[4], text.substr(resource.size())};
}

Result<Reference> refer_to(std::string_view project, const Projects::Place& place) {
  const Result<std::string_view> id = attribution::project_id_in_request(project, "project");
  if (!id) return id.error();
  const ProjectArn arn = parse_project_arn(project);
  if (arn.id.empty()) return Reference{std::string(id.value()), {}};
  const std::string_view service =
      place.plane == ProjectPlane::mantle ? mantle_service : bedrock_service;
  if (arn.service != service) return wrong_plane(project, place);
  if (!place.region.empty() && arn.region != place.region) return wrong_region(arn, place);
  return Reference{std::string(arn.id), std::string(project)};
}

}  // namespace costmark::projects
