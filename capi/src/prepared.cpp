#include "callbacks.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "views.hpp"

using namespace costmark::capi;

namespace {

using costmark::Api;
using costmark::ProjectSource;

static_assert(static_cast<costmark_project_source>(ProjectSource::none) == COSTMARK_SOURCE_NONE);
static_assert(static_cast<costmark_project_source>(ProjectSource::request) ==
              COSTMARK_SOURCE_REQUEST);
static_assert(static_cast<costmark_project_source>(ProjectSource::scope) == COSTMARK_SOURCE_SCOPE);
static_assert(static_cast<costmark_project_source>(ProjectSource::rule) == COSTMARK_SOURCE_RULE);
static_assert(static_cast<costmark_project_source>(ProjectSource::client) ==
              COSTMARK_SOURCE_CLIENT);
static_assert(static_cast<costmark_project_source>(ProjectSource::environment) ==
              COSTMARK_SOURCE_ENVIRONMENT);

static_assert(static_cast<costmark_api>(Api::other) == COSTMARK_API_OTHER);
static_assert(static_cast<costmark_api>(Api::chat_completions) == COSTMARK_API_CHAT_COMPLETIONS);
static_assert(static_cast<costmark_api>(Api::responses) == COSTMARK_API_RESPONSES);
static_assert(static_cast<costmark_api>(Api::messages) == COSTMARK_API_MESSAGES);
static_assert(static_cast<costmark_api>(Api::embeddings) == COSTMARK_API_EMBEDDINGS);
static_assert(static_cast<costmark_api>(Api::control) == COSTMARK_API_CONTROL);

// What the getters show: a prepared that was filled, or nothing.
bool shows(const costmark_prepared* prepared) noexcept {
  return alive(prepared) && prepared->filled_by != nullptr;
}

}  // namespace

void costmark_prepared::clear() noexcept {
  filled_by = nullptr;
  headers_to_set.clear();
  headers_to_remove.clear();
  project.clear();
}

void costmark_prepared::show(const costmark::Client* client) {
  for (const costmark::Header& header : core.headers_to_set()) {
    headers_to_set.push_back({view(header.name), view(header.value)});
  }
  for (const std::string_view name : core.headers_to_remove()) {
    headers_to_remove.push_back(view(name));
  }
  project = core.project();
  filled_by = client;
}

costmark_status costmark_prepared_new(costmark_prepared** out_prepared,
                                      costmark_error** out_error) noexcept {
  return guarded_new(out_prepared, out_error, make_handle<costmark_prepared>);
}

void costmark_prepared_clear(costmark_prepared* prepared) noexcept {
  if (!alive(prepared) || Entry::inside(prepared)) return;
  prepared->clear();
  prepared->core.clear();
}

void costmark_prepared_free(costmark_prepared* prepared) noexcept {
  if (alive(prepared) && !Entry::inside(prepared)) delete prepared;
}

const costmark_str* costmark_prepared_headers_to_remove(const costmark_prepared* prepared,
                                                        size_t* out_count) noexcept {
  return give_array(shows(prepared) ? &prepared->headers_to_remove : nullptr, out_count);
}

const costmark_header* costmark_prepared_headers_to_set(const costmark_prepared* prepared,
                                                        size_t* out_count) noexcept {
  return give_array(shows(prepared) ? &prepared->headers_to_set : nullptr, out_count);
}

const char* costmark_prepared_body(const costmark_prepared* prepared, size_t* out_len) noexcept {
  return give_text(shows(prepared) ? prepared->core.body() : std::string_view(), out_len);
}

bool costmark_prepared_body_changed(const costmark_prepared* prepared) noexcept {
  return shows(prepared) && prepared->core.body_changed();
}

const char* costmark_prepared_project(const costmark_prepared* prepared, size_t* out_len) noexcept {
  return give_text(shows(prepared) ? prepared->project : std::string_view(), out_len);
}

costmark_project_source costmark_prepared_project_source(
    const costmark_prepared* prepared) noexcept {
  if (!shows(prepared)) return COSTMARK_SOURCE_NONE;
  return static_cast<costmark_project_source>(prepared->core.project_source());
}

costmark_api costmark_prepared_api(const costmark_prepared* prepared) noexcept {
  if (!shows(prepared)) return COSTMARK_API_OTHER;
  return static_cast<costmark_api>(prepared->core.api());
}

bool costmark_prepared_streamed(const costmark_prepared* prepared) noexcept {
  return shows(prepared) && prepared->core.streamed();
}

bool costmark_prepared_hides_usage_chunk(const costmark_prepared* prepared) noexcept {
  return shows(prepared) && prepared->core.hides_usage_chunk();
}

bool costmark_prepared_authorized(const costmark_prepared* prepared) noexcept {
  return shows(prepared) && prepared->core.authorized();
}

const char* costmark_prepared_url(const costmark_prepared* prepared, size_t* out_len) noexcept {
  return give_text(shows(prepared) ? prepared->core.url() : std::string_view(), out_len);
}

const char* costmark_prepared_hint(const costmark_prepared* prepared, size_t* out_len) noexcept {
  return give_text(shows(prepared) ? prepared->core.hint() : std::string_view(), out_len);
}

const char* costmark_project_source_name(costmark_project_source source) noexcept {
  if (source < COSTMARK_SOURCE_NONE || source > COSTMARK_SOURCE_ENVIRONMENT) return "unknown";
  return costmark::to_string(static_cast<ProjectSource>(source)).data();
}

const char* costmark_api_name(costmark_api api) noexcept {
  if (api < COSTMARK_API_OTHER || api > COSTMARK_API_CONTROL) return "unknown";
  return costmark::to_string(static_cast<Api>(api)).data();
}
