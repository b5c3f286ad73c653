// What a runner tests: one language's costmark, as a host drives it. The core and the C ABI each
// implement it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/support/cases.hpp"
#include "conformance/support/exchange.hpp"

namespace conformance {

// Why a call failed; nothing when it succeeded.
struct Failure {
  std::string code;
  std::optional<std::uint64_t> offset;
};
using Failed = std::optional<Failure>;

// A request as the host makes it. Its memory is kept until the operation's next one.
struct Request {
  std::string_view method;
  std::string_view url;
  std::span<const Header> headers;
  std::string_view body;
  std::string_view project;
  std::string_view scope;
  bool body_is_stream = false;
  std::span<const std::pair<std::string, std::string>> labels{};
  bool override_budgets = false;
};

// What to send of it. Lives until the operation's next prepare.
struct Prepared {
  std::string_view url;
  std::vector<Header> headers_to_set;
  std::vector<std::string_view> headers_to_remove;
  std::string_view body;
};

struct Plan {
  std::size_t read_ahead_bytes = 0;
  std::chrono::milliseconds read_ahead_time{0};
};

struct Next {
  std::string step;
  std::string reason;
  std::chrono::milliseconds pause{0};
};

// How to send, where costmark does.
struct Sending {
  std::uint32_t max_attempts = 0;                 // 0: as the client's options say
  std::function<bool(std::string_view)> on_body;  // false: cancel
};

struct Sent {
  Failed failure;
  std::uint32_t attempts = 0;
  int status = 0;
  std::string body;
};

struct Row {
  bool settles = false;
  std::string_view operation;
  std::uint32_t attempt = 0;
  bool concurrent = false;
  std::string_view project;
  std::string_view project_source;
  std::string_view api;
  std::string_view model;
  int status = 0;
  std::string_view outcome;
  std::string_view request_id;
  std::string_view response_id;
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> cached;
  std::optional<std::uint64_t> cache_write;
  std::optional<std::uint64_t> output;
  std::optional<std::uint64_t> reasoning;
  std::optional<std::uint64_t> total;
  std::vector<std::string_view> flags;
};

struct Totals {
  std::uint64_t operations = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failed = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t open = 0;
  std::uint64_t input = 0;
  std::uint64_t cached = 0;
  std::uint64_t cache_write = 0;
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
  std::uint64_t inconsistent = 0;
};

// What a client calls back: the case.
class Callbacks {
 public:
  virtual ~Callbacks() = default;
  virtual const KeysOrError& next_keys() = 0;
  virtual const TokenOrError& next_token() = 0;
  virtual void take_refused(std::string_view token) = 0;
  virtual void take_row(const Row& row) = 0;
};

class Operation {
 public:
  virtual ~Operation() = default;
  virtual Failed begin(const Request& request) = 0;
  virtual Failed begin_beside(const Operation& other, const Request& request) = 0;
  virtual Failed prepare() = 0;
  virtual Failed prepare(const Request& rebuilt) = 0;
  virtual Prepared prepared() const = 0;
  virtual void sent() = 0;
  virtual Plan head(int status, std::span<const Header> fields, bool encoded) = 0;
  virtual std::string_view feed(std::string_view piece) = 0;
  // Returns what was held back.
  virtual std::string_view end(ExchangeEnd how) = 0;
  virtual Next next() = 0;

  virtual Sent send(const Request& request, const Sending& sending) = 0;
};

class Client {
 public:
  virtual ~Client() = default;
  virtual std::unique_ptr<Operation> operation() = 0;
  virtual std::map<std::string, Totals> usage() = 0;  // by project
};

struct MadeClient {
  std::unique_ptr<Client> client;
  Failure failure;  // where there is no client
};

// Makes a client with the options of `of`, and nothing but its environment. The callbacks outlive
// the client.
using MakeClient = MadeClient (*)(const ClientOf& of, Callbacks& callbacks);

}  // namespace conformance
