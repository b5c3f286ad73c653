#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/client_impl.hpp"
#include "client/operation/operation_id.hpp"
#include "client/operation/refusal.hpp"
#include "client/operation/refused_auth.hpp"
#include "client/prepare/prepared.hpp"
#include "client/send/response.hpp"
#include "costmark/client.hpp"
#include "costmark/operation.hpp"

namespace costmark {

namespace client {

// What the attempts of one operation share, those that run beside each other as well.
struct OperationShare {
  OperationId id;
  std::atomic<std::uint32_t> attempts{0};
  std::atomic<bool> resend_used{false};  // the one after a refusal

  // The same id and counts, to be shared from now on.
  std::shared_ptr<OperationShare> joint() const;
};

}  // namespace client

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of their use
struct Operation::Impl {
  enum class State : std::uint8_t { idle, decided, prepared, answering, ended };
  using SteadyClock = std::chrono::steady_clock;

  explicit Impl(std::shared_ptr<Client::Impl> owner);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status begin(const Request& asked, std::shared_ptr<client::OperationShare> with);
  Status ready(const Wait& wait);
  Status prepare(const Request* asked, const Wait& wait);
  void sent();
  AnswerPlan head(const AnswerHead& given);
  std::string_view feed(std::string_view piece);
  std::string_view end(std::optional<Outcome> failure);
  // The attempt that is open, if one is, was given up.
  void end_open_attempt() noexcept;
  // Ends what is open, and forgets all.
  void drop() noexcept;
  // Drops, and lets go of large buffers.
  void retire() noexcept;

  // What this shares with attempts that run beside it. `joint` makes it outlive this.
  client::OperationShare& share() noexcept { return joint_share ? *joint_share : own_share; }
  const client::OperationShare& share() const noexcept {
    return joint_share ? *joint_share : own_share;
  }
  std::shared_ptr<client::OperationShare> joint();

  AttemptReport report() const noexcept;
  AttemptReport report_of_next() const noexcept;
  const Answer& answer() const noexcept;

  const std::shared_ptr<Client::Impl> client;
  State state = State::idle;
  client::OperationShare own_share;
  std::shared_ptr<client::OperationShare> joint_share;  // null: nothing runs beside
  bool beside_another = false;

  // The request of the next attempt. Its views are the caller's.
  Request request;
  bool is_request_good = false;  // `prepared` holds the decision about it
  // What the caller named beside the request: the same for each attempt.
  std::string argument;
  std::string scope;
  NameValues labels;
  std::string_view labels_key;  // the client's; empty: none is hashed
  bool overrides_budgets = false;
  Prepared::Impl made;
  Prepared prepared{made};  // shows it

  // The last attempt. What it was for stands in `made`, until that is of another request.
  std::uint32_t attempt = 0;
  bool is_prepared_anew = false;
  // What rows repeat, where there are them: of the request that was decided about.
  std::string host;
  std::string region;
  std::string sdk;
  std::string sent_project;
  std::string sent_model;
  ProjectSource sent_source = ProjectSource::none;
  Api sent_api = Api::other;
  std::string sent_account;
  std::int64_t started_us = 0;
  std::unique_ptr<AnswerReader> reader;  // from the head on, until the next attempt is sent
  client::RefusalReader refusal;
  client::RefusedAuth refused;  // given to no attempt that `next` advised
  client::Authorizer::Times times;
  std::string wrong_clock;  // what a refusal has to do with it
  std::string request_id;
  std::optional<std::chrono::milliseconds> asked_pause;
  SteadyClock::time_point sent_at;
  std::uint64_t sent_generation = 0;  // of the process that sent it
  std::chrono::microseconds latency{0};
  std::optional<std::chrono::microseconds> time_to_first_byte;
  int http_status = 0;
  bool has_head = false;
  Next next;

  client::BudgetHold hold;  // of the next attempt, from `begin` on

  // What `send` works with.
  std::uint32_t max_attempts = 0;
  Response response;

 private:
  Status decide(const Request& asked);
  Status reserve();
  void release() noexcept;
  Status take_labels(std::span<const NameValue> given);
  void keep_what_was_sent();
  void note_sender();
  void note_refusal(Code code);
  void note_identity();
  AnswerReader& take_reader();
  void give_reader_back() noexcept;
  Api api_to_read() const noexcept;
  Status prepare_next(const Request* asked, const Wait& wait);
  void read_head_fields(const AnswerHead& given, std::string_view& content_type,
                        std::string_view& error_type);
  void conclude(bool failed);
  void note_wrong_clock(client::Refusal found);
  void count();
  std::chrono::microseconds since_sent() const noexcept;
};

}  // namespace costmark
