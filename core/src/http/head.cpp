#include "http/head.hpp"

#include "http/field.hpp"

namespace costmark::http {

void Head::clear() noexcept {
  status_ = 0;
  bytes_ = 0;
  text_.clear();
  places_.clear();
  fields_.clear();
}

bool Head::add(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > largest_header) return false;
  if (status_ != 0) return true;
  if (line.starts_with("HTTP/")) {  // if anything is there, an interim answer came before
    text_.clear();
    places_.clear();
    return true;
  }
  const auto colon = line.find(':');
  const bool names_a_field = colon != std::string_view::npos && colon != 0;
  if (!names_a_field || line.front() == ' ' || line.front() == '\t') return true;
  const std::size_t begin = text_.size();
  text_.append(line);
  places_.push_back({begin, begin + colon, text_.size()});
  return true;
}

void Head::complete(int status) {
  status_ = status;
  const std::string_view text = text_;
  fields_.reserve(places_.size());
  for (const Place& place : places_) {
    fields_.push_back({trimmed(text.substr(place.begin, place.colon - place.begin)),
                       trimmed(text.substr(place.colon + 1, place.end - place.colon - 1))});
  }
}

std::string_view Head::field(std::string_view name) const noexcept {
  for (const Header& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace costmark::http
