// The Projects API: creates, reads, tags and archives the projects of an account in one region.
//
// AWS keeps projects on two planes. This is one interface to both:
//
//   mantle    bedrock-mantle.REGION.api.aws/v1/organization/projects
//   bedrock   bedrock.REGION.amazonaws.com/projects, which boto3's client "bedrock" speaks to
//
// Whether a project of one plane exists on the other is not known: ask each of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"

namespace costmark {

namespace projects {
class Exchange;
}

// `automatic` follows the endpoint: the plane that belongs to it.
enum class ProjectPlane : std::uint8_t { automatic, mantle, bedrock };

// "auto", "mantle", "bedrock".
std::string_view to_string(ProjectPlane plane) noexcept;
// Errors: invalid_option.
Result<ProjectPlane> project_plane_named(std::string_view name);

struct ProjectTag {
  std::string key;
  std::string value;

  friend bool operator==(const ProjectTag&, const ProjectTag&) = default;
};

// A project as the service shows it.
struct Project {
  std::string id;
  std::string arn;
  std::string name;            // not unique
  std::string status;          // "active" or "archived"
  std::string data_retention;  // "inherit", "none", ...; empty where the answer does not say
  std::string account;         // of the ARN
  std::string region;          // of the ARN
  ProjectPlane plane = ProjectPlane::automatic;
  std::optional<UnixSeconds> created_at;
  std::optional<UnixSeconds> archived_at;
  // Absent where the answer does not say: the bedrock plane tells them by `Projects::tags` alone.
  std::optional<std::vector<ProjectTag>> tags;
};

struct NewProject {
  std::string_view name;
  std::span<const ProjectTag> tags{};
  std::string_view data_retention{};  // empty: the service's default, "inherit"
};

struct ProjectUpdate {
  std::optional<std::string_view> name{};            // absent: it stays
  std::optional<std::string_view> data_retention{};  // absent: it stays
};

inline constexpr std::size_t most_project_tags = 50;
inline constexpr std::size_t longest_project_name = 127;  // characters
inline constexpr std::size_t longest_tag_key = 128;
inline constexpr std::size_t longest_tag_value = 256;

// What both planes take; checked before anything is sent. Errors: invalid_argument, which says what
// would be right.
//
// A name has 1 to 127 characters, one of which is no white space, and no control characters. A tag
// has a key of 1 to 128 and a value of 0 to 256 letters, digits and spaces of ASCII and any of
// _ . : / = + - @; its key does not begin with "aws:" and occurs once; a project has at most 50.
Status check_project_name(std::string_view name);
Status check_project_tags(std::span<const ProjectTag> tags);
Status check_project_tag_keys(std::span<const std::string> keys);

// The projects of one account in one region, on one plane. Synchronized internally. Every call
// blocks for its exchanges. `project` is the id or the ARN of a project.
//
// What is throttled is tried again, with pauses that grow, for about a minute; so is what failed,
// twice, but not a create: whether it has made a project is not known then.
//
// Errors, besides those of credentials and of the network: invalid_argument for what the service
// refuses as invalid and for what is known to be; invalid_project for a project that does not
// exist, that is archived and cannot be changed, for an ARN of another plane or region, and for
// what is no id; throttled; unusable_credentials when the service refuses who sent the request;
// endpoint_mismatch when there is no Projects API at the endpoint; service for anything else, such
// as a permission that is missing or the limit of projects.
class Projects {
 public:
  // The service that is spoken to. `base_url`: without a '/' at its end.
  struct Place {
    ProjectPlane plane = ProjectPlane::mantle;
    std::string base_url;
    std::string region;  // empty where it is not known
  };

  Projects(std::unique_ptr<projects::Exchange> exchange, Place place);
  ~Projects();
  Projects(const Projects&) = delete;
  Projects& operator=(const Projects&) = delete;

  const Place& place() const noexcept;

  // Names need not be unique: each call makes one more project.
  Result<Project> create(const NewProject& project, const Wait& wait = {});

  Result<Project> get(std::string_view project, const Wait& wait = {});

  // Calls `each` with the projects in the order of the service, until it returns an error, which is
  // then returned. A service that repeats a page is an error.
  Status list(bool include_archived, const std::function<Status(const Project&)>& each,
              const Wait& wait = {});

  // Exactly one member of `update` is to be set, as the bedrock plane has it.
  Result<Project> update(std::string_view project, const ProjectUpdate& update,
                         const Wait& wait = {});

  // The bedrock plane wants an ARN for the calls about tags: an id costs one exchange more.
  Result<std::vector<ProjectTag>> tags(std::string_view project, const Wait& wait = {});
  // Overwrites the values of keys that the project has.
  Status add_tags(std::string_view project, std::span<const ProjectTag> tags,
                  const Wait& wait = {});
  Status remove_tags(std::string_view project, std::span<const std::string> keys,
                     const Wait& wait = {});
  // Gives it exactly these tags: overwrites, then removes, then adds, so that the limit is never
  // passed; what is there already is not sent. Tags of AWS ("aws:...") stay. When it fails halfway
  // the same call finishes the work.
  Status set_tags(std::string_view project, std::span<const ProjectTag> tags,
                  const Wait& wait = {});

  // Terminal. Archiving an archived project changes nothing.
  Result<Project> archive(std::string_view project, const Wait& wait = {});

 private:
  friend class ProjectPages;
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// Reads the list page by page; keeps what it needs of the Projects. One thread at a time.
class ProjectPages {
 public:
  ProjectPages(const Projects& projects, bool include_archived);
  ~ProjectPages();
  ProjectPages(ProjectPages&&) noexcept;
  ProjectPages& operator=(ProjectPages&&) noexcept;

  // The projects of the next page, which may be none; absent after the last one.
  Result<std::optional<std::vector<Project>>> next(const Wait& wait = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace costmark
