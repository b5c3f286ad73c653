#include "costmark/projects.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "callbacks.hpp"
#include "config.hpp"
#include "guard.hpp"
#include "numbers.hpp"
#include "views.hpp"
#include "waits.hpp"

struct costmark_projects {
  explicit costmark_projects(std::shared_ptr<costmark::Projects> opened)
      : core(std::move(opened)) {}

  costmark::capi::Magic<0x636d'7072'6f6a'6563> magic;
  const std::shared_ptr<costmark::Projects> core;
  const std::uint64_t number = costmark::capi::next_number();
};

struct costmark_project_list {
  struct Entry {
    costmark::Project project;
    std::vector<costmark_label> tags;  // views of the project's
  };

  void add(costmark::Project project) {
    Entry& entry = *entries.emplace_back(std::make_unique<Entry>());
    entry.project = std::move(project);
    if (!entry.project.tags) return;
    for (const costmark::ProjectTag& tag : *entry.project.tags) {
      entry.tags.push_back({costmark::capi::view(tag.key), costmark::capi::view(tag.value)});
    }
  }

  costmark::capi::Magic<0x636d'7072'6f6a'6c69> magic;
  std::vector<std::unique_ptr<Entry>> entries;
};

namespace costmark::capi {
namespace {

using ListPtr = std::unique_ptr<costmark_project_list>;

constexpr std::size_t change_first_size =
    offsetof(costmark_project_change, tag_count) + sizeof(std::size_t);

Result<ProjectPlane> plane_of(costmark_project_plane plane) {
  if (plane >= COSTMARK_PROJECT_PLANE_AUTO && plane <= COSTMARK_PROJECT_PLANE_BEDROCK) {
    return static_cast<ProjectPlane>(plane);
  }
  return Error{Code::invalid_argument,
               "plane is " + std::to_string(plane) + "; it must be a costmark_project_plane"};
}

Result<std::unique_ptr<costmark_projects>> open(const costmark_config* config,
                                                costmark_project_plane plane) {
  if (Status status = require(config, "config"); !status) return status;
  const Result<ProjectPlane> asked = plane_of(plane);
  if (!asked) return asked.error();
  auto core = open_projects(config->for_client(), asked.value());
  if (!core) return std::move(core).status();
  return std::make_unique<costmark_projects>(std::move(core).value());
}

Status read_tags(const costmark_label* tags, std::size_t count, std::vector<ProjectTag>& out) {
  std::vector<NameValue> views;
  if (Status status = read_labels(tags, count, views); !status) return status;
  for (const NameValue& tag : views) {
    out.push_back({std::string(tag.name), std::string(tag.value)});
  }
  return {};
}

Status read_keys(const costmark_str* keys, std::size_t count, std::vector<std::string>& out) {
  if (keys == nullptr && count > 0) return invalid_argument("keys is NULL, and key_count is not 0");
  if (count > most_project_tags) {
    return invalid_argument("key_count is " + std::to_string(count) + "; it must be at most 50");
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view key;
    if (Status status = read_text(keys[i], "a key", key); !status) return status;
    out.emplace_back(key);
  }
  return {};
}

// What a change names; its texts are the caller's.
struct TakenChange {
  std::string_view name;
  std::string_view data_retention;
  std::vector<ProjectTag> tags;
  bool has_name = false;
  bool has_retention = false;
};

Status read_change(const costmark_project_change* from, TakenChange& out) {
  costmark_project_change change;
  Status status = read_struct(from, change_first_size, "change", change);
  if (status) status = read_text(change.name, "change.name", out.name);
  if (status)
    status = read_text(change.data_retention, "change.data_retention", out.data_retention);
  if (status) status = read_tags(change.tags, change.tag_count, out.tags);
  out.has_name = change.name.data != nullptr;
  out.has_retention = change.data_retention.data != nullptr;
  return status;
}

// One call into the core. It is held for the call, which a callback must not enter again.
class Call {
 public:
  Status enter(const costmark_projects* projects, const costmark_wait* wait) {
    Status status = require(projects, "projects");
    if (status) status = Entry::check(projects->number);
    if (status) status = take_wait(wait, taken_);
    if (!status) return status;
    if (taken_.wait.no_wait) {
      return invalid_argument("wait.no_wait is 1; calls to the Projects API always wait");
    }
    core_ = projects->core;
    number_ = projects->number;
    return {};
  }

  template <class Work>
  auto run(Work work) {
    const Entry entry(number_);
    return work(*core_, taken_.wait);
  }

