// The JSON of both planes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/projects.hpp"
#include "json/value.hpp"

namespace costmark::projects {

// An object that is written member by member.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  // `json` is a whole value.
  JsonObject& raw(std::string_view name, std::string_view json);
  std::string finish() &&;

 private:
  std::string text_ = "{";
};

std::string json_list(std::span<const std::string> texts);

// The value of a string member; absent for anything else.
std::optional<std::string> string_of(const json::Value& object, std::string_view name);
// A time in seconds since 1970, or as ISO 8601.
std::optional<UnixSeconds> time_of(const json::Value& object, std::string_view name);

}  // namespace costmark::projects
