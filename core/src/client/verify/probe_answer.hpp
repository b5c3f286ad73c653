// What an answer to a probe of a verification says. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/api.hpp"
#include "http/transport.hpp"

namespace costmark::client {

// What an answer to a probe says.
enum class Finding : std::uint8_t {
  served,           // a model answered
  active,           // the project exists and may be used
  archived,         // the project exists, and serves no more requests
  unknown_project,  // the documented refusal, which names the project
  refused,          // a refusal that may be because of the project
  no_model,
  no_path,
  wrong_route,  // the model is on another path
  wrong_api,    // the model does not have this API
  wrong_limit,  // the model does not take this form's limit of output
  denied,       // not authenticated, or not authorized, whatever the project
  throttled,
  failed,      // the service did
  redirected,  // never followed
  unreadable,  // nothing that this API answers
};

std::string_view describe(Finding finding) noexcept;

struct Question {
  Api api = Api::other;  // `control`: the project's own resource
  std::string_view project;
  std::string_view model;
  bool gateway = false;  // not AWS itself, so that a 403 may be about the project
};

struct ProbeResult {
  Finding finding = Finding::unreadable;
  std::string code;        // of the error; empty when there is none that is a word
  std::string request_id;  // empty when there is none that looks like one
};

ProbeResult read_probe(const http::Response& answer, const Question& question);

}  // namespace costmark::client
