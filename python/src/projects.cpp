// The Projects API.
#include "costmark/projects.hpp"

#include <utility>

#include "bindings.hpp"
#include "callbacks.hpp"
#include "client_config.hpp"
#include "core_call.hpp"

namespace costmark::python {
namespace {

using Tags = std::vector<std::pair<std::string, std::string>>;
using CancelPtr = std::shared_ptr<Cancel>;

Wait wait_for(const CancelPtr& cancel) {
  Wait wait;
  wait.cancel = cancel.get();
  return wait;
}

std::vector<ProjectTag> tags_of(const Tags& pairs) {
  std::vector<ProjectTag> tags;
  tags.reserve(pairs.size());
  for (const auto& [key, value] : pairs) tags.push_back({key, value});
  return tags;
}

py::list as_pairs(const std::vector<ProjectTag>& tags) {
  py::list pairs;
  for (const ProjectTag& tag : tags) pairs.append(py::make_tuple(tag.key, tag.value));
  return pairs;
}

py::dict as_dict(const Project& project) {
  py::dict result;
  result["id"] = as_text(project.id);
  result["arn"] = as_text(project.arn);
  result["name"] = as_text(project.name);
  result["status"] = as_text(project.status);
  result["data_retention"] = as_text(project.data_retention);
  result["account"] = as_text(project.account);
  result["region"] = as_text(project.region);
  result["plane"] = as_text(to_string(project.plane));
  result["created_at"] = py::cast(project.created_at);
  result["archived_at"] = py::cast(project.archived_at);
  result["tags"] = project.tags ? py::object(as_pairs(*project.tags)) : py::none();
  return result;
}

class PyProjectPages {
 public:
  PyProjectPages(std::shared_ptr<Projects> projects, bool include_archived)
      : pages_(*projects, include_archived), projects_(std::move(projects)) {}

  // None after the last page.
  py::object next(const CancelPtr& cancel) {
    const auto page = check(with_callbacks([&] { return pages_.next(wait_for(cancel)); }));
    if (!page) return py::none();
    py::list projects;
    for (const Project& project : *page) projects.append(as_dict(project));
    return projects;
  }

 private:
  ProjectPages pages_;
  std::shared_ptr<Projects> projects_;
};

class PyProjects {
 public:
  PyProjects(std::string_view plane, const GivenConfig& given) {
    ClientConfig config = client_config(given, kept_);
    const ProjectPlane asked = check(project_plane_named(plane));
    projects_ = check(in_core(true, [&] { return open_projects(std::move(config), asked); }));
  }

  py::tuple place() const {
    const Projects::Place& place = projects_->place();
    return py::make_tuple(as_text(to_string(place.plane)), as_text(place.base_url),
                          as_text(place.region));
  }

  py::dict create(const std::string& name, const Tags& tags, const std::string& data_retention,
                  const CancelPtr& cancel) {
    const std::vector<ProjectTag> given = tags_of(tags);
    return project(
        [&] { return projects_->create({name, given, data_retention}, wait_for(cancel)); });
  }

  py::dict get(const std::string& id, const CancelPtr& cancel) {
    return project([&] { return projects_->get(id, wait_for(cancel)); });
  }

  std::unique_ptr<PyProjectPages> pages(bool include_archived) const {
    return std::make_unique<PyProjectPages>(projects_, include_archived);
  }

  py::dict update(const std::string& id, const std::optional<std::string>& name,
                  const std::optional<std::string>& data_retention, const CancelPtr& cancel) {
    return project([&] { return projects_->update(id, {name, data_retention}, wait_for(cancel)); });
  }

  py::list tags(const std::string& id, const CancelPtr& cancel) {
    return as_pairs(check(with_callbacks([&] { return projects_->tags(id, wait_for(cancel)); })));
  }

  void add_tags(const std::string& id, const Tags& tags, const CancelPtr& cancel) {
    const std::vector<ProjectTag> given = tags_of(tags);
    check(with_callbacks([&] { return projects_->add_tags(id, given, wait_for(cancel)); }));
  }

  void set_tags(const std::string& id, const Tags& tags, const CancelPtr& cancel) {
    const std::vector<ProjectTag> given = tags_of(tags);
    check(with_callbacks([&] { return projects_->set_tags(id, given, wait_for(cancel)); }));
  }

  void remove_tags(const std::string& id, const std::vector<std::string>& keys,
                   const CancelPtr& cancel) {
    check(with_callbacks([&] { return projects_->remove_tags(id, keys, wait_for(cancel)); }));
  }

  py::dict archive(const std::string& id, const CancelPtr& cancel) {
    return project([&] { return projects_->archive(id, wait_for(cancel)); });
  }

  int traverse(visitproc visit, void* argument) const { return kept_.traverse(visit, argument); }
  void clear() { kept_.clear(); }

 private:
  template <class Work>
  py::dict project(Work work) {
    return as_dict(check(with_callbacks(std::move(work))));
  }

  KeptCallbacks kept_;
  std::shared_ptr<Projects> projects_;
};

std::unique_ptr<PyProjects> make_projects(py::handle plane, const py::dict& options,
                                          const py::object& credentials,
                                          const py::object& bearer_token,
                                          const py::object& bearer_token_refused,
                                          const py::object& log, const py::object& environment) {
  return std::make_unique<PyProjects>(
      text_view(plane, "plane"),
      GivenConfig{options, credentials, bearer_token, bearer_token_refused, log, environment});
}

}  // namespace

void bind_projects(py::module_& module) {
  py::class_<Cancel, CancelPtr>(module, "Cancel", "Stops the calls that it was given to.")
      .def(py::init())
      .def("request", &Cancel::request, py::call_guard<GilReleased>());
  py::class_<PyProjectPages>(module, "ProjectPages", "The list of projects, page by page.")
      .def("next", &PyProjectPages::next, py::arg("cancel") = nullptr);
  const py::arg_v none = py::arg("cancel") = nullptr;
  py::class_<PyProjects>(module, "Projects", "The Projects API of one account, region and plane.",
                         collectable<PyProjects>())
      .def(py::init(&make_projects), py::arg("plane"), py::arg("options") = py::dict(),
           py::kw_only(), py::arg("credentials") = py::none(), py::arg("bearer_token") = py::none(),
           py::arg("bearer_token_refused") = py::none(), py::arg("log") = py::none(),
           py::arg("environment") = py::none())
      .def("place", &PyProjects::place)
      .def("create", &PyProjects::create, py::arg("name"), py::arg("tags"),
           py::arg("data_retention"), none)
      .def("get", &PyProjects::get, py::arg("project"), none)
      .def("pages", &PyProjects::pages, py::arg("include_archived"))
      .def("update", &PyProjects::update, py::arg("project"), py::arg("name"),
           py::arg("data_retention"), none)
      .def("tags", &PyProjects::tags, py::arg("project"), none)
      .def("add_tags", &PyProjects::add_tags, py::arg("project"), py::arg("tags"), none)
      .def("set_tags", &PyProjects::set_tags, py::arg("project"), py::arg("tags"), none)
      .def("remove_tags", &PyProjects::remove_tags, py::arg("project"), py::arg("keys"), none)
      .def("archive", &PyProjects::archive, py::arg("project"), none);
}

}  // namespace costmark::python
