#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/http.hpp"

namespace costmark::http {

// Header fields together with the memory for them, which is kept for the next ones. The views that
// it gives live until it is changed or moved.
class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() = default;
  HeaderList(HeaderList&& other) noexcept;
  HeaderList& operator=(HeaderList&& other) noexcept;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void clear() noexcept;
  void add(std::string_view name, std::string_view value);

  std::span<const Header> all() const noexcept { return headers_; }
  // The value of the first field of that name; empty when there is none.
  std::string_view value_of(std::string_view name) const noexcept;

 private:
  struct Place {
    std::size_t begin;
    std::size_t name_size;
    std::size_t value_size;
  };

  Header header_at(const Place& place) const noexcept;
  void point_to_text() noexcept;

  std::string text_;
  std::vector<Place> places_;
  std::vector<Header> headers_;  // the places as views into the text
};

}  // namespace costmark::http
