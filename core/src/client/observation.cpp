#include <utility>

#include "attribution/project.hpp"
#include "client/client_impl.hpp"

namespace costmark {

Observation::Impl::Impl(std::shared_ptr<Client::Impl> owner, const Prepared::Impl& prepared,
                        std::uint32_t attempt)
    : client(std::move(owner)),
      project(prepared.project.empty() ? std::string(attribution::default_project)
                                       : prepared.project),
      api(prepared.api),
      inference(prepared.inference),
      hides_usage_chunk(prepared.hides_usage_chunk) {
  if (inference) client->counters->begin_attempt(project, attempt <= 1);
}

Observation::Impl::~Impl() {
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
  client->counters->end_attempt(project, answer.outcome, answer.usage);
  if (api == Api::responses) client->chains.remember(answer.response_id, project);
}

Observation::Observation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Observation::Observation(Observation&&) noexcept = default;
Observation& Observation::operator=(Observation&&) noexcept = default;
Observation::~Observation() = default;

void Observation::head(int http_status, std::string_view content_type) {
  if (impl_->began) return;
  impl_->began = true;
  impl_->reader.begin(impl_->inference ? impl_->api : Api::other, http_status, content_type,
                      impl_->hides_usage_chunk);
}

std::string_view Observation::feed(std::string_view piece) {
  return impl_->reader.feed(piece);
}

std::string_view Observation::finish() {
  const std::string_view held = impl_->reader.finish();
  impl_->count();
  return held;
}

std::string_view Observation::fail(Outcome outcome) {
  const std::string_view held = impl_->reader.finish(outcome);
  impl_->count();
  return held;
}

const Answer& Observation::answer() const noexcept {
  return impl_->reader.answer();
}

}  // namespace costmark
