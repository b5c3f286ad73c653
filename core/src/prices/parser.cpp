#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "prices/content.hpp"

namespace costmark {
namespace {

std::optional<int> number_in(std::string_view text) noexcept {
  int number = 0;
  for (const char c : text) {
    if (!text::is_digit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::optional<Day> parse_day(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number_in(text.substr(0, 4));
  const auto month = number_in(text.substr(5, 2));
  const auto day = number_in(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return static_cast<Day>(std::chrono::sys_days(date).time_since_epoch().count());
}

namespace prices {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view absent = "-";
constexpr std::size_t longest_line = 4096;
constexpr std::size_t longest_name = 256;
constexpr Day since_ever = std::numeric_limits<Day>::min();
constexpr Day for_ever = std::numeric_limits<Day>::max();
// What the source of a price for all Regions has to quote.
constexpr std::string_view all_regions = "all Regions: ";

enum Column : std::uint8_t {
  model,
  region,
  serving,
  tier,
  kind,
  time_to_live,
  over,
  unit,
  from,
  to,
  currency,
  price,
  as_of,
  source
};
constexpr std::size_t columns = source + 1;

bool is_name(std::string_view text) noexcept {
  return text.size() <= longest_name && !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return text::is_lower(c) || text::is_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

// 5m, 30m, 1h
bool is_time_to_live(std::string_view text) noexcept {
  return text.size() >= 2 && text.size() <= 8 && text.front() != '0' &&
         std::all_of(text.begin(), text.end() - 1, text::is_digit) &&
         std::string_view("smhd").find(text.back()) != std::string_view::npos;
}

bool is_as_of(std::string_view text) noexcept {
  return parse_day(text).has_value() || parse_day(std::string(text) + "-01").has_value();
}

bool is_printable(std::string_view line) noexcept {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) noexcept {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, fault] = std::from_chars(text.data(), end, number);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (fault != std::errc() || at != end || has_leading_zero || text.front() == '-') {
    return std::nullopt;
  }
  return number;
}

// What two prices of one moment may not share.
auto key_of(const PriceLine& line) noexcept {
  return std::tie(line.model, line.region, line.serving, line.tier, line.kind, line.over);
}

auto order_of(const PriceLine& line) noexcept {
  return std::tie(line.model, line.region, line.serving, line.tier, line.kind, line.over,
                  line.time_to_live, line.first_day, line.line);
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Result<Parsed> parse() {
    for (std::size_t at = 0; at < text_.size();) {
      std::string_view line = text_.substr(at, text_.find('\n', at) - at);
      begin_ = at;
      at += line.size() + 1;
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (Status status = read_line(line); !status) return status;
    }
    if (parsed_.date.empty()) {
      return Error{Code::invalid_option,
                   std::string(file_) + " has no date; its first line reads: date YYYY-MM-DD"};
    }
    std::ranges::sort(parsed_.lines, {}, order_of);
    if (Status status = check_overlaps(); !status) return status;
    return std::move(parsed_);
  }

 private:
  using Columns = std::array<std::string_view, columns>;

  Status read_line(std::string_view line) {
    const std::string_view content = text::trimmed(line, blanks);
    if (content.empty() || content.starts_with('#')) return {};
    if (content.size() > longest_line) return wrong(content, "the line is longer than 4096 bytes");
    if (!is_printable(content)) {
      return wrong(content, "only comments may hold other than printable ASCII");
    }
    if (parsed_.date.empty()) return read_date(content);
    if (parsed_.lines.size() >= PriceBook::most_lines) {
      return wrong(content, "a book has at most 100000 prices");
    }
    Columns found;
    if (Status status = split(content, found); !status) return status;
    return read_price(found);
  }

  Status read_date(std::string_view content) {
    const std::string_view date =
        text::trimmed(content.substr(content.find_first_of(blanks) + 1), blanks);
    if (!content.starts_with("date ") || !parse_day(date)) {
      return wrong(content, "the first line that is no comment reads: date YYYY-MM-DD");
    }
    parsed_.date = date;
    return {};
  }

  Status split(std::string_view rest, Columns& found) const {
    for (std::size_t i = 0; i < source; ++i) {
      found[i] = rest.substr(0, rest.find_first_of(blanks));
      rest = text::trimmed(rest.substr(found[i].size()), blanks);
      if (rest.empty()) {
        return wrong(found[i],
                     "the line ends behind column " + std::to_string(i + 1) +
                         " of 14, which are MODEL REGION SERVING TIER KIND TIME-TO-LIVE OVER UNIT "
                         "FROM TO CURRENCY PRICE AS-OF SOURCE");
      }
    }
    found[source] = rest;
    return {};
  }

  Status read_price(const Columns& found) {
    PriceLine line;
    line.line = number_;
    for (const auto read : {&Parser::read_names, &Parser::read_kind, &Parser::read_days,
                            &Parser::read_money, &Parser::read_source}) {
      if (Status status = (this->*read)(found, line); !status) return status;
    }
    parsed_.lines.push_back(line);
    return {};
  }

  Status read_names(const Columns& found, PriceLine& line) {
    if (found[model].size() > longest_name || found[model].find('*') != std::string_view::npos) {
      return wrong(found[model], "a model is a whole id of at most 256 characters, without '*'");
    }
    if (found[region] != "*" && !is_name(found[region])) {
      return wrong(found[region], "a Region is spelled like us-east-1, or '*'");
    }
    for (const Column column : {serving, tier}) {
      if (!is_name(found[column])) {
        return wrong(found[column],
                     "serving (in-region, geo, global) and tier (standard, flex, priority) are "
                     "lower-case words");
      }
    }
    line.model = found[model];
    line.region = found[region];
    line.serving = found[serving];
    line.tier = found[tier];
    return {};
  }

  Status read_kind(const Columns& found, PriceLine& line) {
    line.kind = found[kind];
    line.time_to_live = found[time_to_live];
    line.unit = found[unit];
    if (!is_name(line.kind) || line.kind.starts_with("cache_write_")) {
      return wrong(line.kind,
                   "a kind is a lower-case word such as input, cached, cache_write, output or "
                   "web_search; times to live have a column");
    }
    if (!is_name(line.unit)) {
      return wrong(line.unit, "a unit is a lower-case word such as token, request, image, second");
    }
    const bool counts_tokens = line.kind == "input" || line.kind == "cached" ||
                               line.kind == "cache_write" || line.kind == "output";
    if (counts_tokens && line.unit != "token") {
      return wrong(line.unit, "the unit of " + std::string(line.kind) + " is token");
    }
    if (line.time_to_live != absent &&
        (line.kind != "cache_write" || !is_time_to_live(line.time_to_live))) {
      return wrong(line.time_to_live,
                   "a time to live is that of a cache_write, such as 5m or 1h; else it is '-'");
    }
    if (found[over] == absent) return {};
    const auto threshold = whole_number<std::uint64_t>(found[over]);
    if (!threshold || *threshold == 0 || line.unit != "token") {
      return wrong(found[over],
                   "OVER is a number of input tokens, for prices of tokens alone; else it is '-'");
    }
    line.over = *threshold;
    return {};
  }

  Status read_days(const Columns& found, PriceLine& line) {
    line.from = found[from];
    line.to = found[to];
    const auto first = line.from == absent ? since_ever : parse_day(line.from);
    if (!first) return wrong(line.from, "FROM is a day such as 2026-09-30, or '-'");
    const auto end = line.to == absent ? for_ever : parse_day(line.to);
    if (!end) return wrong(line.to, "TO is a day such as 2026-09-30, or '-'");
    if (*end <= *first)
      return wrong(line.to, "TO is the first day after, so it is later than FROM");
    line.first_day = *first;
    line.end_day = *end;
    return {};
  }

  Status read_money(const Columns& found, PriceLine& line) {
    if (found[currency] != "USD") {
      return wrong(found[currency], "the currency of a price is USD");
    }
    if (found[price] == "unknown") return {};
    const auto pico = whole_number<std::int64_t>(found[price]);
    if (!pico) {
      return wrong(found[price],
                   "a price is a whole number of pico-USD for one unit (2200000 is USD 2.20 for a "
                   "million tokens), or 'unknown'");
    }
    line.pico_usd = *pico;
    return {};
  }

  Status read_source(const Columns& found, PriceLine& line) {
    if (!is_as_of(found[as_of])) {
      return wrong(found[as_of], "AS-OF is a date such as 2026-09 or 2026-09-28");
    }
    line.as_of = found[as_of];
    line.source = found[source];
    if (line.region == "*" && line.source.find(all_regions) == std::string_view::npos) {
      return wrong(found[region],
                   "'*' needs a source that says so; SOURCE quotes it behind 'all Regions: '");
    }
    return {};
  }

  Status check_overlaps() const {
    const auto& lines = parsed_.lines;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const bool same = key_of(lines[i - 1]) == key_of(lines[i]) &&
                        lines[i - 1].time_to_live == lines[i].time_to_live;
      if (same && lines[i].first_day < lines[i - 1].end_day) return overlap(lines[i - 1], lines[i]);
    }
    for (std::size_t first = 0; first < lines.size();) {
      std::size_t end = first + 1;
      while (end < lines.size() && key_of(lines[end]) == key_of(lines[first])) ++end;
      if (Status status = check_times(std::span(lines).subspan(first, end - first)); !status) {
        return status;
      }
      first = end;
    }
    return {};
  }

  // A price without a time to live stands for all of them: it has no other one beside it. Those
  // without stand first, in order of their days, and do not overlap.
  Status check_times(std::span<const PriceLine> lines) const {
    const auto split_at = std::ranges::find_if(
        lines, [](const PriceLine& line) { return line.time_to_live != absent; });
    const std::span<const PriceLine> without(lines.begin(), split_at);
    for (const PriceLine& line : std::span<const PriceLine>(split_at, lines.end())) {
      const auto after = std::ranges::lower_bound(without, line.end_day, {}, &PriceLine::first_day);
      if (after != without.begin() && std::prev(after)->end_day > line.first_day) {
        return overlap(*std::prev(after), line);
      }
    }
    return {};
  }

  Status overlap(const PriceLine& first, const PriceLine& second) const {
    const PriceLine& earlier = first.line < second.line ? first : second;
    const PriceLine& later = first.line < second.line ? second : first;
    return wrong_at(later.line, later.from,
                    "there is a price for some of these days already, on line " +
                        std::to_string(earlier.line) + "; end one with TO before the other begins");
  }

  Status wrong(std::string_view where, const std::string& what) const {
    return wrong_at(number_, where, what);
  }

  // `where`: a part of the text.
  Status wrong_at(std::uint32_t line, std::string_view where, const std::string& what) const {
    const auto offset = static_cast<std::size_t>(where.data() - text_.data());
    const std::size_t before = text_.substr(0, offset).rfind('\n');
    const std::size_t column = offset - (before == std::string_view::npos ? 0 : before + 1) + 1;
    const bool is_word = where.size() <= longest_name && is_printable(where);
    return {Code::invalid_option,
            std::string(file_) + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
                (is_word ? text::quoted(where) + ": " : "") + what,
            offset};
  }

  std::string_view text_;
  std::string_view file_;
  std::size_t begin_ = 0;
  std::uint32_t number_ = 0;
  Parsed parsed_;
};

}  // namespace

Result<Parsed> parse(std::string_view text, std::string_view file) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return Parser(text, file).parse();
}

void append_canonical(const PriceLine& line, std::string& out) {
  const std::string over = line.over == 0 ? std::string(absent) : std::to_string(line.over);
  const std::string pico =
      line.pico_usd == PriceLine::not_known ? "unknown" : std::to_string(line.pico_usd);
  for (const std::string_view column :
       {line.model, line.region, line.serving, line.tier, line.kind, line.time_to_live,
        std::string_view(over), line.unit, line.from, line.to, std::string_view("USD"),
        std::string_view(pico), line.as_of}) {
    out.append(column).push_back(' ');
  }
  out.append(line.source).push_back('\n');
}

}  // namespace prices
}  // namespace costmark
