#include "costmark/json.hpp"

#include <array>
#include <cstring>

#include "costmark/costmark.h"
#include "guard.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t json_edit_first_size =
    offsetof(costmark_json_edit, reserved) + sizeof(std::uint32_t);

struct Edit {
  std::string_view text, path, value;
  json::Mode mode = json::Mode::lenient;
};

struct Buffer {
  char* data;
  std::size_t capacity;
  std::size_t* out_len;
};

Status read_edit(const costmark_json_edit* from, Edit& out) {
  costmark_json_edit edit;
  bool strict = false;
  Status status = read_struct(from, json_edit_first_size, "edit", edit);
  if (status) status = read_text(edit.json, "edit.json", out.text);
  if (status) status = read_text(edit.path, "edit.path", out.path);
  if (status) status = read_text(edit.value, "edit.value", out.value);
  if (status) status = read_bool(edit.strict, "edit.strict", strict);
  if (status) status = require_zero(edit.reserved, "edit.reserved");
  if (strict) out.mode = json::Mode::strict;
  return status;
}

Status check_buffer(const Buffer& buffer) {
  if (Status status = require_out(buffer.out_len, "out_len"); !status) return status;
  *buffer.out_len = 0;
  if (buffer.data != nullptr || buffer.capacity == 0) return {};
  return invalid_argument("buffer is NULL, but its capacity is " + std::to_string(buffer.capacity));
}

// Reads, opens, plans with `plan`, carries out, and copies to the caller.
template <class Plan>
Status carry_out(const costmark_json_edit* from, const Buffer& buffer, Plan plan) {
  Edit edit;
  if (Status status = check_buffer(buffer); !status) return status;
  if (Status status = read_edit(from, edit); !status) return status;
  json::Document document;
  const std::array<std::string_view, 1> paths{edit.path};
  if (Status status = document.open(edit.text, paths, edit.mode); !status) return status;
  if (Status status = plan(document, edit.value); !status) return status;
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

size_t costmark_json_set_bound(size_t json_len, size_t path_len, size_t value_len) noexcept {
  // A byte of a name is at most an escape of six; a member adds quotes, colon, braces and comma,
  // and every one but the last spends a dot on it.
  size_t bound = saturating_multiply(path_len, 12);
  bound = saturating_add(bound, json_len);
  bound = saturating_add(bound, value_len);
  return saturating_add(bound, 16);
}

costmark_status costmark_json_set(const costmark_json_edit* edit, char* buffer, size_t capacity,
                                  size_t* out_len, costmark_error** out_error) noexcept {
  return guarded(out_error, [&] {
    return carry_out(edit, {buffer, capacity, out_len},
                     [](costmark::json::Document& document, std::string_view value) {
                       return document.set(0, value);
                     });
  });
}

costmark_status costmark_json_remove(const costmark_json_edit* edit, char* buffer, size_t capacity,
                                     size_t* out_len, costmark_error** out_error) noexcept {
  return guarded(out_error, [&] {
    return carry_out(
        edit, {buffer, capacity, out_len},
        [](costmark::json::Document& document, std::string_view) { return document.remove(0); });
  });
}
