// The head of an answer, as it comes.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "costmark/http.hpp"
#include "http/header_list.hpp"

namespace costmark::http {

// Bytes of an answer's header fields together, those of interim answers and trailers included.
inline constexpr std::size_t largest_header = 64U << 10U;

// Gathered line by line; its memory is kept for the next one.
class Head {
 public:
  void clear() noexcept;

  // One line of it, with its line end. False when all of them are more than `largest_header`.
  bool add(std::string_view line);
  // All of it was added, and is no interim answer's. What is added later, trailers, is not shown.
  void complete(int status) noexcept { status_ = status; }

  int status() const noexcept { return status_; }   // 0 before it is complete
  std::span<const Header> fields() const noexcept;  // none before it is complete
  // The value of the first field of that name; empty when there is none.
  std::string_view field(std::string_view name) const noexcept;

  // Hands the fields over, and is cleared.
  HeaderList take_fields() noexcept;

 private:
  int status_ = 0;
  std::size_t bytes_ = 0;
  HeaderList fields_;
};

}  // namespace costmark::http
