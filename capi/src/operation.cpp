#include "operation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "answer.hpp"
#include "callbacks.hpp"
#include "cancel.hpp"
#include "guard.hpp"
#include "numbers.hpp"
#include "secret.hpp"
#include "views.hpp"
#include "waits.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t request_first_size =
    offsetof(costmark_request, overrides_budgets) + sizeof(std::uint32_t);
constexpr std::size_t answer_head_first_size =
    offsetof(costmark_answer_head, encoded) + sizeof(std::uint32_t);

// All but the headers, which are checked.
Status read_request(const costmark_request* from, costmark_request& request, Request& out) {
  Status status = read_struct(from, request_first_size, "request", request);
  if (status) status = read_text(request.method, "request.method", out.method);
  if (status) status = read_text(request.url, "request.url", out.url);
  if (status) status = check_headers(request.headers, request.header_count);
  if (status) status = read_text(request.body, "request.body", out.body);
  if (status) status = read_text(request.project, "request.project", out.project);
  if (status) status = read_text(request.scope, "request.scope", out.scope);
  if (status) {
    status = read_bool(request.body_is_stream, "request.body_is_stream", out.body_is_stream);
  }
  if (status) {
    status =
        read_bool(request.overrides_budgets, "request.overrides_budgets", out.overrides_budgets);
  }
  if (!status) return status;
  if (out.method.empty()) return invalid_argument("request.method is empty");
  if (out.url.empty()) return invalid_argument("request.url is empty");
  if (out.body_is_stream && !out.body.empty()) {
    return invalid_argument("request.body_is_stream is 1, and request.body is there as well");
  }
  return {};
}

Status read_head(const costmark_answer_head* from, std::vector<Header>& headers, AnswerHead& out) {
  costmark_answer_head head;
  Status status = read_struct(from, answer_head_first_size, "head", head);
  if (status) status = read_headers(head.headers, head.header_count, headers);
  if (status) status = read_bool(head.encoded, "head.encoded", out.encoded);
  if (!status) return status;
  if (head.http_status < 100 || head.http_status > 599) {
    return invalid_argument("head.http_status is " + std::to_string(head.http_status) +
                            "; it must be from 100 to 599");
  }
  out.http_status = head.http_status;
  out.headers = headers;
  return {};
}

costmark_answer_plan to_c(const AnswerPlan& plan) noexcept {
  costmark_answer_plan out = COSTMARK_ANSWER_PLAN_INIT;
  out.read_ahead_len = plan.read_ahead_bytes;
  out.read_ahead_ms = plan.read_ahead_time.count();
  out.body_may_change = plan.may_change_body ? 1 : 0;
  return out;
}

costmark_next to_c(const Next& next) noexcept {
  costmark_next out = COSTMARK_NEXT_INIT;
  out.pause_ms = next.pause.count();
  out.step = number_of(next.step);
  out.reason = number_of(next.reason);
  return out;
}

Result<std::unique_ptr<costmark_operation>> make_operation(const costmark_client* client) {
  if (Status status = require(client, "client"); !status) return status;
  if (Status status = Entry::check(client->number); !status) return status;
  const auto& operations = client->operations;
  if (auto ended = operations->ended.take()) {
    ended->begin_again(operations);
    return ended;
  }
  return std::make_unique<costmark_operation>(operations);
}

// Makes an operation idle that did not begin, whatever was the reason.
class IdleUnlessBegun {
 public:
  explicit IdleUnlessBegun(costmark_operation& operation) noexcept : operation_(operation) {}
  ~IdleUnlessBegun() {
    if (!begun_) operation_.core.reset();
  }
  IdleUnlessBegun(const IdleUnlessBegun&) = delete;
  IdleUnlessBegun& operator=(const IdleUnlessBegun&) = delete;

  Status done(Status status) noexcept {
    begun_ = status.ok();
    return status;
  }

 private:
  costmark_operation& operation_;
  bool begun_ = false;
};

// `begin_core` says how the core's operation begins with the request that was taken.
template <class BeginCore>
Status begin(costmark_operation* operation, const costmark_request* from, BeginCore begin_core) {
  if (Status status = enter(operation); !status) return status;
  const Entry entry(operation->owner(), operation);
  IdleUnlessBegun guard(*operation);
  operation->response.clear();
  Status status = operation->request.take(from);
  if (status) status = begin_core(operation->request.request());
  return guard.done(std::move(status));
}

Status check_other(const costmark_operation& operation, const costmark_operation* other) {
  if (Status status = require(other, "other"); !status) return status;
  if (other == &operation) return invalid_argument("other is the operation itself");
  if (Status status = Entry::check_unused(other, "other"); !status) return status;
  if (other->owner() == operation.owner()) return {};
  return invalid_argument("other is an operation of another client");
}

