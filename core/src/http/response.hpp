#pragma once

#include <string>
#include <string_view>

#include "http/header_list.hpp"

namespace costmark::http {

// A whole answer of any status. Its body may hold a secret and is cleansed in the end.
struct Response {
  Response() = default;
  ~Response();
  Response(Response&&) noexcept = default;
  Response& operator=(Response&&) noexcept;
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  // The value of the first field of that name; empty when there is none.
  std::string_view header(std::string_view name) const noexcept { return headers.value_of(name); }

  int status = 0;
  HeaderList headers;
  std::string body;
};

}  // namespace costmark::http
