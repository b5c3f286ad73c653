#include "costmark/api.hpp"

namespace costmark {

std::string_view to_string(Api api) noexcept {
  switch (api) {
    case Api::other:
      return "other";
    case Api::chat_completions:
      return "chat_completions";
    case Api::responses:
      return "responses";
    case Api::messages:
      return "messages";
    case Api::embeddings:
      return "embeddings";
    case Api::control:
      return "control";
    case Api::converse:
      return "converse";
    case Api::invoke_model:
      return "invoke_model";
  }
  return "other";
}

}  // namespace costmark
