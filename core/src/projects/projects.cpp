#include "costmark/projects.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "attribution/project.hpp"
#include "base/jitter.hpp"
#include "base/text.hpp"
#include "base/waiting.hpp"
#include "http/retry.hpp"
#include "projects/exchange.hpp"
#include "projects/reference.hpp"
#include "projects/service_error.hpp"
#include "projects/wire.hpp"

namespace costmark {

using projects::Ask;
using projects::Page;
using projects::Reference;
using projects::Wire;

namespace {

bool says_retryable(const http::Attempted& attempted) noexcept {
  return attempted.error != nullptr && attempted.error->retryable;
}

constexpr http::RetryPolicy retries_of_failures{.predicate = says_retryable};
// More than a minute, whatever chance makes of the pauses: the quotas of a control plane are small.
constexpr http::RetryPolicy retries_of_throttling{
    .predicate = says_retryable, .longest_pause = std::chrono::seconds(20), .attempts = 10};

Status invalid(std::string message) {
  return {Code::invalid_argument, std::move(message)};
}

constexpr std::string_view retention_modes =
    "data_retention is no mode; take inherit, none, default, aws_review or provider_data_share";

// New modes may come: only the form is checked.
Status check_retention(std::string_view mode) {
  const bool is_word =
      std::all_of(mode.begin(), mode.end(), [](char c) { return text::is_lower(c) || c == '_'; });
  if (is_word && mode.size() <= 64) return {};
  return invalid(std::string(retention_modes));
}

Status check_update(const ProjectUpdate& update) {
  if (update.name.has_value() == update.data_retention.has_value()) {
    return invalid("an update takes exactly one of name and data_retention");
  }
  if (update.name) return check_project_name(*update.name);
  if (update.data_retention->empty()) return invalid(std::string(retention_modes));
  return check_retention(*update.data_retention);
}

Status check_changeable(const Reference& project, const char* verb) {
  if (project.id != attribution::default_project) return {};
  return {Code::invalid_project,
          std::string("project 'default' is the endpoint's own and cannot be ") + verb};
}

bool is_of_aws(std::string_view key) noexcept {
  return equal_ignoring_case(key.substr(0, 4), "aws:");
}

// What has to happen to tags so that they become others.
struct TagChange {
  std::vector<ProjectTag> overwritten;
  std::vector<std::string> removed;
  std::vector<ProjectTag> added;
};

TagChange change_of(std::span<const ProjectTag> now, std::span<const ProjectTag> wanted) {
  const auto find = [](std::span<const ProjectTag> tags, std::string_view key) {
    return std::find_if(tags.begin(), tags.end(),
                        [key](const auto& tag) { return tag.key == key; });
  };
  TagChange change;
  for (const ProjectTag& tag : wanted) {
    const auto found = find(now, tag.key);
    if (found == now.end()) {
      change.added.push_back(tag);
    } else if (found->value != tag.value) {
      change.overwritten.push_back(tag);
    }
  }
  for (const ProjectTag& tag : now) {
    if (find(wanted, tag.key) == wanted.end() && !is_of_aws(tag.key)) {
      change.removed.push_back(tag.key);
    }
  }
  return change;
}

}  // namespace

std::string_view to_string(ProjectPlane plane) noexcept {
  switch (plane) {
    case ProjectPlane::automatic:
      break;
    case ProjectPlane::mantle:
      return "mantle";
    case ProjectPlane::bedrock:
      return "bedrock";
  }
  return "auto";
}

Result<ProjectPlane> project_plane_named(std::string_view name) {
  for (const auto plane : {ProjectPlane::automatic, ProjectPlane::mantle, ProjectPlane::bedrock}) {
    if (to_string(plane) == name) return plane;
  }
  return Error{Code::invalid_option,
               "plane " + text::quoted(name) + " is none; expected auto, mantle or bedrock"};
}

class Projects::Impl {
 public:
  Impl(std::unique_ptr<projects::Exchange> exchange, Place place)
      : place_(std::move(place)),
        wire_(projects::wire_of(place_.plane)),
        exchange_(std::move(exchange)) {}

