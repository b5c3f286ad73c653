// What the tests of answers share.
#pragma once

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
                    std::int64_t output, std::int64_t reasoning, bool inconsistent = false) {
  const auto count = [](std::int64_t value) {
    return value == none ? std::nullopt : std::optional(static_cast<std::uint64_t>(value));
  };
  return {count(input),  count(cached),    count(cache_write),
          count(output), count(reasoning), inconsistent};
}

inline Answer ended(Outcome outcome, const Usage& usage = {}, std::string response_id = "") {
  return {usage, outcome, std::move(response_id), "", ""};
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
  return out << (usage.inconsistent ? "inconsistent}" : "consistent}");
}

inline std::ostream& operator<<(std::ostream& out, Outcome outcome) {
  return out << to_string(outcome);
}

inline std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  return out << answer.usage << ' ' << answer.outcome << " id " << answer.response_id << " model "
             << answer.model << " tier " << answer.service_tier;
}

struct Observed {
  Answer answer;
  std::string passed;

  friend bool operator==(const Observed&, const Observed&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Observed& observed) {
    return out << observed.answer << " passed on: " << observed.passed;
  }
};

struct Exchange {
  Api api = Api::chat_completions;
  int status = 200;
  std::string_view content_type = json_type;
  bool hide_usage_chunk = false;
  std::optional<Outcome> told = std::nullopt;
};

// Feeds `body`, cut behind each offset of `cuts`, in pieces of exact size, so that a sanitizer sees
// every step outside.
inline Observed observe(AnswerReader& reader, const Exchange& exchange, std::string_view body,
                        const std::vector<std::size_t>& cuts = {}) {
  Observed observed;
  reader.begin(exchange.api, exchange.status, exchange.content_type, exchange.hide_usage_chunk);
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
  return observed;
}

inline Observed observe(const Exchange& exchange, std::string_view body,
                        const std::vector<std::size_t>& cuts = {}) {
  AnswerReader reader;
  return observe(reader, exchange, body, cuts);
}

}  // namespace costmark
