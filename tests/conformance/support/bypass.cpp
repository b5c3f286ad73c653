#include "conformance/support/bypass.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>

#include "conformance/support/lines.hpp"

namespace conformance {
namespace {

// A client that has no source of its own.
class NoCallbacks : public Callbacks {
 public:
  const KeysOrError& next_keys() override { throw std::logic_error("there is no such callback"); }
  const TokenOrError& next_token() override { throw std::logic_error("there is no such callback"); }
  void take_refused(std::string_view /*token*/) override {}
  void take_row(const Row& /*row*/) override {}
};

// Hands an answer to its operation.
class Observing : public AnswerTaker {
 public:
  explicit Observing(Operation& operation) : operation_(operation) {}

  bool take_head(int status, std::span<const Header> fields) override {
    status_ = status;
    operation_.head(status, fields, false);
    return true;
  }
  bool take_piece(std::string_view piece) override {
    operation_.feed(piece);
    return true;
  }
  int status() const noexcept { return status_; }

 private:
  Operation& operation_;
  int status_ = 0;
};

std::string refused(const Failure& failure) {
  return JsonObject().text("refused", failure.code).str();
}

std::string answered(int status) {
  return JsonObject().number("status", status).str();
}

Outgoing outgoing(const Request& request, const Prepared& prepared) {
  Outgoing out{std::string(request.method), std::string(prepared.url), {}, prepared.body};
  const auto replaced = [&](const Header& header) {
    const auto is_it = [&](std::string_view name) {
      return equal_ignoring_case(name, header.name);
    };
    return std::ranges::any_of(prepared.headers_to_remove, is_it) ||
           std::ranges::any_of(prepared.headers_to_set, is_it, &Header::name);
  };
  for (const Header& header : request.headers) {
    if (!replaced(header)) out.headers.push_back(header);
  }
  out.headers.insert(out.headers.end(), prepared.headers_to_set.begin(),
                     prepared.headers_to_set.end());
  return out;
}

// The host's own HTTP client sends.
std::string operate(Operation& operation, const Request& request) {
  if (const Failed failed = operation.begin(request)) return refused(*failed);
  if (const Failed failed = operation.prepare()) return refused(*failed);
  operation.sent();
  Observing answer(operation);
  operation.end(exchange(outgoing(request, operation.prepared()), answer));
  return answered(answer.status());
}

std::string send(Operation& operation, const Request& request) {
  Sending sending;
  sending.on_body = [](std::string_view) { return true; };
  const Sent sent = operation.send(request, sending);
  if (sent.failure && sent.attempts == 0) return refused(*sent.failure);
  return answered(sent.status);
}

std::string make(const BypassAttempt& attempt, MakeClient make_client) {
  if (attempt.does != "send") {
    return JsonObject().text("skip", "the host has no such thing").str();
  }
  NoCallbacks callbacks;
  const MadeClient made = make_client({attempt.options, {}, {}, {}, {}}, callbacks);
  if (!made.client) return refused(made.failure);
  std::vector<Header> headers;
  for (const auto& [name, value] : attempt.headers) headers.push_back({name, value});
  const Request request{attempt.method, attempt.url, headers, attempt.body, {},
                        attempt.scope,  false};
  const auto operation = made.client->operation();
  return attempt.way == "send" ? send(*operation, request) : operate(*operation, request);
}

}  // namespace

int make_attempts(MakeClient make_client) {
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << make(read_bypass_attempt(line), make_client) << std::endl;
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace conformance
