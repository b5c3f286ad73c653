// Rows as another parser reads them.
#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace costmark::testing {

class ParsedRow {
 public:
  explicit ParsedRow(std::string_view line) : line_(line) {
    EXPECT_EQ(parser_->parse(line_).get(row_), simdjson::SUCCESS) << line;
  }
  std::string text(std::string_view name) const {
    std::string_view value;
    return row_[name].get(value) == simdjson::SUCCESS ? std::string(value) : "(absent)";
  }
  std::optional<std::int64_t> number(std::string_view name) const {
    std::int64_t value = 0;
    return row_[name].get(value) == simdjson::SUCCESS ? std::optional(value) : std::nullopt;
  }
  // A member as it stands in the line, without blanks.
  std::string raw(std::string_view name) const {
    simdjson::dom::element value;
    return row_[name].get(value) == simdjson::SUCCESS ? simdjson::minify(value) : "(absent)";
  }

 private:
  simdjson::padded_string line_;
  // Elements point into it.
  std::unique_ptr<simdjson::dom::parser> parser_ = std::make_unique<simdjson::dom::parser>();
  simdjson::dom::element row_;
};

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace costmark::testing
