// How a plane spells the operations: requests out, answers in. Pure.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/projects.hpp"
#include "json/value.hpp"
#include "projects/reference.hpp"

namespace costmark::projects {

// One request of an operation.
struct Ask {
  std::string method;
  std::string path;        // below the base URL, with its query
  std::string body;        // empty for none
  std::string what;        // for errors: "archive project 'proj_a'"
  std::string project;     // whose it is; empty where it is about all
  bool repeatable = true;  // whether doing it twice comes to the same
};

struct Page {
  std::vector<Project> projects;
  std::string next;  // what continues the list; empty at its end
};

class Wire {
 public:
  virtual ~Wire() = default;

  virtual Ask create(const NewProject& project) const = 0;
  virtual Ask get(std::string_view id) const = 0;
  // `from`: the `next` of the page before; empty for the first one.
  virtual Ask list(std::string_view from, bool include_archived) const = 0;
  virtual Ask update(std::string_view id, const ProjectUpdate& update) const = 0;
  virtual Ask archive(std::string_view id) const = 0;

  // Whether the calls about tags want an ARN.
  virtual bool tags_by_arn() const noexcept = 0;
  virtual Ask tags(const Reference& project) const = 0;
  virtual Ask add_tags(const Reference& project, std::span<const ProjectTag> tags) const = 0;
  virtual Ask remove_tags(const Reference& project, std::span<const std::string> keys) const = 0;

  // Absent: the answer is none of the kind.
  virtual std::optional<Page> read_page(const json::Value& answer) const = 0;
  virtual std::optional<std::vector<ProjectTag>> read_tags(const json::Value& answer) const = 0;
  std::optional<Project> read_project(const json::Value& answer) const;

 protected:
  virtual ProjectPlane plane() const noexcept = 0;
  // The members that the planes spell in their own ways.
  virtual void read_details(const json::Value& answer, Project& out) const = 0;
};

const Wire& wire_of(ProjectPlane plane) noexcept;

}  // namespace costmark::projects
