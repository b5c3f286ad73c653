// The proof that an endpoint reads the project that requests name, and does not merely ignore it.
//
// A request that names a project that cannot exist must fail because of it, and the same request
// with the real project must pass. Nothing else shows it: a service that ignores the name answers
// just as well, and bills its default project.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/api.hpp"
#include "costmark/credentials.hpp"
#include "costmark/http.hpp"
#include "costmark/usage.hpp"

namespace costmark {

enum class Verdict : std::uint8_t {
  unknown,      // neither was shown; Verification::reason says why
  honored,      // the impossible project was refused, and the real one passed
  not_honored,  // the impossible project was served: the endpoint ignores the name
};

// "honored", "not_honored", "unknown"; static storage.
std::string_view to_string(Verdict verdict) noexcept;

// What to verify. Views, read until the call returns.
struct VerifyRequest {
  std::string_view project;  // empty: the client's
  // A model that the endpoint is known to have. Empty: option `verify_model`; without one nothing
  // is generated, and of the real project only its own resource is read.
  std::string_view model;
  // The API to ask; `other`: messages where the URL or the model says so, else chat completions,
  // and responses for a model that has only those.
  Api api = Api::other;
  // The absolute URL of that API's requests. Empty: made of option `base_url`, or of the region.
  std::string_view url;
  // What the caller's requests carry besides, such as a gateway's authorization.
  std::span<const Header> headers;
  bool force = false;  // even when the answer is known already
  std::chrono::milliseconds timeout = std::chrono::seconds(20);  // of each exchange
};

// What was found out, and from what. Holds no secrets, and no text that the endpoint wrote except
// error codes and request ids.
struct Verification {
  // One exchange.
  struct Probe {
    std::string project;  // that it named
    std::string request;  // "POST https://host/path"
    int status = 0;       // of the answer; 0: there was none
    std::string code;     // the error's, such as "not_found_error"
    std::string request_id;
    std::string finding;  // what it says, in words
    Usage usage;          // what it spent
  };

  Verdict verdict = Verdict::unknown;
  std::string reason;    // one sentence
  std::string endpoint;  // URL of the requests, without its query
  std::string carrier;   // "header", "workspace", "body" or several: how they named the project
  std::string project;   // the real one
  std::string model;     // empty: none was named
  Api api = Api::other;
  std::vector<Probe> probes;   // in order
  UnixSeconds checked_at = 0;  // when the last probe was answered
  bool retryable = false;      // unknown only for now: the network, a busy or failing service
};

}  // namespace costmark
