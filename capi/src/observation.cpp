#include <memory>
#include <utility>

#include "callbacks.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "usage.hpp"
#include "views.hpp"

struct costmark_observation {
  costmark_observation(std::shared_ptr<costmark::Client> of, costmark::Observation begun) noexcept
      : client(std::move(of)), core(std::move(begun)) {}

  costmark::capi::Magic<0x636d'6f62'7372'7621> magic;
  std::shared_ptr<costmark::Client> client;
  costmark::Observation core;
  bool has_head = false;
  bool ended = false;
};

namespace costmark::capi {
namespace {

constexpr std::size_t answer_head_first_size =
    offsetof(costmark_answer_head, error_type) + sizeof(costmark_str);

void pass_on(std::string_view piece, const char** out_data, std::size_t* out_len) noexcept {
  if (out_data != nullptr) *out_data = piece.data();
  if (out_len != nullptr) *out_len = piece.size();
}

Status enter(const costmark_observation* observation) {
  if (Status status = require(observation, "observation"); !status) return status;
  return Entry::check(observation->client.get());
}

// Ends an observation; `end` returns what was held back.
template <class End>
costmark_status end_with(costmark_observation* observation, const char** out_data,
                         std::size_t* out_len, costmark_error** out_error, End end) noexcept {
  pass_on({}, out_data, out_len);
  return guarded(out_error, [&]() -> Status {
    if (Status status = enter(observation); !status) return status;
    const Entry entry(observation->client.get(), observation);
    const std::string_view held_back = end(observation->core);
    observation->ended = true;
    pass_on(held_back, out_data, out_len);
    return {};
  });
}

Result<std::unique_ptr<costmark_observation>> begin(const costmark_client* client,
                                                    const costmark_prepared* prepared,
                                                    std::uint32_t attempt) {
  if (Status status = require(client, "client"); !status) return status;
  if (Status status = Entry::check(client->core.get()); !status) return status;
  if (Status status = require(prepared, "prepared"); !status) return status;
  if (prepared->filled_by != client->core.get()) {
    return invalid_argument("prepared was not filled by costmark_client_prepare() of this client");
  }
  if (attempt == 0) return invalid_argument("attempt is 0; attempts count from 1");
  const Entry entry(client->core.get());
  return std::make_unique<costmark_observation>(client->core,
                                                client->core->observe(prepared->core, attempt));
}

Status read_head(const costmark_answer_head* from, AnswerHead& out) {
  costmark_answer_head head;
  Status status = read_struct(from, answer_head_first_size, "head", head);
  if (status) status = read_text(head.content_type, "head.content_type", out.content_type);
  if (status) status = read_text(head.date, "head.date", out.date);
  if (status) status = read_text(head.error_type, "head.error_type", out.error_type);
  if (!status) return status;
  if (head.http_status < 100 || head.http_status > 599) {
    return invalid_argument("head.http_status is " + std::to_string(head.http_status) +
                            "; it must be from 100 to 599");
  }
  if (head.reserved != 0) return invalid_argument("head.reserved is not zero");
  out.http_status = head.http_status;
  return {};
}

const char* answer_text(const costmark_observation* observation, std::string Answer::* member,
                        std::size_t* out_len) noexcept {
  if (!alive(observation)) return give_text({}, out_len);
  return give_text(observation->core.answer().*member, out_len);
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_observation_new(const costmark_client* client,
                                         const costmark_prepared* prepared, uint32_t attempt,
                                         costmark_observation** out_observation,
                                         costmark_error** out_error) noexcept {
  return guarded_new(out_observation, out_error, [&] { return begin(client, prepared, attempt); });
}

costmark_status costmark_observation_head(costmark_observation* observation,
                                          const costmark_answer_head* head,
                                          costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = enter(observation); !status) return status;
    if (observation->has_head) return invalid_argument("the head of this answer was given before");
    if (observation->ended) return invalid_argument("this answer has ended");
    costmark::AnswerHead fields;
    if (Status status = read_head(head, fields); !status) return status;
    const Entry entry(observation->client.get(), observation);
    observation->core.head(fields);
    observation->has_head = true;
    return {};
  });
}

