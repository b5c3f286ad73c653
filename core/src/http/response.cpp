#include "http/response.hpp"

#include <utility>

#include "cleanse.hpp"

namespace costmark::http {

Response::~Response() {
  cleanse(body);
}

Response& Response::operator=(Response&& other) noexcept {
  if (this == &other) return *this;
  cleanse(body);
  status = other.status;
  headers = std::move(other.headers);
  body = std::move(other.body);
  return *this;
}

}  // namespace costmark::http
