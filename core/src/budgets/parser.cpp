// The text of budgets.
#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.hpp"
#include "costmark/budgets.hpp"

namespace costmark {
namespace {

constexpr std::int64_t pico = 1'000'000'000'000;
constexpr std::size_t digits_of_pico = 12;
constexpr int used_up = 100;  // percent

Error malformed(std::string_view what, std::size_t offset) {
  return {Code::invalid_option, std::string(what), offset};
}

// The same with line and column, for who reads it.
Error located(Error error, std::string_view text) {
  error.message = "budgets: " + error.message + " at " +
                  text::place_in(text, error.offset.value_or(0)) +
                  "; a budget reads NAME: SUBJECT LIMIT/PERIOD ACTION, such as "
                  "'support: project=proj_support 250usd/month refuse at=80', and ';' or a new "
                  "line separates them";
  return error;
}

// Reads one budget word by word.
class BudgetText {
 public:
  BudgetText(std::string_view text, std::size_t offset) : text_(text), offset_(offset) {}

  Result<Budget> read() {
    Budget budget;
    const std::size_t colon = text_.find(':');
    if (colon == std::string_view::npos) return malformed("a budget without ':'", offset_);
    budget.name = text::trimmed(text_.substr(0, colon));
    if (budget.name.empty()) return malformed("a budget without a name", offset_);
    at_ = colon + 1;
    Status status = read_subject(next(), budget);
    if (status) status = read_limit(next(), budget);
    if (status) status = read_action(next(), budget);
    for (std::string_view word = next(); status && !word.empty(); word = next()) {
      status = read_thresholds(word, budget);
    }
    if (!status) return status;
    if (budget.action == BudgetAction::warn && budget.warn_at.empty()) {
      budget.warn_at.push_back(used_up);
    }
    return budget;
  }

 private:
  std::string_view next() {
    const std::size_t begin =
        std::min(text_.find_first_not_of(text::white_space, at_), text_.size());
    const std::size_t end = std::min(text_.find_first_of(text::white_space, begin), text_.size());
    word_at_ = offset_ + begin;
    at_ = end;
    return text_.substr(begin, end - begin);
  }

  Status wrong(std::string_view what) const { return malformed(what, word_at_); }

  Status read_subject(std::string_view word, Budget& out) const {
    if (word == "all") return {};
    const std::size_t equals = word.find('=');
    const std::string_view subject = word.substr(0, equals);
    if (equals == std::string_view::npos || equals + 1 == word.size()) {
      return wrong("a subject that is not all, project=ID, tag.NAME=VALUE or label.NAME=VALUE");
    }
    out.value = word.substr(equals + 1);
    if (subject == "project") {
      out.subject = BudgetSubject::project;
      return {};
    }
    const std::size_t dot = subject.find('.');
    if (dot == std::string_view::npos || dot + 1 == subject.size()) {
      return wrong("a subject without the name of a tag or label");
    }
    out.key = subject.substr(dot + 1);
    if (subject.substr(0, dot) == "tag") {
      out.subject = BudgetSubject::tag;
    } else if (subject.substr(0, dot) == "label") {
      out.subject = BudgetSubject::label;
    } else {
      return wrong("an unknown subject (all, project, tag, label)");
    }
    return {};
  }

  // "250usd/month", "0.5usd/day", "1000calls/day".
  Status read_limit(std::string_view word, Budget& out) const {
    const std::size_t unit = word.find_first_not_of("0123456789.");
    const std::size_t slash = word.find('/');
    if (unit == 0 || unit == std::string_view::npos || slash == std::string_view::npos) {
      return wrong("a limit that is not NUMBER, usd, tokens or calls, /day or /month");
    }
    const std::string_view period = word.substr(slash + 1);
    if (period != "day" && period != "month") return wrong("an unknown period (day, month)");
    out.period = period == "day" ? BudgetPeriod::day : BudgetPeriod::month;
    const std::string_view name = word.substr(unit, slash - unit);
    if (name == "usd") {
      out.unit = BudgetUnit::pico_usd;
    } else if (name == "tokens") {
      out.unit = BudgetUnit::tokens;
    } else if (name == "calls") {
      out.unit = BudgetUnit::calls;
    } else {
      return wrong("an unknown unit (usd, tokens, calls)");
    }
    const auto amount = amount_of(word.substr(0, unit), out.unit);
    if (!amount) return wrong("a limit that is no number of that unit, or too large");
    out.limit = *amount;
    return {};
  }