Status prepare(costmark_operation* operation, const costmark_request* from,
               const costmark_wait* from_wait, costmark_prepared* out) {
  if (Status status = check_out(out, "out_prepared"); !status) return status;
  show_nothing(out);
  if (Status status = enter(operation); !status) return status;
  TakenWait taken;
  if (Status status = take_wait(from_wait, taken); !status) return status;
  if (from != nullptr) {
    if (Status status = operation->request.take(from); !status) return status;
  }
  const Entry entry(operation->owner(), operation);
  Operation& core = operation->core;
  Status status = from == nullptr ? core.prepare(taken.wait)
                                  : core.prepare(operation->request.request(), taken.wait);
  if (status) show(operation->prepared.fill(core, operation->request.url()), out);
  return status;
}

// Ends an answer; `end` returns what was held back.
template <class End>
costmark_status end_with(costmark_operation* operation, costmark_str* out_piece,
                         costmark_next* out_next, End end) noexcept {
  if (out_piece != nullptr) *out_piece = {nullptr, 0};
  return guarded(nullptr, [&]() -> Status {
    if (out_next != nullptr) {
      if (Status status = check_out(out_next, "out_next"); !status) return status;
      show_nothing(out_next);
    }
    if (Status status = enter(operation); !status) return status;
    const Entry entry(operation->owner(), operation);
    const std::string_view held_back = end(operation->core);
    if (out_piece != nullptr) *out_piece = view_or_absent(held_back);
    show(to_c(operation->core.next()), out_next);
    return {};
  });
}

}  // namespace

Status enter(const costmark_operation* operation) {
  if (Status status = require(operation, "operation"); !status) return status;
  if (Status status = Entry::check_unused(operation, "operation"); !status) return status;
  return Entry::check(operation->owner());
}

Operations::Operations(std::shared_ptr<Client> of) : client(std::move(of)) {}
Operations::~Operations() = default;

Status KeptRequest::take(const costmark_request* from) {
  costmark_request raw;
  Request request;
  if (Status status = read_request(from, raw, request); !status) return status;
  if (Status status = read_labels(raw.labels, raw.label_count, labels_); !status) return status;
  headers_.reserve(raw.header_count);
  request_.headers = headers_;
  url_.reserve(request.url.size());
  // From here on nothing fails.
  url_ = request.url;
  copy_headers(raw.headers, raw.header_count, headers_);
  request_ = request;
  request_.headers = headers_;
  request_.labels = labels_;
  return {};
}

void KeptRequest::clear() noexcept {
  constexpr std::size_t most_kept = 64U << 10U;
  wipe(url_);  // a query may hold a secret
  if (url_.capacity() > most_kept) url_ = {};
  headers_.clear();
  if (headers_.capacity() * sizeof(Header) > most_kept) headers_ = {};
  labels_.clear();
  request_ = {};
}

costmark_prepared ShownPrepared::fill(const Operation& operation, std::string_view url) {
  const Prepared& prepared = operation.prepared();
  const auto to_set = prepared.headers_to_set();
  const auto to_remove = prepared.headers_to_remove();
  std::transform(to_set.begin(), to_set.end(), set_headers_.begin(), [](const Header& header) {
    return costmark_header{view(header.name), view(header.value)};
  });
  remove_headers_.resize(to_remove.size());
  std::transform(to_remove.begin(), to_remove.end(), remove_headers_.begin(),
                 [](std::string_view name) { return view(name); });
  costmark_prepared out = COSTMARK_PREPARED_INIT;
  out.url = view(prepared.url().empty() ? url : prepared.url());
  out.set_headers = to_set.empty() ? nullptr : set_headers_.data();
  out.set_header_count = to_set.size();
  out.remove_headers = to_remove.empty() ? nullptr : remove_headers_.data();
  out.remove_header_count = to_remove.size();
  out.body = view(prepared.body());
  out.project = view_or_absent(prepared.project());
  out.model = view_or_absent(prepared.model());
  out.hint = view_or_absent(prepared.hint());
  out.body_changed = prepared.body_changed() ? 1 : 0;
  out.authorized = prepared.authorized() ? 1 : 0;
  out.streamed = prepared.streamed() ? 1 : 0;
  out.renewal_due = operation.renewal_due() ? 1 : 0;
  out.project_source = number_of(prepared.project_source());
  out.api = number_of(prepared.api());
  out.unattributed = prepared.unattributed() ? 1 : 0;
  out.unrecognized = prepared.unrecognized() ? 1 : 0;
  return out;
}

}  // namespace costmark::capi

void costmark_operation::retire() noexcept {
  core.retire();
  request.clear();
  response.retire();
  answer_headers.clear();
  magic.end();
  operations.reset();
}

void costmark_operation::begin_again(std::shared_ptr<costmark::capi::Operations> of) noexcept {
  operations = std::move(of);
  magic.begin_again();
}

using namespace costmark::capi;
using costmark::Request;
using costmark::Status;

