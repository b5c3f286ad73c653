// The families of API that differ in how a request is attributed and how its answer tells usage.
#pragma once

#include <cstdint>
#include <string_view>

namespace costmark {

// `control` is the management of the endpoint itself (projects, data retention): never attributed.
enum class Api : std::uint8_t { other, chat_completions, responses, messages, embeddings, control };

// "chat_completions" and so on; static storage.
std::string_view to_string(Api api) noexcept;

}  // namespace costmark