  static std::optional<std::int64_t> amount_of(std::string_view digits, BudgetUnit unit) {
    const std::size_t point = digits.find('.');
    const auto whole = number_of(digits.substr(0, point));
    if (!whole) return std::nullopt;
    if (unit != BudgetUnit::pico_usd) {
      return point == std::string_view::npos ? whole : std::nullopt;
    }
    std::int64_t fraction = 0;
    if (point != std::string_view::npos) {
      std::string rest(digits.substr(point + 1));
      if (rest.empty() || rest.size() > digits_of_pico) return std::nullopt;
      rest.resize(digits_of_pico, '0');
      const auto read = number_of(rest);
      if (!read) return std::nullopt;
      fraction = *read;
    }
    if (*whole > (std::numeric_limits<std::int64_t>::max() - fraction) / pico) return std::nullopt;
    return *whole * pico + fraction;
  }

  static std::optional<std::int64_t> number_of(std::string_view digits) {
    std::int64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != end || value < 0) {
      return std::nullopt;
    }
    return value;
  }

  Status read_action(std::string_view word, Budget& out) const {
    if (word != "warn" && word != "refuse") return wrong("an unknown action (warn, refuse)");
    out.action = word == "warn" ? BudgetAction::warn : BudgetAction::refuse;
    return {};
  }

  Status read_thresholds(std::string_view word, Budget& out) const {
    if (!word.starts_with("at=")) return wrong("a word that is not at=PERCENT,PERCENT");
    word.remove_prefix(3);
    while (true) {
      const std::size_t comma = word.find(',');
      const auto percent = number_of(word.substr(0, comma));
      constexpr std::int64_t largest = 1000;
      if (!percent || *percent == 0 || *percent > largest) {
        return wrong("a threshold that is not from 1 to 1000 percent");
      }
      out.warn_at.push_back(static_cast<int>(*percent));
      if (comma == std::string_view::npos) break;
      word.remove_prefix(comma + 1);
    }
    std::sort(out.warn_at.begin(), out.warn_at.end());
    return {};
  }

  std::string_view text_;
  std::size_t offset_;
  std::size_t at_ = 0;
  std::size_t word_at_ = 0;
};

bool is_comment(std::string_view part) noexcept {
  return text::trimmed(part).starts_with('#');
}

// Behind white space; a comment ends with its line alone.
std::size_t end_of_part(std::string_view text, std::size_t begin) noexcept {
  const std::string_view ends = is_comment(text.substr(begin)) ? "\n" : ";\n";
  const std::size_t first = text.find_first_not_of(text::white_space, begin);
  return std::min(text.find_first_of(ends, std::min(first, text.size())), text.size());
}

// In the shortest spelling: "250", "0.5".
std::string usd_text(std::int64_t amount) {
  std::string fraction = std::to_string(amount % pico);
  fraction.insert(0, digits_of_pico - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(amount / pico) + (fraction.empty() ? "" : "." + fraction);
}

}  // namespace

std::string amount_text(BudgetUnit unit, std::int64_t amount) {
  switch (unit) {
    case BudgetUnit::pico_usd:
      return usd_text(amount) + " USD";
    case BudgetUnit::tokens:
      return std::to_string(amount) + (amount == 1 ? " token" : " tokens");
    case BudgetUnit::calls:
      return std::to_string(amount) + (amount == 1 ? " call" : " calls");
  }
  return {};
}

std::string subject_text(const Budget& budget) {
  switch (budget.subject) {
    case BudgetSubject::all:
      return "all calls";
    case BudgetSubject::project:
      return "project " + budget.value;
    case BudgetSubject::tag:
      return "tag " + budget.key + "=" + budget.value;
    case BudgetSubject::label:
      return "label " + budget.key + "=" + budget.value;
  }
  return {};
}

std::string_view to_string(BudgetPeriod period) noexcept {
  return period == BudgetPeriod::day ? "day" : "month";
}

Result<std::vector<Budget>> parse_budgets(std::string_view text) {
  std::vector<Budget> budgets;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = end_of_part(text, begin);
    const std::string_view part = text.substr(begin, end - begin);
    if (!text::trimmed(part).empty() && !is_comment(part)) {
      Result<Budget> budget = BudgetText(part, begin).read();
      if (!budget) return located(std::move(budget).status().take(), text);
      const std::string& name = budget.value().name;
      if (std::any_of(budgets.begin(), budgets.end(),
                      [&](const Budget& each) { return each.name == name; })) {
        return located(malformed("a second budget named " + text::quoted(name), begin), text);
      }
      budgets.push_back(std::move(budget).value());
    }
    begin = end + 1;
  }
  return budgets;
}

}  // namespace costmark
