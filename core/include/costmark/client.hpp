// The way of a request: decide, sign, hand over; observe the answer, count.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/attribution.hpp"
#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "costmark/labels.hpp"
#include "costmark/ledger.hpp"
#include "costmark/model_routes.hpp"
#include "costmark/operation.hpp"
#include "costmark/options.hpp"
#include "costmark/prices.hpp"
#include "costmark/projects.hpp"
#include "costmark/send.hpp"
#include "costmark/usage.hpp"
#include "costmark/verification.hpp"

namespace costmark {

namespace http {
class Transport;
}

class Budgets;

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// A request about to be sent. Views; all of them are read until `prepare` returns, and `body` as
// long as the Prepared that was filled from it is used.
struct Request {
  std::string_view method;  // upper case, such as "POST"
  std::string_view url;     // absolute, percent-encoded
  std::span<const Header> headers;
  std::string_view body;     // empty for none
  std::string_view project;  // the call's own argument; empty for none
  std::string_view scope;    // project of the innermost scope; empty for none
  // There is a body, and it is not in `body`: the caller streams it. Where its bytes are needed, to
  // write the project into them or to sign them, the call fails with Code::body_needed: read all of
  // it, and ask again.
  bool body_is_stream = false;
  // The caller's own pairs for the rows of the operation, as `check_labels` takes them. Read by
  // `Operation::begin`, which copies them.
  std::span<const NameValue> labels{};
  // The operation is sent whatever budgets say; it counts under them all the same. Read by
  // `Operation::begin`.
  bool overrides_budgets = false;
};

// What `prepare` says to do. Reuse one for many requests: buffers are kept, so that a steady stream
// of requests allocates nothing. One thread at a time; requests of different clients may share one.
class Prepared {
 public:
  // Carriers and what authorizes.
  static constexpr std::size_t most_set = 6;

  Prepared();
  ~Prepared();
  Prepared(Prepared&&) noexcept;
  Prepared& operator=(Prepared&&) noexcept;

  // Lets go of the request's views, and wipes the signature or token. Memory is kept.
  void clear() noexcept;

  // Headers to take away (every field of that name), then headers to set. Away go others that name
  // a project, earlier signatures and API keys, and digests of the body where it changed.
  std::span<const std::string_view> headers_to_remove() const noexcept;
  std::span<const Header> headers_to_set() const noexcept;

  // The body to send: the request's own bytes when nothing had to change.
  std::string_view body() const noexcept;
  bool body_changed() const noexcept;

  // The URL to send to in place of the request's own. Empty, unless option `route` is auto and the
  // model of the request is served on another path, or the request is signed and its query can be
  // read in two ways, such as "a=b+c". The signature is good for that URL alone.
  std::string_view url() const noexcept;
  // What is probably wrong with this request, to be shown with an answer of 400 or 404; empty
  // when nothing is known to be.
  std::string_view hint() const noexcept;

  std::string_view project() const noexcept;  // empty: none named, the endpoint's default
  ProjectSource project_source() const noexcept;
  Api api() const noexcept;
  std::string_view model() const noexcept;  // that the body names; empty for none
  // Whether the request may cost money and names no project, or `default`: the endpoint's default
  // project pays, which cannot be tagged.
  bool unattributed() const noexcept;
  // Whether no known route is like the request's: it was not edited, and its cost is not known.
  bool unrecognized() const noexcept;
  bool streamed() const noexcept;
  // Whether the answer's usage chunk was asked for by the library and is to be hidden.
  bool hides_usage_chunk() const noexcept;
  // Whether the request was signed, or given a token, so that costmark may recover from a refusal.
  bool authorized() const noexcept;

  struct Impl;
  explicit Prepared(Impl& part_of_another) noexcept : impl_(&part_of_another, Drop{false}) {}
  Impl& impl() noexcept { return *impl_; }
  const Impl& impl() const noexcept { return *impl_; }

