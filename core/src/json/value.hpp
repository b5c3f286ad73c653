// A whole JSON text as values: for small files of any shape, not for what passes by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/json.hpp"

namespace costmark::json {

struct NamedValue;

struct Value {
  Kind kind = Kind::null;
  std::string text;                 // a string's characters; a number, true and false as spelled
  std::vector<NamedValue> members;  // in their order, doubled ones as well
  std::vector<Value> elements;

  Value();
  ~Value();
  Value(Value&&) noexcept;
  Value& operator=(Value&&) noexcept;

  // The last member of that name; null when there is none.
  const Value* find(std::string_view name) const noexcept;
};

struct NamedValue {
  std::string name;
  Value value;
};

// Errors: invalid_json with the byte offset.
Result<Value> parse_value(std::string_view text);

}  // namespace costmark::json
