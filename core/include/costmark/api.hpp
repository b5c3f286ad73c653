// The families of API that differ in how a request is attributed and how its answer tells usage.
#pragma once

#include <cstdint>
#include <string_view>

namespace costmark {

// `control` is the management of the endpoint itself (projects, data retention): never attributed.
// `converse` and `invoke_model` are bedrock-runtime's own, streamed or not.
enum class Api : std::uint8_t {
  other,
  chat_completions,
  responses,
  messages,
  embeddings,
  control,
  converse,
  invoke_model,
};

// Whether an API is bedrock-runtime's own. Those have one carrier, on whichever host, name their
// model in the path, and stream in AWS's framing.
constexpr bool is_of_runtime(Api api) noexcept {
  return api == Api::converse || api == Api::invoke_model;
}

// "chat_completions" and so on; static storage.
std::string_view to_string(Api api) noexcept;

}  // namespace costmark
