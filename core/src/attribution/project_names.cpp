#include "attribution/project_names.hpp"

#include <algorithm>
#include <utility>

#include "attribution/glob.hpp"
#include "attribution/project.hpp"
#include "base/text.hpp"
#include "costmark/attribution.hpp"

namespace costmark::attribution {
namespace {

constexpr std::string_view id_prefix = "proj_";
constexpr std::size_t most_shown = 4;         // of the projects that a name may stand for
constexpr std::size_t furthest_distance = 4;  // further away it is no slip of the pen

// What AWS gives, whatever else has that name.
bool is_generated_id(std::string_view text) noexcept {
  return text.starts_with(id_prefix) && text.size() > id_prefix.size() && is_project_id(text);
}

bool may_be(std::string_view known, std::string_view other) noexcept {
  return known.empty() || other.empty() || known == other;
}

// Whether projects of one name are at a place. One of its plane hides those of the other.
class IsAt {
 public:
  IsAt(std::span<const NamedProject> namesakes, const ProjectPlace& place) noexcept
      : place_(place),
        of_plane_(std::any_of(namesakes.begin(), namesakes.end(), [&](const NamedProject& each) {
          return is_in_region(each) && is_on_plane(each);
        })) {}

  bool operator()(const NamedProject& project) const noexcept {
    return is_in_region(project) && (!of_plane_ || is_on_plane(project));
  }

 private:
  bool is_in_region(const NamedProject& project) const noexcept {
    return may_be(project.region, place_.region);
  }
  bool is_on_plane(const NamedProject& project) const noexcept {
    return may_be(project.plane, place_.plane);
  }

  const ProjectPlace& place_;
  bool of_plane_;
};

// "proj_a (account 111122223333, us-east-1, mantle)"
std::string described(const NamedProject& project) {
  std::string where;
  const auto add = [&where](std::string_view what, const std::string& value) {
    if (value.empty()) return;
    where += where.empty() ? " (" : ", ";
    where.append(what).append(value);
  };
  add("account ", project.account);
  add("", project.region);
  add("", project.plane);
  return project.id + where + (where.empty() ? "" : ")");
}

}  // namespace

ProjectNames::ProjectNames(std::string file, std::vector<NamedProject> projects)
    : file_(std::move(file)), projects_(std::move(projects)) {
  ids_.reserve(projects_.size());
  for (const NamedProject& project : projects_) ids_.push_back(project.id);
  std::sort(ids_.begin(), ids_.end());
  // The endpoint's own project is named by leaving projects out.
  std::erase_if(projects_, [](const NamedProject& project) {
    return project.name.empty() || project.id == default_project;
  });
  std::stable_sort(projects_.begin(), projects_.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
}

bool ProjectNames::is_id(std::string_view text) const noexcept {
  return is_generated_id(text) ||
         (text != default_project && std::binary_search(ids_.begin(), ids_.end(), text));
}

template <class IsOf>
ProjectNames::Namesakes ProjectNames::from(std::string_view name, IsOf is_of) const noexcept {
  const auto is_before = [](const NamedProject& project, std::string_view wanted) {
    return project.name < wanted;
  };
  const auto first = std::lower_bound(projects_.begin(), projects_.end(), name, is_before);
  return {first, std::find_if_not(first, projects_.end(), is_of)};
}

ProjectNames::Namesakes ProjectNames::named(std::string_view name) const noexcept {
  return from(name, [name](const NamedProject& each) { return each.name == name; });
}

ProjectNames::Namesakes ProjectNames::beginning_with(std::string_view prefix) const noexcept {
  return from(prefix, [prefix](const NamedProject& each) { return each.name.starts_with(prefix); });
}

Result<std::string_view> ProjectNames::id_of(std::string_view text, std::string_view where,
                                             const ProjectPlace& place) const {
  if (is_id(text)) return text;
  if (empty() || text.empty() || text == default_project || is_arn(text)) {
    if (Status status = check_project_id(text, where); !status) return status;
    return without_arn(text);
  }
  const Namesakes namesakes = named(text);
  const IsAt is_at(namesakes, place);
  const NamedProject* found = nullptr;
  for (const NamedProject& each : namesakes) {
    if (!is_at(each)) continue;
    if (found != nullptr && found->id != each.id) return ambiguous(text, where, place);
    found = &each;
  }
  if (found == nullptr) return unknown(text, where, place.region);
  return std::string_view(found->id);
}

Status ProjectNames::check(std::string_view text, std::string_view where,
                           const ProjectPlace& place) const {
  if (place.region.empty() && !named(text).empty()) return {};
  return id_of(text, where, place).status();
}

Result<std::vector<std::string_view>> ProjectNames::ids_of_glob(std::string_view glob,
                                                                std::string_view where,
                                                                std::string_view region) const {
  std::vector<std::string_view> ids;
  if (empty() || is_id(glob) || glob == default_project) return ids;
  const bool is_name = !is_pattern(glob);
  const std::string_view prefix = glob.substr(0, glob.find_first_of("*?"));
  for (const NamedProject& each : beginning_with(prefix)) {
    if (!may_be(each.region, region) || !glob_match(glob, each.name) || is_id(each.name)) continue;
    if (is_name) {
      const auto id = id_of(glob, where, {each.region, each.plane});
      if (!id) return id.error();
    }
    ids.emplace_back(each.id);
  }
  if (is_name && ids.empty()) return unknown(glob, where, region);
  return ids;
}

Error ProjectNames::ambiguous(std::string_view text, std::string_view where,
                              const ProjectPlace& place) const {
  const Namesakes namesakes = named(text);
  const IsAt is_at(namesakes, place);
  std::string message(where);
  message += ": " + text::quoted(text) + " may be ";
  std::size_t count = 0;
  for (const NamedProject& each : namesakes) {
    if (!is_at(each) || ++count > most_shown) continue;
    message += (count == 1 ? "" : " or ") + described(each);
  }
  if (count > most_shown) message += " or " + std::to_string(count - most_shown) + " others";
  return {Code::invalid_project, message + ", says " + file_ + "; name the id"};
}

Error ProjectNames::unknown(std::string_view text, std::string_view where,
                            std::string_view region) const {
  std::string message(where);
  message += ": " + file_ + " has no project that is named ";
  const std::string shown = shown_project(text);
  message += shown.empty() ? "so" : shown;
  if (!region.empty()) (message += " in ") += region;
  return {Code::invalid_project,
          message + hint(text) +
              "; `costmark projects apply` writes into it what there is, and an id is one that it "
              "lists, or begins with 'proj_'"};
}

// What may have been meant: the project of that name elsewhere, or the one of the nearest name.
std::string ProjectNames::hint(std::string_view text) const {
  if (const Namesakes found = named(text); !found.empty()) {
    return ", but " + described(found.front());
  }
  const NamedProject* nearest = nullptr;
  std::size_t distance = furthest_distance;
  for (const NamedProject& each : projects_) {
    const std::size_t limit = std::min(distance, std::max(each.name.size(), text.size()));
    if (const auto d = text::edit_distance(text, each.name, limit); d < limit) {
      distance = d;
      nearest = &each;
    }
  }
  return nearest == nullptr ? std::string() : "; did you mean " + text::quoted(nearest->name) + "?";
}

}  // namespace costmark::attribution
