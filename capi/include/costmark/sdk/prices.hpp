// costmark.hpp: price books.
#ifndef COSTMARK_SDK_PRICES_HPP
#define COSTMARK_SDK_PRICES_HPP

#include <costmark/costmark.hpp>

#include <vector>

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

enum class CostState : std::int32_t {
  unknown = COSTMARK_COST_UNKNOWN,
  priced = COSTMARK_COST_PRICED,
  partial = COSTMARK_COST_PARTIAL,
  unpriced = COSTMARK_COST_UNPRICED,
  free = COSTMARK_COST_FREE,
  elsewhere = COSTMARK_COST_ELSEWHERE,
};

inline std::string_view name_of(CostState state) noexcept {
  return costmark_cost_state_name(static_cast<costmark_cost_state>(state));
}

// Of one COSTMARK_PRICE_FLAG_... bit.
inline std::string_view price_flag_name(std::uint32_t flag) noexcept {
  return costmark_price_flag_name(flag);
}

// A call to be priced; see costmark_priced_call.
struct PricedCall {
  std::string_view model;
  std::string_view region;
  std::string_view serving;
  std::string_view tier;  // of the answer; empty: not told
  std::int64_t end_us = 0;
  const costmark_usage* usage = nullptr;  // null: not told
  std::vector<costmark_count> meters;
};

// What a call costs.
struct Cost {
  CostState state = CostState::unknown;
  std::optional<std::int64_t> pico_usd;
  std::uint32_t flags = 0;  // COSTMARK_PRICE_FLAG_... bits
  std::vector<costmark_cost_part> parts;
};

// A book of prices; see costmark_price_book.
class PriceBook : public detail::Handle<costmark_price_book, costmark_price_book_free> {
 public:
  using Handle::Handle;

  // The one that ships with costmark.
  static Result<PriceBook> shipped() {
    return detail::make<PriceBook, costmark_price_book>(
        [](costmark_price_book** out, costmark_error** error) {
          return costmark_price_book_shipped(out, error);
        });
  }
  static Result<PriceBook> parse(std::string_view text, std::string_view name) {
    return detail::make<PriceBook, costmark_price_book>(
        [&](costmark_price_book** out, costmark_error** error) {
          return costmark_price_book_parse(text.data(), text.size(), name.data(), name.size(), out,
                                           error);
        });
  }
  static Result<PriceBook> load(std::string_view path) {
    return detail::make<PriceBook, costmark_price_book>(
        [&](costmark_price_book** out, costmark_error** error) {
          return costmark_price_book_load(path.data(), path.size(), out, error);
        });
  }

  // The texts of it live as long as the book.
  costmark_price_book_view read() const noexcept {
    return detail::shown<costmark_price_book_view>(costmark_price_book_read, get());
  }
  // time_unix_s: 0 is now.
  std::int64_t age_days(std::int64_t time_unix_s = 0) const noexcept {
    return costmark_price_book_age_days(get(), time_unix_s);
  }
  costmark_price price(std::size_t index) const noexcept {
    auto out = detail::sized<costmark_price>();
    costmark_price_book_price(get(), index, &out);
    return out;
  }

  Result<Cost> cost(const PricedCall& call) const {
    auto raw = detail::sized<costmark_priced_call>();
    raw.model = detail::str(call.model);
    raw.region = detail::str(call.region);
    raw.serving = detail::str(call.serving);
    raw.tier = detail::str(call.tier);
    raw.usage = call.usage;
    raw.meters = call.meters.data();
    raw.meter_count = call.meters.size();
    raw.end_us = call.end_us;
    auto out = detail::sized<costmark_cost>();
    std::vector<costmark_cost_part> parts(most_parts);
    return detail::run<Cost>(
        [&](costmark_error** error) {
          return costmark_price_book_cost(get(), &raw, &out, parts.data(), parts.size(), error);
        },
        [&] {
          parts.resize(out.part_count);
          Cost cost;
          cost.state = static_cast<CostState>(out.state);
          if (out.has_pico_usd != 0) cost.pico_usd = out.pico_usd;
          cost.flags = out.flags;
          cost.parts = std::move(parts);
          return cost;
        });
  }

 private:
  static constexpr std::size_t most_parts = 44;
};

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif  // COSTMARK_SDK_PRICES_HPP
