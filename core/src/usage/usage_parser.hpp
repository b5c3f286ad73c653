// What an answer says, one JSON text, one server-sent event or one AWS frame at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "costmark/http.hpp"
#include "costmark/usage.hpp"
#include "http/aws_event_stream.hpp"
#include "http/event_stream.hpp"
#include "usage/answer_fields.hpp"
#include "usage/invoked_fields.hpp"
#include "usage/usage_fields.hpp"

namespace costmark {

// What an event means is told by its content; its name counts only where the content has none.
//
//   chat       chunk* ─► finish_reason ─► usage chunk ─► [DONE] ─────► ok
//   responses  created ─► delta* ─► completed · done · incomplete · ─► by its status
//                                   failed · cancelled
//   messages   message_start ─► block* ─► message_delta+ ─► message_stop ─► ok
//   converse   messageStart ─► block* ─► messageStop ─► metadata ─────► ok
//   invoke     chunk* ─► message_stop · the one that is metered ──────► ok
//   any        an error ─► error;   nothing of these ─► no verdict: the answer broke off
//
// One thread at a time; reusable through `begin`.
class UsageParser {
 public:
  // `refused`: the status is an error, so that whatever comes describes it.
  void begin(Api api, bool refused);

  // A field of the answer's head, before anything else.
  void take_header(const Header& field);

  // A whole answer. False when it cannot be read.
  bool take_json(std::string_view text);

  // One event of a streamed answer. Events that cannot matter are told apart by a search for a few
  // bytes and not parsed. True for the chat chunk that carries nothing but usage.
  bool take_event(const http::Event& event);

  // One frame of a streamed answer of bedrock-runtime.
  void take_frame(const http::AwsFrame& frame);

  // Whether what a stream ends with without a blank line is an event that was not cut.
  static bool is_whole(const http::Event& event);

  // Something that may hold counts could not be read.
  void flag_unread();

  const Answer& answer() const noexcept { return answer_; }
  Answer& answer() noexcept { return answer_; }

  // What the answer itself said about how it ended.
  std::optional<Outcome> verdict() const noexcept { return verdict_; }

  // Whether a chat stream said its last word and its usage, so that only `[DONE]` is missing.
  bool only_lacks_done() const noexcept { return has_finish_reason_ && answer_.usage.any(); }

  // Whether the model has ended its answer and the counts, which come last, are still to come.
  bool lacks_only_counts() const noexcept { return has_stopped_ && !verdict_; }

  // Whether an event that could have mattered could not be read.
  bool missed_something() const noexcept { return missed_something_; }

  // Whether Bedrock told counts outside of what the model answered.
  bool is_metered() const noexcept { return metered_.any(); }

  // Whether counts stand where they are not read, such as in a choice or a vendor's own member, and
  // nowhere else.
  bool has_usage_elsewhere() const noexcept { return usage_elsewhere_ && !counts_.any(); }

  // Whether a background response had begun and not ended: its service goes on without a reader.
  bool goes_on() const noexcept;

 private:
  bool take_invoked_json(std::string_view text);
  void take_converse_event(const http::AwsFrame& frame);
  void take_chunk(std::string_view payload);
  void take_invoked_event(std::string_view json);
  void take_invoked_usage(std::string_view json);
  Usage metered_usage() const;
  bool take_chat_event(const http::Event& event);
  void take_response_event(const http::Event& event);
  void take_message_event(const http::Event& event);
  void miss();
  bool open_response(const http::Event& event);
  void describe();
  void take_usage(std::string_view json);
  void keep_usage_json(std::string_view json, bool is_valid);
  void fail();
  void fail(std::string_view code);
  Outcome outcome_of_response();
  std::string_view name_of(const http::Event& event);

  Api api_ = Api::other;
  bool refused_ = false;
  Answer answer_;
  Counts counts_;
  std::optional<Outcome> verdict_;
  bool has_finish_reason_ = false;
  bool has_stopped_ = false;  // Converse, and models that speak like it
  bool missed_something_ = false;
  bool usage_elsewhere_ = false;
  AnswerFields fields_;
  UsageFields usage_fields_;

  // Of InvokeModel.
  Api words_ = Api::converse;  // the API in whose words `counts_` are
  Counts metered_;             // by Bedrock
  std::string tier_;           // as the head says, which is Bedrock's own and goes first
  InvokedFields invoked_fields_;
  json::Reader chunk_;
  std::string encoded_;
  std::string event_;
};

}  // namespace costmark
