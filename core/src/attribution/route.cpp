#include "attribution/route.hpp"

#include <cstddef>

#include "costmark/http.hpp"
#include "text.hpp"

namespace costmark::attribution {
namespace {

// Takes the first character of `text`, decoded where it is an escape.
char take_character(std::string_view& text) noexcept {
  char c = text.front();
  std::size_t size = 1;
  if (c == '%' && text.size() >= 3 && text::hex_value(text[1]) >= 0 &&
      text::hex_value(text[2]) >= 0) {
    c = static_cast<char>(text::hex_value(text[1]) * 16 + text::hex_value(text[2]));
    size = 3;
  }
  text.remove_prefix(size);
  return c;
}

// Whether `segment`, decoded, is `name`.
bool spells(std::string_view segment, std::string_view name) noexcept {
  for (const char c : name) {
    if (segment.empty() || take_character(segment) != c) return false;
  }
  return segment.empty();
}

// The segments of a path from its end, as a server that normalises it sees them: another spelling
// of a route must not be a way around the policies.
class SegmentsFromEnd {
 public:
  explicit SegmentsFromEnd(std::string_view path) noexcept : rest_(path) {}

  // Empty when there are no more.
  std::string_view next() noexcept {
    std::size_t to_skip = 0;
    while (!rest_.empty()) {
      const std::string_view segment = take_last();
      if (segment.empty() || spells(segment, ".")) continue;
      if (spells(segment, "..")) {
        ++to_skip;
      } else if (to_skip > 0) {
        --to_skip;
      } else {
        return segment;
      }
    }
    return {};
  }

 private:
  std::string_view take_last() noexcept {
    std::size_t begin = rest_.size();
    std::size_t end = begin;  // of what is left before the separator
    for (; begin > 0; --begin) {
      end = begin - 1;
      if (rest_[end] == '/') break;
      if (begin >= 3 && equal_ignoring_case(rest_.substr(begin - 3, 3), "%2F")) {
        end = begin - 3;
        break;
      }
    }
    const std::string_view segment = rest_.substr(begin);
    rest_ = rest_.substr(0, begin == 0 ? 0 : end);
    return segment;
  }

  std::string_view rest_;
};

// The API that the last two segments of a path name.
Api api_at_end(std::string_view last, std::string_view before) noexcept {
  if (spells(last, "completions")) return Api::chat_completions;
  if (spells(last, "responses")) return Api::responses;
  if (spells(last, "compact") && spells(before, "responses")) return Api::responses;
  if (spells(last, "messages")) return Api::messages;
  if (spells(last, "batches") && spells(before, "messages")) return Api::messages;
  if (spells(last, "embeddings")) return Api::embeddings;
  return Api::other;
}

// The API that a path lies below, by the segment nearest to its end.
Api api_above(SegmentsFromEnd segments) noexcept {
  for (auto segment = segments.next(); !segment.empty(); segment = segments.next()) {
    if (spells(segment, "responses")) return Api::responses;
    if (spells(segment, "messages")) return Api::messages;
  }
  return Api::other;
}

// Whether a path has `first` and `second` one after the other.
bool has_segments(std::string_view path, std::string_view first, std::string_view second) noexcept {
  SegmentsFromEnd segments(path);
  std::string_view last = segments.next();
  while (!last.empty()) {
    const std::string_view before = segments.next();
    if (spells(last, second) && spells(before, first)) return true;
    last = before;
  }
  return false;
}

bool is_control(std::string_view path) noexcept {
  return spells(SegmentsFromEnd(path).next(), "data_retention") ||
         has_segments(path, "organization", "projects");
}

// GET .../responses/{id} and POST .../responses/{id}/cancel.
bool polls_response(std::string_view method, std::string_view path) noexcept {
  SegmentsFromEnd segments(path);
  std::string_view id = segments.next();
  if (equal_ignoring_case(method, "POST")) {
    if (!spells(id, "cancel")) return false;
    id = segments.next();
  } else if (!equal_ignoring_case(method, "GET")) {
    return false;
  }
  return !id.empty() && spells(segments.next(), "responses");
}

}  // namespace

Route route_of(std::string_view method, std::string_view path) noexcept {
  SegmentsFromEnd segments(path);
  const std::string_view last = segments.next();
  // Methods are case-sensitive, but clients and servers exist that take them in any case.
  const bool post = equal_ignoring_case(method, "POST");
  const Api at_end = api_at_end(last, SegmentsFromEnd(segments).next());
  const bool anthropic = has_segments(path, "anthropic", "v1");
  if (at_end != Api::other && post) return {at_end, true, anthropic};
  if (is_control(path)) return {Api::control, false, anthropic};
  if (at_end != Api::other) return {at_end, false, anthropic};
  return {api_above(segments), false, anthropic, polls_response(method, path)};
}

RouteFamily family_of(std::string_view path) noexcept {
  for (const RouteFamily family :
       {RouteFamily::openai_v1, RouteFamily::anthropic_v1, RouteFamily::v1}) {
    const std::string_view prefix = to_string(family);
    if (path.starts_with(prefix) && path.substr(prefix.size()).starts_with('/')) return family;
  }
  return RouteFamily::unknown;
}

}  // namespace costmark::attribution
