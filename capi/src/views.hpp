// Pointers, lengths and sized structs from the caller, checked before anything reads them; and the
// structs that show results.
#pragma once

#include <algorithm>
#include <chrono>
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
#include "costmark/labels.hpp"
#include "handle.hpp"

namespace costmark::capi {

// Refuses NULL with a length, and lengths that no object can have.
Status read_text(const char* data, std::size_t len, std::string_view name, std::string_view& out);
Status read_text(const costmark_str& text, std::string_view name, std::string_view& out);

Status check_headers(const costmark_header* headers, std::size_t count);
// Of headers that were checked. Replaces what is in `out`, whose memory is kept.
void copy_headers(const costmark_header* headers, std::size_t count, std::vector<Header>& out);
// Both.
Status read_headers(const costmark_header* headers, std::size_t count, std::vector<Header>& out);

// The pointers alone: what labels may be says the core.
Status read_labels(const costmark_label* labels, std::size_t count, std::vector<NameValue>& out);

// For truth values in structs.
Status read_bool(std::uint32_t value, std::string_view name, bool& out);
// For times that a call may take, in milliseconds: 0 is the default of its option, or no limit.
Status check_timeout(std::int64_t timeout_ms, std::string_view name);
// A day at most: what is longer is as good as no limit, and would overflow where it is added.
std::chrono::milliseconds timeout_of(std::int64_t timeout_ms) noexcept;

// For reserved fields.
Status require_zero(std::uint32_t value, std::string_view name);

inline costmark_str view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

inline costmark_str view_or_absent(std::string_view text) noexcept {
  return text.empty() ? costmark_str{nullptr, 0} : view(text);
}

// An empty array is NULL.
template <class T>
const T* array_or_absent(const std::vector<T>& items) noexcept {
  return items.empty() ? nullptr : items.data();
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

// The size of a caller's struct for a result; 0 when it cannot take one.
std::size_t size_of_out(const void* to) noexcept;

// The same for functions that can say what is wrong. `known`: the size that this library knows.
Status check_out(const void* to, std::size_t known, std::string_view name);
template <class Struct>
Status check_out(const Struct* to, std::string_view name) {
  return check_out(to, sizeof(Struct), name);
}

// Fills a caller's struct for a result, of whatever version: no byte beyond its size is written,
// its size stays, and what this version does not know becomes zero.
template <class Struct>
void show(const Struct& value, Struct* to) noexcept {
  constexpr std::size_t begin = sizeof(std::size_t);
  const std::size_t size = size_of_out(to);
  if (size <= begin) return;
  const std::size_t known = std::min(size, sizeof(Struct));
  auto* bytes = reinterpret_cast<unsigned char*>(to);
  std::memcpy(bytes + begin, reinterpret_cast<const unsigned char*>(&value) + begin, known - begin);
  std::memset(bytes + known, 0, size - known);
}

// What a struct for a result shows when there is nothing to show.
template <class Struct>
void show_nothing(Struct* to) noexcept {
  show(Struct{}, to);
}

}  // namespace costmark::capi
