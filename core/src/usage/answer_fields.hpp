// The members of an answer that costmark reads, whatever JSON text they are in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/usage.hpp"
#include "json/reader.hpp"

namespace costmark {

// Where the members of an answer are.
enum class Shape : std::uint8_t {
  plain,        // at the root: a whole answer, a chat chunk, the event message_delta
  in_response,  // in "response": an event of a Responses stream
  in_message,   // in "message": the event message_start
};

// Reuse one for many texts: buffers are kept. One thread at a time.
class AnswerFields {
 public:
  // False when `text` is not a JSON object.
  bool open(std::string_view text, Shape shape);

  // Whether the member that the shape is named after is an object; for `plain`: "message".
  bool has_inner() const noexcept;
  // Absent or null counts as not there; so does a text longer than any honest one.
  bool has_error() const noexcept;
  bool has_usage() const noexcept;
  bool is_background() const noexcept;
  std::string_view usage() const noexcept { return reader_.raw(usage_index); }
  const std::string& type() { return text(type_index); }
  bool has_status() const noexcept;
  ResponseStatus status();

  // Whether a chat chunk has nothing for its reader but usage: no choices at all or, once
  // `finished`, choices that say nothing.
  bool carries_only_usage(bool finished) const;

  // Overwrites id, model and service tier with what this text says about them.
  void describe(Answer& answer);
  void describe_error(Answer& answer);

 private:
  enum Index : std::size_t {
    type_index,
    inner_index,
    error_index,
    error_code_index,
    error_type_index,
    code_index,
    aws_type_index,
    choices_index,
    status_index,
    background_index,
    id_index,
    model_index,
    service_tier_index,
    usage_tier_index,
    converse_tier_index,
    usage_index,
    inner_error_index,
    inner_error_code_index,
    inner_error_type_index,
    index_count,
  };
  struct Paths;

  const std::string& text(Index index);
  bool take_code(Index index, std::string& out);
  void take(Index index, std::string& out);

  json::Reader reader_;
  std::string text_;
};

}  // namespace costmark
