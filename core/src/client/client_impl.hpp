#pragma once

#include <atomic>
#include <memory>

#include "attribution/chains.hpp"
#include "client/attribute.hpp"
#include "client/authorize.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"

namespace costmark {

namespace client {

// What a client authenticates with. Errors: invalid_option when the options contradict each other.
Result<Identity> identity_of(ClientConfig& config);

// Says at most once a minute that something happened, and how often since it was said last.
class RareWarning {
 public:
  // The number of events to report now; 0 while it is too early. Synchronised internally.
  std::uint64_t note(UnixSeconds now) noexcept;

 private:
  std::atomic<std::uint64_t> unreported_{0};
  std::atomic<UnixSeconds> next_{0};
};

}  // namespace client

struct Client::Impl {
  Impl(client::Settings settings_of_client, client::Identity identity, ClientConfig config);

  Status prepare(const Request& request, Prepared::Impl& out);
  Status check(const Request& request, Prepared::Impl& scratch);

  // Logs what the policies only warn about.
  void warn_about(const Prepared::Impl& prepared, const attribution::Endpoint& endpoint);

  const client::Settings settings;
  attribution::Chains chains;
  const client::Attributor attributor;
  const std::function<void(LogLevel, std::string_view)> log;
  client::Authorizer authorizer;
  const std::function<UnixSeconds()> clock;
  const std::shared_ptr<UsageCounters> counters;

 private:
  client::RareWarning unattributed_;
  std::atomic<bool> runtime_project_said_{false};
};

struct Observation::Impl {
  Impl(std::shared_ptr<Client::Impl> owner, const Prepared::Impl& prepared, std::uint32_t attempt);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Counts the attempt, once.
  void count();

  std::shared_ptr<Client::Impl> client;
  AnswerReader reader;
  std::string project;
  Api api;
  bool inference;
  bool hides_usage_chunk;
  bool began = false;  // `head` was called
  bool counted = false;
};

}  // namespace costmark
