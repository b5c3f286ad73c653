#include <cstring>

#include "views.hpp"

using costmark::capi::largest_struct;

void costmark_init(void* any_struct, size_t struct_size) noexcept {
  if (any_struct == nullptr || struct_size < sizeof(size_t)) return;
  if (struct_size > largest_struct) return;
  std::memset(any_struct, 0, struct_size);
  std::memcpy(any_struct, &struct_size, sizeof struct_size);
}

bool costmark_header_find(const costmark_header* headers, size_t count, const char* name,
                          size_t name_len, costmark_str* out_value) noexcept {
  if (out_value != nullptr) *out_value = {nullptr, 0};
  if (headers == nullptr || name == nullptr) return false;
  for (size_t i = 0; i < count; ++i) {
    const costmark_header& header = headers[i];
    if (header.name.data == nullptr || header.name.len != name_len) continue;
    if (!costmark::equal_ignoring_case({header.name.data, name_len}, {name, name_len})) continue;
    if (out_value != nullptr) *out_value = header.value;
    return true;
  }
  return false;
}