  const Place& place() const noexcept { return place_; }
  const Wire& wire() const noexcept { return wire_; }

  // With the time that an operation may take.
  Wait within(const Wait& wait) const {
    Wait bounded = wait;
    bounded.deadline =
        std::min(wait.deadline, std::chrono::steady_clock::now() + exchange_->timeout());
    return bounded;
  }

  Result<Project> project(const Ask& ask, const Wait& wait) {
    return read<Project>(ask, wait, [this](const auto& json) { return wire_.read_project(json); });
  }
  Result<Page> page(const Ask& ask, const Wait& wait) {
    return read<Page>(ask, wait, [this](const auto& json) { return wire_.read_page(json); });
  }
  Result<std::vector<ProjectTag>> tags(const Ask& ask, const Wait& wait) {
    return read<std::vector<ProjectTag>>(
        ask, wait, [this](const auto& json) { return wire_.read_tags(json); });
  }
  Status done(const Ask& ask, const Wait& wait) { return answer_to(ask, wait).status(); }

  // Of a project whose tags are to be read or changed.
  Result<Reference> refer_for_tags(std::string_view given, const Wait& wait) {
    Result<Reference> found = projects::refer_to(given, place_);
    if (!found || !wire_.tags_by_arn() || !found.value().arn.empty()) return found;
    Result<Project> read = project(wire_.get(found.value().id), wait);
    if (!read) return read.error();
    return projects::refer_to(read.value().arn, place_);
  }

 private:
  std::string url_of(const Ask& ask) const { return place_.base_url + ask.path; }

  template <class Value, class Read>
  Result<Value> read(const Ask& ask, const Wait& wait, const Read& parse) {
    const Result<http::Response> answer = answer_to(ask, wait);
    if (!answer) return answer.error();
    const Result<json::Value> json = json::parse_value(answer.value().body);
    std::optional<Value> value;
    if (json) value = parse(json.value());
    if (!value) return projects::unreadable(answer.value(), ask, url_of(ask));
    return std::move(*value);
  }

  // Makes the exchange, again where that helps; the answer is one of success.
  Result<http::Response> answer_to(const Ask& ask, const Wait& wait) {
    const std::string url = url_of(ask);
    for (std::uint32_t attempt = 1;; ++attempt) {
      Result<http::Response> answer =
          exchange_->send({ask.method, url, ask.body, ask.repeatable}, wait);
      if (answer && answer.value().status / 100 == 2) return answer;
      Error error = answer ? projects::error_of(answer.value(), ask, url)
                           : projects::while_doing(answer.error(), ask);
      const auto pause = pause_after(attempt, answer, error, ask);
      if (!pause || std::chrono::steady_clock::now() + *pause >= wait.deadline) {
        return as_given_up(std::move(error), ask);
      }
      exchange_->pause(*pause, wait);
      if (is_over(wait)) return ended_early(wait, "the call to the Projects API");
    }
  }

  std::optional<std::chrono::milliseconds> pause_after(std::uint32_t attempt,
                                                       const Result<http::Response>& answer,
                                                       const Error& error, const Ask& ask) {
    const bool is_throttled = error.code == Code::throttled;
    if (!is_throttled && !ask.repeatable) return std::nullopt;
    http::Attempted attempted{.error = &error};
    if (answer) {
      attempted.retry_after_ms = answer.value().header("retry-after-ms");
      attempted.retry_after = answer.value().header("retry-after");
    }
    const http::RetryPolicy& policy = is_throttled ? retries_of_throttling : retries_of_failures;
    constexpr std::int64_t most = 1 << 30;
    return policy.next(attempt, attempted, exchange_->now(),
                       static_cast<std::uint32_t>(random_up_to(most)));
  }

