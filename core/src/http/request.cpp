#include "http/request.hpp"

#include <string>

#include "http/field.hpp"

namespace costmark::http {

Status check_request(std::string_view method, std::span<const Header> headers) {
  if (!is_token(method)) return {Code::invalid_argument, "the method is not a token of HTTP"};
  for (const Header& header : headers) {
    if (!is_token(header.name)) {
      return {Code::invalid_argument, "a header's name is not a token of HTTP"};
    }
    if (!is_field_value(header.value)) {
      return {Code::invalid_argument,
              "the value of header " + std::string(header.name) + " holds a control character"};
    }
  }
  return {};
}

}  // namespace costmark::http