costmark_status costmark_observation_feed(costmark_observation* observation, const char* data,
                                          size_t len, const char** out_data, size_t* out_len,
                                          costmark_error** out_error) noexcept {
  // Set before anything can fail: the reader of the answer gets it whatever happens here.
  if (out_data != nullptr) *out_data = data;
  if (out_len != nullptr) *out_len = data == nullptr ? 0 : len;
  return guarded(out_error, [&]() -> Status {
    if (Status status = enter(observation); !status) return status;
    std::string_view piece;
    if (Status status = read_text(data, len, "data", piece); !status) return status;
    if (!observation->has_head) {
      return invalid_argument("costmark_observation_head() comes before the first piece");
    }
    if (observation->ended) return invalid_argument("this answer has ended");
    const Entry entry(observation->client.get(), observation);
    pass_on(observation->core.feed(piece), out_data, out_len);
    return {};
  });
}

costmark_status costmark_observation_finish(costmark_observation* observation,
                                            const char** out_data, size_t* out_len,
                                            costmark_error** out_error) noexcept {
  return end_with(observation, out_data, out_len, out_error,
                  [](costmark::Observation& core) { return core.finish(); });
}

costmark_status costmark_observation_fail(costmark_observation* observation,
                                          costmark_outcome outcome, const char** out_data,
                                          size_t* out_len, costmark_error** out_error) noexcept {
  if (outcome <= COSTMARK_OUTCOME_OK || outcome > COSTMARK_OUTCOME_UNKNOWN) {
    pass_on({}, out_data, out_len);
    return guarded(out_error, [&] {
      return invalid_argument("outcome is " + std::to_string(outcome) +
                              "; it must be error, cancelled, incomplete or unknown");
    });
  }
  return end_with(observation, out_data, out_len, out_error,
                  [&](costmark::Observation& core) { return core.fail(to_core(outcome)); });
}

costmark_status costmark_observation_usage(const costmark_observation* observation,
                                           costmark_usage* out_usage,
                                           costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(observation, "observation"); !status) return status;
    return write_struct(to_c(observation->core.answer().usage), usage_first_size, "out_usage",
                        out_usage);
  });
}

bool costmark_observation_retry_advised(const costmark_observation* observation) noexcept {
  return alive(observation) && observation->core.retry_advised();
}

costmark_outcome costmark_observation_outcome(const costmark_observation* observation) noexcept {
  if (!alive(observation)) return COSTMARK_OUTCOME_UNKNOWN;
  return to_c(observation->core.answer().outcome);
}

const char* costmark_observation_response_id(const costmark_observation* observation,
                                             size_t* out_len) noexcept {
  return answer_text(observation, &costmark::Answer::response_id, out_len);
}

const char* costmark_observation_model(const costmark_observation* observation,
                                       size_t* out_len) noexcept {
  return answer_text(observation, &costmark::Answer::model, out_len);
}

const char* costmark_observation_service_tier(const costmark_observation* observation,
                                              size_t* out_len) noexcept {
  return answer_text(observation, &costmark::Answer::service_tier, out_len);
}

void costmark_observation_free(costmark_observation* observation) noexcept {
  // A callback must not pull its own observation from under the call that it is inside of.
  if (!alive(observation) || Entry::inside(observation)) return;
  // Counting one that has not ended calls back as well.
  const std::shared_ptr<costmark::Client> client = observation->client;
  const Entry entry(client.get());
  delete observation;
}

const char* costmark_outcome_name(costmark_outcome outcome) noexcept {
  if (outcome < COSTMARK_OUTCOME_OK || outcome > COSTMARK_OUTCOME_UNKNOWN) return "unknown";
  return costmark::to_string(to_core(outcome)).data();
}