 private:
  struct Drop {
    bool is_owner;
    void operator()(Impl* impl) const noexcept;
  };
  std::unique_ptr<Impl, Drop> impl_;
};

// What a client is made of besides its options.
struct ClientConfig {
  Options options;
  // Null: the default chain over `environment`.
  CredentialsProviderPtr credentials;
  // Returns a bearer token whenever one is needed; null: the `bearer_token` option and
  // AWS_BEARER_TOKEN_BEDROCK.
  std::function<Result<std::string>()> bearer_token;
  // Told of a token of `bearer_token` that the service refused, on the thread that read its answer:
  // a source that keeps its token does well to drop it. May be null.
  std::function<void(std::string_view refused)> bearer_token_refused;
  // An API key that the host's client carries. Counts as a bearer token when it looks like one of
  // Bedrock's ("bedrock-api-key-...", "ABSK..."); any other is taken for a placeholder.
  std::string host_api_key;
  Environment environment;                              // null: the process's
  std::function<UnixSeconds()> clock;                   // null: the system's
  std::function<void(LogLevel, std::string_view)> log;  // null: none; called on the calling thread
  // Told of every attempt of an inference request when it ends, and of the end of a background
  // response, on the thread that sees it, after it was counted. Must not throw; null: none.
  std::function<void(const AttemptReport&)> on_usage;
  std::shared_ptr<UsageCounters> counters;  // null: the client's own
  std::shared_ptr<Ledger> ledger;           // null: that of option `ledger`
  std::shared_ptr<Budgets> budgets;         // null: those of option `budgets`
  // None: that of option `prices`, for a ledger, for budgets and for `on_usage`.
  std::optional<PriceBook> prices;
  std::shared_ptr<http::Transport> transport;  // of `verify`; null: libcurl
};

// What a client with these options takes its credentials from: `own`, a provider of its own, else
// the options access_key_id and secret_access_key, else the default chain; and where option
// role_arn names a role, that role, assumed with these. Errors: invalid_option when the options
// make no pair or no role; no_credentials when they hold control characters.
Result<CredentialsProviderPtr> configured_credentials(const Options& options,
                                                      const Environment& environment,
                                                      CredentialsProviderPtr own = nullptr);

// How a client with these options, and no provider of its own, comes to its credentials: as for
// `explain_default_credentials`, but the options' keys go before the chain ("options"), and their
// role behind it ("role").
ChainReport explain_credentials(const Options& options, const Environment& environment,
                                UnixSeconds now);

// The ledger of option `ledger`, which the clients of a process share; null without one. Errors:
// invalid_option.
Result<std::shared_ptr<Ledger>> configured_ledger(const Options& options);

// The budgets of option `budgets`, which the clients of a process share that have the same ones
// and the same ledger; null without any. Those of labels that option `ledger_hash_labels` names
// have hashes in place of the values, too; those of projects that option `lock` names have their
// ids. Reads the files that the options name. Errors: invalid_option, invalid_project.
Result<std::shared_ptr<Budgets>> configured_budgets(const Options& options);

// The price book of the estimates: that of option `prices`, whose file it reads, else the one that
// ships. Errors: invalid_option with file, line and column.
Result<PriceBook> configured_prices(const Options& options);

// The routes of option `routes`, before those that ship with costmark. Reads that file. Errors:
// invalid_option with file and line.
Result<ModelRoutes> configured_routes(const Options& options);

// The price book in a file. Errors: invalid_option, where it cannot be read and as
// PriceBook::parse.
Result<PriceBook> load_price_book(const std::string& path);

// The Projects API of the plane that option `base_url`, else option `endpoint`, belongs to, or of
// `plane`; on AWS's own host where the options name no other. It takes of `config` what
// authenticates and what sends; nothing is recorded. Errors: those of Client::create.
Result<std::shared_ptr<Projects>> open_projects(ClientConfig config,
                                                ProjectPlane plane = ProjectPlane::automatic);

// Attributes, signs and accounts for requests to one endpoint. Synchronized internally; starts no
// threads. `prepare` does no I/O unless credentials must be fetched or refreshed, or option
// `verify` asks for a proof, once for each endpoint.
class Client {
 public:
  // Errors: invalid_option, invalid_project, endpoint_mismatch.
  static Result<std::shared_ptr<Client>> create(ClientConfig config);
  ~Client();

  // A new operation, which has not begun.
  Operation operation();

  // Attributes and signs, for who does neither send nor observe through costmark: nothing is
  // counted. Errors: those of Operation::prepare; then `out` is empty and the request is untouched.
  Status prepare(const Request& request, Prepared& out);

  // The attribution alone, with all its errors: no signing, no credentials. `scratch` is memory to
  // work with, and empty afterwards.
  Status check(const Request& request, Prepared& scratch);

  // Finds out whether an endpoint reads the project that requests name: a project that cannot exist
  // must be refused there, and the real one must pass. Blocks for two or three exchanges through
  // libcurl, the second of which may spend a few tokens of the project (and the first, where it is
  // not refused, of the endpoint's default one); they are counted like calls of the user. Rules,
  // conflicts and `allowed_projects` do not apply. Proofs are kept for the life of the client; an
  // unknown result is not, and is tried for anew. One thread at a time verifies; those that waited
  // for it with the same question share its answer.
  //
  // Errors: of requests that cannot be made, such as unattributed when there is no project,
  // invalid_option for a CA bundle that cannot be read, or those of the credentials. What became of
  // requests that were made is in the result.
  Result<Verification> verify(const VerifyRequest& request);

  // Whether `prepare` of a request to `url` may block for a proof, because option `verify` asks for
  // one and there is none yet.
  bool may_verify(std::string_view url) const;

  // Whether deciding about a request, reserving for it or authorizing it may wait for a network, a
  // disk or another program. What a client of auth=none may wait for is proof, budgets and a
  // ledger.
  bool may_wait() const noexcept;

  // Sends an operation that has begun: prepares, sends through libcurl, observes, and does so again
  // where that helps. See send.hpp. The request's views are read until the call returns; what came
  // is in operation.response().
  //
  // Errors: those of Operation::prepare; transport, timeout; throttled (429) and service (every
  // other status from 300 on), with http_status, request_id and retryable, for an answer that the
  // response holds all the same; cancelled; invalid_option for a CA bundle that cannot be read;
  // what a handler of `options` returned. The response holds what came of the last attempt, and is
  // empty when there was none.
  Status send(Operation& operation, const SendOptions& options = {});
  // Begins the operation, then sends it.
  Status send(const Request& request, const SendOptions& options, Operation& operation);

  // What was counted by project, and by project and model. Counters that clients share are reset
  // for all of them.
  std::map<std::string, UsageTotals> usage() const;
  UsageSnapshot usage_by_model() const;
  RequestCounts request_counts() const;
  // Sets the counters to zero. An attempt that is open counts when it ends.
  void reset_usage();

  // What became of the ledger's rows in this process; all zero without a ledger.
  LedgerCounters ledger_counters() const noexcept;
  // Tries to write the rows that wait. False when some still do.
  bool flush_ledger() const noexcept;

  // What may be spent, and what is: null without budgets. Lives as long as the client.
  const Budgets* budgets() const noexcept;

  // Where a model is served; null when it is not written down. Lives as long as the client.
  const ModelRoute* route(std::string_view model) const;

 private:
  friend class Operation;
  struct Impl;
  explicit Client(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace costmark
