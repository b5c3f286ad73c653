#include <algorithm>
#include <atomic>
#include <utility>

#include "crypto/crypto.hpp"
#include "prices/content.hpp"

namespace costmark {
namespace {

constexpr std::int64_t seconds_a_day = 86'400;

std::vector<std::uint64_t> thresholds_of(const std::vector<PriceLine>& lines) {
  std::vector<std::uint64_t> found;
  for (const PriceLine& line : lines) {
    if (line.over != 0) found.push_back(line.over);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

// Ends every text with a NUL, as C reads it: behind it there was a blank, a line's end, or the end
// of the book.
void terminate(std::string& text, const std::vector<PriceLine>& lines, std::string_view date) {
  const auto end = [&](std::string_view part) {
    text[static_cast<std::size_t>(part.data() - text.data()) + part.size()] = '\0';
  };
  end(date);
  for (const PriceLine& line : lines) {
    for (const std::string_view part :
         {line.model, line.region, line.serving, line.tier, line.kind, line.time_to_live, line.unit,
          line.from, line.to, line.as_of, line.source}) {
      end(part);
    }
  }
}

std::string canonical_of(std::string_view date, const std::vector<PriceLine>& lines) {
  std::string text = "date ";
  text.append(date).append("\n");
  for (const PriceLine& line : lines) prices::append_canonical(line, text);
  return text;
}

}  // namespace

Result<PriceBook> PriceBook::parse(std::string_view text, std::string_view file) {
  if (text.size() > largest_text) {
    return Error{Code::invalid_option, std::string(file) + " has " + std::to_string(text.size()) +
                                           " bytes; a price book has at most " +
                                           std::to_string(largest_text)};
  }
  auto content = std::make_shared<Content>();
  content->text = text;
  content->file = file;
  auto parsed = prices::parse(content->text, content->file);
  if (!parsed) return std::move(parsed).status();
  content->date = parsed.value().date;
  content->day = parse_day(content->date).value_or(0);
  content->lines = std::move(parsed.value().lines);
  content->thresholds = thresholds_of(content->lines);
  content->index.build(content->lines);
  crypto::Digest digest{};
  crypto::Sha256 sha256;
  if (Status status = sha256.hash(canonical_of(content->date, content->lines), digest); !status) {
    return status;
  }
  const auto hex = crypto::to_hex(digest);
  content->hash.assign(hex.data(), hex.size());
  terminate(content->text, content->lines, content->date);
  return PriceBook(std::move(content));
}

// Kept once it was read. A failure is not: the next call may have the memory for it.
Result<PriceBook> PriceBook::shipped() {
  static constinit std::atomic<const PriceBook*> kept{nullptr};
  if (const PriceBook* book = kept.load(std::memory_order_acquire)) return *book;
  Result<PriceBook> book = parse(shipped_text(), "costmark's prices.txt");
  if (!book) return book;
  auto made = std::make_unique<const PriceBook>(book.value());
  const PriceBook* none = nullptr;
  if (kept.compare_exchange_strong(none, made.get(), std::memory_order_acq_rel)) {
    static_cast<void>(made.release());
  }
  return book;
}

std::string_view PriceBook::hash() const noexcept {
  return content_->hash;
}

std::string_view PriceBook::date() const noexcept {
  return content_->date;
}

std::string_view PriceBook::file() const noexcept {
  return content_->file;
}

std::int64_t PriceBook::age_days(std::int64_t now_unix_s) const noexcept {
  return now_unix_s / seconds_a_day - (now_unix_s % seconds_a_day < 0 ? 1 : 0) - content_->day;
}

std::span<const PriceLine> PriceBook::lines() const noexcept {
  return content_->lines;
}

std::span<const std::uint64_t> PriceBook::thresholds() const noexcept {
  return content_->thresholds;
}

std::string PriceBook::canonical() const {
  return canonical_of(content_->date, content_->lines);
}

}  // namespace costmark