  // A caller that repeats a create blindly makes a second project.
  static Error as_given_up(Error error, const Ask& ask) {
    const bool is_open = error.retryable && error.code != Code::throttled;
    if (ask.repeatable || !is_open) return error;
    error.retryable = false;
    error.message += "; whether the project was made is not known: list the projects first";
    return error;
  }

  const Place place_;
  const Wire& wire_;
  const std::unique_ptr<projects::Exchange> exchange_;
};

Projects::Projects(std::unique_ptr<projects::Exchange> exchange, Place place)
    : impl_(std::make_shared<Impl>(std::move(exchange), std::move(place))) {}
Projects::~Projects() = default;

const Projects::Place& Projects::place() const noexcept {
  return impl_->place();
}

Result<Project> Projects::create(const NewProject& project, const Wait& wait) {
  if (Status status = check_project_name(project.name); !status) return status;
  if (Status status = check_project_tags(project.tags); !status) return status;
  if (Status status = check_retention(project.data_retention); !status) return status;
  Result<Project> made = impl_->project(impl_->wire().create(project), impl_->within(wait));
  // The bedrock plane does not repeat them.
  if (made && !made.value().tags) {
    made.value().tags = std::vector<ProjectTag>(project.tags.begin(), project.tags.end());
  }
  return made;
}

Result<Project> Projects::get(std::string_view project, const Wait& wait) {
  const Result<Reference> reference = projects::refer_to(project, place());
  if (!reference) return reference.error();
  return impl_->project(impl_->wire().get(reference.value().id), impl_->within(wait));
}

Status Projects::list(bool include_archived, const std::function<Status(const Project&)>& each,
                      const Wait& wait) {
  ProjectPages pages(*this, include_archived);
  for (;;) {
    auto page = pages.next(wait);
    if (!page) return page.error();
    if (!page.value()) return {};
    for (const Project& project : *page.value()) {
      if (Status status = each(project); !status) return status;
    }
  }
}

Result<Project> Projects::update(std::string_view project, const ProjectUpdate& update,
                                 const Wait& wait) {
  if (Status status = check_update(update); !status) return status;
  const Result<Reference> reference = projects::refer_to(project, place());
  if (!reference) return reference.error();
  if (Status status = check_changeable(reference.value(), "updated"); !status) return status;
  return impl_->project(impl_->wire().update(reference.value().id, update), impl_->within(wait));
}

Result<std::vector<ProjectTag>> Projects::tags(std::string_view project, const Wait& wait) {
  const Wait bounded = impl_->within(wait);
  const Result<Reference> reference = impl_->refer_for_tags(project, bounded);
  if (!reference) return reference.error();
  return impl_->tags(impl_->wire().tags(reference.value()), bounded);
}

Status Projects::add_tags(std::string_view project, std::span<const ProjectTag> tags,
                          const Wait& wait) {
  if (Status status = check_project_tags(tags); !status) return status;
  if (tags.empty()) return projects::refer_to(project, place()).status();
  const Wait bounded = impl_->within(wait);
  const Result<Reference> reference = impl_->refer_for_tags(project, bounded);
  if (!reference) return reference.error();
  return impl_->done(impl_->wire().add_tags(reference.value(), tags), bounded);
}

Status Projects::remove_tags(std::string_view project, std::span<const std::string> keys,
                             const Wait& wait) {
  if (Status status = check_project_tag_keys(keys); !status) return status;
  if (keys.empty()) return projects::refer_to(project, place()).status();
  const Wait bounded = impl_->within(wait);
  const Result<Reference> reference = impl_->refer_for_tags(project, bounded);
  if (!reference) return reference.error();
  return impl_->done(impl_->wire().remove_tags(reference.value(), keys), bounded);
}

Status Projects::set_tags(std::string_view project, std::span<const ProjectTag> tags,
                          const Wait& wait) {
  if (Status status = check_project_tags(tags); !status) return status;
  const Wait bounded = impl_->within(wait);
  const Result<Reference> found = impl_->refer_for_tags(project, bounded);
  if (!found) return found.error();
  const Reference& reference = found.value();
  const Wire& wire = impl_->wire();
  const auto now = impl_->tags(wire.tags(reference), bounded);
  if (!now) return now.error();
  const TagChange change = change_of(now.value(), tags);
  Status status;
  if (!change.overwritten.empty()) {
    status = impl_->done(wire.add_tags(reference, change.overwritten), bounded);
  }
  if (status && !change.removed.empty()) {
    status = impl_->done(wire.remove_tags(reference, change.removed), bounded);
  }
  if (status && !change.added.empty()) {
    status = impl_->done(wire.add_tags(reference, change.added), bounded);
  }
  return status;
}

Result<Project> Projects::archive(std::string_view project, const Wait& wait) {
  const Result<Reference> reference = projects::refer_to(project, place());
  if (!reference) return reference.error();
  if (Status status = check_changeable(reference.value(), "archived"); !status) return status;
  return impl_->project(impl_->wire().archive(reference.value().id), impl_->within(wait));
}

// --- Pages ---------------------------------------------------------------------------------------

struct ProjectPages::State {
  std::shared_ptr<Projects::Impl> projects;
  bool include_archived = false;
  bool is_at_end = false;
  std::string from;                                // what continues the list
  std::set<std::string, std::less<>> seen_tokens;  // that a page was asked for with
  std::set<std::string, std::less<>> seen_ids;
  std::size_t pages = 0;
  static constexpr std::size_t most_pages = 1000;  // of an account that has a thousand projects

