#include "costmark/prices.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "costmark/client.hpp"
#include "guard.hpp"
#include "handle.hpp"
#include "views.hpp"

struct costmark_price_book {
  explicit costmark_price_book(costmark::PriceBook book) : core(std::move(book)) {}

  costmark::capi::Magic<0x636d'7072'6963'6573> magic;
  costmark::PriceBook core;
};

namespace costmark::capi {
namespace {

constexpr std::size_t most_meters = 32;
constexpr std::size_t most_parts = Cost{}.all_parts.size();
static_assert(most_parts <= 44);

using Book = std::unique_ptr<costmark_price_book>;

Result<Book> wrapped(Result<PriceBook> book) {
  if (!book) return std::move(book).status();
  return std::make_unique<costmark_price_book>(std::move(book).value());
}

Result<Book> parse(const char* text, std::size_t text_len, const char* name, std::size_t name_len) {
  std::string_view content;
  std::string_view file;
  if (Status status = read_text(text, text_len, "text", content); !status) return status;
  if (Status status = read_text(name, name_len, "name", file); !status) return status;
  return wrapped(PriceBook::parse(content, file));
}

Result<Book> load(const char* path, std::size_t path_len) {
  std::string_view name;
  if (Status status = read_text(path, path_len, "path", name); !status) return status;
  if (name.empty() || name.find('\0') != std::string_view::npos) {
    return invalid_argument("path is empty or has a NUL character");
  }
  return wrapped(load_price_book(std::string(name)));
}

costmark_str view_unless_dash(std::string_view text) noexcept {
  return text == "-" ? costmark_str{nullptr, 0} : view(text);
}

costmark_price to_c(const PriceLine& line) noexcept {
  costmark_price out = COSTMARK_PRICE_INIT;
  out.model = view(line.model);
  out.region = view(line.region);
  out.serving = view(line.serving);
  out.tier = view(line.tier);
  out.kind = view(line.kind);
  out.time_to_live = view_unless_dash(line.time_to_live);
  out.unit = view(line.unit);
  out.from = view_unless_dash(line.from);
  out.to = view_unless_dash(line.to);
  out.as_of = view(line.as_of);
  out.source = view(line.source);
  out.over = line.over;
  out.has_pico_usd = line.pico_usd == PriceLine::not_known ? 0 : 1;
  out.pico_usd = out.has_pico_usd != 0 ? line.pico_usd : 0;
  out.line = line.line;
  return out;
}

std::optional<std::uint64_t> told(std::uint64_t count, std::uint32_t known,
                                  std::uint32_t bit) noexcept {
  return (known & bit) != 0 ? std::optional(count) : std::nullopt;
}

Status read_usage(const costmark_usage* from, Usage& out) {
  if (from == nullptr) return {};
  constexpr std::size_t first = 64;
  costmark_usage usage;
  if (Status status = read_struct(from, first, "usage", usage); !status) return status;
  out.input_tokens = told(usage.input_tokens, usage.known, COSTMARK_USAGE_INPUT);
  out.cached_input_tokens =
      told(usage.cached_input_tokens, usage.known, COSTMARK_USAGE_CACHED_INPUT);
  out.cache_write_tokens = told(usage.cache_write_tokens, usage.known, COSTMARK_USAGE_CACHE_WRITE);
  out.output_tokens = told(usage.output_tokens, usage.known, COSTMARK_USAGE_OUTPUT);
  out.total_tokens = told(usage.total_tokens, usage.known, COSTMARK_USAGE_TOTAL);
  return {};
}

// A call out of C, and the counts that it refers to.
struct ReadCall {
  PricedCall core;
  std::array<NamedCount, Cost::max_other_counts> others{};
  std::size_t other_count = 0;

  Status read(const costmark_priced_call* from) {
    constexpr std::size_t first = 104;
    costmark_priced_call call;
    if (Status status = read_struct(from, first, "call", call); !status) return status;
    if (Status status = read_names(call); !status) return status;
    if (Status status = read_usage(call.usage, core.usage); !status) return status;
    if (Status status = read_meters(call); !status) return status;
    core.end_us = call.end_us;
    core.other_counts = std::span(others).first(other_count);
    return {};
  }

 private:
  Status read_names(const costmark_priced_call& call) {
    if (Status status = read_text(call.model, "model", core.model); !status) return status;
    if (Status status = read_text(call.region, "region", core.region); !status) return status;
    if (Status status = read_text(call.serving, "serving", core.serving); !status) return status;
    return read_text(call.tier, "tier", core.tier);
  }

