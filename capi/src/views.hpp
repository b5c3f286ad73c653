// Pointers, lengths and sized structs from the caller, checked before anything reads them.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/costmark.h"
#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "handle.hpp"

namespace costmark::capi {

// Refuses NULL with a length, and lengths that no object can have.
Status read_text(const char* data, std::size_t len, std::string_view name, std::string_view& out);
Status read_text(const costmark_str& text, std::string_view name, std::string_view& out);

// Replaces what is in `out`, whose memory is kept.
Status read_headers(const costmark_header* headers, std::size_t count, std::vector<Header>& out);

inline costmark_str view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

inline costmark_str view_or_absent(std::string_view text) noexcept {
  return text.empty() ? costmark_str{nullptr, 0} : view(text);
}

// For getters: never NULL, so that what has no bytes is still a text.
inline const char* give_text(std::string_view text, std::size_t* out_len) noexcept {
  if (out_len != nullptr) *out_len = text.size();
  return text.data() == nullptr ? "" : text.data();
}

// `items`: NULL for none. An empty array is NULL.
template <class T>
const T* give_array(const std::vector<T>* items, std::size_t* out_count) noexcept {
  if (out_count != nullptr) *out_count = items == nullptr ? 0 : items->size();
  return items == nullptr || items->empty() ? nullptr : items->data();
}

// No struct of this library will ever be larger; a size above it was never set.
inline constexpr std::size_t largest_struct = 4096;

// Checks the size that begins a plain struct. `first`: its size in the first version that had it;
// `known`: the one that this library was built with. What lies beyond it must be zero.
Status check_struct(const void* from, std::size_t first, std::size_t known, std::string_view name,
                    std::size_t& out_size);

// Reads a caller's struct of whatever version; fields that it does not have are zero.
template <class Struct>
Status read_struct(const Struct* from, std::size_t first, std::string_view name, Struct& out) {
  std::size_t size = 0;
  if (Status status = check_struct(from, first, sizeof(Struct), name, size); !status) return status;
  std::memset(&out, 0, sizeof(Struct));
  std::memcpy(&out, from, std::min(size, sizeof(Struct)));
  return {};
}

// Fills a caller's struct of whatever version with as many fields as it has.
template <class Struct>
Status write_struct(Struct value, std::size_t first, std::string_view name, Struct* to) {
  std::size_t size = 0;
  if (Status status = check_struct(to, first, sizeof(Struct), name, size); !status) return status;
  value.struct_size = size;
  std::memcpy(to, &value, std::min(size, sizeof(Struct)));
  return {};
}

}  // namespace costmark::capi
