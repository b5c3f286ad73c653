// The members of an answer that costmark reads, by the shape of the JSON text they are in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/usage.hpp"
#include "json/reader.hpp"

namespace costmark {

enum class Shape : std::uint8_t {
  chat,            // a chat completion, a chunk of one, embeddings
  response,        // a Response
  response_event,  // a server-sent event that carries a Response
  message,         // a Message, or the event message_delta
  message_start,   // the event message_start, which carries a Message
};

// Counts as the server reported them, before the convention of Usage is applied.
struct Counts {
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> cached;
  std::optional<std::uint64_t> cache_write;
  std::optional<std::uint64_t> output;
  std::optional<std::uint64_t> reasoning;
  bool malformed = false;  // something stood where a count belongs that is none

  // Takes over what `later` says and keeps the rest.
  void update(const Counts& later);
};

// Applies the convention: for `messages` the server's input leaves the cached tokens out.
Usage to_usage(const Counts& counts, Api api);

// Reuse one for many texts: buffers are kept. One thread at a time.
class AnswerFields {
 public:
  // False when `text` is not a JSON object.
  bool open(std::string_view text, Shape shape);

  // Absent or null counts as not there; so does a text longer than any honest one.
  bool has_error() const noexcept;
  bool has_usage() const noexcept;
  bool has_empty_choices() const noexcept;
  const std::string& type() { return text(type_index); }
  const std::string& status() { return text(status_index); }
  Counts counts() const;

  // Overwrites id, model and service tier with what this text says about them.
  void describe(Answer& answer);

 private:
  enum Index : std::size_t {
    type_index,
    error_index,
    choices_index,
    status_index,
    id_index,
    model_index,
    service_tier_index,
    usage_index,
    input_index,
    output_index,
    cached_index,
    cache_write_index,
    reasoning_index,
    cache_write_5m_index,
    cache_write_1h_index,
    index_count,
  };
  struct Paths;

  const std::string& text(Index index);
  std::optional<std::uint64_t> count(Index index, bool& malformed) const;
  std::optional<std::uint64_t> cache_write(bool& malformed) const;
  void take(Index index, std::string& out);

  json::Reader reader_;
  bool shape_has_cache_lifetimes_ = false;
  std::string text_;
};

}  // namespace costmark