costmark_status costmark_operation_new(costmark_client* client, costmark_operation** out_operation,
                                       costmark_error** out_error) noexcept {
  return guarded_new(out_operation, out_error, [&] { return make_operation(client); });
}

costmark_status costmark_operation_begin(costmark_operation* operation,
                                         const costmark_request* request,
                                         costmark_error** out_error) noexcept {
  return guarded(out_error, [&] {
    return begin(operation, request,
                 [&](const Request& taken) { return operation->core.begin(taken); });
  });
}

costmark_status costmark_operation_begin_beside(costmark_operation* operation,
                                                const costmark_operation* other,
                                                const costmark_request* request,
                                                costmark_error** out_error) noexcept {
  return guarded(out_error, [&] {
    return begin(operation, request, [&](const Request& taken) {
      if (Status status = check_other(*operation, other); !status) return status;
      return operation->core.begin_beside(other->core, taken);
    });
  });
}

costmark_status costmark_operation_ready(costmark_operation* operation, const costmark_wait* wait,
                                         costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = enter(operation); !status) return status;
    TakenWait taken;
    if (Status status = take_wait(wait, taken); !status) return status;
    const Entry entry(operation->owner(), operation);
    return operation->core.ready(taken.wait);
  });
}

costmark_status costmark_operation_prepare(costmark_operation* operation,
                                           const costmark_request* request,
                                           const costmark_wait* wait,
                                           costmark_prepared* out_prepared,
                                           costmark_error** out_error) noexcept {
  return guarded(out_error, [&] { return prepare(operation, request, wait, out_prepared); });
}

void costmark_operation_sent(costmark_operation* operation) noexcept {
  (void)guarded(nullptr, [&]() -> Status {
    if (Status status = enter(operation); !status) return status;
    const Entry entry(operation->owner(), operation);
    operation->core.sent();
    return {};
  });
}

costmark_status costmark_operation_head(costmark_operation* operation,
                                        const costmark_answer_head* head,
                                        costmark_answer_plan* out_plan) noexcept {
  return guarded(nullptr, [&]() -> Status {
    if (out_plan != nullptr) {
      if (Status status = check_out(out_plan, "out_plan"); !status) return status;
      show_nothing(out_plan);
    }
    if (Status status = enter(operation); !status) return status;
    costmark::AnswerHead fields;
    if (Status status = read_head(head, operation->answer_headers, fields); !status) return status;
    const Entry entry(operation->owner(), operation);
    show(to_c(operation->core.head(fields)), out_plan);
    return {};
  });
}

costmark_status costmark_operation_feed(costmark_operation* operation, const char* data, size_t len,
                                        costmark_str* out_piece) noexcept {
  // Set before anything can fail: the reader of the answer gets it whatever happens here.
  if (out_piece != nullptr) *out_piece = {data, data == nullptr ? 0 : len};
  return guarded(nullptr, [&]() -> Status {
    if (Status status = enter(operation); !status) return status;
    std::string_view piece;
    if (Status status = read_text(data, len, "data", piece); !status) return status;
    const Entry entry(operation->owner(), operation);
    const std::string_view passed = operation->core.feed(piece);
    if (out_piece != nullptr) *out_piece = view(passed);
    return {};
  });
}

costmark_status costmark_operation_finish(costmark_operation* operation, costmark_str* out_piece,
                                          costmark_next* out_next) noexcept {
  return end_with(operation, out_piece, out_next,
                  [](costmark::Operation& core) { return core.finish(); });
}

costmark_status costmark_operation_fail(costmark_operation* operation, costmark_outcome outcome,
                                        costmark_str* out_piece, costmark_next* out_next) noexcept {
  const auto failure = failure_of(outcome);
  if (!failure) {
    if (out_piece != nullptr) *out_piece = {nullptr, 0};
    show_nothing(out_next);
    return COSTMARK_INVALID_ARGUMENT;
  }
  return end_with(operation, out_piece, out_next,
                  [&](costmark::Operation& core) { return core.fail(*failure); });
}

void costmark_operation_answer(const costmark_operation* operation,
                               costmark_answer* out_answer) noexcept {
  if (!alive(operation) || operation->core.id().empty()) return show_nothing(out_answer);
  (void)guarded(nullptr, [&]() -> Status {
    auto& shown = operation->answer;
    if (!shown) shown = std::make_unique<ShownAnswer>();
    show(shown->fill(operation->core.report()), out_answer);
    return {};
  });
}

void costmark_operation_free(costmark_operation* operation) noexcept {
  // A callback must not pull its own operation from under the call that it is inside of.
  if (!alive(operation) || Entry::inside(operation)) return;
  const WithoutThreadCancel uncancelled;
  // Counting an attempt that has not ended calls back as well.
  const Entry entry(operation->owner(), operation);
  const auto operations = operation->operations;
  operation->retire();
  operations->ended.give_back(std::unique_ptr<costmark_operation>(operation));
}
