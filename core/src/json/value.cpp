#include "json/value.hpp"

#include <simdjson.h>

#include <algorithm>

#include "json/validate.hpp"

namespace costmark::json {
namespace {

namespace dom = simdjson::dom;

Value value_of(const dom::element& from) {
  Value value;
  switch (from.type()) {
    case dom::element_type::OBJECT:
      value.kind = Kind::object;
      for (const auto [name, member] : dom::object(from)) {
        value.members.push_back({std::string(name), value_of(member)});
      }
      break;
    case dom::element_type::ARRAY:
      value.kind = Kind::array;
      for (const dom::element element : dom::array(from)) {
        value.elements.push_back(value_of(element));
      }
      break;
    case dom::element_type::STRING:
      value.kind = Kind::string;
      value.text = std::string_view(from);
      break;
    case dom::element_type::NULL_VALUE:
      break;
    default:
      value.kind = from.is_bool() ? Kind::boolean : Kind::number;
      value.text = simdjson::minify(from);
      break;
  }
  return value;
}

}  // namespace

Value::Value() = default;
Value::~Value() = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(Value&&) noexcept = default;

const Value* Value::find(std::string_view name) const noexcept {
  const auto found = std::find_if(members.rbegin(), members.rend(),
                                  [&](const auto& member) { return member.name == name; });
  return found == members.rend() ? nullptr : &found->value;
}

Result<Value> parse_value(std::string_view text) {
  std::size_t depth = 0;
  if (const auto fault = find_fault(text, &depth)) return fault_status(*fault);
  if (depth > max_depth) return Error{Code::invalid_json, "the JSON is nested too deeply"};
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    return Error{Code::invalid_json, simdjson::error_message(error)};
  }
  return value_of(root);
}

}  // namespace costmark::json