  Error endless(const char* what) const {
    return {Code::service, "cannot list the projects: the service " + std::string(what) +
                               ", so that the list has no end (" + std::to_string(seen_ids.size()) +
                               " projects were read)"};
  }

  Result<std::vector<Project>> take(Page page);
};

// A project that moved on to the next page while others were made or archived is shown once; a page
// of which nothing is new is a loop.
Result<std::vector<Project>> ProjectPages::State::take(Page page) {
  std::vector<Project> fresh;
  bool is_new = page.projects.empty();
  for (Project& project : page.projects) {
    if (!seen_ids.insert(project.id).second) continue;
    is_new = true;
    const bool is_wanted = include_archived || project.status != "archived";
    if (is_wanted) fresh.push_back(std::move(project));
  }
  if (!is_new) return endless("sends a page that it has sent before");
  if (!page.next.empty() && !seen_tokens.insert(page.next).second) {
    return endless("continues with a token that it has sent before");
  }
  if (++pages == most_pages) return endless("goes on after its 1,000th page");
  from = std::move(page.next);
  is_at_end = from.empty();
  return fresh;
}

ProjectPages::ProjectPages(const Projects& projects, bool include_archived)
    : state_(std::make_unique<State>()) {
  state_->projects = projects.impl_;
  state_->include_archived = include_archived;
}
ProjectPages::~ProjectPages() = default;
ProjectPages::ProjectPages(ProjectPages&&) noexcept = default;
ProjectPages& ProjectPages::operator=(ProjectPages&&) noexcept = default;

Result<std::optional<std::vector<Project>>> ProjectPages::next(const Wait& wait) {
  using Answer = std::optional<std::vector<Project>>;
  if (state_->is_at_end) return Answer();
  Projects::Impl& projects = *state_->projects;
  const Ask ask = projects.wire().list(state_->from, state_->include_archived);
  Result<Page> page = projects.page(ask, projects.within(wait));
  if (!page) return page.error();
  Result<std::vector<Project>> fresh = state_->take(std::move(page).value());
  if (!fresh) return fresh.error();
  return Answer(std::move(fresh).value());
}

}  // namespace costmark
