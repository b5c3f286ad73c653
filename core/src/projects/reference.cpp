#include "projects/reference.hpp"

#include "attribution/project.hpp"
#include "base/text.hpp"

namespace costmark::projects {
namespace {

using attribution::bedrock_service;
using attribution::mantle_service;
using attribution::ProjectArn;

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

Result<Reference> refer_to(std::string_view project, const Projects::Place& place) {
  const Result<std::string_view> id = attribution::project_id_in_request(project, "project");
  if (!id) return id.error();
  const ProjectArn arn = attribution::parse_project_arn(project);
  if (arn.id.empty()) return Reference{std::string(id.value()), {}};
  const std::string_view service =
      place.plane == ProjectPlane::mantle ? mantle_service : bedrock_service;
  if (arn.service != service) return wrong_plane(project, place);
  if (!place.region.empty() && arn.region != place.region) return wrong_region(arn, place);
  return Reference{std::string(arn.id), std::string(project)};
}

}  // namespace costmark::projects
