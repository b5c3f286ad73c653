#include "response.hpp"

#include "callbacks.hpp"
#include "guard.hpp"
#include "usage.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

bool shows(const costmark_response* response) noexcept {
  return alive(response) && response->filled;
}

const char* answer_text(const costmark_response* response, std::string Answer::* member,
                        std::size_t* out_len) noexcept {
  return give_text(shows(response) ? response->core.answer().*member : std::string_view(), out_len);
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Answer;
using costmark::Status;

void costmark_response::clear() noexcept {
  filled = false;
  text.clear();
  headers.clear();
  request_id.clear();
  project.clear();
}

void costmark_response::show_head(const costmark::Response& from) {
  clear();
  std::size_t size = 0;
  for (const costmark::Header& header : from.headers()) {
    size += header.name.size() + header.value.size() + 2;
  }
  text.reserve(size);  // from here on its memory stays where it is
  const auto copy = [this](std::string_view part) -> costmark_str {
    const char* const begin = text.data() + text.size();
    text.append(part).push_back('\0');
    return {begin, part.size()};
  };
  for (const costmark::Header& header : from.headers()) {
    const costmark_str name = copy(header.name);
    headers.push_back({name, copy(header.value)});
  }
  request_id = from.request_id();
  filled = true;
}

void costmark_response::show() {
  show_head(core);
  project = core.prepared().project();
}

costmark_status costmark_response_new(costmark_response** out_response,
                                      costmark_error** out_error) noexcept {
  return guarded_new(out_response, out_error, make_handle<costmark_response>);
}

int32_t costmark_response_http_status(const costmark_response* response) noexcept {
  return shows(response) ? response->core.http_status() : 0;
}

const costmark_header* costmark_response_headers(const costmark_response* response,
                                                 size_t* out_count) noexcept {
  return give_array(shows(response) ? &response->headers : nullptr, out_count);
}

const char* costmark_response_header(const costmark_response* response, const char* name,
                                     size_t name_len, size_t* out_len) noexcept {
  if (shows(response) && name != nullptr) {
    for (const costmark_header& header : response->headers) {
      if (header.name.len != name_len) continue;
      if (costmark::equal_ignoring_case({header.name.data, name_len}, {name, name_len})) {
        return give_text({header.value.data, header.value.len}, out_len);
      }
    }
  }
  return give_text({}, out_len);
}

const char* costmark_response_body(const costmark_response* response, size_t* out_len) noexcept {
  return give_text(shows(response) ? response->core.body() : std::string_view(), out_len);
}

const char* costmark_response_request_id(const costmark_response* response,
                                         size_t* out_len) noexcept {
  return give_text(shows(response) ? response->request_id : std::string_view(), out_len);
}

uint32_t costmark_response_attempts(const costmark_response* response) noexcept {
  return shows(response) ? response->core.attempts() : 0;
}

costmark_status costmark_response_usage(const costmark_response* response,
                                        costmark_usage* out_usage,
                                        costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(response, "response"); !status) return status;
    const costmark::Usage none;
    return write_struct(to_c(shows(response) ? response->core.answer().usage : none),
                        usage_first_size, "out_usage", out_usage);
  });
}

costmark_outcome costmark_response_outcome(const costmark_response* response) noexcept {
  if (!shows(response)) return COSTMARK_OUTCOME_UNKNOWN;
  return to_c(response->core.answer().outcome);
}

const char* costmark_response_id(const costmark_response* response, size_t* out_len) noexcept {
  return answer_text(response, &Answer::response_id, out_len);
}

const char* costmark_response_model(const costmark_response* response, size_t* out_len) noexcept {
  return answer_text(response, &Answer::model, out_len);
}

const char* costmark_response_service_tier(const costmark_response* response,
                                           size_t* out_len) noexcept {
  return answer_text(response, &Answer::service_tier, out_len);
}

const char* costmark_response_project(const costmark_response* response, size_t* out_len) noexcept {
  return give_text(shows(response) ? response->project : std::string_view(), out_len);
}

costmark_project_source costmark_response_project_source(
    const costmark_response* response) noexcept {
  if (!shows(response)) return COSTMARK_SOURCE_NONE;
  return static_cast<costmark_project_source>(response->core.prepared().project_source());
}

const char* costmark_response_hint(const costmark_response* response, size_t* out_len) noexcept {
  return give_text(shows(response) ? response->core.prepared().hint() : std::string_view(),
                   out_len);
}

void costmark_response_free(costmark_response* response) noexcept {
  if (alive(response) && !Entry::inside(response)) delete response;
}
