#pragma once

#include "projects/wire.hpp"

namespace costmark::projects {

class MantleWire final : public Wire {
 public:
  Ask create(const NewProject& project) const override;
  Ask get(std::string_view id) const override;
  Ask list(std::string_view from, bool include_archived) const override;
  Ask update(std::string_view id, const ProjectUpdate& update) const override;
  Ask archive(std::string_view id) const override;
  bool tags_by_arn() const noexcept override { return false; }
  Ask tags(const Reference& project) const override;
  Ask add_tags(const Reference& project, std::span<const ProjectTag> tags) const override;
  Ask remove_tags(const Reference& project, std::span<const std::string> keys) const override;
  std::optional<Page> read_page(const json::Value& answer) const override;
  std::optional<std::vector<ProjectTag>> read_tags(const json::Value& answer) const override;

 private:
  ProjectPlane plane() const noexcept override { return ProjectPlane::mantle; }
  void read_details(const json::Value& answer, Project& out) const override;
};

}  // namespace costmark::projects
