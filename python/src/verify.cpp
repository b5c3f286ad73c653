#include "verify.hpp"

namespace costmark::python {
namespace {

py::dict as_dict(const Verification::Probe& probe) {
  py::dict result;
  result["project"] = as_text(probe.project);
  result["request"] = as_text(probe.request);
  result["status"] =
      probe.status == 0 ? py::object(py::none()) : py::object(py::int_(probe.status));
  result["code"] = as_text(probe.code);
  result["request_id"] = as_text(probe.request_id);
  result["finding"] = as_text(probe.finding);
  result["input_tokens"] = probe.usage.input_tokens;
  result["output_tokens"] = probe.usage.output_tokens;
  return result;
}

}  // namespace

Api api_named(std::string_view name) {
  if (name.empty()) return Api::other;
  for (const Api api : {Api::chat_completions, Api::responses, Api::messages, Api::embeddings}) {
    if (to_string(api) == name) return api;
  }
  throw py::value_error(
      "api takes 'chat_completions', 'responses', 'messages' or 'embeddings', not '" +
      std::string(name) + "'");
}

py::dict as_dict(const Verification& verification) {
  py::list probes;
  for (const Verification::Probe& probe : verification.probes) probes.append(as_dict(probe));
  py::dict result;
  result["verdict"] = as_text(to_string(verification.verdict));
  result["reason"] = as_text(verification.reason);
  result["endpoint"] = as_text(verification.endpoint);
  result["carrier"] = as_text(verification.carrier);
  result["project"] = as_text(verification.project);
  result["model"] = as_text(verification.model);
  result["api"] = as_text(to_string(verification.api));
  result["probes"] = std::move(probes);
  result["checked_at"] = verification.checked_at;
  result["retryable"] = verification.retryable;
  return result;
}

}  // namespace costmark::python
