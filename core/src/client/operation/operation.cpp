#include "costmark/operation.hpp"

#include <array>
#include <utility>

#include "base/cleanse.hpp"
#include "base/fork.hpp"
#include "base/immortal.hpp"
#include "base/jitter.hpp"
#include "base/timestamp.hpp"
#include "client/operation/next.hpp"
#include "client/operation/operation_impl.hpp"
#include "client/operation/rows.hpp"
#include "http/field.hpp"
#include "http/retry.hpp"

namespace costmark {

using client::OperationShare;
using std::chrono::milliseconds;

namespace {

constexpr int first_final_status = 200;
constexpr int first_status_of_errors = 300;
constexpr int first_status_of_refusals = 400;
// A refusal that does not come to its end within this is passed on as it comes.
constexpr milliseconds longest_read_ahead{100};

std::uint64_t unix_milliseconds() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

Status wrong_state(std::string_view call) {
  return {Code::invalid_argument, std::string(call) + " comes after begin"};
}

// Whether the error is a policy's answer to a request, and not a fault of it.
bool is_policy(Code code) noexcept {
  return code == Code::unattributed || code == Code::conflict ||
         code == Code::project_not_allowed || code == Code::budget_exceeded;
}

Status no_request() {
  return {Code::invalid_argument, "the request of the last prepare was refused; pass another one"};
}

}  // namespace

Operation::Impl::Impl(std::shared_ptr<Client::Impl> owner) : client(std::move(owner)) {}

Operation::Impl::~Impl() {
  drop();
}

std::shared_ptr<OperationShare> OperationShare::joint() const {
  auto made = std::make_shared<OperationShare>();
  made->id = id;
  made->attempts = attempts.load();
  made->resend_used = resend_used.load();
  return made;
}

std::shared_ptr<OperationShare> Operation::Impl::joint() {
  if (!joint_share) joint_share = own_share.joint();
  return joint_share;
}

// --- Before an attempt ---------------------------------------------------------------------------

Status Operation::Impl::begin(const Request& asked, std::shared_ptr<OperationShare> with) {
  drop();
  beside_another = with != nullptr;
  joint_share = std::move(with);
  own_share.attempts = 0;
  own_share.resend_used = false;
  argument = asked.project;
  scope = asked.scope;
  overrides_budgets = asked.overrides_budgets;
  if (Status status = take_labels(asked.labels); !status) return status;
  if (Status status = decide(asked); !status) return status;
  // One that begins beside another may never send: it reserves when it is prepared.
  if (Status status = beside_another ? Status() : reserve(); !status) {
    made.reset();
    return status;
  }
  if (!beside_another) own_share.id.renew(unix_milliseconds());
  max_attempts = client->sending.max_attempts;
  state = State::decided;
  return {};
}

Status Operation::Impl::take_labels(std::span<const NameValue> given) {
  labels.clear();
  labels_key = {};
  if (given.empty()) return {};
  if (Status status = check_labels(given); !status) return status;
  if (client->label_hasher) {
    labels_key = client->label_hasher->copy(given, labels);
    return check_size_of_labels(labels.view());
  }
  labels.assign(given);
  return {};
}

Status Operation::Impl::decide(const Request& asked) {
  keep_what_was_sent();
  request = asked;
  request.project = argument;
  request.scope = scope;
  request.labels = labels.view();
  Status status = client->decide(request, made);
  is_request_good = status.ok();
  if (status) {
    note_sender();
  } else {
    note_refusal(status.error().code);
    made.reset();
  }
  return status;
}

// Of what the next attempt may use; what is reserved already stays.
Status Operation::Impl::reserve() {
  if (!client->budgets || !made.inference) return {};
  Status status = client->budgets->reserve(
      {report_of_next(), made.body.size(), made.most_output, overrides_budgets}, hold);
  if (!status) note_refusal(status.error().code);
  return status;
}

void Operation::Impl::release() noexcept {
  if (client->budgets) client->budgets->release(hold);
}

// Texts of the request that rows repeat; its views are the caller's.
void Operation::Impl::note_sender() {
  if (!client->accounting.has_listener()) return;
  host = made.target.host;
  region = client->authorizer.region_of(request, made.endpoint);
  sdk.clear();
  for (const Header& field : request.headers) {
    if (equal_ignoring_case(field.name, "user-agent")) sdk = client::sdk_of(field.value);
  }
}

// A call that a policy does not let out has a row, too.
void Operation::Impl::note_refusal(Code code) {
  if (!client->accounting.ledger() || !is_policy(code)) return;
  AttemptReport call = report_of_next();
  if (state == State::idle) call.operation = {};  // it never began
  if (code != Code::budget_exceeded) {
    call.project = request.project;  // no payer was found
    call.project_source = ProjectSource::none;
    call.host = {};
  }
  client->accounting.refuse(call, code);
}

// Before `made` is of another request.
void Operation::Impl::keep_what_was_sent() {
  if (attempt == 0 || is_prepared_anew) return;
  sent_project = made.payer();
  sent_model = made.model;
  sent_source = made.source;
  sent_api = made.api;
  is_prepared_anew = true;
}

Status Operation::Impl::ready(const Wait& wait) {
  if (state == State::idle) return wrong_state("ready");
  if (state == State::answering) {
    return {Code::invalid_argument, "ready comes before an attempt is sent, or after it ended"};
  }
  if (!is_request_good) return no_request();
  return client->ready(request, wait, made);
}

Status Operation::Impl::prepare(const Request* asked, const Wait& wait) {
  if (state == State::idle) return wrong_state("prepare");
  end_open_attempt();
  state = attempt == 0 ? State::decided : State::ended;
  Status status = prepare_next(asked, wait);
  if (status) {
    state = State::prepared;
    next = {};
  } else {
    made.take_off_signature();
    if (status.error().code != Code::would_block) release();
    if (next.step == NextStep::again && status.error().code != Code::would_block) {
      next = {NextStep::done, NextReason::not_renewed};
    }
  }
  return status;
}

Status Operation::Impl::prepare_next(const Request* asked, const Wait& wait) {
  if (asked != nullptr) {
    if (Status status = decide(*asked); !status) return status;
  } else if (!is_request_good) {
    return no_request();
  }
  if (Status status = reserve(); !status) return status;
  if (Status status = client->authorize(request, wait, made); !status) return status;
  // What was refused is not sent again on our own advice; a host that repeats by itself may.
  if (next.reason != NextReason::refused || !refused.is_used_by(made)) return {};
  return {
      Code::no_credentials,
      "the service refused the credentials or the bearer token, and their source gives the same "
      "again; nothing was sent"};
}

// --- An attempt ----------------------------------------------------------------------------------

void Operation::Impl::sent() {
  if (state != State::decided && state != State::prepared) return;
  if (state == State::decided) client->count_gaps(made);  // who only observes
  state = State::answering;
  attempt = ++share().attempts;
  has_head = false;
  http_status = 0;
  request_id.clear();
  asked_pause.reset();
  latency = {};
  time_to_first_byte.reset();
  times = {};
  next = {};
  sent_at = SteadyClock::now();
  sent_generation = fork_generation();
  is_prepared_anew = false;
  give_reader_back();
  refusal.begin(0, {});
  note_identity();
  if (made.inference) client->accounting.begin(report());
}

// In whose name the attempt is made, and when.
void Operation::Impl::note_identity() {
  if (!client->accounting.has_listener()) return;
  started_us = client::now_us();
  sent_account.clear();
  if (const auto credentials = made.auth.credentials.lock()) {
    sent_account = credentials->account_id();
  }
}

// --- The reader of an answer ---------------------------------------------------------------------

// It is much memory for a call that waits; the client keeps some for the next answers.
AnswerReader& Operation::Impl::take_reader() {
  if (!reader) reader = client->readers.take();
  if (!reader) reader = std::make_unique<AnswerReader>();
  return *reader;
}

void Operation::Impl::give_reader_back() noexcept {
  if (reader) client->readers.give_back(std::move(reader));
}

Api Operation::Impl::api_to_read() const noexcept {
  return made.inference || made.polls ? made.api : Api::other;
}

void Operation::Impl::read_head_fields(const AnswerHead& given, std::string_view& content_type,
                                       std::string_view& error_type) {
  std::string_view date;
  std::string_view retry_after;
  std::string_view retry_after_ms;
  // Amazon's names of the request id, then those of OpenAI and Anthropic.
  constexpr std::array<std::string_view, 4> id_names{"x-amzn-requestid", "x-amz-request-id",
                                                     "x-request-id", "request-id"};
  std::size_t best_id = id_names.size();
  const auto take = [](const Header& field, std::string_view name, std::string_view& out) {
    if (out.data() == nullptr && equal_ignoring_case(field.name, name)) out = field.value;
  };
  for (const Header& field : given.headers) {
    take(field, "content-type", content_type);
    take(field, "date", date);
    take(field, "x-amzn-errortype", error_type);
    take(field, "retry-after", retry_after);
    take(field, "retry-after-ms", retry_after_ms);
    for (std::size_t i = 0; i < best_id; ++i) {
      if (!equal_ignoring_case(field.name, id_names[i])) continue;
      if (const auto id = http::plain_id(field.value); !id.empty()) {
        request_id = id;
        best_id = i;
      }
    }
  }
  const bool is_error = http_status >= first_status_of_errors;
  if (!is_error && !client->authorizer.skewed()) return;
  times = {parse_http_date(date), client->clock()};
  if (!is_error) return;
  asked_pause = http::asked_pause(retry_after_ms, retry_after, times.server.value_or(times.now));
}

AnswerPlan Operation::Impl::head(const AnswerHead& given) {
  if (state == State::prepared) sent();
  if (state != State::answering || has_head || given.http_status < first_final_status) return {};
  AnswerReader& taken = take_reader();
  has_head = true;
  http_status = given.http_status;
  std::string_view content_type;
  std::string_view error_type;
  read_head_fields(given, content_type, error_type);

  const bool hides = made.hides_usage_chunk && http_status < first_status_of_errors;
  taken.begin(api_to_read(), http_status, given.encoded ? std::string_view() : content_type,
              made.streamed, hides);
  taken.read_headers(given.headers);

  AnswerPlan plan;
  plan.may_change_body = hides;
  if (made.auth.kind == client::AuthKind::none) return plan;
  if (http_status < first_status_of_refusals) {
    if (client->authorizer.skewed()) client->authorizer.accepted(made.auth, times);
    return plan;
  }
  refusal.begin(http_status, error_type);
  if (refusal.watching() && made.auth.kind != client::AuthKind::given_token &&
      !share().resend_used) {
    plan.read_ahead_bytes = client::RefusalReader::most_buffered;
    plan.read_ahead_time = longest_read_ahead;
  }
  return plan;
}

std::string_view Operation::Impl::feed(std::string_view piece) {
  if (state != State::answering || !has_head) return piece;
  if (!time_to_first_byte && !piece.empty()) time_to_first_byte = since_sent();
  refusal.feed(piece);
  return reader->feed(piece);
}

// --- Its end -------------------------------------------------------------------------------------

std::string_view Operation::Impl::end(std::optional<Outcome> failure) {
  if (state == State::prepared && failure) {
    made.take_off_signature();
    release();
    state = attempt == 0 ? State::decided : State::ended;
    return {};
  }
  if (state != State::answering) return {};
  if (!reader) take_reader().begin(api_to_read(), 0, {}, false, false);
  const std::string_view held = reader->finish(failure);
  state = State::ended;
  latency = since_sent();
  count();
  conclude(failure.has_value() || !has_head);
  return held;
}

void Operation::Impl::count() {
  if (made.inference) client->accounting.end(report(), made.stored_at, hold);
  if (made.polls) client->accounting.settle(report(), made.stored_at);
}

// What the end means for the credentials, and for the next attempt.
void Operation::Impl::conclude(bool failed) {
  const client::AuthUsed& auth = made.auth;
  const std::string_view token = made.token();
  const client::Refusal found = refusal.finish();
  note_wrong_clock(found);
  const bool recovered = client->authorizer.recover(found, auth, token, times);
  const client::AttemptEnd ended{reader->answer().outcome,
                                 http_status,
                                 failed,
                                 recovered && !share().resend_used.exchange(true),
                                 attempt,
                                 max_attempts};
  next = client::next_after(ended);
  if (next.step == NextStep::done) release();
  if (next.step == NextStep::after_pause) {
    const auto chance = static_cast<std::uint32_t>(random_up_to(1 << 30));
    next.pause = asked_pause ? *asked_pause : http::RetryPolicy{}.backoff(attempt, chance);
  }
  if (next.reason != NextReason::refused) return;
  refused.note(found, made);
}

void Operation::Impl::note_wrong_clock(client::Refusal found) {
  using client::Refusal;
  wrong_clock.clear();
  const bool of_time = found == Refusal::clock || found == Refusal::signature;
  if (!of_time || !times.server) return;
  wrong_clock = client::describe_wrong_clock(*times.server, times.now);
}

void Operation::Impl::end_open_attempt() noexcept {
  if (state != State::answering) return;
  // A child's copy of what its parent sent: the parent says how it ended.
  if (sent_generation != fork_generation()) {
    state = State::ended;
    return;
  }
  // Counting may need memory; the caller let go without saying how it ended, and an attempt that is
  // not counted as ended is still counted as begun.
  try {
    end(http_status >= first_status_of_refusals ? Outcome::error : Outcome::cancelled);
  } catch (...) {
    state = State::ended;
  }
}

void Operation::Impl::drop() noexcept {
  end_open_attempt();
  release();
  hold.is_counted = false;
  state = State::idle;
  attempt = 0;
  next = {};
  made.reset();
  refused.clear();
  wrong_clock.clear();
  request_id.clear();
  for (std::string* const text : {&host, &region, &sdk, &sent_account}) text->clear();
  started_us = 0;
  response.clear();
  give_reader_back();
}

void Operation::Impl::retire() noexcept {
  drop();
  made.shrink();
  response.shrink();
  joint_share.reset();
}

std::chrono::microseconds Operation::Impl::since_sent() const noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - sent_at);
}

