#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "attribution/chains.hpp"
#include "base/fork.hpp"
#include "client/operation/accounting.hpp"
#include "client/operation/call_budgets.hpp"
#include "client/operation/label_hasher.hpp"
#include "client/prepare/attribute.hpp"
#include "client/prepare/authorize.hpp"
#include "client/prepare/workspace.hpp"
#include "client/project_tags.hpp"
#include "client/send/send_settings.hpp"
#include "client/settings.hpp"
#include "client/verify/verify.hpp"
#include "costmark/client.hpp"

namespace costmark {

namespace client {

// What a client authenticates with. Errors: invalid_option when the options contradict each other.
Result<Identity> identity_of(ClientConfig& config);

// Says at most once a minute that something happened, and how often since it was said last.
class RareWarning {
 public:
  // The number of events to report now; 0 while it is too early. Synchronized internally.
  std::uint64_t note(UnixSeconds now) noexcept;

 private:
  std::atomic<std::uint64_t> unreported_{0};
  std::atomic<UnixSeconds> next_{0};
};

// Lets each of the first names pass once, so that what is said about each is said once.
class OncePerName {
 public:
  // Synchronized internally.
  bool first(std::string_view name);

 private:
  static constexpr std::size_t most = 256;
  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  std::set<std::string, std::less<>> seen_;
};

// What rows say beside what happened.
struct RowExtras {
  std::unique_ptr<LabelHasher> label_hasher;  // null: labels stay as they are
  ProjectTags tags;

  // Errors: invalid_option.
  static Result<RowExtras> create(const Options& options, const Settings& settings,
                                  const LockFile& lock);
};

}  // namespace client

struct Client::Impl {
  Impl(client::Settings settings_of_client, client::SendSettings sending_of_client,
       client::Identity identity, client::RowExtras extras, ClientConfig config);

  // Decides about the project of a request, and writes it there. No I/O.
  Status decide(const Request& request, Prepared::Impl& out);
  // Signs what was decided about, or adds a token. May be called again for the same decision.
  Status authorize(const Request& request, const Wait& wait, Prepared::Impl& out);
  // Does what `authorize` would wait for, and finds its errors.
  Status ready(const Request& request, const Wait& wait, Prepared::Impl& out);
  Status check(const Request& request, Prepared::Impl& scratch);

  // Counts a request that goes out unattributed, or to an unknown route.
  void count_gaps(const Prepared::Impl& prepared) const noexcept;
  // Logs what the policies only warn about, and what the routes of models tell.
  void warn_about(const Prepared::Impl& prepared, const attribution::Endpoint& endpoint);

  static constexpr std::size_t most_readers = 64;

  const client::Settings settings;
  const client::SendSettings sending;
  attribution::Chains chains;
  client::Workspaces workspaces{client::most_workspaces};
  FreeList<AnswerReader> readers{most_readers};
  const client::Attributor attributor;
  const std::function<void(LogLevel, std::string_view)> log;
  client::Authorizer authorizer;
  const std::function<UnixSeconds()> clock;
  const std::unique_ptr<client::LabelHasher> label_hasher;
  const client::ProjectTags tags;
  const std::unique_ptr<client::CallBudgets> budgets;  // null: none
  client::Accounting accounting;
  client::Verifier verifier;

 private:
  Status admit(const Request& request, const Wait& wait, Prepared::Impl& out);
  void warn_about_route(const Prepared::Impl& prepared);
  void warn_about_ledger();
  std::unique_ptr<client::CallBudgets> make_budgets(ClientConfig& config);

  client::RareWarning unattributed_;
  client::RareWarning ledger_trouble_;
  client::OncePerName models_said_;
  std::atomic<bool> runtime_project_said_{false};
};

}  // namespace costmark
