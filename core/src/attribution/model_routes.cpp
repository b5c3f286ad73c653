#include "costmark/model_routes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "attribution/glob.hpp"
#include "base/immortal.hpp"
#include "base/text.hpp"

namespace costmark {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::size_t longest_line = 4096;

constexpr std::array<std::pair<std::string_view, RouteFamily>, 5> families{{
    {"unknown", RouteFamily::unknown},
    {"none", RouteFamily::none},
    {"/v1", RouteFamily::v1},
    {"/openai/v1", RouteFamily::openai_v1},
    {"/anthropic/v1", RouteFamily::anthropic_v1},
}};

// Takes the first column of what is left of a line.
std::string_view take_column(std::string_view& rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  const std::string_view column = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(column.size());
  return column;
}

std::optional<RouteFamily> family_named(std::string_view name) noexcept {
  for (const auto& [known, family] : families) {
    if (name == known) return family;
  }
  return std::nullopt;
}

bool is_date(std::string_view text) noexcept {
  constexpr std::string_view shape = "0000-00-00";
  if (text.size() != shape.size() && text.size() != shape.size() - 3) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == '-' ? text[i] != '-' : !digit) return false;
  }
  const auto number = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  const int month = number(5);
  const int day = text.size() > 7 ? number(8) : 1;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// The lines are shown in errors and logs, so they hold nothing that could not be.
bool is_printable(std::string_view line) noexcept {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
}

class Parser {
 public:
  explicit Parser(std::string_view file) : file_(file) {}

  Status parse(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (!text.empty()) {
      std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++number_;
      if (Status status = parse_line(text::trimmed(line, blanks)); !status) return status;
    }
    return {};
  }

  std::vector<ModelRoute> take() { return std::move(routes_); }

 private:
  Status parse_line(std::string_view line) {
    if (line.empty() || line.starts_with('#')) return {};
    if (line.size() > longest_line) return wrong("the line is longer than 4096 bytes");
    if (!is_printable(line)) return wrong("only comments may hold other than printable ASCII");
    ModelRoute route;
    route.pattern = take_column(line);
    const std::string_view name = take_column(line);
    if (name.empty()) return wrong("'" + route.pattern + "' has no route");
    const std::optional<RouteFamily> family = family_named(name);
    if (!family) return wrong("'" + std::string(name) + "' is no route");
    route.family = *family;
    route.as_of = take_column(line);
    if (!route.as_of.empty() && !is_date(route.as_of)) {
      return wrong("'" + route.as_of + "' is no date such as 2026-09 or 2026-09-28");
    }
    route.source = text::trimmed(line, blanks);
    route.file = file_;
    route.line = number_;
    routes_.push_back(std::move(route));
    return {};
  }

  Status wrong(const std::string& what) const {
    return {Code::invalid_option,
            std::string(file_) + ":" + std::to_string(number_) + ": " + what +
                "; a line reads PATTERN ROUTE [AS-OF [SOURCE]] with one of the routes /v1, "
                "/openai/v1, /anthropic/v1, none, unknown"};
  }

  std::string_view file_;
  std::uint32_t number_ = 0;
  std::vector<ModelRoute> routes_;
};

const std::vector<ModelRoute>& shipped() {
  static const Immortal<std::vector<ModelRoute>> routes([] {
    Parser parser("costmark's model-routes.txt");
    // A test parses the file as it ships.
    [[maybe_unused]] const Status status = parser.parse(ModelRoutes::shipped_text());
    return parser.take();
  }());
  return *routes;
}

const ModelRoute* first_match(const std::vector<ModelRoute>& routes,
                              std::string_view model) noexcept {
  const auto at = std::find_if(routes.begin(), routes.end(), [model](const ModelRoute& route) {
    return attribution::glob_match(route.pattern, model);
  });
  return at == routes.end() ? nullptr : &*at;
}

}  // namespace

std::string_view to_string(RouteFamily family) noexcept {
  for (const auto& [name, known] : families) {
    if (family == known) return name;
  }
  return "unknown";
}

Result<ModelRoutes> ModelRoutes::parse(std::string_view text, std::string_view file) {
  Parser parser(file);
  if (Status status = parser.parse(text); !status) return status;
  ModelRoutes routes;
  routes.first_ = parser.take();
  return routes;
}

const ModelRoute* ModelRoutes::find(std::string_view model) const {
  const ModelRoute* found = first_match(first_, model);
  return found != nullptr ? found : first_match(shipped(), model);
}

}  // namespace costmark