  Status read_meters(const costmark_priced_call& call) {
    if (call.meters == nullptr && call.meter_count != 0) {
      return invalid_argument("meters is NULL, and meter_count is not 0");
    }
    if (call.meter_count > most_meters) return invalid_argument("there are more than 32 meters");
    for (std::size_t i = 0; i < call.meter_count; ++i) {
      std::string_view kind;
      if (Status status = read_text(call.meters[i].kind, "kind", kind); !status) return status;
      if (is_known(kind, call.meters[i].count)) continue;
      if (other_count == others.size()) {
        return invalid_argument("there are more than 16 meters that costmark does not know");
      }
      others[other_count++] = {kind, call.meters[i].count};
    }
    return {};
  }

  bool is_known(std::string_view kind, std::uint64_t count) noexcept {
    for (const Meter meter : all_meters) {
      if (to_string(meter) != kind) continue;
      core.usage.meters.set(meter, count);
      return true;
    }
    return false;
  }
};

void show_parts(const PriceBook& book, const Cost& cost, costmark_cost_part* parts,
                std::size_t capacity) noexcept {
  const PriceLine* const first = book.lines().data();
  for (std::size_t i = 0; i < std::min(capacity, cost.part_count); ++i) {
    const Cost::Part& part = cost.all_parts[i];
    parts[i] = {static_cast<std::uint64_t>(part.line - first), part.count};
  }
}

Status price(const costmark_price_book* book, const costmark_priced_call* from,
             costmark_cost* out_cost, costmark_cost_part* parts, std::size_t capacity) {
  if (Status status = require(book, "book"); !status) return status;
  if (Status status = check_out(out_cost, "out_cost"); !status) return status;
  if (parts == nullptr && capacity != 0) {
    return invalid_argument("parts is NULL, and part_capacity is not 0");
  }
  ReadCall call;
  if (Status status = call.read(from); !status) return status;
  const Cost cost = book->core.price(call.core);
  costmark_cost out = COSTMARK_COST_INIT;
  out.pico_usd = cost.pico_usd.value_or(0);
  out.has_pico_usd = cost.pico_usd ? 1 : 0;
  out.state = static_cast<costmark_cost_state>(cost.state);
  out.flags = cost.flags.bits();
  out.part_count = static_cast<std::uint32_t>(cost.part_count);
  show(out, out_cost);
  show_parts(book->core, cost, parts, capacity);
  return {};
}

std::int64_t now() noexcept {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;

costmark_status costmark_price_book_shipped(costmark_price_book** out_book,
                                            costmark_error** out_error) noexcept {
  return guarded_new(out_book, out_error, [] { return wrapped(costmark::PriceBook::shipped()); });
}

costmark_status costmark_price_book_parse(const char* text, size_t text_len, const char* name,
                                          size_t name_len, costmark_price_book** out_book,
                                          costmark_error** out_error) noexcept {
  return guarded_new(out_book, out_error, [&] { return parse(text, text_len, name, name_len); });
}

costmark_status costmark_price_book_load(const char* path, size_t path_len,
                                         costmark_price_book** out_book,
                                         costmark_error** out_error) noexcept {
  return guarded_new(out_book, out_error, [&] { return load(path, path_len); });
}

void costmark_price_book_read(const costmark_price_book* book,
                              costmark_price_book_view* out_view) noexcept {
  if (!alive(book)) return show_nothing(out_view);
  costmark_price_book_view out = COSTMARK_PRICE_BOOK_VIEW_INIT;
  out.hash = view(book->core.hash());
  out.date = view(book->core.date());
  out.file = view(book->core.file());
  out.price_count = book->core.lines().size();
  out.threshold_count = book->core.thresholds().size();
  if (out.threshold_count != 0) out.thresholds = book->core.thresholds().data();
  show(out, out_view);
}

int64_t costmark_price_book_age_days(const costmark_price_book* book,
                                     int64_t time_unix_s) noexcept {
  if (!alive(book)) return 0;
  return book->core.age_days(time_unix_s == 0 ? now() : time_unix_s);
}

void costmark_price_book_price(const costmark_price_book* book, size_t index,
                               costmark_price* out_price) noexcept {
  if (!alive(book) || index >= book->core.lines().size()) return show_nothing(out_price);
  show(to_c(book->core.lines()[index]), out_price);
}

costmark_status costmark_price_book_cost(const costmark_price_book* book,
                                         const costmark_priced_call* call, costmark_cost* out_cost,
                                         costmark_cost_part* parts, size_t part_capacity,
                                         costmark_error** out_error) noexcept {
  return guarded(out_error, [&] { return price(book, call, out_cost, parts, part_capacity); });
}

void costmark_price_book_free(costmark_price_book* book) noexcept {
  if (alive(book)) delete book;
}

const char* costmark_cost_state_name(costmark_cost_state state) noexcept {
  if (state < 0 || state > COSTMARK_COST_ELSEWHERE) return "unknown";
  return costmark::to_string(static_cast<costmark::CostState>(state)).data();
}

const char* costmark_price_flag_name(uint32_t flag) noexcept {
  return costmark::to_string(static_cast<costmark::PriceFlag>(flag)).data();
}
