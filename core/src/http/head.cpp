#include "http/head.hpp"

#include <utility>

#include "http/field.hpp"

namespace costmark::http {

void Head::clear() noexcept {
  status_ = 0;
  bytes_ = 0;
  fields_.clear();
}

bool Head::add(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > largest_header) return false;
  if (status_ != 0) return true;
  if (line.starts_with("HTTP/")) {  // if anything is there, an interim answer came before
    fields_.clear();
    return true;
  }
  const auto colon = line.find(':');
  const bool names_a_field = colon != std::string_view::npos && colon != 0;
  if (!names_a_field || line.front() == ' ' || line.front() == '\t') return true;
  fields_.add(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return true;
}

std::span<const Header> Head::fields() const noexcept {
  return status_ == 0 ? std::span<const Header>() : fields_.all();
}

std::string_view Head::field(std::string_view name) const noexcept {
  return status_ == 0 ? std::string_view() : fields_.value_of(name);
}

HeaderList Head::take_fields() noexcept {
  HeaderList taken = std::move(fields_);
  clear();
  return taken;
}

}  // namespace costmark::http
