// Counts out of a server's usage object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/reader.hpp"
#include "usage/counts.hpp"

namespace costmark {

// Reuse one for many objects: buffers are kept. One thread at a time.
class UsageFields {
 public:
  // `usage`: the value of a member "usage"; for `invoke_model` Bedrock's own metrics. `model`: the
  // one that answered. What is no count, or an object that has members and none that is known, is
  // flagged as unread.
  Counts read(std::string_view usage, Api api, std::string_view model);

 private:
  void add_iterations(std::string_view iterations, std::string_view model, Counts& counts);
  void add_cache_details(std::string_view details, Counts& counts);
  bool is_of_other_model(std::string_view model);

  json::Reader reader_;
  json::Reader iteration_;
  std::string text_;
};

// A count spelled as any JSON number that is whole, such as 15, 15.0 or 1.5e1.
std::optional<std::uint64_t> whole_number(std::string_view json_number) noexcept;

}  // namespace costmark
