#include <algorithm>
#include <utility>

#include "attribution/project.hpp"
#include "cleanse.hpp"
#include "client/client_impl.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr int first_status_of_refusals = 400;

}  // namespace

Observation::Impl::Impl(std::shared_ptr<Client::Impl> owner, const Prepared::Impl& prepared,
                        std::uint32_t attempt_number)
    : client(std::move(owner)),
      proof(prepared.proof),
      project(prepared.project.empty() ? std::string(attribution::default_project)
                                       : prepared.project),
      attempt(std::max(attempt_number, 1U)),
      model(prepared.model),
      api(prepared.api),
      streamed(prepared.streamed),
      inference(prepared.inference),
      hides_usage_chunk(prepared.hides_usage_chunk) {
  if (proof.kind == client::ProofKind::callback_token &&
      client->authorizer.wants_refused_tokens()) {
    token = prepared.authorization.substr(prepared.authorization.find(' ') + 1);
  }
  if (inference) client->counters->begin_attempt(project, model, attempt == 1);
}

Observation::Impl::~Impl() {
  cleanse(token);
  if (counted) return;
  // The caller let go without saying how it ended. Counting may need memory; a destructor may not
  // fail, and an attempt that is not counted as cancelled is still counted as begun.
  try {
    reader.finish(Outcome::cancelled);
    count();
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

void Observation::Impl::count() {
  if (counted) return;
  counted = true;
  if (!inference) return;
  const Answer& answer = reader.answer();
  client->counters->end_attempt(project, model, answer.outcome, answer.usage);
  if (api == Api::responses) client->chains.remember(answer.response_id, project);
  if (client->on_usage) client->on_usage({project, api, attempt, http_status, answer});
}

void Observation::Impl::conclude() {
  if (concluded) return;
  concluded = true;
  retry_advised = client->authorizer.mend(refusal.finish(), proof, token, times);
}

Observation::Observation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Observation::Observation(Observation&&) noexcept = default;
Observation& Observation::operator=(Observation&&) noexcept = default;
Observation::~Observation() = default;

void Observation::head(const AnswerHead& head) {
  Impl& self = *impl_;
  if (self.began) return;
  self.began = true;
  self.http_status = head.http_status;
  self.reader.begin(self.inference ? self.api : Api::other, head.http_status, head.content_type,
                    self.streamed, self.hides_usage_chunk);
  if (self.proof.kind == client::ProofKind::none) return;
  const bool is_accepted = head.http_status < first_status_of_refusals;
  if (is_accepted && !self.client->authorizer.skewed()) return;
  self.times = {parse_http_date(head.date), self.client->clock()};
  if (is_accepted) {
    self.client->authorizer.accepted(self.proof, self.times);
  } else {
    self.refusal.begin(head.http_status, head.error_type);
  }
}

std::string_view Observation::feed(std::string_view piece) {
  impl_->refusal.feed(piece);
  return impl_->reader.feed(piece);
}

std::string_view Observation::finish() {
  const std::string_view held = impl_->reader.finish();
  impl_->count();
  impl_->conclude();
  return held;
}

std::string_view Observation::fail(Outcome outcome) {
  const std::string_view held = impl_->reader.finish(outcome);
  impl_->count();
  impl_->conclude();
  return held;
}

bool Observation::retry_advised() const noexcept {
  return impl_->retry_advised;
}

const Answer& Observation::answer() const noexcept {
  return impl_->reader.answer();
}

}  // namespace costmark
