#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attribution/carrier.hpp"
#include "attribution/endpoint.hpp"
#include "client/operation/accounting.hpp"
#include "client/prepare/attribute.hpp"
#include "client/prepare/authorize.hpp"
#include "client/settings.hpp"
#include "client/verify/probe.hpp"
#include "client/verify/probe_answer.hpp"
#include "costmark/client.hpp"
#include "costmark/usage.hpp"
#include "costmark/verification.hpp"
#include "http/transport.hpp"

namespace costmark::client {

// What probing works with. All of it outlives the probing.
struct ProberTools {
  const Settings& settings;
  const Attributor& attributor;  // of the same settings, with no policy that would stop a probe
  Authorizer& authorizer;
  Accounting& accounting;
  http::Transport& transport;
  const std::function<UnixSeconds()>& clock;
  const Wait& wait;  // what ends it early: the result is void then
};

// What is to be probed. Views live as long as the probing.
struct ProbePlan {
  std::string url;  // of the requests
  // Where `url` was made of a base URL: that, and what may be tried when a model turns out to be
  // elsewhere.
  std::string base;
  bool may_change_route = false;
  bool may_change_api = false;
  Form form = Form::chat;
  attribution::EndpointKind kind = attribution::EndpointKind::custom;
  attribution::Carriers carriers;
  std::string project;
  std::string model;  // empty: none is known
  std::span<const Header> headers;
  std::chrono::milliseconds timeout{};
};

// Sends the probes of one verification and draws the conclusion. One use, one thread.
class Prober {
 public:
  Prober(const ProberTools& tools, ProbePlan plan);

  // Errors: those of requests that cannot be made.
  Result<Verification> run();

  // Whether a refusal named the impossible project: the carrier is read, whatever became of the
  // real project.
  bool carrier_read() const noexcept { return carrier_read_; }

 private:
  struct Seen {
    std::optional<Finding> finding;  // absent: there was no answer
    int status = 0;
    std::string failure;  // where there was none
    bool retryable = false;
    bool authorized = false;  // whether the request carried what authorizes
  };

  Status run_once();
  Status compare(const Seen& refusal, bool documented);
  bool change_form(Finding finding);
  Result<Seen> ask(std::string_view project, bool impossible);
  Result<Seen> look_up(std::string_view project);
  Result<Seen> exchange(const Request& asked, const Question& question, Verification::Probe& probe,
                        bool impossible);
  void count(const Question& question, bool impossible, const http::Response* answer,
             Verification::Probe& probe);

  void conclude(Verdict verdict, std::string reason);
  void leave_open(const Seen& seen, std::string_view before, std::string_view behind = {});
  std::string why(const Seen& seen) const;

  const ProberTools tools_;
  ProbePlan plan_;
  const std::string impossible_;
  Verification result_;
  std::string host_;    // where the last request went
  std::string region_;  // empty: not known
  bool carrier_read_ = false;
  std::optional<Finding> form_fault_;
};

// "header", "workspace", "body", or several of them, as option `carrier` spells them.
std::string to_string(attribution::Carriers carriers);

}  // namespace costmark::client
