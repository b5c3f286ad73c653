#include "usage/answer_fields.hpp"

#include <array>

namespace costmark {
namespace {

// No id or model name comes near; what is longer is not worth carrying into counters and ledgers.
constexpr std::size_t longest_text = 2048;

bool is_there(const json::Member& member) noexcept {
  return member.kind != json::Kind::absent && member.kind != json::Kind::null;
}

void replace_if_given(std::optional<std::uint64_t>& value,
                      const std::optional<std::uint64_t>& later) {
  if (later) value = later;
}

// Nothing when the sum does not fit.
std::optional<std::uint64_t> add(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t sum = a + b;
  return sum < a ? std::nullopt : std::optional(sum);
}

bool exceeds(std::uint64_t part, const std::optional<std::uint64_t>& whole) noexcept {
  return whole && part > *whole;
}

// Cache reads and cache writes are disjoint parts of the input, so they count together.
bool has_part_larger_than_whole(const Usage& usage) noexcept {
  const auto cache =
      add(usage.cached_input_tokens.value_or(0), usage.cache_write_tokens.value_or(0));
  if (!cache || exceeds(*cache, usage.input_tokens)) return true;
  return exceeds(usage.reasoning_tokens.value_or(0), usage.output_tokens);
}

}  // namespace

// In the order of Index.
struct AnswerFields::Paths {
  using Table = std::array<std::string_view, index_count>;

  static constexpr Table chat = {"type",
                                 "error",
                                 "choices",
                                 "status",
                                 "id",
                                 "model",
                                 "service_tier",
                                 "usage",
                                 "usage.prompt_tokens",
                                 "usage.completion_tokens",
                                 "usage.prompt_tokens_details.cached_tokens",
                                 "usage.prompt_tokens_details.cache_write_tokens",
                                 "usage.completion_tokens_details.reasoning_tokens",
                                 "",
                                 ""};
  static constexpr Table response = {"type",
                                     "error",
                                     "choices",
                                     "status",
                                     "id",
                                     "model",
                                     "service_tier",
                                     "usage",
                                     "usage.input_tokens",
                                     "usage.output_tokens",
                                     "usage.input_tokens_details.cached_tokens",
                                     "usage.input_tokens_details.cache_write_tokens",
                                     "usage.output_tokens_details.reasoning_tokens",
                                     "",
                                     ""};
  static constexpr Table response_event = {"type",
                                           "error",
                                           "choices",
                                           "response.status",
                                           "response.id",
                                           "response.model",
                                           "response.service_tier",
                                           "response.usage",
                                           "response.usage.input_tokens",
                                           "response.usage.output_tokens",
                                           "response.usage.input_tokens_details.cached_tokens",
                                           "response.usage.input_tokens_details.cache_write_tokens",
                                           "response.usage.output_tokens_details.reasoning_tokens",
                                           "",
                                           ""};
  static constexpr Table message = {"type",
                                    "error",
                                    "choices",
                                    "status",
                                    "id",
                                    "model",
                                    "usage.service_tier",
                                    "usage",
                                    "usage.input_tokens",
                                    "usage.output_tokens",
                                    "usage.cache_read_input_tokens",
                                    "usage.cache_creation_input_tokens",
                                    "usage.output_tokens_details.thinking_tokens",
                                    "usage.cache_creation.ephemeral_5m_input_tokens",
                                    "usage.cache_creation.ephemeral_1h_input_tokens"};
  static constexpr Table message_start = {"type",
                                          "error",
                                          "choices",
                                          "status",
                                          "message.id",
                                          "message.model",
                                          "message.usage.service_tier",
                                          "message.usage",
                                          "message.usage.input_tokens",
                                          "message.usage.output_tokens",
                                          "message.usage.cache_read_input_tokens",
                                          "message.usage.cache_creation_input_tokens",
                                          "message.usage.output_tokens_details.thinking_tokens",
                                          "message.usage.cache_creation.ephemeral_5m_input_tokens",
                                          "message.usage.cache_creation.ephemeral_1h_input_tokens"};

