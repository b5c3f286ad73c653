#include "usage/invoked_fields.hpp"

#include <array>

#include "usage/json_values.hpp"

namespace costmark {
namespace {

enum Index : std::size_t {
  usage_index,
  first_event_index,  // Anthropic's message_start
  metadata_index,     // the last event of Nova
  metrics_index,
  results_index,
  titan_input_index,
  titan_output_index,
  llama_input_index,
  llama_output_index,
};

constexpr std::array<std::string_view, 9> paths = {
    "usage",
    "message.usage",
    "metadata.usage",
    "amazon-bedrock-invocationMetrics",
    "results",
    "inputTextTokenCount",
    "totalOutputTextTokenCount",
    "prompt_token_count",
    "generation_token_count",
};

constexpr std::array<std::string_view, 4> words_paths = {"prompt_tokens", "completion_tokens",
                                                         "input_tokens", "output_tokens"};
constexpr std::array<std::string_view, 1> result_paths = {"tokenCount"};

struct Place {
  Count count;
  Index index;
};

constexpr std::array own_places = {
    Place{Count::input, titan_input_index},
    Place{Count::output, titan_output_index},
    Place{Count::input, llama_input_index},
    Place{Count::output, llama_output_index},
};

bool holds(std::string_view text, std::string_view wanted) noexcept {
  return text.find(wanted) != std::string_view::npos;
}

}  // namespace

bool InvokedFields::may_count(std::string_view text) noexcept {
  return holds(text, "\"usage\"") || holds(text, "invocationMetrics\"") ||
         holds(text, "TokenCount\"") || holds(text, "_token_count\"");
}

InvokedUsage InvokedFields::read(std::string_view text, std::string_view model) {
  InvokedUsage found;
  if (!reader_.open(text, paths).ok()) return found;
  const std::string_view metrics = reader_.raw(metrics_index);
  if (metrics.starts_with('{')) {
    found.is_last = true;
    found.json = metrics;
    found.metered = usage_fields_.read(metrics, Api::invoke_model, model);
  }
  for (const Index index : {usage_index, first_event_index, metadata_index}) {
    const std::string_view usage = reader_.raw(index);
    if (!usage.starts_with('{')) continue;
    found.json = usage;
    found.words = words_of(usage);
    found.told = usage_fields_.read(usage, found.words, model);
    return found;
  }
  read_own_members(found);
  return found;
}

Api InvokedFields::words_of(std::string_view usage) {
  if (!object_.open(usage, words_paths).ok()) return Api::converse;
  if (object_.member(0) || object_.member(1)) return Api::chat_completions;
  return object_.member(2) || object_.member(3) ? Api::messages : Api::converse;
}

// Titan and Llama tell them beside what they wrote.
void InvokedFields::read_own_members(InvokedUsage& out) {
  for (const Place& place : own_places) {
    const json::Member& member = reader_.member(place.index);
    if (!member || member.kind == json::Kind::null) continue;
    out.told[place.count] = whole_number(reader_.raw(place.index));
    if (!out.told[place.count]) out.told.flags.set(UsageFlag::unread);
  }
  if (reader_.member(titan_input_index)) add_results(reader_.raw(results_index), out.told);
}

void InvokedFields::add_results(std::string_view results, Counts& counts) {
  if (!results.starts_with('[')) return;
  JsonValues list(results);
  for (std::string_view element; list.next(element);) {
    if (!element.starts_with('{') || !object_.open(element, result_paths).ok()) continue;
    Counts part;
    part[Count::output] = whole_number(object_.raw(0));
    counts.add(part);
  }
}

}  // namespace costmark
