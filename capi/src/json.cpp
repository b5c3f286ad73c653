#include "costmark/json.hpp"

#include <array>
#include <cstring>

#include "costmark/costmark.h"
#include "guard.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

// What an edit is told besides the text, as both functions have it.
struct Edit {
  std::string_view text, path;
  json::Mode mode = json::Mode::lenient;
};

struct Buffer {
  char* data;
  std::size_t capacity;
  std::size_t* out_len;
};

Status read_edit(const char* text, std::size_t len, const char* path, std::size_t path_len,
                 std::uint32_t flags, const Buffer& buffer, Edit& out) {
  if (Status status = require_out(buffer.out_len, "out_len"); !status) return status;
  *buffer.out_len = 0;
  Status status = read_text(text, len, "json", out.text);
  if (status) status = read_text(path, path_len, "path", out.path);
  if (!status) return status;
  if (buffer.data == nullptr && buffer.capacity != 0) {
    return invalid_argument("buffer is NULL, but its capacity is " +
                            std::to_string(buffer.capacity));
  }
  if ((flags & ~COSTMARK_JSON_STRICT) != 0) {
    return invalid_argument("flags is " + std::to_string(flags) +
                            "; known are 0 and COSTMARK_JSON_STRICT");
  }
  if ((flags & COSTMARK_JSON_STRICT) != 0) out.mode = json::Mode::strict;
  return {};
}

// Opens, plans with `plan`, carries out, and copies to the caller.
template <class Plan>
Status carry_out(const Edit& edit, const Buffer& buffer, Plan plan) {
  json::Document document;
  const std::array<std::string_view, 1> paths{edit.path};
  if (Status status = document.open(edit.text, paths, edit.mode); !status) return status;
  if (Status status = plan(document); !status) return status;
  Result<std::string_view> edited = document.finish();
  if (!edited) return std::move(edited).status();
  const std::string_view text = edited.value();
  *buffer.out_len = text.size();
  if (text.size() > buffer.capacity) {
    return invalid_argument("the edited text has " + std::to_string(text.size()) +
                            " bytes; capacity is " + std::to_string(buffer.capacity));
  }
  std::memcpy(buffer.data, text.data(), text.size());
  return {};
}

std::size_t saturating_add(std::size_t a, std::size_t b) noexcept {
  return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

std::size_t saturating_multiply(std::size_t a, std::size_t b) noexcept {
  return a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

size_t costmark_json_set_bound(size_t json_len, size_t path_len, size_t value_len) noexcept {
  // A byte of a name is at most an escape of six; a member adds quotes, colon, braces and comma,
  // and every one but the last spends a dot on it.
  size_t bound = saturating_multiply(path_len, 12);
  bound = saturating_add(bound, json_len);
  bound = saturating_add(bound, value_len);
  return saturating_add(bound, 16);
}

costmark_status costmark_json_set(const char* json, size_t json_len, const char* path,
                                  size_t path_len, const char* value, size_t value_len,
                                  uint32_t flags, char* buffer, size_t capacity, size_t* out_len,
                                  costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    const Buffer to{buffer, capacity, out_len};
    Edit edit;
    Status status = read_edit(json, json_len, path, path_len, flags, to, edit);
    if (!status) return status;
    std::string_view text;
    if (status = read_text(value, value_len, "value", text); !status) return status;
    return carry_out(edit, to,
                     [&](costmark::json::Document& document) { return document.set(0, text); });
  });
}

costmark_status costmark_json_remove(const char* json, size_t json_len, const char* path,
                                     size_t path_len, uint32_t flags, char* buffer, size_t capacity,
                                     size_t* out_len, costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    const Buffer to{buffer, capacity, out_len};
    Edit edit;
    Status status = read_edit(json, json_len, path, path_len, flags, to, edit);
    if (!status) return status;
    return carry_out(edit, to,
                     [](costmark::json::Document& document) { return document.remove(0); });
  });
}
