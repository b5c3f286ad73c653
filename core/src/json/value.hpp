// A whole JSON text as values: for small files of any shape, not for what passes by.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/json.hpp"

namespace costmark::json {

struct Value {
  Kind kind = Kind::null;
  std::string text;  // a string's characters; a number, true and false as they are spelt
  std::vector<std::pair<std::string, Value>> members;  // in their order, doubled ones as well
  std::vector<Value> elements;

  // The last member of that name; null when there is none.
  const Value* find(std::string_view name) const noexcept;
};

// Errors: invalid_json with the byte offset.
Result<Value> parse_value(std::string_view text);

}  // namespace costmark::json
