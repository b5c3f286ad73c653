// What an answer says, one JSON text or one server-sent event at a time.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "costmark/usage.hpp"
#include "http/event_stream.hpp"
#include "usage/answer_fields.hpp"

namespace costmark {

// One thread at a time; reusable through `begin`.
class UsageParser {
 public:
  void begin(Api api);

  // A whole answer. False when it cannot be read.
  bool take_json(std::string_view text);

  // One event of a streamed answer. Events that cannot matter are told apart by a search for a few
  // bytes and not parsed. True for the chat chunk that carries nothing but usage.
  bool take_event(const http::Event& event);

  const Answer& answer() const noexcept { return answer_; }
  Answer& answer() noexcept { return answer_; }

  // What the answer itself said about how it ended.
  std::optional<Outcome> verdict() const noexcept { return verdict_; }

  // Whether a chat stream said its last word and its usage, so that only `[DONE]` is missing.
  bool only_lacks_done() const noexcept { return has_finish_reason_ && answer_.usage.any(); }

  // Whether something that could have mattered could not be read.
  bool missed_something() const noexcept { return missed_something_; }

 private:
  bool take_chat_event(const http::Event& event);
  void take_response_event(const http::Event& event);
  void take_message_event(const http::Event& event);
  std::string_view event_name(const http::Event& event, std::span<const std::string_view> names);
  void replace_counts(const Counts& counts);
  Outcome response_outcome();

  Api api_ = Api::other;
  Answer answer_;
  Counts counts_;
  std::optional<Outcome> verdict_;
  bool has_finish_reason_ = false;
  bool missed_something_ = false;
  AnswerFields fields_;
};

}  // namespace costmark
