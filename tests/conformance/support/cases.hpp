// What a runner knows of a case: what to do. What must be true is known to expect.py alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace conformance {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What a callback returns, one after the other; the last one again and again.
struct TokenOrError {
  std::string token;
  std::string error;  // the name of a code; empty for none
};
struct KeysOrError {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::optional<std::int64_t> expires_in_s;
  std::string error;

  // In seconds since 1970; nothing for keys that do not expire.
  std::optional<std::int64_t> expires_at() const;
};

struct ClientOf {
  Pairs options;
  Pairs environment;
  std::vector<KeysOrError> credentials;
  std::vector<TokenOrError> tokens;
  std::string host_api_key;
};

// How the host behaves; README.md has the list.
struct Host {
  std::string does;
  std::string at;
  std::size_t after_bytes = 0;
  std::uint32_t retries = 0;
  std::string counter_header;
};

struct Call {
  std::string method;
  std::string path;
  Pairs headers;
  std::string body;
  std::string project;
  std::string scope;
  bool body_is_stream = false;
  Host host;
  std::optional<std::size_t> beside;  // another call of the case
  Pairs labels{};
  bool override_budgets = false;
};

struct Case {
  std::string name;
  std::vector<std::string> ways;
  ClientOf client;
  std::vector<Call> calls;
};

// An attempt to get a request past costmark: one line of what `bypass.py` asks for.
struct BypassAttempt {
  std::string way;   // "operation" or "send"
  std::string does;  // how the host makes it; "send" where it does nothing odd
  Pairs options;
  std::string method;
  std::string url;
  Pairs headers;
  std::string body;
  std::string scope;
};

BypassAttempt read_bypass_attempt(const std::string& line);

// A call whose answer comes in two pieces: one line of what `cuts.py` asks for.
struct CutAnswer {
  std::string name;
  std::string way;  // "operation" or "send"
  Pairs options;
  std::string url;  // of a call: with a dot, the place of the cut, and `path`
  std::string path;
  Pairs headers;
  std::string body;
  Pairs answer_headers;
  std::string answer;
};

CutAnswer read_cut_answer(const std::string& line);

// Reads what `cases.py` has written. Throws on anything that it would not write.
std::vector<Case> read_cases(const std::string& path);

}  // namespace conformance
