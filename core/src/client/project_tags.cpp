#include "client/project_tags.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "attribution/project.hpp"
#include "base/text.hpp"
#include "costmark/attribution.hpp"
#include "costmark/project_tags.hpp"

namespace costmark::client {
namespace {

Error of_option(std::string what, std::size_t offset) {
  return {Code::invalid_option,
          "option 'tags': " + std::move(what) + " at byte " + std::to_string(offset) +
              "; it reads PROJECT: NAME=VALUE, NAME=VALUE; and ';' separates projects",
          offset};
}

// Tags have the bounds of labels. The error tells of those.
Status check_tags(std::span<const NameValue> tags) {
  Status status = check_labels(tags);
  if (status) return status;
  return {Code::invalid_option, "option 'tags': as labels of a row, " + status.error().message};
}

// "NAME=VALUE, NAME=VALUE", which begins at `offset`.
Result<std::vector<NameValue>> tags_in(std::string_view text, std::size_t offset) {
  std::vector<NameValue> tags;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return of_option("a tag without '='", offset + begin);
    tags.push_back({text::trimmed(part.substr(0, equals)), text::trimmed(part.substr(equals + 1))});
    begin = end + 1;
  }
  return tags;
}

// What the process was told, newest first. Read without a lock, which a fork could leave taken; so
// nothing is ever taken out.
struct Told {
  std::string project;
  NameValues tags;
  const Told* before = nullptr;
};

// By a hash of the project: a program may make thousands of experiments.
std::array<std::atomic<const Told*>, 1024> newest_told{};

std::atomic<const Told*>& newest_of(std::string_view project) noexcept {
  return newest_told[std::hash<std::string_view>{}(project) % newest_told.size()];
}

std::span<const NameValue> told_of(std::string_view project) noexcept {
  for (const Told* each = newest_of(project).load(std::memory_order_acquire); each != nullptr;
       each = each->before) {
    if (each->project == project) return each->tags.view();
  }
  return {};
}

}  // namespace

Status ProjectTags::add_option(std::string_view text, const attribution::ProjectNames& names,
                               const attribution::ProjectPlace& place) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(';', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t at = std::exchange(begin, end + 1);
    if (text::trimmed(part).empty()) continue;
    const std::size_t colon = attribution::end_of_project(part);
    if (colon == std::string_view::npos) return of_option("a project without ':'", at);
    const std::string_view named = text::trimmed(part.substr(0, colon));
    const bool is_default = named == attribution::default_project;
    const Result<std::string_view> id =
        is_default ? named : names.id_of(named, "option 'tags'", place);
    if (!id) return Error{Code::invalid_option, id.error().message, at};
    auto tags = tags_in(part.substr(colon + 1), at + colon + 1);
    if (!tags) return std::move(tags).status();
    if (Status status = check_tags(tags.value()); !status) return status;
    Entry entry;
    entry.tags.assign(tags.value());
    projects_[std::string(id.value())].push_back(std::move(entry));
  }
  return {};
}

void ProjectTags::add_lock(const LockFile& lock) {
  for (const auto& [project, tags] : lock.projects) {
    projects_[project.id].push_back({project.account, project.region, tags});
  }
}

std::span<const NameValue> ProjectTags::of(std::string_view account, std::string_view region,
                                           std::string_view project) const noexcept {
  if (projects_.empty()) return told_of(project);
  const auto found = projects_.find(project);
  if (found == projects_.end()) return told_of(project);
  const auto may_be = [](std::string_view known, std::string_view other) {
    return known.empty() || other.empty() || known == other;
  };
  for (const Entry& entry : found->second) {
    if (may_be(entry.account, account) && may_be(entry.region, region)) return entry.tags.view();
  }
  return told_of(project);
}

}  // namespace costmark::client

namespace costmark {

Status tell_project_tags(std::string_view project, std::span<const NameValue> tags) {
  if (Status status = check_labels(tags); !status) return status;
  if (std::ranges::equal(client::told_of(project), tags)) return {};
  auto told = std::make_unique<client::Told>();
  told->project = project;
  told->tags.assign(tags);
  std::atomic<const client::Told*>& newest = client::newest_of(project);
  client::Told* const kept = told.release();
  kept->before = newest.load(std::memory_order_relaxed);
  while (!newest.compare_exchange_weak(kept->before, kept, std::memory_order_release,
                                       std::memory_order_relaxed)) {
  }
  return {};
}

}  // namespace costmark
