// Counts out of what models answer to InvokeModel, each in the words of its vendor.
#pragma once

#include <string_view>

#include "json/reader.hpp"
#include "usage/counts.hpp"
#include "usage/usage_fields.hpp"

namespace costmark {

struct InvokedUsage {
  Counts told;                // by the model
  Api words = Api::converse;  // the API whose words and convention those are in
  Counts metered;             // by Bedrock, in a member of its own
  std::string_view json;      // the object that tells them; empty for none
  bool is_last = false;       // of a stream: only its last chunk is metered
};

// Reuse one for many texts: buffers are kept. One thread at a time.
class InvokedFields {
 public:
  // `text`: a whole answer, or a chunk of a stream: Anthropic's, Nova's, those of models that speak
  // like OpenAI, Titan's and Llama's. Of others Bedrock's own counts are read. The views live until
  // the next call.
  InvokedUsage read(std::string_view text, std::string_view model);

  // Whether a chunk may hold counts, by a search for a few bytes.
  static bool may_count(std::string_view text) noexcept;

 private:
  Api words_of(std::string_view usage);
  void read_own_members(InvokedUsage& out);
  void add_results(std::string_view results, Counts& counts);

  json::Reader reader_;
  json::Reader object_;
  UsageFields usage_fields_;
};

}  // namespace costmark