 private:
  TakenWait taken_;
  std::shared_ptr<Projects> core_;
  std::uint64_t number_ = 0;
};

Result<ListPtr> list_of(Result<Project> found) {
  if (!found) return std::move(found).status();
  auto list = std::make_unique<costmark_project_list>();
  list->add(std::move(found).value());
  return list;
}

// A call about one project that returns it.
template <class Work>
costmark_status about_one(const costmark_projects* projects, const char* project,
                          size_t project_len, const costmark_wait* wait,
                          costmark_project_list** out_list, costmark_error** out_error,
                          Work work) noexcept {
  return guarded_new(out_list, out_error, [&]() -> Result<ListPtr> {
    Call call;
    if (Status status = call.enter(projects, wait); !status) return status;
    std::string_view id;
    if (Status status = read_text(project, project_len, "project", id); !status) return status;
    return list_of(call.run([&](Projects& core, const Wait& within) -> Result<Project> {
      return work(core, id, within);
    }));
  });
}

// A call that changes its tags.
template <class Work>
costmark_status about_tags(const costmark_projects* projects, const char* project,
                           size_t project_len, const costmark_wait* wait,
                           costmark_error** out_error, Work work) noexcept {
  return guarded(out_error, [&]() -> Status {
    Call call;
    if (Status status = call.enter(projects, wait); !status) return status;
    std::string_view id;
    if (Status status = read_text(project, project_len, "project", id); !status) return status;
    return call.run([&](Projects& core, const Wait& within) { return work(core, id, within); });
  });
}

costmark_project shown(const costmark_project_list::Entry& entry) noexcept {
  const Project& project = entry.project;
  costmark_project out = COSTMARK_PROJECT_INIT;
  out.id = view(project.id);
  out.arn = view_or_absent(project.arn);
  out.name = view_or_absent(project.name);
  out.status = view_or_absent(project.status);
  out.data_retention = view_or_absent(project.data_retention);
  out.account = view_or_absent(project.account);
  out.region = view_or_absent(project.region);
  out.tags = array_or_absent(entry.tags);
  out.tag_count = entry.tags.size();
  out.created_unix_s = project.created_at.value_or(0);
  out.archived_unix_s = project.archived_at.value_or(0);
  out.plane = number_of(project.plane);
  out.knows_tags = project.tags ? 1 : 0;
  return out;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Project;
using costmark::Projects;
using costmark::ProjectTag;
using costmark::Result;
using costmark::Status;
using costmark::Wait;

costmark_status costmark_projects_new(const costmark_config* config, costmark_project_plane plane,
                                      costmark_projects** out_projects,
                                      costmark_error** out_error) noexcept {
  return guarded_new(out_projects, out_error, [&] { return open(config, plane); });
}

void costmark_projects_free(costmark_projects* projects) noexcept {
  const WithoutThreadCancel uncancelled;
  if (alive(projects)) delete projects;
}

void costmark_projects_read_place(const costmark_projects* projects,
                                  costmark_projects_place* out_place) noexcept {
  if (!alive(projects)) return show_nothing(out_place);
  const Projects::Place& place = projects->core->place();
  costmark_projects_place out = COSTMARK_PROJECTS_PLACE_INIT;
  out.base_url = view(place.base_url);
  out.region = view_or_absent(place.region);
  out.plane = number_of(place.plane);
  show(out, out_place);
}

costmark_status costmark_projects_create(const costmark_projects* projects,
                                         const costmark_project_change* project,
                                         const costmark_wait* wait,
                                         costmark_project_list** out_list,
                                         costmark_error** out_error) noexcept {
  return guarded_new(out_list, out_error, [&]() -> Result<ListPtr> {
    Call call;
    if (Status status = call.enter(projects, wait); !status) return status;
    TakenChange change;
    if (Status status = read_change(project, change); !status) return status;
    return list_of(call.run([&](Projects& core, const Wait& within) {
      return core.create({change.name, change.tags, change.data_retention}, within);
    }));
  });
}

costmark_status costmark_projects_get(const costmark_projects* projects, const char* project,
                                      size_t project_len, const costmark_wait* wait,
                                      costmark_project_list** out_list,
                                      costmark_error** out_error) noexcept {
  return about_one(
      projects, project, project_len, wait, out_list, out_error,
      [](Projects& core, std::string_view id, const Wait& within) { return core.get(id, within); });
}

costmark_status costmark_projects_list(const costmark_projects* projects, uint32_t with_archived,
                                       const costmark_wait* wait, costmark_project_list** out_list,
                                       costmark_error** out_error) noexcept {
  return guarded_new(out_list, out_error, [&]() -> Result<ListPtr> {
    Call call;
    if (Status status = call.enter(projects, wait); !status) return status;
    bool archived = false;
    if (Status status = read_bool(with_archived, "with_archived", archived); !status) return status;
    auto list = std::make_unique<costmark_project_list>();
    Status status = call.run([&](Projects& core, const Wait& within) {
      return core.list(
          archived,
          [&](const Project& each) {
            list->add(each);
            return Status();
          },
          within);
    });
    if (!status) return status;
    return list;
  });
}

costmark_status costmark_projects_update(const costmark_projects* projects, const char* project,
                                         size_t project_len, const costmark_project_change* change,
                                         const costmark_wait* wait,
                                         costmark_project_list** out_list,
                                         costmark_error** out_error) noexcept {
  return about_one(
      projects, project, project_len, wait, out_list, out_error,
      [change](Projects& core, std::string_view id, const Wait& within) -> Result<Project> {
        TakenChange taken;
        if (Status status = read_change(change, taken); !status) return status;
        if (!taken.tags.empty()) {
          return invalid_argument("an update takes no tags; see costmark_projects_set_tags()");
        }
        costmark::ProjectUpdate update;
        if (taken.has_name) update.name = taken.name;
        if (taken.has_retention) update.data_retention = taken.data_retention;
        return core.update(id, update, within);
      });
}

costmark_status costmark_projects_archive(const costmark_projects* projects, const char* project,
                                          size_t project_len, const costmark_wait* wait,
                                          costmark_project_list** out_list,
                                          costmark_error** out_error) noexcept {
  return about_one(projects, project, project_len, wait, out_list, out_error,
                   [](Projects& core, std::string_view id, const Wait& within) {
                     return core.archive(id, within);
                   });
}

costmark_status costmark_projects_read_tags(const costmark_projects* projects, const char* project,
                                            size_t project_len, const costmark_wait* wait,
                                            costmark_project_list** out_list,
                                            costmark_error** out_error) noexcept {
  return about_one(projects, project, project_len, wait, out_list, out_error,
                   [](Projects& core, std::string_view id, const Wait& within) -> Result<Project> {
                     auto tags = core.tags(id, within);
                     if (!tags) return std::move(tags).status();
                     Project found;
                     found.id = id;
                     found.tags = std::move(tags).value();
                     return found;
                   });
}

costmark_status costmark_projects_add_tags(const costmark_projects* projects, const char* project,
                                           size_t project_len, const costmark_label* tags,
                                           size_t tag_count, const costmark_wait* wait,
                                           costmark_error** out_error) noexcept {
  return about_tags(projects, project, project_len, wait, out_error,
                    [&](Projects& core, std::string_view id, const Wait& within) {
                      std::vector<ProjectTag> taken;
                      Status status = read_tags(tags, tag_count, taken);
                      if (!status) return status;
                      return core.add_tags(id, taken, within);
                    });
}

costmark_status costmark_projects_set_tags(const costmark_projects* projects, const char* project,
                                           size_t project_len, const costmark_label* tags,
                                           size_t tag_count, const costmark_wait* wait,
                                           costmark_error** out_error) noexcept {
  return about_tags(projects, project, project_len, wait, out_error,
                    [&](Projects& core, std::string_view id, const Wait& within) {
                      std::vector<ProjectTag> taken;
                      Status status = read_tags(tags, tag_count, taken);
                      if (!status) return status;
                      return core.set_tags(id, taken, within);
                    });
}

costmark_status costmark_projects_remove_tags(const costmark_projects* projects,
                                              const char* project, size_t project_len,
                                              const costmark_str* keys, size_t key_count,
                                              const costmark_wait* wait,
                                              costmark_error** out_error) noexcept {
  return about_tags(projects, project, project_len, wait, out_error,
                    [&](Projects& core, std::string_view id, const Wait& within) {
                      std::vector<std::string> taken;
                      Status status = read_keys(keys, key_count, taken);
                      if (!status) return status;
                      return core.remove_tags(id, taken, within);
                    });
}

size_t costmark_project_list_count(const costmark_project_list* list) noexcept {
  return alive(list) ? list->entries.size() : 0;
}

void costmark_project_list_read(const costmark_project_list* list, size_t index,
                                costmark_project* out_project) noexcept {
  if (index >= costmark_project_list_count(list)) return show_nothing(out_project);
  show(shown(*list->entries[index]), out_project);
}

void costmark_project_list_free(costmark_project_list* list) noexcept {
  if (alive(list)) delete list;
}
