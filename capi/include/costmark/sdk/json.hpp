// costmark.hpp: JSON editing alone.
#ifndef COSTMARK_SDK_JSON_HPP
#define COSTMARK_SDK_JSON_HPP

#include <costmark/costmark.hpp>

#ifdef COSTMARK_HPP_KIND  // unless costmark.hpp refused the compiler

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

// How much of the text must be valid JSON; see costmark_json_edit.
enum class Strictness { as_needed, strict };

namespace detail {

inline costmark_json_edit edit_of(std::string_view json, std::string_view path,
                                  Strictness strictness) noexcept {
  auto edit = sized<costmark_json_edit>();
  edit.json = str(json);
  edit.path = str(path);
  edit.strict = strictness == Strictness::strict ? 1 : 0;
  return edit;
}

template <class Call>
Result<std::string> edited(std::size_t bound, const Call& call) {
  std::string text;
  if (bound > text.max_size()) return failed<std::string>(COSTMARK_OUT_OF_MEMORY);
  text.resize(bound);
  std::size_t length = 0;
  return run<std::string>(
      [&](costmark_error** error) { return call(text.data(), text.size(), &length, error); },
      [&] {
        text.resize(length);
        return std::move(text);
      });
}

}  // namespace detail

// Gives a member of the object `json` a value; see costmark_json_set().
inline Result<std::string> json_set(std::string_view json, std::string_view path,
                                    std::string_view value,
                                    Strictness strictness = Strictness::as_needed) {
  costmark_json_edit edit = detail::edit_of(json, path, strictness);
  edit.value = detail::str(value);
  return detail::edited(
      costmark_json_set_bound(json.size(), path.size(), value.size()),
      [&](char* buffer, std::size_t capacity, std::size_t* length, costmark_error** error) {
        return costmark_json_set(&edit, buffer, capacity, length, error);
      });
}

// Removes a member of the object `json`; see costmark_json_remove().
inline Result<std::string> json_remove(std::string_view json, std::string_view path,
                                       Strictness strictness = Strictness::as_needed) {
  const costmark_json_edit edit = detail::edit_of(json, path, strictness);
  return detail::edited(json.size(), [&](char* buffer, std::size_t capacity, std::size_t* length,
                                         costmark_error** error) {
    return costmark_json_remove(&edit, buffer, capacity, length, error);
  });
}

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif
#endif  // COSTMARK_SDK_JSON_HPP