  static std::span<const std::string_view> of(Shape shape) noexcept {
    constexpr std::size_t without_cache_lifetimes = cache_write_5m_index;
    switch (shape) {
      case Shape::chat:
        break;
      case Shape::response:
        return std::span(response).first(without_cache_lifetimes);
      case Shape::response_event:
        return std::span(response_event).first(without_cache_lifetimes);
      case Shape::message:
        return message;
      case Shape::message_start:
        return message_start;
    }
    return std::span(chat).first(without_cache_lifetimes);
  }
};

void Counts::update(const Counts& later) {
  replace_if_given(input, later.input);
  replace_if_given(cached, later.cached);
  replace_if_given(cache_write, later.cache_write);
  replace_if_given(output, later.output);
  replace_if_given(reasoning, later.reasoning);
  malformed = malformed || later.malformed;
}

Usage to_usage(const Counts& counts, Api api) {
  Usage usage;
  usage.input_tokens = counts.input;
  usage.cached_input_tokens = counts.cached;
  usage.cache_write_tokens = counts.cache_write;
  usage.output_tokens = counts.output;
  usage.reasoning_tokens = counts.reasoning;
  if (api == Api::messages && counts.input) {
    const auto cache = add(counts.cached.value_or(0), counts.cache_write.value_or(0));
    usage.input_tokens = cache ? add(*counts.input, *cache) : std::nullopt;
  }
  const bool overflowed = counts.input && !usage.input_tokens;
  usage.inconsistent = counts.malformed || overflowed || has_part_larger_than_whole(usage);
  return usage;
}

bool AnswerFields::open(std::string_view text, Shape shape) {
  shape_has_cache_lifetimes_ = shape == Shape::message || shape == Shape::message_start;
  return reader_.open(text, Paths::of(shape)).ok();
}

bool AnswerFields::has_error() const noexcept {
  return is_there(reader_.member(error_index));
}

bool AnswerFields::has_usage() const noexcept {
  return is_there(reader_.member(usage_index));
}

bool AnswerFields::has_empty_choices() const noexcept {
  return reader_.is_empty_array(choices_index);
}

Counts AnswerFields::counts() const {
  Counts counts;
  counts.malformed = has_usage() && reader_.member(usage_index).kind != json::Kind::object;
  counts.input = count(input_index, counts.malformed);
  counts.output = count(output_index, counts.malformed);
  counts.cached = count(cached_index, counts.malformed);
  counts.cache_write = cache_write(counts.malformed);
  counts.reasoning = count(reasoning_index, counts.malformed);
  return counts;
}

void AnswerFields::describe(Answer& answer) {
  take(id_index, answer.response_id);
  take(model_index, answer.model);
  take(service_tier_index, answer.service_tier);
}

const std::string& AnswerFields::text(Index index) {
  text_.clear();
  if (reader_.raw(index).size() <= longest_text) reader_.string(index, text_);
  return text_;
}

std::optional<std::uint64_t> AnswerFields::count(Index index, bool& malformed) const {
  const auto value = reader_.unsigned_integer(index);
  if (!value && is_there(reader_.member(index))) malformed = true;
  return value;
}

// Messages may report cache writes by lifetime only.
std::optional<std::uint64_t> AnswerFields::cache_write(bool& malformed) const {
  const auto total = count(cache_write_index, malformed);
  if (total || !shape_has_cache_lifetimes_) return total;
  const auto five_minutes = count(cache_write_5m_index, malformed);
  const auto one_hour = count(cache_write_1h_index, malformed);
  if (!five_minutes && !one_hour) return std::nullopt;
  const auto sum = add(five_minutes.value_or(0), one_hour.value_or(0));
  if (!sum) malformed = true;
  return sum;
}

void AnswerFields::take(Index index, std::string& out) {
  const std::string& found = text(index);
  if (!found.empty()) out = found;
}

}  // namespace costmark
