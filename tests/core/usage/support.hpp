// What the tests of answers share.
#pragma once

#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "costmark/usage.hpp"

namespace costmark {

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view stream_type = "text/event-stream; charset=utf-8";

// A count for Tokens that the server did not give.
inline constexpr std::int64_t none = -1;

inline Usage tokens(std::int64_t input, std::int64_t cached, std::int64_t cache_write,
                    std::int64_t output, std::int64_t reasoning, UsageFlags flags = {}) {
  const auto count = [](std::int64_t value) {
    return value == none ? std::nullopt : std::optional(static_cast<std::uint64_t>(value));
  };
  Usage usage;
  usage.input_tokens = count(input);
  usage.cached_input_tokens = count(cached);
  usage.cache_write_tokens = count(cache_write);
  usage.output_tokens = count(output);
  usage.reasoning_tokens = count(reasoning);
  usage.flags = flags;
  return usage;
}

inline Usage with_total(Usage usage, std::uint64_t total) {
  usage.total_tokens = total;
  return usage;
}

inline Usage with_meters(Usage usage, std::initializer_list<std::pair<Meter, std::uint64_t>> list) {
  for (const auto& [meter, count] : list) usage.meters.set(meter, count);
  return usage;
}

inline Answer ended(Outcome outcome, const Usage& usage = {}, std::string response_id = "",
                    std::string model = "", std::string service_tier = "") {
  Answer answer;
  answer.usage = usage;
  answer.outcome = outcome;
  answer.response_id = std::move(response_id);
  answer.model = std::move(model);
  answer.service_tier = std::move(service_tier);
  return answer;
}

inline void print(std::ostream& out, const char* name, const std::optional<std::uint64_t>& count) {
  out << name << ' ' << (count ? std::to_string(*count) : "none") << ", ";
}

inline std::ostream& operator<<(std::ostream& out, const Usage& usage) {
  print(out << '{', "input", usage.input_tokens);
  print(out, "cached", usage.cached_input_tokens);
  print(out, "cache_write", usage.cache_write_tokens);
  print(out, "output", usage.output_tokens);
  print(out, "reasoning", usage.reasoning_tokens);
  print(out, "total", usage.total_tokens);
  for (const Meter meter : all_meters) {
    if (usage.meters[meter]) print(out, to_string(meter).data(), usage.meters[meter]);
  }
  for (const UsageFlag flag : all_usage_flags) {
    if (usage.flags.has(flag)) out << to_string(flag) << ' ';
  }
  return out << '}';
}

inline std::ostream& operator<<(std::ostream& out, Outcome outcome) {
  return out << to_string(outcome);
}

inline std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  return out << answer.usage << ' ' << answer.outcome << " id " << answer.response_id << " model "
             << answer.model << " tier " << answer.service_tier;
}

// What the tests of usage and outcome leave out of an answer.
struct Details {
  ResponseStatus status = ResponseStatus::unknown;
  bool background = false;
  std::string error_code;
  std::string usage_json;

  friend bool operator==(const Details&, const Details&) = default;
};

struct Observed {
  Answer answer;  // without its details
  std::string passed;
  Details details;

  Observed() = default;
  Observed(Answer told, std::string pieces) : answer(std::move(told)), passed(std::move(pieces)) {}

  bool is_all_of(const Observed& other) const { return *this == other && details == other.details; }

  friend bool operator==(const Observed& a, const Observed& b) {
    return a.answer == b.answer && a.passed == b.passed;
  }
  friend std::ostream& operator<<(std::ostream& out, const Observed& observed) {
    return out << observed.answer << " passed on: " << observed.passed;
  }
};

struct Exchange {
  Api api = Api::chat_completions;
  int status = 200;
  std::string_view content_type = json_type;
  bool streamed = false;
  bool hide_usage_chunk = false;
  std::optional<Outcome> told = std::nullopt;
  std::vector<Header> headers{};  // besides the content type
};

// Feeds `body`, cut behind each offset of `cuts`, in pieces of exact size, so that a sanitizer sees
// every step outside.
inline Observed observe(AnswerReader& reader, const Exchange& exchange, std::string_view body,
                        const std::vector<std::size_t>& cuts = {}) {
  Observed observed;
  reader.begin(exchange.api, exchange.status, exchange.content_type, exchange.streamed,
               exchange.hide_usage_chunk);
  reader.read_headers(exchange.headers);
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : body.size();
    const std::vector<char> piece(body.begin() + static_cast<std::ptrdiff_t>(begin),
                                  body.begin() + static_cast<std::ptrdiff_t>(end));
    observed.passed += reader.feed({piece.data(), piece.size()});
    begin = end;
  }
  observed.passed += reader.finish(exchange.told);
  observed.answer = reader.answer();
  observed.details.status = std::exchange(observed.answer.status, ResponseStatus::unknown);
  observed.details.background = std::exchange(observed.answer.background, false);
  observed.details.error_code = std::exchange(observed.answer.error_code, {});
  observed.details.usage_json = std::exchange(observed.answer.usage_json, {});
  return observed;
}

inline Observed observe(const Exchange& exchange, std::string_view body,
                        const std::vector<std::size_t>& cuts = {}) {
  AnswerReader reader;
  return observe(reader, exchange, body, cuts);
}

}  // namespace costmark
