#include "projects/wire_json.hpp"

#include <charconv>

#include "base/timestamp.hpp"
#include "costmark/json.hpp"

namespace costmark::projects {

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  std::string json;
  json::append_string(json, value);
  return raw(name, json);
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  json::append_string(text_, name);
  text_.append(1, ':').append(json);
  return *this;
}

std::string JsonObject::finish() && {
  text_ += '}';
  return std::move(text_);
}

std::string json_list(std::span<const std::string> texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    json::append_string(list, text);
  }
  return list += ']';
}

std::optional<std::string> string_of(const json::Value& object, std::string_view name) {
  const json::Value* const found = object.find(name);
  if (found == nullptr || found->kind != json::Kind::string) return std::nullopt;
  return found->text;
}

std::optional<UnixSeconds> time_of(const json::Value& object, std::string_view name) {
  const json::Value* const found = object.find(name);
  if (found == nullptr) return std::nullopt;
  if (found->kind == json::Kind::string) return parse_timestamp(found->text);
  if (found->kind != json::Kind::number) return std::nullopt;
  const std::string_view digits = std::string_view(found->text).substr(0, found->text.find('.'));
  UnixSeconds seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool is_whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  if (!is_whole || seconds < 0 || seconds > end_of_9999) return std::nullopt;
  return seconds;
}

}  // namespace costmark::projects
