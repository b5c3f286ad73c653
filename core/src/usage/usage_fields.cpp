#include "usage/usage_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "usage/json_values.hpp"

namespace costmark {
namespace {

struct Place {
  Count count;
  std::string_view path;
};

// Where the counts are, one table for each family of API. Of several places the first one that
// holds a count is taken: gateways keep the words of the API that they translate from.
constexpr std::array chat_places = {
    Place{Count::input, "prompt_tokens"},
    Place{Count::output, "completion_tokens"},
    Place{Count::total, "total_tokens"},
    Place{Count::cached, "prompt_tokens_details.cached_tokens"},
    Place{Count::cache_write, "prompt_tokens_details.cache_write_tokens"},
    Place{Count::cache_write, "prompt_tokens_details.cache_creation_tokens"},
    Place{Count::audio_input, "prompt_tokens_details.audio_tokens"},
    Place{Count::cache_write_5m,
          "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens"},
    Place{Count::cache_write_30m,
          "prompt_tokens_details.cache_creation_token_details.ephemeral_30m_input_tokens"},
    Place{Count::cache_write_1h,
          "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens"},
    Place{Count::cache_write_12h,
          "prompt_tokens_details.cache_creation_token_details.ephemeral_12h_input_tokens"},
    Place{Count::reasoning, "completion_tokens_details.reasoning_tokens"},
    Place{Count::audio_output, "completion_tokens_details.audio_tokens"},
    Place{Count::web_search, "tool_usage.web_search.num_requests"},
    Place{Count::web_search, "server_tool_use.web_search_requests"},
};
constexpr std::array response_places = {
    Place{Count::input, "input_tokens"},
    Place{Count::output, "output_tokens"},
    Place{Count::total, "total_tokens"},
    Place{Count::cached, "input_tokens_details.cached_tokens"},
    Place{Count::cache_write, "input_tokens_details.cache_write_tokens"},
    Place{Count::cache_write, "input_tokens_details.cache_creation_tokens"},
    Place{Count::audio_input, "input_tokens_details.audio_tokens"},
    Place{Count::cache_write_5m,
          "input_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens"},
    Place{Count::cache_write_30m,
          "input_tokens_details.cache_creation_token_details.ephemeral_30m_input_tokens"},
    Place{Count::cache_write_1h,
          "input_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens"},
    Place{Count::cache_write_12h,
          "input_tokens_details.cache_creation_token_details.ephemeral_12h_input_tokens"},
    Place{Count::reasoning, "output_tokens_details.reasoning_tokens"},
    Place{Count::audio_output, "output_tokens_details.audio_tokens"},
    // As sessions of the Realtime API spell them.
    Place{Count::cached, "input_token_details.cached_tokens"},
    Place{Count::audio_input, "input_token_details.audio_tokens"},
    Place{Count::audio_output, "output_token_details.audio_tokens"},
    Place{Count::web_search, "tool_usage.web_search.num_requests"},
    Place{Count::web_search, "server_tool_use.web_search_requests"},
};
constexpr std::array message_places = {
    Place{Count::input, "input_tokens"},
    Place{Count::output, "output_tokens"},
    Place{Count::total, "total_tokens"},
    Place{Count::cached, "cache_read_input_tokens"},
    Place{Count::cache_write, "cache_creation_input_tokens"},
    Place{Count::reasoning, "output_tokens_details.thinking_tokens"},
    Place{Count::cache_write_5m, "cache_creation.ephemeral_5m_input_tokens"},
    Place{Count::cache_write_30m, "cache_creation.ephemeral_30m_input_tokens"},
    Place{Count::cache_write_1h, "cache_creation.ephemeral_1h_input_tokens"},
    Place{Count::cache_write_12h, "cache_creation.ephemeral_12h_input_tokens"},
    Place{Count::web_search, "server_tool_use.web_search_requests"},
    Place{Count::web_search, "tool_usage.web_search.num_requests"},
    Place{Count::web_fetch, "server_tool_use.web_fetch_requests"},
};
// As Nova spells the cached ones when it answers InvokeModel.
constexpr std::array converse_places = {
    Place{Count::input, "inputTokens"},
    Place{Count::output, "outputTokens"},
    Place{Count::total, "totalTokens"},
    Place{Count::cached, "cacheReadInputTokens"},
    Place{Count::cached, "cacheReadInputTokenCount"},
    Place{Count::cache_write, "cacheWriteInputTokens"},
    Place{Count::cache_write, "cacheWriteInputTokenCount"},
};
// "amazon-bedrock-invocationMetrics" of InvokeModel.
constexpr std::array metric_places = {
    Place{Count::input, "inputTokenCount"},
    Place{Count::output, "outputTokenCount"},
    Place{Count::cached, "cacheReadInputTokenCount"},
    Place{Count::cache_write, "cacheWriteInputTokenCount"},
};

// Behind the places of the table.
constexpr std::array<std::string_view, 4> other_paths = {"iterations", "type", "model",
                                                         "cacheDetails"};

template <std::size_t Size>
constexpr auto paths_of(const std::array<Place, Size>& places) {
  std::array<std::string_view, Size + other_paths.size()> paths;
  auto end = std::ranges::transform(places, paths.begin(), &Place::path).out;
  std::ranges::copy(other_paths, end);
  return paths;
}

constexpr auto chat_paths = paths_of(chat_places);
constexpr auto response_paths = paths_of(response_places);
constexpr auto message_paths = paths_of(message_places);
constexpr auto converse_paths = paths_of(converse_places);
constexpr auto metric_paths = paths_of(metric_places);

constexpr std::size_t iterations_index = message_places.size();
constexpr std::size_t type_index = iterations_index + 1;
constexpr std::size_t model_index = iterations_index + 2;
constexpr std::size_t details_index = converse_places.size() + 3;

// An element of "cacheDetails".
constexpr std::array<std::string_view, 2> detail_paths = {"ttl", "inputTokens"};
constexpr std::array<std::pair<std::string_view, Count>, 4> times_to_live = {{
    {"5m", Count::cache_write_5m},
    {"30m", Count::cache_write_30m},
    {"1h", Count::cache_write_1h},
    {"12h", Count::cache_write_12h},
}};

std::span<const Place> places_of(Api api) noexcept {
  if (api == Api::responses) return response_places;
  if (api == Api::messages) return message_places;
  if (api == Api::converse) return converse_places;
  if (api == Api::invoke_model) return metric_places;
  return chat_places;
}

std::span<const std::string_view> paths_of(Api api) noexcept {
  if (api == Api::responses) return response_paths;
  if (api == Api::messages) return message_paths;
  if (api == Api::converse) return converse_paths;
  if (api == Api::invoke_model) return metric_paths;
  return chat_paths;
}

bool is_empty_object(std::string_view json) noexcept {
  return json.starts_with('{') && json.find_first_not_of(" \t\r\n", 1) == json.size() - 1;
}

// Servers may report cache writes by time to live only.
void sum_cache_writes(Counts& counts) {
  if (counts[Count::cache_write]) return;
  std::optional<std::uint64_t> sum;
  for (const Count part : {Count::cache_write_5m, Count::cache_write_30m, Count::cache_write_1h,
                           Count::cache_write_12h}) {
    if (!counts[part]) continue;
    sum = sum_of(sum.value_or(0), *counts[part]);
    if (!sum) return counts.flags.set(UsageFlag::inconsistent);
  }
  counts[Count::cache_write] = sum;
}

Counts read_counts(const json::Reader& reader, Api api) {
  Counts counts;
  const std::span<const Place> places = places_of(api);
  bool knows_any_member = false;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const json::Member& member = reader.member(i);
    if (!member) continue;
    knows_any_member = true;
    if (member.kind == json::Kind::null || counts[places[i].count]) continue;
    if (member.kind == json::Kind::number) counts[places[i].count] = whole_number(reader.raw(i));
    if (!counts[places[i].count]) counts.flags.set(UsageFlag::unread);
  }
  if (!knows_any_member) counts.flags.set(UsageFlag::unread);
  sum_cache_writes(counts);
  return counts;
}

bool is_listed_apart(std::string_view iteration_type) noexcept {
  return iteration_type == "compaction" || iteration_type == "advisor_message";
}

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view json_number) noexcept {
  const std::string_view mantissa = json_number.substr(0, json_number.find_first_of("eE"));
  std::string_view exponent = json_number.substr(mantissa.size());
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::int64_t places = 0;  // how far the exponent moves the decimal point
  if (!exponent.empty()) {
    exponent.remove_prefix(exponent.starts_with("e+") || exponent.starts_with("E+") ? 2 : 1);
    const char* end = exponent.data() + exponent.size();
    const auto [stop, error] = std::from_chars(exponent.data(), end, places);
    if (error != std::errc() || stop != end || places > 1000 || places < -1000) return std::nullopt;
  }
  std::uint64_t value = 0;
  std::int64_t whole_digits = static_cast<std::int64_t>(point) + places;
  for (const char c : mantissa) {
    if (c == '.') continue;
    if (c < '0' || c > '9') return std::nullopt;
    if (whole_digits <= 0 && c != '0') return std::nullopt;
    if (whole_digits-- <= 0) continue;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  for (; whole_digits > 0 && value != 0; --whole_digits) {
    if (value > UINT64_MAX / 10) return std::nullopt;
    value *= 10;
  }
  return value;
}

Counts UsageFields::read(std::string_view usage, Api api, std::string_view model) {
  Counts counts;
  if (is_empty_object(usage)) return counts;
  if (!usage.starts_with('{') || !reader_.open(usage, paths_of(api)).ok()) {
    counts.flags.set(UsageFlag::unread);
    return counts;
  }
  counts = read_counts(reader_, api);
  if (api == Api::messages) {
    add_iterations(reader_.raw(iterations_index), model, counts);
  }
  if (api == Api::converse) add_cache_details(reader_.raw(details_index), counts);
  return counts;
}

// Cache writes by time to live.
void UsageFields::add_cache_details(std::string_view details, Counts& counts) {
  if (!details.starts_with('[')) return;
  JsonValues list(details);
  for (std::string_view element; list.next(element);) {
    Counts part;
    if (element.starts_with('{') && iteration_.open(element, detail_paths).ok()) {
      iteration_.string(0, text_);
      const auto* found = std::ranges::find(times_to_live, std::string_view(text_),
                                            &std::pair<std::string_view, Count>::first);
      const auto tokens = whole_number(iteration_.raw(1));
      if (found != times_to_live.end()) part[found->second] = tokens;
    }
    if (!part.any()) part.flags.set(UsageFlag::unread);
    counts.add(part);
  }
  sum_cache_writes(counts);
}

// Every iteration is billed. Those of the message itself are also in the counts beside the list;
// what the service did on its own, such as a compaction, is in the list only.
void UsageFields::add_iterations(std::string_view iterations, std::string_view model,
                                 Counts& counts) {
  if (!iterations.starts_with('[')) return;
  Counts sum;
  bool lists_message = false;
  JsonValues list(iterations);
  for (std::string_view element; list.next(element);) {
    if (!element.starts_with('{') || !iteration_.open(element, message_paths).ok()) {
      counts.flags.set(UsageFlag::unread);
      continue;
    }
    sum.add(read_counts(iteration_, Api::messages));
    iteration_.string(type_index, text_);
    lists_message = lists_message || !is_listed_apart(text_);
    if (is_of_other_model(model)) sum.flags.set(UsageFlag::other_model);
  }
  if (!sum.any()) return;
  if (!lists_message) return counts.add(sum);
  const Counts message = counts;
  const bool covers_message = counts.raise(sum, Api::messages);
  counts.flags = message.flags;
  counts.flags.set(sum.flags);
  if (!covers_message) counts.flags.set(UsageFlag::inconsistent);
}

bool UsageFields::is_of_other_model(std::string_view model) {
  iteration_.string(model_index, text_);
  return !text_.empty() && !model.empty() && text_ != model;
}

}  // namespace costmark