const Answer& Operation::Impl::answer() const noexcept {
  static const Immortal<Answer> none;
  return reader ? reader->answer() : *none;
}

AttemptReport Operation::Impl::report() const noexcept {
  const bool is_kept = attempt != 0 && is_prepared_anew;
  const std::string_view project = is_kept ? std::string_view(sent_project) : made.payer();
  return {.kind = AttemptReport::Kind::attempt,
          .operation = share().id.text(),
          .project = project,
          .project_source = is_kept ? sent_source : made.source,
          .api = is_kept ? sent_api : made.api,
          .model = is_kept ? sent_model : made.model,
          .attempt = attempt,
          .concurrent = beside_another,
          .http_status = http_status,
          .request_id = request_id,
          .latency = latency,
          .time_to_first_byte = time_to_first_byte,
          .started_us = started_us,
          .host = host,
          .region = region,
          .account = sent_account,
          .sdk = sdk,
          .streamed = made.streamed,
          .background = made.background,
          .labels = labels.view(),
          .labels_key = labels_key,
          .tags = client->tags.of(sent_account, region, project),
          .answer = answer()};
}

// Of what is decided, whatever was sent before it.
AttemptReport Operation::Impl::report_of_next() const noexcept {
  AttemptReport call = report();
  call.project = made.payer();
  call.project_source = made.source;
  call.api = made.api;
  call.model = made.model;
  call.attempt = 0;
  call.tags = client->tags.of(call.account, call.region, call.project);
  return call;
}

