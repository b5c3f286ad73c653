// costmark.hpp: the Projects API.
#ifndef COSTMARK_SDK_PROJECTS_HPP
#define COSTMARK_SDK_PROJECTS_HPP

#include <costmark/costmark.hpp>

#include <vector>

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

// A project as the service shows it; see costmark_project. Lives as long as the list that it is in.
struct Project {
  explicit Project(const costmark_project& raw) noexcept
      : id(detail::view(raw.id)),
        arn(detail::view(raw.arn)),
        name(detail::view(raw.name)),
        status(detail::view(raw.status)),
        data_retention(detail::view(raw.data_retention)),
        account(detail::view(raw.account)),
        region(detail::view(raw.region)),
        tags(raw.tags, raw.tag_count),
        created_unix_s(raw.created_unix_s),
        archived_unix_s(raw.archived_unix_s),
        plane(raw.plane),
        knows_tags(raw.knows_tags != 0) {}
  std::string_view id, arn, name, status, data_retention, account, region;
  LabelView tags;
  std::int64_t created_unix_s, archived_unix_s;
  costmark_project_plane plane;
  bool knows_tags;
};

// Projects that a call returned: one, or all of an account.
class ProjectList : public detail::Handle<costmark_project_list, costmark_project_list_free> {
 public:
  using Handle::Handle;
  std::size_t size() const noexcept { return costmark_project_list_count(get()); }
  // Empty from size() on.
  Project operator[](std::size_t index) const noexcept {
    return Project(detail::shown<costmark_project>(costmark_project_list_read, get(), index));
  }
};

// What a project is to have; see costmark_project_change. Tags are those of create() alone.
struct ProjectChange {
  std::string_view name, data_retention;
  LabelView tags;

  costmark_project_change raw() const noexcept {
    auto raw = detail::sized<costmark_project_change>();
    raw.name = detail::str(name);
    raw.data_retention = detail::str(data_retention);
    raw.tags = tags.data();
    raw.tag_count = tags.size();
    return raw;
  }
};

// Where the Projects API is. The texts live as long as the Projects.
struct ProjectsPlace {
  explicit ProjectsPlace(const costmark_projects_place& raw) noexcept
      : base_url(detail::view(raw.base_url)), region(detail::view(raw.region)), plane(raw.plane) {}
  std::string_view base_url, region;
  costmark_project_plane plane;
};

// The Projects API of one account, region and plane. In every call `project` is an id or an ARN.
class Projects : public detail::Handle<costmark_projects, costmark_projects_free> {
 public:
  using Handle::Handle;
  static Result<Projects> make(const Config& config,
                               costmark_project_plane plane = COSTMARK_PROJECT_PLANE_AUTO) {
    return detail::make<Projects, costmark_projects>(
        [&](costmark_projects** out, costmark_error** error) {
          return costmark_projects_new(config.get(), plane, out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit Projects(const Config& config,
                    costmark_project_plane plane = COSTMARK_PROJECT_PLANE_AUTO)
      : Projects(make(config, plane)) {}
#endif

  ProjectsPlace place() const noexcept {
    return ProjectsPlace(
        detail::shown<costmark_projects_place>(costmark_projects_read_place, get()));
  }

  Result<ProjectList> create(const ProjectChange& project, const Wait& wait = {}) const {
    const costmark_project_change raw = project.raw();
    return listed(wait,
                  [&](auto... rest) { return costmark_projects_create(get(), &raw, rest...); });
  }
  Result<ProjectList> get_project(std::string_view project, const Wait& wait = {}) const {
    return about(costmark_projects_get, project, wait);
  }
  Result<ProjectList> list(bool with_archived = false, const Wait& wait = {}) const {
    return listed(wait, [&](auto... rest) {
      return costmark_projects_list(get(), with_archived ? 1U : 0U, rest...);
    });
  }
  // The name or the data retention: exactly one of them.
  Result<ProjectList> update(std::string_view project, const ProjectChange& change,
                             const Wait& wait = {}) const {
    const costmark_project_change raw = change.raw();
    return listed(wait, [&](auto... rest) {
      return costmark_projects_update(get(), project.data(), project.size(), &raw, rest...);
    });
  }
  // For ever.
  Result<ProjectList> archive(std::string_view project, const Wait& wait = {}) const {
    return about(costmark_projects_archive, project, wait);
  }

  // Of the project in the list only `tags` and `id` are known.
  Result<ProjectList> read_tags(std::string_view project, const Wait& wait = {}) const {
    return about(costmark_projects_read_tags, project, wait);
  }
  Result<void> add_tags(std::string_view project, LabelView tags, const Wait& wait = {}) const {
    return tagged(costmark_projects_add_tags, project, tags, wait);
  }
  // Exactly these; those of AWS stay.
  Result<void> set_tags(std::string_view project, LabelView tags, const Wait& wait = {}) const {
    return tagged(costmark_projects_set_tags, project, tags, wait);
  }
  Result<void> remove_tags(std::string_view project, std::initializer_list<std::string_view> keys,
                           const Wait& wait = {}) const {
    std::vector<costmark_str> raw;
    for (const std::string_view key : keys) raw.push_back(detail::str(key));
    return tagged(costmark_projects_remove_tags, project, raw, wait);
  }

 private:
  template <class Call>
  static Result<ProjectList> listed(const Wait& wait, const Call& call) {
    const costmark_wait raw = wait.raw();
    return detail::make<ProjectList, costmark_project_list>(
        [&](costmark_project_list** out, costmark_error** error) {
          return call(&raw, out, error);
        });
  }
  template <class Function>
  Result<ProjectList> about(Function function, std::string_view project, const Wait& wait) const {
    return listed(wait, [&](auto... rest) {
      return function(get(), project.data(), project.size(), rest...);
    });
  }
  template <class Function, class Items>
  Result<void> tagged(Function function, std::string_view project, const Items& items,
                      const Wait& wait) const {
    const costmark_wait raw = wait.raw();
    return detail::run([&](costmark_error** error) {
      return function(get(), project.data(), project.size(), items.data(), items.size(), &raw,
                      error);
    });
  }
};

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif  // COSTMARK_SDK_PROJECTS_HPP
