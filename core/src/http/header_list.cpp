#include "http/header_list.hpp"

#include <utility>

namespace costmark::http {

HeaderList::HeaderList(HeaderList&& other) noexcept
    : text_(std::move(other.text_)),
      places_(std::move(other.places_)),
      headers_(std::move(other.headers_)) {
  point_to_text();
  other.clear();
}

HeaderList& HeaderList::operator=(HeaderList&& other) noexcept {
  if (this == &other) return *this;
  text_ = std::move(other.text_);
  places_ = std::move(other.places_);
  headers_ = std::move(other.headers_);
  point_to_text();
  other.clear();
  return *this;
}

void HeaderList::clear() noexcept {
  text_.clear();
  places_.clear();
  headers_.clear();
}

void HeaderList::add(std::string_view name, std::string_view value) {
  const Place place{text_.size(), name.size(), value.size()};
  const std::size_t capacity = text_.capacity();
  places_.push_back(place);
  text_.append(name).append(value);
  headers_.push_back(header_at(place));
  if (text_.capacity() != capacity) point_to_text();
}

std::string_view HeaderList::value_of(std::string_view name) const noexcept {
  for (const Header& header : headers_) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

Header HeaderList::header_at(const Place& place) const noexcept {
  const std::string_view text = text_;
  return {text.substr(place.begin, place.name_size),
          text.substr(place.begin + place.name_size, place.value_size)};
}

void HeaderList::point_to_text() noexcept {
  for (std::size_t i = 0; i < headers_.size(); ++i) headers_[i] = header_at(places_[i]);
}

}  // namespace costmark::http