// --- The face ------------------------------------------------------------------------------------

Operation::Operation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Operation::Operation(Operation&&) noexcept = default;
Operation& Operation::operator=(Operation&&) noexcept = default;
Operation::~Operation() = default;

Status Operation::begin(const Request& request) {
  return impl_->begin(request, nullptr);
}

Status Operation::begin_beside(const Operation& other, const Request& request) {
  if (other.id().empty()) return wrong_state("begin_beside another operation");
  return impl_->begin(request, other.impl_->joint());
}

void Operation::reset() noexcept {
  impl_->drop();
}
void Operation::retire() noexcept {
  impl_->retire();
}

Status Operation::ready(const Wait& wait) {
  return impl_->ready(wait);
}
Status Operation::prepare(const Wait& wait) {
  return impl_->prepare(nullptr, wait);
}
Status Operation::prepare(const Request& request, const Wait& wait) {
  return impl_->prepare(&request, wait);
}
const Prepared& Operation::prepared() const noexcept {
  return impl_->prepared;
}
bool Operation::renewal_due() const noexcept {
  return impl_->made.renewal_due;
}

void Operation::sent() noexcept {
  try {
    impl_->sent();
  } catch (...) {  // NOLINT(bugprone-empty-catch): counted at its end, if there is memory then
  }
}

AnswerPlan Operation::head(const AnswerHead& head) {
  return impl_->head(head);
}
std::string_view Operation::feed(std::string_view piece) {
  return impl_->feed(piece);
}
bool Operation::lacks_only_counts() const noexcept {
  return impl_->reader && impl_->reader->lacks_only_counts();
}
std::string_view Operation::finish() {
  return impl_->end(std::nullopt);
}
std::string_view Operation::fail(Outcome outcome) {
  return impl_->end(outcome);
}

const Next& Operation::next() const noexcept {
  return impl_->next;
}
const Answer& Operation::answer() const noexcept {
  return impl_->answer();
}
AttemptReport Operation::report() const noexcept {
  return impl_->report();
}
std::string_view Operation::id() const noexcept {
  if (impl_->state == Impl::State::idle) return {};
  return impl_->share().id.text();
}
std::uint32_t Operation::attempts() const noexcept {
  return impl_->state == Impl::State::idle ? 0 : impl_->share().attempts.load();
}
const Response& Operation::response() const noexcept {
  return impl_->response;
}

}  // namespace costmark
