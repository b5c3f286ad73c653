#include "views.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t largest_length = PTRDIFF_MAX;

std::string plus(std::string_view a, std::string_view b) {
  return std::string(a).append(b);
}

}  // namespace

Status read_text(const char* data, std::size_t len, std::string_view name, std::string_view& out) {
  if (data == nullptr && len != 0) {
    return invalid_argument(plus(name, " is NULL, but its length is ") + std::to_string(len));
  }
  if (len > largest_length) {
    return invalid_argument(plus(name, " has the length ") + std::to_string(len) +
                            ", which no object can have; lengths are explicit here");
  }
  out = std::string_view(data, len);
  return {};
}

Status read_text(const costmark_str& text, std::string_view name, std::string_view& out) {
  return read_text(text.data, text.len, name, out);
}

Status check_headers(const costmark_header* headers, std::size_t count) {
  if (headers == nullptr && count != 0) {
    return invalid_argument("headers is NULL, but header_count is " + std::to_string(count));
  }
  if (count > largest_length / sizeof(costmark_header)) {
    return invalid_argument("header_count is " + std::to_string(count) +
                            ", which no array can have");
  }
  std::string_view text;
  for (std::size_t i = 0; i < count; ++i) {
    Status status = read_text(headers[i].name, "the name of a header", text);
    if (status) status = read_text(headers[i].value, "the value of a header", text);
    if (!status) return status;
  }
  return {};
}

void copy_headers(const costmark_header* headers, std::size_t count, std::vector<Header>& out) {
  out.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = {{headers[i].name.data, headers[i].name.len},
              {headers[i].value.data, headers[i].value.len}};
  }
}

Status read_headers(const costmark_header* headers, std::size_t count, std::vector<Header>& out) {
  out.clear();
  if (Status status = check_headers(headers, count); !status) return status;
  copy_headers(headers, count, out);
  return {};
}

Status read_labels(const costmark_label* labels, std::size_t count, std::vector<NameValue>& out) {
  if (labels == nullptr && count != 0) {
    return invalid_argument("labels is NULL, but their count is " + std::to_string(count));
  }
  if (count > largest_length / sizeof(costmark_label)) {
    return invalid_argument("the count of labels is " + std::to_string(count) +
                            ", which no array can have");
  }
  out.clear();
  out.reserve(std::min(count, most_labels));
  for (std::size_t i = 0; i < count; ++i) {
    NameValue pair;
    Status status = read_text(labels[i].name, "the name of a label", pair.name);
    if (status) status = read_text(labels[i].value, "the value of a label", pair.value);
    if (!status) return status;
    out.push_back(pair);
  }
  return {};
}

Status read_bool(std::uint32_t value, std::string_view name, bool& out) {
  if (value > 1) {
    return invalid_argument(plus(name, " is ") + std::to_string(value) + "; it must be 0 or 1");
  }
  out = value != 0;
  return {};
}

Status check_timeout(std::int64_t timeout_ms, std::string_view name) {
  if (timeout_ms >= 0) return {};
  return invalid_argument(plus(name, " is ") + std::to_string(timeout_ms) +
                          "; it must be positive, or 0");
}

std::chrono::milliseconds timeout_of(std::int64_t timeout_ms) noexcept {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  return std::min(std::chrono::milliseconds(timeout_ms), longest);
}

Status require_zero(std::uint32_t value, std::string_view name) {
  if (value == 0) return {};
  return invalid_argument(plus(name, " is not zero"));
}

Status check_struct(const void* from, std::size_t first, std::size_t known, std::string_view name,
                    std::size_t& out_size) {
  if (from == nullptr) return invalid_argument(plus(name, " is NULL"));
  std::memcpy(&out_size, from, sizeof out_size);
  if (out_size < first || out_size > largest_struct) {
    return invalid_argument(plus(name, ".struct_size is ") + std::to_string(out_size) +
                            "; it must be the caller's sizeof, which is " + std::to_string(known) +
                            " in this version");
  }
  const auto* bytes = static_cast<const unsigned char*>(from);
  for (std::size_t i = known; i < out_size; ++i) {
    if (bytes[i] != 0) {
      return invalid_argument(plus(name,
                                   " has a field set that this version of costmark does not "
                                   "know, at byte ") +
                              std::to_string(i));
    }
  }
  return {};
}

std::size_t size_of_out(const void* to) noexcept {
  if (to == nullptr) return 0;
  std::size_t size = 0;
  std::memcpy(&size, to, sizeof size);
  return size < sizeof size || size > largest_struct ? 0 : size;
}

Status check_out(const void* to, std::size_t known, std::string_view name) {
  if (Status status = require_out(to, name); !status) return status;
  if (size_of_out(to) != 0) return {};
  return invalid_argument(plus(name, ".struct_size is not set; it must be the caller's sizeof, ") +
                          "which is " + std::to_string(known) + " in this version");
}

}  // namespace costmark::capi
